package jmespath

import (
	"strconv"
	"strings"

	"runner/engine/expr/value"
)

type token struct {
	kind string // "name", "quoted", "literal", "number", "end", or the operator itself
	text string
	pos  int
}

// operators, longest first.
const operators = "[? [] || && == != <= >= . * [ ] { } ( ) , : | ! < > @ &"

func mistake(pos int, format string, args ...any) *value.Error {
	e := value.Errorf(value.FilterError, format, args...)
	e.Msg = "the query is wrong at character " + strconv.Itoa(pos+1) + ": " + e.Msg
	return e
}

func tokens(s string) ([]token, error) {
	var toks []token
	for i := 0; i < len(s); {
		c := s[i]
		n, kind, text := 1, "", ""
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
			continue
		case c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z':
			for i+n < len(s) && (s[i+n] == '_' || value.IsDigit(s[i+n]) || s[i+n]|0x20 >= 'a' && s[i+n]|0x20 <= 'z') {
				n++
			}
			kind, text = "name", s[i:i+n]
		case value.IsDigit(c) || c == '-' && i+1 < len(s) && value.IsDigit(s[i+1]):
			for i+n < len(s) && value.IsDigit(s[i+n]) {
				n++
			}
			kind, text = "number", s[i:i+n]
		case c == '"' || c == '\'' || c == '`':
			n = quotedLength(s[i:])
			if n == 0 {
				return nil, mistake(i, "%c is never closed", c)
			}
			kind, text = string(c), s[i+1:i+n-1]
		default:
			for op := range strings.FieldsSeq(operators) {
				if strings.HasPrefix(s[i:], op) {
					kind, text, n = op, op, len(op)
					break
				}
			}
			if kind == "" {
				return nil, mistake(i, "unexpected %s", value.Quote(string([]rune(s[i:])[:1])))
			}
		}
		toks = append(toks, token{kind, text, i})
		i += n
	}
	if len(toks) > 5000 {
		return nil, value.Errorf(value.LimitError, "the query is too long")
	}
	return append(toks, token{"end", "the end", len(s)}), nil
}

// quotedLength returns the length of a quoted text with its quotes, 0 if it is not closed.
func quotedLength(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return 0
}
