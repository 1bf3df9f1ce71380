package clever

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The platform allows several add-ons of one name, so two machines that find none
// at the same time order one each. This file finds out, afterwards.

// purchases are what a client ordered. The zero value is ready.
type purchases struct {
	mu  sync.Mutex
	all []*bought
	ids map[string]bool
}

// A bought is what came of an order.
type bought struct {
	wanted
	id      string    // of the add-on
	created int64     // its creation date, in milliseconds
	at      time.Time // when it was known
}

func (p *purchases) add(o *bought) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ids == nil {
		p.ids = map[string]bool{}
	}
	p.ids[o.id] = true
	p.all = append(p.all, o)
}

func (p *purchases) has(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ids[id]
}

// byOwner returns what was ordered so far, apart for each owner.
func (p *purchases) byOwner() map[string][]*bought {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := map[string][]*bought{}
	for _, o := range p.all {
		m[o.owner] = append(m[o.owner], o)
	}
	return m
}

// Duplicates looks whether there are other add-ons of the provider and name of what
// this client ordered, which were not there before: somebody else ordered the same at
// the same time, or an order was carried out twice. It reads each list once that was
// ordered for, and nothing if there were no orders: call it when all are made. Where
// the list does not show what was ordered, or a response was unclear, it reads on
// until the list had time to show what others did. Duplicates are returned even with
// an error.
func (c *Client) Duplicates(ctx context.Context) ([]*DuplicateError, error) {
	var all []*DuplicateError
	var errs error
	for owner, orders := range c.bought.byOwner() {
		list, err := c.upToDate(ctx, owner, orders)
		errs = errors.Join(errs, err)
		found := indexOf(list)
		for _, o := range orders {
			if d := o.duplicate(found, &c.bought); d != nil {
				all = append(all, d)
			}
		}
	}
	slices.SortFunc(all, (*DuplicateError).Compare)
	return all, errs
}

// upToDate reads a list until it shows all that was ordered, and what others may have
// ordered that did not see it. They too may have read a list that was behind: so the
// list is given as long again as it was seen to be behind, and some more.
func (c *Client) upToDate(ctx context.Context, owner string, orders []*bought) ([]Addon, error) {
	var last, until time.Time
	for _, o := range orders {
		last = later(last, o.at)
		if o.doubt {
			until = later(until, o.at.Add(c.timing.settle))
		}
	}
	behind := false
	for n := 0; ; n++ {
		began := time.Now()
		list, err := c.Refresh(ctx, owner)
		if err != nil {
			return nil, err
		}
		shown := indexOf(list)
		hidden := count(orders, func(o *bought) bool { return shown.ids[o.id] == nil && !o.orders.WasRemoved(o.id) })
		switch {
		case hidden > 0 && began.Sub(last) >= c.timing.settle:
			return list, &HiddenError{Owner: owner, Hidden: hidden, After: began.Sub(last)}
		case hidden > 0:
			behind = true
		case behind:
			behind = false
			until = later(until, began.Add(began.Sub(last)+c.timing.settle/5))
		}
		if hidden == 0 && !began.Before(until) {
			return list, nil
		}
		gap := c.timing.gap(n)
		if hidden == 0 {
			gap = min(gap, time.Until(until))
		}
		if err := pause(ctx, gap); err != nil {
			return list, err
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func count[V any](list []V, is func(V) bool) int {
	n := 0
	for _, v := range list {
		if is(v) {
			n++
		}
	}
	return n
}

// An index finds the add-ons of a list.
type index struct {
	ids   map[string]*Addon
	named map[string][]*Addon
}

func indexOf(list []Addon) index {
	x := index{make(map[string]*Addon, len(list)), make(map[string][]*Addon, len(list))}
	for i := range list {
		a := &list[i]
		x.ids[a.ID] = a
		x.named[a.Name] = append(x.named[a.Name], a)
	}
	return x
}

// duplicate returns what a list says was ordered by somebody else too; nil if it
// shows nothing of the kind.
func (o *bought) duplicate(list index, mine *purchases) *DuplicateError {
	if list.ids[o.id] == nil {
		return nil
	}
	for _, a := range list.named[o.name] {
		if o.made(a, mine) && !o.orders.WasRemoved(a.ID) {
			d := &DuplicateError{Name: a.Name, Mine: o.id, Theirs: a.ID, Later: a.ID, Doubt: o.doubt}
			if cmp.Or(cmp.Compare(a.CreationDate, o.created), cmp.Compare(a.ID, o.id)) < 0 {
				d.Later = o.id
			}
			return d
		}
	}
	return nil
}

// A DuplicateError says that there are two add-ons where one was ordered.
type DuplicateError struct {
	Name   string
	Mine   string // the id of what this client ordered
	Theirs string // the id of the other one
	Later  string // which of the two was made later
	Doubt  bool   // the response to the order was unclear: both may be of this client
}

func (e *DuplicateError) Error() string {
	who := "by somebody else"
	if e.Doubt {
		who = "by somebody else, or by this run when the response was lost"
	}
	return fmt.Sprintf("add-on %q was ordered twice at the same time: %s by this run, and %s %s", e.Name, e.Mine, e.Theirs, who)
}

// Compare orders duplicates by name.
func (e *DuplicateError) Compare(other *DuplicateError) int {
	return cmp.Or(cmp.Compare(e.Name, other.Name), cmp.Compare(e.Mine, other.Mine))
}

// Hint says what to do.
func (e *DuplicateError) Hint() string {
	return "keep one and remove the other by its id, which removes its data; the later one is addon_remove: {addon: " + e.Later + "}"
}

// A HiddenError says that the platform's list does not show what was ordered.
type HiddenError struct {
	Owner  string // "": the personal space
	Hidden int    // how many add-ons
	After  time.Duration
}

func (e *HiddenError) Error() string {
	return fmt.Sprintf("the list of add-ons of %s is behind: it does not show %d of what was ordered %v ago, so whether somebody else ordered the same at the same time is not known",
		ownerName(e.Owner), e.Hidden, e.After.Round(time.Second))
}
