package schedule

import "context"

// A state is what a worker is doing.
type state int

const (
	running    state = iota // its outcome may be known at any moment
	blocked                 // it waits for another node, or for an item of its own
	changing                // it changes the world
	destroying              // it destroys something
)

// A Worker does the work of a node, or of one item of it.
type Worker struct {
	node     *Node
	parent   *Worker
	previous *Worker // the item before, while that has not said what it uses
	state    state
	granted  state // of a worker that waits: what it goes on with
	until    int   // of one that waits for a front: the number to be reached
	slot     bool
	claims   bool // it has not said yet what it uses
	ended    bool
	children int
	items    []*Worker // of its own, from the first one that has not ended on
	limit    int       // of one that waits for its items: how many may be left; else noLimit
	awake    chan struct{}
	waiters  []*Worker // for its end, or its claims
	before   *Worker   // the item before, while that may not have begun
	begun    chan struct{}
	hasBegun bool
}

const noLimit = -1

// WaitFor waits until earlier nodes of the list have ended. Others are passed over.
func (w *Worker) WaitFor(nodes ...*Node) {
	w.lock()
	defer w.unlock()
	for _, n := range nodes {
		if n.list == w.node.list && n.Index < w.node.Index {
			w.await(n)
		}
	}
}

// WaitForAll waits until all nodes before this one have ended.
func (w *Worker) WaitForAll() {
	w.lock()
	defer w.unlock()
	w.reach(allEnded, w.node.Index, running)
}

// WaitForItems waits, in an item, until those before it have ended.
func (w *Worker) WaitForItems() {
	w.lock()
	defer w.unlock()
	for w.parent != nil && w.parent.items[0] != w {
		w.awaitWorker(w.parent.items[0])
	}
}

// Fork starts an item of the node, when fewer than `limit` are at work. Its End
// ends it.
func (w *Worker) Fork(limit int) *Worker {
	w.lock()
	defer w.unlock()
	w.waitForItems(limit - 1)
	child := w.node.worker(w)
	if child.claims {
		w.node.unclaimed++
		child.previous = w.previous
		w.previous = child
	}
	w.children++
	w.items = append(w.items, child)
	child.before, w.before = w.before, child
	return child
}

// Join waits until all items of the node have ended.
func (w *Worker) Join() {
	w.lock()
	defer w.unlock()
	w.waitForItems(0)
}

func (w *Worker) waitForItems(left int) {
	if w.children > left {
		w.limit = left
		w.wait(running)
	}
}

// End ends the work. Of a node's own worker it ends the node.
func (w *Worker) End(failed bool) {
	w.lock()
	defer w.unlock()
	n := w.node
	w.ended = true
	w.begin()
	w.noMoreClaims()
	n.workers[w.state]--
	wakeAll(&w.waiters)
	if w.parent != nil {
		w.parent.itemEnded()
	} else {
		n.ended = true
		if failed {
			n.list.failed = min(n.list.failed, n.Index)
		}
		wakeAll(&n.waiters)
	}
	n.list.advance()
}

func (w *Worker) itemEnded() {
	w.children--
	for len(w.items) > 0 && w.items[0].ended {
		w.items = w.items[1:]
	}
	if w.state == blocked && w.limit != noLimit && w.children <= w.limit {
		w.wake()
	}
}

// Change waits until the worker may change the world, and reports whether it may:
// nothing before it has failed. It is under way until Done. Where it is independent
// it waits for nothing, whatever has failed.
func (w *Worker) Change(independent bool) bool {
	w.lock()
	defer w.unlock()
	if w.state == destroying {
		return w.well()
	}
	if independent {
		w.enter(changing)
		w.node.list.advance()
		return true
	}
	if !w.reach(allKnown, w.node.Index, changing) {
		w.node.list.advance() // those that waited to know what becomes of this one
	}
	return w.well()
}

// Begin reports whether the change may begin after all: nothing before it has failed
// meanwhile, or it is independent. From then on its node is no longer withdrawn.
func (w *Worker) Begin(independent bool) bool {
	w.lock()
	defer w.unlock()
	if !independent && !w.well() {
		return false
	}
	w.node.begun = true
	return true
}

// Destroy waits until the worker may destroy something. It reports whether nothing
// before it has failed, and whether it had to wait: what was read before may be old.
func (w *Worker) Destroy() (well, waited bool) {
	w.lock()
	defer w.unlock()
	if waited = w.reach(allCalm, w.node.Index, destroying); !waited {
		w.node.list.advance()
	}
	return w.well(), waited
}

// Done tells that the change is over.
func (w *Worker) Done() {
	w.lock()
	defer w.unlock()
	w.enter(running)
}

// well reports whether nothing before the node has failed.
func (w *Worker) well() bool { return w.node.list.failed >= w.node.Index }

// begin lets the item after this one begin too. The schedule is locked.
func (w *Worker) begin() {
	if !w.hasBegun {
		w.hasBegun = true
		close(w.begun)
	}
}

// Acquire takes a slot. It fails when ctx ends first. Items take their first ones in their
// order, but for those that wait for other nodes.
func (w *Worker) Acquire(ctx context.Context) error {
	if w.parent != nil && w.before != nil {
		select {
		case <-w.before.begun:
			w.before = nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case w.node.list.slots <- struct{}{}:
		w.slot = true
		w.lock()
		w.begin()
		w.unlock()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Release returns the slot back.
func (w *Worker) Release() {
	if w.slot {
		w.slot = false
		<-w.node.list.slots
	}
}

func (w *Worker) lock()   { w.node.list.mu.Lock() }
func (w *Worker) unlock() { w.node.list.mu.Unlock() }

// enter changes what the worker is doing.
func (w *Worker) enter(s state) {
	w.node.workers[w.state]--
	w.node.workers[s]++
	w.state = s
}

// wait blocks until the worker is woken; it then goes on with state s. The
// schedule is locked before and after, and open meanwhile.
func (w *Worker) wait(s state) {
	w.granted = s
	w.enter(blocked)
	w.node.list.advance()
	w.unlock()
	slot := w.slot
	w.Release()
	<-w.awake
	if slot {
		w.node.list.slots <- struct{}{}
		w.slot = true
	}
	w.lock()
	w.limit = noLimit
}

// wake lets a worker go on. Its state changes at once, before it runs.
func (w *Worker) wake() {
	w.enter(w.granted)
	w.awake <- struct{}{}
}

func wakeAll(list *[]*Worker) {
	for _, w := range *list {
		w.wake()
	}
	*list = nil
}

// await waits for the end of an earlier node.
func (w *Worker) await(n *Node) {
	if n.ended {
		return
	}
	n.waiters = append(n.waiters, w)
	w.wait(running)
}
