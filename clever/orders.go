package clever

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"runner/orderlog"
)

// No single response is trusted when an order is at stake; docs/orders.md says
// what is promised under which fault. What is intended is noted before the POST,
// and what came of it after. A POST that did not end well is looked for, several
// times, and sent again only when the list of add-ons had time to show what it
// may have done.

// orderTries is how often an order is sent at most.
const orderTries = 3

// workFactor says how long an order may be at work after it was sent, as a
// multiple of how long the list may be behind.
const workFactor = 6

// mayWork is how long an order may be at work after it was sent.
func (t timing) mayWork() time.Duration { return workFactor * t.settle }

// Create orders an add-on, and returns it when the platform has it. After an
// unclear response it is looked for on the list of the owner's add-ons: one of that
// provider and name which was not there before is the one. It is sent again only
// when the list did not show it for as long as it may be behind. What cannot be
// found out fails with a *LostOrderError. With a scope, the order is remembered as
// unmarked until MarkedAs.
//
// The platform allows several add-ons of one name: that there is none yet is for
// the caller to know, from Addons.
func (c *Client) Create(ctx context.Context, owner string, order CreateRequest, scope string) (Addon, error) {
	// One order of a name after the other, so that none adopts another's add-on.
	done, err := c.ordering.enter(ctx, fmt.Sprintf("%q %q %q", owner, order.ProviderID, order.Name))
	if err != nil {
		return Addon{}, err
	}
	defer done()
	before, err := c.Addons(ctx, owner)
	if err != nil {
		return Addon{}, err
	}
	log, err := c.log(ctx, owner)
	if err != nil {
		return Addon{}, err
	}
	o := &purchase{Client: c, wanted: wanted{owner: owner, provider: order.ProviderID, name: order.Name, orders: log}, order: order, scope: scope}
	for i := range before { // by index: add-ons are large
		if a := &before[i]; a.ID != "" && o.fits(a) {
			o.before = append(o.before, a.ID)
		}
	}
	addon, err := o.carryOut(ctx)
	if err != nil {
		return Addon{}, err
	}
	c.addons.edit(owner, nil, adding(addon))
	c.bought.add(&bought{o.wanted, addon.ID, addon.CreationDate, time.Now()})
	return addon, nil
}

// Marked notes that an add-on bears the mark of the scope that it was ordered for.
func (c *Client) Marked(ctx context.Context, owner, id string) error {
	log, err := c.log(ctx, owner)
	if err != nil {
		return err
	}
	return log.Marked(id)
}

// A purchase is an order under way.
type purchase struct {
	*Client
	wanted
	order CreateRequest
	scope string
}

// wanted is by what an add-on that was ordered is known.
type wanted struct {
	owner, provider, name string

	orders *orderlog.Log
	before []string // ids of what had its provider and name when it began
	doubt  bool     // a response was unclear
}

// fits reports whether an add-on is of the provider and the name that are ordered.
func (w *wanted) fits(a *Addon) bool { return a.Name == w.name && a.Provider.ID == w.provider }

// adding returns the change that puts an add-on on a list.
func adding(addon Addon) func([]Addon) []Addon {
	return func(list []Addon) []Addon {
		for i := range list {
			if list[i].ID == addon.ID {
				return list
			}
		}
		return append(list, addon)
	}
}

// carryOut sends the order until it is carried out, refused, or lost.
func (o *purchase) carryOut(ctx context.Context) (Addon, error) {
	for attempt := 1; ; attempt++ {
		addon, err := o.once(ctx)
		if err == nil {
			return addon, nil
		}
		wait, again := o.sendAgain(attempt, err)
		if !again || ctx.Err() != nil || pause(ctx, wait) != nil {
			return Addon{}, err
		}
	}
}

