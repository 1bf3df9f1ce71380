package emulator

import (
	"context"
	"runner/marketplace/manifest"
	"slices"
	"sync"
	"time"
)

// A market is where vendors and organisations offer providers of their own. It
// calls their back-ends, and lets them call.
type market struct {
	store   *store
	options marketOptions
	deals   *deals
}

// marketOptions are what a market needs of the platform around it.
type marketOptions struct {
	Owner  func(*call) (string, error) // the id of the owner that a path names
	Now    func() time.Time
	URL    string                 // where vendors reach the platform; "": where they were ordered from
	Called func(manifest.Attempt) // is told of every call to a back-end; nil: nobody
	Warn   func(error)            // is told what nobody else is
}

func newMarket(s *store, o marketOptions) *market {
	return &market{store: s, options: o, deals: newDeals()}
}

// close lets calls to back-ends end, and lets go of their connections.
func (m *market) close() {
	m.deals.close()
	for _, p := range m.store.world().partners {
		p.line.Close()
	}
}

// deals are the calls to vendors that are under way: for each add-on one at a
// time, by a worker that ends when there is nothing more to ask for.
type deals struct {
	ctx    context.Context // ends with the last moment that calls are given
	cancel context.CancelFunc
	ending chan struct{} // closed when no further call is to begin

	mu      sync.Mutex
	closed  bool
	workers map[string]*worker // by add-on
	all     sync.WaitGroup
}

// A worker does what the state of one add-on asks for.
type worker struct {
	again   bool          // what it asks for may have been asked for before an earlier end
	wake    chan struct{} // there is something new, do not wait any longer
	waiters []waiter
}

// A waiter is told how it went: soon after the next call, or not before there is
// nothing more to wait for but the vendor.
type waiter struct {
	soon bool
	told chan error
}

const (
	// askingTime is how long somebody who orders or changes waits for the vendor.
	// It is less than clients have patience.
	askingTime = 20 * time.Second
	// partingTime is how long Close waits for calls.
	partingTime = 5 * time.Second
)

func newDeals() *deals {
	d := &deals{ending: make(chan struct{}), workers: map[string]*worker{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// close lets the calls that are under way come to an end, for a moment. What is
// not answered by then is asked for again at the next start.
func (d *deals) close() {
	d.mu.Lock()
	if !d.closed {
		d.closed = true
		close(d.ending)
	}
	d.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		d.all.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(partingTime):
	}
	d.cancel()
	<-ended
}

// pursue sees to it that somebody does what an add-on's state asks for, and tells
// a waiter, if there is one.
func (m *market) pursue(id string, again bool, waiting ...waiter) {
	d := m.deals
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		report(waiting, nil)
		return
	}
	w := d.workers[id]
	if w != nil {
		w.waiters = append(w.waiters, waiting...)
		select {
		case w.wake <- struct{}{}:
		default: // it was woken already
		}
		return
	}
	w = &worker{again: again, wake: make(chan struct{}, 1), waiters: waiting}
	d.workers[id] = w
	d.all.Go(func() { m.work(id, w) })
}

func report(waiting []waiter, err error) {
	for _, w := range waiting {
		w.told <- err // it has room for one, and nobody is told twice
	}
}

// A verdict is what came of a call.
type verdict struct {
	settled bool          // nothing more is to be asked for, now
	wait    time.Duration // before it is asked for again
	err     error         // why it was not done, for whom it was for
}

// tell tells those who wait how a call went; in between, only those who want to
// know soon.
func (d *deals) tell(w *worker, o verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	patient := slices.DeleteFunc(slices.Clone(w.waiters), func(one waiter) bool { return o.settled || one.soon })
	report(slices.DeleteFunc(w.waiters, func(one waiter) bool { return !o.settled && !one.soon }), o.err)
	w.waiters = patient
}

// leave ends a worker, unless there is something new.
func (d *deals) leave(id string, w *worker) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-w.wake:
		if !d.closed {
			return false
		}
	default:
	}
	delete(d.workers, id)
	report(w.waiters, nil)
	return true
}

// work calls the vendor until nothing is to be asked for any more.
func (m *market) work(id string, w *worker) {
	d := m.deals
	state, try := saleState(""), 0
	for {
		a := m.store.world().sold(id)
		if a == nil || !a.Sale.calls() {
			if d.leave(id, w) {
				return
			}
			continue
		}
		if a.Sale.State != state {
			state, try = a.Sale.State, 0
		}
		try++
		o := m.ask(a, try, w.again || try > 1)
		d.tell(w, o)
		if !d.rest(w, o.wait) {
			d.leave(id, w)
			return
		}
	}
}

// rest waits until it is time, or there is something new; false at the end.
func (d *deals) rest(w *worker, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-d.ending:
	case <-w.wake:
	case <-t.C:
	}
	select {
	case <-d.ending: // it may have come together with the other
		return false
	default:
		return true
	}
}

// settle sees to it that the vendor is asked, and waits for what comes of it, as
// long as people do. nil: it went well, or it goes on.
func (m *market) settle(c *call, id string, soon bool) error {
	told := make(chan error, 1)
	m.pursue(id, false, waiter{soon, told})
	t := time.NewTimer(askingTime)
	defer t.Stop()
	select {
	case err := <-told:
		return err
	case <-t.C:
	case <-c.r.Context().Done():
	}
	return nil
}
