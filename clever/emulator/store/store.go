// Package store knows what the emulated platform remembers (owners, add-ons, tokens,
// providers that vendors and organisations registered) and keeps it in a file. It
// knows neither requests nor calls to vendors.
//
// What is answered is written: see package emulator for the format and its promises.
package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"runner/clever/emulator/catalogue"
)

var errClosed = errors.New("the emulator is closed")

// A Store holds the published world and changes it. Changes that arrive while
// another is being saved are applied together and share one save; none is seen
// by anyone, and none is answered, before the file holds it. If the file cannot
// be written, the whole lot is refused and the world stays as it was.
type Store struct {
	current atomic.Pointer[World]
	file    *stateFile // nil: nothing is kept
	queueMu sync.Mutex
	queue   []*job
	commit  lock // of whoever applies and saves; guards closed
	closed  bool
	// follow is called after each change that was kept, before it is answered.
	Follow func(before, after *World)
	// warn is called with why the file could not be made smaller.
	warn       func(error)
	compacting bool // guarded by commit
	background sync.WaitGroup
}

// A lock is a lock that one may wait for together with something else.
type lock chan struct{}

func (t lock) acquire() { t <- struct{}{} }
func (t lock) release() { <-t }

// A job is one change that waits to be applied.
type job struct {
	change func(*Draft) error
	err    error
	done   chan struct{} // closed when err is what came of it
}

// World returns what is published.
func (s *Store) World() *World { return s.current.Load() }

// Change applies a change and returns once it is kept. An error of the change
// itself comes back as it is, and then nothing of it may be in the draft.
func (s *Store) Change(change func(*Draft) error) error {
	j := &job{change: change, done: make(chan struct{})}
	s.queueMu.Lock()
	s.queue = append(s.queue, j)
	s.queueMu.Unlock()

	// Whoever has the lock applies all. The others need not have had it to go on:
	// that would be one after the other.
	select {
	case <-j.done:
	case s.commit <- struct{}{}:
		defer s.commit.release()
		s.applyAll()
	}
	return j.err
}

// applyAll applies all waiting changes in their order, and saves once.
func (s *Store) applyAll() {
	s.queueMu.Lock()
	jobs := s.queue
	s.queue = nil
	s.queueMu.Unlock()

	defer func() {
		for _, j := range jobs {
			close(j.done)
		}
	}()
	d := s.World().Draft()
	for _, j := range jobs {
		if j.err = errClosed; !s.closed {
			j.err = j.change(d)
		}
	}
	before := s.World()
	r, err := d.record(before)
	if r.empty() && err == nil {
		return
	}
	if err == nil {
		err = s.save(before, r)
	}
	if err != nil {
		for _, j := range jobs {
			j.err = fmt.Errorf("nothing was changed: %w", err)
		}
		return
	}
	next := d.World
	s.current.Store(&next)
	if s.Follow != nil {
		s.Follow(before, &next)
	}
	s.compact()
}

func (s *Store) save(before *World, r record) error {
	if s.file == nil {
		return nil
	}
	return s.file.save(before, r)
}

// compact makes the file smaller when it has grown. Changes go on meanwhile, and
// wait only while what they appended is copied.
func (s *Store) compact() {
	if s.file == nil || s.compacting || !s.file.grown() {
		return
	}
	s.compacting = true
	w, info, size := s.World(), s.file.info, s.file.size
	s.background.Go(func() {
		drawn, err := s.file.writeFresh(w)
		s.commit.acquire()
		defer s.commit.release()
		s.compacting = false
		switch {
		case err != nil:
		case s.file.info != info: // somebody took the file away, and there is a fresh one
			drawn.Discard()
		default:
			err = s.file.compact(drawn, size)
		}
		if err != nil {
			s.file.fresh = s.file.size // not again at once
			s.warn(fmt.Errorf("the state file %s grows, since no fresh one can be put in its place: %w", s.file.path, err))
		}
	})
}

// Close refuses further changes and lets another process have the file.
func (s *Store) Close() error {
	s.commit.acquire()
	closed := s.closed
	s.closed = true
	s.commit.release()
	s.background.Wait()
	if closed || s.file == nil {
		return nil
	}
	return s.file.release()
}

// Open reads the file, or begins with what seed gives and saves it, so that
// ids are the same after a restart.
func Open(path string, wait time.Duration, c *catalogue.Catalogue, seed func() *World, warn func(error)) (*Store, error) {
	s := &Store{commit: make(lock, 1), warn: warn}
	if path == "" {
		w := seed()
		w.catalogue = c
		s.current.Store(w)
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
		err = file.rewrite(w)
	}
	if err != nil {
		return nil, errors.Join(err, file.release())
	}
	s.file = file
	s.current.Store(w)
	return s, nil
}
