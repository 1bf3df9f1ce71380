package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/report"
)

// A collector keeps the changes that a check tells of.
type collector struct {
	secrets *engine.Secrets
	plan    report.Plan
}

// Tell takes an event in.
func (c *collector) Tell(e engine.Event) {
	c.plan.Changes = append(c.plan.Changes, report.ChangesOf(c.secrets, e)...)
}

// preview plays the program as a check, before anything is written: what it would do. What
// is asked for meanwhile is not asked for again.
func (r *run) preview(ctx context.Context, opt engine.Options) (report.Plan, engine.Result, error) {
	c := &collector{secrets: &r.Secrets}
	looks := r.cloud.Config.LooksOnly
	r.cloud.Config.LooksOnly = true
	opt.Check, opt.Reporter, opt.Ask, opt.Applying, opt.Complete = true, c, nil, nil, false
	opt.Lookups = r.lookups(ctx, true)
	result, err := engine.Run(ctx, r.program, opt)
	r.cloud.Renew()
	r.cloud.Config.LooksOnly = looks
	return c.plan, result, err
}

// decide finds out what may be done: it asks the user for all consents at once, or sees to it
// that a saved plan is what there is to do. What a spec lists as approved is not asked for. It
// returns the options of a run that does that.
func (r *run) decide(ctx context.Context, opt engine.Options, user *ui.User) (engine.Options, error) {
	if len(r.Approved) > 0 && r.Plan == "" {
		opt.Approved = r.approved
		return opt, nil
	}
	asks := opt.Ask != nil && !r.Step && slices.ContainsFunc(engine.Risks(), func(risk string) bool { return !slices.Contains(opt.Allow, risk) })
	if r.Check || r.Plan == "" && !asks {
		return opt, nil
	}
	replies := &replies{ask: opt.Prompt}
	if opt.Prompt != nil {
		opt.Prompt = replies.first
	}
	now, result, err := r.preview(ctx, opt)
	if err != nil || ctx.Err() != nil {
		return opt, err
	}
	if opt.Prompt != nil {
		opt.Prompt = replies.again
	}
	if r.Plan != "" {
		return r.byPlan(opt, now, result)
	}
	return r.byUser(ctx, opt, now, user)
}

// byUser asks for the consents that a plan lacks.
func (r *run) byUser(ctx context.Context, opt engine.Options, plan report.Plan, user *ui.User) (engine.Options, error) {
	needs := plan.Needs()
	if len(needs) == 0 {
		return opt, nil
	}
	var screen strings.Builder
	fmt.Fprintf(&screen, "\nThis needs your consent:\n\n")
	for _, c := range needs {
		fmt.Fprintf(&screen, "  %s\n", c.Question())
	}
	fmt.Fprintf(&screen, "\n%s\nNothing was changed yet; %s", plan.String(), listed(len(needs)))
	if !opt.Ask(ctx, screen.String()) {
		return opt, &exit.Error{Code: exit.Failed, Err: fmt.Errorf("it was not allowed: nothing was changed")}
	}
	approved := plannedChanges(needs)
	opt.Approved = func(s *engine.Step, c *engine.Change) string {
		if r.planned(approved, s, c) != "" {
			return ""
		}
		return engine.ByUser
	}
	return opt, nil
}

// approved returns who has consented to a change: the user, where all that it does is on the
// list of the spec.
func (r *run) approved(s *engine.Step, c *engine.Change) string {
	for _, part := range report.Changes(&r.Secrets, engine.TaskEnd{Step: s, Outcome: engine.Changed, Change: c}) {
		if !slices.Contains(r.Approved, Need{part.Needs, part.Action.String(), part.Object}) {
			return ""
		}
	}
	return engine.ByUser
}

// listed says how many objects the consent is for.
func listed(n int) string {
	if n == 1 {
		return "1 object is listed"
	}
	return fmt.Sprintf("%d objects are listed", n)
}

// byPlan compares a saved plan with what there is to do now, and lets nothing else be done.
func (r *run) byPlan(opt engine.Options, now report.Plan, result engine.Result) (engine.Options, error) {
	if result.Stats.Failed > 0 {
		problem := *result.Problems[0]
		problem.Msg = fmt.Sprintf("the plan %s can no longer be carried out, and nothing was changed: %s", r.Plan, problem.Msg)
		return opt, &exit.Error{Code: exit.Failed, Err: &problem}
	}
	if moved := differ(r.saved.Changes, plannedChanges(now.Changes)); len(moved) > 0 {
		problem := &diagnostic.Problem{Msg: fmt.Sprintf("the world has moved since the plan %s was made, and nothing was changed: %s", r.Plan, strings.Join(moved, "; "))}
		return opt, &exit.Error{Code: exit.Failed, Err: problem.WithHint("make a new plan: --plan-out %s", r.Plan)}
	}
	opt.Approved = func(s *engine.Step, c *engine.Change) string {
		if r.planned(r.saved.Changes, s, c) != "" {
			return ""
		}
		return engine.ByPlan
	}
	opt.Planned = func(s *engine.Step, c *engine.Change) error {
		if object := r.planned(r.saved.Changes, s, c); object != "" {
			return fmt.Errorf("to %s %s is not in the plan %s: the world has moved; make a new plan", c.Action, object, r.Plan)
		}
		return nil
	}
	return opt, nil
}

