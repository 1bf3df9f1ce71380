package expr

import (
	"slices"
	"strings"
	"unicode/utf8"

	"runner/engine/expr/value"
)

// listFilters work on lists as wholes.
func listFilters() []operation {
	return []operation{
		{names: "length count", how: partial, do: length},
		{names: "list", how: partial, do: listFilter},
		{names: "first", how: partial, do: first},
		{names: "last", how: partial, do: last},
		{names: "join", params: "d attribute", do: joinFilter},
		{names: "reverse", how: partial, do: reverse},
		{names: "sort", params: "reverse case_sensitive attribute", do: sortFilter},
		{names: "min", params: "case_sensitive attribute", do: extreme(-1)},
		{names: "max", params: "case_sensitive attribute", do: extreme(1)},
		{names: "sum", params: "attribute start", do: sum},
		{names: "batch", params: "linecount! fill_with", how: partial, do: batch},
		{names: "slice", params: "slices! fill_with", how: partial, do: sliceFilter},
		{names: "flatten", params: "levels skip_nulls", how: plugin, do: flatten},
		{names: "zip", params: "*others", how: partial, do: zip},
		{names: "zip_longest", params: "*others **options", how: partial, do: zipLongest},
		{names: "product", params: "*others", how: plugin, do: product},
		{names: "groupby", params: "attribute! default case_sensitive", do: groupBy},
	}
}

func length(u *use) (value.Value, error) {
	switch v := u.in.(type) {
	case string:
		return utf8.RuneCountInString(v), nil
	case *value.Map:
		return v.Len(), nil
	case *value.Range:
		return v.Len(), nil
	case []value.Value, value.Tuple:
		l, err := u.elements()
		return len(l), err
	}
	return nil, value.Errorf(value.TypeError, "%s has no length", value.Describe(u.in))
}

// listOf gives a new list of the elements of what the operation works on.
func (u *use) listOf() ([]value.Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	out := make([]value.Value, len(l))
	copy(out, l)
	return out, u.c.Count(len(l))
}

func listFilter(u *use) (value.Value, error) {
	l, err := u.listOf()
	if err != nil {
		return nil, err
	}
	return l, nil
}

func first(u *use) (value.Value, error) {
	return u.end(func(l []value.Value) value.Value { return l[0] })
}

func last(u *use) (value.Value, error) {
	return u.end(func(l []value.Value) value.Value { return l[len(l)-1] })
}

func (u *use) end(pick func([]value.Value) value.Value) (value.Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	if len(l) == 0 {
		return u.nothing("there is no " + u.name + " element, because there are none"), nil
	}
	return pick(l), nil
}

// nothing makes the Undefined of an operation that has no result.
func (u *use) nothing(why string) *value.Undefined {
	return &value.Undefined{Name: u.name, Hint: why, Place: u.st.t.tree.Place(int(u.st.here))}
}

func joinFilter(u *use) (value.Value, error) {
	l, err := u.elements()
	if err == nil && u.arg(1, nil) != nil {
		l, err = u.attributes(l, u.args[1], nil)
	}
	if err != nil {
		return nil, err
	}
	sep := ""
	if u.arg(0, "") != nil {
		sep = value.Text(u.arg(0, ""))
	}
	return u.c.joined(l, sep)
}

// joined writes the elements of a list one after the other.
func (c *Context) joined(l []value.Value, sep string) (value.Value, error) {
	texts, size := make([]string, len(l)), 0
	for i, v := range l {
		s, unknown, err := c.textOf(v)
		if unknown != nil || err != nil {
			return orUnknown(unknown), err
		}
		texts[i] = s
		size += len(s) + len(sep)
	}
	if err := c.Write(size); err != nil {
		return nil, err
	}
	return strings.Join(texts, sep), nil
}

func reverse(u *use) (value.Value, error) {
	if s, ok := u.in.(string); ok {
		r := []rune(s)
		slices.Reverse(r)
		return string(r), u.c.Write(len(s))
	}
	l, err := u.listOf()
	if err != nil {
		return nil, err
	}
	slices.Reverse(l)
	return l, nil
}

func batch(u *use) (value.Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	n := u.int(0, 1)
	if n < 1 || n > value.MaxSteps {
		return nil, value.Errorf(value.TypeError, "'batch' wants a number from 1 on")
	}
	out := []value.Value{}
	for chunk := range slices.Chunk(l, n) {
		row := slices.Clone(chunk)
		for fill := u.arg(1, nil); fill != nil && len(row) < n; {
			row = append(row, fill)
		}
		out = append(out, row)
	}
	return out, u.c.Count(len(l) + n)
}

// sliceFilter makes so many columns of a list, the first ones longer.
func sliceFilter(u *use) (value.Value, error) {
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	n := u.int(0, 1)
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
		if fill := u.arg(1, nil); fill != nil && i >= longer && longer > 0 {
			row = append(row, fill)
		}
		out, at = append(out, row), end
	}
	return out, u.c.Count(len(l) + n)
}

func flatten(u *use) (value.Value, error) {
	l, ok := u.in.([]value.Value)
	if t, isTuple := u.in.(value.Tuple); isTuple {
		l, ok = t, true
	}
	if !ok {
		return nil, value.Errorf(value.FilterError, "'flatten' wants a list, not %s", value.Describe(u.in))
	}
	levels := -1
	if u.arg(0, nil) != nil {
		levels = u.int(0, -1)
	}
	return u.flat(nil, l, levels, u.flag(1, true)), u.c.Err()
}

func (u *use) flat(out, l []value.Value, levels int, skipNone bool) []value.Value {
	if out == nil {
		out = []value.Value{}
	}
	for _, v := range l {
		if !u.c.Spend(1) {
			return out
		}
		inner, ok := v.([]value.Value)
		if t, isTuple := v.(value.Tuple); isTuple {
			inner, ok = t, true
		}
		switch {
		case ok && levels != 0:
			out = u.flat(out, inner, levels-1, skipNone)
		case skipNone && (v == nil || v == "None" || v == "null"):
		default:
			out = append(out, v)
		}
	}
	return out
}

// rows gives what the operation works on and its other lists.
func (u *use) rows() (lists [][]value.Value, shortest, longest int, err error) {
	for i, v := range append([]value.Value{u.in}, u.rest...) {
		l, err := u.c.Elements(v)
		if err != nil {
			return nil, 0, 0, err
		}
		if lists = append(lists, l); i == 0 || len(l) < shortest {
			shortest = len(l)
		}
		longest = max(longest, len(l))
	}
	return lists, shortest, longest, u.c.Count(longest * len(lists))
}

func zip(u *use) (value.Value, error) {
	lists, n, _, err := u.rows()
	if err != nil {
		return nil, err
	}
	return zipped(lists, n, nil), nil
}

func zipLongest(u *use) (value.Value, error) {
	lists, _, n, err := u.rows()
	if err != nil {
		return nil, err
	}
	fill, _ := u.named.Get("fillvalue")
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

func product(u *use) (value.Value, error) {
	lists, _, _, err := u.rows()
	if err != nil {
		return nil, err
	}
	out := []value.Value{[]value.Value{}}
	for _, l := range lists {
		if err := u.c.Count(len(out) * len(l)); err != nil {
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
