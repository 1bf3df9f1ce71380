package expr

import (
	"slices"

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
		if _, twice := g.named.Get(k); twice {
			return value.Errorf(value.TypeError, "the argument %s is given twice", value.Quote(value.Text(k)))
		}
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

// deferred reports whether the error of a call is that of its result: what a function or a
// method fails with is, a lookup for one, and what is undefined among the arguments.
func deferred(fn value.Value, err error) bool {
	e, ok := err.(*value.Error)
	if !ok {
		return false
	}
	switch fn.(type) {
	case *function, *bound:
		return true
	}
	return e.Class == value.UndefinedError
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

// A Changed is what a method that changes its value comes to: the value that takes the
// place of the one before, and what the call returns.
type Changed struct{ Now, Result value.Value }

// grow does append, update and the like: what they make takes the place of the value
// in this run of the template. The playbook's variables stay as they are.
func (st *state) grow(x syntax.Expression, fn *bound, g given) (value.Value, error) {
	grown, err := st.invoke(fn.op, fn.recv, g)
	if err != nil {
		return nil, err
	}
	now, result := grown, value.Value(nil)
	if c, ok := grown.(Changed); ok {
		now, result = c.Now, c.Result
	}
	if a, ok := x.(*syntax.Attribute); ok {
		err = st.put(a.Of, now)
	}
	return result, err
}

// put puts a value where an expression stands for one: under a name, or into the list
// or map that another expression stands for. What has no place is forgotten.
func (st *state) put(at syntax.Expression, v value.Value) error {
	switch at := at.(type) {
	case *syntax.Name:
		if p := st.local.find(at.Name); p != nil {
			*p = v
			return nil
		}
		st.top()
		outermost := st.local
		for outermost.outer != nil {
			outermost = outermost.outer
		}
		outermost.set(at.Name, v)
	case *syntax.Attribute:
		return st.putInto(at.Of, at.Name, v)
	case *syntax.Index:
		key, err := st.operand(at.Key)
		if err != nil {
			return err
		}
		return st.putInto(at.Of, key, v)
	case *syntax.Call: // d.setdefault('a', []).append(1)
		method, ok := at.Fn.(*syntax.Attribute)
		if ok && method.Name == "setdefault" && len(at.Args) > 0 {
			key, err := st.operand(at.Args[0].Value)
			if err != nil {
				return err
			}
			return st.putInto(method.Of, key, v)
		}
	}
	return nil
}

// putInto puts a value under a key of the list or map that an expression stands for.
func (st *state) putInto(at syntax.Expression, key, v value.Value) error {
	of, err := st.operand(at)
	if err != nil {
		return err
	}
	switch c := of.(type) {
	case *namespace:
		c.values.Set(key, v)
	case *value.Map:
		grown := c.Clone()
		grown.Set(key, v)
		return st.put(at, grown)
	case []value.Value:
		if i, ok := value.Position(key, len(c)); ok {
			grown := slices.Clone(c)
			grown[i] = v
			return st.put(at, grown)
		}
	}
	return nil
}
