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
		{Names: "length count", Doc: "how many elements or characters there are", How: expr.Partial | expr.Reveals, Do: length},
		{Names: "list", Doc: "the elements as a list", How: expr.Items | expr.Keeps, Do: listFilter},
		{Names: "first", Doc: "the first element", How: expr.Partial | expr.Keeps, Do: first},
		{Names: "last", Doc: "the last element", How: expr.Partial | expr.Keeps, Do: last},
		{Names: "join", Params: "d='' attribute=none", Doc: "the elements as one text, with d between them", How: expr.Keeps, Do: joinFilter},
		{Names: "reverse", Doc: "the elements, or the text, backwards", How: expr.Items | expr.Keeps, Do: reverse},
		{Names: "sort", Params: "reverse=false case_sensitive=false attribute=none", Doc: "the elements in order", How: expr.Keeps, Do: sortFilter},
		{Names: "min", Params: "case_sensitive=false attribute=none", Doc: "the smallest element", How: expr.Keeps, Do: extreme(-1)},
		{Names: "max", Params: "case_sensitive=false attribute=none", Doc: "the largest element", How: expr.Keeps, Do: extreme(1)},
		{Names: "sum", Params: "attribute=none start=0", Doc: "the elements added up", Do: sum},
		{Names: "batch", Params: "linecount! fill_with=none", Doc: "the elements in rows of so many", How: expr.Items | expr.Keeps, Do: batch},
		{Names: "slice", Params: "slices! fill_with=none", Doc: "the elements in so many columns", How: expr.Items | expr.Keeps, Do: sliceFilter},
		{Names: "flatten", Params: "levels=none skip_nulls=true", Doc: "the elements of lists in the list, without null", How: expr.Plugin | expr.Keeps, Do: flatten},
		{Names: "zip", Params: "*others strict=false", Doc: "the elements side by side with those of other lists", How: expr.Items | expr.Keeps, Do: zip},
		{Names: "zip_longest", Params: "*others fillvalue=none", Doc: "as zip, to the end of the longest list", How: expr.Items | expr.Keeps, Do: zipLongest},
		{Names: "product", Params: "*others repeat=1", Doc: "each element with each of other lists", How: expr.Plugin | expr.Keeps, Do: product},
		{Names: "permutations", Params: "r=none", Doc: "the elements in all orders, r at a time", How: expr.Plugin | expr.Keeps, Do: permutations},
		{Names: "combinations", Params: "r!", Doc: "all choices of r elements", How: expr.Plugin | expr.Keeps, Do: combinations},
		{Names: "groupby", Params: "attribute! default=none case_sensitive=false", Doc: "the elements by an attribute: pairs of grouper and list", How: expr.Keeps, Do: groupBy},
	}
}

func length(u *expr.Call) (value.Value, error) {
	if n, ok := lengthOf(u.In); ok {
		return n, nil
	}
	return nil, value.Errorf(value.TypeError, "%s has no length", value.Describe(u.In))
}

// lengthOf counts elements or characters; ok is false for what has none.
func lengthOf(v value.Value) (n int, ok bool) {
	switch v := v.(type) {
	case string:
		return utf8.RuneCountInString(v), true
	case *value.Map:
		return v.Len(), true
	case *value.Range:
		return v.Len(), true
	case []value.Value:
		return len(v), true
	case value.Tuple:
		return len(v), true
	}
	return 0, false
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
	if err == nil && u.Arg(1) != nil {
		l, err = attributes(u, l, u.Args[1], nil)
	}
	if err != nil {
		return nil, err
	}
	if u.Autoescape() {
		return joinEscaped(u, l)
	}
	text, err := u.Context.Join(l, value.OpenText(u.Arg(0)))
	if value.IsSecret(u.Arg(0)) {
		text = value.MarkAll(text)
	}
	return text, err
}

// joinEscaped is join inside {% autoescape true %}: one Markup among the elements, or
// between them, and the others are escaped.
func joinEscaped(u *expr.Call, l []value.Value) (value.Value, error) {
	isMarkup := func(v value.Value) bool { _, ok := v.(value.Markup); return ok }
	sep := u.Arg(0)
	if !isMarkup(sep) && !slices.ContainsFunc(l, isMarkup) {
		return u.Context.Join(l, value.OpenText(sep))
	}
	parts := make([]value.Value, len(l))
	for i, v := range l {
		parts[i] = string(value.Escape(v))
	}
	text, err := u.Context.Join(parts, string(value.Escape(sep)))
	return u.Markup(value.OpenText(text)), err
}

