package emulator

import (
	"slices"
	"time"

	"runner/marketplace/manifest"
)

// A sale is what is kept of an add-on that a vendor runs. It is never changed in
// place.
type sale struct {
	Key      string            `json:"key"`          // by which the vendor knows it; every repeat of the order has it
	ID       string            `json:"id,omitempty"` // the vendor's; "" until the order was answered
	Callback string            `json:"callback"`     // where the vendor reads and changes it
	User     string            `json:"user"`         // who ordered it
	Plan     string            `json:"plan"`         // as the vendor was told when it was ordered,
	Region   string            `json:"region"`       // so that every repeat says the same
	State    saleState         `json:"state"`
	Waiting  bool              `json:"waiting,omitempty"` // the back-end took it on, and will say when it is done
	Called   bool              `json:"called,omitempty"`  // it said so before its answer came
	Since    int64             `json:"since,omitempty"`   // when it began to wait, in milliseconds
	Config   map[string]string `json:"config,omitempty"`
}

// A saleState is where a sale stands. The state is written before the vendor is
// called, so that whoever reads it after a crash knows what may have been asked for.
type saleState string

const (
	provisioning saleState = "provisioning"
	active       saleState = "active"
	changing     saleState = "changing" // the addon's moving says to what
	removing     saleState = "removing" // for its owner it is gone
)

// slowest is how long a back-end may take that answered 202; what is not done by
// then has failed.
const slowest = 12 * time.Hour

// calls tells whether the vendor is to be called.
func (s *sale) calls() bool { return s.State == removing || s.State != active && !s.Waiting }

// overdue tells whether a back-end that took its time has taken too much of it.
func (s *sale) overdue(now int64) bool {
	return s.Waiting && now-s.Since >= slowest.Milliseconds()
}

// sold gives a copy of the add-on whose sale is a copy too.
func (a *addon) sold() *addon {
	b, s := *a, *a.Sale
	b.Sale = &s
	return &b
}

// slug gives how the vendor calls a plan.
func (p *partner) slug(plan string) string {
	if pl := p.provider.plan(plan); pl != nil {
		return pl.Slug
	}
	return plan
}

// region gives how the vendor calls a zone: as the manifest does, or else as the
// dialect calls where most add-ons are.
func (p *partner) region(zone string) string {
	if p.names(zone) {
		return zone
	}
	return p.deal.Dialect.DefaultRegion()
}

// begin notes that the back-end took something on.
func (s *sale) begin(now time.Time) { s.Waiting, s.Since = true, now.UnixMilli() }

// expire ends what a back-end took on and never finished.
func (d *draft) expire(a *addon) {
	if a.Sale.State == provisioning {
		d.remove(a.ID)
		return
	}
	late := a.sold()
	late.fail("the vendor did not do it in time")
	d.replace(late)
}

// finish ends what was under way, and well.
func (a *addon) finish() {
	if a.Sale.State == changing {
		a.arrive()
	}
	a.rest()
}

// fail ends a plan change that came to nothing: the old plan stays.
func (a *addon) fail(why string) {
	m := a.Moving.Migration
	m.Status, m.Steps = "FAILED", slices.Clone(m.Steps)
	last := &m.Steps[len(m.Steps)-1]
	last.Status, last.Message = m.Status, why
	a.settle(m)
	a.rest()
}

// rest is the state of an add-on about which nothing is under way.
func (a *addon) rest() {
	s := a.Sale
	s.State, s.Waiting, s.Called, s.Since = active, false, false, 0
}

// keyed finds an add-on by what its vendor knows it by; nil if there is none.
func (w *world) keyed(key string) *addon {
	i := slices.IndexFunc(w.addons, func(a *addon) bool { return a.Sale != nil && a.Sale.Key == key })
	if i < 0 {
		return nil
	}
	return w.addons[i]
}

// heard takes in where an add-on stands for its vendor.
func (d *draft) heard(a *addon, state string) error {
	s := a.Sale
	switch {
	case state == "deprovisioned" && !s.Waiting:
		return manifest.ErrNoApp // there is none that could be given up
	case state == "deprovisioned" && s.State == provisioning:
		d.dismiss(a.ID)
		return nil
	case state == "deprovisioned":
		a.fail("the vendor gave it up")
	case state == "provisioned" && s.Waiting:
		a.finish()
	case state == "provisioned" && s.State == changing:
		s.Called = true
	}
	d.replace(a)
	return nil
}
