package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"runner/engine/expr/value"
)

type tokenKind int

const (
	tokEnd tokenKind = iota
	tokData
	tokVarBegin
	tokVarEnd
	tokBlockBegin
	tokBlockEnd
	tokName
	tokInt
	tokFloat
	tokString
	tokOp
	tokBad // what cannot be read; bad says why
)

// A token is a piece of a template's text. In a string, text is its value.
type token struct {
	kind tokenKind
	text string
	pos  int // byte offset
	bad  *mistake
}

func (t token) String() string {
	switch t.kind {
	case tokEnd:
		return "the end of the template"
	case tokVarEnd, tokBlockEnd, tokVarBegin, tokBlockBegin, tokName, tokOp, tokInt, tokFloat:
		return "'" + t.text + "'"
	case tokString:
		return "a string"
	}
	return "text"
}

// A mistake is an Error in the making: an offset for a place.
type mistake struct {
	pos    int
	msg    string
	hint   string
	detail string
	class  value.Class // SyntaxError if empty
}

// A lexer cuts text into tokens. A mistake unwinds by panic(mistake) to attempt,
// which makes a token of it.
type lexer struct {
	text    string
	pos     int
	toks    []token
	escapes bool // a backslash escapes in {{ }} too
}

func (l *lexer) emit(kind tokenKind, text string, pos int) {
	l.toks = append(l.toks, token{kind: kind, text: text, pos: pos})
}

// attempt reads a part of the text. A mistake in it becomes a token, which stands for
// all of the part but its beginning; the text goes on behind the marker that closes it.
func (l *lexer) attempt(end tokenKind, closing string, read func()) {
	start, before := l.pos, len(l.toks)
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		m, ok := r.(mistake)
		if !ok {
			panic(r)
		}
		l.toks = append(l.toks[:min(len(l.toks), before+1)], token{kind: tokBad, pos: m.pos, bad: &m})
		from := max(m.pos, start)
		if i := strings.Index(l.text[from:], closing); i >= 0 && closing != "" {
			l.pos = from + i + len(closing)
		} else {
			l.pos = len(l.text)
		}
		if end != tokEnd {
			l.emit(end, closing, l.pos)
		}
	}()
	read()
}

// template reads data with expressions, statements and comments in it.
func (l *lexer) template() []token {
	for l.pos < len(l.text) {
		start := nextMarker(l.text, l.pos)
		if start < 0 {
			l.emit(tokData, l.text[l.pos:], l.pos)
			break
		}
		l.data(start)
		switch l.text[start+1] {
		case '#':
			l.attempt(tokEnd, "#}", func() { l.comment(start) })
		case '{':
			l.attempt(tokVarEnd, "}}", func() { l.inside(tokVarBegin, tokVarEnd, "}}") })
		default:
			l.block(start)
		}
	}
	l.emit(tokEnd, "", len(l.text))
	return l.toks
}

func (l *lexer) block(start int) {
	raw := false
	l.attempt(tokEnd, "", func() { raw = l.raw(start) })
	if !raw && l.pos < len(l.text) {
		l.attempt(tokBlockEnd, "%}", func() { l.inside(tokBlockBegin, tokBlockEnd, "%}") })
	}
}

// nextMarker finds {{, {% or {# from an offset on, or gives -1.
func nextMarker(text string, from int) int {
	for {
		i := strings.IndexByte(text[from:], '{')
		if i < 0 || from+i+1 >= len(text) {
			return -1
		}
		from += i
		switch text[from+1] {
		case '{', '%', '#':
			return from
		}
		from++
	}
}

// data emits the text before a marker, cut where the marker says so.
func (l *lexer) data(marker int) {
	data := l.text[l.pos:marker]
	if strings.HasPrefix(l.text[marker+2:], "-") {
		data = strings.TrimRightFunc(data, unicode.IsSpace)
	}
	if data != "" {
		l.emit(tokData, data, l.pos)
	}
	l.pos = marker
}

func (l *lexer) comment(start int) {
	end := strings.Index(l.text[start+2:], "#}")
	if end < 0 {
		panic(mistake{pos: start, msg: "a comment {# is never closed", hint: "end it with #}"})
	}
	end += start + 2
	l.after(end, 2, true)
}

// after moves behind a closing marker of n bytes, and over the white space that
// it takes along: all of it with a '-' before, else one newline after a block.
func (l *lexer) after(end, n int, block bool) {
	l.pos = end + n
	switch {
	case l.text[end-1] == '-':
		l.pos += len(l.text[l.pos:]) - len(strings.TrimLeftFunc(l.text[l.pos:], unicode.IsSpace))
	case block && l.text[end-1] != '+' && strings.HasPrefix(l.text[l.pos:], "\n"):
		l.pos++
	}
}

// tag matches {% word %} at an offset and gives where it ends, or -1.
func tag(text string, at int, word string) (end int) {
	rest := strings.TrimPrefix(text[at:], "{%")
	if len(rest) == len(text[at:]) {
		return -1
	}
	rest = strings.TrimLeftFunc(trimSign(rest), unicode.IsSpace)
	if !strings.HasPrefix(rest, word) {
		return -1
	}
	rest = trimSign(strings.TrimLeftFunc(rest[len(word):], unicode.IsSpace))
	if !strings.HasPrefix(rest, "%}") {
		return -1
	}
	return len(text) - len(rest)
}

