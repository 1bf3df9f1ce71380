package builtin

import (
	"math"
	"math/big"
	"slices"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// basicFilters are about being there, about types, and about choosing.
func basicFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "default d", Params: "default_value='' boolean=false", Doc: "another value where there is none, or with true, where it is empty or false",
			How: expr.Raw | expr.Keeps, Do: defaultFilter},
		{Names: "mandatory", Params: "msg=none", Doc: "the value, or an error where there is none", How: expr.Raw | expr.Keeps, Do: mandatory},
		{Names: "ternary", Params: "true_val! false_val! none_val=none", Doc: "one of two values, by the truth of this one", How: expr.Raw | expr.Keeps, Do: ternary},
		{Names: "int", Params: "default=0 base=10", Doc: "the value as a whole number", Do: intFilter},
		{Names: "float", Params: "default=0.0", Doc: "the value as a number with a fraction", Do: floatFilter},
		{Names: "bool", Doc: "true for yes, on, true and 1, else false", Do: boolFilter},
		{Names: "string", Doc: "the value as text", How: expr.Markups, Do: stringFilter},
		{Names: "type_debug", Doc: "the name of the value's type in Python", How: expr.Raw | expr.Reveals, Do: typeDebug},
	}
}

func defaultFilter(u *expr.Call) (value.Value, error) {
	switch v := u.In.(type) {
	case *value.Undefined:
		return u.Arg(0), nil
	case *value.Unknown:
		return v, nil
	}
	if !u.Flag(1) {
		return u.In, nil
	}
	if t, _, err := value.Truth(u.In); t || err != nil {
		return u.In, err
	}
	return u.Arg(0), nil
}

func mandatory(u *expr.Call) (value.Value, error) {
	v, ok := u.In.(*value.Undefined)
	if !ok {
		return u.In, nil
	}
	e := v.Err()
	msg := "this is mandatory, but " + e.Msg
	if v.Name != "" {
		msg = "the variable '" + v.Name + "' is mandatory, but " + e.Msg
	}
	if u.Arg(0) != nil {
		msg = value.Text(u.Args[0])
	}
	return nil, (&value.Error{Class: value.MandatoryError, Msg: msg, Place: v.Place}).WithHint(e.Hint())
}

func ternary(u *expr.Call) (value.Value, error) {
	if u.In == nil && u.Arg(2) != nil {
		return u.Args[2], nil
	}
	t, unknown, err := value.Truth(u.In)
	switch {
	case unknown != nil || err != nil:
		return expr.OrUnknown(unknown), err
	case t:
		return u.Args[0], nil
	}
	return u.Args[1], nil
}

func intFilter(u *expr.Call) (value.Value, error) {
	base := u.Int(1)
	switch v := u.In.(type) {
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
	return u.Arg(0), nil
}

func floatFilter(u *expr.Call) (value.Value, error) {
	switch v := u.In.(type) {
	case string:
		if f, ok := value.ReadFloat(v); ok {
			return f, nil
		}
	case int, *big.Int, bool, float64:
		return value.ToFloat(v), nil
	}
	return u.Arg(0), nil
}

// boolFilter knows Ansible's words for true; everything else is false.
func boolFilter(u *expr.Call) (value.Value, error) {
	switch v := u.In.(type) {
	case bool:
		return v, nil
	case string:
		return slices.Contains([]string{"yes", "on", "1", "true"}, strings.ToLower(v)), nil
	}
	return value.IsNumber(u.In) && value.ToFloat(u.In) == 1, nil
}

func truthWord(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "on", "1", "true", "y", "t":
		return true
	}
	return false
}

func stringFilter(u *expr.Call) (value.Value, error) {
	if m, ok := u.In.(value.Markup); ok {
		return m, nil
	}
	s, unknown, err := u.Context.TextOf(u.In)
	if unknown != nil {
		return unknown, err
	}
	return s, err
}

func typeDebug(u *expr.Call) (value.Value, error) {
	if _, ok := u.In.(value.Markup); ok {
		return "Markup", nil
	}
	return value.TypeName(u.In), nil
}

func isSet(v value.Value) bool {
	t, _, err := value.Truth(v)
	return t && err == nil
}

// listOrError returns a list as a Value, but nil with an error.
func listOrError(l []value.Value, err error) (value.Value, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}
