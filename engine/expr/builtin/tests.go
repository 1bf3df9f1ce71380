package builtin

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// asks makes a test of a function of a value.
func asks(f func(v value.Value) bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) { return f(u.In), nil }
}

func isDefined(v value.Value) bool {
	_, no := v.(*value.Undefined)
	return !no
}

// valueTests are about what a value is.
func valueTests() []expr.Operation {
	return []expr.Operation{
		{Names: "defined", Doc: "there is such a value", How: expr.Raw, Do: asks(isDefined)},
		{Names: "undefined", Doc: "there is no such value", How: expr.Raw, Do: asks(func(v value.Value) bool { return !isDefined(v) })},
		{Names: "none None", Doc: "null", How: expr.Partial, Do: asks(func(v value.Value) bool { return v == nil })},
		{Names: "true", Doc: "true itself", How: expr.Partial, Do: asks(func(v value.Value) bool { return v == true })},
		{Names: "false", Doc: "false itself", How: expr.Partial, Do: asks(func(v value.Value) bool { return v == false })},
		{Names: "boolean", Doc: "true or false", How: expr.Partial, Do: asks(isType("bool"))},
		{Names: "string", Doc: "text", How: expr.Partial, Do: asks(isType("str"))},
		{Names: "number", Doc: "a number, true and false with them", How: expr.Partial, Do: asks(value.IsNumber)},
		{Names: "integer", Doc: "a whole number", How: expr.Partial, Do: asks(isType("int"))},
		{Names: "float", Doc: "a number with a fraction", How: expr.Partial, Do: asks(isType("float"))},
		{Names: "mapping", Doc: "a map", How: expr.Partial, Do: asks(isType("dict"))},
		{Names: "sequence", Doc: "a list, a text or a map", How: expr.Partial, Do: asks(isType("str list tuple dict range"))},
		{Names: "iterable", Doc: "what can be gone over", How: expr.Partial, Do: asks(isType("str list tuple dict range"))},
		{Names: "callable", Doc: "what can be called", How: expr.Partial, Do: asks(isType("function Macro"))},
		{Names: "odd", Doc: "an odd number", Do: remainder(1)},
		{Names: "even", Doc: "an even number", Do: remainder(0)},
		{Names: "divisibleby", Params: "num!", Doc: "divisible by another number", Do: divisible},
		{Names: "nan isnan", Doc: "not a number, in the sense of floats", Do: asks(func(v value.Value) bool { f, ok := v.(float64); return ok && math.IsNaN(f) })},
		{Names: "truthy", Params: "convert_bool=false", Doc: "true, or not empty", Do: truthy(true)},
		{Names: "falsy", Params: "convert_bool=false", Doc: "false, or empty", Do: truthy(false)},
		{Names: "filter", Doc: "the name of a filter", Do: isNamed("filter")},
		{Names: "test", Doc: "the name of a test", Do: isNamed("test")},
		{Names: "escaped", Doc: "text that is HTML already", How: expr.Partial | expr.Markups, Do: asks(func(v value.Value) bool {
			_, ok := v.(value.Markup)
			return ok
		})},
		{Names: "vault_encrypted", Doc: "a text in ansible-vault's format", Do: asks(isVaulted)},
	}
}

// isNamed makes a test of whether a text names a filter or a test.
func isNamed(what string) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		switch v := u.In.(type) {
		case string:
			return u.Table().Has(what, v), nil
		case []value.Value, value.Tuple, *value.Map:
			return nil, value.Errorf(value.TypeError, "%s is no name", value.Describe(v))
		}
		return true, nil // as in Ansible
	}
}

