package builtin

import (
	"strconv"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/suggest"
)

// selectFilters go over lists with a filter, a test or an attribute.
func selectFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "map", Params: "*args **kwargs", Doc: "a filter, or an attribute, of each element", How: expr.Partial | expr.Keeps, Do: mapFilter},
		{Names: "select", Params: "*args **kwargs", Doc: "the elements that pass a test", How: expr.Partial | expr.Keeps, Do: selecting(false, true)},
		{Names: "reject", Params: "*args **kwargs", Doc: "the elements that do not pass a test", How: expr.Partial | expr.Keeps, Do: selecting(false, false)},
		{Names: "selectattr", Params: "*args **kwargs", Doc: "the elements with an attribute that passes a test", How: expr.Partial | expr.Keeps, Do: selecting(true, true)},
		{Names: "rejectattr", Params: "*args **kwargs", Doc: "the elements with an attribute that does not pass a test", How: expr.Partial | expr.Keeps,
			Do: selecting(true, false)},
	}
}

// attributePath returns what lies under a path, "a.b.0" or a number, in v. What is
// missing on the way makes it Undefined.
func attributePath(u *expr.Call, v, path value.Value) (value.Value, error) {
	for part := range strings.SplitSeq(value.OpenText(path), ".") {
		switch v.(type) {
		case *value.Undefined, *value.Unknown:
			return v, nil
		}
		var key value.Value = part
		if n, err := strconv.Atoi(part); err == nil && part[0] != '+' && part[0] != '-' {
			key = n
		}
		next, ok, err := u.Item(v, key)
		if err != nil {
			return nil, err
		}
		if !ok {
			return u.NoAttribute(v, key), nil
		}
		v = next
	}
	return v, u.Context.Count(1)
}

// attributes maps a list to what lies under a path; otherwise stands in where
// nothing does, unless it is nil.
func attributes(u *expr.Call, l []value.Value, path, otherwise value.Value) ([]value.Value, error) {
	out := make([]value.Value, len(l))
	for i, v := range l {
		a, err := attributePath(u, v, path)
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

func mapFilter(u *expr.Call) (value.Value, error) {
	l, done, err := iterated(u)
	if done || err != nil {
		return l, err
	}
	if path, ok := u.Named.Get("attribute"); ok && len(u.Rest) == 0 {
		for k := range u.Named.All() {
			if k != "attribute" && k != "default" {
				return nil, value.Errorf(value.TypeError, "'map' of an attribute has no parameter '%s'", value.Text(k))
			}
		}
		otherwise, _ := u.Named.Get("default")
		return listOrError(attributes(u, l, path, otherwise))
	}
	if len(u.Rest) == 0 {
		return nil, value.Errorf(value.TypeError, "'map' needs the name of a filter, or attribute=").WithHint("as in map('upper') or map(attribute='id')")
	}
	f, err := operationNamed(u, "filter", u.Table().Filter)
	if err != nil {
		return nil, err
	}
	out := make([]value.Value, len(l))
	for i, v := range l {
		if out[i], err = u.Apply(f, v, u.Rest[1:], u.Named); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// iterated returns the elements; of what is empty, null, false or 0 there are none.
func iterated(u *expr.Call) (l []value.Value, done bool, err error) {
	if t, unknown, err := value.Truth(u.In); err == nil && unknown == nil && !t {
		return []value.Value{}, true, nil
	}
	l, err = u.Elements()
	return l, false, err
}

// operationNamed finds the filter or test that the first argument names.
func operationNamed(u *expr.Call, what string, find func(string) *expr.Operation) (*expr.Operation, error) {
	full, _ := u.Rest[0].(string)
	if op := find(full); op != nil {
		return op, nil
	}
	e := value.Errorf(value.SyntaxError, "no %s is named %s", what, value.Repr(u.Rest[0]))
	return nil, e.WithSuggestion(syntax.LastName(full), suggest.Nearest(syntax.LastName(full), u.Table().Names(what)))
}

// selecting makes select, reject and their forms with an attribute.
func selecting(attr, want bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		var path value.Value
		if attr {
			if len(u.Rest) == 0 {
				return nil, value.Errorf(value.TypeError, "'%s' needs the name of an attribute", u.Name)
			}
			path, u.Rest = u.Rest[0], u.Rest[1:]
		}
		l, done, err := iterated(u)
		if done || err != nil {
			return l, err
		}
		var test *expr.Operation
		if len(u.Rest) > 0 {
			if test, err = operationNamed(u, "test", u.Table().Test); err != nil {
				return nil, err
			}
		}
		out := []value.Value{}
		for _, v := range l {
			t, unknown, err := passes(u, test, v, path)
			if unknown != nil || err != nil {
				return expr.OrUnknown(unknown), err
			}
			if t == want {
				out = append(out, v)
			}
		}
		return out, nil
	}
}

// passes tests one element, or what lies under a path in it.
func passes(u *expr.Call, test *expr.Operation, v, path value.Value) (bool, *value.Unknown, error) {
	var err error
	if path != nil {
		if v, err = attributePath(u, v, path); err != nil {
			return false, nil, err
		}
	}
	if test != nil {
		v, err = u.Apply(test, v, u.Rest[1:], u.Named)
		if err != nil {
			return false, nil, err
		}
	}
	return value.Truth(v)
}
