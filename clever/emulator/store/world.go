package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"runner/clever"
	"runner/clever/emulator/catalogue"
)

// A World is everything that the platform remembers. A published world is never
// changed: who changes something works on a copy, and who reads needs no lock.
type World struct {
	Tables
	catalogue     *catalogue.Catalogue
	User          Account
	Organisations []Account
	Addons        []*Addon // oldest first
	Tokens        []Token  // that logins ended with
	Registrations []*Registration
	Leaving       []*Addon          // removed here, and not yet at their vendors'
	index         index             // of the add-ons
	Moving        map[string]*Addon // those about which something ends by itself, by id
	orders        int64             // how many add-ons there have been
}

// An Account is the user or an organisation.
type Account struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Email   string `json:"email,omitempty"`
	Created int64  `json:"created"` // milliseconds
}

// An Addon is what is kept of an order. It too is never changed in place.
type Addon struct {
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
	Moving     *Moving            `json:"moving,omitempty"`
	Network    string             `json:"network,omitempty"`  // operators: the id of its network group
	Policies   *Policies          `json:"policies,omitempty"` // Pulsar only
	Vendor     *VendorRecord      `json:"sale,omitempty"`     // nil: the platform runs it, and no vendor

	number int64 // its number: later ones have higher ones
}

// TagList returns a copy of an add-on's tags, which is never nil.
func (a *Addon) TagList() []string { return append([]string{}, a.Tags...) }

// A Retention is how long, or how much, a Pulsar keeps; null is without limit.
type Retention struct {
	Size *int64 `json:"sizeInMB"`
	Days *int64 `json:"durationInDays"`
}

// Policies are what a Pulsar's owner says of its storage (docs/platform.md §4.10).
type Policies struct {
	Retention *Retention `json:"retentionPolicies"`
	Offload   *Retention `json:"offloadPolicies"`
}

// StoragePolicies returns an add-on's; the zero ones where its owner said nothing.
func (a *Addon) StoragePolicies() Policies {
	if a.Policies == nil {
		return Policies{}
	}
	return *a.Policies
}

// HasOwner reports whether the id is the user's or an organisation's.
func (w *World) HasOwner(id string) bool { return w.Account(id) != nil }

