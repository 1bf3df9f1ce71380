package jmespath

import (
	"strconv"
	"strings"

	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// binding returns how strongly an operator binds what stands before it.
func binding(kind string) int {
	switch kind {
	case "|":
		return 1
	case "||":
		return 2
	case "&&":
		return 3
	case "==", "!=", "<", "<=", ">", ">=":
		return 5
	case "[]":
		return 9
	case "*":
		return 20
	case "[?":
		return 21
	case ".":
		return 40
	case "{":
		return 50
	case "[":
		return 55
	}
	return 0
}

// maxNested is how deep expressions may be nested in a query.
const maxNested = 200

type parser struct {
	toks  []token
	i     int
	depth int
}

// parse reads a JMESPath expression.
func parse(text string) (query, error) {
	toks, err := tokens(text)
	if err != nil {
		return nil, err
	}
	p := &parser{toks: toks}
	q, err := p.expression(0)
	if err == nil && p.cur().kind != "end" {
		err = mistake(p.cur().pos, "unexpected %s", value.Quote(p.cur().text))
	}
	return q, err
}

func (p *parser) cur() token { return p.toks[p.i] }

func (p *parser) next() token {
	t := p.toks[p.i]
	if t.kind != "end" {
		p.i++
	}
	return t
}

func (p *parser) skip(kind string) bool {
	if p.cur().kind == kind {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(kind string) error {
	if !p.skip(kind) {
		return mistake(p.cur().pos, "expected '%s', got '%s'", kind, p.cur().text)
	}
	return nil
}

// expression reads what binds more strongly than least.
func (p *parser) expression(least int) (query, error) {
	if p.depth++; p.depth > maxNested {
		return nil, mistake(p.cur().pos, "nested too deeply")
	}
	defer func() { p.depth-- }()
	left, err := p.prefix()
	for err == nil && binding(p.cur().kind) > least {
		left, err = p.infix(left)
	}
	return left, err
}

// prefix reads an expression's beginning.
func (p *parser) prefix() (query, error) {
	t := p.next()
	switch t.kind {
	case "name":
		if p.skip("(") {
			return p.function(t)
		}
		return field(t.text), nil
	case `"`:
		v, err := format.FromJSON(`"` + t.text + `"`)
		if s, ok := v.(string); ok && err == nil {
			return field(s), nil
		}
		return nil, mistake(t.pos, "this is no quoted name")
	case "'":
		s := strings.ReplaceAll(t.text, `\'`, `'`)
		return func(*run, value.Value) (value.Value, error) { return s, nil }, nil
	case "`":
		return literal(t), nil
	case "@":
		return identity, nil
	case "*":
		right := query(identity)
		var err error
		if p.cur().kind != "]" {
			right, err = p.projected(20)
		}
		return project(values(identity), right), err
	case "[?":
		return p.filter(identity)
	case "[]":
		right, err := p.projected(9)
		return project(flattened(identity), right), err
	case "{":
		return p.hash()
	case "!":
		q, err := p.expression(45)
		return negated(q), err
	case "&":
		q, err := p.expression(0)
		return func(*run, value.Value) (value.Value, error) { return q, nil }, err
	case "(":
		q, err := p.expression(0)
		if err == nil {
			err = p.expect(")")
		}
		return q, err
	case "[":
		return p.bracket(identity, true)
	}
	return nil, mistake(t.pos, "unexpected '%s'", t.text)
}

// literal makes a value of `…`; what is not JSON is text.
func literal(t token) query {
	text := strings.ReplaceAll(t.text, "\\`", "`")
	v, err := format.FromJSON(text)
	if err != nil {
		v = strings.TrimLeft(text, " \t\n")
	}
	return func(*run, value.Value) (value.Value, error) { return v, nil }
}

// infix reads what follows an expression.
func (p *parser) infix(left query) (query, error) {
	t := p.next()
	switch t.kind {
	case ".":
		if p.skip("*") {
			right, err := p.projected(20)
			return project(values(left), right), err
		}
		right, err := p.afterDot(40)
		return chained(left, right), err
	case "|":
		right, err := p.expression(1)
		return piped(left, right), err
	case "||", "&&":
		right, err := p.expression(binding(t.kind))
		return logical(t.kind == "||", left, right), err
	case "[?":
		return p.filter(left)
	case "[]":
		right, err := p.projected(9)
		return project(flattened(left), right), err
	case "[":
		return p.bracket(left, false)
	case "==", "!=", "<", "<=", ">", ">=":
		right, err := p.expression(5)
		return compared(t.kind, left, right), err
	}
	return nil, mistake(t.pos, "unexpected '%s'", t.text)
}

// projected reads what is done to each element of a projection.
func (p *parser) projected(least int) (query, error) {
	switch kind := p.cur().kind; {
	case kind == "[" || kind == "[?":
		return p.expression(least)
	case kind == ".":
		p.next()
		return p.afterDot(least)
	case binding(kind) < 10:
		return identity, nil
	}
	return nil, mistake(p.cur().pos, "unexpected '%s'", p.cur().text)
}

func (p *parser) afterDot(least int) (query, error) {
	switch t := p.cur(); t.kind {
	case "name", `"`, "*":
		return p.expression(least)
	case "[":
		p.next()
		return p.multi()
	case "{":
		p.next()
		return p.hash()
	default:
		return nil, mistake(t.pos, "expected a name after '.', got '%s'", t.text)
	}
}

// bracket reads [0], [1:2], [*] and, where an expression begins, [a, b].
func (p *parser) bracket(left query, begins bool) (query, error) {
	switch kind := p.cur().kind; {
	case kind == "number" || kind == ":":
		return p.indexOrSlice(left)
	case kind == "*" && p.toks[p.i+1].kind == "]":
		p.i += 2
		right, err := p.projected(20)
		return project(left, right), err
	case begins:
		return p.multi()
	}
	return nil, mistake(p.cur().pos, "expected a number, ':' or '*', got '%s'", p.cur().text)
}

func (p *parser) indexOrSlice(left query) (query, error) {
	var bounds [3]*int
	n, sliced := 0, false
	for p.cur().kind != "]" {
		switch t := p.next(); {
		case t.kind == ":" && n < 2:
			n++
			sliced = true
		case t.kind == "number" && bounds[n] == nil:
			i, err := strconv.Atoi(t.text)
			if err != nil {
				return nil, mistake(t.pos, "the number is too large")
			}
			bounds[n] = &i
		default:
			return nil, mistake(t.pos, "unexpected '%s'", t.text)
		}
	}
	p.next()
	if !sliced {
		return indexed(left, *bounds[0]), nil
	}
	right, err := p.projected(20)
	return project(slicedBy(left, bounds), right), err
}

func (p *parser) filter(left query) (query, error) {
	test, err := p.expression(0)
	if err == nil {
		err = p.expect("]")
	}
	right := query(identity)
	if err == nil && p.cur().kind != "[]" {
		right, err = p.projected(21)
	}
	return project(filteredBy(left, test), right), err
}

// multi reads a, b] and makes a list.
func (p *parser) multi() (query, error) {
	var parts []query
	for {
		q, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if parts = append(parts, q); p.skip("]") {
			return listOf(parts), nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}

// hash reads a: x, b: y} and makes a map.
func (p *parser) hash() (query, error) {
	var keys []value.Value
	var parts []query
	for {
		t := p.next()
		if t.kind != "name" && t.kind != `"` {
			return nil, mistake(t.pos, "expected a name, got '%s'", t.text)
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		q, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if keys, parts = append(keys, t.text), append(parts, q); p.skip("}") {
			return hashOf(keys, parts), nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}

func (p *parser) function(t token) (query, error) {
	var args []query
	for !p.skip(")") {
		if len(args) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		q, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		args = append(args, q)
	}
	if arity(t.text) == 0 {
		return nil, mistake(t.pos, "no function is named %s", t.text)
	}
	return called(t.text, args), nil
}

// Search evaluates a JMESPath expression on a value, by the specification at
// jmespath.org. Maps keep their order.
func Search(b *value.Budget, expression string, v value.Value) (value.Value, error) {
	q, err := parse(expression)
	if err != nil {
		return nil, err
	}
	v, err = q(&run{b}, v)
	if _, isQuery := v.(query); isQuery && err == nil {
		return nil, value.Errorf(value.FilterError, "an expression after & is for functions")
	}
	return v, err
}
