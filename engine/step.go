package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"runner/engine/expr"
)

func now() time.Time { return time.Now() }

// attempt does one step and fills s.end.
func (p *playRun) attempt(ctx context.Context, s *stepRun) {
	sc := &scope{run: p.run, step: s.linkedStep}
	s.end = TaskEnd{Name: s.step.As, Start: now(), Diff: p.opt.Diff}
	if s.step.Name != nil {
		s.end.Name = p.render(sc, s.step.Name)
	}
	close(s.started)
	a := &attempt{playRun: p, s: s, scope: sc}
	err := a.do(ctx)
	if ctx.Err() != nil && err != nil && !a.applied {
		s.end.Outcome = Blocked // interrupted before it did anything
		return
	}
	a.finish(err)
	s.end.Took = time.Since(s.end.Start)
}

// An attempt is one step being planned and applied.
type attempt struct {
	*playRun
	s       *stepRun
	scope   *scope
	applied bool // Do was called
	result  Value
}

// do goes from conditions to the result. Panics of a task are problems, so that
// what else is in flight can end and be told.
func (a *attempt) do(ctx context.Context) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = &Problem{Place: a.s.step.Place, Detail: string(debug.Stack()),
				Msg:  fmt.Sprintf("a fault of runner in %s: %v", a.s.step.Kind.Name, fault),
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
	d := decoder{context: a.scope.context, secrets: a.opt.Secrets}
	task, err := d.decode(a.s.step.Kind, a.s.step.Args)
	if err != nil {
		return err
	}
	if d.unknown != nil {
		if !a.s.step.Kind.Shows {
			a.s.end.Outcome = Changed // as far as can be known
		}
		a.result = &expr.Unknown{Task: a.s.end.Name}
		return nil
	}
	if n, ok := task.(namer); ok && a.s.step.Name != nil {
		n.TaskName(a.s.end.Name)
	}
	a.admit(a.s, task)
	return a.carryOut(ctx, task)
}

// keywords evaluates those that say how the step is shown and done.
func (a *attempt) keywords() error {
	var err error
	step := a.s.step
	if a.s.end.NoLog, err = a.flag(step.NoLog, false); err != nil {
		a.s.end.NoLog = true // when in doubt, hide
		return err
	}
	a.s.end.Diff, err = a.flag(step.Diff, a.opt.Diff)
	return err
}

// flag evaluates a keyword that is true or false.
func (a *attempt) flag(n *expr.Node, otherwise bool) (bool, error) {
	if n == nil {
		return otherwise, nil
	}
	v, err := n.Eval(a.scope.context())
	if err != nil {
		return false, err
	}
	if v == nil || v == expr.Omit {
		return otherwise, nil
	}
	b, err := asBool(expr.Text(v), v)
	if err != nil {
		return false, Problemf(n.Place, "%s", err)
	}
	return b.(bool), nil
}

// conditions reports whether the step is to be done. Where it is not, or where
// that cannot be known yet, outcome and result are set.
func (a *attempt) conditions() (bool, error) {
	for _, c := range a.s.step.When {
		v, err := c.Expr.Test(a.scope.context())
		if err != nil {
			return false, err
		}
		if u, ok := v.(*expr.Unknown); ok {
			a.result = u
			return false, nil
		}
		if v != true {
			a.s.end.Outcome = Skipped
			a.result = expr.MapOf("changed", false, "skipped", true,
				"skip_reason", "Conditional result was False", "false_condition", c.Text)
			return false, nil
		}
	}
	return true, nil
}

// A namer is a task that makes something of its task's name.
type namer interface{ TaskName(name string) }

