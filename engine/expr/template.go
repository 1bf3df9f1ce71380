package expr

import (
	"regexp"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// A Template is a parsed text or expression. It is immutable and may be
// evaluated by many goroutines at once.
type Template struct {
	tree *syntax.Template
	lib  *Table
	err  error // of a text that is wrong: what evaluating it comes to
	// secret: its text comes from a vaulted file.
	secret bool
}

// Parse reads a text with {{ expressions }}, {% statements %} and {# comments #}.
// Unknown filters and tests are found here. The error is an *Error, or, where there
// are several mistakes, a *diagnostic.Problem with parts. The template that comes
// with an error fails with it when it is evaluated.
func Parse(lib *Table, text string, at diagnostic.Origin) (*Template, error) {
	return lib.made(syntax.Parse(text, at, lib.names))
}

// ParseFile reads the text of a template's file, in which a backslash escapes
// inside strings as it does in Python; in arguments it stands for itself.
func ParseFile(lib *Table, text string, at diagnostic.Origin, o syntax.Options) (*Template, error) {
	return lib.made(syntax.ParseFile(text, at, lib.names, o))
}

// ParseExpr reads one expression without delimiters: debug's var, for one. A
// backslash escapes in its strings.
func ParseExpr(lib *Table, text string, at diagnostic.Origin) (*Template, error) {
	return lib.made(syntax.ParseExpr(text, at, lib.names))
}

// ParseCondition reads a condition: an expression, or, as Ansible lets pass, one
// that contains {{ }} (then delimited is true, for a warning).
func ParseCondition(lib *Table, text string, at diagnostic.Origin) (t *Template, delimited bool, err error) {
	p, delimited, err := syntax.ParseCondition(text, at, lib.names)
	t, err = lib.made(p, err)
	return t, delimited, err
}

func (lib *Table) made(p *syntax.Template, err error) (*Template, error) {
	return &Template{tree: p, lib: lib, err: err}, err
}

// A Scope says what names stand for. A scope may also have the methods
//
//	Names() []string    // those that have a value: the lookup varnames
//	Similar() []string  // those that may be meant by one that has none: suggestions
type Scope interface {
	// Lookup returns a name's value; ok is false where nothing defines it. A scope
	// whose names stand for Nodes evaluates them with c.Resolve, lazily.
	Lookup(c *Context, name string) (v value.Value, ok bool, err error)
}

// A FileScope is a Scope that learns of it before templates read what is outside, so that it
// can wait for whoever writes it.
type FileScope interface {
	// BeforeFile is called before a file or a folder is read. The Unknown is not nil
	// where what is in it is not known yet.
	BeforeFile(path string) *value.Unknown
	// BeforeProgram is called before a program is run that may read anything.
	BeforeProgram()
}

// BeforeFile is called by whoever reads a file or a folder for a template, before.
// The error, if there is one, says that what is in it is not known yet.
func (c *Context) BeforeFile(path string) error {
	if s, ok := c.Scope.(FileScope); ok {
		if u := s.BeforeFile(path); u != nil {
			return &value.UnknownError{Unknown: u}
		}
	}
	return nil
}

// BeforeProgram is called by whoever runs a program for a template, before.
func (c *Context) BeforeProgram() {
	if s, ok := c.Scope.(FileScope); ok {
		s.BeforeProgram()
	}
}

// A Lookup answers lookup('name', terms…, options…).
type Lookup func(c *Context, terms []value.Value, options *value.Map) ([]value.Value, error)

// Text returns the text that t was made from.
func (t *Template) Text() string { return t.tree.Text }

// Failing returns a template that fails with err when it is evaluated.
func Failing(text string, err error) *Template {
	return &Template{tree: &syntax.Template{Text: text}, err: err}
}

// Err returns what is wrong with the text itself; nil where nothing is.
func (t *Template) Err() error { return t.err }

// Refs returns the names that t mentions, in the order of the text, names bound
// inside it (loop variables, set) left out.
func (t *Template) Refs() []syntax.Ref {
	if t.tree == nil {
		return nil
	}
	return t.tree.Refs
}

// Eval evaluates t. What is left Undefined is an error. The error is an *Error.
func (t *Template) Eval(c *Context) (value.Value, error) {
	v, err := t.evaluate(c)
	if err != nil {
		return nil, value.Placed(err, func() diagnostic.Place { return t.tree.Place(t.tree.Start()) })
	}
	return v, nil
}

func (t *Template) evaluate(c *Context) (v value.Value, err error) {
	defer value.CatchRead(&err)
	if v, err = t.run(c); err != nil {
		return nil, err
	}
	return c.Finish(v)
}

// EvalWith is Eval with some more names, which are the template's own.
func (t *Template) EvalWith(c *Context, names *value.Map) (value.Value, error) {
	st := &state{c: c, t: t, local: &frame{}}
	for k, v := range names.All() {
		st.local.set(value.OpenText(k), v)
	}
	v, err := st.runTemplate()
	if err == nil {
		v, err = c.Finish(v)
	}
	if err != nil {
		return nil, value.Placed(err, func() diagnostic.Place { return t.tree.Place(t.tree.Start()) })
	}
	return v, nil
}

// run evaluates t to a value that may still be Undefined or lazy.
func (t *Template) run(c *Context) (value.Value, error) {
	return (&state{c: c, t: t}).runTemplate()
}

func (st *state) runTemplate() (value.Value, error) {
	t := st.t
	if t.err != nil {
		return nil, t.err
	}
	if t.tree.Expr != nil {
		v, err := st.eval(t.tree.Expr)
		if u, ok := err.(*value.UnknownError); ok {
			return u.Unknown, nil
		}
		return st.tailed(v), err
	}
	if t.tree.Body == nil {
		return t.tree.Text, nil
	}
	out := &output{}
	err := st.inherit(out)
	if u, ok := err.(*value.UnknownError); ok {
		return u.Unknown, nil
	}
	if err != nil {
		return nil, err
	}
	v, err := st.gather(out)
	return st.tailed(v), err
}

// tailed returns a text that ends in as many newlines as the template's own text, at least.
func (st *state) tailed(v value.Value) value.Value {
	text, isText := value.Bare(v).(string)
	if st.t.tree.Tail == 0 || !isText {
		return v
	}
	more := st.t.tree.Tail - (len(text) - len(strings.TrimRight(text, "\n")))
	if more <= 0 {
		return v
	}
	ends := strings.Repeat("\n", more)
	if value.IsSecret(v) {
		return value.NewSecret(text+ends, value.Text(v)+ends)
	}
	return text + ends
}

// Test evaluates a condition: a bool, or an *Unknown. Any other value is an error.
func (t *Template) Test(c *Context) (value.Value, error) {
	v, err := t.Eval(c)
	if err != nil {
		return nil, err
	}
	switch v.(type) {
	case bool, *value.Unknown:
		return v, nil
	case string:
		if v, is, err := t.testText(c); is {
			return v, err
		}
	}
	e := value.Errorf(value.TypeError, "a condition must be true or false, but this is %s", value.Describe(v))
	e.Place = t.tree.Place(t.tree.Start())
	return nil, e.WithHint(conditionHint(v))
}

func conditionHint(v value.Value) string {
	switch v.(type) {
	case nil:
		return "ask `is not none`"
	case []value.Value, value.Tuple, *value.Map:
		return "ask `| length > 0`"
	}
	return "use `| bool`, or compare it"
}

// A WrittenScope is a Scope that tells what is written in a playbook from data. Only what is
// written there can be a condition: `when: "{{ name }}"` tests the text of that variable.
type WrittenScope interface {
	// Written returns what a name stands for as a playbook writes it; nil where that is data.
	Written(name string) *Node
}

var oneName = regexp.MustCompile(`^\s*\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}\s*$`)

// Named returns the conditions that a template which is one name stands for: nodes without
// templates of a text, or of a list of texts. Nil: it stands for none.
func (t *Template) Named(c *Context) *Node {
	m := oneName.FindStringSubmatch(t.tree.Text)
	scope, ok := c.Scope.(WrittenScope)
	if m == nil || !ok {
		return nil
	}
	return scope.Written(m[1])
}

// Condition returns a node that is a text without templates as a condition; nil where it is
// something else.
func (t *Template) Condition(n *Node) *Template {
	if n == nil || n.Shape != Scalar || n.Tmpl != nil {
		return nil
	}
	text, ok := n.Value.(string)
	if !ok {
		return nil
	}
	inner, delimited, err := ParseCondition(t.lib, text, diagnostic.At(n.Place, n.Text))
	if delimited {
		return nil
	}
	if err != nil {
		return Failing(text, err)
	}
	return inner
}

// testText tests a text that a condition comes to, if it is one that a playbook writes.
func (t *Template) testText(c *Context) (v value.Value, is bool, err error) {
	inner := t.Condition(t.Named(c))
	if inner == nil {
		return nil, false, nil
	}
	v, err = inner.Test(c)
	return v, true, err
}
