package clever

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"runner/orderlog"
)

// This file uses what this machine remembers of its orders: to find out what became
// of those that an earlier run left open, and to mend a list that is behind.

// A Memory keeps what this machine remembers of its orders, for each owner ("": the
// personal space).
type Memory interface {
	// Open returns an owner's log. It is asked once for each owner, before anything
	// of the owner's is read, and may wait, or fail, because another run is at work.
	Open(ctx context.Context, owner string) (*orderlog.Log, error)
	// Unfinished reports, without taking anything, whether an owner's log holds orders
	// that are open, or add-ons that were not marked.
	Unfinished(owner string) bool
}

// recent is how long after this machine renamed an add-on the platform's list is not
// believed when it says otherwise.
const recent = time.Hour

// log returns the memory of an owner's orders.
func (c *Client) log(ctx context.Context, owner string) (*orderlog.Log, error) {
	return c.logs.get(ctx, owner, func() (*orderlog.Log, error) {
		if c.memory == nil {
			return &orderlog.Log{}, nil
		}
		return c.memory.Open(ctx, owner)
	})
}

// load reads an owner's list, and mends it by what is remembered.
func (c *Client) load(ctx context.Context, owner string) ([]Addon, error) {
	log, err := c.log(ctx, owner)
	if err != nil {
		return nil, err
	}
	list, err := c.resolve(ctx, owner, log)
	if err != nil {
		return nil, err
	}
	return c.mend(ctx, owner, log, list)
}

// resolve reads the list, and finds out on it what became of the orders that
// earlier runs left open. It reads again until each of them is found or cannot be
// at work any more, and the list had time to show it.
func (c *Client) resolve(ctx context.Context, owner string, log *orderlog.Log) (list []Addon, err error) {
	open := log.Left()
	var until time.Time
	for _, o := range open {
		if end := o.Time.Add(c.timing.mayWork() + c.timing.settle); end.After(until) {
			until = end
		}
	}
	if len(open) == 0 || c.looksOnly {
		until = time.Time{}
	} else if wait := time.Until(until).Round(time.Second); wait > 0 {
		c.notice(fmt.Sprintf("an earlier run was cut off while it ordered %s: looking for it, %v at most", orderNames(open), wait))
	}
	err = c.timing.looks(ctx, until, func() (bool, error) {
		if list, err = c.Refresh(ctx, owner); err != nil {
			return false, err
		}
		open, err = c.match(log, open, list, !time.Now().Before(until))
		return len(open) == 0, err
	})
	if err == nil && len(open) > 0 && c.looksOnly {
		c.notice(fmt.Sprintf("an earlier run was cut off while it ordered %s: whether it is there is not known yet", orderNames(open)))
	}
	return list, err
}

func orderNames(orders []orderlog.Order) string {
	names := ""
	for i, o := range orders {
		switch {
		case i == 3:
			return names + fmt.Sprintf(" and %d more", len(orders)-i)
		case i > 0:
			names += ", "
		}
		names += fmt.Sprintf("%q", o.Name)
	}
	return names
}

// match notes which of the open orders are on a list, and at the end which came to
// nothing. It returns those that stay open.
func (c *Client) match(log *orderlog.Log, open []orderlog.Order, list []Addon, end bool) (still []orderlog.Order, err error) {
	known := map[string]bool{}
	for _, o := range log.Orders() {
		known[o.ID] = true
	}
	for _, o := range open {
		var found []string
		for i := range list {
			if a := &list[i]; a.Name == o.Name && a.Provider.ID == o.Provider && !known[a.ID] && !slices.Contains(o.Before, a.ID) {
				found = append(found, a.ID)
			}
		}
		switch {
		case len(found) == 1:
			known[found[0]] = true
			err = errors.Join(err, c.note(func() error { return log.Ordered(o.Key, found[0]) }))
		case len(found) == 0 && end && !c.looksOnly:
			err = errors.Join(err, log.Nothing(o.Key))
		default:
			still = append(still, o)
		}
	}
	return still, err
}

// note notes something, unless nothing may be.
func (c *Client) note(write func() error) error {
	if c.looksOnly {
		return nil
	}
	return write()
}