// Account finds the user or an organisation; nil if there is none.
func (w *World) Account(id string) *Account {
	if id == w.User.ID {
		return &w.User
	}
	i := slices.IndexFunc(w.Organisations, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &w.Organisations[i]
}

// Addon finds by add-on id or real id; nil if there is none.
func (w *World) Addon(id string) *Addon { return w.index.find(id) }

// AddonsOf returns an owner's add-ons, oldest first.
func (w *World) AddonsOf(owner string) []*Addon {
	var list []*Addon
	for _, a := range w.Addons {
		if a.Owner == owner {
			list = append(list, a)
		}
	}
	return list
}

// indexParts is how many parts the index has: so many that a change copies little.
const indexParts = 256

// An index finds add-ons by both of their ids. Worlds that follow each other share
// all its parts but those with a change.
type index [indexParts]map[string]*Addon

func (x *index) find(id string) *Addon { return x[partOf(id)][id] }

func partOf(id string) uint32 {
	sum := uint32(0)
	for i := range len(id) {
		sum = sum*31 + uint32(id[i])
	}
	return sum % indexParts
}

// A Draft is a world being changed. Its lists are its own, the add-ons in them
// are not.
type Draft struct {
	World
	Changed bool     // something beside the add-ons
	touched []string // ids of add-ons that were added, replaced or removed
	own     [indexParts]bool
}

// Draft returns the world to be changed.
func (w *World) Draft() *Draft {
	d := &Draft{World: *w}
	d.Organisations = slices.Clone(w.Organisations)
	d.Addons = slices.Clone(w.Addons)
	d.Moving = maps.Clone(w.Moving)
	_ = d.each(func(_ string, t table) error {
		t.begin()
		return nil
	})
	return d
}

// AddOrganisation makes an organisation known.
func (d *Draft) AddOrganisation(a Account) {
	d.Organisations = append(d.Organisations, a)
	d.Changed = true
}

// Add takes in a new add-on.
func (d *Draft) Add(a *Addon) {
	d.orders++
	a.number = d.orders
	d.Addons = append(d.Addons, a)
	d.note(a)
}

// Replace puts a changed copy where the add-on of its id is.
func (d *Draft) Replace(a *Addon) {
	a.number = d.Addon(a.ID).number
	d.Addons[d.position(a)] = a
	d.note(a)
}

// Remove takes an add-on from its owner, unless it is gone already. What a vendor
// runs is remembered until it is removed there too.
func (d *Draft) Remove(id string) {
	a := d.Addon(id)
	if a == nil {
		return
	}
	if a.Vendor != nil {
		left := a.VendorCopy()
		left.Moving, left.Vendor.State, left.Vendor.Waiting = nil, Removing, false
		d.Leaving = append(slices.Clone(d.Leaving), left)
		d.Changed = true
	}
	d.drop(a)
}

// drop takes an add-on off the list.
func (d *Draft) drop(a *Addon) {
	i := d.position(a)
	d.Addons = slices.Delete(d.Addons, i, i+1)
	d.forget(a)
	d.unlink(a)
}

// Dismiss ends an add-on of a vendor, of which nothing is left.
func (d *Draft) Dismiss(id string) {
	if a := d.Addon(id); a != nil {
		d.drop(a)
		return
	}
	d.Leaving = slices.DeleteFunc(slices.Clone(d.Leaving), func(a *Addon) bool { return a.ID == id })
	d.Changed = true
}

// Clear removes all add-ons, applications, and what belongs to them. Owners, tokens
// and consumers stay.
func (d *Draft) Clear() {
	d.Applications.RemoveFunc(func(*Application) bool { return true })
	d.Groups.RemoveFunc(func(*Group) bool { return true })
	d.Drains.RemoveFunc(func(*Drain) bool { return true })
	d.Hooks.RemoveFunc(func(*Hook) bool { return true })
	for _, a := range slices.Backward(slices.Clone(d.Addons)) {
		d.Remove(a.ID)
	}
}

func older(a, b *Addon) int { return cmp.Compare(a.number, b.number) }

// position says where in the list an add-on is.
func (d *Draft) position(a *Addon) int {
	i, _ := slices.BinarySearchFunc(d.Addons, a, older)
	return i
}

// note lets an add-on be found.
func (d *Draft) note(a *Addon) {
	d.touched = append(d.touched, a.ID)
	d.part(a.ID)[a.ID] = a
	d.part(a.RealID)[a.RealID] = a
	delete(d.Moving, a.ID)
	if a.waits() {
		if d.Moving == nil {
			d.Moving = map[string]*Addon{}
		}
		d.Moving[a.ID] = a
	}
}

// waits reports whether something about an add-on ends by itself at some time.
func (a *Addon) waits() bool { return a.Moving != nil || a.Vendor != nil && a.Vendor.Waiting }

// forget lets an add-on no longer be found.
func (d *Draft) forget(a *Addon) {
	d.touched = append(d.touched, a.ID)
	delete(d.part(a.ID), a.ID)
	delete(d.part(a.RealID), a.RealID)
	delete(d.Moving, a.ID)
}

// part returns the draft's own copy of the part of the index where an id belongs.
func (d *Draft) part(id string) map[string]*Addon {
	i := partOf(id)
	if !d.own[i] {
		d.own[i] = true
		if d.index[i] = maps.Clone(d.index[i]); d.index[i] == nil {
			d.index[i] = map[string]*Addon{}
		}
	}
	return d.index[i]
}

// ReplaceVendorAddon puts a changed copy where a vendor's add-on is, whoever has it.
func (d *Draft) ReplaceVendorAddon(a *Addon) {
	i := slices.IndexFunc(d.Leaving, func(b *Addon) bool { return a.ID == b.ID })
	if i < 0 {
		d.Replace(a)
		return
	}
	d.Leaving = slices.Clone(d.Leaving)
	d.Leaving[i] = a
	d.Changed = true
}

// VendorAddon finds a vendor's add-on, also one that is no longer its owner's; nil if
// there is none.
func (w *World) VendorAddon(id string) *Addon {
	if a := w.Addon(id); a != nil && a.Vendor != nil {
		return a
	}
	if i := slices.IndexFunc(w.Leaving, func(a *Addon) bool { return a.ID == id }); i >= 0 {
		return w.Leaving[i]
	}
	return nil
}

// An otherCatalogueError says that a world is whole, and was made where other things
// are offered: VendorsOnly is, or was, on.
type otherCatalogueError struct{ why string }

func (e *otherCatalogueError) Error() string { return e.why }

// check returns why a world that came from a file cannot be served.
func (w *World) check() error {
	if w.User.ID == "" {
		return fmt.Errorf("it names no user")
	}
	for _, t := range w.Tokens {
		if t.Token == "" || t.Secret == "" {
			return fmt.Errorf("a token has no name, or no secret")
		}
	}
	if err := w.checkRegistrations(); err != nil {
		return err
	}
	for _, a := range w.Applications.All() {
		if !w.HasOwner(a.Owner) || w.catalogue.Zone(a.Zone) == nil {
			return fmt.Errorf("the owner or the zone of %s is unknown", a.ID)
		}
	}
	seen := map[string]bool{}
	for _, a := range slices.Concat(w.Addons, w.Leaving) {
		if a == nil || a.ID == "" || a.RealID == "" || seen[a.ID] || seen[a.RealID] {
			return fmt.Errorf("an add-on has no id, or the id of another")
		}
		seen[a.ID], seen[a.RealID] = true, true
		if err := w.checkAddon(a); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) checkRegistrations() error {
	seen := map[string]bool{} // not with the add-ons' ids: a provider may be called as an add-on is
	for _, p := range w.Registrations {
		switch {
		case p == nil || p.Shown.ID == "" || seen[p.Shown.ID]:
			return fmt.Errorf("a vendor's provider has no id, or the id of another")
		case w.catalogue.Provider(p.Shown.ID) != nil:
			return &otherCatalogueError{fmt.Sprintf("a vendor offers %q in it, which is the platform's own here", p.Shown.ID)}
		}
		seen[p.Shown.ID] = true
		if err := p.complete(w.catalogue); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) checkAddon(a *Addon) error {
	c := w.catalogue
	if s := a.Vendor; s != nil && (s.Key == "" || w.Registration(a.Provider) == nil || (s.State == Changing) != (a.Moving != nil)) {
		return fmt.Errorf("what is kept of %s and its vendor does not fit together", a.ID)
	}
	if !w.HasOwner(a.Owner) {
		return fmt.Errorf("the owner %q of %s is unknown", a.Owner, a.ID)
	}
	p := w.provider(a.Provider)
	if p == nil {
		return &otherCatalogueError{fmt.Sprintf("%s in it is of %q, which is not offered here", a.ID, a.Provider)}
	}
	if p.Plan(a.Plan) == nil || c.Zone(a.Region) == nil {
		return fmt.Errorf("the plan or region of %s is not in the catalogue", a.ID)
	}
	if m := a.Moving; m != nil && len(m.Migration.Steps) == 0 {
		return fmt.Errorf("the migration of %s has no steps", a.ID)
	}
	if m := a.Moving; m != nil && (p.Plan(m.Plan) == nil || c.Zone(m.Region) == nil) {
		return fmt.Errorf("the plan or region that %s moves to is not in the catalogue", a.ID)
	}
	return nil
}
