package engine

import (
	"context"
	"slices"
	"sync"

	"runner/engine/schedule"
)

// window bounds how many items of a list may be at work beyond the first one that
// has not been reported, so that memory does not grow with the playbook.
const window = 256

// A position is where in a run something stands: the number of the play, of the
// item, of the item in that one… What registers a name is seen by what comes
// after it, whichever was done first.
type position []int

func (p position) in(i int) position { return append(slices.Clip(p), i) }

// A listRun runs a list of items, each in a goroutine of its own that starts and
// changes the world when the schedule says so.
type listRun struct {
	play     *playRun
	schedule *schedule.List
	definers definers
	up       *node // what the list is part of; nil for a play's own
	order    *linked
	at       position
	frame    *frame // variables that hold in this list alone
	handlers bool   // only what was notified is run, one after the other
	catching bool   // a block around it deals with failures
	nodes    []*node
	out      *stream
}

// A node is an item at work.
type node struct {
	list    *listRun
	play    *playRun
	index   int
	at      position
	item    Item
	linked  *linkedStep // of a step
	place   *schedule.Node
	worker  *schedule.Worker
	needs   []schedule.Edge
	out     *stream
	outcome Outcome
	failure *TaskEnd // what rescue is given; nil unless it failed
}

// flush is the item at which handlers run.
type flush struct{}

func (flush) item() {}

// A segment is what a list is made of and where it stands.
type segment struct {
	items    []Item
	order    *linked // of these items, and of what is in them
	at       position
	up       *node
	frame    *frame
	handlers bool
	catching bool
}

// newList prepares a list.
func (p *playRun) newList(of segment, out *stream) *listRun {
	l := &listRun{play: p, up: of.up, order: of.order, at: of.at, frame: of.frame,
		handlers: of.handlers, catching: of.catching, out: out}
	g := newGraph(of.items, of.order, p.opt.Step != nil || of.handlers)
	l.definers = g.definers
	l.schedule = p.schedule.List(g.specs, schedule.Options{Sequential: p.sequential()})
	for i, it := range of.items {
		n := &node{list: l, play: p, index: i, at: of.at.in(i), item: it, place: l.schedule.Node(i), needs: g.specs[i].Needs}
		if step, ok := it.(*Step); ok {
			n.linked = of.order.of[step]
		}
		l.nodes = append(l.nodes, n)
	}
	return l
}

// run runs the list to its end. It is reported meanwhile, by another goroutine.
func (l *listRun) run(ctx context.Context) {
	var nodes sync.WaitGroup
	room := make(chan struct{}, window)
	for _, n := range l.nodes {
		room <- struct{}{}
		n.out = l.out.branch(n.withdrawn, func() { <-room })
		nodes.Go(func() { n.run(ctx) })
	}
	nodes.Wait()
	l.withdraw()
	l.out.close()
}

// failure returns what failed first, nil if nothing did.
func (l *listRun) failure() *TaskEnd {
	if i := l.schedule.FirstFailed(); i >= 0 {
		return l.nodes[i].failure
	}
	return nil
}

// run takes one item from waiting to its end.
func (n *node) run(ctx context.Context) {
	n.worker = n.place.Start()
	if n.blocked(ctx) {
		n.outcome = Blocked
		n.reportBlocked(ctx)
	} else {
		n.do(ctx)
	}
	n.worker.End(n.failure != nil) // before its report ends: whoever is below is reported by it
	n.out.close()
}

func (n *node) do(ctx context.Context) {
	switch it := n.item.(type) {
	case *Step:
		n.step(ctx, it)
	case *Block:
		n.runBlock(ctx, it)
	case flush:
		n.flush(ctx)
	}
}

// blocked reports whether an item may not start any more.
func (n *node) blocked(ctx context.Context) bool {
	if ctx.Err() != nil || n.play.ended.Load() {
		return true
	}
	failed := n.list.schedule.Failed(n.index)
	switch {
	case n.isFlush():
		return failed && !n.play.force
	case n.independent():
		return slices.ContainsFunc(n.needs, func(e schedule.Edge) bool {
			needed := n.list.nodes[e.To]
			return needed.failure != nil || needed.outcome == Blocked
		})
	}
	return failed
}

func (n *node) isFlush() bool { _, ok := n.item.(flush); return ok }

// independent reports whether the item goes on though another one failed: --keep-going.
func (n *node) independent() bool {
	return n.play.opt.KeepGoing && !n.list.catching && !n.play.fatal.Load()
}

// reportBlocked reports an item that may not start any more, step by step, except
// where a rescue makes up for that, or the play was ended on purpose.
func (n *node) reportBlocked(ctx context.Context) {
	if n.list.handlers || ctx.Err() == nil && (n.list.catching || n.play.ended.Load()) {
		return
	}
	for _, end := range blockedEnds(n.item) {
		n.out.add(end)
	}
}

func blockedEnds(it Item) []TaskEnd {
	var ends []TaskEnd
	items := []Item{it}
	if b, ok := it.(*Block); ok {
		items = slices.Concat(b.Body, b.Always)
	}
	for s := range stepsOf(items...) {
		ends = append(ends, TaskEnd{Step: s, Outcome: Blocked})
	}
	return ends
}

// withdrawn returns what is reported instead of the item's own events: it was worked
// out ahead, without effects, before something above it turned out to have failed.
// It is called when all above the item has been reported.
func (n *node) withdrawn() ([]TaskEnd, bool) {
	if !n.ahead() {
		return nil, false
	}
	if n.list.catching {
		return nil, true
	}
	return blockedEnds(n.item), true
}

// ahead reports whether the item is a step that changed nothing outside, and stands
// below one that failed.
func (n *node) ahead() bool {
	return n.linked != nil && !n.independent() && !n.list.handlers && n.list.schedule.Withdrawn(n.index)
}

// withdraw takes back what steps defined and notified that were worked out ahead
// of a failure.
func (l *listRun) withdraw() {
	first := l.schedule.FirstFailed()
	if first < 0 {
		return
	}
	for _, n := range l.nodes[first+1:] {
		if n.outcome != Blocked && n.ahead() {
			l.play.facts.withdraw(n.at)
			l.play.included.withdraw(n.at)
			l.play.notified.withdraw(n.at)
		}
	}
}

// well reports whether nothing above the item has failed, here and in the lists
// that this one is part of.
func (n *node) well() bool {
	return !n.list.schedule.Failed(n.index) && (n.list.up == nil || n.list.up.well())
}

// ofHandler reports whether the item is a handler, or was brought in by one.
func (n *node) ofHandler() bool {
	return n.list.handlers || n.list.up != nil && n.list.up.ofHandler()
}

// awaitName waits for those above the item that may define a name and have the last word:
// whoever looks it up then finds the value that a sequential run would have found.
func (n *node) awaitName(worker *schedule.Worker, name string) {
	if above := n.list.definers[name].before(n.index); len(above) > 0 {
		worker.WaitFor(above.nodes(n.list.schedule)...)
	}
}
