package backend

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"runner/marketplace/manifest"
)

// changePlan brings an add-on to another plan. What it has is no work.
func (b *Backend) changePlan(w http.ResponseWriter, r *http.Request, id string) response {
	a, release, bad := b.find(r.Context(), id)
	if bad != nil {
		return *bad
	}
	defer release()
	if a.State == Removing || a.State == Removed {
		return b.refusedChange(http.StatusGone, "the add-on was removed").of(a)
	}
	fields, bad := readBody(w, r)
	if bad != nil {
		return bad.of(a)
	}
	plan := fields.text("plan")
	switch {
	case !slices.Contains(b.c.Plans, plan):
		return b.refusedChange(http.StatusUnprocessableEntity, b.noPlan()).of(a)
	case a.State == Making: // whoever makes it makes it so
		a.Plan = plan
		if err := b.c.Store.Put(r.Context(), a); err != nil {
			return tryLater(a, err)
		}
		return response{status: http.StatusOK, body: struct{}{}, addon: a}
	case plan == a.Plan && a.Next == "":
		return response{status: http.StatusOK, body: a.Result, addon: a}
	}
	return b.move(r.Context(), a, plan)
}

// move lets the Service change a plan. That it was begun is kept: the world may
// have either plan until somebody asks again.
func (b *Backend) move(ctx context.Context, a Addon, plan string) response {
	work, cancel := withWorkTime(ctx)
	defer cancel()
	a.Next = plan
	if err := b.c.Store.Put(work, a); err != nil {
		return tryLater(a, err)
	}
	got, err := b.c.Service.ChangePlan(work, a, plan)
	_, refused := errors.AsType[*Refusal](err)
	switch {
	case refused:
		a.Next = ""
	case err != nil:
		return tryLater(a, err)
	default:
		a.Plan, a.Next, a.Result = plan, "", a.Result.merge(b.declared(a, got))
	}
	if err := b.c.Store.Put(work, a); err != nil {
		return tryLater(a, err)
	}
	if refused {
		return b.refusedChange(http.StatusUnprocessableEntity, err.Error()).of(a)
	}
	return response{status: http.StatusOK, body: a.Result, addon: a}
}

// unchanged refuses a change of plan. AppFog shows its customers the body as it
// is.
func (b *Backend) refusedChange(status int, message string) response {
	a := refuse(status, message)
	a.plain = b.c.Manifest.Dialect == manifest.AppFog
	if a.plain && status == http.StatusUnprocessableEntity {
		a.status = http.StatusBadRequest
	}
	return a
}

// deprovision removes an add-on. Nobody uses it any more from the moment at which
// that is kept.
func (b *Backend) deprovision(r *http.Request, id string) response {
	if a, known, err := b.lookup(r.Context(), id); err == nil && known {
		b.abandon(a.Order.Key) // a slow order holds its key for long
	}
	a, release, bad := b.find(r.Context(), id)
	if bad != nil {
		return *bad
	}
	defer release()
	if a.State == Removed {
		return refuse(http.StatusGone, "the add-on was removed before").of(a)
	}
	work, cancel := withWorkTime(r.Context())
	defer cancel()
	if err := b.remove(work, a); err != nil {
		return tryLater(a, err)
	}
	if err := b.sweep(work); err != nil {
		b.log.Warn("old keys are kept", "error", err.Error())
	}
	return response{status: http.StatusOK, body: struct{}{}, addon: a}
}

// remove lets the Service remove an add-on, and keeps its key. The caller holds
// that.
func (b *Backend) remove(ctx context.Context, a Addon) error {
	if a.State != Removing {
		a.State, a.Slow = Removing, false
		if err := b.c.Store.Put(ctx, a); err != nil {
			return err
		}
	}
	b.sessions.end(a.ID)
	if err := b.c.Service.Remove(ctx, a); err != nil {
		return err
	}
	return b.c.Store.Put(ctx, Addon{ID: a.ID, State: Removed, Order: manifest.Order{Key: a.Order.Key}, Ended: time.Now().UTC()})
}
