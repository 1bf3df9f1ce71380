package clever

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Create orders an add-on. A POST is not repeated before its fate is known: after
// a lost or broken answer, the owner's list is read again. An add-on of that
// provider and name which was not there before is the one that was ordered; if
// there is none, the order is repeated only where the platform was too busy to
// take it, or nothing was sent. Otherwise it fails with a *LostOrderError.
//
// The platform allows several add-ons of one name: that there is none yet is for
// the caller to know.
func (c *Client) Create(ctx context.Context, owner string, order CreateRequest) (Addon, error) {
	// One order of a name after the other, so that none adopts another's add-on.
	done, err := c.orders.take(ctx, fmt.Sprintf("%q %q %q", owner, order.ProviderID, order.Name))
	if err != nil {
		return Addon{}, err
	}
	defer done()
	before, err := c.Addons(ctx, owner)
	if err != nil {
		return Addon{}, err
	}
	o := ordering{Client: c, owner: owner, order: order, before: before}
	addon, err := o.place(ctx)
	for attempt := 1; err != nil; attempt++ {
		wait, again := o.postAgain(attempt, err)
		if !again || pause(ctx, wait) != nil {
			return Addon{}, err
		}
		// What was refused as too busy may have come through while we waited.
		addon, err = o.fate(ctx, err)
		if _, again := o.postAgain(attempt, err); again {
			addon, err = o.place(ctx)
		}
	}
	c.addons.edit(owner, nil, adding(addon))
	c.bought.add(&o, addon)
	return addon, nil
}

// An ordering is an order under way.
type ordering struct {
	*Client
	owner  string
	order  CreateRequest
	before []Addon // what there was when it began
}

// adding gives the change that puts an add-on on a list.
func adding(addon Addon) func([]Addon) []Addon {
	return func(list []Addon) []Addon {
		if slices.ContainsFunc(list, func(a Addon) bool { return a.ID == addon.ID }) {
			return list
		}
		return append(list, addon)
	}
}

// place sends the POST once, and finds out what became of it.
func (o *ordering) place(ctx context.Context) (Addon, error) {
	addon, err := o.post(ctx)
	if err != nil {
		return o.fate(ctx, err)
	}
	return addon, nil
}

func (o *ordering) post(ctx context.Context) (Addon, error) {
	path, err := below(o.owner)
	if err != nil {
		return Addon{}, err
	}
	text, err := json.Marshal(o.order)
	if err != nil {
		return Addon{}, err
	}
	q := call{method: http.MethodPost, path: path, body: text}
	addon, err := fetch[Addon](ctx, o.Client, q)
	if err == nil && addon.ID == "" {
		err = &Error{Method: q.method, Path: q.target(), kind: unreadable, sent: true, Message: "an add-on without an id"}
	}
	return addon, err
}

// fate finds out what became of an order whose POST failed. It gives the add-on
// if there is one; the same error if there cannot be one, or if the platform was
// busy and there is none; else a *LostOrderError.
func (o *ordering) fate(ctx context.Context, failed error) (Addon, error) {
	if !mayHaveHappened(failed) {
		return Addon{}, failed
	}
	looks := o.patience.looks
	tooBusy := hasStatus(failed, http.StatusServiceUnavailable)
	if tooBusy {
		looks = 1 // nobody is at work on it
	}
	found, err := o.look(ctx, looks)
	switch {
	case err != nil:
		return Addon{}, &LostOrderError{Owner: o.owner, Name: o.order.Name, Err: failed, Look: err}
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && tooBusy:
		return Addon{}, failed
	}
	lost := &LostOrderError{Owner: o.owner, Name: o.order.Name, Err: failed}
	for _, a := range found {
		lost.Found = append(lost.Found, a.ID)
	}
	return Addon{}, lost
}

// look reads the list until there are add-ons that the order may have made. It
// does so too when the context has ended: an order that was interrupted may be
// paid for, and has to be told.
func (o *ordering) look(ctx context.Context, looks int) ([]Addon, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.timeout)
	defer cancel()
	for look := 1; ; look++ {
		list, err := o.Refresh(ctx, o.owner)
		if err != nil {
			return nil, err
		}
		found := slices.DeleteFunc(slices.Clone(list), func(a Addon) bool { return !o.made(a) })
		if len(found) > 0 || look >= looks {
			return found, nil
		}
		if err := pause(ctx, o.patience.wait(look)); err != nil {
			return nil, err
		}
	}
}

// made tells whether an add-on may be what was ordered.
func (o *ordering) made(a Addon) bool {
	known := slices.ContainsFunc(o.before, func(b Addon) bool { return a.ID == b.ID })
	return !known && a.Name == o.order.Name && a.Provider.ID == o.order.ProviderID
}

// postAgain tells whether a POST that surely had no effect is worth another, and
// after how long.
func (c *core) postAgain(attempt int, err error) (time.Duration, bool) {
	_, lost := errors.AsType[*LostOrderError](err)
	e, ok := errors.AsType[*Error](err)
	if lost || !ok || attempt >= c.patience.tries {
		return 0, false
	}
	wait := max(c.patience.wait(attempt), e.after)
	switch {
	case e.Status == http.StatusServiceUnavailable || e.Status == http.StatusTooManyRequests:
		return wait, e.after <= c.patience.obeyed
	case e.kind == unreachable && !e.sent:
		return wait, c.passing(e.Err)
	}
	return 0, false
}

// A LostOrderError says that the answer to an order did not come, and what is
// known of the order.
type LostOrderError struct {
	Owner string // "": the personal space
	Name  string
	Err   error    // what the order failed with
	Look  error    // what looking for it failed with; nil: it was looked for
	Found []string // ids of several new add-ons of that name; empty: none was found
}

func (e *LostOrderError) Error() string {
	what := fmt.Sprintf("add-on %q of %s", e.Name, cmp.Or(e.Owner, "the personal space"))
	switch {
	case e.Look != nil:
		return fmt.Sprintf("whether %s was ordered is not known: %v; and the list of add-ons could not be read: %v", what, e.Err, e.Look)
	case len(e.Found) > 0:
		return fmt.Sprintf("the answer to the order of %s was lost, and there are now %d new ones of that name: %v", what, len(e.Found), e.Err)
	}
	return fmt.Sprintf("the answer to the order of %s was lost: %v; the list of add-ons was read again and does not hold it", what, e.Err)
}

// Unwrap gives what the order failed with.
func (e *LostOrderError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *LostOrderError) Hint() string {
	if len(e.Found) > 0 {
		return fmt.Sprintf("keep one and remove the others: %v", e.Found)
	}
	return "play again a little later: if it exists then, it is found by its name"
}

// Detail gives what the platform's support asks for.
func (e *LostOrderError) Detail() string {
	if p, ok := errors.AsType[*Error](e.Err); ok {
		return p.Detail()
	}
	return ""
}
