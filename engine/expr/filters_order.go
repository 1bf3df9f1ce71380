package expr

import (
	"slices"
	"strings"
)

// keyOf is what an element is sorted or told apart by.
func (u *use) keyOf(v, attribute Value, caseSensitive bool) (Value, error) {
	if attribute != nil {
		var err error
		if v, err = u.attributePath(v, attribute); err != nil {
			return nil, err
		}
		if d, ok := v.(*Undefined); ok {
			return nil, undefinedError(d)
		}
	}
	if s, ok := v.(string); ok && !caseSensitive {
		return strings.ToLower(s), nil
	}
	return v, nil
}

// sortedBy sorts items by keys, stably; it stops at what has no order.
func (c *Context) sortedBy(items, keys []Value, reverse bool) ([]Value, error) {
	at := make([]int, len(items))
	for i := range at {
		at[i] = i
	}
	var mistake error
	slices.SortStableFunc(at, func(a, b int) int {
		if mistake != nil {
			return 0
		}
		if !c.spend(1) {
			mistake = c.tooMuch()
		}
		o, ok := c.order(keys[a], keys[b])
		if !ok {
			mistake = unordered("<", keys[a], keys[b])
		}
		if o == incomparable {
			return 0
		}
		if reverse {
			return -o
		}
		return o
	})
	out := make([]Value, len(items))
	for i, j := range at {
		out[i] = items[j]
	}
	return out, mistake
}

func sortFilter(u *use) (Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	attributes := []Value{u.arg(2, nil)}
	if s, ok := attributes[0].(string); ok && strings.Contains(s, ",") {
		attributes = nil
		for part := range strings.SplitSeq(s, ",") {
			attributes = append(attributes, strings.TrimSpace(part))
		}
	}
	keys := make([]Value, len(l))
	for i, v := range l {
		var parts []Value
		for _, a := range attributes {
			k, err := u.keyOf(v, a, u.flag(1, false))
			if err != nil {
				return nil, err
			}
			parts = append(parts, k)
		}
		if keys[i] = parts[0]; len(parts) > 1 {
			keys[i] = parts
		}
	}
	return listOrError(u.c.sortedBy(l, keys, u.flag(0, false)))
}

// listOrError gives a list as a Value, but nil with an error.
func listOrError(l []Value, err error) (Value, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

// extreme makes min (-1) and max (1).
func extreme(side int) func(*use) (Value, error) {
	return func(u *use) (Value, error) {
		l, err := u.elements()
		if err != nil {
			return nil, err
		}
		if len(l) == 0 {
			return u.nothing("there is no " + u.name + " of an empty list"), nil
		}
		var best, bestKey Value
		for i, v := range l {
			k, err := u.keyOf(v, u.arg(1, nil), u.flag(0, false))
			if err != nil {
				return nil, err
			}
			if i > 0 {
				o, ok := u.c.order(k, bestKey)
				if !ok {
					return nil, unordered("<", k, bestKey)
				}
				if o != side {
					continue
				}
			}
			best, bestKey = v, k
		}
		return best, u.c.spent(len(l))
	}
}

func sum(u *use) (Value, error) {
	l, err := u.elements()
	if err == nil && u.arg(0, nil) != nil {
		l, err = u.attributes(l, u.args[0], nil)
	}
	if err != nil {
		return nil, err
	}
	total := u.arg(1, 0)
	if _, ok := total.(string); ok {
		return nil, fail(TypeError, "'sum' does not join texts").withHint("use `| join`")
	}
	for _, v := range l {
		switch v := v.(type) {
		case *Unknown:
			return v, nil
		case *Undefined:
			return nil, undefinedError(v)
		}
		if total, err = u.c.arithmetic("+", total, v); err != nil {
			return nil, err
		}
	}
	return total, u.c.spent(len(l))
}

func groupBy(u *use) (Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	keys, err := u.attributes(l, u.args[0], u.arg(1, nil))
	if err != nil {
		return nil, err
	}
	for i, k := range keys {
		if d, ok := k.(*Undefined); ok {
			return nil, undefinedError(d)
		}
		if s, ok := k.(string); ok && !u.flag(2, false) {
			keys[i] = strings.ToLower(s)
		}
	}
	at := make([]Value, len(l))
	for i := range at {
		at[i] = i
	}
	sorted, err := u.c.sortedBy(at, keys, false)
	if err != nil {
		return nil, err
	}
	out := []Value{}
	for n, iv := range sorted {
		i := iv.(int)
		if n > 0 && u.c.equal(keys[i], keys[sorted[n-1].(int)]) {
			group := out[len(out)-1].(Tuple)
			group[1] = append(group[1].([]Value), l[i])
			continue
		}
		key, err := u.attributePath(l[i], u.args[0])
		if err != nil {
			return nil, err
		}
		if _, ok := key.(*Undefined); ok {
			key = keys[i]
		}
		out = append(out, Tuple{key, []Value{l[i]}})
	}
	return out, nil
}