// mend adds to a list what was ordered and is not shown, and leaves out what was
// removed.
func (c *Client) mend(ctx context.Context, owner string, log *orderlog.Log, list []Addon) ([]Addon, error) {
	shown := make(map[string]*Addon, len(list))
	for i := range list {
		shown[list[i].ID] = &list[i]
	}
	var mu sync.Mutex
	// edit changes what is kept, and what was read: it is not the same where it was
	// read while the kept list was forgotten.
	edit := func(change func([]Addon) []Addon) {
		c.addons.edit(owner, nil, change)
		mu.Lock()
		defer mu.Unlock()
		list = change(list)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, o := range log.Orders() {
		if o.ID == "" || !o.Gone.IsZero() || shown[o.ID] != nil {
			continue
		}
		group.Go(func() error { return c.addHidden(ctx, owner, log, o, edit) })
	}
	for id, a := range shown {
		switch name, ok := log.Name(id, time.Now().Add(-recent)); {
		case log.WasRemoved(id):
			edit(leaving(id))
		case ok && name != a.Name:
			group.Go(func() error { return c.readAgain(ctx, owner, id, edit) })
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if kept, ok := c.addons.of(owner).look(); ok {
		return kept, nil
	}
	return list, nil
}

// addHidden adds an add-on that was ordered and that the list does not show, if it
// is there: it is read by its id. One that is not even there so soon after the order
// is looked for as long as the platform may be behind.
func (c *Client) addHidden(ctx context.Context, owner string, log *orderlog.Log, o orderlog.Order, edit func(func([]Addon) []Addon)) error {
	var addon Addon
	until := o.Ended.Add(c.timing.settle)
	err := c.timing.looks(ctx, until, func() (bool, error) {
		var err error
		if addon, err = c.addon(ctx, owner, o.ID); IsNotFound(err) {
			return false, nil
		}
		return true, err
	})
	switch {
	case err != nil:
		return fmt.Errorf("add-on %q (%s) was ordered from this machine, and is not on the list: %w", o.Name, o.ID, err)
	case addon.ID == "": // somebody removed it
		return c.note(func() error { return log.Removed(o.ID) })
	}
	edit(adding(addon))
	return nil
}

// readAgain replaces what a list says of an add-on by what its id says.
func (c *Client) readAgain(ctx context.Context, owner, id string, edit func(func([]Addon) []Addon)) error {
	addon, err := c.addon(ctx, owner, id)
	if IsNotFound(err) {
		return nil
	}
	if err == nil {
		edit(replacing(addon))
	}
	return err
}

// addon reads one add-on.
func (c *Client) addon(ctx context.Context, owner, id string) (Addon, error) {
	path, err := below(owner, id)
	if err != nil {
		return Addon{}, err
	}
	a, err := read[Addon](ctx, c, path)
	if err == nil && a.ID != id {
		return Addon{}, fmt.Errorf("the platform answered with add-on %s when it was asked for %s", a.ID, id)
	}
	return a, err
}

// Unmarked returns the add-ons that were ordered from this machine for a scope and do
// not bear its mark, as far as they are there: a run was cut off before it set it. It
// looks at all owners that the user may see and whose logs hold something unfinished.
func (c *Client) Unmarked(ctx context.Context, scope string) ([]Located, error) {
	if c.memory == nil {
		return nil, nil
	}
	summary, err := c.Summary(ctx)
	if err != nil {
		return nil, err
	}
	var all []Located
	for _, owner := range summary.owners() {
		if !c.memory.Unfinished(owner.ID) {
			continue
		}
		found, err := c.unmarkedOf(ctx, owner.ID, scope)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// Declared notes that an add-on was declared; see orderlog.Declaration.
func (c *Client) Declared(ctx context.Context, owner, id string, d orderlog.Declaration) error {
	d.Run = c.run
	return c.note(func() error {
		return c.recall(ctx, owner, func(log *orderlog.Log) error { return log.Declare(id, d) })
	})
}

// Declarations returns who declared an add-on on this machine: the last time of each
// playbook, oldest first.
func (c *Client) Declarations(ctx context.Context, owner, id string) ([]orderlog.Declaration, error) {
	log, err := c.log(ctx, owner)
	if err != nil {
		return nil, err
	}
	return log.Declarations(id), nil
}

// ExpectsOrder reports whether an add-on of a name is likely to be ordered, as far as that
// is known without a request: its owner's list was not read yet, and this machine
// remembers no order of that name.
func (c *Client) ExpectsOrder(ctx context.Context, owner, name string) bool {
	if _, read := c.addons.of(owner).look(); read || name == "" {
		return false
	}
	log, err := c.log(ctx, owner)
	return err == nil && !slices.ContainsFunc(log.Orders(), func(o orderlog.Order) bool { return o.Name == name && o.Gone.IsZero() })
}

// OrderOf returns the order by which this machine made an add-on; false where it
// remembers none.
func (c *Client) OrderOf(ctx context.Context, owner, id string) (orderlog.Order, bool, error) {
	log, err := c.log(ctx, owner)
	if err != nil {
		return orderlog.Order{}, false, err
	}
	order, known := log.Of(id)
	return order, known, nil
}

func (c *Client) unmarkedOf(ctx context.Context, owner, scope string) ([]Located, error) {
	list, err := c.Addons(ctx, owner)
	if err != nil {
		return nil, err
	}
	log, err := c.log(ctx, owner)
	if err != nil {
		return nil, err
	}
	var found []Located
	for _, o := range log.Orders() {
		if !o.Unmarked() || o.Scope != scope {
			continue
		}
		if i := slices.IndexFunc(list, func(a Addon) bool { return a.ID == o.ID }); i >= 0 {
			found = append(found, Located{owner, list[i]})
		}
	}
	return found, nil
}
