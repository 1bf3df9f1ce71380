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
	all []*purchase
	ids map[string]bool
}

func (p *purchases) add(o *purchase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ids == nil {
		p.ids = map[string]bool{}
	}
	p.ids[o.addon.ID] = true
	p.all = append(p.all, o)
}

func (p *purchases) has(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ids[id]
}

// byOwner returns what was ordered so far, apart for each owner.
func (p *purchases) byOwner() map[string][]*purchase {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := map[string][]*purchase{}
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
	for owner, bought := range c.bought.byOwner() {
		list, err := c.upToDate(ctx, owner, bought)
		errs = errors.Join(errs, err)
		for _, o := range bought {
			if d := o.duplicate(list); d != nil {
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
func (c *Client) upToDate(ctx context.Context, owner string, bought []*purchase) ([]Addon, error) {
	var last, until time.Time
	for _, o := range bought {
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
		hidden := count(bought, func(o *purchase) bool { return !o.on(list) && !o.log.WasRemoved(o.addon.ID) })
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

// on reports whether a list shows what was ordered.
func (o *purchase) on(list []Addon) bool {
	return slices.ContainsFunc(list, func(a Addon) bool { return a.ID == o.addon.ID })
}

// duplicate returns what a list says was ordered by somebody else too; nil if it
// shows nothing of the kind.
func (o *purchase) duplicate(list []Addon) *DuplicateError {
	if !o.on(list) {
		return nil
	}
	for i := range list {
		if a := &list[i]; o.made(*a) && !o.log.WasRemoved(a.ID) {
			d := &DuplicateError{Name: a.Name, Mine: o.addon.ID, Theirs: a.ID, Later: a.ID, Doubt: o.doubt}
			if a.earlier(o.addon) {
				d.Later = o.addon.ID
			}
			return d
		}
	}
	return nil
}

// earlier orders add-ons by their creation, and those of one instant by their ids.
func (a Addon) earlier(b Addon) bool {
	return cmp.Or(cmp.Compare(a.CreationDate, b.CreationDate), cmp.Compare(a.ID, b.ID)) < 0
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
