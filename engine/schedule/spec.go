package schedule

// A Reason says why a node waits for another one.
type Reason string

// The reasons.
const (
	Name     Reason = "name"     // it may read a name that the other may define
	Barrier  Reason = "barrier"  // one of the two is a barrier
	Resource Reason = "resource" // both use a resource
	Sequence Reason = "sequence" // all run one after the other
)

// An Edge says that a node waits for an earlier one.
type Edge struct {
	From   int // the node that waits
	To     int // the earlier one
	Reason Reason
	On     string // the name or the resource
}

// A Spec says how a node relates to the others of its list.
type Spec struct {
	// Barrier: it waits for all before it, and all after it wait for it.
	Barrier bool
	// Last: it waits for all before it, as it may read anything.
	Last bool
	// Claims: it may use resources, so that those that use resources too wait until
	// it has said which (Worker.Claim).
	Claims bool
	// Needs are edges to earlier nodes, with reason Name or Resource.
	Needs []Edge
}

// Options are about a whole list.
type Options struct {
	// Sequential: one node after the other.
	Sequential bool
}

// waitsForAll reports whether the node waits for all before it.
func (s Spec) waitsForAll() bool { return s.Barrier || s.Last }

// edges returns what a node waits for before it starts. barrier is the number of the last
// barrier before it, -1 if there is none.
func (s Spec) edges(node, barrier int, sequential bool) []Edge {
	var edges []Edge
	switch {
	case node == 0:
	case sequential:
		edges = append(edges, Edge{From: node, To: node - 1, Reason: Sequence})
	case s.waitsForAll():
		for to := max(0, barrier); to < node; to++ {
			edges = append(edges, Edge{From: node, To: to, Reason: Barrier})
		}
		return edges
	case barrier >= 0:
		edges = append(edges, Edge{From: node, To: barrier, Reason: Barrier})
	}
	return append(edges, s.Needs...)
}
