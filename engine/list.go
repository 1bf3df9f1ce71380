package engine

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// window bounds how many items of a list may be on their way beyond the first
// one that has not been told, so that memory does not grow with the playbook.
const window = 256

// A position is where in a run something stands: the number of the play, of the
// item, of the item in that one… What registers a name is seen by what comes
// after it, whichever was done first.
type position []int

func (p position) in(i int) position { return append(slices.Clip(p), i) }

// A listRun runs a list of items, each in a goroutine of its own that waits for
// what must be before it (design §4).
type listRun struct {
	*playRun
	up       *node // what the list is part of; nil for a play's own
	order    *linked
	at       position
	frame    *frame // variables that hold in this list alone
	handlers bool   // only what was notified is run, one after the other
	catching bool   // a block around it deals with failures
	nodes    []*node
	touched  touchIndex
	out      *stream
	// failed is the index of the first item that failed; what stands before it
	// goes on, as it would have been done one by one.
	failed atomic.Int64
}

// A node is an item on its way.
type node struct {
	*listRun
	index    int
	at       position
	item     Item
	linked   *linkedStep // of a step
	guard    bool
	before   *node              // the one above it, nil for the first
	barrier  *node              // the last guard above it, nil if there is none
	toucher  *node              // the last above it whose kind touches anything
	needed   []*node            // in this list
	definers map[string][]*node // of the whole list: who may define a name, in order
	done     chan struct{}      // closed when outcome and failure are set
	all      chan struct{}      // closed when it and all above it are done
	// admitted is closed when what it touches is noted, or nothing is.
	admitted chan struct{}
	pass     sync.Once // closes admitted
	out      *stream
	outcome  Outcome
	failure  *TaskEnd // what rescue is told; nil unless it failed
}

// flush is the item at which handlers run.
type flush struct{}

func (flush) item() {}

func never() int64 { return 1 << 62 }

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

// list prepares a list: it connects each item with those that it waits for.
func (p *playRun) list(of segment, out *stream) *listRun {
	l := &listRun{playRun: p, up: of.up, order: of.order, at: of.at, frame: of.frame, handlers: of.handlers, catching: of.catching, out: out}
	l.failed.Store(never())
	places := map[int]int{} // a step's place in the program → its item's in the list
	definers := map[string][]*node{}
	var before, barrier, toucher *node
	for i, it := range of.items {
		n := &node{listRun: l, index: i, at: of.at.in(i), item: it, before: before, barrier: barrier, toucher: toucher,
			done: make(chan struct{}), all: make(chan struct{}), admitted: make(chan struct{})}
		n.link(of.order, places)
		n.definers = definers
		for _, name := range n.defines(of.order) {
			definers[name] = append(definers[name], n)
		}
		l.nodes = append(l.nodes, n)
		before = n
		if n.guard {
			barrier = n
		}
		if n.touches() {
			toucher = n
		} else {
			n.letPass()
		}
	}
	return l
}

// letPass lets those pass that wait to learn what the step touches.
func (n *node) letPass() { n.pass.Do(func() { close(n.admitted) }) }

// link finds what the item needs, and notes where its own steps are.
func (n *node) link(order *linked, places map[int]int) {
	var needs []int
	switch it := n.item.(type) {
	case *Step:
		n.linked = order.of[it]
		n.guard = n.linked.opens() || n.handlers || n.opt.Step != nil
		needs, places[n.linked.index] = n.linked.needs, n.index
	case *Block:
		n.guard = true
		for s := range stepsOf(it) {
			needs = append(needs, order.of[s].needs...)
			places[order.of[s].index] = n.index
		}
	default:
		n.guard = true
	}
	for _, need := range needs {
		if i, here := places[need]; here && i < n.index {
			n.needed = append(n.needed, n.nodes[i])
		}
	}
}

// defines gives the names that the item may define.
func (n *node) defines(order *linked) []string {
	var names []string
	for st := range stepsOf(n.item) {
		names = append(names, order.of[st].defines...)
	}
	return names
}

// settle waits for all above the item that may define a name: whoever looks it up
// then finds the value that one job would have found.
func (n *node) settle(name string) {
	for _, d := range n.definers[name] {
		if d.index >= n.index {
			break
		}
		<-d.done
	}
	if n.up != nil {
		n.up.settle(name)
	}
}

