package builtin

import (
	"slices"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// mapFilters work on maps.
func mapFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "dict2items", Params: "key_name='key' value_name='value'", Doc: "a map as a list of keys and values", How: expr.Values | expr.Keeps, Do: dict2items},
		{Names: "items2dict", Params: "key_name='key' value_name='value'", Doc: "a list of keys and values as a map", How: expr.Items | expr.Keeps, Do: items2dict},
		{Names: "dictsort", Params: "case_sensitive=false by='key' reverse=false", Doc: "the pairs of a map, in order", How: expr.Keeps, Do: dictSort},
		{Names: "items", Doc: "the pairs of a map", How: expr.Raw | expr.Keeps, Do: mapItems},
		{Names: "combine", Params: "*others recursive=false list_merge='replace'", Doc: "the map with other maps laid over it", How: expr.Values | expr.Keeps, Do: combine},
		{Names: "extract", Params: "container! morekeys=none", Doc: "the element of a container that has this key", How: expr.Partial | expr.Keeps, Do: extract},
		{Names: "subelements", Params: "subelements! skip_missing=false", Doc: "each element with each of a list in it", How: expr.Plugin | expr.Keeps, Do: subelements},
		{Names: "rekey_on_member", Params: "key! duplicates='error'", Doc: "maps in a map whose keys are a member of each", How: expr.Plugin | expr.Keeps, Do: rekey},
		{Names: "attr", Params: "name!", Doc: "the value's attribute", How: expr.Partial | expr.Keeps, Do: attrFilter},
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
		out = append(out, value.MapOf(u.Str(0), k, u.Str(1), v))
	}
	return out, nil
}

