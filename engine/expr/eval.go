package expr

import (
	"runner/diagnostic"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// A state is one run of one template.
type state struct {
	c     *Context
	t     *Template
	local *frame
	here  pos // of the operation that is being done
}

// A frame holds the names that a template itself binds.
type frame struct {
	outer  *frame
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
func (st *state) failAt(p pos, err error) error {
	if err == nil {
		return nil
	}
	return value.Placed(err, func() diagnostic.Place { return st.t.place(int(p)) })
}

func (st *state) step() error {
	return st.c.Count(1)
}

func (n *constant) eval(*state) (value.Value, error) { return n.value, nil }

func (n *name) eval(st *state) (value.Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.pos, err)
	}
	if v := st.local.find(n.name); v != nil {
		return *v, nil
	}
	v, ok, err := st.c.lookup(n.name)
	if err != nil {
		return nil, st.failAt(n.pos, err)
	}
	if ok {
		return v, nil
	}
	if g, ok := st.t.lib.globals[n.name]; ok {
		return g, nil
	}
	return st.c.undefined(n.name, st.t.place(n.at())), nil
}

// undefined makes the Undefined of a name that the scope does not know.
func (c *Context) undefined(name string, at diagnostic.Place) *value.Undefined {
	u := &value.Undefined{Name: name, Place: at}
	if s, ok := c.Scope.(interface{ Names() []string }); ok {
		u.Names = s.Names
	}
	return u
}

// lookup asks the scope, if there is one.
func (c *Context) lookup(name string) (value.Value, bool, error) {
	if c.Scope == nil {
		return nil, false, nil
	}
	return c.Scope.Lookup(c, name)
}

// operand evaluates x for use: lazies made ordinary, Undefined refused.
func (st *state) operand(x expression) (value.Value, error) {
	v, err := x.eval(st)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *lazy:
		f, err := st.c.force(v)
		return f, st.failAt(pos(x.at()), err)
	case *value.Undefined:
		return nil, st.failAt(pos(x.at()), v.Err())
	}
	return v, nil
}

// truth evaluates x as a condition by Python's rules. What depends on an
// Unknown gives it back.
func (st *state) truth(x expression) (bool, *value.Unknown, error) {
	v, err := x.eval(st)
	if err != nil {
		return false, nil, err
	}
	t, u, err := value.Truth(v)
	return t, u, st.failAt(pos(x.at()), err)
}

func (n *and) eval(st *state) (value.Value, error) {
	l, err := n.l.eval(st)
	if err != nil {
		return nil, err
	}
	t, u, err := value.Truth(l)
	if err != nil || u == nil && !t {
		return l, st.failAt(pos(n.l.at()), err)
	}
	r, err := n.r.eval(st)
	if u != nil && err == nil {
		return u, nil
	}
	return r, err
}

func (n *or) eval(st *state) (value.Value, error) {
	l, err := n.l.eval(st)
	if err != nil {
		return nil, err
	}
	t, u, err := value.Truth(l)
	if err != nil || u == nil && t {
		return l, st.failAt(pos(n.l.at()), err)
	}
	if u != nil {
		return u, nil
	}
	return n.r.eval(st)
}

func (n *not) eval(st *state) (value.Value, error) {
	t, u, err := st.truth(n.of)
	if u != nil || err != nil {
		return orUnknown(u), err
	}
	return !t, nil
}

// orUnknown gives u as a Value: nil rather than a nil pointer.
func orUnknown(u *value.Unknown) value.Value {
	if u == nil {
		return nil
	}
	return u
}

func (n *conditional) eval(st *state) (value.Value, error) {
	t, u, err := st.truth(n.test)
	switch {
	case u != nil || err != nil:
		return orUnknown(u), err
	case t:
		return n.then.eval(st)
	case n.other != nil:
		return n.other.eval(st)
	}
	return &value.Undefined{Hint: "the inline if has no else, and its condition is false", Place: st.t.place(n.at()), Lenient: true}, nil
}

func (n *list) eval(st *state) (value.Value, error) {
	out := make([]value.Value, len(n.items))
	for i, x := range n.items {
		v, err := st.element(x)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	if n.tuple {
		return value.Tuple(out), nil
	}
	return out, nil
}

// element evaluates what is put into a list or map: never lazy.
func (st *state) element(x expression) (value.Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(pos(x.at()), err)
	}
	v, err := x.eval(st)
	if l, ok := v.(*lazy); ok && err == nil {
		v, err = st.c.force(l)
		err = st.failAt(pos(x.at()), err)
	}
	return v, err
}

func (n *dict) eval(st *state) (value.Value, error) {
	m := &value.Map{}
	for i, kx := range n.keys {
		k, err := st.operand(kx)
		if err != nil {
			return nil, err
		}
		if u, ok := k.(*value.Unknown); ok {
			return u, nil
		}
		if !value.Hashable(k) {
			return nil, st.failAt(pos(kx.at()), value.Errorf(value.TypeError, "%s cannot be a key", value.Describe(k)))
		}
		v, err := st.element(n.values[i])
		if err != nil {
			return nil, err
		}
		m.Set(k, v)
	}
	return m, nil
}

func (n *concat) eval(st *state) (value.Value, error) {
	var unknown *value.Unknown
	texts := make([]string, len(n.parts))
	size := 0
	for i, x := range n.parts {
		v, err := x.eval(st)
		if err != nil {
			return nil, err
		}
		s, u, err := st.c.textOf(v)
		if err != nil {
			return nil, st.failAt(pos(x.at()), err)
		}
		if unknown == nil {
			unknown = u
		}
		texts[i] = s
		size += len(s)
	}
	if unknown != nil {
		return unknown, nil
	}
	if err := st.c.Write(size); err != nil {
		return nil, st.failAt(n.pos, err)
	}
	return joinTexts(texts, size), nil
}

func (n *embedded) eval(st *state) (value.Value, error) {
	out := &output{}
	if err := st.block(n.body, out); err != nil {
		return nil, err
	}
	out.parts = append(out.parts, "")
	return st.gather(out)
}

func (n *unary) eval(st *state) (value.Value, error) {
	v, err := st.operand(n.of)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(*value.Unknown); ok {
		return u, nil
	}
	r, err := value.Signed(n.op, v)
	return r, st.failAt(n.pos, err)
}

func (n *binary) eval(st *state) (value.Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.pos, err)
	}
	l, err := st.operand(n.l)
	if err != nil {
		return nil, err
	}
	r, err := st.operand(n.r)
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*value.Unknown); ok {
		return u, nil
	}
	if u, ok := r.(*value.Unknown); ok {
		return u, nil
	}
	v, err := st.c.operate(n.op, l, r)
	return v, st.failAt(n.pos, err)
}

// operate does an operator on known values; text % values is a format.
func (c *Context) operate(op string, l, r value.Value) (value.Value, error) {
	if s, ok := l.(string); ok && op == "%" {
		return format.Percent(&c.Budget, s, r)
	}
	return c.Arithmetic(op, l, r)
}

func (n *comparison) eval(st *state) (value.Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.pos, err)
	}
	l, err := st.operand(n.first)
	if err != nil {
		return nil, err
	}
	var unknown *value.Unknown
	for i, x := range n.rest {
		r, err := st.operand(x)
		if err != nil {
			return nil, err
		}
		holds, u, err := st.c.Compare(n.ops[i], l, r)
		if err != nil {
			return nil, st.failAt(pos(n.poss[i]), err)
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
