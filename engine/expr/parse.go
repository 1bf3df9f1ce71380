package expr

import (
	"slices"
	"strings"

	"runner/engine/expr/value"
	"runner/suggest"
)

const (
	maxDepth  = 200    // nesting of expressions and statements
	maxTokens = 50_000 // of one template
)

// A parser makes a tree of tokens. A mistake unwinds by panic(badSyntax) to
// build, which is the only one to call it.
type parser struct {
	toks  []token
	i     int
	depth int
	lib   *library
	open  []string // the statements that are not closed yet

	embedded bool // strings may contain templates
}

func (p *parser) cur() token { return p.toks[p.i] }

func (p *parser) next() token {
	t := p.toks[p.i]
	if t.kind != tokEnd {
		p.i++
	}
	return t
}

func (p *parser) is(kind tokenKind, text string) bool {
	t := p.toks[p.i]
	return t.kind == kind && t.text == text
}

func (p *parser) skip(kind tokenKind, text string) bool {
	if p.is(kind, text) {
		p.i++
		return true
	}
	return false
}

func (p *parser) op(text string) bool   { return p.skip(tokOp, text) }
func (p *parser) word(text string) bool { return p.skip(tokName, text) }

func (p *parser) expect(kind tokenKind, text, what string) token {
	t := p.cur()
	if t.kind != kind || text != "" && t.text != text {
		p.fail(t, "expected "+what+", got "+t.String(), "")
	}
	return p.next()
}

func (p *parser) fail(t token, msg, hint string) {
	panic(badSyntax{pos: t.pos, msg: msg, hint: hint})
}

// enter counts nesting; its result is called on the way out.
func (p *parser) enter() func() {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.cur(), "nested too deeply", "set variables for the parts")
	}
	return func() { p.depth-- }
}

// statements reads until one of the words in ends opens a block; that word is
// left to be read. With no ends it reads to the end of the text.
func (p *parser) statements(ends ...string) []statement {
	defer p.enter()()
	var body []statement
	for {
		t := p.next()
		switch t.kind {
		case tokEnd:
			if len(ends) > 0 {
				p.unclosed(t, ends)
			}
			return body
		case tokData:
			body = append(body, text(t.text))
		case tokVarBegin:
			body = append(body, &printing{p.tuple(true)})
			p.expect(tokVarEnd, "", "the end of the expression, '}}'")
		case tokBlockBegin:
			if slices.Contains(ends, p.cur().text) {
				return body
			}
			body = append(body, p.statement())
		}
	}
}

func (p *parser) unclosed(t token, ends []string) {
	in := p.open[len(p.open)-1]
	p.fail(t, "{% "+in+" %} is never closed", "end it with {% "+ends[len(ends)-1]+" %}")
}

func (p *parser) endBlock() { p.expect(tokBlockEnd, "", "the end of the statement, '%}'") }

// statement reads one from its word on, to its end.
func (p *parser) statement() statement {
	t := p.expect(tokName, "", "the name of a statement")
	p.open = append(p.open, t.text)
	defer func() { p.open = p.open[:len(p.open)-1] }()
	switch t.text {
	case "if":
		return p.choice()
	case "for":
		return p.loop(t)
	case "set":
		return p.set(t)
	case "with":
		return p.with(t)
	case "filter":
		return p.filterBlock()
	case "macro":
		return p.macro(t)
	}
	p.noStatement(t)
	return nil
}

// noStatement tells of a word that is no statement here.
func (p *parser) noStatement(t token) {
	switch t.text {
	case "include", "import", "extends", "from", "block":
		panic(badSyntax{pos: t.pos, msg: "{% " + t.text + " %} is not available in playbooks", class: value.IncludeError,
			hint: "use include_tasks, vars_files or lookup('file', …)"})
	case "else", "elif", "endif", "endfor", "endset", "endwith", "endfilter", "endmacro", "endraw":
		p.fail(t, "{% "+t.text+" %} without the statement that it belongs to", "")
	}
	known := []string{"if", "for", "set", "with", "filter", "macro", "raw", "elif", "else", "endif", "endfor"}
	p.fail(t, "no statement is named "+value.Quote(t.text), suggest.DidYouMean(t.text, known))
}

