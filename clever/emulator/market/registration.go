package market

import (
	"cmp"
	"errors"
	"fmt"
	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
	"slices"
)

// newRegistration reads a manifest, whose rules were checked before. It has neither
// plans nor features yet, except those that the manifest brings.
func newRegistration(text string, d manifest.Dialect, environment string) (*store.Registration, error) {
	m, problems := manifest.Read([]byte(text), manifest.Options{Dialect: d, Loopback: true})
	if m == nil || m.ID == "" {
		return nil, errors.New("the manifest cannot be read")
	}
	if wrong := manifest.Errors(problems); len(wrong) > 0 {
		return nil, fmt.Errorf("the manifest is wrong: %w", wrong[0])
	}
	p := &store.Registration{Manifest: text, Dialect: m.Dialect, Environment: cmp.Or(environment, "test")}
	p.Shown = clever.Provider{
		ID: m.ID, Name: cmp.Or(m.Name, m.ID), Status: "RELEASE", CanUpgrade: m.Dialect != manifest.AppFog || m.PlanUpdateable,
		OpenInNewTab: true, Plans: []clever.Plan{}, Features: []clever.Feature{},
	}
	for _, pl := range m.Plans {
		p.Shown.Plans = append(p.Shown.Plans, newPlan(pl.ID, cmp.Or(pl.Name, pl.ID)))
	}
	return p, nil
}

// newPlan returns a plan that costs nothing.
func newPlan(slug, name string) clever.Plan {
	return clever.Plan{ID: "plan_" + catalogue.NewUUID(), Slug: slug, Name: name, Features: []clever.Feature{}}
}

func hasSlug(plans []clever.Plan, slug string) bool {
	return slices.ContainsFunc(plans, func(pl clever.Plan) bool { return pl.Slug == slug })
}
