package builtin

import (
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// keyOf is what an element is sorted or distinguished by.
func keyOf(u *expr.Call, v, attribute value.Value, caseSensitive bool) (value.Value, error) {
	if attribute != nil {
		var err error
		if v, err = attributePath(u, v, attribute); err != nil {
			return nil, err
		}
		if d, ok := v.(*value.Undefined); ok {
			return nil, d.Err()
		}
	}
	v = value.Bare(v)
	if s, ok := v.(string); ok && !caseSensitive {
		return strings.ToLower(s), nil
	}
	return v, nil
}

func sortFilter(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	attributes := []value.Value{value.Bare(u.Arg(2))}
	if s, ok := attributes[0].(string); ok && strings.Contains(s, ",") {
		attributes = nil
		for part := range strings.SplitSeq(s, ",") {
			attributes = append(attributes, strings.TrimSpace(part))
		}
	}
	keys := make([]value.Value, len(l))
	for i, v := range l {
		var parts []value.Value
		for _, a := range attributes {
			k, err := keyOf(u, v, a, u.Flag(1))
			if err != nil {
				return nil, err
			}
			parts = append(parts, k)
		}
		if keys[i] = parts[0]; len(parts) > 1 {
			keys[i] = parts
		}
	}
	return listOrError(u.Context.SortedBy(l, keys, u.Flag(0)))
}

// extreme makes min (-1) and max (1).
func extreme(side int) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		l, err := u.Elements()
		if err != nil {
			return nil, err
		}
		if len(l) == 0 {
			return u.Nothing("there is no " + u.Name + " of an empty list"), nil
		}
		var best, bestKey value.Value
		for i, v := range l {
			k, err := keyOf(u, v, u.Arg(1), u.Flag(0))
			if err != nil {
				return nil, err
			}
			if i > 0 {
				o, ok := u.Context.Order(k, bestKey)
				if !ok {
					return nil, value.Unordered("<", k, bestKey)
				}
				if o != side {
					continue
				}
			}
			best, bestKey = v, k
		}
		return best, u.Context.Count(len(l))
	}
}

func sum(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err == nil && u.Arg(0) != nil {
		l, err = attributes(u, l, u.Args[0], nil)
	}
	if err != nil {
		return nil, err
	}
	total := u.Arg(1)
	if _, ok := total.(string); ok {
		return nil, value.Errorf(value.TypeError, "'sum' does not join texts").WithHint("use `| join`")
	}
	for _, v := range l {
		switch v := v.(type) {
		case *value.Unknown:
			return v, nil
		case *value.Undefined:
			return nil, v.Err()
		}
		if total, err = u.Context.Arithmetic("+", total, v); err != nil {
			return nil, err
		}
	}
	return total, u.Context.Count(len(l))
}

func groupBy(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	// Ansible's attributes that are missing are no Undefined of Jinja's, for which alone its default is.
	keys, err := attributes(u, l, u.Args[0], nil)
	if err != nil {
		return nil, err
	}
	for i, k := range keys {
		if d, ok := k.(*value.Undefined); ok {
			return nil, d.Err()
		}
		keys[i] = value.Bare(k)
		if s, ok := keys[i].(string); ok && !u.Flag(2) {
			keys[i] = strings.ToLower(s)
		}
	}
	at := make([]value.Value, len(l))
	for i := range at {
		at[i] = i
	}
	sorted, err := u.Context.SortedBy(at, keys, false)
	if err != nil {
		return nil, err
	}
	out := []value.Value{}
	for n, iv := range sorted {
		i := iv.(int)
		if n > 0 && u.Context.Equal(keys[i], keys[sorted[n-1].(int)]) {
			group := out[len(out)-1].(value.Tuple)
			group[1] = append(group[1].([]value.Value), l[i])
			continue
		}
		key, err := attributePath(u, l[i], u.Args[0])
		if err != nil {
			return nil, err
		}
		out = append(out, value.Tuple{key, []value.Value{l[i]}})
	}
	return out, nil
}
