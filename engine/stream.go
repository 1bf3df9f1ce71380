package engine

import "sync"

// A stream is what there is to tell of a part of a run, in the order in which it
// is told: events, and the streams of the parts within. Parts that run side by
// side have a stream each, opened in playbook order.
type stream struct {
	mu     sync.Mutex
	list   []telling
	closed bool
	awake  chan struct{}
}

// A telling is an event, or a stream and what to do when it has been told.
type telling struct {
	event Event
	sub   *stream
	then  func()
}

func newStream() *stream { return &stream{awake: make(chan struct{}, 1)} }

func (s *stream) add(e Event) { s.put(telling{event: e}) }

// branch opens a stream at this place. When all of it has been told, then is called.
func (s *stream) branch(then func()) *stream {
	sub := newStream()
	s.put(telling{sub: sub, then: then})
	return sub
}

func (s *stream) put(t telling) {
	s.mu.Lock()
	s.list = append(s.list, t)
	s.mu.Unlock()
	s.wake()
}

// close ends the stream. It may be closed twice.
func (s *stream) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wake()
}

func (s *stream) wake() {
	select {
	case s.awake <- struct{}{}:
	default:
	}
}

// next waits for more, and gives nothing when the stream has ended.
func (s *stream) next() []telling {
	for {
		s.mu.Lock()
		list, closed := s.list, s.closed
		s.list = nil
		s.mu.Unlock()
		if len(list) > 0 || closed {
			return list
		}
		<-s.awake
	}
}

// tellAll tells a stream to its end, as it grows.
func (r *run) tellAll(s *stream) {
	for list := s.next(); list != nil; list = s.next() {
		for i, t := range list {
			list[i] = telling{} // what has been told is let go
			if t.sub == nil {
				r.tell(t.event)
				continue
			}
			r.tellAll(t.sub)
			t.then()
		}
	}
}

// tell tells an event and counts it.
func (r *run) tell(e Event) {
	switch e := e.(type) {
	case TaskEnd:
		r.count(e)
	case ItemEnd:
		if e.Included != "" {
			r.result.Stats.OK++
		}
	case PlayFailed:
		r.result.Stats.Failed++
		r.result.Problems = append(r.result.Problems, e.Problem)
	}
	r.opt.Reporter.Tell(e)
}

func (r *run) count(e TaskEnd) {
	if e.Silent || e.Looped && e.Included != "" {
		return
	}
	r.result.Stats.Count(e.Outcome)
	if e.Outcome == Failed {
		r.result.Problems = append(r.result.Problems, e.Problem)
	}
}
