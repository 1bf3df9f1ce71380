package expr

import (
	"math"
	"slices"
	"strings"
)

// queryArity gives how many arguments a function takes: negative for at least
// so many, 0 if there is no such function.
func queryArity(name string) int {
	switch name {
	case "abs", "avg", "ceil", "floor", "keys", "values", "length", "max", "min", "reverse", "sort", "sum",
		"to_array", "to_number", "to_string", "type":
		return 1
	case "contains", "ends_with", "starts_with", "join", "map", "max_by", "min_by", "sort_by":
		return 2
	case "merge", "not_null":
		return -1
	}
	return 0
}

func called(name string, args []query) query {
	return func(r *queryRun, v Value) (Value, error) {
		n := queryArity(name)
		if n > 0 && len(args) != n || len(args) < -n {
			return nil, fail(FilterError, "the function %s() of queries takes %d arguments, not %d", name, max(n, -n), len(args))
		}
		in := make([]Value, len(args))
		for i, a := range args {
			var err error
			if in[i], err = a(r, v); err != nil {
				return nil, err
			}
		}
		if err := r.step(); err != nil {
			return nil, err
		}
		switch name {
		case "map", "max_by", "min_by", "sort_by":
			return r.byExpression(name, in)
		case "not_null", "merge":
			return r.variadic(name, in)
		case "contains", "ends_with", "starts_with", "join":
			return r.twoArguments(name, in[0], in[1])
		case "abs", "ceil", "floor", "avg", "sum":
			return r.numeric(name, in[0])
		}
		return r.oneArgument(name, in[0])
	}
}

func badArgument(name string, v Value) *Error {
	return fail(FilterError, "the function %s() of queries is not for %s", name, described(v))
}

func (r *queryRun) numeric(name string, v Value) (Value, error) {
	if name == "avg" || name == "sum" {
		l, ok := v.([]Value)
		if !ok || slices.ContainsFunc(l, func(e Value) bool { return !queryNumber(e) }) {
			return nil, badArgument(name, v)
		}
		total := Value(0)
		for _, e := range l {
			total, _ = numeric("+", total, e)
		}
		switch {
		case name == "sum":
			return total, r.c.spent(len(l))
		case len(l) == 0:
			return nil, nil
		}
		return numeric("/", total, len(l))
	}
	if !queryNumber(v) {
		return nil, badArgument(name, v)
	}
	if f, ok := v.(float64); ok && name != "abs" {
		if name == "ceil" {
			f = math.Ceil(f)
		} else {
			f = math.Floor(f)
		}
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return f, nil
		}
		return truncated(f), nil
	}
	if name == "abs" && toFloat(v) < 0 {
		return sign("-", v)
	}
	return v, nil
}

func (r *queryRun) oneArgument(name string, v Value) (Value, error) {
	switch name {
	case "type":
		return queryType(v), nil
	case "to_array":
		if l, ok := v.([]Value); ok {
			return l, nil
		}
		return []Value{v}, nil
	case "to_string":
		if s, ok := v.(string); ok {
			return s, nil
		}
		w := newJSONWriter(JSONStyle{item: ",", key: ":"}, maxText)
		w.value(v, 0)
		return w.b.String(), r.c.write(w.b.Len())
	case "to_number":
		return queryToNumber(v), nil
	case "reverse", "length":
		if s, ok := v.(string); ok {
			u := &use{c: r.c, in: s, name: name}
			if name == "length" {
				return length(u)
			}
			return reverse(u)
		}
	}
	switch c := v.(type) {
	case *Map:
		switch name {
		case "keys":
			return append([]Value{}, c.keys...), nil
		case "values":
			return values(identity)(r, v)
		case "length":
			return c.Len(), nil
		}
	case []Value:
		return r.onList(name, c)
	}
	return nil, badArgument(name, v)
}

