package expr

import "errors"

// A Class says what kind of mistake an Error is.
type Class string

// The classes, as the cases of testdata name them.
const (
	UndefinedError    Class = "undefined"
	SyntaxError       Class = "syntax"
	TypeError         Class = "type"
	FilterError       Class = "filter"
	MandatoryError    Class = "mandatory"
	LookupError       Class = "lookup"
	ZeroDivisionError Class = "zero_division"
	UnsafeError       Class = "unsafe"
	IncludeError      Class = "include"
	LimitError        Class = "limit"     // a bound was hit: output, steps, depth
	RecursionError    Class = "recursion" // a variable that needs itself
)

// An Error is a template's mistake, at the place of the expression at fault.
type Error struct {
	Class Class
	Msg   string // "'nope' is undefined"
	Place Place
	Err   error
}

func (e *Error) Error() string { return e.Msg }

// Unwrap gives the cause, if there is one.
func (e *Error) Unwrap() error { return e.Err }

// A Template is a parsed text or expression. It is immutable and may be
// evaluated by many goroutines at once.
type Template struct {
	text string
}

// A Ref is a name that a template mentions.
type Ref struct {
	Name  string   // the root: "result"
	Path  []string // the static path below it: env, PORT
	Place Place
	// Soft: the template does not fail where the name is undefined: it is
	// tested by `is defined`, or given a default.
	Soft bool
	// Any: the template may read any name, as lookup('vars', x) does; Name is empty.
	Any bool
}

// A Scope says what names stand for.
type Scope interface {
	// Lookup gives a name's value; ok is false where nothing defines it. A scope
	// whose names stand for Nodes evaluates them with c.Resolve, lazily.
	Lookup(c *Context, name string) (v Value, ok bool, err error)
}

// A Lookup answers lookup('name', terms…, options…).
type Lookup func(c *Context, terms []Value, options *Map) ([]Value, error)

// A Context is what one evaluation may use. It also counts the work done, so a
// Context serves one argument, condition or message and is then thrown away.
type Context struct {
	Scope    Scope
	Lookups  map[string]Lookup                // by short name: "env"
	FromYAML func(text string) (Value, error) // for from_yaml; nil: the filter fails
}

var errTodo = errors.New("not built yet")

// HasTemplate reports whether a text contains anything that Parse would act on.
func HasTemplate(text string) bool { return false }

// Parse reads a text with {{ expressions }}, {% statements %} and {# comments #}.
// Unknown filters and tests are found here. The error is an *Error.
func Parse(text string, at Origin) (*Template, error) { return nil, errTodo }

// ParseExpr reads one expression without delimiters: debug's var, for one.
func ParseExpr(text string, at Origin) (*Template, error) { return nil, errTodo }

// ParseCondition reads a condition: an expression, or, as Ansible lets pass, one
// that contains {{ }} (then delimited is true, for a warning).
func ParseCondition(text string, at Origin) (t *Template, delimited bool, err error) {
	return nil, false, errTodo
}

// Text gives the text that t was made from.
func (t *Template) Text() string { return t.text }

// Refs gives the names that t mentions, in the order of the text, names bound
// inside it (loop variables, set) left out.
func (t *Template) Refs() []Ref { return nil }

// Eval evaluates t. What is left Undefined is an error. The error is an *Error.
func (t *Template) Eval(c *Context) (Value, error) { return nil, errTodo }

// Test evaluates a condition: a bool, or an *Unknown. Any other value is an error.
func (t *Template) Test(c *Context) (Value, error) { return nil, errTodo }

// Eval evaluates a whole node, every part of it. Entries and items that are Omit
// are left out.
func (n *Node) Eval(c *Context) (Value, error) { return nil, errTodo }

// Refs gives the names that all templates in n mention.
func (n *Node) Refs() []Ref { return nil }

// Resolve evaluates a variable's node lazily: a scalar at once, the elements of a
// list or map when they are used, so that one bad entry harms only who reads it.
// A variable that needs itself is an Error of class RecursionError.
func (c *Context) Resolve(name string, n *Node) (Value, error) { return nil, errTodo }
