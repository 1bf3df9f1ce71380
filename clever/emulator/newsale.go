package emulator

import (
	"fmt"
	"runner/clever"
	"runner/marketplace/manifest"
	"slices"
	"time"
)

// newSale gives a sale that is about to be ordered. Base is where the vendor
// reaches this emulator.
func newSale(p *partner, a *addon, base, user string) *sale {
	s := &sale{Key: a.ID, User: user, State: provisioning, Plan: p.slug(a.Plan), Region: p.region(a.Region)}
	if p.deal.Dialect != manifest.Clever {
		s.Key = newUUID()
	}
	s.Callback = base + callbackPath(p.deal.Dialect) + s.Key
	return s
}

// callbackPath is where a dialect's back-ends reach an add-on, below the host.
func callbackPath(d manifest.Dialect) string {
	switch d {
	case manifest.Clever:
		return "/v2/vendor/apps/"
	case manifest.HerokuV3:
		return "/addons/"
	}
	return "/vendor/apps/"
}

// vendorOrder gives what the vendor is told of an add-on.
func (m *market) vendorOrder(w *world, p *partner, a *addon) manifest.Order {
	o := manifest.Order{
		Key: a.Sale.Key, App: fmt.Sprintf("app%d@heroku.com", a.Created), OwnerID: a.Owner, UserID: a.Sale.User,
		Account: "EMULATOR", Name: a.Name, Plan: p.slug(a.Plan), Region: a.Sale.Region, Callback: a.Sale.Callback,
		Options: a.Options, Grant: "none", GrantEnds: m.options.Now().Add(5 * time.Minute),
	}
	if a.Sale.ID == "" {
		o.Plan = a.Sale.Plan
	}
	if owner := w.account(a.Owner); owner != nil {
		o.OwnerName = owner.Name
	}
	return o
}

// changePlan notes that the add-on is to be on another plan once its vendor did it.
func changePlan(a *addon, m moving, started clever.Migration) error {
	switch {
	case a.Sale.State != active:
		return cannotMigrate("its vendor has not made it yet")
	case a.Region != m.Region:
		return cannotMigrate("its vendor cannot be asked to move it")
	}
	s := *a.Sale
	s.State, s.Called = changing, false
	m.Until = m.From // how long it takes nobody knows
	a.Sale, a.Moving = &s, &m
	a.Migrations = append(slices.Clone(a.Migrations), started)
	return nil
}
