package clever

import (
	"context"
	"errors"
	"sync"
)

// A memo reads each of its values once. Errors are not kept. The zero value is
// ready.
type memo[V any] struct {
	mu      sync.Mutex
	kept    map[string]V
	flights flights[V]
}

// get gives what is kept, or reads it. Who asks meanwhile waits for the same
// reading.
func (m *memo[V]) get(ctx context.Context, key string, read func() (V, error)) (V, error) {
	if v, ok := m.look(key); ok {
		return v, nil
	}
	return m.flights.do(ctx, key, func() (V, error) {
		if v, ok := m.look(key); ok {
			return v, nil
		}
		v, err := read()
		if err == nil {
			m.keep(key, v)
		}
		return v, err
	})
}

func (m *memo[V]) look(key string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.kept[key]
	return v, ok
}

func (m *memo[V]) keep(key string, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string]V{}
	}
	m.kept[key] = v
}

// forget makes the next ones who ask read anew.
func (m *memo[V]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = nil
}

// flights lets one goroutine do what several ask for at the same time.
type flights[V any] struct {
	mu    sync.Mutex
	under map[string]*flight[V]
}

type flight[V any] struct {
	done      chan struct{}
	value     V
	err       error
	abandoned bool // ended because the context of the one who flew did
}

var errPanicked = errors.New("the reading that was waited for did not end")

// do runs fn, or waits for the run of another. When that one gave up because of
// its own context, the others do not: one of them runs.
func (f *flights[V]) do(ctx context.Context, key string, fn func() (V, error)) (V, error) {
	for {
		fl, mine := f.board(key)
		if mine {
			return f.fly(ctx, key, fl, fn)
		}
		select {
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		case <-fl.done:
		}
		if !fl.abandoned {
			return fl.value, fl.err
		}
	}
}

func (f *flights[V]) board(key string) (fl *flight[V], mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl, ok := f.under[key]; ok {
		return fl, false
	}
	if f.under == nil {
		f.under = map[string]*flight[V]{}
	}
	fl = &flight[V]{done: make(chan struct{}), err: errPanicked}
	f.under[key] = fl
	return fl, true
}

func (f *flights[V]) fly(ctx context.Context, key string, fl *flight[V], fn func() (V, error)) (V, error) {
	defer func() {
		f.mu.Lock()
		delete(f.under, key)
		f.mu.Unlock()
		close(fl.done)
	}()
	fl.value, fl.err = fn()
	fl.abandoned = fl.err != nil && ctx.Err() != nil
	return fl.value, fl.err
}

// turns lets those who share a name go one after the other.
type turns struct {
	mu sync.Mutex
	of map[string]chan struct{} // holds an element while somebody has the turn
}

// take waits for the turn; done gives it back.
func (t *turns) take(ctx context.Context, name string) (done func(), err error) {
	t.mu.Lock()
	if t.of == nil {
		t.of = map[string]chan struct{}{}
	}
	turn, ok := t.of[name]
	if !ok {
		turn = make(chan struct{}, 1)
		t.of[name] = turn
	}
	t.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
