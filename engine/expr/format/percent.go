package format

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"runner/engine/expr/value"
)

// Percent does text % values: %s, %d, %(name)s and their like.
func Percent(b *value.Budget, format string, values value.Value) (value.Value, error) {
	f := &formatter{budget: b, named: values}
	switch v := values.(type) {
	case value.Tuple:
		f.args = v
	default:
		f.args = []value.Value{v}
	}
	used := false
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			f.b.WriteByte(format[i])
			continue
		}
		n, err := f.conversion(format[i+1:])
		if err != nil {
			return nil, err
		}
		used = used || f.byName
		i += n
	}
	if _, ok := values.(value.Tuple); f.next < len(f.args) && (ok || !subscripted(values)) && !used {
		return nil, value.Errorf(value.TypeError, "the format uses %d of %d values", f.next, len(f.args))
	}
	return f.b.String(), b.Write(f.b.Len())
}

// subscripted reports whether values could be named: of such Python asks no more
// than is used.
func subscripted(values value.Value) bool {
	switch values.(type) {
	case *value.Map, []value.Value:
		return true
	}
	return false
}

type formatter struct {
	budget *value.Budget
	b      strings.Builder
	args   []value.Value
	next   int
	// numbers is how fields are numbered: a by themselves, m by the format; 0 is not known yet.
	numbers byte
	named   value.Value
	byName  bool
}

// conversion does what stands behind a % and gives its length.
func (f *formatter) conversion(s string) (int, error) {
	i := 0
	var v value.Value
	name, hasName := "", false
	if strings.HasPrefix(s, "(") {
		end := strings.IndexByte(s, ')')
		if end < 0 {
			return 0, value.Errorf(value.TypeError, "the name in the format is not closed with )")
		}
		name, hasName, i = s[1:end], true, end+1
	}
	sp := spec{fill: ' ', precision: -1}
	for ; i < len(s) && strings.IndexByte("-+ 0#", s[i]) >= 0; i++ {
		sp.flag(s[i])
	}
	var err error
	if sp.width, i, err = f.amount(s, i, 0); err != nil {
		return 0, err
	}
	if i < len(s) && s[i] == '.' {
		if sp.precision, i, err = f.amount(s, i+1, 0); err != nil {
			return 0, err
		}
	}
	if i >= len(s) {
		return 0, value.Errorf(value.TypeError, "the format ends after %%").WithHint("write %% for the sign itself")
	}
	if s[i] == '%' {
		f.b.WriteByte('%')
		return i + 1, nil
	}
	if v, err = f.value(name, hasName); err != nil {
		return 0, err
	}
	sp.verb = s[i]
	text, err := sp.percentText(v)
	if err == nil {
		err = f.budget.Write(sp.width)
	}
	f.b.WriteString(text)
	return i + 1, err
}

func (f *formatter) value(name string, hasName bool) (value.Value, error) {
	if hasName {
		f.byName = true
		m, ok := f.named.(*value.Map)
		v, has := m.Get(name)
		if !ok || !has {
			return nil, value.Errorf(value.TypeError, "the format asks for %s, which is not given", value.Quote(name))
		}
		return v, nil
	}
	if f.next >= len(f.args) {
		return nil, value.Errorf(value.TypeError, "the format asks for more values than the %d given", len(f.args))
	}
	f.next++
	return f.args[f.next-1], nil
}

// amount reads a width or precision: digits, or * for the next value.
func (f *formatter) amount(s string, i, otherwise int) (n, end int, err error) {
	if i < len(s) && s[i] == '*' {
		v, err := f.value("", false)
		n, ok := value.ToInt(v)
		switch {
		case err == nil && !ok:
			err = value.Errorf(value.TypeError, "* in a format wants a whole number, not %s", value.Describe(v))
		case n > value.MaxText || n < -value.MaxText:
			err = value.Errorf(value.LimitError, "the width in the format is too large")
		}
		return n, i + 1, err
	}
	start := i
	for i < len(s) && value.IsDigit(s[i]) {
		i++
	}
	if i == start {
		return otherwise, i, nil
	}
	n, err = strconv.Atoi(s[start:i])
	if err != nil || n > value.MaxText {
		return 0, i, value.Errorf(value.LimitError, "the width in the format is too large")
	}
	return n, i, nil
}

// A spec is how one value is written by % or format.
type spec struct {
	fill      rune
	align     byte // '<', '>', '^', '='; 0: by type
	sign      byte // '+', ' ', '-'
	alt       bool // #
	zero      bool
	group     byte // ',' or '_'
	width     int
	precision int // -1: none
	verb      byte
}

func (s *spec) flag(c byte) {
	switch c {
	case '-':
		s.align = '<'
	case '0':
		s.zero = true
	case '#':
		s.alt = true
	default:
		if s.sign != '+' {
			s.sign = c
		}
	}
}

