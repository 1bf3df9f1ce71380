package emulator

import (
	"encoding/json"
	"fmt"
	"slices"

	"runner/clever"
)

// A world is everything that the platform remembers. A published world is never
// changed: who changes something works on a copy, and who reads needs no lock.
type world struct {
	user          account
	organisations []account
	addons        []*addon // oldest first
	tokens        []token  // that logins ended with
	partners      []*partner
	leaving       []*addon // removed here, and not yet at their vendors'
}

// An account is the user or an organisation.
type account struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Email   string `json:"email,omitempty"`
	Created int64  `json:"created"` // milliseconds
}

// An addon is what is kept of an order. It too is never changed in place.
type addon struct {
	ID         string             `json:"id"`
	RealID     string             `json:"realId"`
	Owner      string             `json:"owner"`
	Name       string             `json:"name"`
	Provider   string             `json:"provider"`
	Plan       string             `json:"plan"`
	Region     string             `json:"region"`
	Version    string             `json:"version,omitempty"`
	Created    int64              `json:"created"` // milliseconds
	Options    map[string]string  `json:"options,omitempty"`
	Facts      map[string]string  `json:"facts,omitempty"`
	Env        []clever.EnvVar    `json:"env,omitempty"` // config-provider only: what its owner wrote
	Tags       []string           `json:"tags,omitempty"`
	Migrations []clever.Migration `json:"migrations,omitempty"`
	Moving     *moving            `json:"moving,omitempty"`
	Network    string             `json:"network,omitempty"` // operators: the id of its network group

	line []byte // as the snapshot holds it; written once
}

// A moving is where an add-on will be when its migration ends.
type moving struct {
	From      int64            `json:"from"`  // milliseconds
	Until     int64            `json:"until"` // milliseconds
	Plan      string           `json:"plan"`
	Region    string           `json:"region"`
	Version   string           `json:"version,omitempty"`
	Migration clever.Migration `json:"migration"` // as it will have been
}

// owns says whether the id is the user's or an organisation's.
func (w *world) owns(id string) bool { return w.account(id) != nil }

// account finds the user or an organisation; nil if there is none.
func (w *world) account(id string) *account {
	if id == w.user.ID {
		return &w.user
	}
	i := slices.IndexFunc(w.organisations, func(a account) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &w.organisations[i]
}

// addon finds by add-on id or real id; nil if there is none.
func (w *world) addon(id string) *addon {
	i := slices.IndexFunc(w.addons, func(a *addon) bool { return a.ID == id || a.RealID == id })
	if i < 0 {
		return nil
	}
	return w.addons[i]
}

// of gives an owner's add-ons, oldest first.
func (w *world) of(owner string) []*addon {
	var list []*addon
	for _, a := range w.addons {
		if a.Owner == owner {
			list = append(list, a)
		}
	}
	return list
}

// A draft is a world being changed. Its lists are its own, the add-ons in them
// are not.
type draft struct {
	world
	changed bool
}

func (w *world) draft() *draft {
	d := &draft{world: *w}
	d.organisations = slices.Clone(w.organisations)
	d.addons = slices.Clone(w.addons)
	return d
}

// adopt makes an organisation known.
func (d *draft) adopt(a account) {
	d.organisations = append(d.organisations, a)
	d.changed = true
}

// add takes in a new add-on.
func (d *draft) add(a *addon) {
	d.addons = append(d.addons, a)
	d.changed = true
}

// replace puts a changed copy where the add-on of its id is.
func (d *draft) replace(a *addon) {
	i := slices.IndexFunc(d.addons, func(b *addon) bool { return a.ID == b.ID })
	a.line = nil
	d.addons[i] = a
	d.changed = true
}

// remove forgets an add-on.
func (d *draft) remove(id string) {
	d.addons = slices.DeleteFunc(d.addons, func(a *addon) bool { return a.ID == id })
	d.changed = true
}

// clear forgets all add-ons.
func (d *draft) clear() {
	d.addons, d.changed = nil, true
}

// check says why a world that came from a file cannot be served.
func (w *world) check(c *catalogue) error {
	if w.user.ID == "" {
		return fmt.Errorf("it names no user")
	}
	seen := map[string]bool{}
	for _, t := range w.tokens {
		if t.Token == "" || t.Secret == "" {
			return fmt.Errorf("a token has no name, or no secret")
		}
	}
	for _, p := range w.partners {
		if p == nil || p.Shown.ID == "" || seen[p.Shown.ID] || c.provider(p.Shown.ID) != nil {
			return fmt.Errorf("a vendor's provider has no id, or the id of another")
		}
		seen[p.Shown.ID] = true
		if err := p.complete(c); err != nil {
			return err
		}
	}
	for _, a := range slices.Concat(w.addons, w.leaving) {
		if a == nil || a.ID == "" || a.RealID == "" || seen[a.ID] || seen[a.RealID] {
			return fmt.Errorf("an add-on has no id, or the id of another")
		}
		seen[a.ID], seen[a.RealID] = true, true
		if !w.owns(a.Owner) {
			return fmt.Errorf("the owner %q of %s is unknown", a.Owner, a.ID)
		}
		p := w.provider(c, a.Provider)
		if p == nil || p.plan(a.Plan) == nil || c.zone(a.Region) == nil {
			return fmt.Errorf("the provider, plan or region of %s is not in the catalogue", a.ID)
		}
		if m := a.Moving; m != nil && len(m.Migration.Steps) == 0 {
			return fmt.Errorf("the migration of %s has no steps", a.ID)
		}
		if m := a.Moving; m != nil && (p.plan(m.Plan) == nil || c.zone(m.Region) == nil) {
			return fmt.Errorf("the plan or region that %s moves to is not in the catalogue", a.ID)
		}
	}
	return nil
}

// encoded gives the add-on as a line of the snapshot.
func (a *addon) encoded() ([]byte, error) {
	if a.line == nil {
		line, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		a.line = line
	}
	return a.line, nil
}
