package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"time"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// step does one step: once, or once for each item of its loop; then what it
// includes or demands.
func (n *node) step(ctx context.Context, step *Step) {
	if n.handlers && !n.notified.take(step) {
		return
	}
	sc := &scope{playRun: n.playRun, settle: n.settle, step: step, at: n.at, frame: n.frame}
	end := TaskEnd{Step: step, Name: step.As, Start: time.Now(), Diff: n.opt.Diff, Handler: n.ofHandler()}
	if step.Name != nil {
		end.Name = n.render(sc, step.Name)
	}
	if wanted, problem := n.asked(ctx, end.Name); !wanted {
		if problem != nil {
			n.failedBeforehand(end, problem)
		}
		return
	}
	n.out.add(TaskStart{Step: step, Name: end.Name, Time: end.Start, Handler: n.ofHandler()})
	var attempts []*attempt
	if step.Loop == nil {
		attempts = []*attempt{n.once(ctx, sc, end)}
		end = attempts[0].end
	} else {
		end, attempts = n.loop(ctx, sc, end)
	}
	n.finish(ctx, end)
	for _, a := range attempts {
		n.follow(ctx, a)
	}
}

// once does a step that has no loop.
func (n *node) once(ctx context.Context, sc *scope, end TaskEnd) *attempt {
	a := n.attempt(sc, end)
	a.run(ctx)
	return a
}

// attempt makes the one attempt of a step without a loop.
func (n *node) attempt(sc *scope, end TaskEnd) *attempt {
	a := &attempt{node: n, scope: sc, step: sc.step, end: end, out: n.out, ended: n.done, letPass: n.letPass}
	if n.toucher != nil {
		a.earlier = n.toucher.admitted
	}
	return a
}

// finish registers and tells how a step ended.
func (n *node) finish(ctx context.Context, end TaskEnd) {
	end.Took = time.Since(end.Start)
	n.outcome = end.Outcome
	if end.Outcome == Failed {
		failure := end
		n.failure = &failure
		if fatal, err := (&scope{playRun: n.playRun, step: end.Step, at: n.at, frame: n.frame}).flag(end.Step.AnyErrorsFatal, false); fatal || err != nil {
			n.fatal.Store(true)
		}
		if n.catching && ctx.Err() == nil {
			end.Outcome = Rescued
		}
	}
	if end.Outcome != Blocked && end.Step.Register != "" {
		n.facts.set(end.Step.Register, n.at.in(last), registered{value: end.Result})
	}
	n.out.add(end)
}

// last is a number that no item of a loop has.
const last = 1 << 30

// follow does what comes after a step: the tasks that it includes, the handlers.
func (n *node) follow(ctx context.Context, a *attempt) {
	switch {
	case n.failure != nil || ctx.Err() != nil:
	case a.included != nil:
		items := n.opt.Selection.Items(a.included.Items)
		n.failure = n.nested(ctx, segment{items: items, order: linkPart(n.play, items), at: a.scope.at.in(0),
			frame: &frame{up: a.scope.frame, params: a.step.Params}})
	case a.control == FlushHandlers:
		n.flush(ctx)
	case a.control == EndPlay:
		n.ended.Store(true)
	}
	if n.failure != nil {
		n.outcome = Failed
	}
}

// asked asks whether a step is to be done, where every step is asked for.
func (n *node) asked(ctx context.Context, name string) (bool, *diagnostic.Problem) {
	if n.opt.Step == nil || n.goOn {
		return true, nil
	}
	answer, err := n.opt.Step(ctx, name)
	if err != nil {
		return false, diagnostic.From(err, diagnostic.Place{})
	}
	n.goOn = answer == GoOn
	return answer != No, nil
}

func (n *node) failedBeforehand(end TaskEnd, problem *diagnostic.Problem) {
	end.Outcome, end.Problem = Failed, problem
	end.Result = value.MapOf("msg", problem.Msg, "changed", false, "failed", true)
	n.outcome, n.failure = Failed, &end
	n.out.add(end)
}

