package clever

import (
	"slices"
	"strings"
	"sync"
)

// addonLists keeps the list of each owner's add-ons. The zero value is ready.
type addonLists struct {
	mu       sync.Mutex
	lists    map[string]*addonList
	readings shared[[]Addon]
}

func (s *addonLists) of(owner string) *addonList {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.lists[owner]
	if !ok {
		if s.lists == nil {
			s.lists = map[string]*addonList{}
		}
		l = &addonList{owner: owner}
		s.lists[owner] = l
	}
	return l
}

// edit notes what a change made of an owner's list. Where it failed in a way that
// leaves open whether it was made, or shows that the list is old, the list is
// forgotten. The personal
// space has two names, "" and the user's id: what is noted for one holds for both.
func (s *addonLists) edit(owner string, err error, change func([]Addon) []Addon) {
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

// leaving returns the change that takes an add-on off a list.
func leaving(id string) func([]Addon) []Addon {
	return func(list []Addon) []Addon {
		return slices.DeleteFunc(slices.Clone(list), func(a Addon) bool { return a.ID == id })
	}
}

// replacing returns the change that puts what is known of an add-on in the place of
// what a list says.
func replacing(addon Addon) func([]Addon) []Addon {
	return func(list []Addon) []Addon {
		list = slices.Clone(list)
		for i := range list {
			if list[i].ID == addon.ID {
				list[i] = addon
			}
		}
		return list
	}
}

// forget makes the next one who asks for an owner's list read it anew.
func (s *addonLists) forget(owner string) {
	for _, l := range s.alike(owner) {
		l.forget()
		s.readings.leave(l.owner)
	}
}

func (s *addonLists) alike(owner string) []*addonList {
	lists := []*addonList{s.of(owner)}
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, l := range s.lists {
		if other != owner && personal(other) && personal(owner) {
			lists = append(lists, l)
		}
	}
	return lists
}

func personal(owner string) bool { return owner == "" || strings.HasPrefix(owner, "user_") }

// An addonList is the list of one owner's add-ons as last read, with what was changed
// since: a list that was under way while a change was made does not undo it. Lists are
// given out without copying them, so that a long one costs nothing: a change appends
// to a list, or makes a new one.
type addonList struct {
	owner   string
	mu      sync.Mutex
	list    []Addon
	loaded  bool
	changes []func([]Addon) []Addon
	started int // readings begun
	latest  int // the reading that list comes from
	reading int // readings under way
}

func (l *addonList) look() ([]Addon, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.list), l.loaded
}

// read reads the list, and makes the changes on it that were made meanwhile.
func (l *addonList) read(read func() ([]Addon, error)) ([]Addon, error) {
	l.mu.Lock()
	l.started++
	l.reading++
	number, seen := l.started, len(l.changes)
	l.mu.Unlock()
	list, err := read()
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.end()
	if err != nil {
		return nil, err
	}
	for _, change := range l.changes[seen:] {
		list = change(list)
	}
	if number > l.latest {
		l.list, l.loaded, l.latest = list, true, number
	}
	return slices.Clip(list), nil
}

// end ends a reading. Changes are kept only as long as one is under way.
func (l *addonList) end() {
	if l.reading--; l.reading == 0 {
		l.changes = nil
	}
}

func (l *addonList) edit(change func([]Addon) []Addon) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reading > 0 {
		l.changes = append(l.changes, change)
	}
	l.list = change(l.list)
}

// forget makes the next one who asks read anew; readings under way do not count.
func (l *addonList) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded, l.latest = false, l.started
}
