package value

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns a value as it stands in text: str() in Python. None is "None". Of
// secrets it shows what may be shown; OpenText returns them in clear.
func Text(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case Markup:
		return string(v)
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int:
		return strconv.Itoa(v)
	case *big.Int:
		return v.String()
	case float64:
		return FloatText(v)
	case Moment:
		return v.String()
	case Date:
		return v.String()
	case Span:
		return v.String()
	case Secret:
		return v.String()
	}
	w := &writer{max: math.MaxInt}
	w.repr(v)
	return w.b.String()
}

// A writer writes values in Python's form, up to about max bytes.
type writer struct {
	b   strings.Builder
	max int
}

func (w *writer) over() bool { return w.b.Len() > w.max }

// repr writes a value as repr() does in Python.
func (w *writer) repr(v Value) {
	if w.over() {
		return
	}
	switch v := v.(type) {
	case string:
		w.b.WriteString(Quote(v))
	case Markup:
		w.b.WriteString("Markup(" + Quote(string(v)) + ")")
	case Secret:
		w.b.WriteString(Quote(v.String()))
	case []Value:
		w.list(v)
	case Tuple:
		w.tuple(v)
	case *Map:
		w.dict(v)
	case *Unknown:
		w.b.WriteString(KnownAfterApply)
	case *Undefined:
		w.b.WriteString("Undefined")
	case *Range:
		w.b.WriteString(v.String())
	case Moment:
		w.b.WriteString(python(v.Time, false))
	case Date:
		w.b.WriteString(python(v.Time, true))
	case nil, bool, int, float64, *big.Int, Span:
		w.b.WriteString(Text(v))
	default:
		w.b.WriteString("<" + TypeName(v) + ">")
	}
}

func (w *writer) tuple(l Tuple) {
	w.b.WriteByte('(')
	w.elements(l)
	if len(l) == 1 {
		w.b.WriteByte(',')
	}
	w.b.WriteByte(')')
}

func (w *writer) list(l []Value) {
	w.b.WriteByte('[')
	w.elements(l)
	w.b.WriteByte(']')
}

func (w *writer) elements(l []Value) {
	for i, e := range l {
		if i > 0 {
			w.b.WriteString(", ")
		}
		if w.over() {
			return
		}
		w.repr(e)
	}
}

func (w *writer) dict(m *Map) {
	w.b.WriteByte('{')
	first := true
	for k, e := range m.All() {
		if !first {
			w.b.WriteString(", ")
		}
		if w.over() {
			return
		}
		first = false
		w.repr(k)
		w.b.WriteString(": ")
		w.repr(e)
	}
	w.b.WriteByte('}')
}

// Repr returns a value as it would be written in an expression.
func Repr(v Value) string {
	w := &writer{max: MaxText}
	w.repr(v)
	return w.b.String()
}

// Quote quotes as Python does: single quotes unless only those are in it.
func Quote(s string) string {
	quote := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		quote = '"'
	}
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte(quote)
	for i, r := range s {
		switch {
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == utf8.RuneError && s[i] != "\uFFFD"[0]:
			b.WriteString(`\x` + HexByte(s[i]))
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(ControlEscape(r))
		}
	}
	b.WriteByte(quote)
	return b.String()
}

// ASCII escapes what is not ASCII in a text that is quoted already.
func ASCII(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else {
			b.WriteString(ControlEscape(r))
		}
	}
	return b.String()
}

// HexByte returns a byte as two hexadecimal digits.
func HexByte(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}

// ControlEscape returns a character as Python escapes it.
func ControlEscape(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x100:
		return `\x` + HexByte(byte(r))
	case r < 0x10000:
		return `\u` + HexByte(byte(r>>8)) + HexByte(byte(r))
	}
	return `\U00` + HexByte(byte(r>>16)) + HexByte(byte(r>>8)) + HexByte(byte(r))
}

// FloatText writes a float as repr() does in Python: always with a point or an exponent.
func FloatText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// TypeName returns Python's name of a value's type: "str", "NoneType", "dict".
func TypeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int, *big.Int:
		return "int"
	case float64:
		return "float"
	case string, Markup:
		return "str"
	case []Value:
		return "list"
	case Tuple:
		return "tuple"
	case *Map:
		return "dict"
	case *Undefined:
		if v.Failed != nil {
			return "CapturedExceptionMarker"
		}
		return "UndefinedMarker"
	case *Unknown:
		return "Unknown"
	case Secret:
		return TypeName(v.open)
	}
	return innerTypeName(v)
}

// innerTypeName names the types that never leave an evaluation.
func innerTypeName(v Value) string {
	switch v := v.(type) {
	case Moment:
		return "datetime"
	case Date:
		return "date"
	case Span:
		return "timedelta"
	case *Range:
		return "range"
	case Omitted:
		return "omit"
	case Object:
		return v.TypeName()
	}
	return "object"
}

// Describe returns words for a value in a message: "a list", "the number 3".
func Describe(v Value) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return "the text " + Quote(Shorten(v, 40))
	case Markup:
		return Describe(string(v))
	case int, float64:
		return "the number " + Text(v)
	case []Value, Tuple:
		return "a list"
	case *Map:
		return "a map"
	case Secret:
		return "a secret"
	}
	return "a value of type " + TypeName(v)
}

// Shorten cuts a text to n characters, the last of them an ellipsis.
func Shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// BoolInt returns 1 for true, else 0.
func BoolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
