package expr

import (
	"slices"

	"runner/engine/expr/value"
)

// setFilters take lists for sets, in order.
func setFilters() []operation {
	return []operation{
		{names: "unique", params: "case_sensitive attribute", do: unique},
		{names: "union", params: "other!", how: plugin, do: setOperation(func(inA, inB bool) bool { return inA || inB })},
		{names: "intersect", params: "other!", how: plugin, do: setOperation(func(inA, inB bool) bool { return inA && inB })},
		{names: "difference", params: "other!", how: plugin, do: setOperation(func(inA, inB bool) bool { return inA && !inB })},
		{names: "symmetric_difference", params: "other!", how: plugin,
			do: setOperation(func(inA, inB bool) bool { return inA != inB })},
	}
}

func setOperation(keep func(inA, inB bool) bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		a, la, err := u.c.SetOf(u.in)
		if err != nil {
			return nil, err
		}
		b, lb, err := u.c.SetOf(u.args[0])
		if err != nil {
			return nil, err
		}
		out, seen := []value.Value{}, &value.Set{B: &u.c.Budget}
		for _, v := range slices.Concat(la, lb) {
			if keep(a.Has(v), b.Has(v)) && seen.Add(v) {
				out = append(out, v)
			}
		}
		return out, u.c.Err()
	}
}

func unique(u *use) (value.Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	out, seen := []value.Value{}, &value.Set{B: &u.c.Budget}
	for _, v := range l {
		k, err := u.keyOf(v, u.arg(1, nil), u.flag(0, false))
		if err != nil {
			return nil, err
		}
		if seen.Add(k) {
			out = append(out, v)
		}
	}
	return out, u.c.Count(len(l))
}

// mapFilters work on maps.
func mapFilters() []operation {
	return []operation{
		{names: "dict2items", params: "key_name value_name", how: partial, do: dict2items},
		{names: "items2dict", params: "key_name value_name", how: partial, do: items2dict},
		{names: "dictsort", params: "case_sensitive by reverse", do: dictSort},
		{names: "items", how: partial, do: mapItems},
		{names: "combine", params: "*others **options", how: partial, do: combine},
		{names: "extract", params: "container! morekeys", how: partial, do: extract},
		{names: "subelements", params: "subelements! skip_missing", how: plugin, do: subelements},
		{names: "attr", params: "name!", how: partial, do: attrFilter},
	}
}

func (u *use) asMap() (*value.Map, error) {
	if m, ok := u.in.(*value.Map); ok {
		return m, u.c.Count(m.Len())
	}
	return nil, value.Errorf(value.FilterError, "'%s' wants a map, not %s", u.name, value.Describe(u.in))
}

func dict2items(u *use) (value.Value, error) {
	m, err := u.asMap()
	if err != nil {
		return nil, err
	}
	out := make([]value.Value, 0, m.Len())
	for k, v := range m.All() {
		out = append(out, value.MapOf(u.str(0, "key"), k, u.str(1, "value"), v))
	}
	return out, nil
}

func items2dict(u *use) (value.Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	if _, ok := u.in.(string); ok {
		return nil, value.Errorf(value.FilterError, "'items2dict' wants a list, not %s", value.Describe(u.in))
	}
	m := &value.Map{}
	for _, e := range l {
		item, ok := e.(*value.Map)
		k, hasKey := item.Get(u.str(0, "key"))
		v, hasValue := item.Get(u.str(1, "value"))
		if !ok || !hasKey || !hasValue {
			return nil, value.Errorf(value.FilterError, "'items2dict' wants maps with '%s' and '%s', not %s",
				u.str(0, "key"), u.str(1, "value"), value.Shorten(value.Repr(e), 60))
		}
		if unknown, ok := k.(*value.Unknown); ok {
			return unknown, nil
		}
		if !value.Hashable(k) {
			return nil, value.Errorf(value.FilterError, "%s cannot be a key", value.Describe(k))
		}
		m.Set(k, v)
	}
	return m, u.c.Count(len(l))
}

func dictSort(u *use) (value.Value, error) {
	m, err := u.asMap()
	if err != nil {
		return nil, err
	}
	at := 0
	switch by := u.str(1, "key"); by {
	case "key":
	case "value":
		at = 1
	default:
		return nil, value.Errorf(value.FilterError, "'dictsort' sorts by key or value, not by %s", value.Quote(by))
	}
	var pairs, keys []value.Value
	for k, v := range m.All() {
		key, err := u.keyOf([]value.Value{k, v}[at], nil, u.flag(0, false))
		if err != nil {
			return nil, err
		}
		pairs, keys = append(pairs, value.Tuple{k, v}), append(keys, key)
	}
	return listOrError(u.c.SortedBy(pairs, keys, u.flag(2, false)))
}

func mapItems(u *use) (value.Value, error) {
	m, err := u.asMap()
	if err != nil {
		return nil, err
	}
	return itemsOf(m), nil
}

func itemsOf(m *value.Map) []value.Value {
	out := make([]value.Value, 0, m.Len())
	for k, v := range m.All() {
		out = append(out, value.Tuple{k, v})
	}
	return out
}

