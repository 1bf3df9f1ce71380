package tasks

import (
	"slices"
	"sync"

	"runner/clever"
)

// A plannedList is the list of an owner's add-ons as the tasks of a check would leave it.
// It is kept, and brought up to date by what was noted since it was last asked for: a check
// that would order ten thousand add-ons would otherwise make ten thousand lists of them.
// Lists that were returned do not change: what is new is appended, and what differs is
// changed in a copy.
type plannedList struct {
	mu      sync.Mutex
	from    []clever.Addon // the platform's own list, which it began with
	list    []clever.Addon
	at      map[string]int // of an id in list
	applied int            // how many of the noted changes
}

// over returns the platform's list with what was noted about it.
func (p *plannedList) over(from []clever.Addon, noted *layer[plannedAddon], space string) []clever.Addon {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil || !sameList(p.from, from) {
		p.from, p.list, p.at, p.applied = from, slices.Clone(from), map[string]int{}, 0
		p.index()
	}
	shared, gone := true, false
	own := func() {
		if shared {
			p.list, shared = slices.Clone(p.list), false
		}
	}
	for _, id := range noted.since(&p.applied, space) {
		a, there, _ := noted.find(space, id)
		i, listed := p.at[id]
		switch {
		case !there && listed:
			own()
			p.list[i].ID, gone = "", true
		case there && listed:
			own()
			p.list[i] = a.Addon
		case there:
			p.at[id] = len(p.list)
			p.list = append(p.list, a.Addon)
		}
	}
	if gone {
		p.list = slices.DeleteFunc(p.list, func(a clever.Addon) bool { return a.ID == "" })
		p.index()
	}
	return slices.Clip(p.list)
}

func (p *plannedList) index() {
	clear(p.at)
	for i := range p.list {
		p.at[p.list[i].ID] = i
	}
}

// sameList reports whether two lists are one: the same memory, as lists are shared.
func sameList(a, b []clever.Addon) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
