package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
)

// What a condition comes to, as far as that shows before anything runs.
const (
	unknown = iota
	yes
	no
)

// constant evaluates a condition that mentions no name.
func constant(c *engine.Condition) int {
	if len(c.Expr.Refs()) > 0 || c.Expr.Err() != nil || strings.Contains(c.Text, "(") {
		return unknown
	}
	v, err := c.Expr.Test(&expr.Context{})
	switch {
	case err != nil:
		return unknown
	case v == true:
		return yes
	}
	return no
}

// surelyItems reports whether a loop goes over at least one item, for certain.
func (r *reading) surelyItems(l *engine.Loop) bool {
	n := l.Over
	if n.Tmpl != nil {
		refs := n.Tmpl.Refs()
		if len(refs) != 1 || !refs[0].Whole || len(refs[0].Path) > 0 || r.names.may(refs[0].Name, r.index) {
			return false
		}
		v := r.variable(refs[0].Name)
		if v == nil {
			return false
		}
		n = v.Value
	}
	if n.Shape == expr.Mapping {
		return len(n.Entries) > 0 && l.Kind.Lookup() == ""
	}
	return n.Shape == expr.Sequence && surelyItemsOf(l.Kind, n.Items)
}

// surelyItemsOf reports whether a loop of a kind makes at least one item of a list.
func surelyItemsOf(kind engine.LoopKind, list []*expr.Node) bool {
	switch kind {
	case engine.LoopItems, engine.LoopIndexed:
		return slices.ContainsFunc(list, surelyItem)
	case "with_nested", "with_cartesian":
		return len(list) > 0 && !slices.ContainsFunc(list, func(n *expr.Node) bool { return !surelyItem(n) })
	case "with_together":
		return slices.ContainsFunc(list, func(n *expr.Node) bool { return n.Shape == expr.Sequence && len(n.Items) > 0 })
	}
	return kind.Lookup() == "" && len(list) > 0
}

// surelyItem reports whether a value is, or holds, at least one item where lists are
// flattened. A template may come to a list without any, unless it begins with a text.
func surelyItem(n *expr.Node) bool {
	if n.Tmpl != nil {
		return !strings.HasPrefix(strings.TrimSpace(n.Text), "{")
	}
	return n.Shape != expr.Sequence || len(n.Items) > 0
}

func (r *reading) variable(name string) *engine.Var {
	if v := r.local[name]; v != nil {
		return v
	}
	if v := r.vars[name]; v != nil {
		return v
	}
	for i := range r.step.Defaults {
		if v := &r.step.Defaults[i]; v.Name == name {
			return v
		}
	}
	return nil
}

// read verifies what a field holds.
func (r *reading) read(f engine.Read, certain bool) {
	if c := f.Condition; c != nil {
		r.mistakes(c, certain)
		r.refs(c.Expr.Refs(), certain, false, nil)
		return
	}
	r.node(f.Node, nil, certain, f.When == "shown", f.Parameters, nil)
}

// node verifies a value: all of it, or what a path leads to. shown: an undefined
// name in it is shown and no mistake.
func (r *reading) node(n *expr.Node, path []string, certain, shown bool, params []engine.Param, vars []*engine.Var) {
	r.mistakes(n, certain && !shown)
	switch {
	case n.Tmpl != nil:
		r.refs(n.Tmpl.Refs(), certain, shown, vars)
	case len(path) > 0 && n.Shape == expr.Mapping:
		if inner := n.Get(path[0]); inner != nil {
			r.node(inner, path[1:], certain, shown, nil, vars)
		}
	default:
		for _, item := range n.Items {
			r.node(item, nil, certain && len(path) == 0, shown, nil, vars)
		}
		for _, e := range n.Entries {
			r.node(e.Key, nil, certain, shown, nil, vars)
			r.node(e.Value, nil, certain, shown || engine.IsExpression(params, e.Key.Text), nil, vars)
		}
	}
}

func (r *reading) refs(refs []syntax.Ref, certain, shown bool, vars []*engine.Var) {
	for _, ref := range refs {
		if ref.Files && !ref.Any {
			continue // it names nothing
		}
		ref.Soft = ref.Soft || shown
		r.follow(ref, certain && !ref.Maybe, vars)
	}
}

// follow finds what a name stands for, and verifies that.
func (r *reading) follow(ref syntax.Ref, certain bool, vars []*engine.Var) {
	r.names.mention(ref, r.index)
	if ref.Any || slices.Contains(r.own, ref.Name) || r.names.known[ref.Name] {
		return
	}
	may := r.names.may(ref.Name, r.index)
	if v := r.variable(ref.Name); v != nil {
		r.followVar(ref, v, certain && !may, vars)
		return
	}
	if may {
		r.field(ref, certain)
	}
	if may || r.Open || ref.Soft || r.guarded[ref.Name] || engine.IsMagic(ref.Name) {
		return
	}
	r.report(r.undefined(ref), certain)
}

// followVar verifies the value of a variable as far as it is read.
func (r *reading) followVar(ref syntax.Ref, v *engine.Var, certain bool, vars []*engine.Var) {
	if i := slices.Index(vars, v); i >= 0 {
		r.report(cycle(append(vars[i:], v)), certain)
		return
	}
	certain = certain && !ref.Soft
	key := visit{v, strings.Join(ref.Path, "\x00"), certain}
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	if n := v.Value; n.Shape != expr.Scalar && len(ref.Path) == 0 {
		certain = certain && ref.Whole // else only a part of it may be read
	}
	r.node(v.Value, ref.Path, certain, ref.Soft, nil, append(slices.Clip(vars), v))
}

func cycle(loop []*engine.Var) *diagnostic.Problem {
	var chain []string
	for _, v := range loop {
		chain = append(chain, v.Name)
	}
	return diagnostic.Problemf(loop[0].Place, "variable %q needs itself: %s", loop[0].Name, strings.Join(chain, " → "))
}

// undefined says that nothing defines a name, and what was meant.
func (r *reading) undefined(ref syntax.Ref) *diagnostic.Problem {
	if later := r.names.after(ref.Name, r.index); later != nil {
		return diagnostic.Problemf(ref.Place, "%q is used before it is registered", ref.Name).
			WithHint("the task at %s registers it", later.Place)
	}
	p := diagnostic.Problemf(ref.Place, "%q is not defined", ref.Name)
	seen := slices.Clone(r.own)
	for _, vars := range []map[string]*engine.Var{r.vars, r.local} {
		seen = slices.AppendSeq(seen, maps.Keys(vars))
	}
	return p.Suggest(ref.Name, r.names.near(ref.Name, r.index, seen...), "register it, set it under vars, or give it a default")
}

// unused warns about results that are registered and never mentioned. A name that
// begins with _ says that this is meant so.
func (v *verifier) unused(p *engine.Program) []*diagnostic.Problem {
	var all []*diagnostic.Problem
	for _, play := range p.Plays {
		for s := range play.Steps() {
			if s.Register == "" || strings.HasPrefix(s.Register, "_") || v.names.mentioned(s.Register, v.names.index[s]) {
				continue
			}
			all = append(all, &diagnostic.Problem{Place: s.RegisterAt, Severity: diagnostic.Warning, Rule: UnusedRegister,
				Msg: fmt.Sprintf("nothing mentions %q", s.Register), Hint: fmt.Sprintf("remove the register, or call it _%s", s.Register),
				Wrong: s.Register, Meant: "_" + s.Register})
		}
	}
	return all
}

// UnusedRegister is the rule of warnings about results that nothing mentions.
const UnusedRegister = "unused-register"
