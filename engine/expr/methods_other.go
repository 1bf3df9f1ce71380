package expr

// mapMethods are the methods of dict. Those that would change it are refused.
func mapMethods() []operation {
	return []operation{
		{names: "get", params: "key! default", how: raw, do: getMethod},
		{names: "keys", how: partial, do: func(u *use) (Value, error) { return u.listOrNone(u.in.(*Map).Keys()) }},
		{names: "values", how: partial, do: func(u *use) (Value, error) {
			out := []Value{}
			for _, v := range u.in.(*Map).All() {
				out = append(out, v)
			}
			return u.listOrNone(out)
		}},
		{names: "items", how: partial, do: func(u *use) (Value, error) { return u.listOrNone(itemsOf(u.in.(*Map))) }},
		{names: "copy", how: partial, do: func(u *use) (Value, error) { return u.in, nil }},
		{names: "update", params: "*args **named", do: changing("l | combine({'key': value})")},
		{names: "pop", params: "*args", do: changing("dict2items, rejectattr and items2dict")},
		{names: "popitem clear setdefault", params: "*args", do: changing("a new map")},
	}
}

func (u *use) listOrNone(l []Value) (Value, error) {
	if l == nil {
		l = []Value{}
	}
	return l, u.c.spent(len(l))
}

// changing refuses what would change a value in place.
func changing(instead string) func(*use) (Value, error) {
	return func(u *use) (Value, error) {
		return nil, fail(TypeError, "'%s' would change a value of the playbook", u.name).withHint("use " + instead)
	}
}

func getMethod(u *use) (Value, error) {
	key, err := u.c.force(u.args[0])
	if err != nil {
		return nil, err
	}
	unknown, err := u.c.usable(key)
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
		{names: "append", params: "value!", how: partial, do: func(u *use) (Value, error) {
			l, err := u.listOf()
			return append(l, u.args[0]), err
		}},
		{names: "extend", params: "values!", how: partial, do: func(u *use) (Value, error) {
			l, err := u.listOf()
			if err != nil {
				return nil, err
			}
			more, err := u.c.elements(u.args[0])
			return append(l, more...), err
		}},
		{names: "insert", params: "*args", do: changing("l[:i] + [x] + l[i:]")},
		{names: "pop", params: "*args", do: changing("l[:-1] and l[-1]")},
		{names: "remove clear", params: "*args", do: changing("`| difference([x])`")},
		{names: "sort", params: "*args **named", do: changing("`| sort`")},
		{names: "reverse", params: "*args", do: changing("`| reverse`")},
	}
}

func indexMethod(u *use) (Value, error) {
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
		if u.c.equal(l[i], u.args[0]) {
			return i, u.c.spent(i)
		}
	}
	return nil, fail(TypeError, "%s is not in the list", shorten(repr(u.args[0]), 60))
}

func countInList(u *use) (Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	n := 0
	for _, v := range l {
		n += boolInt(u.c.equal(v, u.args[0]))
	}
	return n, u.c.spent(len(l))
}

// loopMethods are the methods of `loop`.
func loopMethods() []operation {
	return []operation{
		{names: "cycle", params: "*args", how: raw, do: func(u *use) (Value, error) {
			if len(u.rest) == 0 {
				return nil, fail(TypeError, "'cycle' needs values to go through")
			}
			return u.rest[u.in.(*loopVar).i%len(u.rest)], nil
		}},
		{names: "changed", params: "*args", do: func(u *use) (Value, error) {
			l := u.in.(*loopVar)
			same := l.changed != nil && u.c.equalLists(l.changed, u.rest)
			l.changed = append([]Value{}, u.rest...)
			return !same, nil
		}},
	}
}
