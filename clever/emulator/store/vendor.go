package store

import (
	"slices"
	"time"

	"runner/marketplace/manifest"
)

// A VendorRecord is what is kept of an add-on that a vendor runs. It is never changed in
// place.
type VendorRecord struct {
	Key      string            `json:"key"`          // by which the vendor knows it; every repeat of the order has it
	ID       string            `json:"id,omitempty"` // the vendor's; "" until the order was answered
	Callback string            `json:"callback"`     // where the vendor reads and changes it
	User     string            `json:"user"`         // who ordered it
	Plan     string            `json:"plan"`         // as the vendor was called when it was ordered,
	Region   string            `json:"region"`       // so that every repeat says the same
	State    VendorState       `json:"state"`
	Waiting  bool              `json:"waiting,omitempty"` // the back-end took it on, and will say when it is done
	Called   bool              `json:"called,omitempty"`  // it said so before its answer came
	Since    int64             `json:"since,omitempty"`   // when it began to wait, in milliseconds
	Config   map[string]string `json:"config,omitempty"`
}

// A VendorState is where an add-on of a vendor stands. The state is written before the vendor is
// called, so that whoever reads it after a crash knows what may have been asked for.
type VendorState string

// The states, in the order of an add-on's life.
const (
	Provisioning VendorState = "provisioning"
	Active       VendorState = "active"
	Changing     VendorState = "changing" // the addon's moving says to what
	Removing     VendorState = "removing" // for its owner it is gone
)

// slowest is how long a back-end may take that answered 202; what is not done by
// then has failed.
const slowest = 12 * time.Hour

// NeedsCall reports whether the vendor is to be called.
func (s *VendorRecord) NeedsCall() bool {
	return s.State == Removing || s.State != Active && !s.Waiting
}

// Overdue reports whether a back-end that took its time has taken too much of it.
func (s *VendorRecord) Overdue(now int64) bool {
	return s.Waiting && now-s.Since >= slowest.Milliseconds()
}

// VendorCopy returns a copy of the add-on whose Vendor is a copy too.
func (a *Addon) VendorCopy() *Addon {
	b, s := *a, *a.Vendor
	b.Vendor = &s
	return &b
}

// PlanSlug returns how the vendor calls a plan.
func (p *Registration) PlanSlug(plan string) string {
	if pl := p.Provider.Plan(plan); pl != nil {
		return pl.Slug
	}
	return plan
}

// RegionFor returns how the vendor calls a zone: as the manifest does, or else as the
// dialect calls where most add-ons are.
func (p *Registration) RegionFor(zone string) string {
	if p.names(zone) {
		return zone
	}
	return p.Parsed.Dialect.DefaultRegion()
}

// BeginWaiting notes that the back-end took something on.
func (s *VendorRecord) BeginWaiting(now time.Time) { s.Waiting, s.Since = true, now.UnixMilli() }

// Expire ends what a back-end took on and never finished.
func (d *Draft) Expire(a *Addon) {
	if a.Vendor.State == Provisioning {
		d.Remove(a.ID)
		return
	}
	late := a.VendorCopy()
	late.Fail("the vendor did not do it in time")
	d.Replace(late)
}

// Finish ends what was under way, and well.
func (a *Addon) Finish() {
	if a.Vendor.State == Changing {
		a.CompleteMigration()
	}
	a.idle()
}

// Fail ends a plan change that came to nothing: the old plan stays.
func (a *Addon) Fail(why string) {
	m := a.Moving.Migration
	m.Status, m.Steps = "FAILED", slices.Clone(m.Steps)
	last := &m.Steps[len(m.Steps)-1]
	last.Status, last.Message = m.Status, why
	a.EndMigration(m)
	a.idle()
}

// idle is the state of an add-on about which nothing is under way.
func (a *Addon) idle() {
	s := a.Vendor
	s.State, s.Waiting, s.Called, s.Since = Active, false, false, 0
}

// ByVendorKey finds an add-on by what its vendor knows it by; nil if there is none.
func (w *World) ByVendorKey(key string) *Addon {
	i := slices.IndexFunc(w.Addons, func(a *Addon) bool { return a.Vendor != nil && a.Vendor.Key == key })
	if i < 0 {
		return nil
	}
	return w.Addons[i]
}

// VendorReported takes in where an add-on stands for its vendor.
func (d *Draft) VendorReported(a *Addon, state string) error {
	s := a.Vendor
	switch {
	case state == "deprovisioned" && !s.Waiting:
		return manifest.ErrNoApp // there is none that could be given up
	case state == "deprovisioned" && s.State == Provisioning:
		d.Dismiss(a.ID)
		return nil
	case state == "deprovisioned":
		a.Fail("the vendor gave it up")
	case state == "provisioned" && s.Waiting:
		a.Finish()
	case state == "provisioned" && s.State == Changing:
		s.Called = true
	}
	d.Replace(a)
	return nil
}
