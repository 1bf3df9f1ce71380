package schedule

import "slices"

// A front is a property that all nodes up to some number have. Workers wait for a
// front to reach their own number.
type front int

const (
	allEnded   front = iota
	allClaimed       // they have said which resources they use
	allKnown         // they have ended, or wait for a change that is under way
	allCalm          // they have ended, destroy something, or wait for one that does
)

// reach waits until a front has reached a number, and goes on with state s. It
// reports whether it had to wait.
func (w *Worker) reach(f front, number int, s state) bool {
	l := w.node.list
	if l.front(f) >= number {
		w.enter(s)
		return false
	}
	w.until = number
	l.waiting[f] = append(l.waiting[f], w)
	w.wait(s)
	return true
}

// front returns the first node that does not have the property.
func (l *List) front(f front) int {
	switch f {
	case allEnded:
		return l.ended
	case allClaimed:
		return l.claimed
	}
	known, calm := l.scan()
	if f == allKnown {
		return known
	}
	return calm
}

// scan returns the first node whose outcome may be known at any moment, and the
// first that may change the world without destroying anything. A worker that is
// blocked waits for an earlier node that has not ended, or for an item of its own:
// where all before are known to wait for a change, so is it.
func (l *List) scan() (known, calm int) {
	calm = len(l.nodes)
	for i := l.ended; i < len(l.nodes); i++ {
		n := l.nodes[i]
		switch {
		case n.ended:
		case !n.started || n.workers[running] > 0:
			return i, min(calm, i)
		case n.workers[changing] > 0:
			calm = min(calm, i)
		}
	}
	return len(l.nodes), calm
}

// advance moves the fronts as far as they go, and wakes who waited for that.
func (l *List) advance() {
	for l.ended < len(l.nodes) && l.nodes[l.ended].ended {
		l.ended++
	}
	for l.claimed < len(l.nodes) && (l.nodes[l.claimed].ended || l.nodes[l.claimed].unclaimed == 0) {
		l.claimed++
	}
	l.wakeReached(allEnded, l.ended)
	l.wakeReached(allClaimed, l.claimed)
	if len(l.waiting[allKnown])+len(l.waiting[allCalm]) > 0 {
		known, calm := l.scan()
		l.wakeReached(allCalm, calm)
		l.wakeReached(allKnown, known)
	}
}

func (l *List) wakeReached(f front, number int) {
	l.waiting[f] = slices.DeleteFunc(l.waiting[f], func(w *Worker) bool {
		if w.until > number {
			return false
		}
		w.wake()
		return true
	})
}
