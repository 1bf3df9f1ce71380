package builtin

import (
	"slices"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// setFilters take lists for sets, in order.
func setFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "unique", Params: "case_sensitive attribute", Do: unique},
		{Names: "union", Params: "other!", How: expr.Plugin, Do: setOperation(func(inA, inB bool) bool { return inA || inB })},
		{Names: "intersect", Params: "other!", How: expr.Plugin, Do: setOperation(func(inA, inB bool) bool { return inA && inB })},
		{Names: "difference", Params: "other!", How: expr.Plugin, Do: setOperation(func(inA, inB bool) bool { return inA && !inB })},
		{Names: "symmetric_difference", Params: "other!", How: expr.Plugin,
			Do: setOperation(func(inA, inB bool) bool { return inA != inB })},
	}
}

func setOperation(keep func(inA, inB bool) bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		a, la, err := u.Context.SetOf(u.In)
		if err != nil {
			return nil, err
		}
		b, lb, err := u.Context.SetOf(u.Args[0])
		if err != nil {
			return nil, err
		}
		out, seen := []value.Value{}, &value.Set{B: &u.Context.Budget}
		for _, v := range slices.Concat(la, lb) {
			if keep(a.Has(v), b.Has(v)) && seen.Add(v) {
				out = append(out, v)
			}
		}
		return out, u.Context.Err()
	}
}

func unique(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	out, seen := []value.Value{}, &value.Set{B: &u.Context.Budget}
	for _, v := range l {
		k, err := keyOf(u, v, u.Arg(1, nil), u.Flag(0, false))
		if err != nil {
			return nil, err
		}
		if seen.Add(k) {
			out = append(out, v)
		}
	}
	return out, u.Context.Count(len(l))
}

// mapFilters work on maps.
func mapFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "dict2items", Params: "key_name value_name", How: expr.Partial, Do: dict2items},
		{Names: "items2dict", Params: "key_name value_name", How: expr.Partial, Do: items2dict},
		{Names: "dictsort", Params: "case_sensitive by reverse", Do: dictSort},
		{Names: "items", How: expr.Partial, Do: mapItems},
		{Names: "combine", Params: "*others **options", How: expr.Partial, Do: combine},
		{Names: "extract", Params: "container! morekeys", How: expr.Partial, Do: extract},
		{Names: "subelements", Params: "subelements! skip_missing", How: expr.Plugin, Do: subelements},
		{Names: "attr", Params: "name!", How: expr.Partial, Do: attrFilter},
	}
}

func asMap(u *expr.Call) (*value.Map, error) {
	if m, ok := u.In.(*value.Map); ok {
		return m, u.Context.Count(m.Len())
	}
	return nil, value.Errorf(value.FilterError, "'%s' wants a map, not %s", u.Name, value.Describe(u.In))
}

func dict2items(u *expr.Call) (value.Value, error) {
	m, err := asMap(u)
	if err != nil {
		return nil, err
	}
	out := make([]value.Value, 0, m.Len())
	for k, v := range m.All() {
		out = append(out, value.MapOf(u.Str(0, "key"), k, u.Str(1, "value"), v))
	}
	return out, nil
}

func items2dict(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	if _, ok := u.In.(string); ok {
		return nil, value.Errorf(value.FilterError, "'items2dict' wants a list, not %s", value.Describe(u.In))
	}
	m := &value.Map{}
	for _, e := range l {
		item, ok := e.(*value.Map)
		k, hasKey := item.Get(u.Str(0, "key"))
		v, hasValue := item.Get(u.Str(1, "value"))
		if !ok || !hasKey || !hasValue {
			return nil, value.Errorf(value.FilterError, "'items2dict' wants maps with '%s' and '%s', not %s",
				u.Str(0, "key"), u.Str(1, "value"), value.Shorten(value.Repr(e), 60))
		}
		if unknown, ok := k.(*value.Unknown); ok {
			return unknown, nil
		}
		if !value.Hashable(k) {
			return nil, value.Errorf(value.FilterError, "%s cannot be a key", value.Describe(k))
		}
		m.Set(k, v)
	}
	return m, u.Context.Count(len(l))
}