func trimSign(s string) string {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:]
	}
	return s
}

// raw reads {% raw %}…{% endraw %} if it stands here.
func (l *lexer) raw(start int) bool {
	begin := tag(l.text, start, "raw")
	if begin < 0 {
		return false
	}
	l.after(begin, 2, false)
	for at := l.pos; ; at++ {
		i := strings.Index(l.text[at:], "{%")
		if i < 0 {
			panic(mistake{pos: start, msg: "{% raw %} is never closed", hint: "end it with {% endraw %}"})
		}
		at += i
		if end := tag(l.text, at, "endraw"); end >= 0 {
			l.data(at)
			l.after(end, 2, true)
			return true
		}
	}
}

// inside reads the tokens of one {{ … }} or {% … %}.
func (l *lexer) inside(begin, end tokenKind, closing string) {
	start := l.pos
	l.emit(begin, l.text[start:start+2], start)
	l.pos += 2
	if l.pos < len(l.text) && (l.text[l.pos] == '-' || l.text[l.pos] == '+') {
		l.pos++
	}
	for open := 0; ; {
		l.space()
		rest := l.text[l.pos:]
		switch {
		case rest == "":
			panic(mistake{pos: start, msg: "'" + l.text[start:start+2] + "' is never closed", hint: "end it with " + closing})
		case open == 0 && strings.HasPrefix(trimEndSign(rest, end), closing):
			at := len(l.text) - len(trimEndSign(rest, end))
			l.emit(end, closing, l.pos)
			l.after(at, 2, end == tokBlockEnd)
			return
		}
		open += l.next(begin == tokVarBegin)
		open = max(open, 0)
	}
}

// trimEndSign cuts the sign of -}}, -%} and +%}.
func trimEndSign(s string, end tokenKind) string {
	if s[0] == '-' || s[0] == '+' && end == tokBlockEnd {
		return s[1:]
	}
	return s
}

// expression reads the tokens of a text that is one expression. With embedded,
// {{ and }} in it are brackets.
func (l *lexer) expression(embedded bool) []token {
	l.attempt(tokEnd, "", func() { l.expressionTokens(embedded) })
	l.emit(tokEnd, "", len(l.text))
	return l.toks
}

func (l *lexer) expressionTokens(embedded bool) {
	open, inner := 0, 0
	for l.space(); l.pos < len(l.text); l.space() {
		rest := l.text[l.pos:]
		switch {
		case embedded && strings.HasPrefix(rest, "{{"):
			open, inner = open+1, 0
			l.bracket("(")
		case open > 0 && inner == 0 && strings.HasPrefix(rest, "}}"):
			open--
			l.bracket(")")
		default:
			inner = max(inner+l.next(true), 0)
		}
	}
}

func (l *lexer) bracket(as string) {
	l.emit(tokOp, as, l.pos)
	l.pos += 2
}

func (l *lexer) space() {
	for l.pos < len(l.text) {
		r, n := utf8.DecodeRuneInString(l.text[l.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		l.pos += n
	}
}

// next reads one token; it gives +1 for an opening bracket, -1 for a closing one.
func (l *lexer) next(literal bool) int {
	c := l.text[l.pos]
	r, _ := utf8.DecodeRuneInString(l.text[l.pos:])
	switch {
	case c >= '0' && c <= '9':
		l.number()
	case c == '_' || unicode.IsLetter(r):
		l.name()
	case c == '\'' || c == '"':
		l.str(c, literal)
	default:
		return l.operator(r)
	}
	return 0
}

func (l *lexer) name() {
	end := strings.IndexFunc(l.text[l.pos:], func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
	})
	if end < 0 {
		end = len(l.text) - l.pos
	}
	l.emit(tokName, l.text[l.pos:l.pos+end], l.pos)
	l.pos += end
}

// operatorLength gives the length of the operator that a text begins with, or 0.
func operatorLength(s string) int {
	if len(s) > 1 {
		switch s[:2] {
		case "//", "**", "==", "!=", ">=", "<=":
			return 2
		}
	}
	if strings.IndexByte("+-/*%~[](){}><=.:|,;", s[0]) >= 0 {
		return 1
	}
	return 0
}

func (l *lexer) operator(r rune) int {
	rest := l.text[l.pos:]
	if n := operatorLength(rest); n > 0 {
		l.emit(tokOp, rest[:n], l.pos)
		l.pos += n
		switch rest[0] {
		case '(', '[', '{':
			return 1
		case ')', ']', '}':
			return -1
		}
		return 0
	}
	hint := ""
	switch {
	case strings.HasPrefix(rest, "&"):
		hint = "write 'and'"
	case r == '!':
		hint = "write 'not'"
	}
	panic(mistake{pos: l.pos, msg: "unexpected character " + value.Quote(string(r)), hint: hint})
}
