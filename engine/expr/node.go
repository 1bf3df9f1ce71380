package expr

import (
	"runner/diagnostic"
	"runner/engine/expr/value"
)

// A Shape is what a Node is written as.
type Shape uint8

// The shapes of a Node.
const (
	Scalar Shape = iota
	Sequence
	Mapping
)

// A Node is a value as a playbook writes it: a scalar, a list or a map in which
// every part has a place and any scalar may be a template.
type Node struct {
	Shape   Shape
	Secret  bool             // Scalar: what it comes to is a secret, whatever its template reads
	Place   diagnostic.Place // of the scalar's first character, or of the first item or key
	Text    string           // Scalar: its text as written, quotes and folding undone: "15.10"
	Value   value.Value      // Scalar without a template: its value by YAML 1.1: 15.1
	Tmpl    *Template        // Scalar with a template, else nil
	Items   []*Node          // Sequence
	Entries []Entry          // Mapping, in the order written
}

// An Entry is a key of a Mapping and what stands under it.
type Entry struct {
	Key   *Node // a Scalar; its Tmpl is nil unless the mapping's kind templates keys
	Value *Node
}

// Marked returns a copy of n all of whose scalars are secrets, keys aside.
func (n *Node) Marked() *Node {
	if n == nil {
		return nil
	}
	out := *n
	out.Secret = n.Shape == Scalar
	out.Items, out.Entries = make([]*Node, len(n.Items)), make([]Entry, len(n.Entries))
	for i, item := range n.Items {
		out.Items[i] = item.Marked()
	}
	for i, e := range n.Entries {
		out.Entries[i] = Entry{Key: e.Key, Value: e.Value.Marked()}
	}
	return &out
}

// Get returns what stands under a key of a Mapping, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, e := range n.Entries {
		if e.Key.Text == key {
			return e.Value
		}
	}
	return nil
}
