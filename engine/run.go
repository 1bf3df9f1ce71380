package engine

import (
	"runner/diagnostic"

	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/engine/schedule"
)

// DefaultJobs is how many steps are at work at once unless given.
const DefaultJobs = 64

// Options say how a program is to be run.
type Options struct {
	Check     bool // plan only
	Diff      bool // differences are wanted
	Verbosity int  // how many -v
	Jobs      int  // steps at work at once; 0: DefaultJobs
	KeepGoing bool // after a failure go on with what does not depend on it
	Allow     []string
	Selection Selection
	// ForceHandlers: handlers that were notified run after a failure too.
	ForceHandlers bool
	Hooks
	// Ask asks the user for consent; nil where there is no terminal. It is
	// called for one step at a time.
	Ask func(ctx context.Context, question string) bool
	// Approved returns who consented to a change before the run began: ByUser or ByPlan; ""
	// where nobody did. Nil: nobody consented to anything.
	Approved func(s *Step, c *Change) string
	// Planned returns why a change may not be carried out: it is not in the plan that is to
	// be. Nil: there is none, and all may be.
	Planned   func(s *Step, c *Change) error
	ExtraVars []Var
	// Transport is the way out; nil: http.DefaultTransport. Tasks never get it
	// bare while they plan.
	Transport http.RoundTripper
	// MayWrite returns why nothing may be written any more: the right to do so has
	// ended. It is asked before each request that may write; after its first error
	// nothing more is started. Nil: the right does not end.
	MayWrite func() error
	Secrets  *Secrets
	Reporter Reporter
	// Applying is called with each change right before it is carried out, and the
	// function that it returns right after; may be nil. The goroutines that do
	// the work call them, in no order.
	Applying func(s *Step, name string, c *Change) (ended func(Value, error))
	// Watch is called when a task, or an item of one, begins its work. It returns what is
	// called when something is to be said of it, and when it ends. The goroutines that do
	// the work call them, in no order. Nil: nobody watches.
	Watch func(name string) (status func(text string), ended func())
	// Complete: what of a result is read when it is used is read when the task ends, since
	// whoever gets the result can read nothing. A failure of that fails the task.
	Complete bool
	Lookups  map[string]expr.Lookup
	FromYAML func(text string) (Value, error)
}

// A Result is what came of a run.
type Result struct {
	Stats       Stats
	Problems    []*diagnostic.Problem // of the steps that failed, in playbook order
	Interrupted bool
}

// Run runs a program. When ctx ends, nothing more is started or planned, what is
// being applied ends, and the Result says Interrupted. The error is about the
// program itself (Link), or about what of it was selected (Selection); then
// nothing was run.
func Run(ctx context.Context, p *Program, opt Options) (Result, error) {
	order := link(p, varNames(opt.ExtraVars))
	startAt, problem := opt.Selection.Start(p)
	var problems diagnostic.Problems
	problems.Add(problem)
	if err := problems.Err(); err != nil {
		return Result{}, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := newRun(opt, stop)
	r.ctx = ctx
	r.startAt = startAt
	start := time.Now()
	r.report(RunStart{Host: p.Host(), Check: opt.Check, Time: start})
	r.deciding = deciding(p, varNames(opt.ExtraVars))
	var plays []*playRun
	for i, play := range p.Plays {
		plays = append(plays, &playRun{run: r, play: play, order: order, last: i == len(p.Plays)-1, earlier: plays})
		r.runPlay(ctx, i, plays[i])
		if r.result.Stats.Failed > 0 || ctx.Err() != nil {
			break
		}
		if i+1 < len(p.Plays) && p.Plays[i+1].Given != play.Given {
			r.report(PlaybookEnd{Stats: r.result.Stats})
		}
	}
	r.pruneLater(ctx, plays)
	r.result.Interrupted = ctx.Err() != nil
	r.report(RunEnd{Stats: r.result.Stats, Took: time.Since(start), Interrupted: r.result.Interrupted})
	return r.result, nil
}

func varNames(vars []Var) []string {
	var list []string
	for _, v := range vars {
		list = append(list, v.Name)
	}
	return list
}

// A run is the state of one run.
type run struct {
	opt      Options
	facts    registry // what was registered or set
	included registry // what include_vars read
	roleVars registry // variables of public roles that tasks included
	defaults registry // their defaults
	planned  plannedFiles
	pending  Pending
	schedule *schedule.Schedule
	reading  *http.Client // refuses to write
	writing  *http.Client
	ctx      context.Context //nolint:containedctx // for what is read when it is used
	asking   sync.Mutex
	goOn     bool            // of --step: no more questions
	startAt  *Step           // nil once it was found
	deciding map[string]bool // names given from outside, see deciding
	result   Result          // written by the teller only
}

// newRun makes a run; lost is called when it may not write any more.
func newRun(opt Options, lost func(error)) *run {
	if opt.Jobs <= 0 {
		opt.Jobs = DefaultJobs
	}
	if opt.Transport == nil {
		opt.Transport = http.DefaultTransport
	}
	if opt.Secrets == nil {
		opt.Secrets = &Secrets{}
	}
	if opt.Reporter == nil {
		opt.Reporter = Reporters{}
	}
	if opt.Applying == nil {
		opt.Applying = func(*Step, string, *Change) func(Value, error) { return func(Value, error) {} }
	}
	return &run{
		opt:      opt,
		schedule: schedule.New(opt.Jobs),
		reading:  &http.Client{Transport: readOnly{opt.Transport}},
		writing:  &http.Client{Transport: leased{opt.Transport, opt.MayWrite, lost}},
	}
}

// render returns a name as text; what is undefined in it is shown as written, with
// a mark, and is no failure.
func (r *run) render(s *scope, n *expr.Node) string {
	c := s.context()
	c.ShowErrors = true
	v, err := n.Eval(c)
	if err != nil {
		return fmt.Sprintf("<< error 1 - %s >>", err)
	}
	return value.Text(v)
}

// Risks are the words for what a change may risk, and what can be consented to.
// delete-doubtful: to delete what may be declared somewhere all the same.
func Risks() []string { return []string{"delete", "delete-doubtful", "replace", "migrate"} }
