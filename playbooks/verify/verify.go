// Package verify tells what of a program is certain to go wrong, and what may: names
// that nothing defines, results that are used before they are registered, variables
// that need themselves, and the mistakes that whoever compiled the program noted. An
// error is what must go wrong: the task is certain to run, its failure ends the run,
// and what is wrong is certain to be evaluated. Everything else is a warning. It
// knows the engine's programs, and nothing of texts or files.
package verify

import (
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
)

// Program returns what is wrong with a program, and what may be.
func Program(p *engine.Program, in Input) []*diagnostic.Problem {
	v := &verifier{Input: in, names: definitions(p, in.Known), problems: map[place]*diagnostic.Problem{}}
	v.startAt, _ = in.Selection.Start(p)
	for _, play := range p.Plays {
		v.play(play)
	}
	for part := range in.Mistakes {
		v.mistakes(part, false)
	}
	v.prunes(p)
	return append(v.all, v.unused(p)...)
}

func (v *verifier) play(play *engine.Play) {
	v.vars, v.ended = map[string]*engine.Var{}, false
	for _, variable := range play.Variables() {
		v.vars[variable.Name] = variable
	}
	v.start(play)
	for i, list := range play.Lists() {
		v.items(list, i != handlers)
	}
}

// start reports what is wrong with what is evaluated as the play starts.
func (v *verifier) start(play *engine.Play) {
	var nodes []*expr.Node
	for _, p := range play.Prompts {
		nodes = append(nodes, p.Text, p.Default)
	}
	for _, f := range play.VarsFiles {
		nodes = append(nodes, f.Paths...)
	}
	for _, n := range append(nodes, play.ForceHandlers) {
		v.mistakes(n, true)
	}
	v.scope(play)
}

// items verifies a list of tasks; certain: it is run, and its failure ends the run.
func (v *verifier) items(list []engine.Item, certain bool) {
	for _, it := range list {
		switch it := it.(type) {
		case *engine.Block:
			v.items(it.Body, certain && len(it.Rescue) == 0)
			v.items(it.Rescue, false)
			v.items(it.Always, certain)
		case *engine.Step:
			selected := v.selected(it)
			v.step(it, certain && selected && !v.ended)
			v.ended = v.ended || selected && mayEnd(it)
		}
	}
}

// selected reports whether a task is among those that were asked for.
func (v *verifier) selected(s *engine.Step) bool {
	if s == v.startAt {
		v.startAt = nil
	}
	return v.startAt == nil && v.Selection.Selects(s.Tags)
}

// mayEnd reports whether a task may end the play without a failure.
func mayEnd(s *engine.Step) bool {
	e, ok := engine.As[engine.Ender](s.Kind)
	return ok && e.MayEnd(s.Args)
}

// step verifies a step, then the tasks that it brings in.
func (v *verifier) step(s *engine.Step, certain bool) {
	r := v.reading(s)
	certain = certain && !given(s.IgnoreErrors)
	fields := engine.Reads(s)
	for _, f := range fields {
		for _, ref := range f.Refs() {
			if ref.Soft {
				r.guarded[ref.Name] = true
			}
		}
	}
	runs := r.conditions(fields, certain)
	for _, f := range fields {
		if f.Field == "Over" || f.Field == "When" {
			continue
		}
		r.own = s.Own(f.When == "after")
		r.read(f, runs && (f.When != "maybe" || f.Field == "Notify" && alwaysChanges(s)))
	}
	v.mistakes(s, runs)
	v.included(s, runs)
}

func (v *verifier) reading(s *engine.Step) *reading {
	r := &reading{verifier: v, step: s, index: v.names.index[s], local: map[string]*engine.Var{}, guarded: map[string]bool{}, seen: map[visit]bool{}}
	for i := range s.Vars {
		r.local[s.Vars[i].Name] = &s.Vars[i]
	}
	return r
}

// included verifies the tasks that a step brings in. What names they find there shows
// while the play runs.
func (v *verifier) included(s *engine.Step, runs bool) {
	open := v.Open
	v.Open = true
	v.items(v.Included[s], runs)
	v.Open = open
}

// conditions verifies the list of a loop and the conditions, and reports whether the
// rest of the step is certain to be evaluated.
func (r *reading) conditions(fields []engine.Read, certain bool) bool {
	always := !slices.ContainsFunc(r.step.When, func(c *engine.Condition) bool { return constant(c) != yes })
	runs := certain
	for _, f := range fields {
		if f.Field == "Over" {
			r.read(f, certain && always)
			runs = runs && always && r.surelyItems(r.step.Loop)
		}
	}
	r.own = r.step.Own(false)
	for _, f := range fields {
		if f.Field == "When" {
			r.read(f, runs)
			runs = runs && constant(f.Condition) == yes
		}
	}
	return runs
}

// alwaysChanges reports whether a task counts as changed whatever it does.
func alwaysChanges(s *engine.Step) bool {
	return len(s.ChangedWhen) > 0 && !slices.ContainsFunc(s.ChangedWhen, func(c *engine.Condition) bool { return constant(c) != yes })
}

// given reports whether a keyword says anything but false.
func given(n *expr.Node) bool { return n != nil && n.Value != false }
