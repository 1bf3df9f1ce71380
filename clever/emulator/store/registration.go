package store

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/marketplace/manifest"
)

// A Registration is a provider whose add-ons a vendor runs: what the platform shows of
// it, and the manifest by which it calls the vendor's back-end. Like all of a
// world it is never changed in place.
type Registration struct {
	Owner       string           `json:"owner,omitempty"` // who alone sees it and orders from it; "": everybody
	Manifest    string           `json:"manifest"`        // its text, with the vendor's secrets
	Dialect     manifest.Dialect `json:"dialect"`
	Environment string           `json:"environment"` // "test" or "production": where the back-end is called
	Shown       clever.Provider  `json:"shown"`       // with plans and features
	Retired     []clever.Plan    `json:"retired,omitempty"`

	// What follows from the above; complete writes it.
	Parsed    *manifest.Manifest
	Transport *manifest.Transport
	Provider  *catalogue.Provider
	Encoded   []byte // as the catalogue shows it
}

// A ProviderError says why a vendor's provider cannot be registered, changed or
// removed.
type ProviderError struct {
	ID   string // the manifest's
	Why  string
	Live bool // there are add-ons of it
}

func (e *ProviderError) Error() string { return fmt.Sprintf("the provider %q: %s", e.ID, e.Why) }

// Site returns where the back-end is called.
func (p *Registration) Site() manifest.Site { return p.Parsed.Site(p.Environment) }

// VisibleTo reports whether an owner sees the provider and may order from it.
func (p *Registration) VisibleTo(owner string) bool { return p.Owner == "" || p.Owner == owner }

// complete writes what follows from what is kept. Zones are those that the
// manifest names, or all: most manifests name the regions of a continent.
func (p *Registration) complete(c *catalogue.Catalogue) error {
	parsed, _ := manifest.Read([]byte(p.Manifest), manifest.Options{Dialect: p.Dialect, Loopback: true})
	if parsed == nil || parsed.ID == "" || parsed.ID != p.Shown.ID {
		return fmt.Errorf("the manifest of the provider %q cannot be read", p.Shown.ID)
	}
	p.Parsed = parsed
	site := p.Site()
	p.Transport = manifest.NewTransport(manifest.TransportOptions{Loopback: onLoopback(site.BaseURL) || onLoopback(site.SSOURL)})
	view := p.Shown
	view.Regions = p.zones(c)
	p.Provider = &catalogue.Provider{
		ID: view.ID, Name: view.Name, Short: view.ShortDesc, RealPrefix: view.ID + "_", Zones: view.Regions,
		CanUpgrade: view.CanUpgrade, Promised: parsed.ConfigVars,
	}
	view.Plans = []clever.Plan{}
	for _, pl := range p.Shown.Plans {
		pl.Zones = view.Regions
		view.Plans = append(view.Plans, pl)
		p.Provider.Plans = append(p.Provider.Plans, &catalogue.Plan{Slug: pl.Slug, Name: pl.Name, ID: pl.ID, Price: pl.Monthly(), View: pl})
	}
	for _, pl := range p.Retired {
		pl.Zones = view.Regions
		p.Provider.Plans = append(p.Provider.Plans, &catalogue.Plan{Slug: pl.Slug, Name: pl.Name, ID: pl.ID, Price: pl.Monthly(), Retired: true, View: pl})
	}
	p.Provider.View = view
	var err error
	p.Encoded, err = json.Marshal(view)
	return err
}

func onLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && manifest.IsLoopback(u.Hostname())
}

// names reports whether the manifest names a zone among its regions.
func (p *Registration) names(zone string) bool {
	return slices.ContainsFunc(p.Parsed.Regions, func(r string) bool { return strings.EqualFold(r, zone) })
}

func (p *Registration) zones(c *catalogue.Catalogue) []string {
	var named, all []string
	for _, z := range c.Zones {
		all = append(all, z.Name)
		if p.names(z.Name) {
			named = append(named, z.Name)
		}
	}
	if len(named) > 0 {
		return named
	}
	return all
}

// Registration finds a vendor's provider by exact id; nil if there is none.
func (w *World) Registration(id string) *Registration {
	i := slices.IndexFunc(w.Registrations, func(p *Registration) bool { return p.Shown.ID == id })
	if i < 0 {
		return nil
	}
	return w.Registrations[i]
}

// provider finds a provider of the platform, or a vendor's, by exact id; nil if
// there is none.
func (w *World) provider(id string) *catalogue.Provider {
	if p := w.catalogue.Provider(id); p != nil {
		return p
	}
	if p := w.Registration(id); p != nil {
		return p.Provider
	}
	return nil
}

