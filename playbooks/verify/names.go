package verify

import (
	"math"
	"slices"
	"sort"

	"runner/engine"
	"runner/engine/expr/syntax"
	"runner/suggest"
)

// names are what steps define and mention, by the order of the steps.
type names struct {
	known    map[string]bool
	index    map[*engine.Step]int
	steps    []*engine.Step
	definers map[string][]int // in order; those of handlers stand where their play begins
	prompted map[string]int
	open     int            // from this step on any name may be defined
	last     map[string]int // the last step that mentions the name
	any      int            // the last that may mention any
	searched int
}

// definitions finds what the steps of a program define.
func definitions(p *engine.Program, known []string) *names {
	n := &names{known: map[string]bool{}, index: map[*engine.Step]int{}, definers: map[string][]int{}, prompted: map[string]int{},
		open: math.MaxInt, last: map[string]int{}, any: -1}
	for _, name := range known {
		n.known[name] = true
	}
	for _, play := range p.Plays {
		start := len(n.steps)
		for _, prompt := range play.Prompts {
			n.define(prompt.Name, start-1)
		}
		for _, f := range play.VarsFiles {
			if !f.Read {
				n.open, n.any = min(n.open, start-1), math.MaxInt
			}
		}
		for i, list := range play.Lists() {
			shadow := engine.Play{Tasks: list}
			for s := range shadow.Steps() {
				n.add(s, start, i == handlers)
			}
		}
	}
	for _, list := range n.definers {
		sort.Ints(list)
	}
	return n
}

// add notes a step. A handler may run, and define, wherever its play flushes them.
func (n *names) add(s *engine.Step, start int, handler bool) {
	at := len(n.steps)
	n.index[s] = at
	n.steps = append(n.steps, s)
	if handler {
		at = start - 1
	}
	n.define(s.Register, at)
	defined, more := s.Kind.Defines(s.Args)
	for _, name := range defined {
		n.define(name, at)
	}
	if more {
		n.open = min(n.open, at)
		n.any = max(n.any, len(n.steps)-1)
	}
}

func (n *names) define(name string, at int) {
	if name != "" {
		n.definers[name] = append(n.definers[name], at)
	}
}

// may reports whether a step above may define a name.
func (n *names) may(name string, before int) bool {
	list := n.definers[name]
	return n.open < before || len(list) > 0 && list[0] < before
}

// after returns the first step that defines a name, none of those above doing so.
func (n *names) after(name string, at int) *engine.Step {
	for _, i := range n.definers[name] {
		if i >= max(at, 0) {
			return n.steps[i]
		}
	}
	return nil
}

func (n *names) mention(ref syntax.Ref, at int) {
	if ref.Any {
		n.any = max(n.any, at)
		return
	}
	n.last[ref.Name] = max(n.last[ref.Name], at+1)
}

// mentioned reports whether a step below may read what a step registers, or the step itself.
func (n *names) mentioned(name string, at int) bool { return n.any > at || n.last[name] > at }

// enough is how many suggestions are looked for: the search is not free.
const enough = 500

// near returns the name that was probably meant, of those that a step sees: those that
// are defined above it, and others; or "".
func (n *names) near(name string, before int, seen ...string) string {
	if n.searched++; n.searched > enough {
		return ""
	}
	var list []string
	for other := range n.definers {
		if n.may(other, before) {
			list = append(list, other)
		}
	}
	for other := range n.known {
		list = append(list, other)
	}
	list = append(list, seen...)
	slices.Sort(list)
	return suggest.Nearest(name, list)
}

// handlers is the place of the handlers in Play.Lists.
const handlers = 3