func stepsOf(items ...Item) func(yield func(*Step) bool) {
	return func(yield func(*Step) bool) { eachStep(items, yield) }
}

// touches reports whether the kind of the step may touch anything outside.
func (n *node) touches() bool {
	if n.linked == nil {
		return false
	}
	_, ok := n.linked.step.Kind.New().(Toucher)
	return ok
}

// work runs the list to its end. It is told meanwhile, by another goroutine.
func (l *listRun) work(ctx context.Context) {
	room := make(chan struct{}, window)
	for _, n := range l.nodes {
		room <- struct{}{}
		n.out = l.out.branch(func() { <-room })
		go n.work(ctx)
	}
	if len(l.nodes) > 0 {
		<-l.nodes[len(l.nodes)-1].all
	}
	l.out.close()
}

// failure gives what failed first, nil if nothing did.
func (l *listRun) failure() *TaskEnd {
	if i := l.failed.Load(); i < never() {
		return l.nodes[i].failure
	}
	return nil
}

// work takes one item from waiting to done.
func (n *node) work(ctx context.Context) {
	n.wait()
	if n.blocked(ctx) {
		n.block(ctx)
	} else {
		n.do(ctx)
	}
	if n.failure != nil {
		n.noteFailure(int64(n.index))
	}
	n.out.close()
	n.leave()
	close(n.done)
	if n.before != nil {
		<-n.before.all
		n.before = nil // let go of the chain behind
	}
	close(n.all)
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

// block ends an item that may not start any more. Its steps are told, except
// where a rescue makes up for that, or the play was ended on purpose.
func (n *node) block(ctx context.Context) {
	n.outcome = Blocked
	if n.handlers || ctx.Err() == nil && (n.catching || n.ended.Load()) {
		return
	}
	switch it := n.item.(type) {
	case *Step:
		n.out.add(TaskEnd{Step: it, Outcome: Blocked})
	case *Block:
		for s := range stepsOf(slices.Concat(it.Body, it.Always)...) {
			n.out.add(TaskEnd{Step: s, Outcome: Blocked})
		}
	}
}

// leave lets pass whoever is still held back, once those above let pass too.
func (n *node) leave() {
	if n.toucher == nil {
		n.letPass()
		return
	}
	select {
	case <-n.admitted:
	default:
		above := n.toucher.admitted
		go func() { <-above; n.letPass() }()
	}
}

// wait holds an item until everything has ended that it must not overtake.
func (n *node) wait() {
	if n.before != nil && (n.opt.Jobs == 1 || n.guard || n.linked != nil && n.linked.all) {
		<-n.before.all
		return
	}
	if n.barrier != nil {
		<-n.barrier.all
	}
	for _, needed := range n.needed {
		<-needed.done
	}
}

// blocked tells whether an item may not start any more.
func (n *node) blocked(ctx context.Context) bool {
	if ctx.Err() != nil || n.ended.Load() {
		return true
	}
	if _, ok := n.item.(flush); ok {
		return !n.force && n.failed.Load() < int64(n.index)
	}
	if n.opt.KeepGoing && !n.catching && !n.fatal.Load() {
		return slices.ContainsFunc(n.needed, func(needed *node) bool {
			return needed.failure != nil || needed.outcome == Blocked
		})
	}
	return n.failed.Load() < int64(n.index)
}

func (l *listRun) noteFailure(index int64) {
	for {
		old := l.failed.Load()
		if old <= index || l.failed.CompareAndSwap(old, index) {
			return
		}
	}
}

// waitForAll waits until every earlier step of the play has ended. It reports
// whether all ended well, and whether there was anything to wait for.
func (n *node) waitForAll() (well, waited bool) {
	if n.before != nil {
		select {
		case <-n.before.all:
		default:
			waited = true
			<-n.before.all
		}
	}
	return n.well(), waited
}

// well reports whether nothing above the item has failed, here and in the lists
// that this one is part of.
func (n *node) well() bool {
	return n.failed.Load() > int64(n.index) && (n.up == nil || n.up.well())
}
