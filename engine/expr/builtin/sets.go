package builtin

import (
	"slices"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// setFilters take lists for sets, in order.
func setFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "unique", Params: "case_sensitive=none attribute=none", Doc: "the elements without repetitions", How: expr.Keeps, Do: unique},
		{Names: "union", Params: "other!", Doc: "what is in either list", How: expr.Plugin | expr.Keeps,
			Do: setOperation(func(inA, inB bool) bool { return inA || inB })},
		{Names: "intersect", Params: "other!", Doc: "what is in both lists", How: expr.Plugin | expr.Keeps,
			Do: setOperation(func(inA, inB bool) bool { return inA && inB })},
		{Names: "difference", Params: "other!", Doc: "what is not in the other list", How: expr.Plugin | expr.Keeps,
			Do: setOperation(func(inA, inB bool) bool { return inA && !inB })},
		{Names: "symmetric_difference", Params: "other!", Doc: "what is in one of the lists only", How: expr.Plugin | expr.Keeps,
			Do: setOperation(func(inA, inB bool) bool { return inA != inB })},
	}
}

func setOperation(keep func(inA, inB bool) bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		a, la, err := u.Context.SetOf(u.In)
		if err != nil {
			return nil, err
		}
		if len(la) == 0 && !keep(false, true) { // of nothing nothing is left, whatever the other is
			return []value.Value{}, nil
		}
		b, lb, err := u.Context.SetOf(u.Args[0])
		if err != nil {
			return nil, err
		}
		if err := comparable(u, la, lb); err != nil {
			return nil, err
		}
		out, seen := []value.Value{}, &value.Set{B: &u.Context.Budget}
		for _, v := range slices.Concat(la, lb) {
			if keep(a.Has(v), b.Has(v)) && seen.Add(v) {
				out = append(out, v)
			}
		}
		return out, u.Context.Err()
	}
}

// comparable refuses lists or maps among the elements where the two sides are not
// both lists: Ansible then neither joins nor searches them.
func comparable(u *expr.Call, la, lb []value.Value) error {
	if !slices.ContainsFunc(slices.Concat(la, lb), func(v value.Value) bool { return !value.Hashable(v) }) {
		return nil
	}
	_, text := u.Args[0].(string)
	joins := u.Name == "union" || u.Name == "symmetric_difference"
	if joins && value.TypeName(u.In) != value.TypeName(u.Args[0]) || text {
		return value.Errorf(value.FilterError, "'%s' of lists or maps wants two lists, not %s and %s", u.Name, value.Describe(u.In), value.Describe(u.Args[0]))
	}
	return nil
}

func unique(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	exact := u.Flag(0)
	keys := make([]value.Value, len(l))
	for i, v := range l {
		if keys[i], err = keyOf(u, v, u.Arg(1), exact); err != nil {
			return nil, err
		}
		if d, ok := keys[i].(*value.Undefined); ok {
			return nil, d.Err()
		}
	}
	if slices.ContainsFunc(keys, func(k value.Value) bool { return !value.Hashable(k) }) {
		if u.Arg(0) == false || u.Arg(1) != nil {
			return nil, value.Errorf(value.FilterError, "'unique' cannot tell lists and maps apart by letter case or attribute")
		}
		keys = l // as Ansible falls back to
	}
	out, seen := []value.Value{}, &value.Set{B: &u.Context.Budget}
	for i, v := range l {
		if seen.Add(keys[i]) {
			out = append(out, v)
		}
	}
	return out, u.Context.Count(len(l))
}
