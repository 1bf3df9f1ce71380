package engine

import (
	"cmp"
	"slices"

	"runner/engine/schedule"
)

// A graph says what the items of a list wait for. The run, `runner graph` and
// --keep-going all go by it.
type graph struct {
	specs    []schedule.Spec
	definers definers
}

// definers are, for each name, the steps of a list that may define it, in order.
type definers map[string]definersOf

type definersOf []definer

// A definer is a step that may define a name.
type definer struct {
	index int
	sure  bool // it does so whenever what stands below it runs
}

// most bounds the edges that a step has for one name: where a thousand steps may
// define it, the lookup itself waits for the rest.
const mostEdges = 32

// newGraph finds what each item waits for. Where `alone`, each is a barrier.
func newGraph(items []Item, order *linked, alone bool) graph {
	g := graph{specs: make([]schedule.Spec, len(items)), definers: definers{}}
	for i, it := range items {
		spec := &g.specs[i]
		step, simple := it.(*Step)
		if !simple {
			spec.Barrier = true // a block, or a flush of the handlers
		} else {
			s := order.of[step]
			spec.Barrier = alone || s.barrier()
			spec.Last = s.all
			spec.Claims = step.Kind.claims() || s.readsFiles
		}
		for step := range stepsOf(it) {
			s := order.of[step]
			spec.Needs = append(spec.Needs, g.needs(i, s)...)
			g.define(i, s, simple)
		}
	}
	return g
}

// needs returns the edges to the steps above that may define what a step may read,
// back to the first that surely does.
func (g *graph) needs(i int, s *linkedStep) []schedule.Edge {
	var edges []schedule.Edge
	for _, name := range s.reads {
		above := g.definers[name].before(i)
		for _, d := range slices.Backward(above[max(0, len(above)-mostEdges):]) {
			edges = append(edges, schedule.Edge{From: i, To: d.index, Reason: schedule.Name, On: name})
		}
	}
	return edges
}

// before returns those above an item that may have the last word, back to the first that
// surely defines the name.
func (d definersOf) before(item int) definersOf {
	end, _ := slices.BinarySearchFunc(d, item, func(one definer, item int) int { return cmp.Compare(one.index, item) })
	for start := end - 1; start >= 0; start-- {
		if d[start].sure {
			return d[start:end]
		}
	}
	return d[:end]
}

// define notes what a step defines. What stands in a block may be left out.
func (g *graph) define(i int, s *linkedStep, simple bool) {
	for _, name := range s.defines {
		sure := simple && (name == s.step.Register || s.certain())
		g.definers[name] = append(g.definers[name], definer{i, sure})
	}
}

// nodes returns the definers' nodes in a schedule.
func (d definersOf) nodes(l *schedule.List) []*schedule.Node {
	nodes := make([]*schedule.Node, len(d))
	for i, one := range d {
		nodes[i] = l.Node(one.index)
	}
	return nodes
}
