package engine

import (
	"runner/diagnostic"

	"errors"
	"slices"
	"strconv"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// conclude makes of a try what is registered and reported.
func (a *attempt) conclude(e *ending, t try) {
	if e.Outcome = t.outcome; t.outcome == Blocked {
		return
	}
	e.Change, e.Problem = t.change, nil
	display := a.step.Kind.Display()
	if display == DisplayResult && t.err == nil {
		t.value, t.err = value.Complete(t.value)
	}
	switch {
	case t.err != nil || len(a.step.Notify) == 0:
	case t.outcome == Changed:
		t.err = a.notify()
	case t.outcome == OK && a.step.Loop != nil:
		e.notify = a.notify // should another item change anything
	}
	if t.err != nil {
		e.Outcome = Failed
		e.Problem = a.hideProblem(a.place(t.err))
		if ignore, bad := a.scope.flag(a.step.IgnoreErrors, false); bad == nil && ignore && ignorable(t.err) {
			e.Outcome = Ignored
		}
	} else if t.outcome != Skipped && t.change != nil {
		a.define(t.change.Effect)
		e.control, _ = t.change.Effect.(Control)
		e.included = t.included
		if t.included != nil {
			e.Included = t.included.File
		}
	}
	e.Result = a.registered(e.Outcome, t)
	if a.step.Register != "" || t.err != nil { // others may see it, or a rescue
		a.play.pending.add(e.Result)
	}
	e.Shows = display == DisplayResult && t.err == nil && e.Outcome != Skipped
	e.Tells = t.tells
	// An include that is left out is counted, as Ansible does.
	e.Silent = display == DisplayBanner && t.err == nil && (e.Outcome != Skipped || !has[Definer](a.step.Kind))
}

// registered returns the result with what every result has.
func (a *attempt) registered(o Outcome, t try) Value {
	if _, ok := t.value.(*value.Unknown); ok && t.err == nil {
		return t.value
	}
	m := resultMap(t.value)
	if t.err != nil {
		m = a.failed(t.err)
	}
	m = a.mark(m)
	if t.number > 0 {
		m.Set("attempts", t.number)
	}
	if o != Skipped {
		m.Set("changed", o == Changed || t.err != nil && t.changed)
		m.Set("failed", t.err != nil)
	}
	if t.err != nil {
		m.Set("exception", "(traceback unavailable)") // as in Ansible: `r.exception is defined` asks for it
	}
	return m
}

// changedIn reports whether a result says that something changed.
func changedIn(v Value) bool {
	m, _ := v.(*value.Map)
	changed, _ := m.Get("changed")
	return changed == true
}

// resultMap copies what a task returned.
func resultMap(v Value) *value.Map {
	m, _ := v.(*value.Map)
	return m.Clone()
}

// failed returns the result of a failure: what the error itself says, or its message.
func (a *attempt) failed(err error) *value.Map {
	if f, ok := errors.AsType[*Failure](err); ok && f.Result != nil {
		return f.Result.Clone()
	}
	return value.MapOf("msg", a.place(err).Msg)
}

// place finds where in the playbook an error belongs.
func (a *attempt) place(err error) *diagnostic.Problem {
	return a.step.Kind.ProblemOf(err, a.step.Args, a.step.Place)
}

// ProblemOf makes a Problem of an error: one about an argument (see About) is placed
// where that was written among args, others at `at`; of several mistakes, each.
func (k *Kind) ProblemOf(err error, args *expr.Node, at diagnostic.Place) *diagnostic.Problem {
	if several, ok := errors.AsType[Mistakes](err); ok && len(several) > 0 {
		sum := &diagnostic.Problem{Msg: err.Error(), Err: err}
		for _, one := range several {
			sum.Parts = append(sum.Parts, k.ProblemOf(one, args, at))
		}
		sum.Place = sum.Parts[0].Place
		return sum
	}
	if about, ok := errors.AsType[*ArgError](err); ok {
		if n := argument(args, about.Path, k.Params()); n != nil {
			at = n.Place
		}
	}
	return diagnostic.From(err, at)
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

// merged returns the value of a variable, a map, laid over what the variable holds.
func (a *attempt) merged(v Var) *expr.Node {
	context := a.scope.context()
	before, ok, err := a.scope.Lookup(context, v.Name)
	if err == nil && ok {
		before, err = context.Plain(before)
	}
	old, isMap := before.(*value.Map)
	if !ok || err != nil || !isMap || v.Value.Shape != expr.Mapping {
		return v.Value
	}
	both := &expr.Node{Shape: expr.Mapping, Place: v.Value.Place}
	for key, val := range old.All() {
		if text := value.OpenText(key); v.Value.Get(text) == nil {
			both.Entries = append(both.Entries, expr.Entry{Key: &expr.Node{Text: text, Value: key}, Value: &expr.Node{Text: value.Text(val), Value: val}})
		}
	}
	both.Entries = append(both.Entries, v.Value.Entries...)
	return both
}
