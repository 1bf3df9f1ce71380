// Package market knows the providers that vendors and organisations offer on the
// emulated platform: how they are registered, and how their back-ends are called and
// call. It does not know the platform's own add-ons.
package market

import (
	"context"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
	"slices"
	"sync"
	"time"
)

// A Market is where vendors and organisations offer providers of their own. It
// calls their back-ends, and lets them call.
type Market struct {
	store   *store.Store
	options Options
	calls   *calls
}

// Options are what a market needs of the platform around it.
type Options struct {
	Owner  func(*rest.Call) (string, error) // the id of the owner that a path names
	Now    func() time.Time
	URL    string                 // where vendors reach the platform; "": where they were ordered from
	Called func(manifest.Attempt) // is called after every call to a back-end; it may be nil
	Warn   func(error)            // is called with what nobody else hears of
}

// New returns the market of a store's vendors and sellers.
func New(s *store.Store, o Options) *Market {
	return &Market{store: s, options: o, calls: newCalls()}
}

// Close lets calls to back-ends end, and lets go of their connections.
func (m *Market) Close() {
	m.calls.close()
	for _, p := range m.store.World().Registrations {
		p.Transport.Close()
	}
}

// calls are the calls to vendors that are under way: for each add-on one at a
// time, by a worker that ends when there is nothing more to ask for.
type calls struct {
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

// A waiter hears how it went: soon after the next call, or not before there is
// nothing more to wait for but the vendor.
type waiter struct {
	soon   bool
	result chan error
}

const (
	// waitLimit is how long somebody who orders or changes waits for the vendor.
	// It is less than clients wait.
	waitLimit = 20 * time.Second
	// closeLimit is how long Close waits for calls.
	closeLimit = 5 * time.Second
)

func newCalls() *calls {
	d := &calls{ending: make(chan struct{}), workers: map[string]*worker{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// close lets the calls that are under way come to an end, for a moment. What is
// not answered by then is asked for again at the next start.
func (d *calls) close() {
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
	case <-time.After(closeLimit):
	}
	d.cancel()
	<-ended
}

// schedule sees to it that somebody does what an add-on's state asks for, and tells
// a waiter, if there is one.
func (m *Market) schedule(id string, again bool, waiting ...waiter) {
	d := m.calls
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
		w.result <- err // it has room for one, and nobody gets two
	}
}

// A outcome is what came of a call.
type outcome struct {
	done bool          // nothing more is to be asked for, now
	wait time.Duration // before it is asked for again
	err  error         // why it was not done, for whom it was for
}

// notify tells those who wait how a call went; in between, only those who want to
// know soon.
func (d *calls) notify(w *worker, o outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	patient := slices.DeleteFunc(slices.Clone(w.waiters), func(one waiter) bool { return o.done || one.soon })
	report(slices.DeleteFunc(w.waiters, func(one waiter) bool { return !o.done && !one.soon }), o.err)
	w.waiters = patient
}

// retire ends a worker, unless there is something new.
func (d *calls) retire(id string, w *worker) bool {
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
func (m *Market) work(id string, w *worker) {
	d := m.calls
	state, try := store.VendorState(""), 0
	for {
		a := m.store.World().VendorAddon(id)
		if a == nil || !a.Vendor.NeedsCall() {
			if d.retire(id, w) {
				return
			}
			continue
		}
		if a.Vendor.State != state {
			state, try = a.Vendor.State, 0
		}
		try++
		o := m.attempt(a, try, w.again || try > 1)
		d.notify(w, o)
		if !d.sleep(w, o.wait) {
			d.retire(id, w)
			return
		}
	}
}

// sleep waits until it is time, or there is something new; false at the end.
func (d *calls) sleep(w *worker, wait time.Duration) bool {
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

// Await sees to it that the vendor is asked, and waits for what comes of it, as
// long as people do. nil: it went well, or it goes on.
func (m *Market) Await(c *rest.Call, id string, soon bool) error {
	result := make(chan error, 1)
	m.schedule(id, false, waiter{soon, result})
	t := time.NewTimer(waitLimit)
	defer t.Stop()
	select {
	case err := <-result:
		return err
	case <-t.C:
	case <-c.Request.Context().Done():
	}
	return nil
}