func (p *parser) choice() statement {
	c := &choice{}
	for {
		c.tests = append(c.tests, p.tuple(true))
		p.endBlock()
		c.bodies = append(c.bodies, p.statements("elif", "else", "endif"))
		switch p.next().text {
		case "endif":
			p.endBlock()
			return c
		case "else":
			p.endBlock()
			c.bodies = append(c.bodies, p.statements("endif"))
			p.next()
			p.endBlock()
			return c
		}
	}
}

func (p *parser) loop(t token) statement {
	l := &loop{pos: pos(t.pos), target: p.target()}
	p.expect(tokName, "in", "'in'")
	l.over = p.tuple(false)
	if p.word("if") {
		l.test = p.expression()
	}
	l.recursive = p.word("recursive")
	p.endBlock()
	l.body = p.statements("else", "endfor")
	if p.next().text == "else" {
		p.endBlock()
		l.otherwise = p.statements("endfor")
		p.next()
	}
	p.endBlock()
	return l
}

// target reads what is assigned to: a, b  or (a, b)  or ns.attr.
func (p *parser) target() *target {
	first := p.cur()
	parts := []*target{p.targetPart()}
	several := false
	for p.op(",") {
		several = true
		if p.cur().kind != tokName && !p.is(tokOp, "(") || p.is(tokName, "in") {
			break
		}
		parts = append(parts, p.targetPart())
	}
	if !several {
		return parts[0]
	}
	return &target{pos: pos(first.pos), parts: parts}
}

func (p *parser) targetPart() *target {
	defer p.enter()()
	if p.op("(") {
		t := p.target()
		p.expect(tokOp, ")", "')'")
		return t
	}
	t := p.expect(tokName, "", "a name to assign to")
	if reserved(t.text) {
		p.fail(t, "cannot assign to "+value.Quote(t.text), "choose another name")
	}
	tg := &target{pos: pos(t.pos), name: t.text}
	if p.op(".") {
		tg.attr = p.expect(tokName, "", "the name of an attribute").text
	}
	return tg
}

func reserved(word string) bool {
	switch word {
	case "true", "false", "none", "True", "False", "None", "and", "or", "not", "in", "is", "if", "else":
		return true
	}
	return false
}

func (p *parser) set(t token) statement {
	tg := p.target()
	if p.op("=") {
		v := p.tuple(true)
		p.endBlock()
		return &setting{pos(t.pos), tg, v}
	}
	var f *filtering
	if p.is(tokOp, "|") {
		f = p.filters(nil).(*filtering)
	}
	p.endBlock()
	body := p.statements("endset")
	p.next()
	p.endBlock()
	return &capture{pos(t.pos), tg, body, f}
}

func (p *parser) with(t token) statement {
	w := &with{pos: pos(t.pos)}
	for p.cur().kind != tokBlockEnd {
		if len(w.targets) > 0 {
			p.expect(tokOp, ",", "','")
		}
		w.targets = append(w.targets, p.targetPart())
		p.expect(tokOp, "=", "'='")
		w.values = append(w.values, p.expression())
	}
	p.endBlock()
	w.body = p.statements("endwith")
	p.next()
	p.endBlock()
	return w
}

func (p *parser) filterBlock() statement {
	f := p.filter(nil)
	if p.is(tokOp, "|") {
		f = p.filters(f).(*filtering)
	}
	p.endBlock()
	body := p.statements("endfilter")
	p.next()
	p.endBlock()
	return &filtered{f, body}
}

func (p *parser) macro(t token) statement {
	m := &macro{pos: pos(t.pos), name: p.expect(tokName, "", "the macro's name").text}
	p.expect(tokOp, "(", "'('")
	for !p.op(")") {
		if len(m.params) > 0 {
			p.expect(tokOp, ",", "','")
		}
		m.params = append(m.params, p.expect(tokName, "", "the name of a parameter").text)
		var def expression
		if p.op("=") {
			def = p.expression()
		}
		m.defaults = append(m.defaults, def)
	}
	p.endBlock()
	m.body = p.statements("endmacro")
	p.next()
	p.skip(tokName, m.name)
	p.endBlock()
	return m
}

// lastName gives the part of a dotted name that decides.
func lastName(dotted string) string {
	return dotted[strings.LastIndexByte(dotted, '.')+1:]
}
