package syntax

import (
	"maps"
	"slices"
	"strings"

	"runner/engine/expr/value"
	"runner/suggest"
)

// arguments reads a call's, from behind '(' to behind ')'.
func (p *parser) arguments() []Argument {
	var args []Argument
	for !p.op(")") {
		if len(args) > 0 {
			p.expect(tokOp, ",", "',' or ')'")
			if p.op(")") {
				break
			}
		}
		args = append(args, p.argument(args))
	}
	return args
}

func (p *parser) argument(before []Argument) Argument {
	t := p.cur()
	switch {
	case p.op("**"):
		return Argument{Spread: 2, Value: p.expression()}
	case p.op("*"):
		return Argument{Spread: 1, Value: p.expression()}
	case t.kind == tokName && p.toks[p.i+1].kind == tokOp && p.toks[p.i+1].text == "=":
		p.next()
		p.next()
		if slices.ContainsFunc(before, func(a Argument) bool { return a.Name == t.text }) {
			p.fail(t, "the argument '"+t.text+"' is given twice", "")
		}
		return Argument{Name: t.text, Value: p.expression()}
	}
	if n := len(before); n > 0 && (before[n-1].Name != "" || before[n-1].Spread == 2) {
		p.fail(t, "an argument without a name follows one with a name", "")
	}
	return Argument{Value: p.expression()}
}

// filters reads | filters, tests and calls behind an operand.
func (p *parser) filters(x Expression) Expression {
	for {
		switch {
		case p.op("|"):
			x = p.filter(x)
		case p.word("is"):
			x = p.test(x)
		case x != nil && p.op("("):
			x = &Call{Pos(x.At()), x, p.arguments()}
		default:
			return x
		}
	}
}

// operationName reads a filter's or test's dotted name.
func (p *parser) operationName(what string) (t token, full string) {
	t = p.expect(tokName, "", "the name of a "+what)
	full = t.text
	for p.op(".") {
		t = p.expect(tokName, "", "the name of a "+what)
		full += "." + t.text
	}
	return t, full
}

func (p *parser) filter(of Expression) *Filter {
	t, full := p.operationName("filter")
	if !p.names.Filters[t.text] {
		p.noOperation("filter", t, full, p.names.Filters)
	}
	n := &Filter{Pos: Pos(t.pos), Of: of, Name: t.text}
	if p.op("(") {
		n.Args = p.arguments()
	}
	return n
}

func (p *parser) test(of Expression) Expression {
	negated := p.word("not")
	t := p.cur()
	if t.kind == tokName && (t.text == "in" || !reserved(t.text) || p.names.Tests[t.text]) {
		last, full := p.operationName("test")
		if !p.names.Tests[last.text] {
			p.noOperation("test", t, full, p.names.Tests)
		}
		return &Test{Pos(t.pos), of, last.text, p.testArguments(), negated}
	}
	p.fail(t, "expected the name of a test after 'is', got "+t.String(), "")
	return nil
}

// testArguments reads (…), or a single argument without brackets.
func (p *parser) testArguments() []Argument {
	if p.op("(") {
		return p.arguments()
	}
	t := p.cur()
	switch t.kind {
	case tokString, tokInt, tokFloat:
	case tokOp:
		if t.text != "[" && t.text != "{" {
			return nil
		}
	case tokName:
		switch t.text {
		case "else", "or", "and":
			return nil
		case "is":
			p.fail(t, "tests cannot be chained with 'is'", "put brackets around the first, or join them with 'and'")
		}
	default:
		return nil
	}
	return []Argument{{Value: p.postfix(p.primary())}}
}

func (p *parser) noOperation(what string, t token, full string, known map[string]bool) {
	names := slices.Sorted(maps.Keys(known))
	p.mistakes = append(p.mistakes, mistake{pos: t.pos, msg: "no " + what + " is named " + value.Quote(full),
		wrong: LastName(full), meant: suggest.Nearest(LastName(full), names), detail: "the " + what + "s are: " + strings.Join(names, ", ")})
}
