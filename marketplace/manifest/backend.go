package manifest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// masked stands for a secret.
const masked = "********"

// A Backend is a vendor's back-end as a marketplace calls it.
type Backend struct {
	Manifest  *Manifest
	Site      Site
	Transport *Transport
	Retry     RetryPolicy
	// Before is called before each attempt with its number, from 1: the place to note
	// that the call may have been made. Its error ends the call. nil: nothing.
	Before func(call string, try int) error
	// After is called after each attempt that was sent, with its result. nil: nothing.
	After func(Attempt)
}

// An Attempt is a call that was sent once. It holds no secret of the manifest's; the
// variables of the Resource are the customer's.
type Attempt struct {
	Vendor      string // the manifest's id
	Call        string // "provision", "plan change", "deprovision"
	Method, URL string
	Plan        string // what was asked for; "" where that is not in question
	Number      int    // from 1
	Status      int    // 0 without an answer
	Took        time.Duration
	Resource    *Resource // nil after a failure
	Err         error
}

// Request makes a request as the dialect has it: with credentials, for an
// add-on's id, or for orders where id is "". A nil body is none.
func (b *Backend) Request(ctx context.Context, method, id string, body any) (*http.Request, error) {
	target := b.Site.BaseURL
	if id != "" {
		target += "/" + url.PathEscape(id)
	}
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth(b.Manifest.ID, b.Manifest.Password)
	r.Header.Set("Accept", "application/json")
	if b.Manifest.Dialect == HerokuV3 {
		r.Header.Set("Accept", "application/vnd.heroku-addons+json; version=3")
	}
	r.Header.Set("User-Agent", "runner")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

// Provision orders an add-on. It is repeated with the same key as long as that
// may help, so that a lost answer is no second add-on. Every error is a *Failure
// or the context's.
func (b *Backend) Provision(ctx context.Context, o Order) (*Resource, error) {
	return b.call(ctx, provision, "", o.Body(b.Manifest))
}

// ChangePlan changes the plan of an add-on, which is named by the vendor's id;
// at Heroku v3 by its key.
func (b *Backend) ChangePlan(ctx context.Context, id string, o Order, plan string) (*Resource, error) {
	return b.call(ctx, planChange, b.pathID(id, o), o.PlanBody(b.Manifest.Dialect, plan))
}

// Deprovision removes an add-on. One that is gone already is no error.
func (b *Backend) Deprovision(ctx context.Context, id string, o Order) (*Resource, error) {
	return b.call(ctx, deprovision, b.pathID(id, o), nil)
}

// pathID returns what names an add-on in URLs.
func (b *Backend) pathID(id string, o Order) string {
	if b.Manifest.Dialect == HerokuV3 && o.Key != "" {
		return o.Key
	}
	return id
}

// Abandon removes what an order may have made though its answer was lost. Where
// only the back-end knows the id, the order is repeated to learn it; nil: there is
// nothing of it, or no longer. That the back-end cannot be asked says neither.
func (b *Backend) Abandon(ctx context.Context, o Order) error {
	id := o.Key
	if b.Manifest.Dialect != HerokuV3 {
		r, err := b.Provision(ctx, o)
		if f, ok := errors.AsType[*Failure](err); ok && (f.Outcome == Refused || f.Outcome == Gone) {
			return nil // there is nothing
		}
		if err != nil {
			return err
		}
		id = r.ID
	}
	_, err := b.Deprovision(ctx, id, o)
	return err
}

// call tries a call until it is answered, or as long as that is worth while.
func (b *Backend) call(ctx context.Context, k callKind, id string, body any) (*Resource, error) {
	var unknown bool
	for try := 1; ; try++ {
		if b.Before != nil {
			if err := b.Before(string(k), try); err != nil {
				return nil, err
			}
		}
		res, err := b.once(ctx, k, id, body, try)
		f, failed := errors.AsType[*Failure](err)
		if !failed {
			return res, err
		}
		f.Tries, unknown = try, unknown || f.Unknown
		f.Unknown = f.Unknown || unknown && f.Outcome == Transient
		wait, again := b.Retry.Next(try, f)
		if !again {
			return nil, f
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func (b *Backend) once(ctx context.Context, k callKind, id string, body any, number int) (*Resource, error) {
	r, err := b.Request(ctx, k.method(), id, body)
	if err != nil {
		return nil, &Failure{Call: string(k), Outcome: Mismatch, Err: err}
	}
	fields, _ := body.(map[string]any)
	plan, _ := fields["plan"].(string)
	try := Attempt{Vendor: b.Manifest.ID, Call: string(k), Method: r.Method, URL: b.Mask(r.URL.String()), Plan: plan, Number: number}
	begun := time.Now()
	a, err := b.Transport.Send(r)
	try.Took = time.Since(begun)
	if err != nil {
		try.Err = b.noResponse(ctx, k, err)
	} else {
		try.Status = a.Status
		try.Resource, try.Err = b.interpret(k, a)
	}
	if b.After != nil {
		b.After(try)
	}
	return try.Resource, try.Err
}

// silent makes a Failure of a call without an answer.
func (b *Backend) noResponse(ctx context.Context, k callKind, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f := &Failure{Call: string(k), Outcome: Transient, Err: &printableError{b.printable(err.Error()), err}}
	none, ok := errors.AsType[*NoResponse](err)
	_, inside := errors.AsType[*insideError](err)
	switch {
	case inside:
		f.Outcome = WrongURL
	case ok && none.TLS:
		f.Outcome = Untrusted
	case ok:
		f.Unknown = none.Sent
	}
	return f
}

// A shownError is an error whose text is fit to be shown: that of a broken answer
// has parts of it.
type printableError struct {
	text string
	err  error
}

func (e *printableError) Error() string { return e.text }

func (e *printableError) Unwrap() error { return e.err }

// understand reads an answer by its status.
func (b *Backend) interpret(k callKind, a *Response) (*Resource, error) {
	f := &Failure{Call: string(k), Outcome: k.outcome(a.Status), Status: a.Status, after: retryAfter(a.Header)}
	switch f.Outcome {
	case Done, Pending:
		res, err := b.resource(k, a)
		if err != nil {
			f.Outcome, f.Err, f.Unknown = Malformed, errors.New(b.Mask(err.Error())), true
			return nil, f
		}
		res.Pending = f.Outcome == Pending
		return res, nil
	case Gone, NotFound:
		if k == deprovision {
			return &Resource{Message: b.printable(refusalText(a.Body))}, nil
		}
	case Malformed:
		f.Unknown = true
	case WrongURL:
		if where := a.Header.Get("Location"); where != "" {
			f.Message = fmt.Sprintf("it points to %q", b.printable(where))
		}
		return nil, f
	}
	f.Message = b.printable(refusalText(a.Body))
	return nil, f
}

// resource reads the body of a success. An order's must name an id; the others
// may be empty, and what answers a removal does not matter.
func (b *Backend) resource(k callKind, a *Response) (*Resource, error) {
	res := &Resource{}
	switch {
	case k == deprovision:
		return res, nil
	case a.Truncated:
		return nil, fmt.Errorf("the answer is larger than a mebibyte")
	case k == planChange && len(bytes.TrimSpace(a.Body)) == 0:
		return res, nil
	}
	if err := res.read(a.Body, b.Manifest); err != nil {
		return nil, err
	}
	if k == provision && res.ID == "" {
		return nil, fmt.Errorf("the answer has no id")
	}
	res.Message = b.printable(res.Message)
	return res, nil
}

// Mask replaces the manifest's secrets, as they are and as a Basic header has
// them.
func (b *Backend) Mask(s string) string { return Mask(s, b.Manifest.hidden()...) }

// printable makes a text of the back-end's fit for one line. Secrets go first: of one
// that is cut, what is left would not be known.
func (b *Backend) printable(s string) string { return printable(b.Mask(s)) }

// hidden returns the secrets in all forms that they travel in.
func (m *Manifest) hidden() []string {
	all := []string{base64.StdEncoding.EncodeToString([]byte(m.ID + ":" + m.Password))}
	for _, s := range m.Secrets() {
		all = append(all, s, url.QueryEscape(s))
	}
	return all
}

// Mask replaces each secret in a text. Those of less than four letters are words.
func Mask(s string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= 4 {
			s = strings.ReplaceAll(s, secret, masked)
		}
	}
	return s
}
