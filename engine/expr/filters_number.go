package expr

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"

	"runner/engine/expr/value"
)

// numberFilters work on numbers.
func numberFilters() []operation {
	return []operation{
		{names: "abs", do: absFilter},
		{names: "round", params: "precision method", do: roundFilter},
		{names: "log", params: "base", how: plugin, do: logFilter},
		{names: "pow", params: "power!", how: plugin, do: powFilter},
		{names: "root", params: "base", how: plugin, do: rootFilter},
		{names: "human_readable", params: "isbits unit", how: plugin, do: humanReadable},
		{names: "human_to_bytes", params: "default_unit isbits", how: plugin, do: humanToBytes},
		{names: "random", params: "end start step seed", how: plugin, do: randomFilter},
	}
}

func absFilter(u *use) (value.Value, error) {
	if !value.IsNumber(u.in) {
		return nil, value.Errorf(value.TypeError, "'abs' wants a number, not %s", value.Describe(u.in))
	}
	if value.ToFloat(u.in) < 0 {
		return value.Signed("-", u.in)
	}
	return value.Signed("+", u.in)
}

// number gives what the operation works on, which has to be a number.
func (u *use) number() (float64, error) {
	if !value.IsNumber(u.in) {
		e := value.Errorf(value.TypeError, "'%s' wants a number, not %s", u.name, value.Describe(u.in))
		if _, ok := u.in.(string); ok {
			return 0, e.WithHint("make a number of the text with `| float`")
		}
		return 0, e
	}
	return value.ToFloat(u.in), nil
}

func roundFilter(u *use) (value.Value, error) {
	f, err := u.number()
	if err != nil {
		return nil, err
	}
	precision := u.int(0, 0)
	precision = max(min(precision, 400), -400)
	switch method := u.str(1, "common"); method {
	case "common":
		if value.IsInt(u.in) && precision >= 0 {
			return value.Signed("+", u.in)
		}
		r := roundTo(f, precision)
		if value.IsInt(u.in) {
			return value.Truncate(r), nil
		}
		return r, nil
	case "ceil":
		return scaled(math.Ceil, f, precision), nil
	case "floor":
		return scaled(math.Floor, f, precision), nil
	default:
		return nil, value.Errorf(value.FilterError, "'round' has no method %s", value.Quote(method)).WithHint("common, ceil or floor")
	}
}

// roundTo rounds to so many decimal places, halves to even, by the exact value.
func roundTo(f float64, places int) float64 {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return f
	}
	if places >= 0 {
		r, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', places, 64), 64)
		return r
	}
	p := math.Pow(10, float64(-places))
	return math.RoundToEven(f/p) * p
}

func scaled(f func(float64) float64, v float64, precision int) float64 {
	p := math.Pow(10, float64(precision))
	return f(v*p) / p
}

func logFilter(u *use) (value.Value, error) {
	f, err := u.number()
	if err != nil {
		return nil, err
	}
	if f <= 0 {
		return nil, value.Errorf(value.FilterError, "only what is above 0 has a logarithm")
	}
	base := value.ToFloat(u.arg(0, math.E))
	if base == 10 {
		return math.Log10(f), nil
	}
	if base == math.E {
		return math.Log(f), nil
	}
	return math.Log(f) / math.Log(base), nil
}

func powFilter(u *use) (value.Value, error) {
	f, err := u.number()
	if err != nil || !value.IsNumber(u.args[0]) {
		u.wrong(0, "a number", u.args[0])
		return nil, err
	}
	return value.Power(f, value.ToFloat(u.args[0]))
}

func rootFilter(u *use) (value.Value, error) {
	f, err := u.number()
	if err != nil {
		return nil, err
	}
	base := value.ToFloat(u.arg(0, 2))
	if base == 0 {
		return nil, value.DivisionByZero()
	}
	if base == 2 && f >= 0 {
		return math.Sqrt(f), nil
	}
	return value.Power(f, 1/base)
}

const sizeUnits = "BKMGTPEZY"

func humanReadable(u *use) (value.Value, error) {
	var f float64
	switch v := u.in.(type) {
	case string:
		n, ok := value.ReadFloat(v)
		if !ok {
			return nil, value.Errorf(value.FilterError, "'human_readable' wants a number of bytes, not %s", value.Describe(u.in))
		}
		f = n
	default:
		n, err := u.number()
		if err != nil {
			return nil, err
		}
		f = n
	}
	base := "Bytes"
	if u.flag(0, false) {
		base = "bits"
	}
	unit := strings.ToUpper(value.Text(u.arg(1, "")))
	for i := len(sizeUnits) - 1; i > 0; i-- {
		limit := math.Pow(1024, float64(i))
		if u.arg(1, nil) == nil && f >= limit || strings.HasPrefix(unit, sizeUnits[i:i+1]) && u.arg(1, nil) != nil {
			return strconv.FormatFloat(f/limit, 'f', 2, 64) + " " + sizeUnits[i:i+1] + base[:1], nil
		}
	}
	return strconv.FormatFloat(f, 'f', 2, 64) + " " + base, nil
}

func humanToBytes(u *use) (value.Value, error) {
	s := strings.TrimSpace(u.text())
	i := strings.LastIndexAny(s, "0123456789.") + 1
	f, ok := value.ReadFloat(s[:i])
	unit := strings.TrimSpace(s[i:])
	if unit == "" {
		unit = value.Text(u.arg(0, "B"))
	}
	at := strings.IndexByte(sizeUnits, strings.ToUpper(unit + " ")[0])
	suffix := "b"
	if !u.flag(1, false) {
		suffix = "B"
	}
	rest := unit[1:]
	if at == 0 && rest == "" {
		rest = suffix
	}
	if !ok || at < 0 || rest != "" && rest != suffix && !strings.HasPrefix(strings.ToLower(unit), "byte") && !strings.HasPrefix(strings.ToLower(unit), "bit") {
		return nil, value.Errorf(value.FilterError, "'human_to_bytes' cannot read %s", value.Quote(s)).WithHint("as in 10 MB or 1.5G")
	}
	n, _ := new(big.Float).Mul(big.NewFloat(math.RoundToEven(f*math.Pow(1024, float64(at)))), big.NewFloat(1)).Int(nil)
	return value.Normal(n), nil
}

// randomFilter picks an element, or a number below the one given. With a seed it
// picks the same each time (not what Python would pick).
func randomFilter(u *use) (value.Value, error) {
	pick := rand.IntN
	if seed := u.arg(3, nil); seed != nil {
		h := fnvOf(value.Text(seed))
		pick = rand.New(rand.NewPCG(h, h)).IntN
	}
	if n, ok := value.ToInt(u.in); ok {
		start, step := u.int(1, 0), u.int(2, 1)
		if step <= 0 || n <= start {
			return nil, value.Errorf(value.FilterError, "there is no number from %d up to %d", start, n)
		}
		return start + step*pick((n-start-1)/step+1), nil
	}
	l, err := u.elements()
	if err != nil {
		return nil, err
	}
	if len(l) == 0 {
		return u.nothing("there is nothing to pick from"), nil
	}
	return l[pick(len(l))], nil
}

func fnvOf(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
