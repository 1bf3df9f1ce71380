// Package jmespath evaluates queries of JMESPath on values, by the specification at
// jmespath.org, within a Budget. It knows values and how they are written, and nothing
// of templates.
package jmespath

import "runner/engine/expr/value"

// A run is one run of a query.
type run struct{ b *value.Budget }

func (r *run) step() error {
	return r.b.Count(1)
}

func field(name string) query {
	return func(r *run, v value.Value) (value.Value, error) {
		m, _ := v.(*value.Map)
		e, _ := m.Get(name)
		return e, r.step()
	}
}

// chained applies right to what left comes to; of none it is none.
func chained(left, right query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		v, err := left(r, v)
		if err != nil || v == nil {
			return nil, err
		}
		return right(r, v)
	}
}

func piped(left, right query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		v, err := left(r, v)
		if err != nil {
			return nil, err
		}
		return right(r, v)
	}
}

// project does right to each element of the list that left gives; what comes to
// none is left out. Of anything but a list it is none.
func project(left, right query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		v, err := left(r, v)
		l, ok := v.([]value.Value)
		if err != nil || !ok {
			return nil, err
		}
		out := []value.Value{}
		for _, e := range l {
			p, err := right(r, e)
			if err != nil {
				return nil, err
			}
			if p != nil {
				out = append(out, p)
			}
		}
		return out, r.step()
	}
}

// values returns the values of a map as a list.
func values(of query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		v, err := of(r, v)
		m, ok := v.(*value.Map)
		if err != nil || !ok {
			return nil, err
		}
		out := []value.Value{}
		for _, e := range m.All() {
			out = append(out, e)
		}
		return out, r.b.Count(len(out))
	}
}

// flattened lays lists in a list end to end, one level.
func flattened(of query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		v, err := of(r, v)
		l, ok := v.([]value.Value)
		if err != nil || !ok {
			return nil, err
		}
		out := []value.Value{}
		for _, e := range l {
			if inner, ok := e.([]value.Value); ok {
				out = append(out, inner...)
				continue
			}
			out = append(out, e)
		}
		return out, r.b.Count(len(out))
	}
}

func filteredBy(of, test query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		v, err := of(r, v)
		l, ok := v.([]value.Value)
		if err != nil || !ok {
			return nil, err
		}
		out := []value.Value{}
		for _, e := range l {
			t, err := test(r, e)
			if err != nil {
				return nil, err
			}
			if truth(t) {
				out = append(out, e)
			}
		}
		return out, r.b.Count(len(l))
	}
}

// truth is truth in JMESPath: numbers are always true.
func truth(v value.Value) bool {
	if value.IsNumber(v) {
		return v != false
	}
	t, _, _ := value.Truth(v)
	return t
}

func indexed(of query, i int) query {
	return func(r *run, v value.Value) (value.Value, error) {
		v, err := of(r, v)
		l, _ := v.([]value.Value)
		e, _ := value.ItemAt(l, i)
		return e, err
	}
}

func slicedBy(of query, bounds [3]*int) query {
	return func(r *run, v value.Value) (value.Value, error) {
		v, err := of(r, v)
		l, ok := v.([]value.Value)
		if err != nil || !ok {
			return nil, err
		}
		return r.b.Sliced(l, bounds)
	}
}

func negated(q query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		v, err := q(r, v)
		return !truth(v), err
	}
}

func logical(or bool, left, right query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		l, err := left(r, v)
		if err != nil || truth(l) == or {
			return l, err
		}
		return right(r, v)
	}
}

func compared(op string, left, right query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		a, err := left(r, v)
		if err != nil {
			return nil, err
		}
		b, err := right(r, v)
		if err != nil {
			return nil, err
		}
		switch op {
		case "==":
			return equal(r.b, a, b), nil
		case "!=":
			return !equal(r.b, a, b), nil
		}
		if !isNumber(a) || !isNumber(b) {
			return nil, nil
		}
		holds, _, err := r.b.Compare(op, a, b)
		return holds, err
	}
}

func isNumber(v value.Value) bool {
	_, isBool := v.(bool)
	return value.IsNumber(v) && !isBool
}

// equal is equality in JMESPath, where true is not 1.
func equal(b *value.Budget, x, y value.Value) bool {
	return isNumber(x) == isNumber(y) && b.Equal(x, y)
}

func listOf(parts []query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		if v == nil {
			return nil, nil
		}
		out := make([]value.Value, len(parts))
		for i, p := range parts {
			var err error
			if out[i], err = p(r, v); err != nil {
				return nil, err
			}
		}
		return out, r.step()
	}
}

func hashOf(keys []value.Value, parts []query) query {
	return func(r *run, v value.Value) (value.Value, error) {
		if v == nil {
			return nil, nil
		}
		m := &value.Map{}
		for i, p := range parts {
			e, err := p(r, v)
			if err != nil {
				return nil, err
			}
			m.Set(keys[i], e)
		}
		return m, r.step()
	}
}

// A query is a parsed JMESPath expression: it makes a value of a value.
// An expression after & gets its value only when a function asks for it.
type query func(r *run, v value.Value) (value.Value, error)

func identity(_ *run, v value.Value) (value.Value, error) { return v, nil }
