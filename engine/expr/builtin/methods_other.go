package builtin

import (
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// mapMethods are the methods of dict. Those that would change it are refused.
func mapMethods() []expr.Operation {
	return []expr.Operation{
		{Names: "get", Params: "key! default=none", How: expr.Raw, Do: getMethod},
		{Names: "keys", How: expr.Partial, Do: func(u *expr.Call) (value.Value, error) { return listOrNone(u, u.In.(*value.Map).Keys()) }},
		{Names: "values", How: expr.Partial, Do: func(u *expr.Call) (value.Value, error) {
			out := []value.Value{}
			for _, v := range u.In.(*value.Map).All() {
				out = append(out, v)
			}
			return listOrNone(u, out)
		}},
		{Names: "items", How: expr.Partial, Do: func(u *expr.Call) (value.Value, error) { return listOrNone(u, itemsOf(u.In.(*value.Map))) }},
		{Names: "copy", How: expr.Partial, Do: func(u *expr.Call) (value.Value, error) { return u.In, nil }},
		{Names: "update", Params: "*args **named", Do: changing("l | combine({'key': value})")},
		{Names: "pop", Params: "*args", Do: changing("dict2items, rejectattr and items2dict")},
		{Names: "popitem clear setdefault", Params: "*args", Do: changing("a new map")},
	}
}

func listOrNone(u *expr.Call, l []value.Value) (value.Value, error) {
	if l == nil {
		l = []value.Value{}
	}
	return l, u.Context.Count(len(l))
}

// changing refuses what would change a value in place.
func changing(instead string) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		return nil, value.Errorf(value.TypeError, "'%s' would change a value of the playbook", u.Name).WithHint("use " + instead)
	}
}

func getMethod(u *expr.Call) (value.Value, error) {
	key, err := u.Context.Force(u.Args[0])
	if err != nil {
		return nil, err
	}
	unknown, err := u.Context.Usable(key)
	if unknown != nil || err != nil {
		return expr.OrUnknown(unknown), err
	}
	v, ok, err := u.Item(u.In, key)
	if ok || err != nil {
		return v, err
	}
	return u.Arg(1), nil
}

// listMethods are the methods of list.
func listMethods() []expr.Operation {
	return []expr.Operation{
		{Names: "index", Params: "value! start=none stop=none", Do: indexMethod},
		{Names: "count", Params: "value!", Do: countInList},
		{Names: "copy", How: expr.Partial, Do: listFilter},
		{Names: "append", Params: "value!", How: expr.Partial, Do: func(u *expr.Call) (value.Value, error) {
			l, err := u.List()
			return append(l, u.Args[0]), err
		}},
		{Names: "extend", Params: "values!", How: expr.Partial, Do: func(u *expr.Call) (value.Value, error) {
			l, err := u.List()
			if err != nil {
				return nil, err
			}
			more, err := u.Context.Elements(u.Args[0])
			return append(l, more...), err
		}},
		{Names: "insert", Params: "*args", Do: changing("l[:i] + [x] + l[i:]")},
		{Names: "pop", Params: "*args", Do: changing("l[:-1] and l[-1]")},
		{Names: "remove clear", Params: "*args", Do: changing("`| difference([x])`")},
		{Names: "sort", Params: "*args **named", Do: changing("`| sort`")},
		{Names: "reverse", Params: "*args", Do: changing("`| reverse`")},
	}
}

func indexMethod(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	from, to := 0, len(l)
	if u.Arg(1) != nil {
		from = u.Int(1)
	}
	if u.Arg(2) != nil {
		to = u.Int(2)
	}
	if from < 0 {
		from = max(from+len(l), 0)
	}
	if to < 0 {
		to += len(l)
	}
	for i := from; i < min(to, len(l)); i++ {
		if u.Context.Equal(l[i], u.Args[0]) {
			return i, u.Context.Count(i)
		}
	}
	return nil, value.Errorf(value.TypeError, "%s is not in the list", value.Shorten(value.Repr(u.Args[0]), 60))
}

func countInList(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	n := 0
	for _, v := range l {
		n += value.BoolInt(u.Context.Equal(v, u.Args[0]))
	}
	return n, u.Context.Count(len(l))
}
