package builtin

import (
	"math"
	"math/big"
	"strings"
	"unicode"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// answer makes a test of a function of a value.
func answer(f func(v value.Value) bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) { return f(u.In), nil }
}

func isDefined(v value.Value) bool {
	_, no := v.(*value.Undefined)
	return !no
}

// valueTests are about what a value is.
func valueTests() []expr.Operation {
	return []expr.Operation{
		{Names: "defined", How: expr.Raw, Do: answer(isDefined)},
		{Names: "undefined", How: expr.Raw, Do: answer(func(v value.Value) bool { return !isDefined(v) })},
		{Names: "none None", How: expr.Partial, Do: answer(func(v value.Value) bool { return v == nil })},
		{Names: "true", How: expr.Partial, Do: answer(func(v value.Value) bool { return v == true })},
		{Names: "false", How: expr.Partial, Do: answer(func(v value.Value) bool { return v == false })},
		{Names: "boolean", How: expr.Partial, Do: answer(isType("bool"))},
		{Names: "string", How: expr.Partial, Do: answer(isType("str"))},
		{Names: "number", How: expr.Partial, Do: answer(value.IsNumber)},
		{Names: "integer", How: expr.Partial, Do: answer(isType("int"))},
		{Names: "float", How: expr.Partial, Do: answer(isType("float"))},
		{Names: "mapping", How: expr.Partial, Do: answer(isType("dict"))},
		{Names: "sequence", How: expr.Partial, Do: answer(isType("str list tuple dict range"))},
		{Names: "iterable", How: expr.Partial, Do: answer(isType("str list tuple dict range"))},
		{Names: "callable", How: expr.Partial, Do: answer(isType("function Macro"))},
		{Names: "odd", Do: remainder(1)},
		{Names: "even", Do: remainder(0)},
		{Names: "divisibleby", Params: "num!", Do: divisible},
		{Names: "nan", Do: answer(func(v value.Value) bool { f, ok := v.(float64); return ok && math.IsNaN(f) })},
		{Names: "truthy", Params: "convert_bool", Do: truthy(true)},
		{Names: "falsy", Params: "convert_bool", Do: truthy(false)},
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

func remainder(want int64) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		m, err := u.Context.Arithmetic("%", u.In, 2)
		return value.IsNumber(m) && value.ToFloat(m) == float64(want), err
	}
}

func divisible(u *expr.Call) (value.Value, error) {
	m, err := u.Context.Arithmetic("%", u.In, u.Args[0])
	return value.IsNumber(m) && value.ToFloat(m) == 0, err
}

// truthy asks for the truth that Python sees, or with convert_bool for the word's.
func truthy(want bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		v := u.In
		if s, ok := v.(string); ok && u.Flag(0, false) {
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
func comparisonTests() []expr.Operation {
	var tests []expr.Operation
	for op, names := range map[string]string{
		"==": "eq == equalto", "!=": "ne !=", "<": "lt < lessthan", "<=": "le <=", ">": "gt > greaterthan", ">=": "ge >=",
	} {
		tests = append(tests, expr.Operation{Names: names, Params: "other!", Do: compareTest(op)})
	}
	return append(tests,
		expr.Operation{Names: "in", Params: "seq!", How: expr.Partial, Do: inTest},
		expr.Operation{Names: "sameas", Params: "other!", Do: sameAs},
	)
}

func compareTest(op string) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		holds, unknown, err := u.Context.Compare(op, u.In, u.Args[0])
		if unknown != nil {
			return unknown, err
		}
		return holds, err
	}
}

func inTest(u *expr.Call) (value.Value, error) {
	holds, unknown, err := u.Context.Contains(u.Args[0], u.In)
	if unknown != nil {
		return unknown, err
	}
	return holds, err
}

func sameAs(u *expr.Call) (value.Value, error) {
	return value.TypeName(u.In) == value.TypeName(u.Args[0]) && u.Context.Equal(u.In, u.Args[0]), nil
}

// collectionTests are about lists and maps.
func collectionTests() []expr.Operation {
	return []expr.Operation{
		{Names: "contains", Params: "value!", How: expr.Partial, Do: func(u *expr.Call) (value.Value, error) {
			holds, unknown, err := u.Context.Contains(u.In, u.Args[0])
			if unknown != nil {
				return unknown, err
			}
			return holds, err
		}},
		{Names: "subset issubset", Params: "other!", Do: subset(false)},
		{Names: "superset issuperset", Params: "other!", Do: subset(true)},
		{Names: "any", How: expr.Partial, Do: anyAll(true)},
		{Names: "all", How: expr.Partial, Do: anyAll(false)},
	}
}

func subset(swap bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		small, large := u.In, u.Args[0]
		if swap {
			small, large = large, small
		}
		s, _, err := u.Context.SetOf(large)
		if err != nil {
			return nil, err
		}
		l, err := u.Context.Elements(small)
		if err != nil {
			return nil, err
		}
		for _, v := range l {
			if !s.Has(v) {
				return false, nil
			}
		}
		return true, u.Context.Count(len(l))
	}
}

// anyAll looks for an element whose truth settles the question.
func anyAll(settles bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		l, err := u.Elements()
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
func textTests() []expr.Operation {
	return []expr.Operation{
		{Names: "lower", Do: answer(func(v value.Value) bool { return cased(value.Text(v), unicode.IsLower, unicode.IsUpper) })},
		{Names: "upper", Do: answer(func(v value.Value) bool { return cased(value.Text(v), unicode.IsUpper, unicode.IsLower) })},
		{Names: "match", Params: "pattern! ignorecase multiline", Do: regexTest("match")},
		{Names: "search", Params: "pattern! ignorecase multiline", Do: regexTest("search")},
		{Names: "regex", Params: "pattern! ignorecase multiline match_type", Do: regexTest("search")},
		{Names: "version version_compare", Params: "version! operator strict version_type", Do: versionTest},
		{Names: "url uri", Params: "schemes", Do: urlTest},
	}
}

// cased reports whether a text has letters of one case and none of the other.
func cased(s string, want, not func(rune) bool) bool {
	return strings.IndexFunc(s, want) >= 0 && strings.IndexFunc(s, not) < 0
}

// resultTests ask what became of a task, by its registered result.
func resultTests() []expr.Operation {
	return []expr.Operation{
		{Names: "changed change", How: expr.Partial, Do: resultTest("changed", isSet)},
		{Names: "failed failure", How: expr.Partial, Do: resultTest("failed", isSet)},
		{Names: "succeeded success successful", How: expr.Partial, Do: resultTest("failed", func(v value.Value) bool { return !isSet(v) })},
		{Names: "skipped skip", How: expr.Partial, Do: resultTest("skipped", isSet)},
		{Names: "unreachable", How: expr.Partial, Do: resultTest("unreachable", isSet)},
		{Names: "reachable", How: expr.Partial, Do: resultTest("unreachable", func(v value.Value) bool { return !isSet(v) })},
		{Names: "started", How: expr.Partial, Do: resultTest("started", isSet)},
		{Names: "finished", How: expr.Partial, Do: resultTest("finished", isSet)},
		{Names: "timedout", How: expr.Partial, Do: resultTest("timedout", isSet)},
	}
}

func isSet(v value.Value) bool {
	t, _, err := value.Truth(v)
	return t && err == nil
}

// resultTest asks one flag of a result. `changed` of a loop's result is true if
// it is for any item.
func resultTest(key string, f func(value.Value) bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		m, ok := u.In.(*value.Map)
		if !ok {
			return nil, value.Errorf(value.TypeError, "'%s' asks the registered result of a task, not %s", u.Name, value.Describe(u.In)).
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
