package jmespath

import (
	"math"
	"slices"
	"strings"

	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// arity returns how many arguments a function takes: negative for at least
// so many, 0 if there is no such function.
func arity(name string) int {
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
	return func(r *run, v value.Value) (value.Value, error) {
		n := arity(name)
		if n > 0 && len(args) != n || len(args) < -n {
			return nil, value.Errorf(value.FilterError, "the function %s() of queries takes %d arguments, not %d", name, max(n, -n), len(args))
		}
		in := make([]value.Value, len(args))
		for i, a := range args {
			var err error
			if in[i], err = a(r, v); err != nil {
				return nil, err
			}
		}
		if err := r.step(); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(in, value.HoldsSecret) || slices.Contains(keeping, name) {
			return r.call(name, in)
		}
		for i := range in {
			in[i] = value.Open(in[i])
		}
		found, err := r.call(name, in)
		return value.MarkAll(found), err
	}
}

// keeping are the functions that only move elements about, whose marks as secrets stay
// as they are.
var keeping = []string{"map", "not_null", "merge", "values", "to_array"}

func (r *run) call(name string, in []value.Value) (value.Value, error) {
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

func badArgument(name string, v value.Value) *value.Error {
	return value.Errorf(value.FilterError, "the function %s() of queries is not for %s", name, value.Describe(v))
}

func (r *run) numeric(name string, v value.Value) (value.Value, error) {
	if name == "avg" || name == "sum" {
		l, ok := v.([]value.Value)
		if !ok || slices.ContainsFunc(l, func(e value.Value) bool { return !isNumber(e) }) {
			return nil, badArgument(name, v)
		}
		total := value.Value(0)
		for _, e := range l {
			total, _ = value.Numeric("+", total, e)
		}
		switch {
		case name == "sum":
			return total, r.b.Count(len(l))
		case len(l) == 0:
			return nil, nil
		}
		return value.Numeric("/", total, len(l))
	}
	if !isNumber(v) {
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
		return value.Truncate(f), nil
	}
	if name == "abs" && value.ToFloat(v) < 0 {
		return value.Signed("-", v)
	}
	return v, nil
}

func (r *run) oneArgument(name string, v value.Value) (value.Value, error) {
	switch name {
	case "type":
		return typeOf(v), nil
	case "to_array":
		if l, ok := v.([]value.Value); ok {
			return l, nil
		}
		return []value.Value{v}, nil
	case "to_string":
		if s, ok := v.(string); ok {
			return s, nil
		}
		text := format.JSONWithin(v, format.JSONStyle{Item: ",", Key: ":"}, value.MaxText)
		return text, r.b.Write(len(text))
	case "to_number":
		return toNumber(v), nil
	case "reverse", "length":
		if s, ok := v.(string); ok {
			runes := []rune(s)
			if name == "length" {
				return len(runes), nil
			}
			slices.Reverse(runes)
			return string(runes), r.b.Write(len(s))
		}
	}
	switch c := v.(type) {
	case *value.Map:
		switch name {
		case "keys":
			return append([]value.Value{}, c.Keys()...), nil
		case "values":
			return values(identity)(r, v)
		case "length":
			return c.Len(), nil
		}
	case []value.Value:
		return r.onList(name, c)
	}
	return nil, badArgument(name, v)
}

func (r *run) onList(name string, l []value.Value) (value.Value, error) {
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
func (r *run) sorted(name string, l, keys []value.Value) ([]value.Value, error) {
	for _, k := range keys {
		_, text := k.(string)
		_, firstText := keys[0].(string)
		if !text && !isNumber(k) || text != firstText {
			return nil, badArgument(name, k)
		}
	}
	out, err := r.b.SortedBy(l, keys, false)
	if out == nil {
		out = []value.Value{}
	}
	return out, err
}

func typeOf(v value.Value) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []value.Value:
		return "array"
	case *value.Map:
		return "object"
	}
	return "number"
}

func toNumber(v value.Value) value.Value {
	if s, ok := v.(string); ok {
		if n, ok := value.ReadInt(s, 10); ok {
			return n
		}
		if f, ok := value.ReadFloat(s); ok {
			return f
		}
		return nil
	}
	if isNumber(v) {
		return v
	}
	return nil
}

func (r *run) twoArguments(name string, a, b value.Value) (value.Value, error) {
	s, isText := a.(string)
	t, _ := b.(string)
	_, bText := b.(string)
	switch name {
	case "contains":
		if l, ok := a.([]value.Value); ok {
			return slices.ContainsFunc(l, func(e value.Value) bool { return equal(r.b, e, b) }), r.b.Count(len(l))
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
		l, ok := b.([]value.Value)
		if isText && ok && !slices.ContainsFunc(l, func(e value.Value) bool { _, ok := e.(string); return !ok }) {
			return r.joined(l, s)
		}
	}
	return nil, badArgument(name, a)
}

func (r *run) joined(l []value.Value, sep string) (value.Value, error) {
	texts := make([]string, len(l))
	size := len(sep) * len(l)
	for i, v := range l {
		texts[i], _ = v.(string)
		size += len(texts[i])
	}
	if err := r.b.Write(size); err != nil {
		return nil, err
	}
	return strings.Join(texts, sep), nil
}

func (r *run) variadic(name string, in []value.Value) (value.Value, error) {
	if name == "not_null" {
		i := slices.IndexFunc(in, func(v value.Value) bool { return v != nil })
		if i < 0 {
			return nil, nil
		}
		return in[i], nil
	}
	out := &value.Map{}
	for _, v := range in {
		m, ok := v.(*value.Map)
		if !ok {
			return nil, badArgument(name, v)
		}
		for k, e := range m.All() {
			out.Set(k, e)
		}
	}
	return out, r.b.Count(out.Len())
}

// byExpression does the functions that take a list and &expression.
func (r *run) byExpression(name string, in []value.Value) (value.Value, error) {
	if name == "map" {
		in[0], in[1] = in[1], in[0]
	}
	l, ok := in[0].([]value.Value)
	q, isQuery := in[1].(query)
	if !ok || !isQuery {
		return nil, badArgument(name, in[0]).WithHint("as in " + name + "(list, &field); map takes the expression first")
	}
	keys := make([]value.Value, len(l))
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
		if err != nil {
			return nil, err
		}
		return sorted, nil
	case len(sorted) == 0:
		return nil, nil
	case name == "min_by":
		return sorted[0], nil
	}
	return sorted[len(sorted)-1], nil
}
