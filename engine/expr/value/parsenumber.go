package value

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// ParseInt reads an integer of any size in Python's notation; base 0 allows 0x, 0o and 0b.
func ParseInt(s string, base int) (Value, bool) {
	if n, err := strconv.ParseInt(s, base, 64); err == nil && (base != 0 || !leadingZero(s)) {
		return int(n), true
	}
	if base == 0 && leadingZero(s) {
		base = 10
	}
	n, ok := new(big.Int).SetString(s, base)
	if !ok || len(s) > maxDigits {
		return nil, false
	}
	return Normal(n), true
}

// leadingZero reports 00 and 007, which Go alone takes for octal.
func leadingZero(s string) bool {
	return len(s) > 1 && s[0] == '0' && IsDigit(s[1])
}

// ReadInt reads an integer as Python's int() does: spaces around, underscores
// between digits, a prefix that fits the base.
func ReadInt(s string, base int) (Value, bool) {
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
	return ParseInt(s, base)
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

// ReadFloat reads a float as Python's float() does.
func ReadFloat(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if strings.ContainsAny(s, "xXpP") || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	return f, err == nil || math.IsInf(f, 0)
}

// Truncate cuts the fraction off a finite float.
func Truncate(f float64) Value {
	n, _ := big.NewFloat(f).Int(nil)
	return Normal(n)
}

// IsDigit reports whether c is one of 0 to 9.
func IsDigit(c byte) bool { return c >= '0' && c <= '9' }
