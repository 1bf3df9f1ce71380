package emulator

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"runner/clever"
	"runner/marketplace/manifest"
)

// A partner is a provider whose add-ons a vendor runs: what the platform shows of
// it, and the manifest by which it calls the vendor's back-end. Like all of a
// world it is never changed in place.
type partner struct {
	Owner       string           `json:"owner,omitempty"` // who alone sees it and orders from it; "": everybody
	Manifest    string           `json:"manifest"`        // its text, with the vendor's secrets
	Dialect     manifest.Dialect `json:"dialect"`
	Environment string           `json:"environment"` // "test" or "production": where the back-end is called
	Shown       clever.Provider  `json:"shown"`       // with plans and features
	Retired     []clever.Plan    `json:"retired,omitempty"`

	// What follows from the above; complete writes it.
	deal     *manifest.Manifest
	line     *manifest.Transport
	provider *provider
	encoded  []byte // as the catalogue shows it
}

// A ProviderError says why a vendor's provider cannot be put on sale, changed or
// taken off.
type ProviderError struct {
	ID   string // the manifest's
	Why  string
	Live bool // there are add-ons of it
}

func (e *ProviderError) Error() string { return fmt.Sprintf("the provider %q: %s", e.ID, e.Why) }

// site gives where the back-end is called.
func (p *partner) site() manifest.Site { return p.deal.Site(p.Environment) }

// seenBy tells whether an owner sees the provider and may order from it.
func (p *partner) seenBy(owner string) bool { return p.Owner == "" || p.Owner == owner }

// complete writes what follows from what is kept. Zones are those that the
// manifest names, or all: most manifests name the regions of a continent.
func (p *partner) complete(c *catalogue) error {
	deal, _ := manifest.Read([]byte(p.Manifest), manifest.Options{Dialect: p.Dialect, Loopback: true})
	if deal == nil || deal.ID == "" || deal.ID != p.Shown.ID {
		return fmt.Errorf("the manifest of the provider %q cannot be read", p.Shown.ID)
	}
	p.deal = deal
	site := p.site()
	p.line = manifest.NewTransport(manifest.TransportOptions{Loopback: onLoopback(site.BaseURL) || onLoopback(site.SSOURL)})
	view := p.Shown
	view.Regions = p.zones(c)
	p.provider = &provider{
		ID: view.ID, Name: view.Name, Short: view.ShortDesc, RealPrefix: view.ID + "_", Zones: view.Regions,
		CanUpgrade: view.CanUpgrade, Promised: deal.ConfigVars,
	}
	view.Plans = []clever.Plan{}
	for _, pl := range p.Shown.Plans {
		pl.Zones = view.Regions
		view.Plans = append(view.Plans, pl)
		p.provider.Plans = append(p.provider.Plans, &plan{Slug: pl.Slug, Name: pl.Name, ID: pl.ID, Price: pl.Price, view: pl})
	}
	for _, pl := range p.Retired {
		pl.Zones = view.Regions
		p.provider.Plans = append(p.provider.Plans, &plan{Slug: pl.Slug, Name: pl.Name, ID: pl.ID, Price: pl.Price, Retired: true, view: pl})
	}
	p.provider.view = view
	var err error
	p.encoded, err = json.Marshal(view)
	return err
}

func onLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && manifest.IsLoopback(u.Hostname())
}

// names tells whether the manifest names a zone among its regions.
func (p *partner) names(zone string) bool {
	return slices.ContainsFunc(p.deal.Regions, func(r string) bool { return strings.EqualFold(r, zone) })
}

