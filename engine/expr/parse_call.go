package expr

import (
	"maps"
	"slices"
	"strings"

	"runner/engine/expr/value"
	"runner/suggest"
)

// arguments reads a call's, from behind '(' to behind ')'.
func (p *parser) arguments() []argument {
	var args []argument
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

func (p *parser) argument(before []argument) argument {
	t := p.cur()
	switch {
	case p.op("**"):
		return argument{spread: 2, value: p.expression()}
	case p.op("*"):
		return argument{spread: 1, value: p.expression()}
	case t.kind == tokName && p.toks[p.i+1].kind == tokOp && p.toks[p.i+1].text == "=":
		p.next()
		p.next()
		return argument{name: t.text, value: p.expression()}
	}
	if n := len(before); n > 0 && (before[n-1].name != "" || before[n-1].spread == 2) {
		p.fail(t, "an argument without a name follows one with a name", "")
	}
	return argument{value: p.expression()}
}

// filters reads | filters, tests and calls behind an operand.
func (p *parser) filters(x expression) expression {
	for {
		switch {
		case p.op("|"):
			x = p.filter(x)
		case p.word("is"):
			x = p.test(x)
		case x != nil && p.op("("):
			x = &call{pos(x.at()), x, p.arguments()}
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

func (p *parser) filter(of expression) *filtering {
	t, full := p.operationName("filter")
	f := p.lib.filters[lastName(full)]
	if f == nil {
		p.noOperation("filter", t, full, p.lib.filters)
	}
	n := &filtering{pos: pos(t.pos), of: of, filter: f, name: full}
	if p.op("(") {
		n.args = p.arguments()
	}
	return n
}

func (p *parser) test(of expression) expression {
	negated := p.word("not")
	t := p.cur()
	if t.kind == tokName && (t.text == "in" || !reserved(t.text) || p.lib.tests[t.text] != nil) {
		_, full := p.operationName("test")
		test := p.lib.tests[lastName(full)]
		if test == nil {
			p.noOperation("test", t, full, p.lib.tests)
		}
		return &tested{pos(t.pos), of, test, full, p.testArguments(), negated}
	}
	p.fail(t, "expected the name of a test after 'is', got "+t.String(), "")
	return nil
}

// testArguments reads (…), or a single argument without brackets.
func (p *parser) testArguments() []argument {
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
		case "else", "or", "and", "if", "in", "not", "recursive":
			return nil
		case "is":
			p.fail(t, "tests cannot be chained with 'is'", "put brackets around the first, or join them with 'and'")
		}
	default:
		return nil
	}
	return []argument{{value: p.postfix(p.primary())}}
}

func (p *parser) noOperation(what string, t token, full string, known map[string]*operation) {
	names := slices.Sorted(maps.Keys(known))
	panic(badSyntax{pos: t.pos, msg: "no " + what + " is named " + value.Quote(full),
		hint: suggest.DidYouMean(lastName(full), names), detail: "the " + what + "s are: " + strings.Join(names, ", ")})
}
