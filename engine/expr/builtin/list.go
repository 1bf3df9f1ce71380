package builtin

import (
	"slices"
	"unicode/utf8"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// listFilters work on lists as wholes.
func listFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "length count", How: expr.Partial, Do: length},
		{Names: "list", How: expr.Partial, Do: listFilter},
		{Names: "first", How: expr.Partial, Do: first},
		{Names: "last", How: expr.Partial, Do: last},
		{Names: "join", Params: "d attribute", Do: joinFilter},
		{Names: "reverse", How: expr.Partial, Do: reverse},
		{Names: "sort", Params: "reverse case_sensitive attribute", Do: sortFilter},
		{Names: "min", Params: "case_sensitive attribute", Do: extreme(-1)},
		{Names: "max", Params: "case_sensitive attribute", Do: extreme(1)},
		{Names: "sum", Params: "attribute start", Do: sum},
		{Names: "batch", Params: "linecount! fill_with", How: expr.Partial, Do: batch},
		{Names: "slice", Params: "slices! fill_with", How: expr.Partial, Do: sliceFilter},
		{Names: "flatten", Params: "levels skip_nulls", How: expr.Plugin, Do: flatten},
		{Names: "zip", Params: "*others", How: expr.Partial, Do: zip},
		{Names: "zip_longest", Params: "*others **options", How: expr.Partial, Do: zipLongest},
		{Names: "product", Params: "*others", How: expr.Plugin, Do: product},
		{Names: "groupby", Params: "attribute! default case_sensitive", Do: groupBy},
	}
}

func length(u *expr.Call) (value.Value, error) {
	switch v := u.In.(type) {
	case string:
		return utf8.RuneCountInString(v), nil
	case *value.Map:
		return v.Len(), nil
	case *value.Range:
		return v.Len(), nil
	case []value.Value, value.Tuple:
		l, err := u.Elements()
		return len(l), err
	}
	return nil, value.Errorf(value.TypeError, "%s has no length", value.Describe(u.In))
}

func listFilter(u *expr.Call) (value.Value, error) {
	l, err := u.List()
	if err != nil {
		return nil, err
	}
	return l, nil
}

func first(u *expr.Call) (value.Value, error) {
	return endOf(u, func(l []value.Value) value.Value { return l[0] })
}

func last(u *expr.Call) (value.Value, error) {
	return endOf(u, func(l []value.Value) value.Value { return l[len(l)-1] })
}

func endOf(u *expr.Call, pick func([]value.Value) value.Value) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	if len(l) == 0 {
		return u.Nothing("there is no " + u.Name + " element, because there are none"), nil
	}
	return pick(l), nil
}

func joinFilter(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err == nil && u.Arg(1, nil) != nil {
		l, err = attributes(u, l, u.Args[1], nil)
	}
	if err != nil {
		return nil, err
	}
	sep := ""
	if u.Arg(0, "") != nil {
		sep = value.Text(u.Arg(0, ""))
	}
	return u.Context.Join(l, sep)
}

func reverse(u *expr.Call) (value.Value, error) {
	if s, ok := u.In.(string); ok {
		r := []rune(s)
		slices.Reverse(r)
		return string(r), u.Context.Write(len(s))
	}
	l, err := u.List()
	if err != nil {
		return nil, err
	}
	slices.Reverse(l)
	return l, nil
}

func batch(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	n := u.Int(0, 1)
	if n < 1 || n > value.MaxSteps {
		return nil, value.Errorf(value.TypeError, "'batch' wants a number from 1 on")
	}
	out := []value.Value{}
	for chunk := range slices.Chunk(l, n) {
		row := slices.Clone(chunk)
		for fill := u.Arg(1, nil); fill != nil && len(row) < n; {
			row = append(row, fill)
		}
		out = append(out, row)
	}
	return out, u.Context.Count(len(l) + n)
}

// sliceFilter makes so many columns of a list, the first ones longer.
func sliceFilter(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	n := u.Int(0, 1)
	if n < 1 || n > value.MaxSteps {
		return nil, value.Errorf(value.TypeError, "'slice' wants a number from 1 on")
	}
	size, longer := len(l)/n, len(l)%n
	out, at := []value.Value{}, 0
	for i := range n {
		end := at + size
		if i < longer {
			end++
		}
		row := slices.Clone(l[at:end])
		if row == nil {
			row = []value.Value{}
		}
		if fill := u.Arg(1, nil); fill != nil && i >= longer && longer > 0 {
			row = append(row, fill)
		}
		out, at = append(out, row), end
	}
	return out, u.Context.Count(len(l) + n)
}

func flatten(u *expr.Call) (value.Value, error) {
	l, ok := u.In.([]value.Value)
	if t, isTuple := u.In.(value.Tuple); isTuple {
		l, ok = t, true
	}
	if !ok {
		return nil, value.Errorf(value.FilterError, "'flatten' wants a list, not %s", value.Describe(u.In))
	}
	levels := -1
	if u.Arg(0, nil) != nil {
		levels = u.Int(0, -1)
	}
	return flat(u, nil, l, levels, u.Flag(1, true)), u.Context.Err()
}

func flat(u *expr.Call, out, l []value.Value, levels int, skipNone bool) []value.Value {
	if out == nil {
		out = []value.Value{}
	}
	for _, v := range l {
		if !u.Context.Spend(1) {
			return out
		}
		inner, ok := v.([]value.Value)
		if t, isTuple := v.(value.Tuple); isTuple {
			inner, ok = t, true
		}
		switch {
		case ok && levels != 0:
			out = flat(u, out, inner, levels-1, skipNone)
		case skipNone && (v == nil || v == "None" || v == "null"):
		default:
			out = append(out, v)
		}
	}
	return out
}

// rows gives what the operation works on and its other lists.
func rows(u *expr.Call) (lists [][]value.Value, shortest, longest int, err error) {
	for i, v := range append([]value.Value{u.In}, u.Rest...) {
		l, err := u.Context.Elements(v)
		if err != nil {
			return nil, 0, 0, err
		}
		if lists = append(lists, l); i == 0 || len(l) < shortest {
			shortest = len(l)
		}
		longest = max(longest, len(l))
	}
	return lists, shortest, longest, u.Context.Count(longest * len(lists))
}

func zip(u *expr.Call) (value.Value, error) {
	lists, n, _, err := rows(u)
	if err != nil {
		return nil, err
	}
	return zipped(lists, n, nil), nil
}

func zipLongest(u *expr.Call) (value.Value, error) {
	lists, _, n, err := rows(u)
	if err != nil {
		return nil, err
	}
	fill, _ := u.Named.Get("fillvalue")
	return zipped(lists, n, fill), nil
}

func zipped(lists [][]value.Value, n int, fill value.Value) []value.Value {
	out := make([]value.Value, n)
	for i := range out {
		row := make([]value.Value, len(lists))
		for j, l := range lists {
			if row[j] = fill; i < len(l) {
				row[j] = l[i]
			}
		}
		out[i] = row
	}
	return out
}

func product(u *expr.Call) (value.Value, error) {
	lists, _, _, err := rows(u)
	if err != nil {
		return nil, err
	}
	out := []value.Value{[]value.Value{}}
	for _, l := range lists {
		if err := u.Context.Count(len(out) * len(l)); err != nil {
			return nil, err
		}
		next := make([]value.Value, 0, len(out)*len(l))
		for _, row := range out {
			for _, v := range l {
				next = append(next, append(slices.Clone(row.([]value.Value)), v))
			}
		}
		out = next
	}
	return out, nil
}
