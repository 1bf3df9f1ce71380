package builtin

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// numberFilters work on numbers.
func numberFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "abs", Do: absFilter},
		{Names: "round", Params: "precision method", Do: roundFilter},
		{Names: "log", Params: "base", How: expr.Plugin, Do: logFilter},
		{Names: "pow", Params: "power!", How: expr.Plugin, Do: powFilter},
		{Names: "root", Params: "base", How: expr.Plugin, Do: rootFilter},
		{Names: "human_readable", Params: "isbits unit", How: expr.Plugin, Do: humanReadable},
		{Names: "human_to_bytes", Params: "default_unit isbits", How: expr.Plugin, Do: humanToBytes},
		{Names: "random", Params: "end start step seed", How: expr.Plugin, Do: randomFilter},
	}
}

func absFilter(u *expr.Call) (value.Value, error) {
	if !value.IsNumber(u.In) {
		return nil, value.Errorf(value.TypeError, "'abs' wants a number, not %s", value.Describe(u.In))
	}
	if value.ToFloat(u.In) < 0 {
		return value.Signed("-", u.In)
	}
	return value.Signed("+", u.In)
}

// numberOf gives what the operation works on, which has to be a number.
func numberOf(u *expr.Call) (float64, error) {
	if !value.IsNumber(u.In) {
		e := value.Errorf(value.TypeError, "'%s' wants a number, not %s", u.Name, value.Describe(u.In))
		if _, ok := u.In.(string); ok {
			return 0, e.WithHint("make a number of the text with `| float`")
		}
		return 0, e
	}
	return value.ToFloat(u.In), nil
}

func roundFilter(u *expr.Call) (value.Value, error) {
	f, err := numberOf(u)
	if err != nil {
		return nil, err
	}
	precision := u.Int(0, 0)
	precision = max(min(precision, 400), -400)
	switch method := u.Str(1, "common"); method {
	case "common":
		if value.IsInt(u.In) && precision >= 0 {
			return value.Signed("+", u.In)
		}
		r := roundTo(f, precision)
		if value.IsInt(u.In) {
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

func logFilter(u *expr.Call) (value.Value, error) {
	f, err := numberOf(u)
	if err != nil {
		return nil, err
	}
	if f <= 0 {
		return nil, value.Errorf(value.FilterError, "only what is above 0 has a logarithm")
	}
	base := value.ToFloat(u.Arg(0, math.E))
	if base == 10 {
		return math.Log10(f), nil
	}
	if base == math.E {
		return math.Log(f), nil
	}
	return math.Log(f) / math.Log(base), nil
}

func powFilter(u *expr.Call) (value.Value, error) {
	f, err := numberOf(u)
	if err != nil || !value.IsNumber(u.Args[0]) {
		u.Wrong(0, "a number", u.Args[0])
		return nil, err
	}
	return value.Power(f, value.ToFloat(u.Args[0]))
}

func rootFilter(u *expr.Call) (value.Value, error) {
	f, err := numberOf(u)
	if err != nil {
		return nil, err
	}
	base := value.ToFloat(u.Arg(0, 2))
	if base == 0 {
		return nil, value.DivisionByZero()
	}
	if base == 2 && f >= 0 {
		return math.Sqrt(f), nil
	}
	return value.Power(f, 1/base)
}

const sizeUnits = "BKMGTPEZY"

func humanReadable(u *expr.Call) (value.Value, error) {
	var f float64
	switch v := u.In.(type) {
	case string:
		n, ok := value.ReadFloat(v)
		if !ok {
			return nil, value.Errorf(value.FilterError, "'human_readable' wants a number of bytes, not %s", value.Describe(u.In))
		}
		f = n
	default:
		n, err := numberOf(u)
		if err != nil {
			return nil, err
		}
		f = n
	}
	base := "Bytes"
	if u.Flag(0, false) {
		base = "bits"
	}
	unit := strings.ToUpper(value.Text(u.Arg(1, "")))
	for i := len(sizeUnits) - 1; i > 0; i-- {
		limit := math.Pow(1024, float64(i))
		if u.Arg(1, nil) == nil && f >= limit || strings.HasPrefix(unit, sizeUnits[i:i+1]) && u.Arg(1, nil) != nil {
			return strconv.FormatFloat(f/limit, 'f', 2, 64) + " " + sizeUnits[i:i+1] + base[:1], nil
		}
	}
	return strconv.FormatFloat(f, 'f', 2, 64) + " " + base, nil
}

func humanToBytes(u *expr.Call) (value.Value, error) {
	s := strings.TrimSpace(u.Text())
	i := strings.LastIndexAny(s, "0123456789.") + 1
	f, ok := value.ReadFloat(s[:i])
	unit := strings.TrimSpace(s[i:])
	if unit == "" {
		unit = value.Text(u.Arg(0, "B"))
	}
	at := strings.IndexByte(sizeUnits, strings.ToUpper(unit + " ")[0])
	suffix := "b"
	if !u.Flag(1, false) {
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
func randomFilter(u *expr.Call) (value.Value, error) {
	pick := rand.IntN
	if seed := u.Arg(3, nil); seed != nil {
		h := fnvOf(value.Text(seed))
		pick = rand.New(rand.NewPCG(h, h)).IntN
	}
	if n, ok := value.ToInt(u.In); ok {
		start, step := u.Int(1, 0), u.Int(2, 1)
		if step <= 0 || n <= start {
			return nil, value.Errorf(value.FilterError, "there is no number from %d up to %d", start, n)
		}
		return start + step*pick((n-start-1)/step+1), nil
	}
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	if len(l) == 0 {
		return u.Nothing("there is nothing to pick from"), nil
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
