package expr

import (
	"math"
	"math/big"
	"strings"

	"runner/engine/expr/value"
)

// basicFilters are about being there, about types, and about choosing.
func basicFilters() []operation {
	return []operation{
		{names: "default d", params: "default_value boolean", how: raw, do: defaultFilter},
		{names: "mandatory", params: "msg", how: raw, do: mandatory},
		{names: "ternary", params: "true_val! false_val! none_val", how: raw, do: ternary},
		{names: "int", params: "default base", do: intFilter},
		{names: "float", params: "default", do: floatFilter},
		{names: "bool", do: boolFilter},
		{names: "string", do: stringFilter},
		{names: "type_debug", how: raw, do: typeDebug},
		{names: "undef", params: "hint", do: makeUndefined},
	}
}

func defaultFilter(u *use) (value.Value, error) {
	switch v := u.in.(type) {
	case *value.Undefined:
		return u.arg(0, ""), nil
	case *value.Unknown:
		return v, nil
	}
	if !u.flag(1, false) {
		return u.in, nil
	}
	if t, _, err := value.Truth(u.in); t || err != nil {
		return u.in, err
	}
	return u.arg(0, ""), nil
}

func mandatory(u *use) (value.Value, error) {
	v, ok := u.in.(*value.Undefined)
	if !ok {
		return u.in, nil
	}
	e := v.Err()
	msg := "the variable '" + v.Name + "' is mandatory, but " + e.Msg
	if u.has(0) && u.args[0] != nil {
		msg = value.Text(u.args[0])
	}
	return nil, (&value.Error{Class: value.MandatoryError, Msg: msg, Place: v.Place}).WithHint(e.Hint())
}

func ternary(u *use) (value.Value, error) {
	if u.in == nil && u.has(2) {
		return u.args[2], nil
	}
	t, unknown, err := value.Truth(u.in)
	switch {
	case unknown != nil || err != nil:
		return orUnknown(unknown), err
	case t:
		return u.args[0], nil
	}
	return u.args[1], nil
}

func intFilter(u *use) (value.Value, error) {
	base := u.int(1, 10)
	switch v := u.in.(type) {
	case string:
		if n, ok := value.ReadInt(v, base); ok {
			return n, nil
		}
		if f, ok := value.ReadFloat(v); ok && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return value.Truncate(f), nil
		}
	case int, *big.Int:
		return v, nil
	case bool:
		return value.BoolInt(v), nil
	case float64:
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			return value.Truncate(v), nil
		}
	}
	return u.arg(0, 0), nil
}

func floatFilter(u *use) (value.Value, error) {
	switch v := u.in.(type) {
	case string:
		if f, ok := value.ReadFloat(v); ok {
			return f, nil
		}
	case int, *big.Int, bool, float64:
		return value.ToFloat(v), nil
	}
	return u.arg(0, 0.0), nil
}

// boolFilter knows Ansible's words for true; everything else is false, and
// none stays none.
func boolFilter(u *use) (value.Value, error) {
	switch v := u.in.(type) {
	case nil, bool:
		return v, nil
	case string:
		return truthWord(v), nil
	}
	return value.IsNumber(u.in) && value.ToFloat(u.in) == 1, nil
}

func truthWord(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "on", "1", "true", "y", "t":
		return true
	}
	return false
}

func stringFilter(u *use) (value.Value, error) {
	s, _, err := u.c.textOf(u.in)
	return s, err
}

func typeDebug(u *use) (value.Value, error) { return value.TypeName(u.in), nil }