func reverse(u *expr.Call) (value.Value, error) {
	if s, ok := value.Bare(u.In).(string); ok {
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
	n := u.Int(0)
	if n > value.MaxSteps {
		return nil, value.Errorf(value.TypeError, "'batch' wants a number up to %d", value.MaxSteps)
	}
	out := []value.Value{}
	if n < 1 { // as Jinja does: no row is ever full, and one of no elements is at once
		if n == 0 && len(l) > 0 {
			out = append(out, []value.Value{})
		}
		n = max(len(l), 1)
		if len(l) > 0 {
			out = append(out, slices.Clone(l))
		}
		return out, u.Context.Count(n)
	}
	for chunk := range slices.Chunk(l, n) {
		row := slices.Clone(chunk)
		for fill := u.Arg(1); fill != nil && len(row) < n; {
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
	n := u.Int(0)
	switch {
	case n == 0 || n > value.MaxSteps:
		return nil, value.Errorf(value.TypeError, "'slice' wants a number from 1 on")
	case n < 0:
		return []value.Value{}, nil
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
		if fill := u.Arg(1); fill != nil && i >= longer {
			row = append(row, fill)
		}
		out, at = append(out, row), end
	}
	return out, u.Context.Count(len(l) + n)
}

func flatten(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	levels := -1
	if u.Arg(0) != nil {
		levels = u.Int(0)
	}
	return flat(u, nil, l, levels, u.Flag(1)), u.Context.Err()
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
		case skipNone && (v == nil || v == "None" || v == "null"):
		case ok && (levels < 0 || levels > 0):
			out = flat(u, out, inner, levels-1, skipNone)
		default:
			out = append(out, v)
		}
	}
	return out
}

// rows returns what the operation works on and its other lists.
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
	lists, n, longest, err := rows(u)
	if err != nil {
		return nil, err
	}
	if u.Flag(0) && n != longest {
		return nil, value.Errorf(value.TypeError, "the lists of 'zip' are not all of one length")
	}
	return zipped(lists, n, nil), nil
}

func zipLongest(u *expr.Call) (value.Value, error) {
	lists, _, n, err := rows(u)
	if err != nil {
		return nil, err
	}
	return zipped(lists, n, u.Arg(0)), nil
}

func zipped(lists [][]value.Value, n int, fill value.Value) []value.Value {
	out := make([]value.Value, n)
	for i := range out {
		row := make(value.Tuple, len(lists))
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
	once, n := lists, u.Int(0)
	if n < 0 || n > 20 {
		return nil, value.Errorf(value.TypeError, "'product' repeats its lists 0 to 20 times")
	}
	lists = nil
	for range n {
		lists = append(lists, once...)
	}
	out := []value.Value{value.Tuple{}}
	for _, l := range lists {
		if err := u.Context.Count(len(out) * len(l)); err != nil {
			return nil, err
		}
		next := make([]value.Value, 0, len(out)*len(l))
		for _, row := range out {
			for _, v := range l {
				next = append(next, append(slices.Clone(row.(value.Tuple)), v))
			}
		}
		out = next
	}
	return out, nil
}

func permutations(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	r := len(l)
	if u.Arg(0) != nil {
		r = u.Int(0)
	}
	return arrangements(u, l, r, true)
}

func combinations(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	return arrangements(u, l, u.Int(0), false)
}

// arrangements returns the choices of r elements, in all orders or in that of the list.
func arrangements(u *expr.Call, l []value.Value, r int, ordered bool) (value.Value, error) {
	if r < 0 {
		return nil, value.Errorf(value.TypeError, "'%s' chooses 0 elements or more", u.Name)
	}
	out := []value.Value{}
	used := make([]bool, len(l))
	var choose func(row value.Tuple, from int) bool
	choose = func(row value.Tuple, from int) bool {
		if len(row) == r {
			out = append(out, slices.Clone(row))
			return u.Context.Spend(1 + r)
		}
		for i := from; i < len(l); i++ {
			if used[i] {
				continue
			}
			next := i + 1
			if ordered {
				next = 0
			}
			used[i] = true
			ok := choose(append(row, l[i]), next)
			used[i] = false
			if !ok {
				return false
			}
		}
		return true
	}
	if r <= len(l) {
		choose(nil, 0)
	}
	return out, u.Context.Err()
}

// asList returns the items of a list, the keys of a map, and one item of anything else.
func asList(v value.Value) []value.Value {
	switch l := v.(type) {
	case []value.Value:
		return l
	case value.Tuple:
		return l
	case *value.Map:
		return l.Keys()
	}
	return []value.Value{v}
}