// once notes the order, sends it, and finds out what became of it. The error is an
// *Error if it surely came to nothing, or is not there as far as the list tells.
func (o *purchase) once(ctx context.Context) (Addon, error) {
	key, err := o.orders.Intend(orderlog.Order{Run: o.run, Provider: o.order.ProviderID, Name: o.order.Name, Scope: o.scope, Before: o.before})
	if err != nil {
		return Addon{}, fmt.Errorf("add-on %q was not ordered, since the order could not be noted: %w", o.order.Name, err)
	}
	sent := time.Now()
	addon, err := o.post(ctx)
	if err == nil {
		o.noted(o.orders.Ordered(key, addon.ID))
		return addon, nil
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || !mayHaveHappened(e) {
		o.noted(o.orders.Nothing(key))
		return Addon{}, err
	}
	o.doubt = true
	return o.find(ctx, key, e, o.deadline(e, sent))
}

// noted reports that what came of an order could not be noted. The order stays open
// in the log, so that the next run looks for it.
func (o *purchase) noted(err error) {
	if err != nil {
		o.notice(fmt.Sprintf("what came of the order of add-on %q could not be noted: %v", o.order.Name, err))
	}
}

// find looks for what an order made whose response was unclear. It returns what it
// failed with, if there is nothing after all that time.
func (o *purchase) find(ctx context.Context, key string, failed *Error, until time.Time) (Addon, error) {
	lost := &LostOrderError{Owner: o.owner, Name: o.order.Name, Err: failed}
	if ctx.Err() != nil { // interrupted: the next run goes on with it
		if soon := time.Now().Add(o.timing.settle); soon.Before(until) {
			until, lost.Early = soon, true
		}
	}
	found, err := o.look(ctx, until)
	switch {
	case err != nil:
		lost.Look = err
	case len(found) == 1:
		o.noted(o.orders.Ordered(key, found[0].ID))
		return found[0], nil
	case len(found) == 0 && !lost.Early:
		lost.Looked = max(o.timing.settle, time.Nanosecond)
		o.noted(o.orders.Nothing(key))
	}
	for _, a := range found {
		lost.Found = append(lost.Found, a.ID)
	}
	return Addon{}, lost
}

func (o *purchase) post(ctx context.Context) (Addon, error) {
	path, err := below(o.owner)
	if err != nil {
		return Addon{}, err
	}
	text, err := json.Marshal(o.order)
	if err != nil {
		return Addon{}, err
	}
	return fetch[Addon](ctx, o.Client, call{method: http.MethodPost, path: path, body: text})
}

// look reads the list until there are add-ons that the order may have made, or
// until that time, at least once. It does so too when the context has ended: an
// order that was interrupted may be paid for, and has to be reported.
func (o *purchase) look(ctx context.Context, until time.Time) ([]Addon, error) {
	ctx = context.WithoutCancel(ctx)
	var found []Addon
	err := o.timing.looks(ctx, until, func() (bool, error) {
		list, err := o.Refresh(ctx, o.owner)
		if err != nil {
			return false, err
		}
		found = slices.DeleteFunc(slices.Clone(list), func(a Addon) bool { return !o.made(&a, &o.bought) })
		return len(found) > 0, nil
	})
	return found, err
}

// looks looks, with growing gaps, until a look says that it is enough, or until a
// time: the last look begins no sooner than then.
func (t timing) looks(ctx context.Context, until time.Time, look func() (enough bool, err error)) error {
	for n := 0; ; n++ {
		last := !time.Now().Before(until)
		if enough, err := look(); enough || err != nil || last {
			return err
		}
		if err := pause(ctx, min(t.gap(n), time.Until(until))); err != nil {
			return err
		}
	}
}

// gap returns how long to wait after a look, counted from 0: more each time.
func (t timing) gap(n int) time.Duration {
	return max(10*time.Millisecond, min(t.settle/40<<min(n, 10), t.settle/4))
}

// made reports whether an add-on may be what was ordered, and is not what other
// orders made.
func (w *wanted) made(a *Addon, others *purchases) bool {
	return w.fits(a) && !slices.Contains(w.before, a.ID) && !others.has(a.ID)
}

// sendAgain reports whether an order that came to nothing is worth another POST,
// and after how long.
func (o *purchase) sendAgain(attempt int, err error) (time.Duration, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok || attempt >= orderTries {
		return 0, false
	}
	if lost, ok := errors.AsType[*LostOrderError](err); ok {
		if lost.Looked == 0 || !o.worthAgain(e) {
			return 0, false
		}
		o.explain(e, lost)
		return max(0, e.after-lost.Looked), true
	}
	return max(o.timing.wait(attempt), e.after), o.worthAgain(e)
}

// explain warns that an order is sent again, and once what cannot be excluded and what
// to do about it.
func (o *purchase) explain(e *Error, lost *LostOrderError) {
	text := fmt.Sprintf("whether the order of add-on %q was carried out is not known: %v; the list did not show it for %v, so it is ordered again",
		o.order.Name, e, lost.Looked)
	if o.explained.CompareAndSwap(false, true) {
		text += ". If the platform was further behind than that, it is there twice: look at its add-ons, and give more time with --settle"
	}
	o.notice(text)
}

// mayHaveHappened reports whether what a request asks for may have been done,
// though it did not end well.
func mayHaveHappened(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.sent && e.outcome != succeeded && (e.outcome != refused || e.Status < 400)
}

// A LostOrderError says that the response to an order was lost or unclear, and what
// is known of the order.
type LostOrderError struct {
	Owner  string // "": the personal space
	Name   string
	Err    error         // what the order failed with
	Look   error         // what looking for it failed with; nil: it was looked for
	Looked time.Duration // how long the list was looked at after it must have been done; 0: not so long
	Early  bool          // the run was interrupted before that
	Found  []string      // ids of several new add-ons of that name; empty: none was found
}

func (e *LostOrderError) Error() string {
	what := fmt.Sprintf("add-on %q of %s", e.Name, ownerName(e.Owner))
	switch {
	case e.Look != nil:
		return fmt.Sprintf("whether %s was ordered is not known: %v; and the list of add-ons could not be read: %v", what, e.Err, e.Look)
	case len(e.Found) > 0:
		return fmt.Sprintf("the response to the order of %s was lost, and there are now %d new ones of that name: %v", what, len(e.Found), e.Err)
	case e.Early:
		return fmt.Sprintf("whether %s was ordered is not known yet: %v; the list of add-ons does not show it so far", what, e.Err)
	}
	return fmt.Sprintf("%v; %s is not there: the list of add-ons did not show it for %v", e.Err, what, e.Looked)
}

func ownerName(owner string) string {
	if owner == "" {
		return "the personal space"
	}
	return owner
}

// Unwrap returns what the order failed with.
func (e *LostOrderError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *LostOrderError) Hint() string {
	p, ok := errors.AsType[*Error](e.Err)
	switch {
	case len(e.Found) > 0:
		return fmt.Sprintf("keep one and remove the others: %v", e.Found)
	case e.Looked > 0 && ok && p.advice != "":
		return p.advice
	}
	return "play again: the order is remembered on this machine, and looked for first"
}

// Detail returns what the platform's support asks for.
func (e *LostOrderError) Detail() string {
	if p, ok := errors.AsType[*Error](e.Err); ok {
		return p.Detail()
	}
	return ""
}
