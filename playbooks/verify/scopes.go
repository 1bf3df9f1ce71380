package verify

import (
	"fmt"
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/syntax"
)

// UnmarkedScope is the rule of warnings about tasks that prune a scope to which no play
// says that it belongs.
const UnmarkedScope = "unmarked-scope"

// scope reports what is wrong with the scope of a play's prune: a name in it that is not
// defined, and one that a task sets. It is evaluated when the play starts, and holds to
// its end.
func (v *verifier) scope(play *engine.Play) {
	if play.Prune == nil {
		return
	}
	r := v.reading(play.Prune.Step)
	v.mistakes(play.Prune.Scope, true)
	r.refs(play.Prune.Scope.Refs(), true, false, nil)
	v.setByTask(r, play.Prune.Scope.Refs(), map[string]bool{})
}

// setByTask reports names that a task may set, followed through variables.
func (v *verifier) setByTask(r *reading, refs []syntax.Ref, seen map[string]bool) {
	for _, ref := range refs {
		if ref.Any || seen[ref.Name] || r.names.known[ref.Name] {
			continue
		}
		seen[ref.Name] = true
		for _, i := range r.names.definers[ref.Name] {
			if i >= 0 {
				v.report(diagnostic.Problemf(ref.Place, "the scope of prune depends on %q, which the task at %s sets", ref.Name, r.names.steps[i].Place).
					WithHint("it has to be known when the run starts, and may not change: give it with -e, under vars or in vars_files"), true)
				break
			}
		}
		if variable := r.variable(ref.Name); variable != nil {
			v.setByTask(r, variable.Value.Refs(), seen)
		}
	}
}

// prunes reports tasks that prune before everything was declared, and tasks whose scope
// no play marks.
func (v *verifier) prunes(p *engine.Program) {
	marked, open := scopesOf(p)
	var steps []*engine.Step // that prune, above the one at hand
	for _, play := range p.Plays {
		for s := range play.Steps() {
			switch own := play.Prune != nil && s == play.Prune.Step; {
			case s.Kind.Prunes() && !own:
				steps = append(steps, s)
				v.unmarked(s, marked, open)
			case s.Kind.Declares() || v.declares(s):
				for _, above := range steps {
					v.tooEarly(above, s)
				}
				steps = nil
			}
		}
	}
}

// declares reports whether a step brings in tasks that declare something, as far as
// they are known.
func (v *verifier) declares(s *engine.Step) bool {
	shadow := engine.Play{Tasks: v.Included[s]}
	for inner := range shadow.Steps() {
		if inner.Kind.Declares() || v.declares(inner) {
			return true
		}
	}
	return false
}

// scopesOf returns the scopes of the plays; open: there are others, which are templates.
func scopesOf(p *engine.Program) (marked []string, open bool) {
	for _, play := range p.Plays {
		switch {
		case play.Prune == nil:
		case play.Prune.Scope.Tmpl != nil:
			open = true
		default:
			marked = append(marked, play.Prune.Scope.Text)
		}
	}
	return marked, open
}

func (v *verifier) unmarked(s *engine.Step, marked []string, open bool) {
	scope := s.Args.Get("scope")
	if open || s.Args.Get("everything") != nil || scope == nil || scope.Tmpl != nil || scope.Text == "" || slices.Contains(marked, scope.Text) {
		return
	}
	v.report(&diagnostic.Problem{Place: scope.Place, Severity: diagnostic.Warning, Rule: UnmarkedScope,
		Msg:  fmt.Sprintf("no play here declares anything in the scope %q: only what was declared in it elsewhere, or once, can be pruned", scope.Text),
		Hint: fmt.Sprintf("what a play declares belongs to a scope where the play says prune: {scope: %s}", scope.Text)}, false)
}

func (v *verifier) tooEarly(prune, declares *engine.Step) {
	v.report(diagnostic.Problemf(prune.Place, "%s stands above the task at %s, and would remove what is declared there", prune.As, declares.Place).
		WithHint("put it last, or write prune: {scope: NAME} in the play, which prunes at the end of the run"), len(prune.When) == 0 && v.Selection.Selects(prune.Tags) && v.Selection.Selects(declares.Tags))
}