// planned returns the first object of a change that some planned ones do not have; "" where
// they have all.
func (r *run) planned(list []plannedChange, s *engine.Step, c *engine.Change) string {
	end := engine.TaskEnd{Step: s, Outcome: engine.Changed, Change: c}
	for _, part := range plannedChanges(report.Changes(&r.Secrets, end)) {
		if !slices.ContainsFunc(list, func(p plannedChange) bool { return p.covers(part) }) {
			return part.Object
		}
	}
	return ""
}

// covers reports whether a planned change is one that is about to be done: what the plan
// could not know may be anything, but for a risk.
func (p plannedChange) covers(c plannedChange) bool {
	switch {
	case p.Step != c.Step:
		return false
	case p.Unknown && c.Needs == "":
		return true
	case p.Action != c.Action || p.Needs != c.Needs || !p.sameObject(c):
		return false
	case p.Object == "": // no_log hides what it is
		return true
	}
	return slices.EqualFunc(p.Attributes, c.Attributes, plannedAttribute.covers)
}

// sameObject reports whether both are about one object. One that the plan would order has
// its id only when it is there.
func (p plannedChange) sameObject(c plannedChange) bool {
	return p.Object == c.Object || p.Object == "" || strings.HasPrefix(c.Object, p.Object+" (")
}

func (a plannedAttribute) covers(b plannedAttribute) bool {
	return a.Path == b.Path && coversText(a.Before, b.Before) && coversText(a.After, b.After)
}

func coversText(planned, is string) bool { return planned == is || planned == report.UnknownText }

// differ says how what there is to do differs from what was planned, object by object.
func differ(planned, now []plannedChange) []string {
	var texts []string
	left := slices.Clone(now)
	for _, p := range planned {
		at := slices.IndexFunc(left, p.same)
		if at >= 0 {
			left = slices.Delete(left, at, at+1)
			continue
		}
		at = slices.IndexFunc(left, func(c plannedChange) bool { return p.Step == c.Step && p.Object == c.Object })
		if at < 0 {
			texts = append(texts, fmt.Sprintf("%s: to %s it was planned, and there is nothing to do about it now", p.name(), p.Action))
			continue
		}
		texts = append(texts, p.changed(left[at]))
		left = slices.Delete(left, at, at+1)
	}
	for _, c := range left {
		texts = append(texts, fmt.Sprintf("%s: to %s it is not in the plan", c.name(), c.Action))
	}
	return texts
}

// same reports whether two plans say the same of an object.
func (p plannedChange) same(c plannedChange) bool {
	return p.Step == c.Step && p.Action == c.Action && p.Object == c.Object && p.Needs == c.Needs && p.Unknown == c.Unknown &&
		slices.Equal(p.Attributes, c.Attributes)
}

func (p plannedChange) name() string {
	if p.Object == "" {
		return "the object of " + p.At
	}
	return p.Object
}

// changed says how an object of the plan is to be changed otherwise now.
func (p plannedChange) changed(now plannedChange) string {
	if p.Action != now.Action {
		return fmt.Sprintf("%s: to %s it was planned, and to %s it would be needed now", p.name(), p.Action, now.Action)
	}
	for _, a := range now.Attributes {
		if !slices.Contains(p.Attributes, a) {
			return fmt.Sprintf("%s: its %s is to go from %s to %s now, which is not in the plan", p.name(), a.Path, a.Before, a.After)
		}
	}
	for _, a := range p.Attributes {
		if !slices.Contains(now.Attributes, a) {
			return fmt.Sprintf("%s: its %s was to go from %s to %s, and is not to be changed now", p.name(), a.Path, a.Before, a.After)
		}
	}
	return fmt.Sprintf("%s: what it needs is other than planned", p.name())
}

// replies remember what the user typed in a preview, for the run after it.
type replies struct {
	ask func(context.Context, engine.Question) (string, error)
	mu  sync.Mutex
	all map[engine.Question][]string
}

func (r *replies) first(ctx context.Context, q engine.Question) (string, error) {
	text, err := r.ask(ctx, q)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.all == nil {
			r.all = map[engine.Question][]string{}
		}
		r.all[q] = append(r.all[q], text)
	}
	return text, err
}

func (r *replies) again(ctx context.Context, q engine.Question) (string, error) {
	r.mu.Lock()
	if list := r.all[q]; len(list) > 0 {
		r.all[q] = list[1:]
		r.mu.Unlock()
		return list[0], nil
	}
	r.mu.Unlock()
	return r.ask(ctx, q)
}
