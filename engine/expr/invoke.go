package expr

import (
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/suggest"
)

// An Operation is a filter, a test, a function or a method: something with
// parameters that Go code does.
type Operation struct {
	Names  string // and its aliases
	Params string // "old! new! count *rest **named"; ! marks what must be given
	How    How
	Do     func(*Call) (value.Value, error)

	name     string
	list     []string
	required int
	rest     bool
	named    bool
}

// How says what an operation is given.
type How int

const (
	Whole   How = 0         // values in which nothing is Undefined or Unknown
	Partial How = 1 << iota // lists and maps that may hold Undefined and Unknown
	Raw                     // anything, lazy values too
	Plugin                  // whole; its mistakes are of class FilterError
)

// absent stands for an argument that was not given.
type absent struct{}

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
func (*bound) TypeName() string    { return "function" }
func (*closure) TypeName() string  { return "Macro" }

func (op *Operation) prepare() *Operation {
	names := strings.Fields(op.Names)
	op.name = names[0]
	for p := range strings.FieldsSeq(op.Params) {
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

// invoke does an operation. Unless it is raw, Undefined arguments are errors and
// Unknown ones its result.
func (st *state) invoke(op *Operation, in value.Value, g given) (value.Value, error) {
	if err := st.c.Scan(in); err != nil {
		return nil, err
	}
	if op.How&Raw == 0 {
		u, err := st.ready(op, &in, &g)
		if u != nil || err != nil {
			return OrUnknown(u), err
		}
	}
	u := &Call{st: st, Context: st.c, Name: op.name, In: in}
	if err := u.bind(op, g); err != nil {
		return nil, err
	}
	v, err := op.Do(u)
	if u.Err != nil {
		err = u.Err
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

// ready makes arguments fit for an operation that is not raw.
func (st *state) ready(op *Operation, in *value.Value, g *given) (unknown *value.Unknown, err error) {
	check := func(p *value.Value) error {
		if *p, err = st.c.Force(*p); err != nil {
			return err
		}
		if op.How&Partial != 0 {
			switch v := (*p).(type) {
			case *value.Undefined:
				return v.Err()
			case *value.Unknown:
				unknown = v
			}
			return nil
		}
		u, err := st.c.Usable(*p)
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
func (u *Call) bind(op *Operation, g given) error {
	u.Args = make([]value.Value, len(op.list))
	n := copy(u.Args, g.pos)
	for i := n; i < len(u.Args); i++ {
		u.Args[i] = absent{}
	}
	if len(g.pos) > n {
		if !op.rest {
			return value.Errorf(value.TypeError, "'%s' takes at most %d arguments, but %d are given", op.name, len(op.list), len(g.pos))
		}
		u.Rest = g.pos[n:]
	}
	for k, v := range g.named.All() {
		s, _ := k.(string)
		switch i := slices.Index(op.list, s); {
		case i >= 0:
			u.Args[i] = v
		case op.named:
			if u.Named == nil {
				u.Named = &value.Map{}
			}
			u.Named.Set(k, v)
		default:
			return value.Errorf(value.TypeError, "'%s' has no parameter '%s'", op.name, s).WithHint(suggest.DidYouMean(s, op.list))
		}
	}
	for i := range op.required {
		if !u.Has(i) {
			return value.Errorf(value.TypeError, "'%s' needs an argument '%s'", op.name, op.list[i])
		}
	}
	return nil
}

// Has reports whether an argument was given.
func (u *Call) Has(i int) bool { return u.Args[i] != absent{} }

// Arg gives an argument, or otherwise where it was not given.
func (u *Call) Arg(i int, otherwise value.Value) value.Value {
	if u.Has(i) {
		return u.Args[i]
	}
	return otherwise
}

// Wrong remembers that an argument has not the type that it should have.
func (u *Call) Wrong(i int, want string, v value.Value) {
	if u.Err == nil {
		u.Err = value.Errorf(value.TypeError, "'%s' wants %s, not %s", u.Name, want, value.Describe(v))
	}
}

func (u *Call) Str(i int, otherwise string) string {
	v := u.Arg(i, otherwise)
	s, ok := v.(string)
	if !ok {
		u.Wrong(i, "text", v)
	}
	return s
}

func (u *Call) Int(i, otherwise int) int {
	v := u.Arg(i, otherwise)
	n, ok := value.ToInt(v)
	if !ok {
		u.Wrong(i, "a whole number", v)
	}
	return n
}

func (u *Call) Flag(i int, otherwise bool) bool {
	b, _, _ := value.Truth(u.Arg(i, otherwise))
	return b
}

// Text gives what the operation works on as text.
func (u *Call) Text() string { return value.Text(u.In) }

// Elements gives what the operation works on as a list.
func (u *Call) Elements() ([]value.Value, error) { return u.Context.Elements(u.In) }

// List gives a new list of the elements of what the operation works on.
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

func (u *Call) FlagNamed(name string) bool {
	v, ok := u.Named.Get(name)
	t, _, _ := value.Truth(v)
	return ok && t
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
