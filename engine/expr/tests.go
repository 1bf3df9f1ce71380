package expr

import (
	"math"
	"math/big"
	"strings"
	"unicode"

	"runner/engine/expr/value"
)

// answer makes a test of a function of a value.
func answer(f func(v value.Value) bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) { return f(u.in), nil }
}

func isDefined(v value.Value) bool {
	_, no := v.(*value.Undefined)
	return !no
}

// valueTests are about what a value is.
func valueTests() []operation {
	return []operation{
		{names: "defined", how: raw, do: answer(isDefined)},
		{names: "undefined", how: raw, do: answer(func(v value.Value) bool { return !isDefined(v) })},
		{names: "none None", how: partial, do: answer(func(v value.Value) bool { return v == nil })},
		{names: "true", how: partial, do: answer(func(v value.Value) bool { return v == true })},
		{names: "false", how: partial, do: answer(func(v value.Value) bool { return v == false })},
		{names: "boolean", how: partial, do: answer(isType("bool"))},
		{names: "string", how: partial, do: answer(isType("str"))},
		{names: "number", how: partial, do: answer(value.IsNumber)},
		{names: "integer", how: partial, do: answer(isType("int"))},
		{names: "float", how: partial, do: answer(isType("float"))},
		{names: "mapping", how: partial, do: answer(isType("dict"))},
		{names: "sequence", how: partial, do: answer(isType("str list tuple dict range"))},
		{names: "iterable", how: partial, do: answer(isType("str list tuple dict range"))},
		{names: "callable", how: partial, do: answer(isType("function Macro"))},
		{names: "odd", do: remainder(1)},
		{names: "even", do: remainder(0)},
		{names: "divisibleby", params: "num!", do: divisible},
		{names: "nan", do: answer(func(v value.Value) bool { f, ok := v.(float64); return ok && math.IsNaN(f) })},
		{names: "truthy", params: "convert_bool", do: truthy(true)},
		{names: "falsy", params: "convert_bool", do: truthy(false)},
	}
}

func isType(names string) func(value.Value) bool {
	among := strings.Fields(names)
	return func(v value.Value) bool {
		for _, n := range among {
			if n == value.TypeName(v) {
				return true
			}
		}
		return false
	}
}

func remainder(want int64) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		m, err := u.c.Arithmetic("%", u.in, 2)
		return value.IsNumber(m) && value.ToFloat(m) == float64(want), err
	}
}

func divisible(u *use) (value.Value, error) {
	m, err := u.c.Arithmetic("%", u.in, u.args[0])
	return value.IsNumber(m) && value.ToFloat(m) == 0, err
}

// truthy asks for the truth that Python sees, or with convert_bool for the word's.
func truthy(want bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		v := u.in
		if s, ok := v.(string); ok && u.flag(0, false) {
			switch strings.ToLower(s) {
			case "yes", "on", "1", "true", "y", "t", "no", "off", "0", "false", "n", "f":
				v = truthWord(s)
			}
		}
		t, _, err := value.Truth(v)
		return t == want, err
	}
}

// comparisonTests are the operators by name.
func comparisonTests() []operation {
	var tests []operation
	for op, names := range map[string]string{
		"==": "eq == equalto", "!=": "ne !=", "<": "lt < lessthan", "<=": "le <=", ">": "gt > greaterthan", ">=": "ge >=",
	} {
		tests = append(tests, operation{names: names, params: "other!", do: compareTest(op)})
	}
	return append(tests,
		operation{names: "in", params: "seq!", how: partial, do: inTest},
		operation{names: "sameas", params: "other!", do: sameAs},
	)
}

func compareTest(op string) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		holds, unknown, err := u.c.Compare(op, u.in, u.args[0])
		if unknown != nil {
			return unknown, err
		}
		return holds, err
	}
}

func inTest(u *use) (value.Value, error) {
	holds, unknown, err := u.c.Contains(u.args[0], u.in)
	if unknown != nil {
		return unknown, err
	}
	return holds, err
}

func sameAs(u *use) (value.Value, error) {
	return value.TypeName(u.in) == value.TypeName(u.args[0]) && u.c.Equal(u.in, u.args[0]), nil
}

