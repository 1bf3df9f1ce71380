package emulator

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

var errClosed = errors.New("the emulator is closed")

// A store holds the published world and changes it. Changes that arrive while
// another is being saved are applied together and share one save; none is seen
// by anyone, and none is answered, before the file holds it. If the file cannot
// be written, the whole lot is refused and the world stays as it was.
type store struct {
	now     atomic.Pointer[world]
	file    *stateFile // nil: nothing is kept
	queueMu sync.Mutex
	queue   []*job
	commit  turn // of whoever applies and saves; guards closed
	closed  bool
	// follow is called after each change that was kept, before it is answered.
	follow func(before, after *world)
	// warn is told why the file could not be made smaller.
	warn       func(error)
	compacting bool // guarded by commit
	background sync.WaitGroup
}

// A turn is a lock that one may wait for together with something else.
type turn chan struct{}

func (t turn) take() { t <- struct{}{} }
func (t turn) pass() { <-t }

// A job is one change that waits for its turn.
type job struct {
	change  func(*draft) error
	err     error
	settled chan struct{} // closed when err is what came of it
}

// world gives what is published.
func (s *store) world() *world { return s.now.Load() }

// change applies a change and returns once it is kept. An error of the change
// itself comes back as it is, and then nothing of it may be in the draft.
func (s *store) change(change func(*draft) error) error {
	j := &job{change: change, settled: make(chan struct{})}
	s.queueMu.Lock()
	s.queue = append(s.queue, j)
	s.queueMu.Unlock()

	// Whoever has the turn settles for all. The others need not have had it to go on:
	// that would be one after the other.
	select {
	case <-j.settled:
	case s.commit <- struct{}{}:
		defer s.commit.pass()
		s.settle()
	}
	return j.err
}

// settle applies all waiting changes in their order, and saves once.
func (s *store) settle() {
	s.queueMu.Lock()
	jobs := s.queue
	s.queue = nil
	s.queueMu.Unlock()

	defer func() {
		for _, j := range jobs {
			close(j.settled)
		}
	}()
	d := s.world().draft()
	for _, j := range jobs {
		if j.err = errClosed; !s.closed {
			j.err = j.change(d)
		}
	}
	before, r := s.world(), d.record(s.world())
	if r.empty() {
		return
	}
	if err := s.save(before, r); err != nil {
		for _, j := range jobs {
			j.err = fmt.Errorf("nothing was changed: %w", err)
		}
		return
	}
	next := d.world
	s.now.Store(&next)
	if s.follow != nil {
		s.follow(before, &next)
	}
	s.compact()
}

func (s *store) save(before *world, r record) error {
	if s.file == nil {
		return nil
	}
	return s.file.keep(before, r)
}

// compact makes the file smaller when it has grown. Changes go on meanwhile, and
// wait only while what they appended is copied.
func (s *store) compact() {
	if s.file == nil || s.compacting || !s.file.grown() {
		return
	}
	s.compacting = true
	w, info, size := s.world(), s.file.info, s.file.size
	s.background.Go(func() {
		drawn, err := s.file.draw(w)
		s.commit.take()
		defer s.commit.pass()
		s.compacting = false
		switch {
		case err != nil:
		case s.file.info != info: // somebody took the file away, and there is a fresh one
			err = discardFile(drawn)
		default:
			err = s.file.compact(drawn, size)
		}
		if err != nil {
			s.file.fresh = s.file.size // not again at once
			s.warn(fmt.Errorf("the state file %s grows, since no fresh one can be put in its place: %w", s.file.path, err))
		}
	})
}

// close refuses further changes and lets another process have the file.
func (s *store) close() error {
	s.commit.take()
	closed := s.closed
	s.closed = true
	s.commit.pass()
	s.background.Wait()
	if closed || s.file == nil {
		return nil
	}
	return s.file.release()
}

// openStore reads the file, or begins with what seed gives and saves it, so that
// ids are the same after a restart.
func openStore(path string, wait time.Duration, c *catalogue, seed func() *world, warn func(error)) (*store, error) {
	s := &store{commit: make(turn, 1), warn: warn}
	if path == "" {
		w := seed()
		w.catalogue = c
		s.now.Store(w)
		return s, nil
	}
	file, err := openStateFile(path, wait)
	if err != nil {
		return nil, err
	}
	w, err := file.read(c)
	if err == nil && w == nil {
		w = seed()
		w.catalogue = c
		err = file.renew(w)
	}
	if err != nil {
		return nil, errors.Join(err, file.release())
	}
	s.file = file
	s.now.Store(w)
	return s, nil
}