// combine lays maps over each other, the last one on top.
func combine(u *use) (value.Value, error) {
	merge, recursive := "replace", u.flagNamed("recursive")
	for k, v := range u.named.All() {
		switch s, _ := v.(string); k {
		case "recursive":
		case "list_merge":
			if !slices.Contains([]string{"replace", "keep", "append", "prepend", "append_rp", "prepend_rp"}, s) {
				return nil, value.Errorf(value.FilterError, "'combine' has no list_merge %s", value.Repr(v)).
					WithHint("replace, keep, append, prepend, append_rp or prepend_rp")
			}
			merge = s
		default:
			return nil, value.Errorf(value.FilterError, "'combine' has no option %s", value.Repr(k)).WithHint("recursive and list_merge")
		}
	}
	var layers []value.Value
	for _, v := range append([]value.Value{u.in}, u.rest...) {
		if l, ok := v.([]value.Value); ok {
			layers = append(layers, u.flat(nil, l, -1, false)...)
			continue
		}
		layers = append(layers, v)
	}
	out := &value.Map{}
	for _, v := range layers {
		switch m := v.(type) {
		case *value.Map:
			out = u.merged(out, m, recursive, merge)
		case *value.Unknown:
			return m, nil
		default:
			return nil, value.Errorf(value.FilterError, "'combine' wants maps, not %s", value.Describe(v))
		}
	}
	return out, u.c.Err()
}

// merged lays b over a.
func (u *use) merged(a, b *value.Map, recursive bool, lists string) *value.Map {
	if !u.c.Spend(a.Len() + b.Len()) {
		return a
	}
	out := a.Clone()
	for k, v := range b.All() {
		before, ok := out.Get(k)
		if ok {
			v = u.mergedValue(before, v, recursive, lists)
		}
		out.Set(k, v)
	}
	return out
}

func (u *use) mergedValue(a, b value.Value, recursive bool, lists string) value.Value {
	if recursive {
		if unknown, ok := a.(*value.Unknown); ok {
			if _, isMap := b.(*value.Map); isMap {
				return unknown
			}
		}
	}
	if x, ok := a.(*value.Map); ok && recursive {
		if y, ok := b.(*value.Map); ok {
			return u.merged(x, y, true, lists)
		}
	}
	x, ok := a.([]value.Value)
	y, also := b.([]value.Value)
	if !ok || !also {
		return b
	}
	without := func(l, out []value.Value) []value.Value {
		s, _, _ := u.c.SetOf(out)
		return slices.DeleteFunc(slices.Clone(l), s.Has)
	}
	switch lists {
	case "keep":
		return a
	case "append":
		return slices.Concat(x, y)
	case "prepend":
		return slices.Concat(y, x)
	case "append_rp":
		return slices.Concat(without(x, y), y)
	case "prepend_rp":
		return slices.Concat(y, without(x, y))
	}
	return b
}

// extract takes an element of a container by key, and by more keys below it.
func extract(u *use) (value.Value, error) {
	keys := []value.Value{u.in}
	switch more := u.arg(1, nil).(type) {
	case nil:
	case []value.Value:
		keys = append(keys, more...)
	default:
		keys = append(keys, more)
	}
	v := u.args[0]
	for _, k := range keys {
		if unknown, ok := v.(*value.Unknown); ok {
			return unknown, nil
		}
		next, ok, err := u.st.item(v, k)
		if err != nil {
			return nil, err
		}
		if !ok {
			return u.noAttribute(v, k), nil
		}
		v = next
	}
	return v, nil
}

// subelements pairs each element with each of a list below it.
func subelements(u *use) (value.Value, error) {
	in := u.in
	if m, ok := in.(*value.Map); ok {
		var values []value.Value
		for _, v := range m.All() {
			values = append(values, v)
		}
		in = values
	}
	l, err := u.c.Elements(in)
	if err != nil {
		return nil, err
	}
	path := u.args[0]
	if parts, ok := path.([]value.Value); ok {
		joined, err := u.c.joined(parts, ".")
		if err != nil {
			return nil, err
		}
		path = joined
	}
	skip := u.flag(1, false)
	if m, ok := u.arg(1, nil).(*value.Map); ok {
		v, _ := m.Get("skip_missing")
		skip, _, _ = value.Truth(v)
	}
	out := []value.Value{}
	for _, e := range l {
		v, err := u.attributePath(e, path)
		if err != nil {
			return nil, err
		}
		subs, ok := v.([]value.Value)
		if d, missing := v.(*value.Undefined); missing && !skip {
			return nil, d.Err()
		} else if !missing && !ok {
			return nil, value.Errorf(value.FilterError, "'subelements' wants a list under %s, not %s", value.Repr(path), value.Describe(v))
		}
		for _, s := range subs {
			out = append(out, []value.Value{e, s})
		}
	}
	return out, u.c.Count(len(out))
}

func attrFilter(u *use) (value.Value, error) {
	v, ok, err := u.st.attr(u.in, u.str(0, ""))
	if ok || err != nil {
		return v, err
	}
	return u.noAttribute(u.in, u.str(0, "")), nil
}