// collectionTests are about lists and maps.
func collectionTests() []operation {
	return []operation{
		{names: "contains", params: "value!", how: partial, do: func(u *use) (value.Value, error) {
			holds, unknown, err := u.c.Contains(u.in, u.args[0])
			if unknown != nil {
				return unknown, err
			}
			return holds, err
		}},
		{names: "subset issubset", params: "other!", do: subset(false)},
		{names: "superset issuperset", params: "other!", do: subset(true)},
		{names: "any", how: partial, do: anyAll(true)},
		{names: "all", how: partial, do: anyAll(false)},
	}
}

func subset(swap bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		small, large := u.in, u.args[0]
		if swap {
			small, large = large, small
		}
		s, _, err := u.c.SetOf(large)
		if err != nil {
			return nil, err
		}
		l, err := u.c.Elements(small)
		if err != nil {
			return nil, err
		}
		for _, v := range l {
			if !s.Has(v) {
				return false, nil
			}
		}
		return true, u.c.Count(len(l))
	}
}

// anyAll looks for an element whose truth settles the question.
func anyAll(settles bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		l, err := u.elements()
		if err != nil {
			return nil, err
		}
		var unknown *value.Unknown
		for _, v := range l {
			t, un, err := value.Truth(v)
			if err != nil {
				return nil, err
			}
			if un != nil {
				unknown = un
				continue
			}
			if t == settles {
				return settles, nil
			}
		}
		if unknown != nil {
			return unknown, nil
		}
		return !settles, nil
	}
}

// textTests are about what a text looks like.
func textTests() []operation {
	return []operation{
		{names: "lower", do: answer(func(v value.Value) bool { return cased(value.Text(v), unicode.IsLower, unicode.IsUpper) })},
		{names: "upper", do: answer(func(v value.Value) bool { return cased(value.Text(v), unicode.IsUpper, unicode.IsLower) })},
		{names: "match", params: "pattern! ignorecase multiline", do: regexTest("match")},
		{names: "search", params: "pattern! ignorecase multiline", do: regexTest("search")},
		{names: "regex", params: "pattern! ignorecase multiline match_type", do: regexTest("search")},
		{names: "version version_compare", params: "version! operator strict version_type", do: versionTest},
		{names: "url uri", params: "schemes", do: urlTest},
	}
}

// cased reports whether a text has letters of one case and none of the other.
func cased(s string, want, not func(rune) bool) bool {
	return strings.IndexFunc(s, want) >= 0 && strings.IndexFunc(s, not) < 0
}

// resultTests ask what became of a task, by its registered result.
func resultTests() []operation {
	return []operation{
		{names: "changed change", how: partial, do: resultTest("changed", isSet)},
		{names: "failed failure", how: partial, do: resultTest("failed", isSet)},
		{names: "succeeded success successful", how: partial, do: resultTest("failed", func(v value.Value) bool { return !isSet(v) })},
		{names: "skipped skip", how: partial, do: resultTest("skipped", isSet)},
		{names: "unreachable", how: partial, do: resultTest("unreachable", isSet)},
		{names: "reachable", how: partial, do: resultTest("unreachable", func(v value.Value) bool { return !isSet(v) })},
		{names: "started", how: partial, do: resultTest("started", isSet)},
		{names: "finished", how: partial, do: resultTest("finished", isSet)},
		{names: "timedout", how: partial, do: resultTest("timedout", isSet)},
	}
}

func isSet(v value.Value) bool {
	t, _, err := value.Truth(v)
	return t && err == nil
}

// resultTest asks one flag of a result. `changed` of a loop's result is true if
// it is for any item.
func resultTest(key string, f func(value.Value) bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		m, ok := u.in.(*value.Map)
		if !ok {
			return nil, value.Errorf(value.TypeError, "'%s' asks the registered result of a task, not %s", u.name, value.Describe(u.in)).
				WithHint("register the task's result, and ask that")
		}
		v, ok := m.Get(key)
		if !ok && key == "finished" {
			v = 1
		}
		if unknown, ok := v.(*value.Unknown); ok {
			return unknown, nil
		}
		if _, big := v.(*big.Int); big {
			v = true
		}
		if results, _ := m.Get("results"); !ok && key == "changed" {
			l, _ := results.([]value.Value)
			for _, r := range l {
				item, _ := r.(*value.Map)
				if c, _ := item.Get("changed"); isSet(c) {
					v = true
				}
			}
		}
		return f(v), nil
	}
}
