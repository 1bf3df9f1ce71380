package market

import (
	"fmt"
	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
	"time"
)

// newVendorRecord returns that of an add-on that is about to be ordered. Base is where the vendor
// reaches this emulator.
func newVendorRecord(p *store.Registration, a *store.Addon, base, user string) *store.VendorRecord {
	s := &store.VendorRecord{Key: a.ID, User: user, State: store.Provisioning, Plan: p.PlanSlug(a.Plan), Region: p.RegionFor(a.Region)}
	if p.Parsed.Dialect != manifest.Clever {
		s.Key = catalogue.NewUUID()
	}
	s.Callback = base + callbackPath(p.Parsed.Dialect) + s.Key
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

// vendorOrder returns what a call to the vendor says of an add-on.
func (m *Market) vendorOrder(w *store.World, p *store.Registration, a *store.Addon) manifest.Order {
	o := manifest.Order{
		Key: a.Vendor.Key, App: fmt.Sprintf("app%d@heroku.com", a.Created), OwnerID: a.Owner, UserID: a.Vendor.User,
		Account: "EMULATOR", Name: a.Name, Plan: p.PlanSlug(a.Plan), Region: a.Vendor.Region, Callback: a.Vendor.Callback,
		Options: a.Options, Grant: "none", GrantEnds: m.options.Now().Add(5 * time.Minute),
	}
	if a.Vendor.ID == "" {
		o.Plan = a.Vendor.Plan
	}
	if owner := w.Account(a.Owner); owner != nil {
		o.OwnerName = owner.Name
	}
	return o
}

// ChangePlan notes that the add-on is to be on another plan once its vendor did it.
func ChangePlan(a *store.Addon, m store.Moving, started clever.Migration) error {
	switch {
	case a.Vendor.State != store.Active:
		return rest.CannotMigrate("its vendor has not made it yet")
	case a.Region != m.Region:
		return rest.CannotMigrate("its vendor cannot be asked to move it")
	}
	s := *a.Vendor
	s.State, s.Called = store.Changing, false
	m.Until = m.From // how long it takes nobody knows
	a.Vendor = &s
	a.BeginMigration(&m, started)
	return nil
}
