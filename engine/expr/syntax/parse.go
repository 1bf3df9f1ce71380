package syntax

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

// A parser makes a tree of tokens. A mistake unwinds by panic(mistake) to the
// nearest attempt, from where it goes on, so that one text can tell of several.
type parser struct {
	toks  []token
	i     int
	depth int
	names *Names
	open  []string // the statements that are not closed yet
	in    []*Macro // the macros around
	// blocks are the {% block %}s so far.
	blocks map[string]*Block

	embedded bool // strings may contain templates
	mistakes []mistake
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

// attempt reads a part and notes the mistake in it, if there is one. It reports
// whether there was none.
func (p *parser) attempt(read func()) (ok bool) {
	depth := p.depth
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		m, isMistake := r.(mistake)
		if !isMistake {
			panic(r)
		}
		p.mistakes = append(p.mistakes, m)
		p.depth, ok = depth, false
	}()
	read()
	return true
}

// until attempts to read what stands before a closing marker, and moves behind
// the marker, mistake or not.
func (p *parser) until(end tokenKind, what string, read func()) {
	start := p.i
	ok := p.attempt(func() {
		read()
		p.expect(end, "", what)
	})
	if ok {
		return
	}
	for p.i = start; p.cur().kind != tokEnd; {
		if p.next().kind == end {
			return
		}
	}
}

// header attempts to read the rest of a statement's {% … %}.
func (p *parser) header(read func()) { p.until(tokBlockEnd, "the end of the statement, '%}'", read) }