func (p *partner) zones(c *catalogue) []string {
	var named, all []string
	for _, z := range c.zones {
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

// partner finds a vendor's provider by exact id; nil if there is none.
func (w *world) partner(id string) *partner {
	i := slices.IndexFunc(w.partners, func(p *partner) bool { return p.Shown.ID == id })
	if i < 0 {
		return nil
	}
	return w.partners[i]
}

// provider finds a provider of the platform, or a vendor's, by exact id; nil if
// there is none.
func (w *world) provider(id string) *provider {
	if p := w.catalogue.provider(id); p != nil {
		return p
	}
	if p := w.partner(id); p != nil {
		return p.provider
	}
	return nil
}

// providerOf gives an add-on's provider.
func (w *world) providerOf(a *addon) *provider {
	p := w.provider(a.Provider)
	if p == nil || p.plan(a.Plan) == nil { // both were removed since the add-on was looked up
		return &provider{ID: a.Provider, Name: a.Provider, Plans: []*plan{{ID: a.Plan, Slug: a.Plan, Name: a.Plan}}}
	}
	return p
}

// offered finds what is on sale to an owner; nil if there is no such thing.
func (w *world) offered(id, owner string) *provider {
	p, its := w.provider(id), w.partner(id)
	if p == nil || its != nil && !its.seenBy(owner) {
		return nil
	}
	return p
}

// adoptPartner puts a new partner among the others.
func (d *draft) adoptPartner(p *partner) error {
	if d.catalogue.provider(p.Shown.ID) != nil || d.partner(p.Shown.ID) != nil {
		return &ProviderError{ID: p.Shown.ID, Why: "there is one of this id already"}
	}
	if err := p.complete(d.catalogue); err != nil {
		return err
	}
	d.partners = append(slices.Clone(d.partners), p)
	d.changed = true
	return nil
}

// changePartner puts a changed copy where the partner of its id is.
func (d *draft) changePartner(p *partner) error {
	i := slices.IndexFunc(d.partners, func(q *partner) bool { return q.Shown.ID == p.Shown.ID })
	if i < 0 {
		return &ProviderError{ID: p.Shown.ID, Why: "there is none of this id"}
	}
	if err := p.complete(d.catalogue); err != nil {
		return err
	}
	d.partners = slices.Clone(d.partners)
	d.partners[i] = p
	d.changed = true
	return nil
}

// removePartner takes a partner off, unless add-ons of it live or are still to be
// removed at the vendor's.
func (d *draft) removePartner(id string) error {
	if d.partner(id) == nil {
		return &ProviderError{ID: id, Why: "there is none of this id"}
	}
	its := func(a *addon) bool { return a.Provider == id }
	switch {
	case slices.ContainsFunc(d.addons, its):
		return &ProviderError{ID: id, Why: "there are add-ons of it: remove them first", Live: true}
	case slices.ContainsFunc(d.leaving, its):
		return &ProviderError{ID: id, Why: "its back-end has not removed all of its add-ons yet: try again when it has", Live: true}
	}
	d.partners = slices.DeleteFunc(slices.Clone(d.partners), func(p *partner) bool { return p.Shown.ID == id })
	d.changed = true
	return nil
}

// dealsWith tells whether there are add-ons of a provider, or some that are still to
// be removed at its back-end.
func (w *world) dealsWith(id string) bool {
	its := func(a *addon) bool { return a.Provider == id }
	return slices.ContainsFunc(w.addons, its) || slices.ContainsFunc(w.leaving, its)
}

// sells finds what an organisation offers under an id; nil if there is no such thing.
func (w *world) sells(owner, id string) *partner {
	p := w.partner(id)
	if p == nil || p.Owner != owner {
		return nil
	}
	return p
}

// renew gives a partner what it was before where the new one must not differ:
// plans keep their ids by their slugs, and one that is no longer sold stays known.
// Without plans of its own it has the old ones.
func (p *partner) renew(old *partner) {
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
	// By their ids: a slug may have been sold under several, one after the other.
	p.Retired = slices.DeleteFunc(known, func(k clever.Plan) bool {
		return slices.ContainsFunc(p.Shown.Plans, func(pl clever.Plan) bool { return pl.ID == k.ID })
	})
}