// percentText writes v by a conversion of %.
func (s *spec) percentText(v value.Value) (string, error) {
	if s.align == 0 {
		s.align = '>'
	}
	if s.width < 0 {
		s.align, s.width = '<', -s.width
	}
	switch s.verb {
	case 's', 'r', 'a':
		text := value.Text(v)
		if s.verb != 's' {
			text = value.Repr(v)
		}
		if s.verb == 'a' {
			text = value.ASCII(text)
		}
		if s.precision >= 0 {
			text = firstRunes(text, s.precision)
		}
		s.zero = false
		return s.pad(text), nil
	case 'c':
		return s.pad(value.Text(v)), nil
	case 'd', 'i', 'u':
		if !value.IsNumber(v) {
			return "", value.Errorf(value.TypeError, "%%%c wants a number, not %s", s.verb, value.Describe(v)).WithHint("use %s, or `| int`")
		}
		s.verb = 'd'
		if f, ok := v.(float64); ok {
			if f != f || f-f != 0 {
				return "", value.Errorf(value.TypeError, "%%d wants a finite number")
			}
			v = value.Truncate(f)
		}
		return s.integer(v), nil
	case 'x', 'X', 'o':
		if !value.IsInt(v) {
			return "", value.Errorf(value.TypeError, "%%%c wants a whole number, not %s", s.verb, value.Describe(v))
		}
		return s.integer(v), nil
	case 'f', 'F', 'e', 'E', 'g', 'G':
		if !value.IsNumber(v) {
			return "", value.Errorf(value.TypeError, "%%%c wants a number, not %s", s.verb, value.Describe(v)).WithHint("use %s, or `| float`")
		}
		return s.float(value.ToFloat(v)), nil
	}
	return "", value.Errorf(value.TypeError, "the format does not know %%%c", s.verb)
}

func firstRunes(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

// integer writes a whole number by d, b, o, x, X.
func (s *spec) integer(v value.Value) string {
	n := value.ToBig(v)
	base, prefix := 10, ""
	switch s.verb {
	case 'b':
		base, prefix = 2, "0b"
	case 'o':
		base, prefix = 8, "0o"
	case 'x', 'X':
		base, prefix = 16, "0x"
	}
	digits := new(big.Int).Abs(n).Text(base)
	if s.verb == 'X' {
		digits, prefix = strings.ToUpper(digits), "0X"
	}
	if len(digits) < s.precision {
		digits = strings.Repeat("0", s.precision-len(digits)) + digits
	}
	if s.group != 0 {
		every := 3
		if base != 10 {
			every = 4
		}
		digits = grouped(digits, s.group, every)
	}
	if !s.alt {
		prefix = ""
	}
	return s.padNumber(s.signOf(n.Sign() < 0)+prefix, digits)
}

func (s *spec) signOf(negative bool) string {
	switch {
	case negative:
		return "-"
	case s.sign == '+' || s.sign == ' ':
		return string(s.sign)
	}
	return ""
}

func grouped(digits string, sep byte, every int) string {
	whole, rest, _ := strings.Cut(digits, ".")
	var b strings.Builder
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%every == 0 {
			b.WriteByte(sep)
		}
		b.WriteByte(whole[i])
	}
	if len(rest) > 0 {
		b.WriteString("." + rest)
	}
	return b.String()
}

// float writes a number by f, e, g, %.
func (s *spec) float(f float64) string {
	precision := s.precision
	if precision < 0 {
		precision = 6
	}
	verb, suffix := s.verb, ""
	switch verb {
	case '%':
		f, verb, suffix = f*100, 'f', "%"
	case 'F':
		verb = 'f'
	case 'g', 'G':
		precision = max(precision, 1)
	}
	negative := f < 0 || f == 0 && 1/f < 0
	if negative {
		f = -f
	}
	digits := strconv.FormatFloat(f, verb, precision, 64)
	switch {
	case f-f != 0:
		digits = value.FloatText(f)
	case verb == 'g' || verb == 'G':
		digits = shortG(f, precision)
	}
	if s.verb >= 'A' && s.verb <= 'Z' {
		digits = strings.ToUpper(digits)
	}
	if s.group != 0 {
		digits = grouped(digits, s.group, 3)
	}
	return s.padNumber(s.signOf(negative), digits+suffix)
}

// shortG writes a float as C's %g does: no trailing zeros.
func shortG(f float64, precision int) string {
	e := strconv.FormatFloat(f, 'e', precision-1, 64)
	mantissa, exponent, _ := strings.Cut(e, "e")
	exp, _ := strconv.Atoi(exponent)
	if f != 0 && (exp < -4 || exp >= precision) {
		return trimZeros(mantissa) + "e" + exponent
	}
	return trimZeros(strconv.FormatFloat(f, 'f', max(precision-1-exp, 0), 64))
}

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// padNumber fills between sign and digits if zeros are asked for.
func (s *spec) padNumber(sign, digits string) string {
	n := s.width - len(sign) - utf8.RuneCountInString(digits)
	switch {
	case n > 0 && s.zero && s.align != '<':
		return sign + strings.Repeat("0", n) + digits
	case n > 0 && s.align == '=':
		return sign + strings.Repeat(string(s.fill), n) + digits
	}
	return s.pad(sign + digits)
}

func (s *spec) pad(text string) string {
	n := s.width - utf8.RuneCountInString(text)
	if n <= 0 {
		return text
	}
	left := n
	switch s.align {
	case '<':
		left = 0
	case '^':
		left = n / 2
	}
	fill := string(s.fill)
	return strings.Repeat(fill, left) + text + strings.Repeat(fill, n-left)
}
