package market

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
)

// A Vendor puts an add-on of somebody else into the catalogue: orders, plan
// changes and removals are done by the vendor's own back-end.
type Vendor struct {
	Manifest    []byte           // as package vendor reads it; its rules hold, but http on this machine is no error
	Dialect     manifest.Dialect // "" detects it; it stays as long as there are add-ons
	Environment string           // where the back-end is called: "production", or else "test"
	// Plans are the slugs of the plans that are offered, as the back-end gets them. An
	// AppFog manifest brings its own. None: those of an earlier start, or StandardPlans.
	Plans []string
}

// StandardPlans are offered where neither the manifest nor anybody else names a
// plan.
func StandardPlans() []string { return []string{"small", "large"} }

// Offer registers vendors for everybody, or renews what
// they offered at an earlier start.
func (m *Market) Offer(vendors []Vendor) error {
	if len(vendors) == 0 {
		return nil
	}
	return m.store.Change(func(d *store.Draft) error {
		before, changed := d.Registrations, d.Changed
		seen := map[string]bool{}
		for _, v := range vendors {
			if err := m.offerOne(d, v, seen); err != nil {
				d.Registrations, d.Changed = before, changed
				return err
			}
		}
		return nil
	})
}

// offerOne registers a vendor, unless its id was seen already.
func (m *Market) offerOne(d *store.Draft, v Vendor, seen map[string]bool) error {
	p, err := v.Provider()
	if err != nil {
		return err
	}
	id := p.Shown.ID
	if seen[id] {
		return &store.ProviderError{ID: id, Why: "it is given twice"}
	}
	seen[id] = true
	old := d.Registration(id)
	switch {
	case old == nil:
	case old.Owner != "": // its texts and plans are not ours to write
		return &store.ProviderError{ID: id, Why: "the organisation " + old.Owner + " registered it: remove it there first"}
	case old.Dialect != p.Dialect && d.HasAddonsOf(id):
		// Its back-end knows them by other ids: asked in the new dialect, it would say that they are gone.
		return &store.ProviderError{ID: id, Why: fmt.Sprintf("there are add-ons of it that were ordered as %s has it: keep to that dialect, or remove them first", old.Dialect)}
	default:
		p.KeepFrom(old)
	}
	if len(p.Shown.Plans) == 0 {
		addPlans(p, StandardPlans())
	}
	if old == nil {
		return d.AddRegistration(p)
	}
	return d.ReplaceRegistration(p)
}

// Provider returns the vendor's provider as the options have it.
func (v Vendor) Provider() (*store.Registration, error) {
	p, err := newRegistration(string(v.Manifest), v.Dialect, v.Environment)
	if err != nil {
		return nil, err
	}
	if len(v.Plans) > 0 && len(p.Shown.Plans) > 0 {
		return nil, &store.ProviderError{ID: p.Shown.ID, Why: "its manifest has plans, others cannot be given"}
	}
	for i, slug := range v.Plans {
		if !isSlug(slug) || hasSlug(p.Shown.Plans, slug) {
			return nil, &store.ProviderError{ID: p.Shown.ID, Why: fmt.Sprintf("plan %d, %q, is no slug, or is there twice", i+1, slug)}
		}
		addPlans(p, v.Plans[i:i+1])
	}
	return p, nil
}

// addPlans adds plans that are named after their slugs and cost nothing.
func addPlans(p *store.Registration, slugs []string) {
	for _, slug := range slugs {
		first, size := utf8.DecodeRuneInString(slug)
		p.Shown.Plans = append(p.Shown.Plans, newPlan(slug, string(unicode.ToUpper(first))+slug[size:]))
	}
}

// isSlug takes what stands in tables and URLs without escapes.
func isSlug(s string) bool {
	return s != "" && len(s) <= rest.NameLimit && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"'\/?#%,;<>`, r)
	})
}
