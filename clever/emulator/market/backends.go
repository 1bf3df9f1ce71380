package market

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
)

// saveAgain is how long to wait before an answer that could not be kept is asked
// for again.
const saveAgain = 5 * time.Second

// Resume goes on with what was under way at an earlier end. What was asked for
// then may have been done.
func (m *Market) Resume() {
	w := m.store.World()
	for _, a := range slices.Concat(w.Addons, w.Leaving) {
		if a.Vendor != nil && a.Vendor.NeedsCall() {
			m.schedule(a.ID, true)
		}
	}
}

// RemoveDeparted has the vendors remove what was just removed.
func (m *Market) RemoveDeparted(before, after *store.World) {
	if slices.Equal(before.Leaving, after.Leaving) { // nearly always
		return
	}
	known := make(map[string]bool, len(before.Leaving))
	for _, a := range before.Leaving {
		known[a.ID] = true
	}
	for _, a := range after.Leaving {
		if !known[a.ID] {
			m.schedule(a.ID, false)
		}
	}
}

// attempt makes the call that an add-on's state asks for, once, and keeps what came of
// it. Lost says that it may have been made before.
func (m *Market) attempt(a *store.Addon, try int, lost bool) outcome {
	w := m.store.World()
	p := w.Registration(a.Provider)
	b := &manifest.Backend{Manifest: p.Parsed, Site: p.Site(), Transport: p.Transport}
	if m.options.Called != nil {
		b.After = func(t manifest.Attempt) {
			t.Number = try
			m.options.Called(t)
		}
	}
	res, err := m.callVendor(b, a, m.vendorOrder(w, p, a), p)
	if m.calls.ctx.Err() != nil {
		return outcome{wait: saveAgain} // the end: the next start takes it up
	}
	f, _ := errors.AsType[*manifest.Failure](err)
	if err == nil {
		return m.record(a, res)
	}
	if f == nil { // no call fails with anything else
		f = &manifest.Failure{Outcome: manifest.Transient, Err: err}
	}
	wait, again := nextTry(a.Vendor.State, try, f)
	bad := try == 1 && a.Vendor.State == store.Removing || again && try == len(manifest.BriefRetry().Waits) || !again && f.Outcome != manifest.Refused
	if bad && m.options.Called == nil {
		m.options.Warn(fmt.Errorf("the vendor of %s and add-on %q (%s): %w%s", a.Provider, a.Name, a.ID, f, hinted(f)))
	}
	if again {
		return outcome{wait: wait}
	}
	return m.giveUp(a, f, lost)
}

func hinted(f *manifest.Failure) string {
	if hint := f.Hint(); hint != "" {
		return "; " + hint
	}
	return ""
}

func (m *Market) callVendor(b *manifest.Backend, a *store.Addon, o manifest.Order, p *store.Registration) (*manifest.Resource, error) {
	s := a.Vendor
	switch {
	case s.State == store.Provisioning:
		return b.Provision(m.calls.ctx, o)
	case s.State == store.Changing:
		return b.ChangePlan(m.calls.ctx, s.ID, o, p.PlanSlug(a.Moving.Plan))
	case s.ID == "":
		return &manifest.Resource{}, b.Abandon(m.calls.ctx, o)
	}
	return b.Deprovision(m.calls.ctx, s.ID, o)
}

// nextTry tells when a call is repeated that failed. Only the vendor's word ends a
// removal.
func nextTry(state store.VendorState, try int, f *manifest.Failure) (time.Duration, bool) {
	retry := manifest.PersistentRetry()
	wait, again := retry.Next(try, f)
	if !again && state == store.Removing && try < retry.Tries {
		return retry.Every, true
	}
	return wait, again
}

// record writes what the vendor answered to a call for an add-on. Its state may be
// another one by now: removed by its owner, it is still to be known by its id.
func (m *Market) record(called *store.Addon, res *manifest.Resource) outcome {
	state := called.Vendor.State
	return m.update(called, nil, func(d *store.Draft, a *store.Addon) {
		if state == store.Removing {
			d.Dismiss(a.ID)
			return
		}
		if state == store.Provisioning {
			a.Vendor.ID = res.ID
		}
		if a.Vendor.State == state {
			a.Vendor.Config = res.Merge(a.Vendor.Config)
			if res.Pending && !a.Vendor.Called {
				a.Vendor.BeginWaiting(m.options.Now())
			} else {
				a.Finish()
			}
		}
		d.ReplaceVendorAddon(a)
	})
}

// giveUp writes that the vendor will not do what was asked for. What it may have
// made of an order all the same is removed.
func (m *Market) giveUp(called *store.Addon, f *manifest.Failure, lost bool) outcome {
	refused := f.Outcome == manifest.Refused
	why := rest.VendorFailed(called.Provider)
	if refused {
		why = rest.VendorRefused(called.Provider, f.Message)
	}
	left := (lost || f.Unknown) && !refused && f.Outcome != manifest.Gone && f.Outcome != manifest.Transient
	state := called.Vendor.State
	return m.update(called, why, func(d *store.Draft, a *store.Addon) {
		switch {
		case state == store.Changing && a.Vendor.State == store.Changing:
			a.Fail(why.Message)
			d.ReplaceVendorAddon(a)
		case state == store.Changing: // it was removed meanwhile
		case state == store.Provisioning && left && a.Vendor.State == store.Provisioning:
			d.Remove(a.ID)
		case state == store.Provisioning && left: // likewise
		default:
			d.Dismiss(a.ID)
		}
	})
}

// update changes a copy of an add-on after a call for it. Nothing else is asked for
// before that is kept.
func (m *Market) update(called *store.Addon, refusal *rest.Refusal, change func(*store.Draft, *store.Addon)) outcome {
	err := m.store.Change(func(d *store.Draft) error {
		if a := d.VendorAddon(called.ID); a != nil {
			change(d, a.VendorCopy())
		}
		return nil
	})
	switch {
	case err != nil:
		m.options.Warn(fmt.Errorf("what the vendor of %s answered for add-on %q is asked for again: %w", called.Provider, called.Name, err))
		return outcome{wait: saveAgain}
	case refusal != nil:
		return outcome{done: true, err: refusal}
	}
	return outcome{done: true}
}