func dictSort(u *expr.Call) (value.Value, error) {
	m, err := asMap(u)
	if err != nil {
		return nil, err
	}
	at := 0
	switch by := u.Str(1, "key"); by {
	case "key":
	case "value":
		at = 1
	default:
		return nil, value.Errorf(value.FilterError, "'dictsort' sorts by key or value, not by %s", value.Quote(by))
	}
	var pairs, keys []value.Value
	for k, v := range m.All() {
		key, err := keyOf(u, []value.Value{k, v}[at], nil, u.Flag(0, false))
		if err != nil {
			return nil, err
		}
		pairs, keys = append(pairs, value.Tuple{k, v}), append(keys, key)
	}
	return listOrError(u.Context.SortedBy(pairs, keys, u.Flag(2, false)))
}

func mapItems(u *expr.Call) (value.Value, error) {
	m, err := asMap(u)
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
func combine(u *expr.Call) (value.Value, error) {
	merge, recursive := "replace", u.FlagNamed("recursive")
	for k, v := range u.Named.All() {
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
	for _, v := range append([]value.Value{u.In}, u.Rest...) {
		if l, ok := v.([]value.Value); ok {
			layers = append(layers, flat(u, nil, l, -1, false)...)
			continue
		}
		layers = append(layers, v)
	}
	out := &value.Map{}
	for _, v := range layers {
		switch m := v.(type) {
		case *value.Map:
			out = merged(u, out, m, recursive, merge)
		case *value.Unknown:
			return m, nil
		default:
			return nil, value.Errorf(value.FilterError, "'combine' wants maps, not %s", value.Describe(v))
		}
	}
	return out, u.Context.Err()
}

// merged lays b over a.
func merged(u *expr.Call, a, b *value.Map, recursive bool, lists string) *value.Map {
	if !u.Context.Spend(a.Len() + b.Len()) {
		return a
	}
	out := a.Clone()
	for k, v := range b.All() {
		before, ok := out.Get(k)
		if ok {
			v = mergedValue(u, before, v, recursive, lists)
		}
		out.Set(k, v)
	}
	return out
}

func mergedValue(u *expr.Call, a, b value.Value, recursive bool, lists string) value.Value {
	if recursive {
		if unknown, ok := a.(*value.Unknown); ok {
			if _, isMap := b.(*value.Map); isMap {
				return unknown
			}
		}
	}
	if x, ok := a.(*value.Map); ok && recursive {
		if y, ok := b.(*value.Map); ok {
			return merged(u, x, y, true, lists)
		}
	}
	x, ok := a.([]value.Value)
	y, also := b.([]value.Value)
	if !ok || !also {
		return b
	}
	without := func(l, out []value.Value) []value.Value {
		s, _, _ := u.Context.SetOf(out)
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
func extract(u *expr.Call) (value.Value, error) {
	keys := []value.Value{u.In}
	switch more := u.Arg(1, nil).(type) {
	case nil:
	case []value.Value:
		keys = append(keys, more...)
	default:
		keys = append(keys, more)
	}
	v := u.Args[0]
	for _, k := range keys {
		if unknown, ok := v.(*value.Unknown); ok {
			return unknown, nil
		}
		next, ok, err := u.Item(v, k)
		if err != nil {
			return nil, err
		}
		if !ok {
			return u.NoAttribute(v, k), nil
		}
		v = next
	}
	return v, nil
}

// subelements pairs each element with each of a list below it.
func subelements(u *expr.Call) (value.Value, error) {
	in := u.In
	if m, ok := in.(*value.Map); ok {
		var values []value.Value
		for _, v := range m.All() {
			values = append(values, v)
		}
		in = values
	}
	l, err := u.Context.Elements(in)
	if err != nil {
		return nil, err
	}
	path := u.Args[0]
	if parts, ok := path.([]value.Value); ok {
		joined, err := u.Context.Join(parts, ".")
		if err != nil {
			return nil, err
		}
		path = joined
	}
	skip := u.Flag(1, false)
	if m, ok := u.Arg(1, nil).(*value.Map); ok {
		v, _ := m.Get("skip_missing")
		skip, _, _ = value.Truth(v)
	}
	out := []value.Value{}
	for _, e := range l {
		v, err := attributePath(u, e, path)
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
	return out, u.Context.Count(len(out))
}

func attrFilter(u *expr.Call) (value.Value, error) {
	v, ok, err := u.Attr(u.In, u.Str(0, ""))
	if ok || err != nil {
		return v, err
	}
	return u.NoAttribute(u.In, u.Str(0, "")), nil
}
