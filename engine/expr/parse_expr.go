package expr

import (
	"strconv"

	"runner/engine/expr/value"
)

// expression reads one with an optional `if … else …` behind it.
func (p *parser) expression() expression {
	defer p.enter()()
	x := p.or()
	for p.is(tokName, "if") {
		t := p.next()
		c := &conditional{pos: pos(t.pos), then: x, test: p.or()}
		if p.word("else") {
			c.other = p.expression()
		}
		x = c
	}
	return x
}

// tuple reads an expression, or several with commas between.
func (p *parser) tuple(withIf bool) expression {
	read := p.expression
	if !withIf {
		read = p.or
	}
	first := read()
	if !p.is(tokOp, ",") {
		return first
	}
	l := &list{pos: pos(first.at()), items: []expression{first}, tuple: true}
	for p.op(",") {
		if p.tupleEnds() {
			break
		}
		l.items = append(l.items, read())
	}
	return l
}

func (p *parser) tupleEnds() bool {
	k := p.cur().kind
	return k == tokVarEnd || k == tokBlockEnd || k == tokEnd || p.is(tokOp, ")")
}

func (p *parser) or() expression {
	l := p.and()
	for p.is(tokName, "or") {
		t := p.next()
		l = &or{pos(t.pos), l, p.and()}
	}
	return l
}

func (p *parser) and() expression {
	l := p.not()
	for p.is(tokName, "and") {
		t := p.next()
		l = &and{pos(t.pos), l, p.not()}
	}
	return l
}

func (p *parser) not() expression {
	if p.is(tokName, "not") {
		defer p.enter()()
		t := p.next()
		return &not{pos(t.pos), p.not()}
	}
	return p.compare()
}

// comparing gives the operator that stands here, or "".
func (p *parser) comparing() string {
	t := p.cur()
	switch {
	case t.kind == tokName && t.text == "in":
		return "in"
	case t.kind == tokName && t.text == "not" && p.toks[p.i+1].kind == tokName && p.toks[p.i+1].text == "in":
		return "not in"
	case t.kind != tokOp:
		return ""
	}
	switch t.text {
	case "==", "!=", "<", "<=", ">", ">=":
		return t.text
	}
	return ""
}

func (p *parser) compare() expression {
	first := p.sum()
	op := p.comparing()
	if op == "" {
		return first
	}
	c := &comparison{pos: pos(p.cur().pos), first: first}
	for ; op != ""; op = p.comparing() {
		c.ops, c.poss = append(c.ops, op), append(c.poss, p.next().pos)
		if op == "not in" {
			p.next()
		}
		c.rest = append(c.rest, p.sum())
	}
	return c
}

// infix reads operands of one level of operators, from left to right.
func (p *parser) infix(operand func() expression, ops ...string) expression {
	l := operand()
	for {
		t := p.cur()
		if t.kind != tokOp {
			return l
		}
		found := false
		for _, op := range ops {
			found = found || t.text == op
		}
		if !found {
			return l
		}
		p.next()
		l = &binary{pos(t.pos), t.text, l, operand()}
	}
}

func (p *parser) sum() expression { return p.infix(p.concat, "+", "-") }

func (p *parser) concat() expression {
	first := p.product()
	if !p.is(tokOp, "~") {
		return first
	}
	c := &concat{pos: pos(p.cur().pos), parts: []expression{first}}
	for p.op("~") {
		c.parts = append(c.parts, p.product())
	}
	return c
}

func (p *parser) product() expression { return p.infix(p.power, "*", "/", "//", "%") }

func (p *parser) power() expression { return p.infix(p.filteredUnary, "**") }

func (p *parser) filteredUnary() expression { return p.filters(p.unary()) }

func (p *parser) unary() expression {
	defer p.enter()()
	t := p.cur()
	if p.op("-") || p.op("+") {
		return p.postfix(&unary{pos(t.pos), t.text, p.unary()})
	}
	return p.postfix(p.primary())
}

