package builtin

import (
	"slices"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// mapMethods are the methods of dict. Those that would change it are refused.
func mapMethods() []expr.Operation {
	return []expr.Operation{
		{Names: "get", Params: "key! default=none", How: expr.Raw | expr.Keeps, Do: getMethod},
		{Names: "keys", How: expr.Partial | expr.Keeps, Do: func(u *expr.Call) (value.Value, error) { return listOrNone(u, u.In.(*value.Map).Keys()) }},
		{Names: "values", How: expr.Values | expr.Keeps, Do: func(u *expr.Call) (value.Value, error) {
			out := []value.Value{}
			for _, v := range u.In.(*value.Map).All() {
				out = append(out, v)
			}
			return listOrNone(u, out)
		}},
		{Names: "items", How: expr.Values | expr.Keeps, Do: func(u *expr.Call) (value.Value, error) { return listOrNone(u, itemsOf(u.In.(*value.Map))) }},
		{Names: "copy", How: expr.Partial | expr.Keeps, Do: func(u *expr.Call) (value.Value, error) { return u.In, nil }},
		{Names: "update", Params: "*maps **entries", How: expr.Partial | expr.Keeps, Changes: true, Do: updated},
		{Names: "clear", Changes: true, Do: func(*expr.Call) (value.Value, error) { return &value.Map{}, nil }},
		{Names: "pop", Params: "*args", Do: changing("dict2items, rejectattr and items2dict")},
		{Names: "popitem setdefault", Params: "*args", Do: changing("a new map")},
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
		{Names: "copy", How: expr.Partial | expr.Keeps, Do: listFilter},
		{Names: "append", Params: "value!", How: expr.Partial | expr.Keeps, Changes: true, Do: func(u *expr.Call) (value.Value, error) {
			l, err := u.List()
			return append(l, u.Args[0]), err
		}},
		{Names: "extend", Params: "values!", How: expr.Partial | expr.Keeps, Changes: true, Do: func(u *expr.Call) (value.Value, error) {
			l, err := u.List()
			if err != nil {
				return nil, err
			}
			more, err := u.Context.Elements(u.Args[0])
			return append(l, more...), err
		}},
		{Names: "insert", Params: "index! value!", How: expr.Partial | expr.Keeps, Changes: true, Do: inserted},
		{Names: "remove", Params: "value!", Changes: true, How: expr.Keeps, Do: removed},
		{Names: "clear", Changes: true, Do: func(*expr.Call) (value.Value, error) { return []value.Value{}, nil }},
		{Names: "pop", Params: "*args", Do: changing("l[:-1] and l[-1]")},
		{Names: "sort", Params: "*args **named", Do: changing("`| sort`")},
		{Names: "reverse", How: expr.Items | expr.Keeps, Changes: true, Do: reverse},
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

// updated returns the map with others laid over it.
func updated(u *expr.Call) (value.Value, error) {
	if len(u.Rest) > 1 {
		return nil, value.Errorf(value.TypeError, "'update' takes one map or list of pairs")
	}
	out := u.In.(*value.Map).Clone()
	if len(u.Rest) == 1 {
		more, err := mapFrom(u.Context, u.Rest[0])
		if err != nil {
			return nil, err
		}
		for k, v := range more.All() {
			out.Set(k, v)
		}
	}
	for k, v := range u.Named.All() {
		out.Set(k, v)
	}
	return out, u.Context.Count(out.Len())
}

func inserted(u *expr.Call) (value.Value, error) {
	l, err := u.List()
	if err != nil {
		return nil, err
	}
	i := u.Int(0)
	if i < 0 {
		i = max(i+len(l), 0)
	}
	return slices.Insert(l, min(i, len(l)), u.Args[1]), nil
}

func removed(u *expr.Call) (value.Value, error) {
	l, err := u.List()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(l, func(v value.Value) bool { return u.Context.Equal(v, u.Args[0]) })
	if i < 0 {
		return nil, value.Errorf(value.TypeError, "%s is not in the list", value.Shorten(value.Repr(u.Args[0]), 60))
	}
	return slices.Delete(l, i, i+1), u.Context.Count(len(l))
}
