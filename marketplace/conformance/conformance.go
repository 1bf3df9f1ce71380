package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"runner/marketplace/manifest"
)

// A Status is how a check ended.
type Status string

// The statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"  // what is required is not so
	Advised Status = "advice"  // what is advised is not so
	Noted   Status = "noted"   // worth a look, and no breach
	Skipped Status = "skipped" // what it stands on is not there
)

// A Result is a check that was made, or why it was not. Nothing in it is secret.
type Result struct {
	ID       string          `json:"id"`
	Title    string          `json:"title"`
	Section  string          `json:"section"`
	Level    Level           `json:"level"`
	Status   Status          `json:"status"`
	Sent     []string        `json:"sent,omitempty"` // the request at fault, and those that it is compared with
	Expected string          `json:"expected,omitempty"`
	Came     string          `json:"came,omitempty"` // or the reason to skip it
	Means    string          `json:"means,omitempty"`
	Fix      string          `json:"fix,omitempty"`
	Source   manifest.Source `json:"source,omitzero"`
}

// A Report is what came of all checks.
type Report struct {
	Addon   string           `json:"addon"`
	Dialect manifest.Dialect `json:"dialect"`
	URL     string           `json:"url"`
	Whole   bool             `json:"whole"`       // all checks were made, as far as they could be
	Live    bool             `json:"may_go_live"` // they were, and no required one failed
	Results []Result         `json:"results"`
	Left    []string         `json:"left,omitempty"` // add-ons that could not be removed
}

// Count returns how many checks ended so.
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
	Backend   *manifest.Backend  // its Retry is not used
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
	Resolve  func(ctx context.Context, host string) ([]netip.Addr, error)
	OnCheck  func(done, of int, c Check) // is called before each check; nil: nothing
	OnResult func(Result)                // is called after each check; nil: nothing
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
	s.report.Whole = err == nil && s.first != nil && len(o.Only)+len(o.Skip) == 0
	s.report.Live = s.report.Whole && len(s.report.Left) == 0 && s.report.Count(Failed) == 0
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
	var wanted []Check
	for _, c := range Checks() {
		if s.wants(c) {
			wanted = append(wanted, c)
		}
	}
	for i, c := range wanted {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if s.o.OnCheck != nil {
			s.o.OnCheck(i, len(wanted), c)
		}
		r := s.check(c)
		s.report.Results = append(s.report.Results, r)
		if s.o.OnResult != nil {
			s.o.OnResult(r)
		}
	}
	return s.ctx.Err()
}

// wants reports whether a check is to have a result. One that was named is, even
// where the dialect has none of that id.
func (s *session) wants(c Check) bool {
	if len(s.o.Only) == 0 {
		return c.In(s.m.Dialect) && !slices.Contains(s.o.Skip, c.ID)
	}
	return slices.Contains(s.o.Only, c.ID) && !slices.Contains(s.o.Skip, c.ID)
}

// check makes one check, and notes what later ones lack if it does not pass.
func (s *session) check(c Check) Result {
	level := c.Level(s.m.Dialect)
	p := &probe{session: s, check: c, result: Result{
		ID: c.ID, Title: c.Title, Section: c.Section, Level: level, Status: Passed, Source: c.Source(s.m.Dialect),
	}}
	if reason := s.lacks(c); reason != "" {
		p.skip(reason)
	} else {
		c.run(p)
	}
	switch p.result.Status {
	case Passed:
		return p.result
	case Failed, Advised:
		p.result.Means, p.result.Fix = c.Means, c.Fix
	}
	for _, g := range c.holds {
		if (p.broken || p.result.Status == Skipped) && s.lost[g] == "" {
			s.lost[g] = c.ID
		}
	}
	return p.result
}

// lacks returns why a check cannot be made, "" if it can.
func (s *session) lacks(c Check) string {
	if !c.In(s.m.Dialect) {
		return "no check of " + string(s.m.Dialect)
	}
	for _, g := range c.needs {
		if by := s.lost[g]; by != "" {
			return fmt.Sprintf("needs %s, and %s did not pass", g, by)
		}
		if reason := s.without(g, c); reason != "" {
			return reason
		}
	}
	return ""
}

// without returns why a ground is not there, whatever checks found.
func (s *session) without(g ground, c Check) string {
	named := slices.Contains(s.o.Only, c.ID)
	switch g {
	case anOrder, variables:
		if s.first == nil {
			return "no add-on could be ordered: " + s.firstAnswer.String()
		}
		if g == variables && s.pending && !s.finished {
			return "the variables did not come"
		}
	case plans:
		if s.first != nil && !s.changesPlans {
			return "this back-end changes no plans"
		}
	case callbacks:
		if s.o.Market == nil {
			return "no marketplace listens: --callback-listen"
		}
	case signOn, signedIn:
		if s.o.Backend.Site.SSOURL == "" || s.m.SSOSalt == "" {
			return "users cannot sign in: the manifest has no sso_url or no sso_salt"
		}
		if g == signedIn && s.first != nil && !s.own().arrived() {
			return "nobody can sign in: " + s.own().last.String()
		}
	case herokuPage, clock:
		if profile := c.Profile(); !named && !slices.Contains(s.o.Profiles, profile) {
			return "not asked for: --profile " + profile
		}
	}
	return ""
}

// local reports whether the back-end is on this machine, as it is while it is
// developed.
func (s *session) local() bool {
	u, err := url.Parse(s.o.Backend.Site.BaseURL)
	return err == nil && manifest.IsLoopback(u.Hostname())
}

// begin orders the add-on that most checks are about. Nothing heard at all is an
// error; whatever else goes wrong is for the checks to report.
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
		s.finished = s.await(s.first)
	}
	switch s.m.Dialect {
	case manifest.AppFog:
		s.changesPlans = s.m.PlanUpdateable
	case manifest.Clever: // whose documentation has no plan change any more
		status := s.put(s.first, s.o.Plan).status()
		s.changesPlans = status != 404 && status != 405 && status != 501
	default:
		s.changesPlans = true
	}
	return s.ctx.Err()
}
