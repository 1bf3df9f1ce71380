package expr

import "runner/diagnostic"

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
	values []Value
}

func (f *frame) find(name string) *Value {
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
func (f *frame) set(name string, v Value) {
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
	return placed(err, func() diagnostic.Place { return st.t.place(int(p)) })
}

func (st *state) step() error {
	st.c.steps++
	if st.c.steps > maxSteps {
		return st.c.tooMuch()
	}
	return nil
}

func (n *constant) eval(*state) (Value, error) { return n.value, nil }

func (n *name) eval(st *state) (Value, error) {
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
func (c *Context) undefined(name string, at diagnostic.Place) *Undefined {
	u := &Undefined{Name: name, Place: at}
	if s, ok := c.Scope.(interface{ Names() []string }); ok {
		u.names = s.Names
	}
	return u
}

// lookup asks the scope, if there is one.
func (c *Context) lookup(name string) (Value, bool, error) {
	if c.Scope == nil {
		return nil, false, nil
	}
	return c.Scope.Lookup(c, name)
}

// operand evaluates x for use: lazies made ordinary, Undefined refused.
func (st *state) operand(x expression) (Value, error) {
	v, err := x.eval(st)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *lazy:
		f, err := st.c.force(v)
		return f, st.failAt(pos(x.at()), err)
	case *Undefined:
		return nil, st.failAt(pos(x.at()), undefinedError(v))
	}
	return v, nil
}

// truth evaluates x as a condition by Python's rules. What depends on an
// Unknown gives it back.
func (st *state) truth(x expression) (bool, *Unknown, error) {
	v, err := x.eval(st)
	if err != nil {
		return false, nil, err
	}
	t, u, err := truthOf(v)
	return t, u, st.failAt(pos(x.at()), err)
}

func (n *and) eval(st *state) (Value, error) {
	l, err := n.l.eval(st)
	if err != nil {
		return nil, err
	}
	t, u, err := truthOf(l)
	if err != nil || u == nil && !t {
		return l, st.failAt(pos(n.l.at()), err)
	}
	r, err := n.r.eval(st)
	if u != nil && err == nil {
		return u, nil
	}
	return r, err
}

func (n *or) eval(st *state) (Value, error) {
	l, err := n.l.eval(st)
	if err != nil {
		return nil, err
	}
	t, u, err := truthOf(l)
	if err != nil || u == nil && t {
		return l, st.failAt(pos(n.l.at()), err)
	}
	if u != nil {
		return u, nil
	}
	return n.r.eval(st)
}

func (n *not) eval(st *state) (Value, error) {
	t, u, err := st.truth(n.of)
	if u != nil || err != nil {
		return orUnknown(u), err
	}
	return !t, nil
}

// orUnknown gives u as a Value: nil rather than a nil pointer.
func orUnknown(u *Unknown) Value {
	if u == nil {
		return nil
	}
	return u
}

func (n *conditional) eval(st *state) (Value, error) {
	t, u, err := st.truth(n.test)
	switch {
	case u != nil || err != nil:
		return orUnknown(u), err
	case t:
		return n.then.eval(st)
	case n.other != nil:
		return n.other.eval(st)
	}
	return &Undefined{Hint: "the inline if has no else, and its condition is false", Place: st.t.place(n.at()), lenient: true}, nil
}

func (n *list) eval(st *state) (Value, error) {
	out := make([]Value, len(n.items))
	for i, x := range n.items {
		v, err := st.element(x)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	if n.tuple {
		return Tuple(out), nil
	}
	return out, nil
}

// element evaluates what is put into a list or map: never lazy.
func (st *state) element(x expression) (Value, error) {
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

func (n *dict) eval(st *state) (Value, error) {
	m := &Map{}
	for i, kx := range n.keys {
		k, err := st.operand(kx)
		if err != nil {
			return nil, err
		}
		if u, ok := k.(*Unknown); ok {
			return u, nil
		}
		if !hashable(k) {
			return nil, st.failAt(pos(kx.at()), fail(TypeError, "%s cannot be a key", described(k)))
		}
		v, err := st.element(n.values[i])
		if err != nil {
			return nil, err
		}
		m.Set(k, v)
	}
	return m, nil
}

func (n *concat) eval(st *state) (Value, error) {
	var unknown *Unknown
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
	if err := st.c.write(size); err != nil {
		return nil, st.failAt(n.pos, err)
	}
	return joinTexts(texts, size), nil
}

func (n *embedded) eval(st *state) (Value, error) {
	out := &output{}
	if err := st.block(n.body, out); err != nil {
		return nil, err
	}
	out.parts = append(out.parts, "")
	return st.gather(out)
}

func (n *unary) eval(st *state) (Value, error) {
	v, err := st.operand(n.of)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(*Unknown); ok {
		return u, nil
	}
	r, err := sign(n.op, v)
	return r, st.failAt(n.pos, err)
}

func (n *binary) eval(st *state) (Value, error) {
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
	if u, ok := l.(*Unknown); ok {
		return u, nil
	}
	if u, ok := r.(*Unknown); ok {
		return u, nil
	}
	v, err := st.c.arithmetic(n.op, l, r)
	return v, st.failAt(n.pos, err)
}

func (n *comparison) eval(st *state) (Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.pos, err)
	}
	l, err := st.operand(n.first)
	if err != nil {
		return nil, err
	}
	var unknown *Unknown
	for i, x := range n.rest {
		r, err := st.operand(x)
		if err != nil {
			return nil, err
		}
		holds, u, err := st.c.compare(n.ops[i], l, r)
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
