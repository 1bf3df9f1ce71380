package engine

import "sync"

// A stream is what there is to report of a part of a run, in order: events, and the
// streams of the parts within. Parts that run side by
// side have a stream each, opened in playbook order.
type stream struct {
	mu     sync.Mutex
	list   []entry
	closed bool
	awake  chan struct{}
}

// An entry is an event, or a stream within.
type entry struct {
	event Event
	sub   *stream
	// instead is called when all before the stream was reported: whether other events
	// take its place. Nil: none do.
	instead func() ([]TaskEnd, bool)
	then    func() // called when the stream was reported
}

func newStream() *stream { return &stream{awake: make(chan struct{}, 1)} }

func (s *stream) add(e Event) { s.put(entry{event: e}) }

// branch opens a stream at this place. When all of it was reported, then is called.
func (s *stream) branch(instead func() ([]TaskEnd, bool), then func()) *stream {
	sub := newStream()
	s.put(entry{sub: sub, instead: instead, then: then})
	return sub
}

func (s *stream) put(e entry) {
	s.mu.Lock()
	s.list = append(s.list, e)
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

// next waits for more, and returns nothing when the stream has ended.
func (s *stream) next() []entry {
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

// reportAll reports a stream to its end, as it grows.
func (r *run) reportAll(s *stream) { r.drain(s, r.report) }

func (r *run) drain(s *stream, report func(Event)) {
	for list := s.next(); list != nil; list = s.next() {
		for i, e := range list {
			list[i] = entry{} // what was reported is let go
			if e.sub == nil {
				report(e.event)
				continue
			}
			r.reportBranch(e, report)
			e.then()
		}
	}
}

func (r *run) reportBranch(e entry, report func(Event)) {
	if e.instead != nil {
		if ends, yes := e.instead(); yes {
			for _, end := range ends {
				report(end)
			}
			report = func(Event) {}
		}
	}
	r.drain(e.sub, report)
}

// report reports an event and counts it.
func (r *run) report(e Event) {
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
	if e.Outcome == Ignored && changedIn(e.Result) {
		r.result.Stats.Changed++
	}
	if e.Outcome == Failed {
		r.result.Problems = append(r.result.Problems, e.Problem)
	}
}
