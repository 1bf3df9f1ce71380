package value

import (
	"math"
	"math/big"
)

// precision is how many bits logarithms and powers are computed with, so that
// rounding returns what C's library gives.
const precision = 160

// Log returns the natural logarithm of a positive number, correctly rounded.
func Log(x float64) float64 {
	if x <= 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return math.Log(x)
	}
	f, _ := logarithm(x).Float64()
	return f
}

// Log10 returns the decimal logarithm of a positive number, correctly rounded.
func Log10(x float64) float64 {
	if x <= 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return math.Log10(x)
	}
	f, _ := new(big.Float).Quo(logarithm(x), logarithm(10)).Float64()
	return f
}

func bigFloat(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

// logarithm computes ln x of a positive x: of its fraction by a series, and of its
// power of two.
func logarithm(x float64) *big.Float {
	fraction, exponent := math.Frexp(x)
	if fraction < math.Sqrt2/2 {
		fraction, exponent = fraction*2, exponent-1
	}
	m := bigFloat(fraction)
	z := new(big.Float).Quo(new(big.Float).Sub(m, bigFloat(1)), new(big.Float).Add(m, bigFloat(1)))
	third := new(big.Float).Quo(bigFloat(1), bigFloat(3))
	ln2 := twiceArtanh(third)
	return new(big.Float).Add(twiceArtanh(z), new(big.Float).Mul(ln2, bigFloat(float64(exponent))))
}

// twiceArtanh computes 2 artanh z, which is ln((1+z)/(1-z)), for |z| ≤ 1/3.
func twiceArtanh(z *big.Float) *big.Float {
	square, power, sum := new(big.Float).Mul(z, z), new(big.Float).Copy(z), bigFloat(0)
	for k := 1; k < 120; k += 2 {
		sum.Add(sum, new(big.Float).Quo(power, bigFloat(float64(k))))
		power.Mul(power, square)
	}
	return sum.Mul(sum, bigFloat(2))
}

// exponential computes e^v for a v whose power is a float.
func exponential(v *big.Float) float64 {
	ln2 := logarithm(2)
	f, _ := new(big.Float).Quo(v, ln2).Float64()
	k := math.Round(f)
	r := new(big.Float).Sub(v, new(big.Float).Mul(ln2, bigFloat(k)))
	sum, term := bigFloat(1), bigFloat(1)
	for i := 1; i < 40; i++ {
		term.Quo(new(big.Float).Mul(term, r), bigFloat(float64(i)))
		sum.Add(sum, term)
	}
	x, _ := new(big.Float).SetMantExp(sum, int(k)).Float64()
	return x
}

// power is x to the y as C's library computes it.
func power(x, y float64) float64 {
	f := math.Pow(x, y)
	if x == 0 || f == 0 || math.IsInf(f, 0) || math.IsNaN(f) || math.Abs(f) < 1e-300 {
		return f
	}
	exact := exponential(new(big.Float).Mul(logarithm(math.Abs(x)), bigFloat(y)))
	return math.Copysign(exact, f)
}
