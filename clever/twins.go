package clever

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
)

// The platform allows several add-ons of one name, so two machines that find none
// at the same time order one each. This file finds out, afterwards.

// purchases are what a client ordered. The zero value is ready.
type purchases struct {
	mu  sync.Mutex
	all []purchase
}

type purchase struct {
	owner  string
	addon  Addon
	before []string // ids of what had its name already
}

func (p *purchases) add(o *ordering, addon Addon) {
	bought := purchase{owner: o.owner, addon: addon}
	for _, b := range o.before {
		if b.Name == addon.Name {
			bought.before = append(bought.before, b.ID)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, bought)
}

// byOwner gives what was ordered so far, apart for each owner.
func (p *purchases) byOwner() map[string][]purchase {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := map[string][]purchase{}
	for _, b := range p.all {
		m[b.owner] = append(m[b.owner], b)
	}
	return m
}

// Twins looks whether somebody else ordered an add-on of the same provider and
// name as this client did, at the same time, and was earlier. Of the two who
// ordered, the later one is told, so that one of them is. It reads each list once
// that was ordered for, whatever the number of orders, and nothing if there were
// none: call it when all orders are made. Twins are given even with an error.
func (c *Client) Twins(ctx context.Context) ([]*TwinError, error) {
	var twins []*TwinError
	for owner, bought := range c.bought.byOwner() {
		list, err := c.Refresh(ctx, owner)
		if err != nil {
			return twins, err
		}
		for _, b := range bought {
			if other, ok := b.twin(bought, list); ok {
				twins = append(twins, &TwinError{Name: b.addon.Name, Mine: b.addon.ID, Theirs: other.ID})
			}
		}
	}
	slices.SortFunc(twins, (*TwinError).Compare)
	return twins, nil
}

// twin gives the add-on on a list that somebody else ordered a little earlier.
func (b purchase) twin(ours []purchase, list []Addon) (Addon, bool) {
	still := slices.ContainsFunc(list, func(a Addon) bool { return a.ID == b.addon.ID })
	i := slices.IndexFunc(list, func(a Addon) bool {
		return a.Name == b.addon.Name && a.Provider.ID == b.addon.Provider.ID && a.earlier(b.addon) &&
			!slices.Contains(b.before, a.ID) &&
			!slices.ContainsFunc(ours, func(o purchase) bool { return o.addon.ID == a.ID })
	})
	if !still || i < 0 {
		return Addon{}, false
	}
	return list[i], true
}

// earlier orders add-ons by their creation, and those of one instant by their ids.
func (a Addon) earlier(b Addon) bool {
	return cmp.Or(cmp.Compare(a.CreationDate, b.CreationDate), cmp.Compare(a.ID, b.ID)) < 0
}

// A TwinError says that somebody else ordered the same, a little earlier.
type TwinError struct {
	Name   string
	Mine   string // the id of what this client ordered
	Theirs string // the id of what was ordered earlier
}

func (e *TwinError) Error() string {
	return fmt.Sprintf("add-on %q was ordered twice at the same time: %s by somebody else, and then %s by this run", e.Name, e.Theirs, e.Mine)
}

// Compare orders twins by name.
func (e *TwinError) Compare(other *TwinError) int {
	return cmp.Or(cmp.Compare(e.Name, other.Name), cmp.Compare(e.Mine, other.Mine))
}

// Hint says what to do.
func (e *TwinError) Hint() string {
	return "keep one and remove the other by its id, which removes its data: addon_remove: {addon: " + e.Mine + "}"
}