func (a *attempt) carryOut(ctx context.Context, task Task) error {
	check, err := a.flag(a.s.step.CheckMode, a.opt.Check)
	if err != nil {
		return err
	}
	change, err := a.plan(ctx, task, check)
	if err != nil {
		return err
	}
	if change.Last() && !check {
		well, waited := a.waitForAll(a.s)
		if !well || ctx.Err() != nil {
			a.s.end.Outcome = Blocked
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
	a.s.end.Change = &c // its diff is told even where it cannot be carried out
	return c, err
}

// apply carries out a change, or tells what it would be. What has begun is not
// cut off when the run is interrupted.
func (a *attempt) apply(ctx context.Context, c Change, check bool) error {
	a.result = c.Result
	if c.Skip != "" {
		a.s.end.Outcome = Skipped
		a.result = expr.MapOf("changed", false, "skipped", true, "skipped_reason", c.Skip)
	}
	if c.Skip != "" || c.Action == None {
		return nil
	}
	a.s.end.Outcome = Changed
	if check {
		return nil
	}
	if p := a.consent(ctx, a.s.step, &c); p != nil {
		return p
	}
	a.slots <- struct{}{}
	defer func() { <-a.slots }()
	if err := ctx.Err(); err != nil {
		return err
	}
	a.applied = true
	ended := a.opt.Applying(a.s.step, a.s.end.Name, &c)
	v, err := c.Do(context.WithoutCancel(ctx), a.host(false, true))
	ended(v, err)
	if err == nil {
		a.result = v
	}
	return err
}

func (a *attempt) host(check, write bool) *Host {
	h := &Host{HTTP: a.reading, Task: a.s.end.Name, Check: check, Verbosity: a.opt.Verbosity,
		Dir: filepath.Dir(a.s.play.File), Secrets: a.opt.Secrets, wants: a.s.wants}
	if a.s.play.Prune != nil {
		h.Scope = a.s.play.Prune.Scope
	}
	if write {
		h.HTTP = a.writing
	}
	h.Warn = func(text string) {
		a.s.notes.add(Warning{Problem: &Problem{Place: a.s.step.Place, Msg: text, Warning: true}})
	}
	h.Progress = func(text string) { a.s.notes.add(TaskProgress{Step: a.s.step, Text: text}) }
	return h
}

// finish makes of a result or an error what is told and registered.
func (a *attempt) finish(err error) {
	end := &a.s.end
	if err != nil {
		end.Outcome = Failed
		end.Problem = a.place(err)
		a.result = expr.MapOf("msg", end.Problem.Msg)
		if ignore, bad := a.flag(a.s.step.IgnoreErrors, false); bad == nil && ignore {
			end.Outcome = Ignored
		}
	}
	if end.Outcome == Blocked {
		return
	}
	end.Result = a.registered()
	end.Shows = a.s.step.Kind.Shows && err == nil && end.Outcome != Skipped
	if a.s.step.Register != "" {
		a.registry.set(a.s.step.Register, a.s.index, end.Result)
	}
}

// registered gives the result with what every result has.
func (a *attempt) registered() Value {
	if _, ok := a.result.(*expr.Unknown); ok {
		return a.result
	}
	m := &expr.Map{}
	if given, ok := a.result.(*expr.Map); ok {
		for k, v := range given.All() {
			m.Set(k, v)
		}
	}
	if a.s.end.Outcome != Skipped {
		m.Set("changed", a.s.end.Outcome == Changed)
		m.Set("failed", a.s.end.Outcome == Failed || a.s.end.Outcome == Ignored)
	}
	return m
}

// place finds where in the playbook an error belongs.
func (a *attempt) place(err error) *Problem {
	step := a.s.step
	at := step.Place
	if about, ok := asArgError(err); ok {
		if n := argument(step.Args, about.Path, step.Kind.Params()); n != nil {
			at = n.Place
		}
	}
	return ProblemOf(err, at)
}

// argument finds the node of "details.plan" or "msg[2]" in the arguments, or the
// nearest above it that was written.
func argument(n *expr.Node, path string, params []Param) *expr.Node {
	var found *expr.Node
	for part := range strings.SplitSeq(path, ".") {
		name, index, indexed := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		p, _ := find(params, name)
		var next *expr.Node
		for _, alias := range append(slices.Clone(p.Aliases), p.Name, name) {
			if v := n.Get(alias); v != nil {
				next = v
			}
		}
		if next == nil {
			return found
		}
		found, n, params = next, next, p.Params
		if i, err := strconv.Atoi(index); indexed && err == nil && i < len(next.Items) {
			found, n = next.Items[i], next.Items[i]
		}
	}
	return found
}
