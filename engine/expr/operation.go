package expr

import (
	"slices"
	"strings"

	"runner/engine/expr/value"
	"runner/suggest"
)

// An Operation is a filter, a test, a lookup, a function or a method: something
// with parameters that Go code does. What Params does not list is refused.
type Operation struct {
	Names string // and its aliases
	// Params are its parameters as Python writes them, with spaces between: "old!
	// new! count=none *rest key=none **more". ! marks what must be given; what stands
	// behind * is given by name only. Defaults are literals.
	Params string
	Doc    string // what it does, in one line
	How    How
	Do     func(*Call) (value.Value, error)
	// Changes: of a method, what it makes, alone or as a Changed, takes the place of the
	// value that it is called on, in this run of the template.
	Changes bool

	name     string
	list     []string
	defaults []value.Value // by parameter; absent{} where there is none
	required []bool
	inOrder  int // how many can be given without their names
	rest     bool
	named    bool
}

// How says what an operation is given.
type How int

// What an operation may be given.
const (
	Whole   How = 0         // values in which nothing is Undefined or Unknown
	Partial How = 1 << iota // lists and maps that may hold Undefined and Unknown
	Raw                     // anything, lazy values too
	Plugin                  // whole; its mistakes are of class FilterError
	Keeps                   // secrets as they are: its result has those that it takes over (secret.go)
	Reveals                 // its result is no secret, whatever it was given
	Items                   // partial, but none of the elements of a list may be Undefined
	Values                  // partial, but none of the values of a map may be Undefined
	Markups                 // Markup as it is; others are given plain texts
	Escapes                 // Markup's own: the result on Markup is Markup, and arguments are escaped
)

// absent stands for an argument that was not given.
type absent struct{}

func (op *Operation) prepare() *Operation {
	op.name, op.inOrder = strings.Fields(op.Names)[0], -1
	for _, p := range paramList(op.Params) {
		switch {
		case strings.HasPrefix(p, "**"):
			op.named = true
		case p[0] == '*':
			op.rest, op.inOrder = p != "*", len(op.list)
		default:
			op.parameter(p)
		}
	}
	if op.inOrder < 0 {
		op.inOrder = len(op.list)
	}
	return op
}

// paramList cuts Params at its spaces, those inside quotes aside.
func paramList(params string) []string {
	quoted := false
	return strings.FieldsFunc(params, func(r rune) bool {
		if r == '\'' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

func (op *Operation) parameter(p string) {
	name, must := strings.CutSuffix(p, "!")
	name, def, has := strings.Cut(name, "=")
	op.list, op.required = append(op.list, name), append(op.required, must)
	if has {
		op.defaults = append(op.defaults, literal(def))
	} else {
		op.defaults = append(op.defaults, absent{})
	}
}

// literal reads the default of a parameter.
func literal(s string) value.Value {
	switch s {
	case "none":
		return nil
	case "true", "false":
		return s == "true"
	}
	if n, ok := value.ReadInt(s, 10); ok {
		return n
	}
	if f, ok := value.ReadFloat(s); ok {
		return f
	}
	return strings.TrimSuffix(strings.TrimPrefix(s, "'"), "'")
}

// Name returns the name by which the operation is listed.
func (op *Operation) Name() string { return strings.Fields(op.Names)[0] }

// Aliases returns its other names.
func (op *Operation) Aliases() []string { return strings.Fields(op.Names)[1:] }

// Signature returns the parameters as Python writes them: "(old, new, count=none)".
func (op *Operation) Signature() string {
	params := strings.Join(paramList(op.Params), ", ")
	return "(" + strings.ReplaceAll(params, "!", "") + ")"
}

// bind sorts arguments to parameters.
func (u *Call) bind(op *Operation, g given) error {
	u.Args = slices.Clone(op.defaults)
	n := copy(u.Args[:op.inOrder], g.pos)
	if len(g.pos) > n {
		if !op.rest {
			return value.Errorf(value.TypeError, "'%s' takes at most %d arguments, but %d are given", op.name, op.inOrder, len(g.pos))
		}
		u.Rest = g.pos[n:]
	}
	for k, v := range g.named.All() {
		s, _ := k.(string)
		i := slices.Index(op.list, s)
		switch {
		case i >= 0 && i < n:
			return value.Errorf(value.TypeError, "'%s' is given '%s' twice", op.name, s)
		case i >= 0:
			u.Args[i] = v
		case op.named:
			if u.Named == nil {
				u.Named = &value.Map{}
			}
			u.Named.Set(k, v)
		default:
			return noParameter(op, s)
		}
	}
	for i, must := range op.required {
		if must && !u.Has(i) {
			return value.Errorf(value.TypeError, "'%s' needs an argument '%s'", op.name, op.list[i])
		}
	}
	return nil
}

func noParameter(op *Operation, name string) *value.Error {
	e := value.Errorf(value.TypeError, "'%s' has no parameter '%s'", op.name, name)
	if len(op.list) == 0 {
		return e.WithHint("it takes none by name")
	}
	if hint := suggest.DidYouMean(name, op.list); hint != "" {
		return e.WithHint(hint)
	}
	return e.WithHint("available: " + strings.Join(op.list, ", "))
}