func (p *parser) fail(t token, msg, hint string) {
	if t.bad != nil {
		panic(*t.bad)
	}
	panic(mistake{pos: t.pos, msg: msg, hint: hint})
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
func (p *parser) statements(ends ...string) []Statement {
	defer p.enter()()
	var body []Statement
	for {
		t := p.next()
		switch t.kind {
		case tokEnd:
			if len(ends) > 0 {
				p.unclosed(t, ends)
			}
			return body
		case tokData:
			body = append(body, Text(t.text))
		case tokVarBegin:
			p.until(tokVarEnd, "the end of the expression, '}}'", func() { body = append(body, &Print{p.tuple(true)}) })
		case tokBlockBegin:
			if slices.Contains(ends, p.cur().text) {
				return body
			}
			body = append(body, p.statement()...)
		case tokBad:
			p.mistakes = append(p.mistakes, *t.bad)
		}
	}
}

func (p *parser) unclosed(t token, ends []string) {
	in := p.open[len(p.open)-1]
	p.fail(t, "{% "+in+" %} is never closed", "end it with {% "+ends[len(ends)-1]+" %}")
}

// statement reads one from its word on, to its end; none if it is not known.
func (p *parser) statement() []Statement {
	t := p.cur()
	p.open = append(p.open, t.text)
	defer func() { p.open = p.open[:len(p.open)-1] }()
	if t.kind == tokName {
		p.next()
		switch t.text {
		case "if":
			return []Statement{p.choice()}
		case "for":
			return []Statement{p.loop(t)}
		case "set":
			return []Statement{p.set(t)}
		case "with":
			return []Statement{p.with(t)}
		case "filter":
			return []Statement{p.filterBlock()}
		case "macro":
			return []Statement{p.macro(t)}
		}
		if s := p.fileStatement(t); s != nil {
			return []Statement{s}
		}
	}
	p.header(func() {
		if t.kind != tokName {
			p.fail(t, "expected the name of a statement, got "+t.String(), "")
		}
		p.noStatement(t)
	})
	return nil
}

// noStatement tells of a word that is no statement here.
func (p *parser) noStatement(t token) {
	switch t.text {
	case "else", "elif", "endif", "endfor", "endset", "endwith", "endfilter", "endmacro", "endraw", "endcall", "endblock", "endautoescape":
		p.fail(t, "{% "+t.text+" %} without the statement that it belongs to", "")
	}
	known := []string{"if", "for", "set", "with", "filter", "macro", "raw", "elif", "else", "endif", "endfor", "call", "include", "import", "from",
		"block", "extends", "autoescape"}
	panic(mistake{pos: t.pos, msg: "no statement is named " + value.Quote(t.text), wrong: t.text, meant: suggest.Nearest(t.text, known)})
}

func (p *parser) choice() Statement {
	c := &If{}
	for {
		p.header(func() { c.Tests = append(c.Tests, p.tuple(true)) })
		c.Bodies = append(c.Bodies, p.statements("elif", "else", "endif"))
		switch p.next().text {
		case "endif":
			p.end()
			return c
		case "else":
			p.end()
			c.Bodies = append(c.Bodies, p.statements("endif"))
			p.next()
			p.end()
			return c
		}
	}
}

// end reads the rest of a {% … %} in which nothing more stands.
func (p *parser) end() { p.header(func() {}) }

func (p *parser) loop(t token) Statement {
	l := &For{Pos: Pos(t.pos)}
	p.header(func() {
		l.Target = p.target()
		p.expect(tokName, "in", "'in'")
		l.Over = p.tuple(false)
		if p.word("if") {
			l.Test = p.expression()
		}
		l.Recursive = p.word("recursive")
	})
	l.Body = p.statements("else", "endfor")
	if p.next().text == "else" {
		p.end()
		l.Otherwise = p.statements("endfor")
		p.next()
	}
	p.end()
	return l
}

// target reads what is assigned to: a, b  or (a, b)  or ns.attr.
func (p *parser) target() *Target {
	first := p.cur()
	parts := []*Target{p.targetPart()}
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
	return &Target{Pos: Pos(first.pos), Parts: parts}
}

func (p *parser) targetPart() *Target {
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
	tg := &Target{Pos: Pos(t.pos), Name: t.text}
	if p.op(".") {
		tg.Attr = p.expect(tokName, "", "the name of an attribute").text
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

func (p *parser) set(t token) Statement {
	s := &Set{Pos: Pos(t.pos)}
	c := &Capture{Pos: Pos(t.pos)}
	p.header(func() {
		s.Target = p.target()
		c.Target = s.Target
		if p.op("=") {
			s.Value = p.tuple(true)
			c = nil
		} else if p.is(tokOp, "|") {
			c.Filter = p.filters(nil).(*Filter)
		}
	})
	if c == nil || c.Target == nil {
		return s
	}
	c.Body = p.bodyTo("endset")
	return c
}

// bodyTo reads statements up to {% word %}, and that.
func (p *parser) bodyTo(word string) []Statement {
	body := p.statements(word)
	p.next()
	p.end()
	return body
}

func (p *parser) with(t token) Statement {
	w := &With{Pos: Pos(t.pos)}
	p.header(func() {
		for p.cur().kind != tokBlockEnd {
			if len(w.Targets) > 0 {
				p.expect(tokOp, ",", "','")
			}
			w.Targets = append(w.Targets, p.targetPart())
			p.expect(tokOp, "=", "'='")
			w.Values = append(w.Values, p.expression())
		}
	})
	w.Body = p.bodyTo("endwith")
	return w
}

func (p *parser) filterBlock() Statement {
	f := &FilterBlock{}
	p.header(func() {
		f.Filter = p.filter(nil)
		if p.is(tokOp, "|") {
			f.Filter = p.filters(f.Filter).(*Filter)
		}
	})
	f.Body = p.bodyTo("endfilter")
	return f
}

func (p *parser) macro(t token) Statement {
	m := &Macro{Pos: Pos(t.pos)}
	p.header(func() {
		m.Name = p.expect(tokName, "", "the macro's name").text
		p.expect(tokOp, "(", "'('")
		p.parameters(m)
	})
	m.Body = p.macroBody(m, "endmacro")
	p.next()
	p.header(func() { p.skip(tokName, m.Name) })
	return m
}

// macroBody reads the body of a macro, up to a word.
func (p *parser) macroBody(m *Macro, end string) []Statement {
	p.in = append(p.in, m)
	defer func() { p.in = p.in[:len(p.in)-1] }()
	return p.statements(end)
}

// parameters reads a macro's, up to the closing bracket.
func (p *parser) parameters(m *Macro) {
	for !p.op(")") {
		if len(m.Params) > 0 {
			p.expect(tokOp, ",", "','")
		}
		m.Params = append(m.Params, p.expect(tokName, "", "the name of a parameter").text)
		var def Expression
		at := p.cur()
		switch {
		case p.op("="):
			def = p.expression()
		case len(m.Defaults) > 0 && m.Defaults[len(m.Defaults)-1] != nil:
			p.fail(at, "a parameter without a default stands behind one with a default", "put it in front")
		case m.Params[len(m.Params)-1] == "caller":
			p.fail(at, "the parameter 'caller' needs a default", "leave it out: caller is there without it")
		}
		m.Defaults = append(m.Defaults, def)
	}
}

// LastName returns the part of a dotted name that decides.
func LastName(dotted string) string {
	return dotted[strings.LastIndexByte(dotted, '.')+1:]
}
