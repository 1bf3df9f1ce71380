// Package conformance tests a vendor's back-end as a marketplace will use it: it
// orders add-ons, changes and removes them, signs in, and does all of that wrong
// on purpose. It goes on after a failure, and removes what it made.
//
// It stands beside package vendor, not below it: Go takes packages below a folder
// of that name for copies of others.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"runner/clever/vendor"
)

// A Check is one thing that a back-end is held to. Those whose id begins with K
// were kensa's, Heroku's tester.
type Check struct {
	ID      string
	Title   string
	Why     string // why it matters to vendors and their users
	Section string // of the marketplaces' API: "provision", "single sign-on"
	Warning bool   // a breach is told, but fails nothing
	in      string // a letter for each dialect that has it: c, a, 1, 3
	need    need
	run     func(*probe)
}

// need is what has to be there for a check to make sense.
type need int

const (
	nothing   need = iota
	addon          // an add-on that was ordered
	plans          // a back-end that changes plans
	login          // a back-end where users sign in
	callbacks      // a marketplace that the back-end can call
)

// In tells whether a dialect has the check.
func (c Check) In(d vendor.Dialect) bool {
	letter := map[vendor.Dialect]string{vendor.Clever: "c", vendor.AppFog: "a", vendor.HerokuV1: "1", vendor.HerokuV3: "3"}[d]
	return strings.Contains(c.in, letter)
}

// all is every dialect.
const all = "ca13"

// Checks gives all checks, in the order in which they are made.
func Checks() []Check {
	return slices.Concat(manifestChecks(), provisionChecks(), authChecks(), requestChecks(), repeatChecks(), configChecks(),
		planChecks(), loginChecks(), proofChecks(), sessionChecks(), callbackChecks(), removalChecks(), lastChecks())
}

// A Status is how a check ended.
type Status string

// The statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Warned  Status = "warned"
	Skipped Status = "skipped"
)

// A Result is a check that was made, or why it was not. Nothing in it is secret.
type Result struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Status   Status   `json:"status"`
	Sent     []string `json:"sent,omitempty"`
	Expected string   `json:"expected,omitempty"`
	Came     string   `json:"came,omitempty"` // or the reason to skip it
	Why      string   `json:"why"`
	Section  string   `json:"section"`
}

// A Report is what came of all checks.
type Report struct {
	Addon   string         `json:"addon"`
	Dialect vendor.Dialect `json:"dialect"`
	URL     string         `json:"url"`
	Results []Result       `json:"results"`
	Left    []string       `json:"left,omitempty"` // add-ons that could not be removed
}

// Count tells how many checks ended so.
func (r *Report) Count(s Status) int {
	n := 0
	for _, one := range r.Results {
		if one.Status == s {
			n++
		}
	}
	return n
}

// Options say what to test, and how.
type Options struct {
	Backend   *vendor.Backend  // its Patience is not used
	Problems  []vendor.Problem // of its manifest
	Plan      string           // to order
	OtherPlan string           // to change to; "": those checks are skipped
	Only      []string         // ids of checks; empty: all
	Skip      []string
	Async     bool           // orders are answered with 202 and finished by a callback
	Market    *vendor.Market // answers the back-end's calls; nil: there is none
	Callback  string         // where the market is reached: http://host:port/vendor/apps
	Wait      time.Duration  // for a slow order; 0 means a minute
	Soft      time.Duration  // an answer should come in this time; 0 means 3 seconds
	Hard      time.Duration  // and must in this; 0 means 25 seconds
	Run       func(ctx context.Context, config map[string]string) error
	Told      func(Result) // is told of each result as it comes; nil: nobody
}

// Unreachable is a back-end that nothing was heard of.
type Unreachable struct{ Err error }

func (e *Unreachable) Error() string { return "the back-end does not answer: " + e.Err.Error() }

// Unwrap gives why there was no answer.
func (e *Unreachable) Unwrap() error { return e.Err }

// Run makes the checks. The report is there with an error, too: when the context
// ended, what was made until then is removed all the same.
func Run(ctx context.Context, o Options) (*Report, error) {
	for _, id := range slices.Concat(o.Only, o.Skip) {
		if !slices.ContainsFunc(Checks(), func(c Check) bool { return c.ID == id }) {
			return nil, fmt.Errorf("there is no check %q", id)
		}
	}
	s := newSession(ctx, o)
	err := s.begin()
	if err == nil {
		err = s.checks()
	}
	s.clean(context.WithoutCancel(ctx))
	return s.report, err
}

// checks makes those that are wanted, one after the other.
func (s *session) checks() error {
	for _, c := range Checks() {
		if !c.In(s.m.Dialect) || len(s.o.Only) > 0 && !slices.Contains(s.o.Only, c.ID) || slices.Contains(s.o.Skip, c.ID) {
			continue
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
		s.note(s.check(c))
	}
	return s.ctx.Err()
}

func (s *session) check(c Check) Result {
	p := &probe{session: s, result: Result{ID: c.ID, Title: c.Title, Why: c.Why, Section: c.Section, Status: Passed}, warning: c.Warning}
	if reason := s.lacks(c.need); reason != "" {
		p.skip(reason)
	} else {
		c.run(p)
	}
	return p.result
}

func (s *session) note(r Result) {
	s.report.Results = append(s.report.Results, r)
	if s.o.Told != nil {
		s.o.Told(r)
	}
}

// lacks tells why a check cannot be made, "" if it can.
func (s *session) lacks(n need) string {
	switch {
	case n == callbacks && s.o.Market == nil:
		return "no marketplace listens: --callback-listen"
	case n != nothing && s.first == nil:
		return "no add-on could be ordered"
	case n == plans && !s.changesPlans:
		return "this back-end changes no plans"
	case n == login && (s.o.Backend.Site.SSOURL == "" || s.m.SSOSalt == ""):
		return "users cannot sign in: the manifest has no sso_url or no sso_salt"
	}
	return ""
}

// begin orders the add-on that most checks are about. Nothing heard at all is an
// error; whatever else goes wrong is for the checks to tell.
func (s *session) begin() error {
	s.firstOrder = s.order()
	s.firstAnswer = s.post(s.firstOrder)
	if none, ok := errors.AsType[*vendor.NoAnswer](s.firstAnswer.err); ok && !none.Slow && !none.Sent {
		return &Unreachable{none}
	}
	if s.firstAnswer.good() {
		s.first = s.track(s.firstOrder, s.firstAnswer)
	}
	if s.first == nil {
		return s.ctx.Err()
	}
	s.config = s.firstAnswer.config()
	s.forged = s.order()
	s.post(s.forged, with("Authorization", ""))
	if s.firstAnswer.status() == 202 {
		s.pending = true
		s.settled = s.await(s.first)
	}
	switch s.m.Dialect {
	case vendor.AppFog:
		s.changesPlans = s.m.PlanUpdateable
	case vendor.Clever:
		status := s.put(s.first, s.o.Plan).status()
		s.changesPlans = status != 404 && status != 405 && status != 501
	default:
		s.changesPlans = true
	}
	return s.ctx.Err()
}

// clean removes everything that was made, and notes what stays.
func (s *session) clean(ctx context.Context) {
	s.ctx = ctx
	for _, r := range s.made {
		if r.removed {
			continue
		}
		switch status := s.remove(r).status(); status {
		case 200, 201, 202, 204, 404, 410:
		default:
			s.report.Left = append(s.report.Left, r.id)
		}
	}
}
