package expr

import (
	"runner/diagnostic"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// A state is one run of one template.
type state struct {
	c     *Context
	t     *Template
	local *frame
	here  syntax.Pos // of the operation that is being done

	outer  *frame                // the template's own names, which its blocks see
	blocks map[string][]override // by name, the one that counts first
	parent *Template             // what the template extends

	autoescape bool // inside {% autoescape true %}
}

// A frame holds the names that a template itself binds.
type frame struct {
	outer  *frame
	alone  bool // without variables: of a template that is brought in without context
	names  []string
	values []value.Value
}

func (f *frame) find(name string) *value.Value {
	for ; f != nil; f = f.outer {
		for i, n := range f.names {
			if n == name {
				return &f.values[i]
			}
		}
	}
	return nil
}

// seesVariables reports whether names that no frame binds are variables.
func (f *frame) seesVariables() bool {
	for ; f != nil; f = f.outer {
		if f.alone {
			return false
		}
	}
	return true
}

// set binds a name in this frame itself.
func (f *frame) set(name string, v value.Value) {
	for i, n := range f.names {
		if n == name {
			f.values[i] = v
			return
		}
	}
	f.names, f.values = append(f.names, name), append(f.values, v)
}

// failAt places an error at an offset of the template.
func (st *state) failAt(p syntax.Pos, err error) error {
	if err == nil {
		return nil
	}
	return value.Placed(err, func() diagnostic.Place { return st.t.tree.Place(int(p)) })
}

func (st *state) step() error {
	return st.c.Count(1)
}

// eval evaluates an expression to a value that may still be Undefined or lazy.
func (st *state) eval(x syntax.Expression) (value.Value, error) {
	switch x := x.(type) {
	case *syntax.Constant:
		return x.Value, nil
	case *syntax.Name:
		return st.evalName(x)
	case *syntax.Attribute:
		return st.evalAttribute(x)
	case *syntax.Index:
		return st.evalIndex(x)
	case *syntax.Filter:
		return st.evalFiltering(x)
	case *syntax.Test:
		return st.evalTested(x)
	case *syntax.Call:
		return st.evalCall(x)
	case *syntax.Comparison:
		return st.evalComparison(x)
	case *syntax.Conditional:
		return st.evalConditional(x)
	case *syntax.List:
		return st.evalList(x)
	case *syntax.Dict:
		return st.evalDict(x)
	case *syntax.Embedded:
		return st.evalEmbedded(x)
	}
	return st.evalOperator(x)
}

// evalOperator evaluates what an operator joins.
func (st *state) evalOperator(x syntax.Expression) (value.Value, error) {
	switch x := x.(type) {
	case *syntax.And:
		return st.evalAnd(x)
	case *syntax.Or:
		return st.evalOr(x)
	case *syntax.Not:
		return st.evalNot(x)
	case *syntax.Concat:
		return st.evalConcat(x)
	case *syntax.Unary:
		return st.evalUnary(x)
	case *syntax.Binary:
		return st.evalBinary(x)
	}
	return nil, st.failAt(syntax.Pos(x.At()), value.Errorf(value.TypeError, "a slice stands alone between [ and ]"))
}

func (st *state) evalName(n *syntax.Name) (value.Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.Pos, err)
	}
	if v := st.local.find(n.Name); v != nil {
		return *v, nil
	}
	if st.local.seesVariables() {
		v, ok, err := st.c.Lookup(n.Name)
		if err != nil {
			return nil, st.failAt(n.Pos, err)
		}
		if ok {
			return v, nil
		}
	}
	if g, ok := st.t.lib.globals[n.Name]; ok {
		return g, nil
	}
	return st.c.Undefined(n.Name, st.t.tree.Place(n.At())), nil
}

// Undefined makes the Undefined of a name that the scope does not know.
func (c *Context) Undefined(name string, at diagnostic.Place) *value.Undefined {
	u := &value.Undefined{Name: name, Place: at}
	if s, ok := c.Scope.(interface{ Similar() []string }); ok {
		u.Names = s.Similar
	}
	return u
}

// Lookup asks the scope, if there is one.
func (c *Context) Lookup(name string) (value.Value, bool, error) {
	if c.Scope == nil {
		return nil, false, nil
	}
	return c.Scope.Lookup(c, name)
}

// operand evaluates x for use: lazies made ordinary, Undefined refused.
func (st *state) operand(x syntax.Expression) (value.Value, error) {
	v, err := st.eval(x)
	if err != nil {
		return nil, err
	}
	return st.usable(x, v)
}

// usable makes a value that x came to ordinary; Undefined is refused.
func (st *state) usable(x syntax.Expression, v value.Value) (value.Value, error) {
	switch v := v.(type) {
	case *lazy:
		f, err := st.c.Force(v)
		return f, st.failAt(syntax.Pos(x.At()), err)
	case *value.Undefined:
		return nil, st.failAt(syntax.Pos(x.At()), v.Err())
	}
	return v, nil
}

// truth evaluates x as a condition by Python's rules. What depends on an
// Unknown returns it back.
func (st *state) truth(x syntax.Expression) (bool, *value.Unknown, error) {
	v, err := st.eval(x)
	if err != nil {
		return false, nil, err
	}
	t, u, err := value.Truth(v)
	return t, u, st.failAt(syntax.Pos(x.At()), err)
}

