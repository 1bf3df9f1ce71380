package engine

import (
	"runner/diagnostic"

	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"runner/engine/expr/value"
	"runner/engine/schedule"
)

// An attempt does a step once, or one item of its loop. It holds what it is given;
// what comes of it is passed on as values: a try is what came of carrying the task
// out once, an ending is what is registered and reported. Only what has to stay hidden
// it finds on its way.
type attempt struct {
	node   *node
	play   *playRun
	step   *Step
	scope  *scope
	worker *schedule.Worker
	out    *stream
	name   string // the task's, rendered

	status  func(text string) // says to whom it may watch where the work stands
	noLog   bool              // the result is hidden
	secrets []string          // the texts of the secrets among the arguments
}

// A try is what came of carrying a task out once.
type try struct {
	outcome  Outcome
	value    Value
	change   *Change // nil: nothing was planned
	included *Included
	tells    bool // the result is printed without being asked for
	applied  bool // Change.Do was called
	changed  bool // something changed, though it counts as failed
	number   int  // of tries so far, 0 where there is one at most
	err      error
}

// An ending is how an attempt ended, and what comes next.
type ending struct {
	TaskEnd
	included *Included
	control  Control
	at       position
	frame    *frame
	notify   func() error // notifies the handlers, should another item have changed anything
}

// run does the attempt.
func (a *attempt) run(ctx context.Context, end TaskEnd) ending {
	e := ending{TaskEnd: end, at: a.scope.at, frame: a.scope.frame}
	t := a.do(ctx, &e.TaskEnd)
	if ctx.Err() != nil && t.err != nil && !t.applied {
		t.outcome = Blocked // interrupted before it did anything
	}
	a.conclude(&e, t)
	e.Took = time.Since(e.Start)
	return e
}

// do goes from keywords and conditions to the result. Panics of a task are problems,
// so that what else is under way can end and be reported.
func (a *attempt) do(ctx context.Context, end *TaskEnd) (t try) {
	defer func() {
		fault := recover()
		if notRead, ok := fault.(*value.ReadError); ok {
			t.err = notRead
		} else if fault != nil {
			t.err = &diagnostic.Problem{Place: a.step.Place, Detail: string(debug.Stack()),
				Msg:  fmt.Sprintf("a fault of runner in %s: %v", a.step.Kind.Name, fault),
				Hint: "please report it; -v shows where it happened"}
		}
	}()
	if err := a.keywords(end); err != nil {
		return try{err: err}
	}
	if t, run := a.conditions(); !run {
		return t
	}
	if err := a.here(end); err != nil {
		return try{err: err}
	}
	task, unknown, err := a.decode()
	if err != nil {
		return try{err: err}
	}
	if unknown {
		return a.undecided(task)
	}
	a.claim(task)
	return a.tries(ctx, task, end)
}

// keywordsOfLoop evaluates those that say how a loop is shown. What mentions the item is
// evaluated for each.
func (a *attempt) keywordsOfLoop(end *TaskEnd) error {
	err := a.keywords(end)
	if e, ok := errors.AsType[*value.Error](err); ok && e.Class == value.UndefinedError {
		end.NoLog, a.noLog = false, false
		return nil
	}
	return err
}

// keywords evaluates those that say how the step is shown.
func (a *attempt) keywords(end *TaskEnd) error {
	var err error
	if end.NoLog, err = a.scope.flag(a.step.NoLog, false); err != nil {
		end.NoLog, a.noLog = true, true // when in doubt, hide
		return err
	}
	a.noLog = end.NoLog
	end.Diff, err = a.scope.flag(a.step.Diff, a.play.opt.Diff)
	return err
}