func isVaulted(v value.Value) bool {
	s, ok := v.(string)
	return ok && strings.HasPrefix(s, "$ANSIBLE_VAULT;")
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
		if s, ok := v.(string); ok && u.Flag(0) {
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
	for _, op := range [][2]string{
		{"==", "eq == equalto"}, {"!=", "ne !="}, {"<", "lt < lessthan"}, {"<=", "le <="}, {">", "gt > greaterthan"}, {">=", "ge >="},
	} {
		tests = append(tests, expr.Operation{Names: op[1], Params: "other!", Doc: "as the operator " + op[0], Do: compareTest(op[0])})
	}
	return append(tests,
		expr.Operation{Names: "in", Params: "seq!", Doc: "an element of a list, a key of a map, a part of a text", How: expr.Partial, Do: inTest},
		expr.Operation{Names: "sameas", Params: "other!", Doc: "the very same value", Do: sameAs},
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

// sameAs reports whether two values are one: null, true, false, or one list or map.
// Of numbers and texts that cannot be said: they are not.
func sameAs(u *expr.Call) (value.Value, error) {
	switch v := u.In.(type) {
	case nil, bool:
		return v == u.Args[0], nil
	case *value.Map:
		return v == u.Args[0], nil
	case []value.Value:
		other, ok := u.Args[0].([]value.Value)
		return ok && len(v) == len(other) && (len(v) == 0 || &v[0] == &other[0]), nil
	}
	return false, nil
}

// collectionTests are about lists and maps.
func collectionTests() []expr.Operation {
	return []expr.Operation{
		{Names: "contains", Params: "value!", Doc: "a container that has a value in it", How: expr.Partial, Do: func(u *expr.Call) (value.Value, error) {
			holds, unknown, err := u.Context.Contains(u.In, u.Args[0])
			if unknown != nil {
				return unknown, err
			}
			return holds, err
		}},
		{Names: "subset issubset", Params: "other!", Doc: "a list whose elements are all in another", Do: subset(false)},
		{Names: "superset issuperset", Params: "other!", Doc: "a list that has all elements of another", Do: subset(true)},
		{Names: "any", Doc: "a list with an element that is true", How: expr.Partial, Do: anyAll(true)},
		{Names: "all", Doc: "a list whose elements are all true", How: expr.Partial, Do: anyAll(false)},
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
		others, err := u.Context.Elements(large)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(slices.Concat(l, others), func(v value.Value) bool { return !value.Hashable(v) }) {
			return nil, value.Errorf(value.TypeError, "'%s' asks of lists that have no lists or maps in them", u.Name)
		}
		for _, v := range l {
			if !s.Has(v) {
				return false, nil
			}
		}
		return true, u.Context.Count(len(l))
	}
}

// anyAll looks for an element that decides the question.
func anyAll(deciding bool) func(*expr.Call) (value.Value, error) {
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
			if t == deciding {
				return deciding, nil
			}
		}
		if unknown != nil {
			return unknown, nil
		}
		return !deciding, nil
	}
}

// textTests are about what a text looks like.
func textTests() []expr.Operation {
	return []expr.Operation{
		{Names: "lower", Doc: "a text of small letters", Do: asks(func(v value.Value) bool { return cased(value.Text(v), unicode.IsLower, unicode.IsUpper) })},
		{Names: "upper", Doc: "a text of large letters", Do: asks(func(v value.Value) bool { return cased(value.Text(v), unicode.IsUpper, unicode.IsLower) })},
		{Names: "match", Params: "pattern='' ignorecase=false multiline=false", Doc: "a text that begins with a pattern", Do: regexTest("match")},
		{Names: "search", Params: "pattern='' ignorecase=false multiline=false", Doc: "a text with a pattern in it", Do: regexTest("search")},
		{Names: "regex", Params: "pattern='' ignorecase=false multiline=false match_type='search'", Doc: "as search, match or fullmatch", Do: regexTest("regex")},
		{Names: "version version_compare", Params: "version! operator='eq' strict=none version_type=none", Doc: "a version that compares to another so",
			Do: versionTest},
		{Names: "url", Params: "schemes=none", Doc: "a URL with a host", Do: urlTest("url")},
		{Names: "uri", Params: "schemes=none", Doc: "a URI", Do: urlTest("uri")},
		{Names: "urn", Doc: "a URN", Do: urlTest("urn")},
	}
}

// cased reports whether a text has letters of one case and none of the other.
func cased(s string, want, not func(rune) bool) bool {
	return strings.IndexFunc(s, want) >= 0 && strings.IndexFunc(s, not) < 0
}

// resultTests ask what became of a task, by its registered result.
func resultTests() []expr.Operation {
	return []expr.Operation{
		{Names: "changed change", Doc: "the result of a task that changed something", How: expr.Partial, Do: resultTest("changed", isSet)},
		{Names: "failed failure", Doc: "the result of a task that failed", How: expr.Partial, Do: resultTest("failed", isSet)},
		{Names: "succeeded success successful", Doc: "the result of a task that did not fail", How: expr.Partial,
			Do: resultTest("failed", func(v value.Value) bool { return !isSet(v) })},
		{Names: "skipped skip", Doc: "the result of a task that was skipped", How: expr.Partial, Do: resultTest("skipped", isSet)},
		{Names: "unreachable", Doc: "the result of a host that was not reached", How: expr.Partial, Do: resultTest("unreachable", isSet)},
		{Names: "reachable", Doc: "the result of a host that was reached", How: expr.Partial, Do: resultTest("unreachable", func(v value.Value) bool { return !isSet(v) })},
		{Names: "started", Doc: "the result of a task that has begun", How: expr.Partial, Do: resultTest("started", isSet)},
		{Names: "finished", Doc: "the result of a task that has ended", How: expr.Partial, Do: resultTest("finished", isSet)},
		{Names: "timedout", Doc: "the result of a task that took too long", How: expr.Partial, Do: resultTest("timedout", isSet)},
	}
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
		if !ok && (key == "finished" || key == "started") {
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
