package syntax

import (
	"strconv"

	"runner/engine/expr/value"
)

// expression reads one with an optional `if … else …` behind it.
func (p *parser) expression() Expression {
	defer p.enter()()
	x := p.or()
	for p.is(tokName, "if") {
		t := p.next()
		c := &Conditional{Pos: Pos(t.pos), Then: x, Test: p.or()}
		if p.word("else") {
			c.Other = p.expression()
		}
		x = c
	}
	return x
}

// tuple reads an expression, or several with commas between.
func (p *parser) tuple(withIf bool) Expression {
	read := p.expression
	if !withIf {
		read = p.or
	}
	first := read()
	if !p.is(tokOp, ",") {
		return first
	}
	l := &List{Pos: Pos(first.At()), Items: []Expression{first}, Tuple: true}
	for p.op(",") {
		if p.tupleEnds() {
			break
		}
		l.Items = append(l.Items, read())
	}
	return l
}

func (p *parser) tupleEnds() bool {
	k := p.cur().kind
	return k == tokVarEnd || k == tokBlockEnd || k == tokEnd || p.is(tokOp, ")")
}

func (p *parser) or() Expression {
	l := p.and()
	for p.is(tokName, "or") {
		t := p.next()
		l = &Or{Pos(t.pos), l, p.and()}
	}
	return l
}

func (p *parser) and() Expression {
	l := p.not()
	for p.is(tokName, "and") {
		t := p.next()
		l = &And{Pos(t.pos), l, p.not()}
	}
	return l
}

func (p *parser) not() Expression {
	if p.is(tokName, "not") {
		defer p.enter()()
		t := p.next()
		return &Not{Pos(t.pos), p.not()}
	}
	return p.compare()
}

// comparing returns the operator that stands here, or "".
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

func (p *parser) compare() Expression {
	first := p.sum()
	op := p.comparing()
	if op == "" {
		return first
	}
	c := &Comparison{Pos: Pos(p.cur().pos), First: first}
	for ; op != ""; op = p.comparing() {
		c.Ops, c.Poss = append(c.Ops, op), append(c.Poss, p.next().pos)
		if op == "not in" {
			p.next()
		}
		c.Rest = append(c.Rest, p.sum())
	}
	return c
}

// infix reads operands of one level of operators, from left to right.
func (p *parser) infix(operand func() Expression, ops ...string) Expression {
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
		l = &Binary{Pos(t.pos), t.text, l, operand()}
	}
}

func (p *parser) sum() Expression { return p.infix(p.concat, "+", "-") }

func (p *parser) concat() Expression {
	first := p.product()
	if !p.is(tokOp, "~") {
		return first
	}
	c := &Concat{Pos: Pos(p.cur().pos), Parts: []Expression{first}}
	for p.op("~") {
		c.Parts = append(c.Parts, p.product())
	}
	return c
}

func (p *parser) product() Expression { return p.infix(p.power, "*", "/", "//", "%") }

func (p *parser) power() Expression { return p.infix(p.filteredUnary, "**") }

func (p *parser) filteredUnary() Expression { return p.filters(p.unary()) }

func (p *parser) unary() Expression {
	defer p.enter()()
	t := p.cur()
	if p.op("-") || p.op("+") {
		return p.postfix(&Unary{Pos(t.pos), t.text, p.unary()})
	}
	return p.postfix(p.primary())
}

func (p *parser) primary() Expression {
	t := p.next()
	at := Pos(t.pos)
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
		return &Constant{at, s}
	case tokInt:
		n, ok := value.ParseInt(t.text, 0)
		if !ok {
			p.fail(t, "not a number: "+t.text, "")
		}
		return &Constant{at, n}
	case tokFloat:
		f, _ := strconv.ParseFloat(t.text, 64)
		return &Constant{at, f}
	case tokOp:
		switch t.text {
		case "(":
			return p.parens(t)
		case "[":
			return &List{Pos: at, Items: p.items("]")}
		case "{":
			return p.dict(t)
		}
	}
	p.fail(t, "expected an expression, got "+t.String(), "")
	return nil
}

