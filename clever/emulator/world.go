package emulator

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"runner/clever"
)

// A world is everything that the platform remembers. A published world is never
// changed: who changes something works on a copy, and who reads needs no lock.
type world struct {
	catalogue     *catalogue
	user          account
	organisations []account
	addons        []*addon // oldest first
	tokens        []token  // that logins ended with
	partners      []*partner
	leaving       []*addon          // removed here, and not yet at their vendors'
	index         index             // of the add-ons
	moving        map[string]*addon // those about which something ends by itself, by id
	orders        int64             // how many add-ons there have been
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
	Network    string             `json:"network,omitempty"`  // operators: the id of its network group
	Policies   *policies          `json:"policies,omitempty"` // Pulsar only
	Sale       *sale              `json:"sale,omitempty"`     // nil: the platform runs it, and no vendor

	number int64 // the how-manieth it is: later ones have higher ones
}

// tags returns a copy of an add-on's tags, which is never nil.
func (a *addon) tags() []string { return append([]string{}, a.Tags...) }

// A retention is how long, or how much, a Pulsar keeps; null is without limit.
type retention struct {
	Size *int64 `json:"sizeInMB"`
	Days *int64 `json:"durationInDays"`
}

// policies are what a Pulsar's owner says of its storage (§4.13).
type policies struct {
	Retention *retention `json:"retentionPolicies"`
	Offload   *retention `json:"offloadPolicies"`
}

