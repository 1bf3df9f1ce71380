package emulator

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"runner/marketplace/manifest"
)

// saveAgain is how long to wait before an answer that could not be kept is asked
// for again.
const saveAgain = 5 * time.Second

// takeUp goes on with what was under way at an earlier end. What was asked for
// then may have been done.
func (m *market) takeUp() {
	w := m.store.world()
	for _, a := range slices.Concat(w.addons, w.leaving) {
		if a.Sale != nil && a.Sale.calls() {
			m.pursue(a.ID, true)
		}
	}
}

// part has the vendors remove what was just removed.
func (m *market) part(before, after *world) {
	if slices.Equal(before.leaving, after.leaving) { // nearly always
		return
	}
	known := make(map[string]bool, len(before.leaving))
	for _, a := range before.leaving {
		known[a.ID] = true
	}
	for _, a := range after.leaving {
		if !known[a.ID] {
			m.pursue(a.ID, false)
		}
	}
}

// ask makes the call that an add-on's state asks for, once, and keeps what came of
// it. Lost says that it may have been made before.
func (m *market) ask(a *addon, try int, lost bool) verdict {
	w := m.store.world()
	p := w.partner(a.Provider)
	b := &manifest.Backend{Manifest: p.deal, Site: p.site(), Transport: p.line}
	if m.options.Called != nil {
		b.After = func(t manifest.Attempt) {
			t.Number = try
			m.options.Called(t)
		}
	}
	res, err := m.callVendor(b, a, m.vendorOrder(w, p, a), p)
	if m.deals.ctx.Err() != nil {
		return verdict{wait: saveAgain} // the end: the next start takes it up
	}
	f, _ := errors.AsType[*manifest.Failure](err)
	if err == nil {
		return m.keep(a, res)
	}
	if f == nil { // no call fails with anything else
		f = &manifest.Failure{Outcome: manifest.Transient, Err: err}
	}
	wait, again := later(a.Sale.State, try, f)
	bad := try == 1 && a.Sale.State == removing || again && try == len(manifest.BriefRetry().Waits) || !again && f.Outcome != manifest.Refused
	if bad && m.options.Called == nil {
		m.options.Warn(fmt.Errorf("the vendor of %s and add-on %q (%s): %w%s", a.Provider, a.Name, a.ID, f, hinted(f)))
	}
	if again {
		return verdict{wait: wait}
	}
	return m.concede(a, f, lost)
}

func hinted(f *manifest.Failure) string {
	if hint := f.Hint(); hint != "" {
		return "; " + hint
	}
	return ""
}

func (m *market) callVendor(b *manifest.Backend, a *addon, o manifest.Order, p *partner) (*manifest.Resource, error) {
	s := a.Sale
	switch {
	case s.State == provisioning:
		return b.Provision(m.deals.ctx, o)
	case s.State == changing:
		return b.ChangePlan(m.deals.ctx, s.ID, o, p.slug(a.Moving.Plan))
	case s.ID == "":
		return &manifest.Resource{}, b.Abandon(m.deals.ctx, o)
	}
	return b.Deprovision(m.deals.ctx, s.ID, o)
}

// later tells when a call is repeated that failed. Only the vendor's word ends a
// removal.
func later(state saleState, try int, f *manifest.Failure) (time.Duration, bool) {
	patience := manifest.PersistentRetry()
	wait, again := patience.Next(try, f)
	if !again && state == removing && try < patience.Tries {
		return patience.Every, true
	}
	return wait, again
}

// keep writes what the vendor answered to a call for an add-on. Its state may be
// another one by now: removed by its owner, it is still to be known by its id.
func (m *market) keep(asked *addon, res *manifest.Resource) verdict {
	state := asked.Sale.State
	return m.kept(asked, nil, func(d *draft, a *addon) {
		if state == removing {
			d.dismiss(a.ID)
			return
		}
		if state == provisioning {
			a.Sale.ID = res.ID
		}
		if a.Sale.State == state {
			a.Sale.Config = res.Merge(a.Sale.Config)
			if res.Pending && !a.Sale.Called {
				a.Sale.begin(m.options.Now())
			} else {
				a.finish()
			}
		}
		d.resell(a)
	})
}

// concede writes that the vendor will not do what was asked for. What it may have
// made of an order all the same is removed.
func (m *market) concede(asked *addon, f *manifest.Failure, lost bool) verdict {
	refused := f.Outcome == manifest.Refused
	why := vendorFailed(asked.Provider)
	if refused {
		why = vendorRefused(asked.Provider, f.Message)
	}
	left := (lost || f.Unknown) && !refused && f.Outcome != manifest.Gone && f.Outcome != manifest.Transient
	state := asked.Sale.State
	return m.kept(asked, why, func(d *draft, a *addon) {
		switch {
		case state == changing && a.Sale.State == changing:
			a.fail(why.message)
			d.resell(a)
		case state == changing: // it was removed meanwhile
		case state == provisioning && left && a.Sale.State == provisioning:
			d.remove(a.ID)
		case state == provisioning && left: // likewise
		default:
			d.dismiss(a.ID)
		}
	})
}

// kept changes a copy of an add-on after a call for it. Nothing else is asked for
// before that is kept.
func (m *market) kept(asked *addon, told *refusal, change func(*draft, *addon)) verdict {
	err := m.store.change(func(d *draft) error {
		if a := d.sold(asked.ID); a != nil {
			change(d, a.sold())
		}
		return nil
	})
	switch {
	case err != nil:
		m.options.Warn(fmt.Errorf("what the vendor of %s answered for add-on %q is asked for again: %w", asked.Provider, asked.Name, err))
		return verdict{wait: saveAgain}
	case told != nil:
		return verdict{settled: true, err: told}
	}
	return verdict{settled: true}
}
