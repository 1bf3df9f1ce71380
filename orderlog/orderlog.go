// Package orderlog remembers, on this machine, what was ordered from a platform
// for one owner: what was intended before each order was sent, and what came of
// it. A later run finds in it what a run that was cut off left open, and what the
// platform's list does not show yet. It is a memory of what this machine did,
// never a statement of what there is; it knows neither the platform nor runs.
//
// The file holds a line of JSON for each event. Whoever writes it holds the lock
// of the same platform and owner, so that there is one writer at a time.
package orderlog

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// An Order is an add-on that was, or was about to be, ordered.
type Order struct {
	Key      string    `json:"key"` // names the order in this log
	Time     time.Time `json:"time"`
	Run      string    `json:"run,omitempty"`
	Provider string    `json:"provider"`
	Name     string    `json:"name"`
	Scope    string    `json:"scope,omitempty"`  // what it is to be marked with; "": nothing
	Before   []string  `json:"before,omitempty"` // ids of what was of that provider and name already

	ID     string    `json:"id,omitempty"`   // what came of it; "": not known, or nothing
	Ended  time.Time `json:"ended,omitzero"` // when that was known; zero: it is not
	Marked bool      `json:"marked,omitempty"`
	Gone   time.Time `json:"gone,omitzero"` // when it was removed; zero: it was not
}

// Open reports whether what came of the order is not known.
func (o Order) Open() bool { return o.Ended.IsZero() }

// Unmarked reports whether the order made an add-on that was to be marked as one
// of a scope, and was not.
func (o Order) Unmarked() bool {
	return o.ID != "" && o.Scope != "" && !o.Marked && o.Gone.IsZero()
}

// A Log is the memory of one owner's orders. The zero value remembers as long as
// the process lives.
type Log struct {
	mu       sync.Mutex
	file     *os.File          // nil: in memory only, or only read
	torn     bool              // the last line may not have an end
	written  int               // lines
	intents  int               // orders noted by this process
	orders   []*Order          // oldest first
	keys     map[string]*Order // the same by key
	ids      map[string]*Order // and by what came of them
	renamed  map[string]rename // by id
	removed  map[string]time.Time
	declared map[string][]Declaration // by id: the last of each playbook, oldest first
	pending  []entry                  // declarations that are not written yet
	left     int                      // orders that were in the file when it was opened
	damaged  int

	syncing sync.Mutex
	synced  int // lines that are on the disk
}

type rename struct {
	name string
	at   time.Time
}

// Damaged returns how many lines of the file could not be read.
func (l *Log) Damaged() int { return l.damaged }

// Intend notes an order that is about to be sent, and returns its key. When it
// returns without an error, the note is on the disk.
func (l *Log) Intend(o Order) (key string, err error) {
	o.Time = time.Now()
	l.mu.Lock()
	l.intents++
	o.Key = fmt.Sprintf("%s-%d", o.Time.UTC().Format("20060102T150405.000"), l.intents)
	l.mu.Unlock()
	o.ID, o.Ended, o.Marked, o.Gone = "", time.Time{}, false, time.Time{}
	return o.Key, l.add(entry{Event: intended, Time: o.Time, Order: &o}, true)
}

// Ordered notes the add-on that an order made.
func (l *Log) Ordered(key, id string) error {
	return l.add(entry{Event: ordered, Key: key, ID: id}, false)
}

// Nothing notes that an order came to nothing.
func (l *Log) Nothing(key string) error { return l.add(entry{Event: nothing, Key: key}, false) }

// Marked notes that an add-on bears the mark of its scope.
func (l *Log) Marked(id string) error {
	l.mu.Lock()
	o := l.ids[id]
	due := o != nil && o.Unmarked()
	l.mu.Unlock()
	if !due {
		return nil
	}
	return l.add(entry{Event: marked, ID: id}, false)
}

// Renamed notes the name that an add-on was given.
func (l *Log) Renamed(id, name string) error {
	return l.add(entry{Event: renamed, ID: id, Name: name}, false)
}

// Removed notes that an add-on is gone.
func (l *Log) Removed(id string) error { return l.add(entry{Event: removed, ID: id}, false) }

// Orders returns all orders that are remembered, oldest first.
func (l *Log) Orders() []Order {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Order, 0, len(l.orders))
	for _, o := range l.orders {
		list = append(list, *o)
	}
	return list
}

// Of returns the order that made an add-on; false where none is remembered.
func (l *Log) Of(id string) (Order, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.ids[id]
	if o == nil || id == "" {
		return Order{}, false
	}
	return *o, true
}

// Left returns the orders of earlier runs of which nobody knows what came of them.
func (l *Log) Left() []Order {
	l.mu.Lock()
	defer l.mu.Unlock()
	var open []Order
	for _, o := range l.orders[:l.left] {
		if o.Open() {
			open = append(open, *o)
		}
	}
	return open
}

// Name returns the name that an add-on was given since a time; false where none was.
func (l *Log) Name(id string, since time.Time) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.renamed[id]
	return r.name, ok && r.at.After(since)
}

// WasRemoved reports whether an add-on was removed from this machine.
func (l *Log) WasRemoved(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.removed[id].IsZero()
}

// note takes over what an entry says. The mutex is held.
func (l *Log) note(e entry) {
	if l.keys == nil {
		l.keys, l.ids = map[string]*Order{}, map[string]*Order{}
		l.renamed, l.removed = map[string]rename{}, map[string]time.Time{}
	}
	switch e.Event {
	case intended:
		o := *e.Order
		l.orders = append(l.orders, &o)
		l.keys[o.Key] = &o
	case ordered, nothing:
		if o := l.keys[e.Key]; o != nil {
			o.ID, o.Ended = e.ID, e.Time
			l.ids[e.ID] = o
		}
	case marked:
		if o := l.ids[e.ID]; o != nil {
			o.Marked = true
		}
	case removed:
		l.removed[e.ID] = e.Time
		delete(l.declared, e.ID)
		if o := l.ids[e.ID]; o != nil {
			o.Gone = e.Time
		}
	case declared:
		for _, id := range e.IDs {
			l.noteDeclared(id, *e.Declaration)
		}
	case renamed:
		l.renamed[e.ID] = rename{e.Name, e.Time}
	}
}
