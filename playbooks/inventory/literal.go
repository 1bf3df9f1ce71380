package inventory

import (
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/playbooks/reading"
)

// variable makes a variable of name and value as an inventory in INI writes them: a
// literal of Python's, or else text, which may be a template.
func variable(name, text string, at diagnostic.Place) (engine.Var, *diagnostic.Problem) {
	n, problem := node(text, at)
	reading.MarkNamed(name, n)
	return engine.Var{Name: name, Place: at, Value: n}, problem
}

func node(text string, at diagnostic.Place) (*expr.Node, *diagnostic.Problem) {
	v, ok := literal(text)
	if before, _, comment := strings.Cut(text, "#"); !ok && comment {
		v, ok = literal(before)
	}
	if !ok {
		v = text
	}
	var problems diagnostic.Problems
	n := nodeOf(v, at, &problems)
	if _, isText := v.(string); n.Shape == expr.Scalar && !isText {
		n.Text = text // as it is written: 15.10
	}
	if all := problems.All(); len(all) > 0 {
		return n, all[0]
	}
	return n, nil
}

// literal returns the value of a literal of Python's.
func literal(text string) (value.Value, bool) {
	text = strings.TrimSpace(text)
	t, err := syntax.ParseExpr(text, func(int) diagnostic.Place { return diagnostic.Place{} }, &syntax.Names{})
	if err != nil {
		return nil, false
	}
	return constant(text, t.Expr)
}

// constant returns the value of an expression that has only literals in it.
func constant(text string, e syntax.Expression) (value.Value, bool) {
	switch e := e.(type) {
	case *syntax.Constant:
		switch e.Value.(type) {
		case nil, bool:
			return e.Value, strings.IndexByte("TFN", text[e.At()]) >= 0
		}
		return e.Value, true
	case *syntax.Unary:
		return negated(text, e)
	case *syntax.List:
		list := make([]value.Value, len(e.Items))
		for i, item := range e.Items {
			v, ok := constant(text, item)
			if !ok {
				return nil, false
			}
			list[i] = v
		}
		return list, true
	case *syntax.Dict:
		m := &value.Map{}
		for i := range e.Keys {
			k, isKey := constant(text, e.Keys[i])
			v, isValue := constant(text, e.Values[i])
			if !isKey || !isValue {
				return nil, false
			}
			m.Set(k, v)
		}
		return m, true
	}
	return nil, false
}

func negated(text string, e *syntax.Unary) (value.Value, bool) {
	v, ok := constant(text, e.Of)
	switch n := v.(type) {
	case int:
		if e.Op == "-" {
			return -n, ok
		}
		return n, ok
	case float64:
		if e.Op == "-" {
			return -n, ok
		}
		return n, ok
	}
	return nil, false
}

// nodeOf makes a tree of a value, in which texts may be templates.
func nodeOf(v value.Value, at diagnostic.Place, problems *diagnostic.Problems) *expr.Node {
	n := &expr.Node{Place: at, Value: v, Text: value.Text(v)}
	switch v := v.(type) {
	case string:
		scalar, problem := reading.Scalar(v, func(int) diagnostic.Place { return at })
		problems.Add(problem)
		return scalar
	case []value.Value:
		n = &expr.Node{Shape: expr.Sequence, Place: at}
		for _, item := range v {
			n.Items = append(n.Items, nodeOf(item, at, problems))
		}
	case *value.Map:
		n = &expr.Node{Shape: expr.Mapping, Place: at}
		for k, item := range v.All() {
			key := &expr.Node{Place: at, Value: k, Text: value.Text(k)}
			n.Entries = append(n.Entries, expr.Entry{Key: key, Value: nodeOf(item, at, problems)})
		}
	}
	return n
}
