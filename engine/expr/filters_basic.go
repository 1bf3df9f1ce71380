package expr

import (
	"math"
	"math/big"
	"strconv"
	"strings"
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

func defaultFilter(u *use) (Value, error) {
	switch v := u.in.(type) {
	case *Undefined:
		return u.arg(0, ""), nil
	case *Unknown:
		return v, nil
	}
	if !u.flag(1, false) {
		return u.in, nil
	}
	if t, _, err := truthOf(u.in); t || err != nil {
		return u.in, err
	}
	return u.arg(0, ""), nil
}

func mandatory(u *use) (Value, error) {
	v, ok := u.in.(*Undefined)
	if !ok {
		return u.in, nil
	}
	e := undefinedError(v)
	msg := "the variable '" + v.Name + "' is mandatory, but " + e.Msg
	if u.has(0) && u.args[0] != nil {
		msg = Text(u.args[0])
	}
	return nil, &Error{Class: MandatoryError, Msg: msg, Place: v.Place, hint: e.hint}
}

func ternary(u *use) (Value, error) {
	if u.in == nil && u.has(2) {
		return u.args[2], nil
	}
	t, unknown, err := truthOf(u.in)
	switch {
	case unknown != nil || err != nil:
		return orUnknown(unknown), err
	case t:
		return u.args[0], nil
	}
	return u.args[1], nil
}

func intFilter(u *use) (Value, error) {
	base := u.int(1, 10)
	switch v := u.in.(type) {
	case string:
		if n, ok := intOf(v, base); ok {
			return n, nil
		}
		if f, ok := parseFloat(v); ok && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return truncated(f), nil
		}
	case int, *big.Int:
		return v, nil
	case bool:
		return boolInt(v), nil
	case float64:
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			return truncated(v), nil
		}
	}
	return u.arg(0, 0), nil
}

// intOf reads an integer as Python's int() does: spaces around, underscores
// between digits, a prefix that fits the base.
func intOf(s string, base int) (Value, bool) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return nil, false
	}
	s = strings.ReplaceAll(s, "_", "")
	if p := basePrefix(base); p != "" {
		sign := ""
		if s != "" && (s[0] == '-' || s[0] == '+') {
			sign, s = s[:1], s[1:]
		}
		if len(s) > 2 && strings.EqualFold(s[:2], p) && s[2] != '-' && s[2] != '+' {
			s = s[2:]
		}
		s = sign + s
	}
	if base < 0 || base == 1 || base > 36 {
		return nil, false
	}
	return parseInt(s, base)
}

func basePrefix(base int) string {
	switch base {
	case 2:
		return "0b"
	case 8:
		return "0o"
	case 16:
		return "0x"
	}
	return ""
}

// parseFloat reads a float as Python's float() does.
func parseFloat(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if strings.ContainsAny(s, "xXpP") || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	return f, err == nil || math.IsInf(f, 0)
}

// truncated cuts the fraction off a finite float.
func truncated(f float64) Value {
	n, _ := big.NewFloat(f).Int(nil)
	return normal(n)
}

func floatFilter(u *use) (Value, error) {
	switch v := u.in.(type) {
	case string:
		if f, ok := parseFloat(v); ok {
			return f, nil
		}
	case int, *big.Int, bool, float64:
		return toFloat(v), nil
	}
	return u.arg(0, 0.0), nil
}

// boolFilter knows Ansible's words for true; everything else is false, and
// none stays none.
func boolFilter(u *use) (Value, error) {
	switch v := u.in.(type) {
	case nil, bool:
		return v, nil
	case string:
		return truthWord(v), nil
	}
	return isNumber(u.in) && toFloat(u.in) == 1, nil
}

func truthWord(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "on", "1", "true", "y", "t":
		return true
	}
	return false
}

func stringFilter(u *use) (Value, error) {
	s, _, err := u.c.textOf(u.in)
	return s, err
}

func typeDebug(u *use) (Value, error) { return TypeName(u.in), nil }
