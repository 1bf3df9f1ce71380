package reading

import (
	"gopkg.in/yaml.v3"

	"runner/diagnostic"
	"runner/engine/expr"
)

// A builder makes our tree of yaml.v3's.
type builder struct {
	doc      *Document
	anchors  map[*yaml.Node]*anchor
	problems []*diagnostic.Problem
	count    int  // nodes so far, repeated ones included
	repeated int  // nodes that aliases added
	height   int  // the greatest depth since it was last set
	unsafe   bool // below a !unsafe
	stopped  bool // a bound was hit: what follows is left out
	slab     []expr.Node
}

// An anchor is a node that aliases can repeat.
type anchor struct {
	node   *expr.Node // nil while it is being built
	size   int        // its nodes
	height int        // its levels below itself
}

func (b *builder) problem(at diagnostic.Place, format string, args ...any) *diagnostic.Problem {
	p := diagnostic.Problemf(at, format, args...)
	b.problems = append(b.problems, p)
	return p
}

// make returns an empty node; they come from slabs because there are many.
func (b *builder) make(at diagnostic.Place) *expr.Node {
	if len(b.slab) == 0 {
		b.slab = make([]expr.Node, 128)
	}
	n := &b.slab[0]
	b.slab = b.slab[1:]
	n.Place = at
	b.count++
	return n
}

const (
	// deepest is how far collections may be nested.
	deepest = 200
	// mostRepeated is how many nodes aliases may add to those that are written.
	mostRepeated = 200_000
)
