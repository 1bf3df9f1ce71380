package expr

import (
	"slices"

	"runner/diagnostic"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// A Call is one use of an operation.
type Call struct {
	st      *state
	Context *Context
	Name    string
	In      value.Value   // what stands before | or is, or the method's dot
	Args    []value.Value // by parameter; absent{} where not given
	Rest    []value.Value
	Named   *value.Map
	Err     error // the first argument of a wrong type
	secret  bool  // a secret was read by Str: the result may repeat it
}

// These are the callable values, beside loop in a recursive for.
type (
	function struct{ op *Operation }
	bound    struct {
		recv value.Value
		op   *Operation
	}
	closure struct {
		m     *syntax.Macro
		t     *Template
		local *frame
	}
)

func (*function) TypeName() string { return "function" }
func (*bound) TypeName() string    { return "method" }
func (*closure) TypeName() string  { return "Macro" }

// invoke does an operation. Unless it is raw, Undefined arguments are errors and
// Unknown ones its result.
func (st *state) invoke(op *Operation, in value.Value, g given) (value.Value, error) {
	if err := st.c.Scan(in); err != nil {
		return nil, err
	}
	found := false
	if op.How&Raw == 0 {
		u, secret, err := st.ready(op, &in, &g)
		if u != nil || err != nil {
			return OrUnknown(u), err
		}
		found = secret
	} else if d, ok := in.(*value.Undefined); ok && d.Failed != nil && op.name != "type_debug" {
		return nil, d.Failed
	}
	openIn, open, secret := op.opened(in, g, found)
	openIn, open, safe := st.withoutMarkup(op, openIn, open)
	v, err := st.do(op, openIn, open)
	if safe {
		v = value.AsMarkup(v)
	}
	if err != nil && (secret || op.How&Keeps != 0) {
		return nil, unrevealing(op.name, err, append(g.values(), in)...)
	}
	if !secret || err != nil {
		return v, err
	}
	if missing, ok := v.(*value.Undefined); ok {
		return unrevealingMissing(op.name, missing, append(g.values(), in)...), nil
	}
	if op.How&Reveals == 0 {
		v = value.MarkAll(v)
	}
	return v, nil
}

// do does an operation on arguments that are ready.
func (st *state) do(op *Operation, in value.Value, g given) (value.Value, error) {
	u := &Call{st: st, Context: st.c, Name: op.name, In: in}
	if err := u.bind(op, g); err != nil {
		return nil, err
	}
	v, err := op.Do(u)
	if u.Err != nil {
		err = u.Err
	}
	if u.secret {
		v = value.MarkAll(v)
	}
	if s, ok := err.(*value.UnknownError); ok {
		return s.Unknown, nil
	}
	if e, ok := err.(*value.Error); ok && op.How&Plugin != 0 && e.Class == value.TypeError {
		c := *e
		c.Class = value.FilterError
		return nil, &c
	}
	return v, err
}

// ready makes arguments fit for an operation that is not raw. It reports whether it
// saw a secret: in those of an operation on whole values, it looks at everything.
func (st *state) ready(op *Operation, in *value.Value, g *given) (unknown *value.Unknown, secret bool, err error) {
	check := func(p *value.Value) error {
		if *p, err = st.c.Force(*p); err != nil {
			return err
		}
		if op.How&(Partial|Items|Values) != 0 {
			switch v := (*p).(type) {
			case *value.Undefined:
				return v.Err()
			case *value.Unknown:
				unknown = v
			}
			return st.touched(op, *p)
		}
		u, found, err := st.c.Survey(*p)
		if u != nil {
			unknown = u
		}
		secret = secret || found
		return err
	}
	if err := check(in); err != nil {
		return nil, false, err
	}
	for i := range g.pos {
		if err := check(&g.pos[i]); err != nil {
			return nil, false, err
		}
	}
	for k, v := range g.named.All() {
		if err := check(&v); err != nil {
			return nil, false, err
		}
		g.named.Set(k, v)
	}
	return unknown, secret, nil
}

// touched refuses what is Undefined among the elements or values that an operation goes over.
func (st *state) touched(op *Operation, v value.Value) error {
	var all []value.Value
	switch v := v.(type) {
	case []value.Value:
		all = v
	case value.Tuple:
		all = v
	case *value.Map:
		for _, e := range v.All() {
			if u, ok := e.(*value.Undefined); ok && op.How&Values != 0 {
				return u.Err()
			}
		}
	}
	for _, e := range all {
		if u, ok := e.(*value.Undefined); ok && op.How&Items != 0 {
			return u.Err()
		}
	}
	return nil
}

// Has reports whether an argument was given, or has a default.
func (u *Call) Has(i int) bool { return u.Args[i] != absent{} }

// Arg returns an argument or its default, nil if there is neither.
func (u *Call) Arg(i int) value.Value {
	if u.Has(i) {
		return u.Args[i]
	}
	return nil
}

// Wrong remembers that an argument has not the type that it should have.
func (u *Call) Wrong(i int, want string, v value.Value) {
	if u.Err == nil {
		u.Err = value.Errorf(value.TypeError, "'%s' wants %s, not %s", u.Name, want, value.Describe(v))
	}
}

// Str returns an argument that has to be text.
func (u *Call) Str(i int) string {
	v := u.Arg(i)
	u.secret = u.secret || value.IsSecret(v)
	s, ok := value.Bare(v).(string)
	if !ok {
		u.Wrong(i, "text", v)
	}
	return s
}

// Int returns an argument that has to be a whole number.
func (u *Call) Int(i int) int {
	v := u.Arg(i)
	n, ok := value.ToInt(v)
	if !ok {
		u.Wrong(i, "a whole number", v)
	}
	return n
}

// Flag returns the truth of an argument.
func (u *Call) Flag(i int) bool {
	b, _, _ := value.Truth(u.Arg(i))
	return b
}

// Text returns what the operation works on as text.
func (u *Call) Text() string { return value.Text(u.In) }

// Elements returns what the operation works on as a list.
func (u *Call) Elements() ([]value.Value, error) { return u.Context.Elements(u.In) }

// List returns a new list of the elements of what the operation works on.
func (u *Call) List() ([]value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	out := make([]value.Value, len(l))
	copy(out, l)
	return out, u.Context.Count(len(l))
}

// Nothing makes the Undefined of an operation that has no result.
func (u *Call) Nothing(why string) *value.Undefined {
	return &value.Undefined{Name: u.Name, Hint: why, Place: u.Place()}
}

// NoAttribute makes an Undefined that is placed where the filter stands.
func (u *Call) NoAttribute(of, key value.Value) *value.Undefined {
	return u.st.missing(value.Text(key), int(u.st.here), of, key)
}

// Item returns of[key]; ok is false if there is none.
func (u *Call) Item(of, key value.Value) (v value.Value, ok bool, err error) {
	return u.st.item(of, key)
}

// Attr returns what .name is of a value, methods aside.
func (u *Call) Attr(of value.Value, name string) (value.Value, bool, error) {
	return u.st.attr(of, name)
}

// Apply does another operation on v.
func (u *Call) Apply(op *Operation, v value.Value, args []value.Value, named *value.Map) (value.Value, error) {
	return u.st.invoke(op, v, given{slices.Clone(args), named.Clone()})
}

// Place is where the operation stands.
func (u *Call) Place() diagnostic.Place { return u.st.t.tree.Place(int(u.st.here)) }

// Table returns what the template can call.
func (u *Call) Table() *Table { return u.st.t.lib }

// Lend has a lookup done by Go code that the host of the evaluation lends. It works
// on values in clear, and of a secret it finds secrets.
func (u *Call) Lend(op *Operation, lookup Lookup, terms []value.Value, options *value.Map) ([]value.Value, error) {
	g := given{slices.Clone(terms), options}
	_, open, secret := op.opened(nil, g, slices.ContainsFunc(g.values(), value.HoldsSecret))
	other := &Call{st: u.st, Context: u.Context, Name: op.name}
	if err := other.bind(op, open); err != nil {
		return nil, err
	}
	found, err := lookup(u.Context, open.pos, other.Options(op))
	if !secret {
		return found, err
	}
	for i, v := range found {
		found[i] = value.MarkAll(v)
	}
	return found, unrevealing(op.name, err, g.values()...)
}

// Options returns the arguments by the names of the parameters, defaults included.
func (u *Call) Options(op *Operation) *value.Map {
	m := &value.Map{}
	for i, name := range op.list {
		if u.Has(i) {
			m.Set(name, u.Args[i])
		}
	}
	return m
}
