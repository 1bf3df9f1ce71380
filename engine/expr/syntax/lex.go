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
	wrong  string      // a word that is not known
	meant  string      // the one that was probably meant; "" where none is near
	class  value.Class // SyntaxError if empty
}

// A lexer cuts text into tokens. A mistake unwinds by panic(mistake) to attempt,
// which makes a token of it.
type lexer struct {
	text    string
	pos     int
	toks    []token
	options Options
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
	o := &l.options
	for l.pos < len(l.text) {
		start, marker := o.next(l.text, l.pos)
		if start < 0 {
			l.emit(tokData, l.text[l.pos:], l.pos)
			break
		}
		l.data(start, marker)
		switch marker {
		case o.CommentStart:
			l.attempt(tokEnd, o.CommentEnd, func() { l.comment(start) })
		case o.VariableStart:
			l.attempt(tokVarEnd, o.VariableEnd, func() { l.inside(tokVarBegin, tokVarEnd, marker, o.VariableEnd) })
		default:
			l.block(start)
		}
	}
	l.emit(tokEnd, "", len(l.text))
	return l.toks
}

func (l *lexer) block(start int) {
	o, raw := &l.options, false
	l.attempt(tokEnd, "", func() { raw = l.raw(start) })
	if !raw && l.pos < len(l.text) {
		l.attempt(tokBlockEnd, o.BlockEnd, func() { l.inside(tokBlockBegin, tokBlockEnd, o.BlockStart, o.BlockEnd) })
	}
}

// HasTemplate reports whether a text contains anything that Parse would act on.
func HasTemplate(text string) bool { return nextMarker(text, 0) >= 0 }

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
func (l *lexer) data(at int, marker string) {
	data := l.text[l.pos:at]
	behind := l.text[at+len(marker):]
	switch {
	case strings.HasPrefix(behind, "-"):
		data = strings.TrimRightFunc(data, unicode.IsSpace)
	case l.options.LstripBlocks && marker != l.options.VariableStart && !strings.HasPrefix(behind, "+"):
		if bare := strings.TrimRight(data, " \t"); strings.HasSuffix(bare, "\n") || bare == "" && (l.pos == 0 || l.text[l.pos-1] == '\n') {
			data = bare
		}
	}
	if data != "" {
		l.emit(tokData, data, l.pos)
	}
	l.pos = at
}

func (l *lexer) comment(start int) {
	o := &l.options
	from := start + len(o.CommentStart)
	end := strings.Index(l.text[from:], o.CommentEnd)
	if end < 0 {
		panic(mistake{pos: start, msg: "a comment " + o.CommentStart + " is never closed", hint: "end it with " + o.CommentEnd})
	}
	l.after(end+from, len(o.CommentEnd), true)
}

// after moves behind a closing marker of n bytes, and over the white space that
// it takes along: all of it with a '-' before, else one newline after a block.
func (l *lexer) after(end, n int, block bool) {
	l.pos = end + n
	switch {
	case l.text[end-1] == '-':
		l.pos += len(l.text[l.pos:]) - len(strings.TrimLeftFunc(l.text[l.pos:], unicode.IsSpace))
	case block && l.options.TrimBlocks && l.text[end-1] != '+' && strings.HasPrefix(l.text[l.pos:], "\n"):
		l.pos++
	}
}

// tag matches {% word %} at an offset and returns where it ends, or -1.
func (l *lexer) tag(at int, word string) (end int) {
	rest, ok := strings.CutPrefix(l.text[at:], l.options.BlockStart)
	if !ok {
		return -1
	}
	rest = strings.TrimLeftFunc(trimSign(rest), unicode.IsSpace)
	if !strings.HasPrefix(rest, word) {
		return -1
	}
	rest = trimSign(strings.TrimLeftFunc(rest[len(word):], unicode.IsSpace))
	if !strings.HasPrefix(rest, l.options.BlockEnd) {
		return -1
	}
	return len(l.text) - len(rest)
}

func trimSign(s string) string {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:]
	}
	return s
}

// raw reads {% raw %}…{% endraw %} if it stands here.
func (l *lexer) raw(start int) bool {
	begin := l.tag(start, "raw")
	if begin < 0 {
		return false
	}
	o := &l.options
	l.after(begin, len(o.BlockEnd), false)
	for at := l.pos; ; at++ {
		i := strings.Index(l.text[at:], o.BlockStart)
		if i < 0 {
			panic(mistake{pos: start, msg: "{% raw %} is never closed", hint: "end it with {% endraw %}"})
		}
		at += i
		if end := l.tag(at, "endraw"); end >= 0 {
			l.data(at, o.BlockStart)
			l.after(end, len(o.BlockEnd), true)
			return true
		}
	}
}

// inside reads the tokens of one {{ … }} or {% … %}.
func (l *lexer) inside(begin, end tokenKind, opening, closing string) {
	start := l.pos
	l.emit(begin, opening, start)
	l.pos += len(opening)
	if l.pos < len(l.text) && (l.text[l.pos] == '-' || l.text[l.pos] == '+') {
		l.pos++
	}
	for open := 0; ; {
		l.space()
		rest := l.text[l.pos:]
		switch {
		case rest == "":
			panic(mistake{pos: start, msg: "'" + opening + "' is never closed", hint: "end it with " + closing})
		case open == 0 && strings.HasPrefix(trimEndSign(rest, end), closing):
			at := len(l.text) - len(trimEndSign(rest, end))
			l.emit(end, closing, l.pos)
			l.after(at, len(closing), end == tokBlockEnd)
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

// expression reads the tokens of a text that is one expression.
func (l *lexer) expression() []token {
	l.attempt(tokEnd, "", func() {
		for l.space(); l.pos < len(l.text); l.space() {
			l.next(true)
		}
	})
	l.emit(tokEnd, "", len(l.text))
	return l.toks
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

// next reads one token; it returns +1 for an opening bracket, -1 for a closing one.
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

// operatorLength returns the length of the operator that a text begins with, or 0.
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
