package expr

import (
	"slices"

	"runner/engine/expr/value"
	"runner/suggest"
)

// given are the evaluated arguments of a call.
type given struct {
	pos   []value.Value
	named *value.Map
}

func (st *state) arguments(args []argument) (given, error) {
	var g given
	for _, a := range args {
		v, err := a.value.eval(st)
		if err != nil {
			return g, err
		}
		switch {
		case a.spread != 0:
			err = st.spread(&g, a, v)
		case a.name != "":
			if g.named == nil {
				g.named = &value.Map{}
			}
			g.named.Set(a.name, v)
		default:
			g.pos = append(g.pos, v)
		}
		if err != nil {
			return g, st.failAt(pos(a.value.at()), err)
		}
	}
	return g, nil
}

func (st *state) spread(g *given, a argument, v value.Value) error {
	v, err := st.c.force(v)
	if err != nil {
		return err
	}
	if a.spread == 1 {
		l, err := st.c.Elements(v)
		g.pos = append(g.pos, l...)
		return err
	}
	if u, ok := v.(*value.Unknown); ok {
		return &value.UnknownError{Unknown: u}
	}
	m, ok := v.(*value.Map)
	if !ok {
		return value.Errorf(value.TypeError, "** wants a map, not %s", value.Describe(v))
	}
	if g.named == nil {
		g.named = &value.Map{}
	}
	for k, e := range m.All() {
		g.named.Set(k, e)
	}
	return nil
}

func (n *filtering) eval(st *state) (value.Value, error) {
	v, err := n.of.eval(st)
	if err != nil {
		return nil, err
	}
	return n.apply(st, v)
}

func (n *filtering) apply(st *state, v value.Value) (value.Value, error) {
	g, err := st.arguments(n.args)
	if err != nil {
		return nil, err
	}
	st.here = n.pos
	r, err := st.invoke(n.filter, v, g)
	return r, st.failAt(n.pos, err)
}

func (n *tested) eval(st *state) (value.Value, error) {
	v, err := n.of.eval(st)
	if err != nil {
		return nil, err
	}
	g, err := st.arguments(n.args)
	if err != nil {
		return nil, err
	}
	st.here = n.pos
	r, err := st.invoke(n.test, v, g)
	if b, ok := r.(bool); ok && n.not {
		return !b, nil
	}
	return r, st.failAt(n.pos, err)
}

func (n *call) eval(st *state) (value.Value, error) {
	fn, err := n.fn.eval(st)
	if err != nil {
		return nil, err
	}
	g, err := st.arguments(n.args)
	if err != nil {
		return nil, err
	}
	st.here = n.pos
	v, err := st.call(n.fn, fn, g)
	return v, st.failAt(n.pos, err)
}

func (st *state) call(x expression, fn value.Value, g given) (value.Value, error) {
	switch fn := fn.(type) {
	case *function:
		return st.invoke(fn.op, nil, g)
	case *bound:
		if fn.op.name == "append" || fn.op.name == "extend" {
			return st.grow(x, fn, g)
		}
		return st.invoke(fn.op, fn.recv, g)
	case *closure:
		return st.expand(fn, g)
	case *loopVar:
		if fn.again != nil && len(g.pos) == 1 {
			return fn.again(g.pos[0])
		}
	case *value.Unknown:
		return fn, nil
	case *value.Undefined:
		return nil, fn.Err()
	}
	return nil, value.Errorf(value.TypeError, "%s cannot be called", value.Describe(fn))
}

// grow does append and extend on a list that the template itself has set.
func (st *state) grow(x expression, fn *bound, g given) (value.Value, error) {
	grown, err := st.invoke(fn.op, fn.recv, g)
	if err != nil {
		return nil, err
	}
	if a, ok := x.(*attribute); ok {
		switch of := a.of.(type) {
		case *name:
			if p := st.local.find(of.name); p != nil {
				*p = grown
				return nil, nil
			}
		case *attribute:
			if n, ok := of.of.(*name); ok {
				if p := st.local.find(n.name); p != nil {
					if ns, ok := (*p).(*namespace); ok {
						ns.values.Set(of.name, grown)
						return nil, nil
					}
				}
			}
		}
	}
	return nil, value.Errorf(value.TypeError, "'%s' would change a value of the playbook", fn.op.name).WithHint("make a new list: l + [x]")
}

// expand calls a macro.
func (st *state) expand(fn *closure, g given) (value.Value, error) {
	m := fn.m
	if len(g.pos) > len(m.params) {
		return nil, value.Errorf(value.TypeError, "macro '%s' takes at most %d arguments, but %d are given", m.name, len(m.params), len(g.pos))
	}
	if st.c.calls++; st.c.calls > maxCalls {
		return nil, value.Errorf(value.LimitError, "macros call each other more than %d deep", maxCalls)
	}
	defer func() { st.c.calls-- }()
	inner := &state{c: st.c, t: fn.t, local: &frame{outer: fn.local}}
	for k := range g.named.All() {
		if s, _ := k.(string); !slices.Contains(m.params, s) {
			return nil, value.Errorf(value.TypeError, "macro '%s' has no parameter '%s'", m.name, s).WithHint(suggest.DidYouMean(s, m.params))
		}
	}
	for i, p := range m.params {
		v, err := inner.parameter(m, i, g)
		if err != nil {
			return nil, err
		}
		inner.local.set(p, v)
	}
	return inner.captured(m.body)
}

func (st *state) parameter(m *macro, i int, g given) (value.Value, error) {
	if i < len(g.pos) {
		return g.pos[i], nil
	}
	if v, ok := g.named.Get(m.params[i]); ok {
		return v, nil
	}
	if m.defaults[i] != nil {
		return m.defaults[i].eval(st)
	}
	return &value.Undefined{Name: m.params[i], Place: st.t.place(m.at()),
		Hint: "macro '" + m.name + "' was called without '" + m.params[i] + "'"}, nil
}