// inString reads a template that stands in a string of a condition.
func (p *parser) inString(t token) Expression {
	toks := (&lexer{text: t.text, options: Defaults()}).template()
	for i := range toks {
		toks[i].pos += t.pos + 1
	}
	inner := &parser{toks: toks, names: p.names, depth: p.depth}
	x := &Embedded{Pos(t.pos), inner.statements()}
	p.mistakes = append(p.mistakes, inner.mistakes...)
	return x
}

// named makes a constant of the words for them, and a name of every other.
func (p *parser) named(t token) Expression {
	switch t.text {
	case "true", "True":
		return &Constant{Pos(t.pos), true}
	case "false", "False":
		return &Constant{Pos(t.pos), false}
	case "none", "None":
		return &Constant{Pos(t.pos), nil}
	case "and", "or", "in", "is", "if", "else":
		p.fail(t, "expected an expression, got '"+t.text+"'", "")
	}
	if len(p.in) > 0 {
		m := p.in[len(p.in)-1]
		m.Varargs, m.Kwargs, m.Caller = m.Varargs || t.text == "varargs", m.Kwargs || t.text == "kwargs", m.Caller || t.text == "caller"
	}
	return &Name{Pos(t.pos), t.text}
}

func (p *parser) parens(t token) Expression {
	if p.op(")") {
		return &List{Pos: Pos(t.pos), Tuple: true}
	}
	x := p.tuple(true)
	p.expect(tokOp, ")", "')'")
	return x
}

// items reads expressions with commas between, to a closing bracket.
func (p *parser) items(closing string) []Expression {
	var xs []Expression
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

func (p *parser) dict(t token) Expression {
	d := &Dict{Pos: Pos(t.pos)}
	for !p.op("}") {
		if len(d.Keys) > 0 {
			p.expect(tokOp, ",", "',' or '}'")
			if p.op("}") {
				break
			}
		}
		d.Keys = append(d.Keys, p.expression())
		p.expect(tokOp, ":", "':'")
		d.Values = append(d.Values, p.expression())
	}
	return d
}

// postfix reads what may follow a primary: .attr, [index], (arguments).
func (p *parser) postfix(x Expression) Expression {
	for {
		t := p.cur()
		switch {
		case p.op("."):
			x = p.attribute(x)
		case p.op("["):
			x = p.subscript(x, t)
		case p.op("("):
			x = &Call{Pos(x.At()), x, p.arguments()}
		default:
			return x
		}
	}
}

func (p *parser) attribute(of Expression) Expression {
	t := p.next()
	switch t.kind {
	case tokName:
		return &Attribute{Pos(t.pos), of, t.text, t.text}
	case tokInt:
		n, _ := value.ParseInt(t.text, 0)
		return &Index{Pos(t.pos), of, &Constant{Pos(t.pos), n}}
	}
	p.fail(t, "expected a name or a number after '.', got "+t.String(), "")
	return nil
}

func (p *parser) subscript(of Expression, t token) Expression {
	keys := []Expression{}
	for !p.op("]") {
		if len(keys) > 0 {
			p.expect(tokOp, ",", "']'")
		}
		keys = append(keys, p.sliceOrKey())
	}
	if len(keys) == 0 {
		p.fail(t, "expected an index between '[' and ']'", "")
	}
	at := Pos(keys[0].At())
	if len(keys) == 1 {
		return &Index{at, of, keys[0]}
	}
	return &Index{at, of, &List{Pos: at, Items: keys, Tuple: true}}
}

func (p *parser) sliceOrKey() Expression {
	s := &Slice{Pos: Pos(p.cur().pos)}
	if !p.is(tokOp, ":") {
		s.Lo = p.expression()
		if !p.is(tokOp, ":") {
			return s.Lo
		}
	}
	p.next()
	s.Hi = p.sliceBound()
	if p.op(":") {
		s.Step = p.sliceBound()
	}
	return s
}

func (p *parser) sliceBound() Expression {
	if p.is(tokOp, ":") || p.is(tokOp, "]") || p.is(tokOp, ",") {
		return nil
	}
	return p.expression()
}
