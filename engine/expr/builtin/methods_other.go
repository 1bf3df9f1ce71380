package builtin

import (
	"math"
	"math/big"
	"slices"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// mapMethods are the methods of dict.
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
		{Names: "pop", Params: "key! *default", How: expr.Partial | expr.Keeps, Changes: true, Do: poppedKey},
		{Names: "popitem", How: expr.Partial | expr.Keeps, Changes: true, Do: poppedItem},
		{Names: "setdefault", Params: "key! default=none", How: expr.Partial | expr.Keeps, Changes: true, Do: setDefault},
		{Names: "fromkeys", Params: "keys! value=none", How: expr.Partial | expr.Keeps, Do: fromKeys},
	}
}

func listOrNone(u *expr.Call, l []value.Value) (value.Value, error) {
	if l == nil {
		l = []value.Value{}
	}
	return l, u.Context.Count(len(l))
}

// poppedKey takes a key out of a map and returns its value.
func poppedKey(u *expr.Call) (value.Value, error) {
	m := u.In.(*value.Map)
	v, ok := m.Get(u.Args[0])
	switch {
	case !ok && len(u.Rest) == 1:
		return expr.Changed{Now: m, Result: u.Rest[0]}, nil
	case !ok || len(u.Rest) > 1:
		return nil, value.Errorf(value.TypeError, "there is no key %s", value.Shorten(value.Repr(u.Args[0]), 60))
	}
	return expr.Changed{Now: without(m, u.Args[0]), Result: v}, u.Context.Count(m.Len())
}

// poppedItem takes the last key out of a map and returns it with its value.
func poppedItem(u *expr.Call) (value.Value, error) {
	m := u.In.(*value.Map)
	keys := m.Keys()
	if len(keys) == 0 {
		return nil, value.Errorf(value.TypeError, "the map is empty")
	}
	last := keys[len(keys)-1]
	v, _ := m.Get(last)
	return expr.Changed{Now: without(m, last), Result: value.Tuple{last, v}}, u.Context.Count(m.Len())
}

func without(m *value.Map, key value.Value) *value.Map {
	out := &value.Map{}
	for k, v := range m.All() {
		if !value.Equal(k, key) {
			out.Set(k, v)
		}
	}
	return out
}

// setDefault returns a key's value, and gives it one first if it has none.
func setDefault(u *expr.Call) (value.Value, error) {
	m := u.In.(*value.Map)
	if v, ok := m.Get(u.Args[0]); ok {
		return expr.Changed{Now: m, Result: v}, nil
	}
	if !value.Hashable(u.Args[0]) {
		return nil, value.Errorf(value.TypeError, "%s cannot be a key", value.Describe(u.Args[0]))
	}
	out := m.Clone()
	out.Set(u.Args[0], u.Arg(1))
	return expr.Changed{Now: out, Result: u.Arg(1)}, u.Context.Count(out.Len())
}

func fromKeys(u *expr.Call) (value.Value, error) {
	keys, err := u.Context.Elements(u.Args[0])
	out := &value.Map{}
	for _, k := range keys {
		if !value.Hashable(k) {
			return nil, value.Errorf(value.TypeError, "%s cannot be a key", value.Describe(k))
		}
		out.Set(k, u.Arg(1))
	}
	return out, err
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
		{Names: "pop", Params: "index=-1", How: expr.Partial | expr.Keeps, Changes: true, Do: poppedIndex},
		{Names: "sort", Params: "* key=none reverse=false", How: expr.Keeps, Changes: true, Do: sortMethod},
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

// poppedIndex takes an element out of a list and returns it.
func poppedIndex(u *expr.Call) (value.Value, error) {
	l, err := u.List()
	if err != nil {
		return nil, err
	}
	i, ok := value.Position(u.Args[0], len(l))
	if !ok {
		return nil, value.Errorf(value.TypeError, "the list has no element %s to take out", value.Repr(u.Args[0]))
	}
	v := l[i]
	return expr.Changed{Now: slices.Delete(l, i, i+1), Result: v}, nil
}

func sortMethod(u *expr.Call) (value.Value, error) {
	if u.Arg(0) != nil {
		return nil, value.Errorf(value.TypeError, "a template has no function that could be the key").WithHint("use the filter: l | sort(attribute=…)")
	}
	l, err := u.List()
	if err != nil {
		return nil, err
	}
	return u.Context.SortedBy(l, l, u.Flag(1))
}

// translation makes the table that translate takes: numbers of characters to what stands for them.
func translation(u *expr.Call) (value.Value, error) {
	out := &value.Map{}
	if m, ok := u.Args[0].(*value.Map); ok {
		for k, v := range m.All() {
			if s, isText := k.(string); isText {
				k = int([]rune(s + "\x00")[0])
			}
			out.Set(k, v)
		}
		return out, u.Context.Count(m.Len())
	}
	from, to := []rune(u.Str(0)), []rune(u.Str(1))
	if u.Err == nil && len(from) != len(to) {
		return nil, value.Errorf(value.TypeError, "'maketrans' wants two texts of one length")
	}
	for i := range min(len(from), len(to)) {
		out.Set(int(from[i]), int(to[i]))
	}
	return out, u.Context.Count(out.Len())
}

func translated(u *expr.Call) (value.Value, error) {
	table, ok := u.Args[0].(*value.Map)
	if !ok {
		u.Wrong(0, "a map", u.Args[0])
	}
	var b strings.Builder
	for _, r := range u.Text() {
		v, found := table.Get(int(r))
		n, isNumber := value.ToInt(v)
		switch {
		case !found:
			b.WriteRune(r)
		case v == nil:
		case isNumber:
			b.WriteRune(rune(n))
		default:
			b.WriteString(value.Text(v))
		}
	}
	return b.String(), u.Context.Write(b.Len())
}

func intMethods() []expr.Operation {
	return []expr.Operation{
		{Names: "bit_length", Do: func(u *expr.Call) (value.Value, error) { return value.ToBig(u.In).BitLen(), nil }},
		{Names: "conjugate", Do: func(u *expr.Call) (value.Value, error) { return value.Signed("+", u.In) }},
		{Names: "is_integer", Do: func(*expr.Call) (value.Value, error) { return true, nil }},
		{Names: "as_integer_ratio", Do: func(u *expr.Call) (value.Value, error) {
			n, err := value.Signed("+", u.In)
			return value.Tuple{n, 1}, err
		}},
	}
}

func floatMethods() []expr.Operation {
	return []expr.Operation{
		{Names: "conjugate", Do: func(u *expr.Call) (value.Value, error) { return u.In, nil }},
		{Names: "is_integer", Do: func(u *expr.Call) (value.Value, error) { f := u.In.(float64); return f == math.Trunc(f), nil }},
		{Names: "as_integer_ratio", Do: func(u *expr.Call) (value.Value, error) {
			f := u.In.(float64)
			r := new(big.Rat)
			if r.SetFloat64(f) == nil {
				return nil, value.Errorf(value.TypeError, "there is no ratio of %s", value.Text(f))
			}
			return value.Tuple{value.Normal(new(big.Int).Set(r.Num())), value.Normal(new(big.Int).Set(r.Denom()))}, nil
		}},
	}
}