func (p *parser) primary() expression {
	t := p.next()
	at := pos(t.pos)
	switch t.kind {
	case tokName:
		return p.named(t)
	case tokString:
		s := t.text
		for p.cur().kind == tokString {
			s += p.next().text
		}
		if p.embedded && HasTemplate(s) {
			return p.inString(t)
		}
		return &constant{at, s}
	case tokInt:
		n, ok := value.ParseInt(t.text, 0)
		if !ok {
			p.fail(t, "not a number: "+t.text, "")
		}
		return &constant{at, n}
	case tokFloat:
		f, _ := strconv.ParseFloat(t.text, 64)
		return &constant{at, f}
	case tokOp:
		switch t.text {
		case "(":
			return p.parens(t)
		case "[":
			return &list{pos: at, items: p.items("]")}
		case "{":
			return p.dict(t)
		}
	}
	p.fail(t, "expected an expression, got "+t.String(), "")
	return nil
}

// inString reads a template that stands in a string of a condition.
func (p *parser) inString(t token) expression {
	toks := (&lexer{text: t.text}).template()
	for i := range toks {
		toks[i].pos += t.pos + 1
	}
	inner := &parser{toks: toks, lib: p.lib, depth: p.depth}
	return &embedded{pos(t.pos), inner.statements()}
}

// named makes a constant of the words for them, and a name of every other.
func (p *parser) named(t token) expression {
	switch t.text {
	case "true", "True":
		return &constant{pos(t.pos), true}
	case "false", "False":
		return &constant{pos(t.pos), false}
	case "none", "None":
		return &constant{pos(t.pos), nil}
	case "and", "or", "in", "is", "if", "else":
		p.fail(t, "expected an expression, got '"+t.text+"'", "")
	}
	return &name{pos(t.pos), t.text}
}

func (p *parser) parens(t token) expression {
	if p.op(")") {
		return &list{pos: pos(t.pos), tuple: true}
	}
	x := p.tuple(true)
	p.expect(tokOp, ")", "')'")
	return x
}

// items reads expressions with commas between, to a closing bracket.
func (p *parser) items(closing string) []expression {
	var xs []expression
	for !p.op(closing) {
		if len(xs) > 0 {
			p.expect(tokOp, ",", "',' or '"+closing+"'")
			if p.op(closing) {
				break
			}
		}
		xs = append(xs, p.expression())
	}
	return xs
}

func (p *parser) dict(t token) expression {
	d := &dict{pos: pos(t.pos)}
	for !p.op("}") {
		if len(d.keys) > 0 {
			p.expect(tokOp, ",", "',' or '}'")
			if p.op("}") {
				break
			}
		}
		d.keys = append(d.keys, p.expression())
		p.expect(tokOp, ":", "':'")
		d.values = append(d.values, p.expression())
	}
	return d
}

// postfix reads what may follow a primary: .attr, [index], (arguments).
func (p *parser) postfix(x expression) expression {
	for {
		t := p.cur()
		switch {
		case p.op("."):
			x = p.attribute(x)
		case p.op("["):
			x = p.subscript(x, t)
		case p.op("("):
			x = &call{pos(x.at()), x, p.arguments()}
		default:
			return x
		}
	}
}

func (p *parser) attribute(of expression) expression {
	t := p.next()
	switch t.kind {
	case tokName:
		return &attribute{pos(t.pos), of, t.text}
	case tokInt:
		n, _ := value.ParseInt(t.text, 0)
		return &index{pos(t.pos), of, &constant{pos(t.pos), n}}
	}
	p.fail(t, "expected a name or a number after '.', got "+t.String(), "")
	return nil
}

func (p *parser) subscript(of expression, t token) expression {
	keys := []expression{}
	for !p.op("]") {
		if len(keys) > 0 {
			p.expect(tokOp, ",", "']'")
		}
		keys = append(keys, p.sliceOrKey())
	}
	if len(keys) == 0 {
		p.fail(t, "expected an index between '[' and ']'", "")
	}
	at := pos(keys[0].at())
	if len(keys) == 1 {
		return &index{at, of, keys[0]}
	}
	return &index{at, of, &list{pos: at, items: keys, tuple: true}}
}

func (p *parser) sliceOrKey() expression {
	s := &slice{pos: pos(p.cur().pos)}
	if !p.is(tokOp, ":") {
		s.lo = p.expression()
		if !p.is(tokOp, ":") {
			return s.lo
		}
	}
	p.next()
	s.hi = p.sliceBound()
	if p.op(":") {
		s.step = p.sliceBound()
	}
	return s
}

func (p *parser) sliceBound() expression {
	if p.is(tokOp, ":") || p.is(tokOp, "]") || p.is(tokOp, ",") {
		return nil
	}
	return p.expression()
}
