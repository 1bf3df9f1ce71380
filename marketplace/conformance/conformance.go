package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"runner/marketplace/manifest"
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
	variables      // an add-on whose variables came, at once or later
	plans          // a back-end that changes plans
	login          // a back-end where users sign in
	callbacks      // a marketplace that the back-end can call
	header         // a sign-in, and somebody who asks for Heroku's old header
	timing         // a sign-in, and somebody who asks for a look at the clock
)

// Profile returns the name of the profile that a check is made for only; "" where
// it is always made.
func (c Check) Profile() string {
	return map[need]string{header: "heroku-header", timing: "timing"}[c.need]
}

// Profiles returns what can be asked for beside the usual checks: heroku-header is
// what Heroku once wanted of a dashboard's page, and timing measures how long
// wrong proofs take.
func Profiles() []string { return []string{"heroku-header", "timing"} }

// In reports whether a dialect has the check.
func (c Check) In(d manifest.Dialect) bool {
	letter := map[manifest.Dialect]string{manifest.Clever: "c", manifest.AppFog: "a", manifest.HerokuV1: "1", manifest.HerokuV3: "3"}[d]
	return strings.Contains(c.in, letter)
}

// all is every dialect.
const all = "ca13"

// Checks returns all checks, in the order in which they are made.
func Checks() []Check {
	return slices.Concat(manifestChecks(), provisionChecks(), authChecks(), requestChecks(), repeatChecks(), configChecks(),
		planChecks(), loginChecks(), proofChecks(), sessionChecks(), pageChecks(), callbackChecks(), removalChecks(), lastChecks())
}

// A Status is how a check ended.
type Status string

// The statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Warned  Status = "warned"
	Noted   Status = "noted" // worth a look, and no breach
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
	Addon   string           `json:"addon"`
	Dialect manifest.Dialect `json:"dialect"`
	URL     string           `json:"url"`
	Results []Result         `json:"results"`
	Left    []string         `json:"left,omitempty"` // add-ons that could not be removed
}

// Count reports how many checks ended so.
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
	Backend   *manifest.Backend  // its Patience is not used
	Problems  []manifest.Problem // of its manifest
	Plan      string             // to order
	OtherPlan string             // to change to; "": those checks are skipped
	Only      []string           // ids of checks; empty: all
	Skip      []string
	Profiles  []string         // of Profiles; a check of one that is named in Only is made, too
	Async     bool             // orders are answered with 202 and finished by a callback
	Market    *manifest.Market // answers the back-end's calls; nil: there is none
	Callback  string           // where the market is reached: http://host:port/vendor/apps
	Wait      time.Duration    // for a slow order; 0 means a minute
	Soft      time.Duration    // an answer should come in this time; 0 means 3 seconds
	Hard      time.Duration    // and must in this; 0 means 25 seconds
	Console   string           // opens dashboards in a frame: https://console.clever-cloud.com; "": maybe it does not
	// Run uses an add-on by its variables, as an application would. nil: nothing does.
	Run func(ctx context.Context, config map[string]string) error
	// Resolve returns the addresses of a host. nil: as the system does.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	Told    func(Result) // is told of each result as it comes; nil: nobody
}

// Unreachable is a back-end that nothing was heard of.
type Unreachable struct{ Err error }

func (e *Unreachable) Error() string { return "the back-end does not answer: " + e.Err.Error() }

// Unwrap returns why there was no answer.
func (e *Unreachable) Unwrap() error { return e.Err }

// Run makes the checks. The report is there with an error, too: when the context
// ended, what was made until then is removed all the same, in a minute at most.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.known(); err != nil {
		return nil, err
	}
	s := newSession(ctx, o)
	err := s.begin()
	if err == nil {
		err = s.checks()
	}
	s.clean(context.WithoutCancel(ctx))
	return s.report, err
}

// known holds the options to name checks and profiles that there are.
func (o *Options) known() error {
	for _, id := range slices.Concat(o.Only, o.Skip) {
		if !slices.ContainsFunc(Checks(), func(c Check) bool { return c.ID == id }) {
			return fmt.Errorf("there is no check %q", id)
		}
	}
	for _, name := range o.Profiles {
		if !slices.Contains(Profiles(), name) {
			return fmt.Errorf("there is no profile %q", name)
		}
	}
	return nil
}

// checks makes those that are wanted, one after the other.
func (s *session) checks() error {
	for _, c := range Checks() {
		if !s.wants(c) {
			continue
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
		s.note(s.check(c))
	}
	return s.ctx.Err()
}

// wants reports whether a check is to have a result. One that was named is, even
// where the dialect has none of that id.
func (s *session) wants(c Check) bool {
	if slices.Contains(s.o.Skip, c.ID) {
		return false
	}
	if len(s.o.Only) == 0 {
		return c.In(s.m.Dialect)
	}
	other := func(o Check) bool { return o.ID == c.ID && o.In(s.m.Dialect) }
	return slices.Contains(s.o.Only, c.ID) && (c.In(s.m.Dialect) || !slices.ContainsFunc(Checks(), other))
}

func (s *session) check(c Check) Result {
	p := &probe{session: s, result: Result{ID: c.ID, Title: c.Title, Why: c.Why, Section: c.Section, Status: Passed}, warning: c.Warning}
	if reason := s.lacks(c); reason != "" {
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

// lacks reports why a check cannot be made, "" if it can.
func (s *session) lacks(c Check) string {
	profile := c.Profile()
	switch {
	case !c.In(s.m.Dialect):
		return "no check of " + string(s.m.Dialect)
	case profile != "" && !slices.Contains(s.o.Profiles, profile) && !slices.Contains(s.o.Only, c.ID):
		return "nobody asked for it: --profile " + profile
	case c.need == callbacks && s.o.Market == nil:
		return "no marketplace listens: --callback-listen"
	case c.need != nothing && s.first == nil:
		return "no add-on could be ordered"
	case c.need == variables && s.pending && !s.settled:
		return "the variables did not come"
	case c.need == plans && !s.changesPlans:
		return "this back-end changes no plans"
	case (c.need == login || profile != "") && (s.o.Backend.Site.SSOURL == "" || s.m.SSOSalt == ""):
		return "users cannot sign in: the manifest has no sso_url or no sso_salt"
	}
	return ""
}

// local reports whether the back-end is on this machine, as it is while a vendor
// develops it.
func (s *session) local() bool {
	u, err := url.Parse(s.o.Backend.Site.BaseURL)
	return err == nil && manifest.IsLoopback(u.Hostname())
}

// begin orders the add-on that most checks are about. Nothing heard at all is an
// error; whatever else goes wrong is for the checks to tell.
func (s *session) begin() error {
	s.firstOrder = s.order()
	s.firstAnswer = s.post(s.firstOrder)
	if none, ok := errors.AsType[*manifest.NoResponse](s.firstAnswer.err); ok && !none.TimedOut && !none.Sent && !none.TLS {
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
	case manifest.AppFog:
		s.changesPlans = s.m.PlanUpdateable
	case manifest.Clever:
		status := s.put(s.first, s.o.Plan).status()
		s.changesPlans = status != 404 && status != 405 && status != 501
	default:
		s.changesPlans = true
	}
	return s.ctx.Err()
}
