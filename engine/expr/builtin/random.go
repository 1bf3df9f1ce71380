package builtin

import (
	cryptorand "crypto/rand"
	"crypto/sha512"
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
	"slices"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// randomFilters pick and shuffle; with a seed as Python does with the same seed.
func randomFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "random", Params: "start=none step=none seed=none", Doc: "an element, or a number below this one", How: expr.Plugin | expr.Keeps, Do: randomFilter},
		{Names: "shuffle", Params: "seed=none", Doc: "the elements in any order", How: expr.Plugin | expr.Keeps, Do: shuffle},
	}
}

func randomFilter(u *expr.Call) (value.Value, error) {
	r, err := newTwister(u.Arg(2))
	if err != nil {
		return nil, err
	}
	if n, ok := value.ToInt(u.In); ok {
		start, step := 0, 1
		if v := u.Arg(0); v != nil && v != 0 {
			start = u.Int(0)
		}
		if v := u.Arg(1); v != nil && v != 0 {
			step = u.Int(1)
		}
		return r.between(start, n, step)
	}
	if a, b := u.Arg(0), u.Arg(1); a != nil && a != 0 || b != nil && b != 0 {
		return nil, value.Errorf(value.FilterError, "start and step of 'random' are for numbers")
	}
	if _, isMap := u.In.(*value.Map); isMap {
		return nil, value.Errorf(value.FilterError, "'random' picks of lists, texts and numbers, not of %s", value.Describe(u.In))
	}
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	if len(l) == 0 {
		return nil, value.Errorf(value.FilterError, "there is nothing to pick from")
	}
	return l[r.below(uint64(len(l)))], nil
}

func shuffle(u *expr.Call) (value.Value, error) {
	l, err := u.List()
	if err != nil {
		return u.In, nil // as Ansible has it
	}
	seed := u.Arg(0)
	if t, _, _ := value.Truth(seed); !t {
		seed = nil
	}
	r, err := newTwister(seed)
	if err != nil {
		return nil, err
	}
	for i := len(l) - 1; i > 0; i-- {
		j := r.below(uint64(i + 1))
		l[i], l[j] = l[j], l[i]
	}
	return l, nil
}

const twisterSize, twisterMiddle = 624, 397

// A twister is the Mersenne Twister with the seeds and the choices of Python.
type twister struct {
	state [twisterSize]uint32
	next  int
}

// newTwister makes one of a seed: a whole number, a float or a text; nil is a
// seed that nobody knows.
func newTwister(seed value.Value) (*twister, error) {
	n := new(big.Int)
	switch s := seed.(type) {
	case nil:
		b := make([]byte, 32)
		cryptorand.Read(b)
		n.SetBytes(b)
	case int, bool, *big.Int:
		n.Abs(value.ToBig(s))
	case float64:
		n = hashOfFloat(s)
	case string:
		sum := sha512.Sum512([]byte(s))
		n.SetBytes(append([]byte(s), sum[:]...))
	default:
		return nil, value.Errorf(value.FilterError, "a seed is a number or a text, not %s", value.Describe(seed))
	}
	t := &twister{}
	t.seed(n)
	return t, nil
}

// hashOfFloat is the absolute value of Python's hash of a float.
func hashOfFloat(f float64) *big.Int {
	const width = 61
	modulus := uint64(1)<<width - 1
	if math.IsInf(f, 0) {
		return big.NewInt(314159)
	}
	m, e := math.Frexp(math.Abs(f))
	x := uint64(0)
	for m != 0 {
		x = x<<28&modulus | x>>(width-28)
		m *= 1 << 28
		e -= 28
		y := uint64(m)
		m -= float64(y)
		if x += y; x >= modulus {
			x -= modulus
		}
	}
	shift := (e%width + width) % width
	x = x<<shift&modulus | x>>(width-shift)
	return new(big.Int).SetUint64(x)
}

func (t *twister) start(seed uint32) {
	t.state[0] = seed
	for i := 1; i < twisterSize; i++ {
		t.state[i] = 1812433253*(t.state[i-1]^t.state[i-1]>>30) + uint32(i)
	}
	t.next = twisterSize
}

// seed starts the twister with the 32-bit digits of a number.
func (t *twister) seed(n *big.Int) {
	var key []uint32
	b := n.Bytes()
	slices.Reverse(b)
	for len(b)%4 != 0 || len(b) == 0 {
		b = append(b, 0)
	}
	for i := 0; i < len(b); i += 4 {
		key = append(key, binary.LittleEndian.Uint32(b[i:]))
	}
	t.start(19650218)
	i, j := 1, 0
	for range max(twisterSize, len(key)) {
		t.state[i] = (t.state[i] ^ (t.state[i-1]^t.state[i-1]>>30)*1664525) + key[j] + uint32(j)
		i, j = t.wrap(i+1), (j+1)%len(key)
	}
	for range twisterSize - 1 {
		t.state[i] = (t.state[i] ^ (t.state[i-1]^t.state[i-1]>>30)*1566083941) - uint32(i)
		i = t.wrap(i + 1)
	}
	t.state[0] = 1 << 31
}

func (t *twister) wrap(i int) int {
	if i < twisterSize {
		return i
	}
	t.state[0] = t.state[twisterSize-1]
	return 1
}

func (t *twister) uint32() uint32 {
	if t.next >= twisterSize {
		for i := range twisterSize {
			y := t.state[i]&(1<<31) | t.state[(i+1)%twisterSize]&(1<<31-1)
			t.state[i] = t.state[(i+twisterMiddle)%twisterSize] ^ y>>1
			if y&1 == 1 {
				t.state[i] ^= 0x9908b0df
			}
		}
		t.next = 0
	}
	y := t.state[t.next]
	t.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// bits returns k random bits, k ≤ 64.
func (t *twister) bits(k int) uint64 {
	if k <= 32 {
		return uint64(t.uint32() >> (32 - k))
	}
	low := uint64(t.uint32())
	return low | uint64(t.uint32()>>(64-k))<<32
}

// below returns a number below n > 0.
func (t *twister) below(n uint64) uint64 {
	k := bits.Len64(n)
	for {
		if r := t.bits(k); r < n {
			return r
		}
	}
}

// between returns one of the numbers from start to before stop, in steps.
func (t *twister) between(start, stop, step int) (value.Value, error) {
	width := stop - start
	var n int
	switch {
	case step > 0:
		n = (width + step - 1) / step
	case step < 0:
		n = (width + step + 1) / step
	}
	if n <= 0 || step > 0 && width <= 0 || step < 0 && width >= 0 {
		return nil, value.Errorf(value.FilterError, "there is no number from %d up to %d in steps of %d", start, stop, step)
	}
	return start + step*int(t.below(uint64(n))), nil
}

// Choose returns n characters, chosen as Python does with the same seed.
func Choose(n int, among []rune, seed value.Value) (string, error) {
	t, err := newTwister(seed)
	if err != nil {
		return "", err
	}
	out := make([]rune, n)
	for i := range out {
		out[i] = among[t.below(uint64(len(among)))]
	}
	return string(out), nil
}
