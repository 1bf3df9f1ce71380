package expr

import (
	"strings"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// A Template is a parsed text or expression. It is immutable and may be
// evaluated by many goroutines at once.
type Template struct {
	text string
	at   diagnostic.Origin
	lib  *library
	expr expression  // the whole of it, if it is one expression
	body []statement // else; nil for text without templates
	tail bool        // a final newline, which makes no difference to a lone value
	refs []Ref
}

// A Ref is a name that a template mentions.
type Ref struct {
	Name  string   // the root: "result"
	Path  []string // the static path below it: env, PORT
	Place diagnostic.Place
	// Soft: the template does not fail where the name is undefined: it is
	// tested by `is defined`, or given a default.
	Soft bool
	// Any: the template may read any name, as lookup('vars', x) does; Name is empty.
	Any bool
}

// A Scope says what names stand for. A scope that also has a method
// Names() []string lends its names to suggestions.
type Scope interface {
	// Lookup gives a name's value; ok is false where nothing defines it. A scope
	// whose names stand for Nodes evaluates them with c.Resolve, lazily.
	Lookup(c *Context, name string) (v value.Value, ok bool, err error)
}

// A Lookup answers lookup('name', terms…, options…).
type Lookup func(c *Context, terms []value.Value, options *value.Map) ([]value.Value, error)

// HasTemplate reports whether a text contains anything that Parse would act on.
func HasTemplate(text string) bool { return nextMarker(text, 0) >= 0 }

// Parse reads a text with {{ expressions }}, {% statements %} and {# comments #}.
// Unknown filters and tests are found here. The error is an *Error.
func Parse(text string, at diagnostic.Origin) (*Template, error) {
	return parse(&lexer{text: text}, at)
}

// ParseFile reads the text of a template's file, in which a backslash escapes
// inside strings as it does in Python; in arguments it stands for itself.
func ParseFile(text string, at diagnostic.Origin) (*Template, error) {
	return parse(&lexer{text: text, escapes: true}, at)
}

func parse(l *lexer, at diagnostic.Origin) (*Template, error) {
	t := &Template{text: l.text, at: at}
	if !HasTemplate(l.text) {
		return t, nil
	}
	err := t.build(func(p *parser) {
		p.toks = l.template()
		p.checkLength()
		t.body = p.statements()
	})
	if err != nil {
		return nil, err
	}
	t.simplify()
	t.refs = findRefs(t)
	return t, nil
}

// simplify finds the final newline, and the template that is one expression.
func (t *Template) simplify() {
	if t.body == nil {
		t.body = []statement{}
	}
	if n := len(t.body); n > 1 && t.body[n-1] == text("\n") {
		t.body, t.tail = t.body[:n-1], true
	}
	if len(t.body) == 1 {
		if p, ok := t.body[0].(*printing); ok {
			t.expr = p.value
		}
	}
}

// ParseExpr reads one expression without delimiters: debug's var, for one.
func ParseExpr(text string, at diagnostic.Origin) (*Template, error) {
	return parseExpr(text, at, false)
}

// parseExpr reads an expression. With embedded, {{ x }} may stand in it as a
// part, and inside strings, as in a == '{{ b }}'.
func parseExpr(text string, at diagnostic.Origin, embedded bool) (*Template, error) {
	t := &Template{text: text, at: at}
	err := t.build(func(p *parser) {
		p.embedded = embedded
		p.toks = (&lexer{text: text}).expression(embedded)
		p.checkLength()
		t.expr = p.tuple(true)
		if p.cur().kind != tokEnd {
			hint := ""
			if p.is(tokOp, "=") {
				hint = "compare with =="
			}
			p.fail(p.cur(), "expected the end of the expression, got "+p.cur().String(), hint)
		}
	})
	if err != nil {
		return nil, err
	}
	t.refs = findRefs(t)
	return t, nil
}

// ParseCondition reads a condition: an expression, or, as Ansible lets pass, one
// that contains {{ }} (then delimited is true, for a warning).
func ParseCondition(text string, at diagnostic.Origin) (t *Template, delimited bool, err error) {
	if strings.TrimSpace(text) == "" {
		e := value.Errorf(value.SyntaxError, "the condition is empty").WithHint("leave it out, or write true")
		e.Place = placeOf(at, 0)
		return nil, false, e
	}
	if !HasTemplate(text) {
		t, err = ParseExpr(text, at)
		return t, false, err
	}
	if t, err = Parse(text, at); err == nil && t.expr == nil {
		t, err = parseExpr(text, at, true)
	}
	return t, true, err
}

func (p *parser) checkLength() {
	if len(p.toks) > maxTokens {
		panic(badSyntax{pos: p.toks[maxTokens].pos, msg: "the template is too long", class: value.LimitError,
			hint: "set variables for its parts"})
	}
}

// build runs a parser and makes an Error of what unwinds.
func (t *Template) build(parse func(*parser)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			bad, ok := r.(badSyntax)
			if !ok {
				panic(r)
			}
			err = t.syntaxError(bad)
		}
	}()
	t.lib = theLibrary()
	parse(&parser{lib: t.lib})
	return nil
}

func (t *Template) syntaxError(b badSyntax) *value.Error {
	e := (&value.Error{Class: b.class, Msg: b.msg, Place: t.place(b.pos)}).WithHint(b.hint).WithDetail(b.detail)
	if e.Class == "" {
		e.Class = value.SyntaxError
	}
	return e
}

func placeOf(at diagnostic.Origin, offset int) diagnostic.Place {
	if at == nil {
		return diagnostic.Place{}
	}
	return at(offset)
}

func (t *Template) place(offset int) diagnostic.Place { return placeOf(t.at, offset) }

// Text gives the text that t was made from.
func (t *Template) Text() string { return t.text }

// Refs gives the names that t mentions, in the order of the text, names bound
// inside it (loop variables, set) left out.
func (t *Template) Refs() []Ref { return t.refs }

// Eval evaluates t. What is left Undefined is an error. The error is an *Error.
func (t *Template) Eval(c *Context) (value.Value, error) {
	if t.expr == nil && t.body == nil {
		return t.text, nil
	}
	v, err := t.run(c)
	if err == nil {
		v, err = c.finish(v)
	}
	if err != nil {
		return nil, value.Placed(err, func() diagnostic.Place { return t.place(t.start()) })
	}
	return v, nil
}

// start is the offset of the expression that t is, or of its text.
func (t *Template) start() int {
	if t.expr != nil {
		return t.expr.at()
	}
	return max(nextMarker(t.text, 0), 0)
}

// run evaluates t to a value that may still be Undefined or lazy.
func (t *Template) run(c *Context) (value.Value, error) {
	st := &state{c: c, t: t}
	if t.expr != nil {
		v, err := t.expr.eval(st)
		if u, ok := err.(*value.UnknownError); ok {
			return u.Unknown, nil
		}
		return v, err
	}
	if t.body == nil {
		return t.text, nil
	}
	out := &output{}
	err := st.block(t.body, out)
	if u, ok := err.(*value.UnknownError); ok {
		return u.Unknown, nil
	}
	if err != nil {
		return nil, err
	}
	if t.tail && len(out.parts) != 1 {
		out.parts = append(out.parts, "\n")
	}
	return st.gather(out)
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
	}
	e := value.Errorf(value.TypeError, "a condition must be true or false, but this is %s", value.Describe(v))
	e.Place = t.place(t.start())
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
