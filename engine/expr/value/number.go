package value

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
)

// IsNumber reports whether v is a number; a bool is one.
func IsNumber(v Value) bool {
	switch v := v.(type) {
	case int, float64, bool, *big.Int:
		return true
	case Secret:
		return IsNumber(v.open)
	}
	return false
}

// IsInt reports whether v is a whole number by type; bool is one.
func IsInt(v Value) bool {
	switch v := v.(type) {
	case int, bool, *big.Int:
		return true
	case Secret:
		return IsInt(v.open)
	}
	return false
}

// ToInt returns an int's or bool's value; a big one is cut to the largest int.
func ToInt(v Value) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case bool:
		return BoolInt(v), true
	case *big.Int:
		if v.Sign() < 0 {
			return math.MinInt, true
		}
		return math.MaxInt, true
	case Secret:
		return ToInt(v.open)
	}
	return 0, false
}

// ToFloat returns a number's value as a float.
func ToFloat(v Value) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case bool:
		return float64(BoolInt(v))
	case float64:
		return v
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f
	}
	return 0
}

// ToBig returns a whole number's value; 0 for anything else.
func ToBig(v Value) *big.Int {
	switch v := v.(type) {
	case int:
		return big.NewInt(int64(v))
	case bool:
		return big.NewInt(int64(BoolInt(v)))
	case *big.Int:
		return v
	}
	return new(big.Int)
}

// Normal makes an int of a big one that fits.
func Normal(n *big.Int) Value {
	if n.IsInt64() {
		return int(n.Int64())
	}
	return n
}

// compareNumbers orders two numbers exactly; ok is false for NaN.
func compareNumbers(a, b Value) (o int, ok bool) {
	x, xInt := a.(int)
	y, yInt := b.(int)
	if xInt && yInt {
		return cmp.Compare(x, y), true
	}
	if IsInt(a) && IsInt(b) {
		return ToBig(a).Cmp(ToBig(b)), true
	}
	fa, fb := ToFloat(a), ToFloat(b)
	if math.IsNaN(fa) || math.IsNaN(fb) {
		return 0, false
	}
	if math.IsInf(fa, 0) || math.IsInf(fb, 0) || fa != fb {
		return cmp.Compare(fa, fb), true
	}
	return exact(a).Cmp(exact(b)), true
}

func exact(v Value) *big.Float {
	if f, ok := v.(float64); ok {
		return big.NewFloat(f)
	}
	n := ToBig(v)
	return new(big.Float).SetPrec(uint(max(64, n.BitLen()))).SetInt(n)
}

// Signed does the operators - and + before a value.
func Signed(op string, v Value) (Value, error) {
	if !IsNumber(v) {
		if d, ok := v.(Span); ok && op == "-" {
			return -d, nil
		}
		return nil, Errorf(TypeError, "'%s' does not go with '%s'", op, TypeName(v))
	}
	if b, ok := v.(bool); ok {
		v = BoolInt(b)
	}
	if op == "+" {
		return v, nil
	}
	switch n := v.(type) {
	case int:
		if n != math.MinInt {
			return -n, nil
		}
	case float64:
		return -n, nil
	}
	return Normal(new(big.Int).Neg(ToBig(v))), nil
}

// Numeric does an operator on two numbers.
func Numeric(op string, l, r Value) (Value, error) {
	if _, ok := l.(float64); ok {
		return floats(op, ToFloat(l), ToFloat(r))
	}
	if _, ok := r.(float64); ok {
		return floats(op, ToFloat(l), ToFloat(r))
	}
	if a, ok := toSmall(l); ok {
		if b, ok := toSmall(r); ok {
			if v, ok := smallInts(op, a, b); ok {
				return v, nil
			}
		}
	}
	return bigInts(op, ToBig(l), ToBig(r))
}

func toSmall(v Value) (int, bool) {
	if _, isBig := v.(*big.Int); isBig {
		return 0, false
	}
	return ToInt(v)
}

// smallInts does what stays within an int; ok is false for the rest.
func smallInts(op string, a, b int) (Value, bool) {
	switch op {
	case "+":
		s := a + b
		return s, (s > a) == (b > 0)
	case "-":
		s := a - b
		return s, (s < a) == (b > 0)
	case "*":
		hi, lo := bits.Mul64(magnitude(a), magnitude(b))
		return a * b, hi == 0 && lo < 1<<63
	case "//", "%":
		if b == 0 || a == math.MinInt && b == -1 {
			return nil, false
		}
		q, m := a/b, a%b
		if m != 0 && (m < 0) != (b < 0) {
			q, m = q-1, m+b
		}
		if op == "//" {
			return q, true
		}
		return m, true
	}
	return nil, false
}

func magnitude(n int) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func bigInts(op string, a, b *big.Int) (Value, error) {
	n := new(big.Int)
	switch op {
	case "+":
		return bounded(n.Add(a, b))
	case "-":
		return bounded(n.Sub(a, b))
	case "*":
		return bounded(n.Mul(a, b))
	case "**":
		return bigPower(a, b)
	}
	if b.Sign() == 0 {
		return nil, DivisionByZero()
	}
	if op == "/" {
		f, _ := new(big.Rat).SetFrac(a, b).Float64()
		return f, nil
	}
	m := new(big.Int)
	n.QuoRem(a, b, m)
	if m.Sign() != 0 && m.Sign() != b.Sign() {
		n.Sub(n, big.NewInt(1))
		m.Add(m, b)
	}
	if op == "//" {
		return Normal(n), nil
	}
	return Normal(m), nil
}

// DivisionByZero returns the error of dividing by zero.
func DivisionByZero() *Error { return Errorf(ZeroDivisionError, "division by zero") }

const maxBits = maxDigits * 3

func bounded(n *big.Int) (Value, error) {
	if n.BitLen() > maxBits {
		return nil, Errorf(LimitError, "the number has more than %d bits", maxBits)
	}
	return Normal(n), nil
}

func bigPower(a, b *big.Int) (Value, error) {
	if b.Sign() < 0 {
		return floats("**", ToFloat(Normal(a)), ToFloat(Normal(b)))
	}
	if a.BitLen() > 1 && (!b.IsInt64() || b.Int64() > maxBits || int64(a.BitLen()-1)*b.Int64() > maxBits) {
		return nil, Errorf(LimitError, "the number has more than %d bits", maxBits)
	}
	if a.BitLen() <= 1 { // -1, 0, 1: only whether b is 0, odd or even counts
		b = big.NewInt(int64(b.Bit(0)) + 2*int64(b.Sign()))
	}
	return Normal(new(big.Int).Exp(a, b, nil)), nil
}

func floats(op string, a, b float64) (Value, error) {
	switch op {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "**":
		return Power(a, b)
	}
	if b == 0 {
		return nil, DivisionByZero()
	}
	if op == "/" {
		return a / b, nil
	}
	m := math.Mod(a, b)
	switch {
	case m == 0:
		m = math.Copysign(0, b)
	case (m < 0) != (b < 0):
		m += b
	}
	if op == "%" {
		return m, nil
	}
	return math.Round((a - m) / b), nil
}

// Power is a to the b.
func Power(a, b float64) (Value, error) {
	if a == 0 && b < 0 {
		return nil, DivisionByZero()
	}
	f := power(a, b)
	if math.IsNaN(f) && !math.IsNaN(a) && !math.IsNaN(b) {
		return nil, Errorf(TypeError, "a negative number has no root")
	}
	if math.IsInf(f, 0) && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		return nil, Errorf(LimitError, "the number is too large")
	}
	return f, nil
}