func (r *queryRun) onList(name string, l []Value) (Value, error) {
	switch name {
	case "length":
		return len(l), nil
	case "reverse":
		out := slices.Clone(l)
		slices.Reverse(out)
		return out, nil
	case "sort", "max", "min":
		if name != "sort" && len(l) == 0 {
			return nil, nil
		}
		sorted, err := r.sorted(name, l, l)
		switch {
		case err != nil:
			return nil, err
		case name == "min":
			return sorted[0], nil
		case name == "max":
			return sorted[len(sorted)-1], nil
		}
		return sorted, nil
	}
	return nil, badArgument(name, l)
}

// sorted sorts by keys that are all numbers or all text.
func (r *queryRun) sorted(name string, l, keys []Value) ([]Value, error) {
	for _, k := range keys {
		_, text := k.(string)
		_, firstText := keys[0].(string)
		if !text && !queryNumber(k) || text != firstText {
			return nil, badArgument(name, k)
		}
	}
	out, err := r.c.sortedBy(l, keys, false)
	if out == nil {
		out = []Value{}
	}
	return out, err
}

func queryType(v Value) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []Value:
		return "array"
	case *Map:
		return "object"
	}
	return "number"
}

func queryToNumber(v Value) Value {
	if s, ok := v.(string); ok {
		if n, ok := intOf(s, 10); ok {
			return n
		}
		if f, ok := parseFloat(s); ok {
			return f
		}
		return nil
	}
	if queryNumber(v) {
		return v
	}
	return nil
}

func (r *queryRun) twoArguments(name string, a, b Value) (Value, error) {
	s, isText := a.(string)
	t, _ := b.(string)
	_, bText := b.(string)
	switch name {
	case "contains":
		if l, ok := a.([]Value); ok {
			return slices.ContainsFunc(l, func(e Value) bool { return queryEqual(r.c, e, b) }), r.c.spent(len(l))
		}
		if isText {
			return bText && strings.Contains(s, t), nil
		}
	case "starts_with":
		if isText && bText {
			return strings.HasPrefix(s, t), nil
		}
	case "ends_with":
		if isText && bText {
			return strings.HasSuffix(s, t), nil
		}
	case "join":
		l, ok := b.([]Value)
		if isText && ok && !slices.ContainsFunc(l, func(e Value) bool { _, ok := e.(string); return !ok }) {
			return r.c.joined(l, s)
		}
	}
	return nil, badArgument(name, a)
}

func (r *queryRun) variadic(name string, in []Value) (Value, error) {
	if name == "not_null" {
		i := slices.IndexFunc(in, func(v Value) bool { return v != nil })
		if i < 0 {
			return nil, nil
		}
		return in[i], nil
	}
	out := &Map{}
	for _, v := range in {
		m, ok := v.(*Map)
		if !ok {
			return nil, badArgument(name, v)
		}
		for k, e := range m.All() {
			out.Set(k, e)
		}
	}
	return out, r.c.spent(out.Len())
}

// byExpression does the functions that take a list and &expression.
func (r *queryRun) byExpression(name string, in []Value) (Value, error) {
	if name == "map" {
		in[0], in[1] = in[1], in[0]
	}
	l, ok := in[0].([]Value)
	q, isQuery := in[1].(query)
	if !ok || !isQuery {
		return nil, badArgument(name, in[0]).withHint("as in " + name + "(list, &field); map takes the expression first")
	}
	keys := make([]Value, len(l))
	for i, e := range l {
		var err error
		if keys[i], err = q(r, e); err != nil {
			return nil, err
		}
	}
	if name == "map" {
		return keys, nil
	}
	if name == "max_by" { // the first of several that are largest
		slices.Reverse(keys)
		l = slices.Clone(l)
		slices.Reverse(l)
	}
	sorted, err := r.sorted(name, l, keys)
	switch {
	case err != nil || name == "sort_by":
		return listOrError(sorted, err)
	case len(sorted) == 0:
		return nil, nil
	case name == "min_by":
		return sorted[0], nil
	}
	return sorted[len(sorted)-1], nil
}