// Zone returns a zone of the platform by its name; nil if there is none.
func (w *World) Zone(name string) *clever.Zone { return w.catalogue.Zone(name) }

// ProviderOf returns an add-on's provider.
func (w *World) ProviderOf(a *Addon) *catalogue.Provider {
	p := w.provider(a.Provider)
	if p == nil || p.Plan(a.Plan) == nil { // both were removed since the add-on was looked up
		return &catalogue.Provider{ID: a.Provider, Name: a.Provider, Plans: []*catalogue.Plan{{ID: a.Plan, Slug: a.Plan, Name: a.Plan}}}
	}
	return p
}

// Offered returns what is offered to an owner; nil if there is no such thing.
func (w *World) Offered(id, owner string) *catalogue.Provider {
	p, its := w.provider(id), w.Registration(id)
	if p == nil || its != nil && !its.VisibleTo(owner) {
		return nil
	}
	return p
}

// AddRegistration puts a new one among the others.
func (d *Draft) AddRegistration(p *Registration) error {
	if d.catalogue.Provider(p.Shown.ID) != nil || d.Registration(p.Shown.ID) != nil {
		return &ProviderError{ID: p.Shown.ID, Why: "there is one of this id already"}
	}
	if err := p.complete(d.catalogue); err != nil {
		return err
	}
	d.Registrations = append(slices.Clone(d.Registrations), p)
	d.Changed = true
	return nil
}

// ReplaceRegistration puts a changed copy where the registration of its id is.
func (d *Draft) ReplaceRegistration(p *Registration) error {
	i := slices.IndexFunc(d.Registrations, func(q *Registration) bool { return q.Shown.ID == p.Shown.ID })
	if i < 0 {
		return &ProviderError{ID: p.Shown.ID, Why: "there is none of this id"}
	}
	if err := p.complete(d.catalogue); err != nil {
		return err
	}
	d.Registrations = slices.Clone(d.Registrations)
	d.Registrations[i] = p
	d.Changed = true
	return nil
}

// RemoveRegistration removes a registration, unless add-ons of it live or are still to be
// removed at the vendor's.
func (d *Draft) RemoveRegistration(id string) error {
	if d.Registration(id) == nil {
		return &ProviderError{ID: id, Why: "there is none of this id"}
	}
	its := func(a *Addon) bool { return a.Provider == id }
	switch {
	case slices.ContainsFunc(d.Addons, its):
		return &ProviderError{ID: id, Why: "there are add-ons of it: remove them first", Live: true}
	case slices.ContainsFunc(d.Leaving, its):
		return &ProviderError{ID: id, Why: "its back-end has not removed all of its add-ons yet: try again when it has", Live: true}
	}
	d.Registrations = slices.DeleteFunc(slices.Clone(d.Registrations), func(p *Registration) bool { return p.Shown.ID == id })
	d.Changed = true
	return nil
}

// HasAddonsOf reports whether there are add-ons of a provider, or some that are still to
// be removed at its back-end.
func (w *World) HasAddonsOf(id string) bool {
	its := func(a *Addon) bool { return a.Provider == id }
	return slices.ContainsFunc(w.Addons, its) || slices.ContainsFunc(w.Leaving, its)
}

// RegistrationOf finds what an organisation offers under an id; nil if there is no such thing.
func (w *World) RegistrationOf(owner, id string) *Registration {
	p := w.Registration(id)
	if p == nil || p.Owner != owner {
		return nil
	}
	return p
}

// KeepFrom keeps what a registration was before where the new one must not differ:
// plans keep their ids by their slugs, and one that is no longer offered stays known.
// Without plans of its own it has the old ones.
func (p *Registration) KeepFrom(old *Registration) {
	if len(p.Shown.Plans) == 0 {
		p.Shown.Plans = old.Shown.Plans
	}
	p.Shown.Features = old.Shown.Features
	known := slices.Concat(old.Shown.Plans, old.Retired)
	p.Shown.Plans = slices.Clone(p.Shown.Plans)
	for i, pl := range p.Shown.Plans {
		if at := slices.IndexFunc(known, func(k clever.Plan) bool { return k.Slug == pl.Slug }); at >= 0 {
			p.Shown.Plans[i].ID = known[at].ID
		}
	}
	// By their ids: a slug may have been offered under several, one after the other.
	p.Retired = slices.DeleteFunc(known, func(k clever.Plan) bool {
		return slices.ContainsFunc(p.Shown.Plans, func(pl clever.Plan) bool { return pl.ID == k.ID })
	})
}
