package expr

import (
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// given are the evaluated arguments of a call.
type given struct {
	pos   []value.Value
	named *value.Map
}

func (st *state) arguments(args []syntax.Argument) (given, error) {
	var g given
	for _, a := range args {
		v, err := st.eval(a.Value)
		if err != nil {
			return g, err
		}
		switch {
		case a.Spread != 0:
			err = st.spread(&g, a, v)
		case a.Name != "":
			if g.named == nil {
				g.named = &value.Map{}
			}
			g.named.Set(a.Name, v)
		default:
			g.pos = append(g.pos, v)
		}
		if err != nil {
			return g, st.failAt(syntax.Pos(a.Value.At()), err)
		}
	}
	return g, nil
}

func (st *state) spread(g *given, a syntax.Argument, v value.Value) error {
	v, err := st.c.Force(v)
	if err != nil {
		return err
	}
	if a.Spread == 1 {
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

func (st *state) evalFiltering(n *syntax.Filter) (value.Value, error) {
	v, err := st.eval(n.Of)
	if err != nil {
		return nil, err
	}
	return st.applyFilter(n, v)
}

func (st *state) applyFilter(n *syntax.Filter, v value.Value) (value.Value, error) {
	g, err := st.arguments(n.Args)
	if err != nil {
		return nil, err
	}
	st.here = n.Pos
	r, err := st.invoke(st.t.lib.filters[n.Name], v, g)
	if err != nil {
		return value.Deferred(st.failAt(n.Pos, err))
	}
	return r, nil
}

func (st *state) evalTested(n *syntax.Test) (value.Value, error) {
	v, err := st.eval(n.Of)
	if err != nil {
		return nil, err
	}
	g, err := st.arguments(n.Args)
	if err != nil {
		return nil, err
	}
	if n.Name == "sameas" && sameLiterals(n) {
		return !n.Not, nil
	}
	st.here = n.Pos
	r, err := st.invoke(st.t.lib.tests[n.Name], v, g)
	if b, ok := r.(bool); ok && n.Not {
		return !b, nil
	}
	if err != nil {
		return value.Deferred(st.failAt(n.Pos, err))
	}
	return r, nil
}

// sameLiterals reports whether a test compares two equal literals, which are one
// object to Python.
func sameLiterals(n *syntax.Test) bool {
	if len(n.Args) != 1 || n.Args[0].Name != "" || n.Args[0].Spread != 0 {
		return false
	}
	a, ok := n.Of.(*syntax.Constant)
	b, also := n.Args[0].Value.(*syntax.Constant)
	return ok && also && value.TypeName(a.Value) == value.TypeName(b.Value) && value.Equal(a.Value, b.Value)
}

func (st *state) evalCall(n *syntax.Call) (value.Value, error) {
	fn, err := st.eval(n.Fn)
	if err != nil {
		return nil, err
	}
	g, err := st.arguments(n.Args)
	if err != nil {
		return nil, err
	}
	st.here = n.Pos
	v, err := st.call(n.Fn, fn, g)
	if err = st.failAt(n.Pos, err); deferred(fn, err) {
		return value.Deferred(err)
	}
	return v, err
}

// deferred reports whether the error of a call is that of its result: what a function fails
// with is, a lookup for one, and what is undefined among the arguments.
func deferred(fn value.Value, err error) bool {
	e, ok := err.(*value.Error)
	_, isFunction := fn.(*function)
	return ok && (e.Class == value.UndefinedError || isFunction)
}

func (st *state) call(x syntax.Expression, fn value.Value, g given) (value.Value, error) {
	switch fn := fn.(type) {
	case *function:
		return st.invoke(fn.op, nil, g)
	case *bound:
		if fn.op.Changes {
			return st.grow(x, fn, g)
		}
		return st.invoke(fn.op, fn.recv, g)
	case *closure:
		return st.expand(fn, g)
	case *loopVar:
		if fn.again != nil && len(g.pos) == 1 {
			return fn.again(g.pos[0])
		}
	case *native:
		return fn.do(g.pos)
	case *value.Unknown:
		return fn, nil
	case *value.Undefined:
		return fn, nil
	}
	return nil, value.Errorf(value.TypeError, "%s cannot be called", value.Describe(fn))
}

// grow does append, update and the like on a list or a map that the template itself has set.
func (st *state) grow(x syntax.Expression, fn *bound, g given) (value.Value, error) {
	grown, err := st.invoke(fn.op, fn.recv, g)
	if err != nil {
		return nil, err
	}
	if a, ok := x.(*syntax.Attribute); ok {
		switch of := a.Of.(type) {
		case *syntax.Name:
			if p := st.local.find(of.Name); p != nil {
				*p = grown
				return nil, nil
			}
		case *syntax.Attribute:
			if n, ok := of.Of.(*syntax.Name); ok {
				if p := st.local.find(n.Name); p != nil {
					if ns, ok := (*p).(*namespace); ok {
						ns.values.Set(of.Name, grown)
						return nil, nil
					}
				}
			}
		}
	}
	return nil, value.Errorf(value.TypeError, "'%s' would change a value of the playbook", fn.op.name).WithHint("make a new value: l + [x], or m | combine({k: v})")
}
