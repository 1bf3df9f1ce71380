package expr

import "runner/engine/expr/value"

// mapMethods are the methods of dict. Those that would change it are refused.
func mapMethods() []operation {
	return []operation{
		{names: "get", params: "key! default", how: raw, do: getMethod},
		{names: "keys", how: partial, do: func(u *use) (value.Value, error) { return u.listOrNone(u.in.(*value.Map).Keys()) }},
		{names: "values", how: partial, do: func(u *use) (value.Value, error) {
			out := []value.Value{}
			for _, v := range u.in.(*value.Map).All() {
				out = append(out, v)
			}
			return u.listOrNone(out)
		}},
		{names: "items", how: partial, do: func(u *use) (value.Value, error) { return u.listOrNone(itemsOf(u.in.(*value.Map))) }},
		{names: "copy", how: partial, do: func(u *use) (value.Value, error) { return u.in, nil }},
		{names: "update", params: "*args **named", do: changing("l | combine({'key': value})")},
		{names: "pop", params: "*args", do: changing("dict2items, rejectattr and items2dict")},
		{names: "popitem clear setdefault", params: "*args", do: changing("a new map")},
	}
}

func (u *use) listOrNone(l []value.Value) (value.Value, error) {
	if l == nil {
		l = []value.Value{}
	}
	return l, u.c.Count(len(l))
}

// changing refuses what would change a value in place.
func changing(instead string) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		return nil, value.Errorf(value.TypeError, "'%s' would change a value of the playbook", u.name).WithHint("use " + instead)
	}
}

func getMethod(u *use) (value.Value, error) {
	key, err := u.c.force(u.args[0])
	if err != nil {
		return nil, err
	}
	unknown, err := u.c.Usable(key)
	if unknown != nil || err != nil {
		return orUnknown(unknown), err
	}
	v, ok, err := u.st.item(u.in, key)
	if ok || err != nil {
		return v, err
	}
	return u.arg(1, nil), nil
}

// listMethods are the methods of list.
func listMethods() []operation {
	return []operation{
		{names: "index", params: "value! start stop", do: indexMethod},
		{names: "count", params: "value!", do: countInList},
		{names: "copy", how: partial, do: listFilter},
		{names: "append", params: "value!", how: partial, do: func(u *use) (value.Value, error) {
			l, err := u.listOf()
			return append(l, u.args[0]), err
		}},
		{names: "extend", params: "values!", how: partial, do: func(u *use) (value.Value, error) {
			l, err := u.listOf()
			if err != nil {
				return nil, err
			}
			more, err := u.c.Elements(u.args[0])
			return append(l, more...), err
		}},
		{names: "insert", params: "*args", do: changing("l[:i] + [x] + l[i:]")},
		{names: "pop", params: "*args", do: changing("l[:-1] and l[-1]")},
		{names: "remove clear", params: "*args", do: changing("`| difference([x])`")},
		{names: "sort", params: "*args **named", do: changing("`| sort`")},
		{names: "reverse", params: "*args", do: changing("`| reverse`")},
	}
}

func indexMethod(u *use) (value.Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	from, to := u.int(1, 0), u.int(2, len(l))
	if from < 0 {
		from = max(from+len(l), 0)
	}
	if to < 0 {
		to += len(l)
	}
	for i := from; i < min(to, len(l)); i++ {
		if u.c.Equal(l[i], u.args[0]) {
			return i, u.c.Count(i)
		}
	}
	return nil, value.Errorf(value.TypeError, "%s is not in the list", value.Shorten(value.Repr(u.args[0]), 60))
}

func countInList(u *use) (value.Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	n := 0
	for _, v := range l {
		n += value.BoolInt(u.c.Equal(v, u.args[0]))
	}
	return n, u.c.Count(len(l))
}

// loopMethods are the methods of `loop`.
func loopMethods() []operation {
	return []operation{
		{names: "cycle", params: "*args", how: raw, do: func(u *use) (value.Value, error) {
			if len(u.rest) == 0 {
				return nil, value.Errorf(value.TypeError, "'cycle' needs values to go through")
			}
			return u.rest[u.in.(*loopVar).i%len(u.rest)], nil
		}},
		{names: "changed", params: "*args", do: func(u *use) (value.Value, error) {
			l := u.in.(*loopVar)
			same := l.changed != nil && u.c.EqualLists(l.changed, u.rest)
			l.changed = append([]value.Value{}, u.rest...)
			return !same, nil
		}},
	}
}
