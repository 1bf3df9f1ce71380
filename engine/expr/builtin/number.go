package builtin

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// numberFilters work on numbers.
func numberFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "abs", Doc: "the number without its sign", Do: absFilter},
		{Names: "round", Params: "precision=0 method='common'", Doc: "rounded to so many places: common, ceil or floor", Do: roundFilter},
		{Names: "log", Params: "base=2.718281828459045", Doc: "the logarithm", How: expr.Plugin, Do: logFilter},
		{Names: "pow", Params: "power!", Doc: "the number to a power", How: expr.Plugin, Do: powFilter},
		{Names: "root", Params: "base=2", Doc: "the square root, or another", How: expr.Plugin, Do: rootFilter},
		{Names: "human_readable", Params: "isbits=false unit=none", Doc: "a number of bytes as people read it: 1.50 MB",
			How: expr.Plugin, Do: humanReadable},
		{Names: "human_to_bytes", Params: "default_unit=none isbits=false", Doc: "the number of bytes that 1.5 MB stands for",
			How: expr.Plugin, Do: humanToBytes},
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

// numberOf returns what the operation works on, which has to be a number.
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

// numberArg returns an argument that has to be a number.
func numberArg(u *expr.Call, i int) float64 {
	v := u.Arg(i)
	if !value.IsNumber(v) {
		u.Wrong(i, "a number", v)
	}
	return value.ToFloat(v)
}

func roundFilter(u *expr.Call) (value.Value, error) {
	f, err := numberOf(u)
	if err != nil {
		return nil, err
	}
	precision := max(min(u.Int(0), 400), -400)
	switch method := u.Str(1); method {
	case "common":
		if value.IsInt(u.In) && precision >= 0 {
			return value.Signed("+", u.In)
		}
		r := roundTo(f, precision)
		if value.IsInt(u.In) {
			return value.Truncate(r), nil
		}
		return r, nil
	case "ceil", "floor":
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, value.Errorf(value.TypeError, "'round' wants a finite number")
		}
		if method == "ceil" {
			return scaled(math.Ceil, f, precision), nil
		}
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
	base := numberArg(u, 0)
	if f <= 0 || base <= 0 {
		return nil, value.Errorf(value.FilterError, "only what is above 0 has a logarithm")
	}
	if base == 10 {
		return value.Log10(f), nil
	}
	if base == 1 {
		return nil, value.DivisionByZero()
	}
	return value.Log(f) / value.Log(base), nil
}

func powFilter(u *expr.Call) (value.Value, error) {
	f, err := numberOf(u)
	if err != nil {
		return nil, err
	}
	return value.Power(f, numberArg(u, 0))
}

func rootFilter(u *expr.Call) (value.Value, error) {
	f, err := numberOf(u)
	if err != nil {
		return nil, err
	}
	base := numberArg(u, 0)
	switch {
	case base == 0:
		return nil, value.DivisionByZero()
	case base == 2 && f < 0:
		return nil, value.Errorf(value.FilterError, "a negative number has no root")
	case base == 2:
		return math.Sqrt(f), nil
	}
	return value.Power(f, 1/base)
}

const sizeUnits = "BKMGTPEZY"

func humanReadable(u *expr.Call) (value.Value, error) {
	f, err := numberOf(u)
	if err != nil {
		return nil, err
	}
	base := "Bytes"
	if u.Flag(0) {
		base = "bits"
	}
	unit := ""
	if u.Arg(1) != nil {
		unit = strings.ToUpper(u.Str(1))
	}
	for i := len(sizeUnits) - 1; i > 0; i-- {
		limit := math.Pow(1024, float64(i))
		if u.Arg(1) == nil && f >= limit || unit == sizeUnits[i:i+1] {
			return strconv.FormatFloat(f/limit, 'f', 2, 64) + " " + sizeUnits[i:i+1] + base[:1], nil
		}
	}
	return strconv.FormatFloat(f, 'f', 2, 64) + " " + base, nil
}

var humanSize = regexp.MustCompile(`^([0-9]*\.?[0-9]+)(?:\s*([A-Za-z]+))?\s*$`)

// humanToBytes reads a number with a unit: K, KB or kilobyte, of bits Kb and kilobit.
func humanToBytes(u *expr.Call) (value.Value, error) {
	m := humanSize.FindStringSubmatch(u.Text())
	if m == nil {
		return nil, value.Errorf(value.FilterError, "'human_to_bytes' cannot read %s", value.Quote(value.Shorten(u.Text(), 60))).
			WithHint("as in 10 MB or 1.5G")
	}
	f, _ := strconv.ParseFloat(m[1], 64)
	unit := m[2]
	if unit == "" && u.Arg(0) != nil {
		unit = u.Str(0)
	}
	if unit == "" {
		return value.Truncate(math.RoundToEven(f)), nil
	}
	at := strings.IndexByte(sizeUnits, strings.ToUpper(unit)[0])
	if at < 0 || len(unit) > 1 && !isUnit(unit, at, u.Flag(1)) {
		return nil, value.Errorf(value.FilterError, "'human_to_bytes' does not know the unit %s", value.Quote(unit)).WithHint("as in 10 MB or 1.5G; of bits, with isbits, 10 Mb")
	}
	n, _ := big.NewFloat(math.RoundToEven(f * math.Pow(1024, float64(at)))).Int(nil)
	return value.Normal(n), nil
}

// isUnit reports whether a unit of several letters is that of a power of 1024.
func isUnit(unit string, at int, isBits bool) bool {
	names := strings.Fields("- kilo mega giga tera peta exa zetta yotta")
	letter, word := "B", "byte"
	if isBits {
		letter, word = "b", "bit"
	}
	if at == 0 {
		return strings.ToLower(unit) == word
	}
	return unit == sizeUnits[at:at+1]+letter || strings.ToLower(unit) == names[at]+word
}