// An attempt is one step, or one item of a looped step, being planned and applied.
type attempt struct {
	*node
	scope    *scope
	step     *Step
	out      *stream
	end      TaskEnd
	ended    toucher         // closed when the attempt has ended
	earlier  <-chan struct{} // closed when what is above and touches anything was admitted; may be nil
	letPass  func()          // called when what it touches is noted
	applied  bool            // Do was called
	tried    int             // how often it was tried, where it may be more than once
	result   Value
	included *Included
	control  Control
}

// run does the attempt and fills a.end.
func (a *attempt) run(ctx context.Context) {
	err := a.do(ctx)
	if ctx.Err() != nil && err != nil && !a.applied {
		a.end.Outcome = Blocked // interrupted before it did anything
		return
	}
	a.conclude(err)
	a.end.Took = time.Since(a.end.Start)
}

// do goes from conditions to the result. Panics of a task are problems, so that
// what else is in flight can end and be told.
func (a *attempt) do(ctx context.Context) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = &diagnostic.Problem{Place: a.step.Place, Detail: string(debug.Stack()),
				Msg:  fmt.Sprintf("a fault of runner in %s: %v", a.step.Kind.Name, fault),
				Hint: "please report it; -v shows where it happened"}
		}
	}()
	if err := a.keywords(); err != nil {
		return err
	}
	run, err := a.conditions()
	if err != nil || !run {
		return err
	}
	d := decoder{context: a.scope.context, tested: a.scope.tested, secrets: a.opt.Secrets}
	task, err := d.decode(a.step.Kind, a.step.Args)
	if err != nil {
		return err
	}
	if d.unknown != nil {
		if a.step.Kind.changes() {
			a.end.Outcome = Changed // as far as can be known
		}
		a.result = &value.Unknown{Task: a.end.Name}
		return nil
	}
	if n, ok := task.(namer); ok && a.step.Name != nil {
		n.TaskName(a.end.Name)
	}
	a.admit(task)
	return a.tries(ctx, task)
}

// keywords evaluates those that say how the step is shown and done.
func (a *attempt) keywords() error {
	var err error
	if a.end.NoLog, err = a.scope.flag(a.step.NoLog, false); err != nil {
		a.end.NoLog = true // when in doubt, hide
		return err
	}
	a.end.Diff, err = a.scope.flag(a.step.Diff, a.opt.Diff)
	return err
}

// conditions reports whether the step is to be done. Where it is not, or where
// that cannot be known yet, outcome and result are set.
func (a *attempt) conditions() (bool, error) {
	if a.step.Kind.Prunes && a.opt.partial() {
		a.end.Outcome = Skipped
		a.result = value.MapOf("changed", false, "skipped", true,
			"skip_reason", "Only a part of the playbook is played: what is left out would count as not declared")
		return false, nil
	}
	v, err := a.scope.test(a.step.When)
	switch {
	case err != nil:
		return false, err
	case v.unknown != nil:
		a.result = v.unknown
	case !v.holds:
		a.skip(v.failing)
	}
	return v.holds, nil
}

func (a *attempt) skip(c *Condition) {
	a.end.Outcome = Skipped
	a.result = value.MapOf("changed", false, "skipped", true,
		"skip_reason", "Conditional result was False", "false_condition", c.Text)
}

// A namer is a task that makes something of its task's name.
type namer interface{ TaskName(name string) }

// admit notes what a task touches and waits for the earlier ones that touch the
// same. Steps are admitted in playbook order, items in that of their list.
func (a *attempt) admit(task Task) {
	t, ok := task.(Toucher)
	if !ok {
		return
	}
	if a.earlier != nil {
		<-a.earlier
	}
	earlier := a.touched.add(a.ended, t.Touches())
	a.letPass()
	for _, e := range earlier {
		<-e
	}
}