// policies returns an add-on's; the zero ones where its owner said nothing.
func (a *addon) policies() policies {
	if a.Policies == nil {
		return policies{}
	}
	return *a.Policies
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
func (w *world) addon(id string) *addon { return w.index.find(id) }

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

// shelves is how many parts the index has: so many that a change copies little.
const shelves = 256

// An index finds add-ons by both of their ids. Worlds that follow each other share
// all its parts but those with a change.
type index [shelves]map[string]*addon

func (x *index) find(id string) *addon { return x[shelfOf(id)][id] }

func shelfOf(id string) uint32 {
	sum := uint32(0)
	for i := range len(id) {
		sum = sum*31 + uint32(id[i])
	}
	return sum % shelves
}

// A draft is a world being changed. Its lists are its own, the add-ons in them
// are not.
type draft struct {
	world
	changed bool     // something beside the add-ons
	touched []string // ids of add-ons that were added, replaced or removed
	own     [shelves]bool
}

func (w *world) draft() *draft {
	d := &draft{world: *w}
	d.organisations = slices.Clone(w.organisations)
	d.addons = slices.Clone(w.addons)
	d.moving = maps.Clone(w.moving)
	return d
}

// adopt makes an organisation known.
func (d *draft) adopt(a account) {
	d.organisations = append(d.organisations, a)
	d.changed = true
}

// add takes in a new add-on.
func (d *draft) add(a *addon) {
	d.orders++
	a.number = d.orders
	d.addons = append(d.addons, a)
	d.note(a)
}

// replace puts a changed copy where the add-on of its id is.
func (d *draft) replace(a *addon) {
	a.number = d.addon(a.ID).number
	d.addons[d.position(a)] = a
	d.note(a)
}

// remove takes an add-on from its owner, unless it is gone already. What a vendor
// runs is remembered until it is removed there too.
func (d *draft) remove(id string) {
	a := d.addon(id)
	if a == nil {
		return
	}
	if a.Sale != nil {
		left := a.sold()
		left.Moving, left.Sale.State, left.Sale.Waiting = nil, removing, false
		d.leaving = append(slices.Clone(d.leaving), left)
		d.changed = true
	}
	d.drop(a)
}

// drop takes an add-on off the list.
func (d *draft) drop(a *addon) {
	i := d.position(a)
	d.addons = slices.Delete(d.addons, i, i+1)
	d.forget(a)
}

// dismiss ends an add-on of a vendor, of which nothing is left.
func (d *draft) dismiss(id string) {
	if a := d.addon(id); a != nil {
		d.drop(a)
		return
	}
	d.leaving = slices.DeleteFunc(slices.Clone(d.leaving), func(a *addon) bool { return a.ID == id })
	d.changed = true
}

// clear removes all add-ons.
func (d *draft) clear() {
	for _, a := range slices.Backward(slices.Clone(d.addons)) {
		d.remove(a.ID)
	}
}

func older(a, b *addon) int { return cmp.Compare(a.number, b.number) }

// position says where in the list an add-on is.
func (d *draft) position(a *addon) int {
	i, _ := slices.BinarySearchFunc(d.addons, a, older)
	return i
}

// note lets an add-on be found.
func (d *draft) note(a *addon) {
	d.touched = append(d.touched, a.ID)
	d.shelf(a.ID)[a.ID] = a
	d.shelf(a.RealID)[a.RealID] = a
	delete(d.moving, a.ID)
	if a.waits() {
		if d.moving == nil {
			d.moving = map[string]*addon{}
		}
		d.moving[a.ID] = a
	}
}

// waits tells whether something about an add-on ends by itself at some time.
func (a *addon) waits() bool { return a.Moving != nil || a.Sale != nil && a.Sale.Waiting }

// forget lets an add-on no longer be found.
func (d *draft) forget(a *addon) {
	d.touched = append(d.touched, a.ID)
	delete(d.shelf(a.ID), a.ID)
	delete(d.shelf(a.RealID), a.RealID)
	delete(d.moving, a.ID)
}

// shelf gives the draft's own copy of the part of the index where an id belongs.
func (d *draft) shelf(id string) map[string]*addon {
	i := shelfOf(id)
	if !d.own[i] {
		d.own[i] = true
		if d.index[i] = maps.Clone(d.index[i]); d.index[i] == nil {
			d.index[i] = map[string]*addon{}
		}
	}
	return d.index[i]
}

// resell puts a changed copy where a vendor's add-on is, whoever has it.
func (d *draft) resell(a *addon) {
	i := slices.IndexFunc(d.leaving, func(b *addon) bool { return a.ID == b.ID })
	if i < 0 {
		d.replace(a)
		return
	}
	d.leaving = slices.Clone(d.leaving)
	d.leaving[i] = a
	d.changed = true
}

// sold finds a vendor's add-on, also one that is no longer its owner's; nil if
// there is none.
func (w *world) sold(id string) *addon {
	if a := w.addon(id); a != nil && a.Sale != nil {
		return a
	}
	if i := slices.IndexFunc(w.leaving, func(a *addon) bool { return a.ID == id }); i >= 0 {
		return w.leaving[i]
	}
	return nil
}

// An otherShelfError says that a world is whole, and was made where other things
// are sold: VendorsOnly is, or was, on.
type otherShelfError struct{ why string }

func (e *otherShelfError) Error() string { return e.why }

// check says why a world that came from a file cannot be served.
func (w *world) check() error {
	if w.user.ID == "" {
		return fmt.Errorf("it names no user")
	}
	for _, t := range w.tokens {
		if t.Token == "" || t.Secret == "" {
			return fmt.Errorf("a token has no name, or no secret")
		}
	}
	if err := w.checkPartners(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, a := range slices.Concat(w.addons, w.leaving) {
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

func (w *world) checkPartners() error {
	seen := map[string]bool{} // not with the add-ons' ids: a provider may be called as an add-on is
	for _, p := range w.partners {
		switch {
		case p == nil || p.Shown.ID == "" || seen[p.Shown.ID]:
			return fmt.Errorf("a vendor's provider has no id, or the id of another")
		case w.catalogue.provider(p.Shown.ID) != nil:
			return &otherShelfError{fmt.Sprintf("a vendor sells %q in it, which is the platform's own here", p.Shown.ID)}
		}
		seen[p.Shown.ID] = true
		if err := p.complete(w.catalogue); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) checkAddon(a *addon) error {
	c := w.catalogue
	if s := a.Sale; s != nil && (s.Key == "" || w.partner(a.Provider) == nil || (s.State == changing) != (a.Moving != nil)) {
		return fmt.Errorf("what is kept of %s and its vendor does not fit together", a.ID)
	}
	if !w.owns(a.Owner) {
		return fmt.Errorf("the owner %q of %s is unknown", a.Owner, a.ID)
	}
	p := w.provider(a.Provider)
	if p == nil {
		return &otherShelfError{fmt.Sprintf("%s in it is of %q, which is not sold here", a.ID, a.Provider)}
	}
	if p.plan(a.Plan) == nil || c.zone(a.Region) == nil {
		return fmt.Errorf("the plan or region of %s is not in the catalogue", a.ID)
	}
	if m := a.Moving; m != nil && len(m.Migration.Steps) == 0 {
		return fmt.Errorf("the migration of %s has no steps", a.ID)
	}
	if m := a.Moving; m != nil && (p.plan(m.Plan) == nil || c.zone(m.Region) == nil) {
		return fmt.Errorf("the plan or region that %s moves to is not in the catalogue", a.ID)
	}
	return nil
}
