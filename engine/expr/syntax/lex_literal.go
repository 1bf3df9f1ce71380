package syntax

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"runner/engine/expr/value"
)

// number reads an integer or a float. After a dot, as in l.1.2, only an integer.
func (l *lexer) number() {
	start := l.pos
	if base := l.based(); base {
		return
	}
	l.digits()
	kind := tokInt
	afterDot := start > 0 && l.text[start-1] == '.'
	if !afterDot && l.peek(0) == '.' && value.IsDigit(l.peek(1)) {
		l.pos++
		l.digits()
		kind = tokFloat
	}
	if !afterDot && l.exponent() {
		kind = tokFloat
	}
	text := strings.ReplaceAll(l.text[start:l.pos], "_", "")
	if kind == tokInt && len(text) > 1 && strings.Trim(text, "0") != "" && text[0] == '0' {
		panic(mistake{pos: start, msg: "a number does not begin with 0", hint: "leave the 0 out, or quote it"})
	}
	l.emit(kind, text, start)
}

// based reads 0x1f, 0o17 and 0b11; the token's text keeps the prefix.
func (l *lexer) based() bool {
	if l.peek(0) != '0' || !strings.ContainsRune("xXoObB", rune(l.peek(1))) || l.peek(1) == 0 {
		return false
	}
	end := l.pos + 2
	for end < len(l.text) && (l.text[end] == '_' || strings.IndexByte("0123456789abcdefABCDEF", l.text[end]) >= 0) {
		end++
	}
	text := strings.ReplaceAll(l.text[l.pos:end], "_", "")
	if len(text) < 3 {
		return false
	}
	l.emit(tokInt, text, l.pos)
	l.pos = end
	return true
}

func (l *lexer) digits() {
	for value.IsDigit(l.peek(0)) || l.peek(0) == '_' && value.IsDigit(l.peek(1)) {
		l.pos++
	}
}

func (l *lexer) exponent() bool {
	if l.peek(0) != 'e' && l.peek(0) != 'E' {
		return false
	}
	n := 1
	if l.peek(1) == '+' || l.peek(1) == '-' {
		n = 2
	}
	if !value.IsDigit(l.peek(n)) {
		return false
	}
	l.pos += n
	l.digits()
	return true
}

func (l *lexer) peek(n int) byte {
	if l.pos+n >= len(l.text) {
		return 0
	}
	return l.text[l.pos+n]
}

// str reads a quoted string. Inside {{ }} of a playbook's text a backslash stands
// for itself, and a quote behind one does not end the string; in {% %}, in conditions
// and in the files of templates it escapes.
func (l *lexer) str(quote byte, literal bool) {
	start := l.pos
	escaped := false
	for i := start + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			i++
			escaped = true
		case quote:
			text := l.text[start+1 : i]
			if escaped && (!literal || l.options.Escapes) {
				text = unescape(text)
			}
			l.emit(tokString, text, start)
			l.pos = i + 1
			return
		}
	}
	panic(mistake{pos: start, msg: "a string is never closed", hint: "end it with " + string(quote)})
}

// plainEscapes are pairs: the letter after the backslash, what it stands for.
const plainEscapes = "n\nt\tr\ra\ab\bf\fv\v\\\\''\"\""

// unescape resolves the escapes of Python's strings; unknown ones stay.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		r, n := Escape(s[i+1:])
		if n == 0 {
			b.WriteByte('\\')
			i++
			continue
		}
		if r >= 0 {
			b.WriteRune(r)
		}
		i += 1 + n
	}
	return b.String()
}

// Escape reads what follows a backslash: the character it stands for (-1: none)
// and how many bytes it took; 0 if it is no escape.
func Escape(s string) (rune, int) {
	if s[0] == '\n' {
		return -1, 1
	}
	for i := 0; i+1 < len(plainEscapes); i += 2 {
		if plainEscapes[i] == s[0] {
			return rune(plainEscapes[i+1]), 1
		}
	}
	if digits := hexDigits(s[0]); digits > 0 {
		if len(s) <= digits {
			return 0, 0
		}
		v, err := strconv.ParseUint(s[1:1+digits], 16, 32)
		if err != nil || v > utf8.MaxRune {
			return 0, 0
		}
		return rune(v), 1 + digits
	}
	n := 0
	for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
		n++
	}
	v, _ := strconv.ParseUint(s[:n], 8, 32)
	return rune(v), n
}

// hexDigits says how many digits follow \x, \u and \U.
func hexDigits(c byte) int {
	switch c {
	case 'x':
		return 2
	case 'u':
		return 4
	case 'U':
		return 8
	}
	return 0
}
