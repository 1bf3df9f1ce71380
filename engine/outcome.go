package engine

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// conclude makes of a result or an error what is told and registered.
func (a *attempt) conclude(err error) {
	end := &a.end
	if end.Outcome == Blocked {
		return
	}
	if err == nil {
		err = a.announce()
	}
	kind := a.step.Kind
	if err != nil {
		a.included, a.control, end.Included = nil, NoControl, ""
		end.Outcome = Failed
		end.Problem = a.place(err)
		if ignore, bad := a.scope.flag(a.step.IgnoreErrors, false); bad == nil && ignore {
			end.Outcome = Ignored
		}
	} else if end.Outcome != Skipped {
		a.define()
	}
	end.Result = a.registered(err)
	end.Shows = kind.Shows && err == nil && end.Outcome != Skipped
	end.Tells = (kind.Tells || kind.Shows) && end.Change != nil && !a.hushed()
	end.Silent = kind.Silent && err == nil
}

// hushed reports whether the task itself wants its good result not to be printed.
func (a *attempt) hushed() bool { return a.end.Change != nil && a.end.Change.Hush }

// announce notifies handlers of a change.
func (a *attempt) announce() error {
	if a.end.Outcome != Changed {
		return nil
	}
	return a.notify()
}

// define sets the variables that the task sets.
func (a *attempt) define() {
	c := a.end.Change
	if c == nil {
		return
	}
	for name, v := range c.Facts.All() {
		a.facts.set(value.Text(name), a.scope.at, registered{value: v})
	}
	for _, v := range c.Vars {
		a.node.included.set(v.Name, a.scope.at, registered{lazy: &v})
	}
}

// registered gives the result with what every result has.
func (a *attempt) registered(err error) Value {
	if _, ok := a.result.(*value.Unknown); ok && err == nil {
		return a.result
	}
	m := a.resultMap()
	if err != nil {
		m = a.failed(err)
	}
	if a.tried > 0 {
		m.Set("attempts", a.tried)
	}
	if a.end.Outcome != Skipped {
		m.Set("changed", a.end.Outcome == Changed)
		m.Set("failed", err != nil)
	}
	return m
}

// resultMap copies what the task gave.
func (a *attempt) resultMap() *value.Map {
	m, _ := a.result.(*value.Map)
	return m.Clone()
}

// failed gives the result of a failure: what the error itself says, or its message.
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
