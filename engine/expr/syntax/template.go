package syntax

import (
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// A Template is the tree of a text or an expression. It never changes.
type Template struct {
	Text string
	at   diagnostic.Origin
	Expr Expression  // the whole of it, if it is one expression
	Body []Statement // else; nil for text without templates
	Tail int         // how many newlines end the text; a text that it makes ends in as many at least
	Refs []Ref       // the names that it mentions, in the order of the text
	// Blocks are its {% block %}s, by name.
	Blocks map[string]*Block
}

// Parse reads a text with {{ expressions }}, {% statements %} and {# comments #}. A
// backslash in a string inside {{ }} stands for itself.
func Parse(text string, at diagnostic.Origin, names *Names) (*Template, error) {
	if !HasTemplate(text) {
		return &Template{Text: text, at: at}, nil
	}
	return parseText(&lexer{text: Newlines(text), options: Defaults()}, at, names)
}

// ParseFile reads the text of a template's file, in which a backslash escapes
// in strings everywhere, by its own options.
func ParseFile(text string, at diagnostic.Origin, names *Names, o Options) (*Template, error) {
	o.Escapes, text = true, Newlines(text)
	if i, _ := o.next(text, 0); i < 0 {
		return &Template{Text: text, at: at}, nil
	}
	return parseText(&lexer{text: text, options: o}, at, names)
}

// Newlines returns a text whose lines end as those of templates do.
func Newlines(text string) string {
	if !strings.Contains(text, "\r") {
		return text
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

func parseText(l *lexer, at diagnostic.Origin, names *Names) (*Template, error) {
	t := &Template{Text: l.text, at: at, Tail: len(l.text) - len(strings.TrimRight(l.text, "\n"))}
	l.text = strings.TrimSuffix(l.text, "\n")
	p := &parser{names: names}
	p.attempt(func() {
		p.toks = l.template()
		p.checkLength()
		t.Body = p.statements()
	})
	if len(p.mistakes) > 0 {
		return t, t.failure(p.mistakes)
	}
	t.Blocks = p.blocks
	t.simplify()
	t.Refs = findRefs(t, names)
	return t, nil
}

// simplify finds the template that is one expression.
func (t *Template) simplify() {
	if t.Body == nil {
		t.Body = []Statement{}
	}
	if len(t.Body) == 1 {
		if p, ok := t.Body[0].(*Print); ok {
			t.Expr = p.Value
		}
	}
}

// ParseExpr reads one expression without delimiters. A backslash escapes in strings.
func ParseExpr(text string, at diagnostic.Origin, names *Names) (*Template, error) {
	return parseOne(text, at, names, false)
}

// parseOne reads an expression. With embedded, strings in it may be templates, as
// in a == '{{ b }}'.
func parseOne(text string, at diagnostic.Origin, names *Names, embedded bool) (*Template, error) {
	t := &Template{Text: text, at: at}
	p := &parser{names: names, embedded: embedded}
	p.attempt(func() {
		p.toks = (&lexer{text: text, options: Options{Escapes: true}}).expression()
		p.checkLength()
		t.Expr = p.tuple(true)
		if p.cur().kind != tokEnd {
			hint := ""
			if p.is(tokOp, "=") {
				hint = "compare with =="
			}
			p.fail(p.cur(), "expected the end of the expression, got "+p.cur().String(), hint)
		}
	})
	if len(p.mistakes) > 0 {
		if embedded && p.mistakes[0].hint == "" {
			p.mistakes[0].hint = "a condition is an expression: leave out {{ and }}"
		}
		return t, t.failure(p.mistakes)
	}
	t.Refs = findRefs(t, names)
	return t, nil
}

// ParseCondition reads a condition: an expression, or, as Ansible lets pass, one
// that is wholly in {{ }}, or has strings with {{ }} in it (then delimited is true,
// for a warning).
func ParseCondition(text string, at diagnostic.Origin, names *Names) (t *Template, delimited bool, err error) {
	if strings.TrimSpace(text) == "" {
		t := &Template{Text: text, at: at}
		return t, false, t.failure([]mistake{{msg: "the condition is empty", hint: "leave it out, or write true"}})
	}
	if !HasTemplate(text) {
		t, err = ParseExpr(text, at, names)
		return t, false, err
	}
	if t, err = Parse(text, at, names); err != nil || t.Expr != nil {
		return t, true, err
	}
	t, err = parseOne(text, at, names, true)
	return t, true, err
}

func (p *parser) checkLength() {
	if len(p.toks) > maxTokens {
		panic(mistake{pos: p.toks[maxTokens].pos, msg: "the template is too long", class: value.LimitError,
			hint: "set variables for its parts"})
	}
}

// failure makes an error of mistakes: an *Error, or a problem of several parts.
func (t *Template) failure(mistakes []mistake) error {
	slices.SortStableFunc(mistakes, func(a, b mistake) int { return a.pos - b.pos })
	first := t.syntaxError(mistakes[0])
	if len(mistakes) == 1 {
		return first
	}
	p := diagnostic.From(first, first.Place)
	for _, m := range mistakes {
		p.Parts = append(p.Parts, diagnostic.From(t.syntaxError(m), first.Place))
	}
	return p
}

func (t *Template) syntaxError(m mistake) *value.Error {
	e := (&value.Error{Class: m.class, Msg: m.msg, Place: t.Place(m.pos)}).WithHint(m.hint).WithDetail(m.detail).WithSuggestion(m.wrong, m.meant)
	if e.Class == "" {
		e.Class = value.SyntaxError
	}
	return e
}

// Place returns where the byte at an offset of the text stands.
func (t *Template) Place(offset int) diagnostic.Place {
	if t.at == nil {
		return diagnostic.Place{}
	}
	return t.at(offset)
}

// Start is the offset of the expression that t is, or of its text.
func (t *Template) Start() int {
	if t.Expr != nil {
		return t.Expr.At()
	}
	return max(nextMarker(t.Text, 0), 0)
}

// Places returns where the characters of a file's text stand.
func Places(name, text string) diagnostic.Origin {
	source := &diagnostic.Source{Name: name, Text: text}
	return func(offset int) diagnostic.Place {
		before := text[:min(offset, len(text))]
		line := before[strings.LastIndexByte(before, '\n')+1:]
		return diagnostic.Place{Source: source, Line: strings.Count(before, "\n") + 1, Col: len([]rune(line)) + 1}
	}
}
