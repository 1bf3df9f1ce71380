package backend

import (
	"context"
	"net/http"
	"time"

	"runner/marketplace/manifest"
)

// A Service is what a provider offers. Its methods are called for one add-on at a
// time, for different add-ons side by side.
//
// Whatever a method began may have to be ended by a later call: after a crash,
// after a time-out, after an error. So each of them has to find the world as it
// should be, half done, or done already, and to leave it as it should be. An
// error that is no *Refusal means "not now": the marketplace is asked to repeat the
// call.
type Service interface {
	// Order makes what was ordered. The add-on's ID is its own and fits into
	// names: 26 lower-case letters and digits. Called again, its Plan may be another
	// one. A *Refusal has to leave nothing behind; the key is free again then.
	Order(ctx context.Context, a Addon) (Result, error)
	// ChangePlan brings an add-on from a.Plan to another plan. What the answer's
	// Config names replaces what customers had; all else stays. A *Refusal has to
	// leave the old plan in force.
	ChangePlan(ctx context.Context, a Addon, plan string) (Result, error)
	// Remove removes an add-on with all its data. There may be nothing, or a part,
	// where its order did not come to an end.
	Remove(ctx context.Context, a Addon) error
	// Dashboard answers the requests of a user who signed in to an add-on. The
	// path is what follows the add-on's own page: "/" for the page. Headers that
	// keep the page to itself are set, and may be changed.
	Dashboard(w http.ResponseWriter, r *http.Request, a Addon, by Visitor)
}

// An Addon is one that was ordered.
type Addon struct {
	ID     string         `json:"id"` // the vendor's
	State  State          `json:"state"`
	Order  manifest.Order `json:"order"`           // as it came; Order.Key is the market's id. Of removed ones there is the key only.
	Plan   string         `json:"plan,omitempty"`  // of today
	Next   string         `json:"next,omitempty"`  // a plan that a change, not ended yet, leads to
	Result Result         `json:"answer,omitzero"` // what its customer got
	Slow   bool           `json:"slow,omitempty"`  // answered with 202, and the marketplace does not know yet that it is ready
	Ended  time.Time      `json:"ended,omitzero"`  // when it was removed
}

// A State is how far an add-on is.
type State string

// The states. What is Making or Removing was begun, perhaps by a process that is
// no more.
const (
	Making   State = "making"
	Ready    State = "ready"
	Removing State = "removing"
	Removed  State = "removed" // a tombstone: the key is not to be used again
)

// A Result is what the marketplace gets to know of an add-on.
type Result struct {
	Config      map[string]string `json:"config,omitempty"`        // the customer's variables, by their full names: secrets
	Message     string            `json:"message,omitempty"`       // for the customer
	LogDrainURL string            `json:"log_drain_url,omitempty"` // where the manifest requires syslog_drain
}

// merge returns a result in which a newer one replaces what it names.
func (a Result) merge(newer Result) Result {
	r := manifest.Resource{Config: newer.Config}
	a.Config, a.Message = r.Merge(a.Config), newer.Message
	if newer.LogDrainURL != "" {
		a.LogDrainURL = newer.LogDrainURL
	}
	return a
}

// A Refusal is an order or a change that cannot be had. The customer sees why.
type Refusal struct{ Message string }

func (r *Refusal) Error() string { return r.Message }

// A Visitor is who looks at a dashboard.
type Visitor struct {
	UserID string
	Email  string
	App    string // Heroku's name of the application
	// Proven reports whether the marketplace signed who it is. If not, UserID
	// and Email are anybody's claim: good to greet with, and for nothing else.
	Proven bool
}

func visitor(l manifest.Login, r manifest.Scheme) Visitor {
	return Visitor{UserID: l.UserID, Email: l.Email, App: l.App, Proven: r == manifest.Signature || r == manifest.UserScopedToken}
}
