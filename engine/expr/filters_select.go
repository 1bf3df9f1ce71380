package expr

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/suggest"
)

// selectFilters go over lists with a filter, a test or an attribute.
func selectFilters() []operation {
	return []operation{
		{names: "map", params: "*args **options", how: partial, do: mapFilter},
		{names: "select", params: "*args **options", how: partial, do: selecting(false, true)},
		{names: "reject", params: "*args **options", how: partial, do: selecting(false, false)},
		{names: "selectattr", params: "*args **options", how: partial, do: selecting(true, true)},
		{names: "rejectattr", params: "*args **options", how: partial, do: selecting(true, false)},
	}
}

// attributePath gives what lies under a path, "a.b.0" or a number, in v. What is
// missing on the way makes it Undefined.
func (u *use) attributePath(v, path value.Value) (value.Value, error) {
	s, ok := path.(string)
	if !ok {
		s = value.Text(path)
	}
	for part := range strings.SplitSeq(s, ".") {
		switch v.(type) {
		case *value.Undefined, *value.Unknown:
			return v, nil
		}
		var key value.Value = part
		if n, err := strconv.Atoi(part); err == nil && part[0] != '+' && part[0] != '-' {
			key = n
		}
		next, ok, err := u.st.item(v, key)
		if err != nil {
			return nil, err
		}
		if !ok {
			return u.noAttribute(v, key), nil
		}
		v = next
	}
	return v, u.st.step()
}

// noAttribute makes an Undefined that is placed where the filter stands.
func (u *use) noAttribute(of, key value.Value) *value.Undefined {
	return u.st.missing(value.Text(key), int(u.st.here), of, key)
}

// attributes maps a list to what lies under a path; otherwise stands in where
// nothing does, unless it is nil.
func (u *use) attributes(l []value.Value, path, otherwise value.Value) ([]value.Value, error) {
	out := make([]value.Value, len(l))
	for i, v := range l {
		a, err := u.attributePath(v, path)
		if err != nil {
			return nil, err
		}
		if _, missing := a.(*value.Undefined); missing && otherwise != nil {
			a = otherwise
		}
		out[i] = a
	}
	return out, nil
}

func mapFilter(u *use) (value.Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	if path, ok := u.named.Get("attribute"); ok && len(u.rest) == 0 {
		otherwise, _ := u.named.Get("default")
		return listOrError(u.attributes(l, path, otherwise))
	}
	if len(u.rest) == 0 {
		return nil, value.Errorf(value.TypeError, "'map' needs the name of a filter, or attribute=").WithHint("as in map('upper') or map(attribute='id')")
	}
	f, err := u.find1("filter", u.st.t.lib.filters)
	if err != nil {
		return nil, err
	}
	out := make([]value.Value, len(l))
	for i, v := range l {
		if out[i], err = u.st.invoke(f, v, given{append([]value.Value{}, u.rest[1:]...), u.named.Clone()}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// find1 finds the filter or test that the first argument names.
func (u *use) find1(what string, among map[string]*operation) (*operation, error) {
	full, ok := u.rest[0].(string)
	if op := among[syntax.LastName(full)]; ok && op != nil {
		return op, nil
	}
	e := value.Errorf(value.SyntaxError, "no %s is named %s", what, value.Repr(u.rest[0]))
	return nil, e.WithHint(suggest.DidYouMean(syntax.LastName(full), slices.Sorted(maps.Keys(among))))
}

// selecting makes select, reject and their forms with an attribute.
func selecting(attr, want bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		var path value.Value
		if attr {
			if len(u.rest) == 0 {
				return nil, value.Errorf(value.TypeError, "'%s' needs the name of an attribute", u.name)
			}
			path, u.rest = u.rest[0], u.rest[1:]
		}
		l, err := u.elements()
		if err != nil {
			return nil, err
		}
		var test *operation
		if len(u.rest) > 0 {
			if test, err = u.find1("test", u.st.t.lib.tests); err != nil {
				return nil, err
			}
		}
		out := []value.Value{}
		for _, v := range l {
			t, unknown, err := u.passes(test, v, path)
			if unknown != nil || err != nil {
				return orUnknown(unknown), err
			}
			if t == want {
				out = append(out, v)
			}
		}
		return out, nil
	}
}

// passes tests one element, or what lies under a path in it.
func (u *use) passes(test *operation, v, path value.Value) (bool, *value.Unknown, error) {
	var err error
	if path != nil {
		if v, err = u.attributePath(v, path); err != nil {
			return false, nil, err
		}
	}
	if test != nil {
		v, err = u.st.invoke(test, v, given{append([]value.Value{}, u.rest[1:]...), u.named.Clone()})
		if err != nil {
			return false, nil, err
		}
	}
	return value.Truth(v)
}
