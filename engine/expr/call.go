package expr

import (
	"slices"
	"strings"
)

// An operation is a filter, a test, a function or a method: something with
// parameters that Go code does.
type operation struct {
	names  string // and its aliases
	params string // "old! new! count *rest **named"; ! marks what must be given
	how    how
	do     func(*use) (Value, error)

	name     string
	list     []string
	required int
	rest     bool
	named    bool
}

// how says what an operation is given.
type how int

const (
	whole   how = 0         // values in which nothing is Undefined or Unknown
	partial how = 1 << iota // lists and maps that may hold Undefined and Unknown
	raw                     // anything, lazy values too
	plugin                  // whole; its mistakes are of class FilterError
)

// absent stands for an argument that was not given.
type absent struct{}

// A use is one use of an operation.
type use struct {
	st    *state
	c     *Context
	name  string
	in    Value   // what stands before | or is, or the method's dot
	args  []Value // by parameter; absent{} where not given
	rest  []Value
	named *Map
	err   error // the first argument of a wrong type
}

// These are the callable values, beside loop in a recursive for.
type (
	function struct{ op *operation }
	bound    struct {
		recv Value
		op   *operation
	}
	closure struct {
		m     *macro
		t     *Template
		local *frame
	}
)

// given are the evaluated arguments of a call.
type given struct {
	pos   []Value
	named *Map
}

