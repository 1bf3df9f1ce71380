package engine

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"runner/engine/expr/value"
	"runner/suggest"
)

// scalarAs converts a scalar to the type of a parameter, by Ansible's rules
// (docs/language.md §3), except that text stays as it was written.
func scalarAs(p Param, text string, v Value) (any, error) {
	switch p.Type {
	case BoolParam:
		return asBool(text, v)
	case IntParam:
		return asInt(text, v)
	case FloatParam:
		return asFloat(text, v)
	}
	switch v.(type) {
	case []Value, *value.Map:
		return nil, fmt.Errorf("text is wanted, not %s", value.TypeName(v))
	}
	if len(p.Choices) > 0 && !slices.Contains(p.Choices, text) {
		hint := suggest.DidYouMean(text, p.Choices)
		if hint == "" {
			hint = "it must be one of " + strings.Join(p.Choices, ", ")
		}
		return nil, fmt.Errorf("%q is not allowed; %s", text, hint)
	}
	return text, nil
}

func asBool(text string, v Value) (any, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	switch strings.ToLower(text) {
	case "yes", "on", "1", "true", "t", "y", "1.0":
		return true, nil
	case "no", "off", "0", "false", "f", "n", "0.0":
		return false, nil
	}
	return nil, fmt.Errorf("%q is neither true nor false", text)
}

func asInt(text string, v Value) (any, error) {
	switch v := v.(type) {
	case int:
		return v, nil
	case *big.Int:
		return nil, fmt.Errorf("%s is too large", v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int(v), nil
		}
	case string:
		if n, err := strconv.Atoi(strings.TrimSpace(v)); err == nil {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%q is not a whole number", text)
}

func asFloat(text string, v Value) (any, error) {
	switch v := v.(type) {
	case int:
		return float64(v), nil
	case float64:
		return v, nil
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%q is not a number", text)
}