// conditions reports whether the step is to be done; where it is not, it returns
// what came of it.
func (a *attempt) conditions() (try, bool) {
	if has[Pruner](a.step.Kind) && a.play.opt.partial() {
		return skipped("Only a part of the playbook is played: what is left out would count as not declared"), false
	}
	if has[Pruner](a.step.Kind) && a.play.claim.scope != "" && endedEarly(a.play.earlier, a.play.claim.scope) {
		return skipped("A play of this scope ended early: what it did not come to would count as not declared"), false
	}
	if always, ok := As[Unconditional](a.step.Kind); ok && always.Unconditional(a.step.Args) {
		return try{}, true
	}
	c, err := a.scope.test(a.step.When)
	switch {
	case err != nil:
		return try{err: err}, false
	case c.unknown != nil:
		return try{outcome: Unknown, value: c.unknown}, false
	case !c.holds:
		return a.skip(c.failing), false
	}
	return try{}, true
}

func (a *attempt) skip(c *Condition) try {
	t := skipped("Conditional result was False")
	t.value.(*value.Map).Set("false_condition", c.Said())
	return t
}

func skipped(why string) try {
	return try{outcome: Skipped, value: value.MapOf("changed", false, "skipped", true, "skip_reason", why)}
}

// decode fills the task's parameters and checks them, and reports whether an argument is
// not known yet.
func (a *attempt) decode() (task Task, unknown bool, err error) {
	d := decoder{context: a.scope.context, tested: a.scope.tested, secrets: a.play.opt.Secrets}
	task, err = d.decode(a.step.Kind, a.step.Args)
	a.secrets = d.marked
	if err != nil {
		return task, d.unknown != nil, err
	}
	if n, ok := task.(Namer); ok && a.step.Name != nil {
		n.TaskName(a.name)
	}
	c := &Checking{Dir: filepath.Dir(a.play.play.File), Secrets: d.secrets, open: d.vague}
	return task, d.unknown != nil, c.check(task)
}

// undecided is what comes of a task of which an argument is not known yet.
func (a *attempt) undecided(task Task) try {
	a.planFiles(task)
	t := try{value: &value.Unknown{Task: a.name}}
	switch {
	case has[Guard](a.step.Kind):
		t.outcome = Unknown
	case a.step.Kind.changes() && !onlyReads(task):
		t.outcome, t.change = Unknown, &Change{Action: Update, Object: a.step.As, Unknown: true}
	}
	return t
}

// onlyReads reports whether a task says that it reads all that it uses.
func onlyReads(task Task) bool {
	user, ok := task.(ResourceUser)
	return ok && !slices.ContainsFunc(user.Resources(), func(r Resource) bool { return !r.Read })
}

// claim says what a task uses and waits for the earlier ones that use the same.
func (a *attempt) claim(task Task) {
	more := a.step.Loop != nil && a.node.worker == a.worker // for the items that follow
	t, ok := task.(ResourceUser)
	if !ok && !more {
		a.worker.NoMoreClaims()
	}
	if !ok {
		return
	}
	a.worker.Claim(a.play.uses(t), more)
}

// carryOut plans and applies once.
func (a *attempt) carryOut(ctx context.Context, task Task) try {
	check, err := a.scope.flag(a.step.CheckMode, a.play.opt.Check)
	if err != nil {
		return try{err: err}
	}
	t := a.plan(ctx, task, check)
	if unknown, ok := errors.AsType[*value.UnknownError](t.err); ok && check {
		t = a.undecided(task)
		t.value = unknown.Unknown
		return t
	}
	if t.err != nil {
		return t
	}
	if t.change.Destroys() && !check {
		well, waited := a.worker.Destroy()
		defer a.worker.Done()
		if !well || !a.node.well() || ctx.Err() != nil {
			return try{outcome: Blocked}
		}
		if waited { // what was read may be old
			if t = a.plan(ctx, task, check); t.err != nil {
				return t
			}
		}
	}
	t = a.apply(ctx, t, check)
	if check && t.change != nil && t.change.Action != None {
		a.planFiles(task)
	}
	return t
}

