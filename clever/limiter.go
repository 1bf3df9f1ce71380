package clever

import (
	"context"
	"slices"
	"sync"
	"time"
)

// The number of requests in flight adapts to what the platform bears. It begins
// with firstInFlight and grows with each good response while there is more to
// send, until the platform refuses (429, 503) or becomes slow; then it falls, and
// rises slowly from there.
//
// An order is never sent beyond the number that was seen to be borne: an order
// that is refused has to be looked for, which takes time, where a read that is
// refused is simply repeated. So it is reads that find out how much more there
// may be.
const (
	firstInFlight = 10
	firstOrders   = 5
	// DefaultInFlight is the upper bound of the requests in flight.
	DefaultInFlight = 64
)

// A limiter bounds the requests in flight. Make it with newLimiter.
type limiter struct {
	mu       sync.Mutex
	most     float64 // the upper bound
	limit    float64 // how many may be in flight now
	borne    float64 // the most that were in flight with a request that went well: as many orders may be
	ceiling  float64 // the fewest that were refused; 0: none was
	inFlight int
	flying   map[*permit]bool
	orders   int       // of those in flight
	ordered  time.Time // when the last order was sent
	later    bool      // reads are let go a little later
	sent     int       // requests so far
	lowered  int       // requests that were sent before the limit was lowered last
	waiting  []*waiter
	fastest  map[string]time.Duration // the fastest response by what is asked for
}

type waiter struct {
	order bool
	ready chan *permit // one is sent, with the limiter's mutex held
}

// A permit is for one request. It ends with limiter.release.
type permit struct {
	number int // counts the requests
	level  int // requests in flight with this one
	borne  int // how many of them the platform surely had when this one came
	order  bool
	start  time.Time
}

func newLimiter(most int) *limiter {
	n := float64(most)
	return &limiter{most: n, limit: min(firstInFlight, n), borne: min(firstOrders, n), fastest: map[string]time.Duration{}, flying: map[*permit]bool{}}
}

// acquire waits until a request may be sent.
func (l *limiter) acquire(ctx context.Context, order bool) (*permit, error) {
	w := &waiter{order: order, ready: make(chan *permit, 1)}
	l.mu.Lock()
	l.waiting = append(l.waiting, w)
	l.admit()
	l.mu.Unlock()
	select {
	case p := <-w.ready:
		return p, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, w); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		return nil, ctx.Err()
	}
	return <-w.ready, nil // it was admitted meanwhile
}

// admit lets go who may, the oldest first: orders up to what is borne, and reads
// beyond it. While orders wait, reads do not take their places, so that they are
// sent on top of as many orders as there may be, and show whether more is borne.
func (l *limiter) admit() {
	bound := min(l.limit, l.borne)
	l.waiting = slices.DeleteFunc(l.waiting, func(w *waiter) bool { return w.order && l.sendIf(w, bound) })
	if l.orders < max(1, int(bound)) && slices.ContainsFunc(l.waiting, func(w *waiter) bool { return w.order }) {
		return
	}
	l.waiting = slices.DeleteFunc(l.waiting, func(w *waiter) bool { return !w.order && l.sendIf(w, l.readBound()) })
}

// arrival is how long an order may take to the platform: what is sent later may come
// sooner.
const arrival = 2 * time.Millisecond

// readBound returns how many requests may be in flight with a read. It is no more
// than is borne right after an order was sent: if one of them is refused, it is not
// to be the order.
func (l *limiter) readBound() float64 {
	if l.orders == 0 || l.limit <= l.borne {
		return l.limit
	}
	if time.Since(l.ordered) >= arrival {
		return l.limit
	}
	if !l.later {
		l.later = true
		time.AfterFunc(arrival, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.later = false
			l.admit()
		})
	}
	return l.borne
}

// sendIf lets a request go if fewer are in flight than a bound.
func (l *limiter) sendIf(w *waiter, bound float64) bool {
	if l.inFlight >= max(1, int(bound)) {
		return false
	}
	l.inFlight++
	l.sent++
	if w.order {
		l.orders++
		l.ordered = time.Now()
	}
	p := &permit{number: l.sent, level: l.inFlight, borne: l.inFlight, order: w.order, start: time.Now()}
	l.flying[p] = true
	w.ready <- p
	return true
}

// A load is what a response says about how busy the platform is.
type load int

const (
	loadUnknown load = iota // the request did not come to an end
	loadFine
	loadTooMuch
)

// release ends a permit and adapts the limit. What is asked for has a name, so
// that like is compared with like; took is from sending to the end of the body.
func (l *limiter) release(p *permit, what string, said load, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if said == loadFine && l.slow(what, took) {
		said = loadTooMuch
	}
	switch said {
	case loadFine:
		l.raise(p)
	case loadTooMuch:
		l.lower(p)
	}
	l.leave(p, what)
	l.admit()
}

// leave takes a request out of those in flight. The platform was done with it some
// time before this side knows: it may not have counted it any more for those that
// were sent just now.
func (l *limiter) leave(p *permit, what string) {
	delete(l.flying, p)
	l.inFlight--
	if p.order {
		l.orders--
	}
	now := time.Now()
	for other := range l.flying {
		if other.number > p.number && now.Sub(other.start) < max(time.Millisecond, l.fastest[what]/4) {
			other.borne--
		}
	}
}

// slow reports whether a response took much longer than such ones can.
func (l *limiter) slow(what string, took time.Duration) bool {
	fastest, ok := l.fastest[what]
	if !ok || took < fastest {
		l.fastest[what] = took
		return false
	}
	return took > 4*fastest && took-fastest > 250*time.Millisecond
}

// raise raises the limit if it is what requests wait for: by two with each
// response as long as nothing was refused, so that it triples in a round; then by
// one in a round, and more slowly still where it was refused before.
func (l *limiter) raise(p *permit) {
	l.borne = max(l.borne, float64(p.borne))
	if l.ceiling > 0 {
		l.borne = max(1, min(l.borne, l.ceiling-1))
	}
	if len(l.waiting) == 0 && float64(l.inFlight) < l.limit {
		return
	}
	switch {
	case l.ceiling == 0:
		l.limit += 2
	case l.limit < l.ceiling-1:
		l.limit += 1 / l.limit
	default:
		l.limit += 1 / (4 * l.limit)
		l.ceiling = max(l.ceiling, l.limit)
	}
	l.limit = min(l.limit, l.most)
}

// lower lowers the limit: below the number that was refused, if so many never
// were borne; by a quarter otherwise, once for all that was sent together.
func (l *limiter) lower(p *permit) {
	level, again := float64(p.level), p.number <= l.lowered
	switch {
	case level > l.borne:
		l.limit = max(1, min(l.limit, max(l.borne, 0.9*(level-1))))
	case !again:
		l.limit = max(1, 0.75*l.limit)
		l.borne = min(l.borne, l.limit)
	}
	if again {
		l.ceiling = max(2, min(level, l.ceiling))
		return
	}
	l.ceiling, l.lowered = max(2, level), l.sent
}