func (st *state) evalAnd(n *syntax.And) (value.Value, error) {
	l, err := st.eval(n.L)
	if err != nil {
		return nil, err
	}
	t, u, err := value.Truth(l)
	if err != nil || u == nil && !t {
		return l, st.failAt(syntax.Pos(n.L.At()), err)
	}
	r, err := st.eval(n.R)
	if u != nil && err == nil {
		return u, nil
	}
	return r, err
}

func (st *state) evalOr(n *syntax.Or) (value.Value, error) {
	l, err := st.eval(n.L)
	if err != nil {
		return nil, err
	}
	t, u, err := value.Truth(l)
	if err != nil || u == nil && t {
		return l, st.failAt(syntax.Pos(n.L.At()), err)
	}
	if u != nil {
		return u, nil
	}
	return st.eval(n.R)
}

func (st *state) evalNot(n *syntax.Not) (value.Value, error) {
	t, u, err := st.truth(n.Of)
	if u != nil || err != nil {
		return OrUnknown(u), err
	}
	return !t, nil
}

// OrUnknown returns u as a Value: nil rather than a nil pointer.
func OrUnknown(u *value.Unknown) value.Value {
	if u == nil {
		return nil
	}
	return u
}

func (st *state) evalConditional(n *syntax.Conditional) (value.Value, error) {
	t, u, err := st.truth(n.Test)
	switch {
	case u != nil || err != nil:
		return OrUnknown(u), err
	case t:
		return st.eval(n.Then)
	case n.Other != nil:
		return st.eval(n.Other)
	}
	return &value.Undefined{Hint: "the inline if has no else, and its condition is false", Place: st.t.tree.Place(n.At()), Lenient: true}, nil
}

func (st *state) evalList(n *syntax.List) (value.Value, error) {
	out := make([]value.Value, len(n.Items))
	for i, x := range n.Items {
		v, err := st.element(x)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	if n.Tuple {
		return value.Tuple(out), nil
	}
	return out, nil
}

// element evaluates what is put into a list or map: never lazy.
func (st *state) element(x syntax.Expression) (value.Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(syntax.Pos(x.At()), err)
	}
	v, err := st.eval(x)
	if l, ok := v.(*lazy); ok && err == nil {
		v, err = st.c.Force(l)
		err = st.failAt(syntax.Pos(x.At()), err)
	}
	return v, err
}

func (st *state) evalDict(n *syntax.Dict) (value.Value, error) {
	m := &value.Map{}
	for i, kx := range n.Keys {
		k, err := st.operand(kx)
		if err != nil {
			return nil, err
		}
		if u, ok := k.(*value.Unknown); ok {
			return u, nil
		}
		if !value.Hashable(k) {
			return nil, st.failAt(syntax.Pos(kx.At()), value.Errorf(value.TypeError, "%s cannot be a key", value.Describe(k)))
		}
		v, err := st.element(n.Values[i])
		if err != nil {
			return nil, err
		}
		m.Set(k, v)
	}
	return m, nil
}

func (st *state) evalConcat(n *syntax.Concat) (value.Value, error) {
	if st.autoescape {
		return st.concatEscaped(n)
	}
	j := joining{c: st.c, texts: make([]string, 0, len(n.Parts))}
	for _, x := range n.Parts {
		v, err := st.eval(x)
		if err != nil {
			return nil, err
		}
		if err := j.add(v); err != nil {
			return nil, st.failAt(syntax.Pos(x.At()), err)
		}
	}
	v, err := j.end()
	return v, st.failAt(n.Pos, err)
}

func (st *state) evalEmbedded(n *syntax.Embedded) (value.Value, error) {
	out := &output{}
	if err := st.block(n.Body, out); err != nil {
		return nil, err
	}
	return st.gather(out)
}

// inNothing returns that what failed is not in a list or a map that is empty, which
// nothing is compared with; else the error.
func (st *state) inNothing(n *syntax.Comparison, err error) (value.Value, error) {
	if e, ok := err.(*value.Error); !ok || e.Class != value.UndefinedError || n.Ops[0] != "in" && n.Ops[0] != "not in" || len(n.Rest) > 1 {
		return nil, err
	}
	r, wrong := st.operand(n.Rest[0])
	if wrong != nil {
		return nil, err
	}
	_, isText := value.Bare(r).(string)
	if list, wrong := st.c.Elements(r); wrong != nil || isText || len(list) > 0 {
		return nil, err
	}
	return n.Ops[0] == "not in", nil
}

func (st *state) evalComparison(n *syntax.Comparison) (value.Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.Pos, err)
	}
	l, err := st.operand(n.First)
	if err != nil {
		return st.inNothing(n, err)
	}
	var unknown *value.Unknown
	for i, x := range n.Rest {
		r, err := st.operand(x)
		if err != nil {
			return nil, err
		}
		holds, u, err := st.c.Compare(n.Ops[i], l, r)
		if err != nil {
			return nil, st.failAt(syntax.Pos(n.Poss[i]), err)
		}
		if unknown == nil {
			unknown = u
		}
		if u == nil && !holds {
			return false, nil
		}
		l = r
	}
	if unknown != nil {
		return unknown, nil
	}
	return true, nil
}
