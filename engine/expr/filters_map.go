package expr

import (
	"slices"
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

// A set finds values that are equal.
type set struct {
	c     *Context
	keyed map[any]bool
	other []Value // what cannot be a key
}

func (s *set) has(v Value) bool {
	if hashable(v) {
		return s.keyed[hashOf(v)]
	}
	return slices.ContainsFunc(s.other, func(o Value) bool { return s.c.spend(1) && s.c.equal(o, v) })
}

// add reports whether v is new.
func (s *set) add(v Value) bool {
	if s.has(v) {
		return false
	}
	if !hashable(v) {
		s.other = append(s.other, v)
		return true
	}
	if s.keyed == nil {
		s.keyed = map[any]bool{}
	}
	s.keyed[hashOf(v)] = true
	return true
}

func (c *Context) setOf(v Value) (*set, []Value, error) {
	l, err := c.elements(v)
	if err != nil {
		return nil, nil, err
	}
	s := &set{c: c}
	for _, e := range l {
		s.add(e)
	}
	return s, l, c.spent(len(l))
}

func setOperation(keep func(inA, inB bool) bool) func(*use) (Value, error) {
	return func(u *use) (Value, error) {
		a, la, err := u.c.setOf(u.in)
		if err != nil {
			return nil, err
		}
		b, lb, err := u.c.setOf(u.args[0])
		if err != nil {
			return nil, err
		}
		out, seen := []Value{}, &set{c: u.c}
		for _, v := range slices.Concat(la, lb) {
			if keep(a.has(v), b.has(v)) && seen.add(v) {
				out = append(out, v)
			}
		}
		return out, u.c.tooMuch()
	}
}

func unique(u *use) (Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	out, seen := []Value{}, &set{c: u.c}
	for _, v := range l {
		k, err := u.keyOf(v, u.arg(1, nil), u.flag(0, false))
		if err != nil {
			return nil, err
		}
		if seen.add(k) {
			out = append(out, v)
		}
	}
	return out, u.c.spent(len(l))
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

func (u *use) asMap() (*Map, error) {
	if m, ok := u.in.(*Map); ok {
		return m, u.c.spent(m.Len())
	}
	return nil, fail(FilterError, "'%s' wants a map, not %s", u.name, described(u.in))
}

func dict2items(u *use) (Value, error) {
	m, err := u.asMap()
	if err != nil {
		return nil, err
	}
	out := make([]Value, 0, m.Len())
	for k, v := range m.All() {
		out = append(out, MapOf(u.str(0, "key"), k, u.str(1, "value"), v))
	}
	return out, nil
}

func items2dict(u *use) (Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	if _, ok := u.in.(string); ok {
		return nil, fail(FilterError, "'items2dict' wants a list, not %s", described(u.in))
	}
	m := &Map{}
	for _, e := range l {
		item, ok := e.(*Map)
		k, hasKey := item.Get(u.str(0, "key"))
		v, hasValue := item.Get(u.str(1, "value"))
		if !ok || !hasKey || !hasValue {
			return nil, fail(FilterError, "'items2dict' wants maps with '%s' and '%s', not %s",
				u.str(0, "key"), u.str(1, "value"), shorten(repr(e), 60))
		}
		if unknown, ok := k.(*Unknown); ok {
			return unknown, nil
		}
		if !hashable(k) {
			return nil, fail(FilterError, "%s cannot be a key", described(k))
		}
		m.Set(k, v)
	}
	return m, u.c.spent(len(l))
}

func dictSort(u *use) (Value, error) {
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
		return nil, fail(FilterError, "'dictsort' sorts by key or value, not by %s", strQuote(by))
	}
	var pairs, keys []Value
	for k, v := range m.All() {
		key, err := u.keyOf([]Value{k, v}[at], nil, u.flag(0, false))
		if err != nil {
			return nil, err
		}
		pairs, keys = append(pairs, Tuple{k, v}), append(keys, key)
	}
	return listOrError(u.c.sortedBy(pairs, keys, u.flag(2, false)))
}

func mapItems(u *use) (Value, error) {
	m, err := u.asMap()
	if err != nil {
		return nil, err
	}
	return itemsOf(m), nil
}

func itemsOf(m *Map) []Value {
	out := make([]Value, 0, m.Len())
	for k, v := range m.All() {
		out = append(out, Tuple{k, v})
	}
	return out
}

// combine lays maps over each other, the last one on top.
func combine(u *use) (Value, error) {
	merge, recursive := "replace", u.flagNamed("recursive")
	for k, v := range u.named.All() {
		switch s, _ := v.(string); k {
		case "recursive":
		case "list_merge":
			if !slices.Contains([]string{"replace", "keep", "append", "prepend", "append_rp", "prepend_rp"}, s) {
				return nil, fail(FilterError, "'combine' has no list_merge %s", repr(v)).
					withHint("replace, keep, append, prepend, append_rp or prepend_rp")
			}
			merge = s
		default:
			return nil, fail(FilterError, "'combine' has no option %s", repr(k)).withHint("recursive and list_merge")
		}
	}
	var layers []Value
	for _, v := range append([]Value{u.in}, u.rest...) {
		if l, ok := v.([]Value); ok {
			layers = append(layers, u.flat(nil, l, -1, false)...)
			continue
		}
		layers = append(layers, v)
	}
	out := &Map{}
	for _, v := range layers {
		switch m := v.(type) {
		case *Map:
			out = u.merged(out, m, recursive, merge)
		case *Unknown:
			return m, nil
		default:
			return nil, fail(FilterError, "'combine' wants maps, not %s", described(v))
		}
	}
	return out, u.c.tooMuch()
}

// merged lays b over a.
func (u *use) merged(a, b *Map, recursive bool, lists string) *Map {
	if !u.c.spend(a.Len() + b.Len()) {
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

func (u *use) mergedValue(a, b Value, recursive bool, lists string) Value {
	if recursive {
		if unknown, ok := a.(*Unknown); ok {
			if _, isMap := b.(*Map); isMap {
				return unknown
			}
		}
	}
	if x, ok := a.(*Map); ok && recursive {
		if y, ok := b.(*Map); ok {
			return u.merged(x, y, true, lists)
		}
	}
	x, ok := a.([]Value)
	y, also := b.([]Value)
	if !ok || !also {
		return b
	}
	without := func(l, out []Value) []Value {
		s, _, _ := u.c.setOf(out)
		return slices.DeleteFunc(slices.Clone(l), s.has)
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
func extract(u *use) (Value, error) {
	keys := []Value{u.in}
	switch more := u.arg(1, nil).(type) {
	case nil:
	case []Value:
		keys = append(keys, more...)
	default:
		keys = append(keys, more)
	}
	v := u.args[0]
	for _, k := range keys {
		if unknown, ok := v.(*Unknown); ok {
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
func subelements(u *use) (Value, error) {
	in := u.in
	if m, ok := in.(*Map); ok {
		var values []Value
		for _, v := range m.All() {
			values = append(values, v)
		}
		in = values
	}
	l, err := u.c.elements(in)
	if err != nil {
		return nil, err
	}
	path := u.args[0]
	if parts, ok := path.([]Value); ok {
		joined, err := u.c.joined(parts, ".")
		if err != nil {
			return nil, err
		}
		path = joined
	}
	skip := u.flag(1, false)
	if m, ok := u.arg(1, nil).(*Map); ok {
		v, _ := m.Get("skip_missing")
		skip, _, _ = truthOf(v)
	}
	out := []Value{}
	for _, e := range l {
		v, err := u.attributePath(e, path)
		if err != nil {
			return nil, err
		}
		subs, ok := v.([]Value)
		if d, missing := v.(*Undefined); missing && !skip {
			return nil, undefinedError(d)
		} else if !missing && !ok {
			return nil, fail(FilterError, "'subelements' wants a list under %s, not %s", repr(path), described(v))
		}
		for _, s := range subs {
			out = append(out, []Value{e, s})
		}
	}
	return out, u.c.spent(len(out))
}

func attrFilter(u *use) (Value, error) {
	v, ok, err := u.st.attr(u.in, u.str(0, ""))
	if ok || err != nil {
		return v, err
	}
	return u.noAttribute(u.in, u.str(0, "")), nil
}
