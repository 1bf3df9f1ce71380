package expr

import (
	"strconv"
	"strings"
)

// A query is a parsed JMESPath expression: it makes a value of a value.
// An expression after & gets its value only when a function asks for it.
type query func(r *queryRun, v Value) (Value, error)

// binding gives how strongly an operator binds what stands before it.
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

type queryParser struct {
	toks  []queryToken
	i     int
	depth int
}

// parseQuery reads a JMESPath expression.
func parseQuery(text string) (query, error) {
	toks, err := queryTokens(text)
	if err != nil {
		return nil, err
	}
	p := &queryParser{toks: toks}
	q, err := p.expression(0)
	if err == nil && p.cur().kind != "end" {
		err = queryMistake(p.cur().pos, "unexpected %s", strQuote(p.cur().text))
	}
	return q, err
}

func (p *queryParser) cur() queryToken { return p.toks[p.i] }

func (p *queryParser) next() queryToken {
	t := p.toks[p.i]
	if t.kind != "end" {
		p.i++
	}
	return t
}

func (p *queryParser) skip(kind string) bool {
	if p.cur().kind == kind {
		p.i++
		return true
	}
	return false
}

func (p *queryParser) expect(kind string) error {
	if !p.skip(kind) {
		return queryMistake(p.cur().pos, "expected '%s', got '%s'", kind, p.cur().text)
	}
	return nil
}

// expression reads what binds more strongly than least.
func (p *queryParser) expression(least int) (query, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, queryMistake(p.cur().pos, "nested too deeply")
	}
	defer func() { p.depth-- }()
	left, err := p.prefix()
	for err == nil && binding(p.cur().kind) > least {
		left, err = p.infix(left)
	}
	return left, err
}

func identity(_ *queryRun, v Value) (Value, error) { return v, nil }

// prefix reads an expression's beginning.
func (p *queryParser) prefix() (query, error) {
	t := p.next()
	switch t.kind {
	case "name":
		if p.skip("(") {
			return p.function(t)
		}
		return field(t.text), nil
	case `"`:
		v, err := FromJSON(`"` + t.text + `"`)
		if s, ok := v.(string); ok && err == nil {
			return field(s), nil
		}
		return nil, queryMistake(t.pos, "this is no quoted name")
	case "'":
		s := strings.ReplaceAll(t.text, `\'`, `'`)
		return func(*queryRun, Value) (Value, error) { return s, nil }, nil
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
		return func(*queryRun, Value) (Value, error) { return q, nil }, err
	case "(":
		q, err := p.expression(0)
		if err == nil {
			err = p.expect(")")
		}
		return q, err
	case "[":
		return p.bracket(identity, true)
	}
	return nil, queryMistake(t.pos, "unexpected '%s'", t.text)
}

// literal makes a value of `…`; what is not JSON is text.
func literal(t queryToken) query {
	text := strings.ReplaceAll(t.text, "\\`", "`")
	v, err := FromJSON(text)
	if err != nil {
		v = strings.TrimLeft(text, " \t\n")
	}
	return func(*queryRun, Value) (Value, error) { return v, nil }
}

// infix reads what follows an expression.
func (p *queryParser) infix(left query) (query, error) {
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
	return nil, queryMistake(t.pos, "unexpected '%s'", t.text)
}

// projected reads what is done to each element of a projection.
func (p *queryParser) projected(least int) (query, error) {
	switch kind := p.cur().kind; {
	case kind == "[" || kind == "[?":
		return p.expression(least)
	case kind == ".":
		p.next()
		return p.afterDot(least)
	case binding(kind) < 10:
		return identity, nil
	}
	return nil, queryMistake(p.cur().pos, "unexpected '%s'", p.cur().text)
}

func (p *queryParser) afterDot(least int) (query, error) {
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
		return nil, queryMistake(t.pos, "expected a name after '.', got '%s'", t.text)
	}
}

// bracket reads [0], [1:2], [*] and, where an expression begins, [a, b].
func (p *queryParser) bracket(left query, begins bool) (query, error) {
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
	return nil, queryMistake(p.cur().pos, "expected a number, ':' or '*', got '%s'", p.cur().text)
}

func (p *queryParser) indexOrSlice(left query) (query, error) {
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
				return nil, queryMistake(t.pos, "the number is too large")
			}
			bounds[n] = &i
		default:
			return nil, queryMistake(t.pos, "unexpected '%s'", t.text)
		}
	}
	p.next()
	if !sliced {
		return indexed(left, *bounds[0]), nil
	}
	right, err := p.projected(20)
	return project(slicedBy(left, bounds), right), err
}

func (p *queryParser) filter(left query) (query, error) {
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
func (p *queryParser) multi() (query, error) {
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
func (p *queryParser) hash() (query, error) {
	var keys []Value
	var parts []query
	for {
		t := p.next()
		if t.kind != "name" && t.kind != `"` {
			return nil, queryMistake(t.pos, "expected a name, got '%s'", t.text)
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		q, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if keys, parts = append(keys, t.text), append(parts, q); p.skip("}") {
			return hashOfQueries(keys, parts), nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}

func (p *queryParser) function(t queryToken) (query, error) {
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
	if queryArity(t.text) == 0 {
		return nil, queryMistake(t.pos, "no function is named %s", t.text)
	}
	return called(t.text, args), nil
}
