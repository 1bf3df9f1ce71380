package engine

import (
	"runner/diagnostic"

	"context"
	"time"

	"runner/engine/expr/value"
)

// step does one step: once, or once for each item of its loop; then what it
// includes or demands.
func (n *node) step(ctx context.Context, step *Step) {
	if n.list.handlers && !n.play.notified.take(step) {
		return
	}
	if _, ended := n.play.endedRoles.Load(step.Role); ended && step.Role != nil && !n.list.handlers {
		return
	}
	a := n.attempt(step)
	end := TaskEnd{Step: step, Name: step.As, Start: time.Now(), Diff: n.play.opt.Diff, Handler: n.ofHandler()}
	if step.Name != nil {
		end.Name = n.play.render(a.scope, step.Name)
	}
	a.name = end.Name
	end.Name = step.Title(end.Name)
	if step.Name == nil {
		a.name = end.Name
	}
	if wanted, problem := n.confirm(ctx, end.Name); !wanted {
		if problem != nil {
			n.failedBeforehand(end, problem)
		}
		return
	}
	n.out.add(TaskStart{Step: step, Name: end.Name, Time: end.Start, Handler: n.ofHandler()})
	var whole ending
	var all []ending
	if step.Loop == nil {
		whole = a.run(ctx, end)
		all = []ending{whole}
	} else {
		whole.TaskEnd, all = a.loop(ctx, end)
	}
	n.finish(ctx, whole.TaskEnd)
	if n.list.handlers {
		n.play.notified.take(step) // it may have notified itself
	}
	for _, e := range all {
		n.follow(ctx, step, e)
	}
}

// attempt returns the attempt of a step of which nothing is known yet.
func (n *node) attempt(step *Step) *attempt {
	return &attempt{node: n, play: n.play, step: step, worker: n.worker, out: n.out, name: step.As,
		scope: &scope{of: n.play, step: step, at: n.at, frame: n.list.frame, node: n, worker: n.worker}}
}

// finish registers and reports how a step ended.
func (n *node) finish(ctx context.Context, end TaskEnd) {
	if n.play.opt.Complete {
		end.complete()
	}
	end.Took = time.Since(end.Start)
	n.outcome = end.Outcome
	if end.Outcome == Failed {
		failure := end
		n.failure = &failure
		if fatal, err := n.attempt(end.Step).scope.flag(end.Step.AnyErrorsFatal, false); fatal || err != nil {
			n.play.fatal.Store(true)
		}
		if n.list.catching && ctx.Err() == nil {
			end.Outcome = Rescued
		}
	}
	if end.Outcome != Blocked && end.Step.Register != "" {
		n.play.facts.set(end.Step.Register, n.at.in(last), registered{value: end.Result})
	}
	end.Result = value.Known(end.Result)
	n.out.add(end)
}

// complete reads what of the result is read when it is used.
func (e *TaskEnd) complete() {
	complete, err := value.Complete(e.Result)
	if err == nil {
		e.Result = complete
		return
	}
	e.Result = value.Known(e.Result)
	e.Outcome, e.Problem = Failed, diagnostic.From(err, e.Step.Place)
}

// last is a number that no item of a loop has.
const last = 1 << 30

// follow does what comes after a step: the tasks that it includes, the handlers.
func (n *node) follow(ctx context.Context, step *Step, e ending) {
	switch {
	case n.failure != nil || ctx.Err() != nil:
	case e.included != nil:
		if e.included.Begin != nil {
			e.included.Begin()
		}
		n.play.handlers.add(e.included.Handlers)
		n.play.export(e)
		items := n.play.opt.Selection.Items(e.included.Items)
		n.failure = n.nested(ctx, segment{items: items, order: linkPart(n.play.play, items), at: e.at.in(0),
			frame: &frame{up: e.frame, params: step.Params}})
	case e.control == FlushHandlers:
		n.flush(ctx)
	case e.control == EndRole && step.Role != nil:
		n.play.endedRoles.Store(step.Role, true)
	case e.control == EndPlay:
		n.play.ended.Store(true)
	}
	if n.failure != nil {
		n.outcome = Failed
	}
}

// confirm asks whether a step is to be done, where every step is asked for (--step).
func (n *node) confirm(ctx context.Context, name string) (bool, *diagnostic.Problem) {
	if n.play.opt.Step == nil || n.play.goOn {
		return true, nil
	}
	answer, err := n.play.opt.Step(ctx, name)
	if err != nil {
		return false, diagnostic.From(err, diagnostic.Place{})
	}
	n.play.goOn = answer == GoOn
	return answer != No, nil
}

func (n *node) failedBeforehand(end TaskEnd, problem *diagnostic.Problem) {
	end.Outcome, end.Problem = Failed, problem
	end.Result = value.MapOf("msg", problem.Msg, "changed", false, "failed", true)
	n.outcome, n.failure = Failed, &end
	n.out.add(end)
}

// Title returns a name of the step with that of its role before it, which what brings in
// a role itself does not show.
func (s *Step) Title(name string) string {
	if s.Role == nil || s.Kind.Includes() == IncludesRole {
		return name
	}
	return s.Role.Name + " : " + name
}
