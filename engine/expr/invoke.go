package expr

import (
	"slices"
	"strings"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/suggest"
)

// An operation is a filter, a test, a function or a method: something with
// parameters that Go code does.
type operation struct {
	names  string // and its aliases
	params string // "old! new! count *rest **named"; ! marks what must be given
	how    how
	do     func(*use) (value.Value, error)

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
	in    value.Value   // what stands before | or is, or the method's dot
	args  []value.Value // by parameter; absent{} where not given
	rest  []value.Value
	named *value.Map
	err   error // the first argument of a wrong type
}

// These are the callable values, beside loop in a recursive for.
type (
	function struct{ op *operation }
	bound    struct {
		recv value.Value
		op   *operation
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

// invoke does an operation. Unless it is raw, Undefined arguments are errors and
// Unknown ones its result.
func (st *state) invoke(op *operation, in value.Value, g given) (value.Value, error) {
	if err := st.c.Scan(in); err != nil {
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
	if s, ok := err.(*value.UnknownError); ok {
		return s.Unknown, nil
	}
	if e, ok := err.(*value.Error); ok && op.how&plugin != 0 && e.Class == value.TypeError {
		c := *e
		c.Class = value.FilterError
		return nil, &c
	}
	return v, err
}

// ready makes arguments fit for an operation that is not raw.
func (st *state) ready(op *operation, in *value.Value, g *given) (unknown *value.Unknown, err error) {
	check := func(p *value.Value) error {
		if *p, err = st.c.force(*p); err != nil {
			return err
		}
		if op.how&partial != 0 {
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
func (u *use) bind(op *operation, g given) error {
	u.args = make([]value.Value, len(op.list))
	n := copy(u.args, g.pos)
	for i := n; i < len(u.args); i++ {
		u.args[i] = absent{}
	}
	if len(g.pos) > n {
		if !op.rest {
			return value.Errorf(value.TypeError, "'%s' takes at most %d arguments, but %d are given", op.name, len(op.list), len(g.pos))
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
				u.named = &value.Map{}
			}
			u.named.Set(k, v)
		default:
			return value.Errorf(value.TypeError, "'%s' has no parameter '%s'", op.name, s).WithHint(suggest.DidYouMean(s, op.list))
		}
	}
	for i := range op.required {
		if !u.has(i) {
			return value.Errorf(value.TypeError, "'%s' needs an argument '%s'", op.name, op.list[i])
		}
	}
	return nil
}

// has reports whether an argument was given.
func (u *use) has(i int) bool { return u.args[i] != absent{} }

// arg gives an argument, or otherwise where it was not given.
func (u *use) arg(i int, otherwise value.Value) value.Value {
	if u.has(i) {
		return u.args[i]
	}
	return otherwise
}

// wrong remembers that an argument has not the type that it should have.
func (u *use) wrong(i int, want string, v value.Value) {
	if u.err == nil {
		u.err = value.Errorf(value.TypeError, "'%s' wants %s, not %s", u.name, want, value.Describe(v))
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
	n, ok := value.ToInt(v)
	if !ok {
		u.wrong(i, "a whole number", v)
	}
	return n
}

func (u *use) flag(i int, otherwise bool) bool {
	b, _, _ := value.Truth(u.arg(i, otherwise))
	return b
}

// text gives what the operation works on as text.
func (u *use) text() string { return value.Text(u.in) }

// elements gives what the operation works on as a list.
func (u *use) elements() ([]value.Value, error) { return u.c.Elements(u.in) }