func items2dict(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	switch u.In.(type) {
	case string, *value.Map:
		return nil, value.Errorf(value.FilterError, "'items2dict' wants a list, not %s", value.Describe(u.In))
	}
	m := &value.Map{}
	for _, e := range l {
		k, hasKey, wrong := u.Item(e, u.Args[0])
		v, hasValue, _ := u.Item(e, u.Args[1])
		if !hasKey || !hasValue || wrong != nil {
			return nil, value.Errorf(value.FilterError, "'items2dict' wants maps with %s and %s, not %s",
				value.Repr(u.Args[0]), value.Repr(u.Args[1]), value.Shorten(value.Repr(e), 60))
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
	switch by := u.Str(1); by {
	case "key":
	case "value":
		at = 1
	default:
		return nil, value.Errorf(value.FilterError, "'dictsort' sorts by key or value, not by %s", value.Quote(by))
	}
	var pairs, keys []value.Value
	for k, v := range m.All() {
		key, err := keyOf(u, []value.Value{k, v}[at], nil, u.Flag(0))
		if err != nil {
			return nil, err
		}
		pairs, keys = append(pairs, value.Tuple{k, v}), append(keys, key)
	}
	return listOrError(u.Context.SortedBy(pairs, keys, u.Flag(2)))
}

func mapItems(u *expr.Call) (value.Value, error) {
	v, err := u.Context.Force(u.In)
	if err != nil {
		return nil, err
	}
	switch m := v.(type) {
	case *value.Undefined:
		return nil, m.Err()
	case *value.Unknown:
		return m, nil
	case *value.Map:
		return itemsOf(m), u.Context.Count(m.Len())
	}
	return nil, value.Errorf(value.TypeError, "'items' wants a map, not %s", value.Describe(v))
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
	merge := u.Str(1)
	if !slices.Contains([]string{"replace", "keep", "append", "prepend", "append_rp", "prepend_rp"}, merge) {
		return nil, value.Errorf(value.FilterError, "'combine' has no list_merge %s", value.Quote(merge)).
			WithHint("replace, keep, append, prepend, append_rp or prepend_rp")
	}
	layers := flat(u, nil, append([]value.Value{u.In}, u.Rest...), 1, true)
	if len(layers) == 1 {
		return layers[0], nil
	}
	out := &value.Map{}
	for i, v := range layers {
		switch m := v.(type) {
		case *value.Map:
			if out = m; i > 0 {
				before, _ := layers[i-1].(*value.Map)
				out = merged(u, before, m, u.Flag(0), merge)
			}
			layers[i] = out
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
	switch more := u.Arg(1).(type) {
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
	var l []value.Value
	switch in := u.In.(type) {
	case *value.Map:
		for _, v := range in.All() {
			l = append(l, v)
		}
	case []value.Value:
		l = in
	default:
		return nil, value.Errorf(value.FilterError, "'subelements' wants a list or a map, not %s", value.Describe(u.In))
	}
	var path []value.Value
	switch p := u.Args[0].(type) {
	case string:
		for part := range strings.SplitSeq(p, ".") {
			path = append(path, part)
		}
	case []value.Value:
		path = p
	default:
		return nil, value.Errorf(value.FilterError, "the path of 'subelements' is text or a list, not %s", value.Describe(p))
	}
	skip := u.Flag(1)
	if m, ok := u.Arg(1).(*value.Map); ok {
		v, _ := m.Get("skip_missing")
		skip = isSet(v)
	}
	out := []value.Value{}
	for _, e := range l {
		subs, err := listUnder(e, path, skip)
		if err != nil {
			return nil, err
		}
		for _, s := range subs {
			out = append(out, value.Tuple{e, s})
		}
	}
	return out, u.Context.Count(len(out))
}

// listUnder returns the list at the end of a path of keys.
func listUnder(v value.Value, path []value.Value, skip bool) ([]value.Value, error) {
	for _, k := range path {
		m, ok := v.(*value.Map)
		if !ok {
			return nil, value.Errorf(value.FilterError, "%s is to be a key of a map, not of %s", value.Repr(k), value.Describe(v))
		}
		if v, ok = m.Get(k); !ok && skip {
			return nil, nil
		}
		if !ok {
			return nil, value.Errorf(value.FilterError, "there is no key %s in %s", value.Repr(k), value.Shorten(value.Repr(m), 60))
		}
	}
	l, ok := v.([]value.Value)
	if !ok {
		return nil, value.Errorf(value.FilterError, "'subelements' wants a list there, not %s", value.Describe(v))
	}
	return l, nil
}

// attrFilter returns an attribute: a key of a map is none.
func attrFilter(u *expr.Call) (value.Value, error) {
	if _, isMap := u.In.(*value.Map); isMap {
		return u.NoAttribute(u.In, u.Str(0)), nil
	}
	v, ok, err := u.Attr(u.In, u.Str(0))
	if ok || err != nil {
		return v, err
	}
	return u.NoAttribute(u.In, u.Str(0)), nil
}

// rekey makes a map of maps by a member of each.
func rekey(u *expr.Call) (value.Value, error) {
	duplicates := u.Str(1)
	if duplicates != "error" && duplicates != "overwrite" {
		return nil, value.Errorf(value.FilterError, "duplicates of 'rekey_on_member' is error or overwrite, not %s", value.Quote(duplicates))
	}
	var l []value.Value
	switch in := u.In.(type) {
	case *value.Map:
		for _, v := range in.All() {
			l = append(l, v)
		}
	case string:
		return nil, value.Errorf(value.FilterError, "'rekey_on_member' wants a list or a map, not %s", value.Describe(in))
	default:
		var err error
		if l, err = u.Elements(); err != nil {
			return nil, err
		}
	}
	out := &value.Map{}
	for _, e := range l {
		m, ok := e.(*value.Map)
		if !ok {
			return nil, value.Errorf(value.FilterError, "'rekey_on_member' wants maps in it, not %s", value.Describe(e))
		}
		k, ok := m.Get(u.Args[0])
		if !ok || !value.Hashable(k) {
			return nil, value.Errorf(value.FilterError, "there is no key under %s in %s", value.Repr(u.Args[0]), value.Shorten(value.Repr(e), 60))
		}
		if _, twice := out.Get(k); twice && duplicates == "error" {
			return nil, value.Errorf(value.FilterError, "the key %s is there more than once", value.Repr(k)).WithHint("give duplicates='overwrite'")
		}
		out.Set(k, m)
	}
	return out, u.Context.Count(len(l))
}
