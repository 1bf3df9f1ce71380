package backend

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"runner/marketplace/manifest"
)

// provisioned is the body that answers an order.
type provisioned struct {
	ID string `json:"id"`
	Result
}

// provision takes an order. The marketplace may have gone when it is done: it
// comes back with the same key, and gets the same answer.
func (b *Backend) provision(w http.ResponseWriter, r *http.Request) response {
	fields, bad := readBody(w, r)
	if bad != nil {
		return *bad
	}
	o := fields.order(b.c.Manifest.Dialect)
	if !usable(o.Key) {
		return refuse(http.StatusUnprocessableEntity, strconv.Quote(b.c.Manifest.Dialect.KeyField())+" is missing, or is no id")
	}
	if a, known, err := b.c.Store.Get(r.Context(), o.Key); err == nil && known && a.Slow {
		return b.repeated(r.Context(), a, o) // at once: whoever makes it holds its key for long
	}
	release, err := b.locks.take(r.Context(), o.Key)
	if err != nil {
		return tryLater(Addon{Order: o}, err)
	}
	defer release()
	a, known, err := b.c.Store.Get(r.Context(), o.Key)
	switch {
	case err != nil:
		return tryLater(Addon{Order: o}, err)
	case known:
		return b.repeated(r.Context(), a, o)
	}
	if message := b.whyNot(o); message != "" {
		return refuse(http.StatusUnprocessableEntity, message).of(Addon{Order: o})
	}
	a = Addon{ID: strings.ToLower(rand.Text()), State: Making, Order: o, Plan: o.Plan, Slow: b.c.Slow}
	if err := b.c.Store.Put(r.Context(), a); err != nil {
		return tryLater(a, err)
	}
	return b.respond(r.Context(), a)
}

// whyNot returns why an order cannot be had, "" where it can.
func (b *Backend) whyNot(o manifest.Order) string {
	switch {
	case !slices.Contains(b.c.Plans, o.Plan):
		return b.noPlan()
	case len(b.c.Regions) > 0 && !slices.ContainsFunc(b.c.Regions, func(region string) bool { return strings.EqualFold(region, o.Region) }):
		return "there is no such region: choose " + strings.Join(b.c.Regions, " or ")
	}
	return ""
}

func (b *Backend) noPlan() string {
	return "there is no such plan: choose " + strings.Join(b.c.Plans, " or ")
}

// repeated answers an order whose key is known.
func (b *Backend) repeated(ctx context.Context, a Addon, o manifest.Order) response {
	switch {
	case a.State == Removing || a.State == Removed:
		return refuse(http.StatusGone, "the add-on was removed: order another one").of(a)
	case a.Order.Plan != o.Plan || !strings.EqualFold(a.Order.Region, o.Region):
		return refuse(http.StatusConflict, "this add-on was ordered with another plan or region").of(a)
	}
	return b.respond(ctx, a)
}

// respond answers an order that is kept, and ends it where that is still to do. The
// caller holds the key, unless the order is slow.
func (b *Backend) respond(ctx context.Context, a Addon) response {
	switch {
	case a.Slow:
		b.goOn(a.Order.Key, b.deliver)
		return response{status: http.StatusAccepted, body: provisioned{ID: a.ID, Result: Result{Message: a.Result.Message}}, addon: a}
	case a.State == Making:
		work, cancel := withWorkTime(ctx)
		defer cancel()
		var err error
		if a, err = b.make(work, a); err != nil {
			return b.failed(a, err)
		}
	}
	return response{status: http.StatusOK, body: provisioned{a.ID, a.Result}, addon: a}
}

// withWorkTime returns a context with the time that the Service has. A marketplace that hangs up does
// not cut it short.
func withWorkTime(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), workTime)
}

// make lets the Service make an add-on, and keeps what came of it.
func (b *Backend) make(ctx context.Context, a Addon) (Addon, error) {
	got, err := b.c.Service.Order(ctx, a)
	if _, refused := errors.AsType[*Refusal](err); refused && !a.Slow {
		return a, cmp.Or(b.c.Store.Delete(ctx, a.Order.Key), err)
	}
	if err != nil {
		return a, err
	}
	a.State, a.Result = Ready, b.declared(a, got)
	if !a.Slow { // the later call to the marketplace needs it
		a.Order.Grant = ""
	}
	return a, b.c.Store.Put(ctx, a)
}

// declared leaves out variables that the manifest does not name: Heroku refuses
// the whole answer for one.
func (b *Backend) declared(a Addon, got Result) Result {
	config := map[string]string{}
	for name, value := range got.Config {
		if b.c.Manifest.Declares(name) {
			config[name] = value
			continue
		}
		b.log.Warn("the manifest declares no such variable", "addon", a.ID, "variable", name)
	}
	got.Config = config
	return got
}

// failed answers for a Service that did not do what it was asked for.
func (b *Backend) failed(a Addon, err error) response {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return refuse(http.StatusUnprocessableEntity, r.Message).of(a)
	}
	return tryLater(a, err)
}

// find returns the add-on that a path names, by whatever id the dialect has there,
// and holds its key. The answer is the refusal.
func (b *Backend) find(ctx context.Context, id string) (Addon, func(), *response) {
	a, known, err := b.lookup(ctx, id)
	if err != nil || !known {
		return Addon{}, nil, missing(err)
	}
	release, err := b.locks.take(ctx, a.Order.Key)
	if err != nil {
		r := tryLater(a, err)
		return Addon{}, nil, &r
	}
	if a, known, err = b.c.Store.Get(ctx, a.Order.Key); err != nil || !known { // it may have changed meanwhile
		release()
		return Addon{}, nil, missing(err)
	}
	return a, release, nil
}

// lookup returns the add-on that a path names, without holding it.
func (b *Backend) lookup(ctx context.Context, id string) (Addon, bool, error) {
	if b.c.Manifest.Dialect == manifest.HerokuV3 {
		return b.c.Store.Get(ctx, id)
	}
	return b.c.Store.Find(ctx, id)
}

func missing(err error) *response {
	a := refuse(http.StatusNotFound, "there is no such add-on")
	if err != nil {
		a = tryLater(Addon{}, err)
	}
	return &a
}