func (op *operation) prepare() *operation {
	names := strings.Fields(op.names)
	op.name = names[0]
	for p := range strings.FieldsSeq(op.params) {
		switch {
		case strings.HasPrefix(p, "**"):
			op.named = true
		case p[0] == '*':
			op.rest = true
		default:
			if n := strings.TrimSuffix(p, "!"); n != p {
				op.required++
				p = n
			}
			op.list = append(op.list, p)
		}
	}
	return op
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
				g.named = &Map{}
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

func (st *state) spread(g *given, a argument, v Value) error {
	v, err := st.c.force(v)
	if err != nil {
		return err
	}
	if a.spread == 1 {
		l, err := st.c.elements(v)
		g.pos = append(g.pos, l...)
		return err
	}
	if u, ok := v.(*Unknown); ok {
		return &unknownSignal{u}
	}
	m, ok := v.(*Map)
	if !ok {
		return fail(TypeError, "** wants a map, not %s", described(v))
	}
	if g.named == nil {
		g.named = &Map{}
	}
	for k, e := range m.All() {
		g.named.Set(k, e)
	}
	return nil
}

// invoke does an operation. Unless it is raw, Undefined arguments are errors and
// Unknown ones its result.
func (st *state) invoke(op *operation, in Value, g given) (Value, error) {
	if err := st.step(); err != nil {
		return nil, err
	}
	if op.how&raw == 0 {
		u, err := st.ready(op, &in, &g)
		if u != nil || err != nil {
			return orUnknown(u), err
		}
	}
	u := &use{st: st, c: st.c, name: op.name, in: in}
	if err := u.bind(op, g); err != nil {
		return nil, err
	}
	v, err := op.do(u)
	if u.err != nil {
		err = u.err
	}
	if s, ok := err.(*unknownSignal); ok {
		return s.u, nil
	}
	if e, ok := err.(*Error); ok && op.how&plugin != 0 && e.Class == TypeError {
		c := *e
		c.Class = FilterError
		return nil, &c
	}
	return v, err
}

// ready makes arguments fit for an operation that is not raw.
func (st *state) ready(op *operation, in *Value, g *given) (unknown *Unknown, err error) {
	check := func(p *Value) error {
		if *p, err = st.c.force(*p); err != nil {
			return err
		}
		if op.how&partial != 0 {
			switch v := (*p).(type) {
			case *Undefined:
				return undefinedError(v)
			case *Unknown:
				unknown = v
			}
			return nil
		}
		u, err := st.c.usable(*p)
		if u != nil {
			unknown = u
		}
		return err
	}
	if err := check(in); err != nil {
		return nil, err
	}
	for i := range g.pos {
		if err := check(&g.pos[i]); err != nil {
			return nil, err
		}
	}
	for k, v := range g.named.All() {
		if err := check(&v); err != nil {
			return nil, err
		}
		g.named.Set(k, v)
	}
	return unknown, nil
}

// bind sorts arguments to parameters.
func (u *use) bind(op *operation, g given) error {
	u.args = make([]Value, len(op.list))
	n := copy(u.args, g.pos)
	for i := n; i < len(u.args); i++ {
		u.args[i] = absent{}
	}
	if len(g.pos) > n {
		if !op.rest {
			return fail(TypeError, "'%s' takes at most %d arguments, but %d are given", op.name, len(op.list), len(g.pos))
		}
		u.rest = g.pos[n:]
	}
	for k, v := range g.named.All() {
		s, _ := k.(string)
		switch i := slices.Index(op.list, s); {
		case i >= 0:
			u.args[i] = v
		case op.named:
			if u.named == nil {
				u.named = &Map{}
			}
			u.named.Set(k, v)
		default:
			return fail(TypeError, "'%s' has no parameter '%s'", op.name, s).withHint(didYouMean(s, op.list))
		}
	}
	for i := range op.required {
		if !u.has(i) {
			return fail(TypeError, "'%s' needs an argument '%s'", op.name, op.list[i])
		}
	}
	return nil
}

// has reports whether an argument was given.
func (u *use) has(i int) bool { return u.args[i] != absent{} }

// arg gives an argument, or otherwise where it was not given.
func (u *use) arg(i int, otherwise Value) Value {
	if u.has(i) {
		return u.args[i]
	}
	return otherwise
}

// wrong remembers that an argument has not the type that it should have.
func (u *use) wrong(i int, want string, v Value) {
	if u.err == nil {
		u.err = fail(TypeError, "'%s' wants %s, not %s", u.name, want, described(v))
	}
}

func (u *use) str(i int, otherwise string) string {
	v := u.arg(i, otherwise)
	s, ok := v.(string)
	if !ok {
		u.wrong(i, "text", v)
	}
	return s
}

func (u *use) int(i, otherwise int) int {
	v := u.arg(i, otherwise)
	n, ok := toInt(v)
	if !ok {
		u.wrong(i, "a whole number", v)
	}
	return n
}

func (u *use) flag(i int, otherwise bool) bool {
	b, _, _ := truthOf(u.arg(i, otherwise))
	return b
}

// text gives what the operation works on as text.
func (u *use) text() string { return Text(u.in) }

// elements gives what the operation works on as a list.
func (u *use) elements() ([]Value, error) { return u.c.elements(u.in) }

func (n *filtering) eval(st *state) (Value, error) {
	v, err := n.of.eval(st)
	if err != nil {
		return nil, err
	}
	return n.apply(st, v)
}

func (n *filtering) apply(st *state, v Value) (Value, error) {
	g, err := st.arguments(n.args)
	if err != nil {
		return nil, err
	}
	st.here = n.pos
	r, err := st.invoke(n.filter, v, g)
	return r, st.failAt(n.pos, err)
}

func (n *tested) eval(st *state) (Value, error) {
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

func (n *call) eval(st *state) (Value, error) {
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

func (st *state) call(x expression, fn Value, g given) (Value, error) {
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
	case *Unknown:
		return fn, nil
	case *Undefined:
		return nil, undefinedError(fn)
	}
	return nil, fail(TypeError, "%s cannot be called", described(fn))
}

// grow does append and extend on a list that the template itself has set.
func (st *state) grow(x expression, fn *bound, g given) (Value, error) {
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
	return nil, fail(TypeError, "'%s' would change a value of the playbook", fn.op.name).withHint("make a new list: l + [x]")
}

// expand calls a macro.
func (st *state) expand(fn *closure, g given) (Value, error) {
	m := fn.m
	if len(g.pos) > len(m.params) {
		return nil, fail(TypeError, "macro '%s' takes at most %d arguments, but %d are given", m.name, len(m.params), len(g.pos))
	}
	if st.c.calls++; st.c.calls > maxCalls {
		return nil, fail(LimitError, "macros call each other more than %d deep", maxCalls)
	}
	defer func() { st.c.calls-- }()
	inner := &state{c: st.c, t: fn.t, local: &frame{outer: fn.local}}
	for k := range g.named.All() {
		if s, _ := k.(string); !slices.Contains(m.params, s) {
			return nil, fail(TypeError, "macro '%s' has no parameter '%s'", m.name, s).withHint(didYouMean(s, m.params))
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

func (st *state) parameter(m *macro, i int, g given) (Value, error) {
	if i < len(g.pos) {
		return g.pos[i], nil
	}
	if v, ok := g.named.Get(m.params[i]); ok {
		return v, nil
	}
	if m.defaults[i] != nil {
		return m.defaults[i].eval(st)
	}
	return &Undefined{Name: m.params[i], Place: st.t.place(m.at()),
		Hint: "macro '" + m.name + "' was called without '" + m.params[i] + "'"}, nil
}
