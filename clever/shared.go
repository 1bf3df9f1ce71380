package clever

import (
	"context"
	"errors"
	"sync"
)

// A memo reads each of its values once. Errors are not kept. The zero value is
// ready.
type memo[V any] struct {
	mu       sync.Mutex
	kept     map[string]V
	readings shared[V]
}

// get returns what is kept, or reads it. Who asks meanwhile waits for the same
// reading.
func (m *memo[V]) get(ctx context.Context, key string, read func() (V, error)) (V, error) {
	if v, ok := m.look(key); ok {
		return v, nil
	}
	return m.readings.do(ctx, key, func() (V, error) {
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

// A shared lets one goroutine do what several ask for at the same time. The zero
// value is ready.
type shared[V any] struct {
	mu    sync.Mutex
	under map[string]*reading[V]
}

type reading[V any] struct {
	done      chan struct{}
	value     V
	err       error
	abandoned bool // ended because the context of the one who read did
}

var errPanicked = errors.New("the reading that was waited for did not end")

// do runs fn, or waits for the run of another. When that one gave up because of
// its own context, the others do not: one of them runs.
func (s *shared[V]) do(ctx context.Context, key string, fn func() (V, error)) (V, error) {
	for {
		r, mine := s.join(key)
		if mine {
			return s.run(ctx, key, r, fn)
		}
		select {
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		case <-r.done:
		}
		if !r.abandoned {
			return r.value, r.err
		}
	}
}

func (s *shared[V]) join(key string) (r *reading[V], mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.under[key]; ok {
		return r, false
	}
	if s.under == nil {
		s.under = map[string]*reading[V]{}
	}
	r = &reading[V]{done: make(chan struct{}), err: errPanicked}
	s.under[key] = r
	return r, true
}

// leave lets whoever asks from now on read anew: what is being read may be old already.
func (s *shared[V]) leave(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.under, key)
}

func (s *shared[V]) run(ctx context.Context, key string, r *reading[V], fn func() (V, error)) (V, error) {
	defer func() {
		s.mu.Lock()
		if s.under[key] == r {
			delete(s.under, key)
		}
		s.mu.Unlock()
		close(r.done)
	}()
	r.value, r.err = fn()
	r.abandoned = r.err != nil && ctx.Err() != nil
	return r.value, r.err
}

// serial lets those who share a name go one after the other. The zero value is ready.
type serial struct {
	mu sync.Mutex
	of map[string]*queue
}

// A queue is of those who share a name.
type queue struct {
	inside chan struct{} // holds an element while somebody is inside
	users  int           // inside, or waiting
}

// enter waits until nobody of that name is inside; done leaves.
func (s *serial) enter(ctx context.Context, name string) (done func(), err error) {
	q := s.join(name)
	select {
	case q.inside <- struct{}{}:
		return func() { <-q.inside; s.leave(name, q) }, nil
	case <-ctx.Done():
		s.leave(name, q)
		return nil, ctx.Err()
	}
}

func (s *serial) join(name string) *queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[string]*queue{}
	}
	q, ok := s.of[name]
	if !ok {
		q = &queue{inside: make(chan struct{}, 1)}
		s.of[name] = q
	}
	q.users++
	return q
}

// leave forgets a queue that nobody is in.
func (s *serial) leave(name string, q *queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(s.of, name)
	}
}