// plan asks the task what it would change.
func (a *attempt) plan(ctx context.Context, task Task, check bool) try {
	if err := a.worker.Acquire(ctx); err != nil {
		return try{err: err}
	}
	defer a.worker.Release()
	c, err := task.Plan(ctx, a.host(check, false))
	a.hideChange(&c)
	c.Consent = a.play.given(a.step, &c)
	// The change is there even where it failed: its diff is shown.
	return try{value: c.Result, change: &c, tells: tells(task), err: err}
}

// apply carries out a change, or says what it would be. What has begun is not cut
// off when the run is interrupted.
func (a *attempt) apply(ctx context.Context, t try, check bool) try {
	c := t.change
	if why, ok := c.Effect.(Skip); ok {
		t.outcome = Skipped
		t.value = value.MapOf("changed", false, "skipped", true, "skipped_reason", string(why))
		return t
	}
	if t.included, t.err = a.include(ctx, c.Effect); t.err != nil {
		return t
	}
	if c.Action == None {
		return t
	}
	if a.play.opt.Check && check && c.Assume != nil {
		c.Assume()
	}
	if c.Unknown {
		t.outcome = Unknown
		return t
	}
	t.outcome = Changed
	if check {
		return t
	}
	if p := a.play.consent(ctx, a.step, c); p != nil {
		t.err = p
		return t
	}
	return a.change(ctx, t)
}

// change waits until the change may be carried out, and does it.
func (a *attempt) change(ctx context.Context, t try) try {
	may := a.worker.Change(a.node.independent())
	defer a.worker.Done()
	if err := a.worker.Acquire(ctx); err != nil {
		t.err = err
		return t
	}
	defer a.worker.Release()
	if t.err = ctx.Err(); t.err != nil {
		return t
	}
	if !may || !a.worker.Begin(a.node.independent()) {
		return try{outcome: Blocked}
	}
	t.applied = true
	ctx, cancel := uninterrupted(ctx)
	defer cancel()
	ended := a.play.opt.Applying(a.step, a.name, t.change)
	v, err := t.change.Do(ctx, a.host(false, true))
	ended(v, err)
	if t.err = err; err == nil {
		t.value = v
	}
	return t
}

// uninterrupted returns a context that only the time of the task ends.
func uninterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	free := context.WithoutCancel(ctx)
	if end, ok := ctx.Deadline(); ok {
		return context.WithDeadline(free, end)
	}
	return free, func() {}
}

func (a *attempt) host(check, write bool) *Host {
	opt := &a.play.opt
	h := &Host{HTTP: a.play.reading, Task: a.name, Check: check, Verbosity: opt.Verbosity,
		Dir: filepath.Dir(a.play.play.File), Secrets: opt.Secrets, mentions: a.node.linked.mentions, status: a.status, Context: a.play.ctx, Pending: &a.play.pending}
	h.Scope, h.Given, h.With, h.Playbook = a.play.claim.scope, a.play.claim.given, a.play.claim.with, a.play.play.File
	if write {
		h.HTTP = a.play.writing
	}
	h.Warn = func(text string) {
		a.out.add(Warning{Problem: &diagnostic.Problem{Place: a.step.Place, Msg: text, Severity: diagnostic.Warning}})
	}
	h.Progress = func(text string) {
		a.status(text)
		a.out.add(TaskProgress{Step: a.step, Text: text})
	}
	h.Say = func(text string) { a.out.add(TaskSays{Step: a.step, Text: text}) }
	h.Prompt = func(ctx context.Context, q Question) (string, error) {
		a.status("waiting for the user")
		if opt.Prompt == nil {
			return "", ErrNobody
		}
		return opt.Prompt(ctx, q)
	}
	h.ReadVars = func(ctx context.Context, which VarsQuery) ([]Var, error) {
		if opt.ReadVars == nil {
			return nil, errors.New("files of variables cannot be read here")
		}
		which.From, which.Role, which.Playbook = a.step.Place, a.step.Role, a.play.play.File
		return opt.ReadVars(ctx, which)
	}
	return h
}