// carryOut plans and applies once.
func (a *attempt) carryOut(ctx context.Context, task Task) error {
	check, err := a.scope.flag(a.step.CheckMode, a.opt.Check)
	if err != nil {
		return err
	}
	change, err := a.plan(ctx, task, check)
	if err != nil {
		return err
	}
	if change.Last() && !check {
		well, waited := a.waitForAll()
		if !well || ctx.Err() != nil {
			a.end.Outcome = Blocked
			return nil
		}
		if waited { // what was read may be old
			if change, err = a.plan(ctx, task, check); err != nil {
				return err
			}
		}
	}
	return a.apply(ctx, change, check)
}

func (a *attempt) plan(ctx context.Context, task Task, check bool) (Change, error) {
	a.slots <- struct{}{}
	defer func() { <-a.slots }()
	if err := ctx.Err(); err != nil {
		return Change{}, err
	}
	c, err := task.Plan(ctx, a.host(check, false))
	a.end.Change = &c // its diff is told even where it cannot be carried out
	return c, err
}

// apply carries out a change, or tells what it would be. What has begun is not
// cut off when the run is interrupted.
func (a *attempt) apply(ctx context.Context, c Change, check bool) error {
	a.result, a.end.Outcome = c.Result, OK
	if c.Skip != "" {
		a.end.Outcome = Skipped
		a.result = value.MapOf("changed", false, "skipped", true, "skipped_reason", c.Skip)
		return nil
	}
	if err := a.effects(ctx, &c); err != nil || c.Action == None {
		return err
	}
	a.end.Outcome = Changed
	if check {
		return nil
	}
	if p := a.consent(ctx, a.step, &c); p != nil {
		return p
	}
	a.slots <- struct{}{}
	defer func() { <-a.slots }()
	if err := ctx.Err(); err != nil {
		return err
	}
	a.applied = true
	ctx, cancel := uninterrupted(ctx)
	defer cancel()
	ended := a.opt.Applying(a.step, a.end.Name, &c)
	v, err := c.Do(ctx, a.host(false, true))
	ended(v, err)
	if err == nil {
		a.result = v
	}
	return err
}

// uninterrupted gives a context that only the time of the task ends.
func uninterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	free := context.WithoutCancel(ctx)
	if end, ok := ctx.Deadline(); ok {
		return context.WithDeadline(free, end)
	}
	return free, func() {}
}

// effects does what a change means to the run itself.
func (a *attempt) effects(ctx context.Context, c *Change) error {
	a.control = c.Control
	if c.Include == "" {
		return nil
	}
	if a.opt.Load == nil {
		return diagnostic.Problemf(a.step.Place, "files of tasks cannot be read here")
	}
	var err error
	if a.included, err = a.opt.Load(ctx, a.step, c.Include); err == nil {
		a.end.Included = a.included.File
	}
	return err
}

func (a *attempt) host(check, write bool) *Host {
	h := &Host{HTTP: a.reading, Task: a.end.Name, Check: check, Verbosity: a.opt.Verbosity,
		Dir: filepath.Dir(a.play.File), Secrets: a.opt.Secrets, wants: a.linked.wants}
	if a.play.Prune != nil {
		h.Scope = a.play.Prune.Scope
	}
	if write {
		h.HTTP = a.writing
	}
	h.Warn = func(text string) {
		a.out.add(Warning{Problem: &diagnostic.Problem{Place: a.step.Place, Msg: text, Severity: diagnostic.Warning}})
	}
	h.Progress = func(text string) { a.out.add(TaskProgress{Step: a.step, Text: text}) }
	h.Say = func(text string) { a.out.add(TaskSays{Step: a.step, Text: text}) }
	h.Prompt = func(ctx context.Context, q Question) (string, error) {
		if a.opt.Prompt == nil {
			return "", ErrNobody
		}
		return a.opt.Prompt(ctx, q)
	}
	h.ReadVars = func(ctx context.Context, paths ...string) ([]Var, error) {
		if a.opt.ReadVars == nil {
			return nil, errors.New("files of variables cannot be read here")
		}
		return a.opt.ReadVars(ctx, a.step.Place, paths)
	}
	return h
}
