package expr

// A queryRun is one run of a query.
type queryRun struct{ c *Context }

func queryFilters() []operation {
	return []operation{{names: "json_query", params: "expr!", how: plugin, do: jsonQuery}}
}

// jsonQuery runs a JMESPath expression, by the specification at jmespath.org.
func jsonQuery(u *use) (Value, error) {
	q, err := parseQuery(u.str(0, ""))
	if err != nil {
		return nil, err
	}
	v, err := q(&queryRun{u.c}, u.in)
	if _, isQuery := v.(query); isQuery && err == nil {
		return nil, fail(FilterError, "an expression after & is for functions")
	}
	return v, err
}

func (r *queryRun) step() error {
	return r.c.spent(1)
}

func field(name string) query {
	return func(r *queryRun, v Value) (Value, error) {
		m, _ := v.(*Map)
		e, _ := m.Get(name)
		return e, r.step()
	}
}

// chained gives right of what left gives; of none it is none.
func chained(left, right query) query {
	return func(r *queryRun, v Value) (Value, error) {
		v, err := left(r, v)
		if err != nil || v == nil {
			return nil, err
		}
		return right(r, v)
	}
}

func piped(left, right query) query {
	return func(r *queryRun, v Value) (Value, error) {
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
	return func(r *queryRun, v Value) (Value, error) {
		v, err := left(r, v)
		l, ok := v.([]Value)
		if err != nil || !ok {
			return nil, err
		}
		out := []Value{}
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

// values gives the values of a map as a list.
func values(of query) query {
	return func(r *queryRun, v Value) (Value, error) {
		v, err := of(r, v)
		m, ok := v.(*Map)
		if err != nil || !ok {
			return nil, err
		}
		out := []Value{}
		for _, e := range m.All() {
			out = append(out, e)
		}
		return out, r.c.spent(len(out))
	}
}

// flattened lays lists in a list end to end, one level.
func flattened(of query) query {
	return func(r *queryRun, v Value) (Value, error) {
		v, err := of(r, v)
		l, ok := v.([]Value)
		if err != nil || !ok {
			return nil, err
		}
		out := []Value{}
		for _, e := range l {
			if inner, ok := e.([]Value); ok {
				out = append(out, inner...)
				continue
			}
			out = append(out, e)
		}
		return out, r.c.spent(len(out))
	}
}

func filteredBy(of, test query) query {
	return func(r *queryRun, v Value) (Value, error) {
		v, err := of(r, v)
		l, ok := v.([]Value)
		if err != nil || !ok {
			return nil, err
		}
		out := []Value{}
		for _, e := range l {
			t, err := test(r, e)
			if err != nil {
				return nil, err
			}
			if queryTrue(t) {
				out = append(out, e)
			}
		}
		return out, r.c.spent(len(l))
	}
}

// queryTrue is truth in JMESPath: numbers are always true.
func queryTrue(v Value) bool {
	if isNumber(v) {
		return v != false
	}
	t, _, _ := truthOf(v)
	return t
}

func indexed(of query, i int) query {
	return func(r *queryRun, v Value) (Value, error) {
		v, err := of(r, v)
		l, _ := v.([]Value)
		e, _ := itemAt(l, i)
		return e, err
	}
}

func slicedBy(of query, bounds [3]*int) query {
	return func(r *queryRun, v Value) (Value, error) {
		v, err := of(r, v)
		l, ok := v.([]Value)
		if err != nil || !ok {
			return nil, err
		}
		return r.c.sliced(l, bounds)
	}
}

func negated(q query) query {
	return func(r *queryRun, v Value) (Value, error) {
		v, err := q(r, v)
		return !queryTrue(v), err
	}
}

func logical(or bool, left, right query) query {
	return func(r *queryRun, v Value) (Value, error) {
		l, err := left(r, v)
		if err != nil || queryTrue(l) == or {
			return l, err
		}
		return right(r, v)
	}
}

func compared(op string, left, right query) query {
	return func(r *queryRun, v Value) (Value, error) {
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
			return queryEqual(r.c, a, b), nil
		case "!=":
			return !queryEqual(r.c, a, b), nil
		}
		if !queryNumber(a) || !queryNumber(b) {
			return nil, nil
		}
		holds, _, err := r.c.compare(op, a, b)
		return holds, err
	}
}

func queryNumber(v Value) bool {
	_, isBool := v.(bool)
	return isNumber(v) && !isBool
}

// queryEqual is equality in JMESPath, where true is not 1.
func queryEqual(c *Context, a, b Value) bool {
	return queryNumber(a) == queryNumber(b) && c.equal(a, b)
}

func listOf(parts []query) query {
	return func(r *queryRun, v Value) (Value, error) {
		if v == nil {
			return nil, nil
		}
		out := make([]Value, len(parts))
		for i, p := range parts {
			var err error
			if out[i], err = p(r, v); err != nil {
				return nil, err
			}
		}
		return out, r.step()
	}
}

func hashOfQueries(keys []Value, parts []query) query {
	return func(r *queryRun, v Value) (Value, error) {
		if v == nil {
			return nil, nil
		}
		m := &Map{}
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
