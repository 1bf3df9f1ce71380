package clever

import (
	"context"
	"slices"
)

// A Located is an add-on with its owner.
type Located struct {
	Owner string // "" for the personal space
	Addon Addon
}

// Means reports whether a word means the add-on: its id, its real id or its name.
func (a Addon) Means(word string) bool { return a.ID == word || a.RealID == word || a.Name == word }

// Locate finds add-ons by id, real id or name among all that the user may see:
// one request for the summary, and one for the list of each owner that has one.
// An id beats names. Nothing found is no error.
func (c *Client) Locate(ctx context.Context, word string) ([]Located, error) {
	summary, err := c.Summary(ctx)
	if err != nil {
		return nil, err
	}
	var all []Located
	for _, o := range summary.owners() {
		if !o.has(word) {
			continue
		}
		found, err := c.LocateIn(ctx, o.ID, word)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return preferID(all, word), nil
}

// LocateIn is Locate among the add-ons of one owner.
func (c *Client) LocateIn(ctx context.Context, owner, word string) ([]Located, error) {
	addons, err := c.Addons(ctx, owner)
	return LocatedIn(addons, owner, word), err
}

// LocatedIn returns those of an owner's add-ons that a word means. An id beats names.
func LocatedIn(addons []Addon, owner, word string) []Located {
	var found []Located
	for _, a := range addons {
		if a.Means(word) {
			found = append(found, Located{owner, a})
		}
	}
	return preferID(found, word)
}

// Tagged finds the add-ons with a tag among all that the user may see: those that
// have it in the summary, which is read once per client, and are on the lists.
func (c *Client) Tagged(ctx context.Context, tag string) ([]Located, error) {
	summary, err := c.Summary(ctx)
	if err != nil {
		return nil, err
	}
	var all []Located
	for _, o := range summary.owners() {
		tagged := map[string]bool{}
		for _, a := range o.Addons {
			if slices.Contains(a.CustomerTags, tag) {
				tagged[a.ID] = true
			}
		}
		if len(tagged) == 0 {
			continue
		}
		addons, err := c.Addons(ctx, o.ID)
		if err != nil {
			return nil, err
		}
		for _, a := range addons {
			if tagged[a.ID] {
				all = append(all, Located{o.ID, a})
			}
		}
	}
	return all, nil
}

// owners returns the personal space, whose id is "", and the organisations.
func (s Summary) owners() []SummaryOwner {
	s.User.ID = ""
	return append([]SummaryOwner{s.User}, s.Organisations...)
}

func preferID(found []Located, word string) []Located {
	for i, f := range found {
		if f.Addon.ID == word || f.Addon.RealID == word {
			return found[i : i+1]
		}
	}
	return found
}

func (o SummaryOwner) has(word string) bool {
	for _, a := range o.Addons {
		if a.ID == word || a.RealID == word || a.Name == word {
			return true
		}
	}
	return false
}
