package clever

import (
	"errors"
	"slices"
	"strings"
	"sync"
)

// A shelf keeps a ledger per owner. The zero value is ready.
type shelf struct {
	mu      sync.Mutex
	ledgers map[string]*ledger
	flights flights[[]Addon]
}

func (s *shelf) of(owner string) *ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.ledgers[owner]
	if !ok {
		if s.ledgers == nil {
			s.ledgers = map[string]*ledger{}
		}
		l = &ledger{}
		s.ledgers[owner] = l
	}
	return l
}

// edit notes what a change made of an owner's list. Where it failed in a way that
// leaves open whether it was made, or shows that the list is old, the list is
// forgotten. The personal
// space has two names, "" and the user's id: what is noted for one holds for both.
func (s *shelf) edit(owner string, err error, change func([]Addon) []Addon) {
	if mayHaveHappened(err) || IsNotFound(err) {
		s.forget(owner)
	}
	if err != nil {
		return
	}
	for _, l := range s.alike(owner) {
		l.edit(change)
	}
}

// forget makes the next one who asks for an owner's list read it anew.
func (s *shelf) forget(owner string) {
	for _, l := range s.alike(owner) {
		l.forget()
	}
}

func (s *shelf) alike(owner string) []*ledger {
	ledgers := []*ledger{s.of(owner)}
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, l := range s.ledgers {
		if other != owner && personal(other) && personal(owner) {
			ledgers = append(ledgers, l)
		}
	}
	return ledgers
}

func personal(owner string) bool { return owner == "" || strings.HasPrefix(owner, "user_") }

func mayHaveHappened(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.sent && (e.Status < 400 || e.Status >= 500)
}

// A ledger is the list of one owner's add-ons as last read, with what was changed
// since: changes are kept, so that a list which was under way while one was made
// does not undo it. Lists are given out without copying them, so that a long one
// costs nothing: a change appends to a list, or makes a new one.
type ledger struct {
	mu      sync.Mutex
	list    []Addon
	loaded  bool
	changes []func([]Addon) []Addon
	started int // readings begun
	latest  int // the reading that list comes from
}

func (l *ledger) look() ([]Addon, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.list), l.loaded
}

// reading begins a reading, and gives what to do with its result.
func (l *ledger) reading() (store func([]Addon) []Addon) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.started++
	reading, seen := l.started, len(l.changes)
	return func(list []Addon) []Addon {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, change := range l.changes[seen:] {
			list = change(list)
		}
		if reading > l.latest {
			l.list, l.loaded, l.latest = list, true, reading
		}
		return slices.Clip(list)
	}
}

func (l *ledger) edit(change func([]Addon) []Addon) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes = append(l.changes, change)
	l.list = change(l.list)
}

// forget makes the next one who asks read anew; readings under way do not count.
func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded, l.latest = false, l.started
}
