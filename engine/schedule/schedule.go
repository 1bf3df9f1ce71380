package schedule

import (
	"sync"
)

// A Schedule is shared by the lists of a run.
type Schedule struct {
	mu    sync.Mutex
	slots chan struct{}
}

// New returns a schedule with a number of slots.
func New(slots int) *Schedule { return &Schedule{slots: make(chan struct{}, max(1, slots))} }

// Slots returns how many workers may be at work at once.
func (s *Schedule) Slots() int { return cap(s.slots) }

// A List holds nodes that run side by side.
type List struct {
	*Schedule
	Options
	nodes     []*Node
	resources claims
	failed    int // the first node that failed, len(nodes) if none did
	ended     int // all nodes before this one have ended
	claimed   int // all nodes before this one have said what they use
	waiting   [4][]*Worker
}

// List makes a list of nodes.
func (s *Schedule) List(specs []Spec, opt Options) *List {
	l := &List{Schedule: s, Options: opt, failed: len(specs)}
	barrier := -1
	for i, spec := range specs {
		n := &Node{list: l, Index: i, spec: spec, barrier: barrier}
		if spec.Claims {
			n.unclaimed = 1
		}
		if spec.Barrier {
			barrier = i
		}
		l.nodes = append(l.nodes, n)
	}
	return l
}

// Node returns a node by its number.
func (l *List) Node(i int) *Node { return l.nodes[i] }

// Edges returns what the nodes wait for before they start, without what follows
// from other edges.
func (l *List) Edges() []Edge {
	var all []Edge
	for i, n := range l.nodes {
		all = append(all, n.spec.edges(i, n.barrier, l.Sequential)...)
	}
	return all
}

// Failed reports whether a node before this number has failed.
func (l *List) Failed(before int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed < before
}

// FirstFailed returns the number of the first node that failed, -1 if none did.
func (l *List) FirstFailed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == len(l.nodes) {
		return -1
	}
	return l.failed
}

// Withdrawn reports whether a node changed nothing and stands below one that failed:
// one after the other, it would not have started.
func (l *List) Withdrawn(node int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed < node && !l.nodes[node].begun
}

// A Node is one entry of a list.
type Node struct {
	Index     int
	list      *List
	spec      Spec
	barrier   int // the last barrier before it, -1 if there is none
	started   bool
	ended     bool
	begun     bool   // it has changed the world, or tried to
	unclaimed int    // workers that have not said what they use
	workers   [4]int // by state
	waiters   []*Worker
}

// Ended returns how many nodes have ended for sure when this one is at work: it and they
// are parted by a barrier, or run one after the other.
func (n *Node) Ended() int {
	if n.list.Sequential || n.spec.waitsForAll() {
		return n.Index
	}
	return n.barrier + 1
}

// Start waits until the node may start. Worker.End ends it.
func (n *Node) Start() *Worker {
	l := n.list
	l.mu.Lock()
	defer l.mu.Unlock()
	w := n.worker(nil)
	n.started = true
	switch {
	case l.Sequential, n.spec.waitsForAll():
		w.reach(allEnded, n.Index, running)
	case n.barrier >= 0:
		w.reach(allEnded, n.barrier+1, running)
	}
	for _, need := range n.spec.Needs {
		w.await(l.nodes[need.To])
	}
	return w
}

func (n *Node) worker(parent *Worker) *Worker {
	n.workers[running]++
	return &Worker{node: n, parent: parent, claims: n.spec.Claims, limit: noLimit, awake: make(chan struct{}, 1), begun: make(chan struct{})}
}
