package builtin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// onText makes an operation of a function of text; what is not text is written as text.
func onText(f func(string) string) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		s := f(u.Text())
		return s, u.Context.Write(len(s))
	}
}

// onlyText makes an operation of a function of text that takes nothing else.
func onlyText(f func(string) string) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		s, err := textIn(u)
		if err != nil {
			return nil, err
		}
		s = f(s)
		return s, u.Context.Write(len(s))
	}
}

// textIn returns what the operation works on, which has to be text.
func textIn(u *expr.Call) (string, error) {
	s, ok := u.In.(string)
	if !ok {
		return "", value.Errorf(value.TypeError, "'%s' wants text, not %s", u.Name, value.Describe(u.In)).WithHint("add `| string` before it")
	}
	return s, nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// upper writes all letters large, ß as SS.
func upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return cases.Upper(language.Und).String(s)
}

func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return cases.Lower(language.Und).String(s)
}

func capitalize(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return cases.Title(language.Und, cases.NoLower).String(s[:n]) + lower(s[n:])
}

// isSpace reports what Python takes for white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// replaced refuses in advance what would grow out of bounds.
func replaced(u *expr.Call, s, old, with string, count int) (value.Value, error) {
	n := strings.Count(s, old)
	if count >= 0 {
		n = min(n, count)
	}
	if err := u.Context.Write(len(s) + n*max(len(with)-len(old), 0)); err != nil {
		return nil, err
	}
	return strings.Replace(s, old, with, count), nil
}

// splitLines splits at line ends, kept or not, as Python's splitlines does.
func splitLines(s string, keep bool) []string {
	out := []string{}
	for s != "" {
		i := strings.IndexAny(s, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
		if i < 0 {
			return append(out, s)
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			n = 2
		}
		line := s[:i]
		if keep {
			line = s[:i+n]
		}
		out = append(out, line)
		s = s[i+n:]
	}
	return out
}

// padded fills s up to a width: behind it (-1), before it (1), or both (0).
func padded(u *expr.Call, s string, width int, fill rune, side int) (string, error) {
	n := width - utf8.RuneCountInString(s)
	if n <= 0 {
		return s, nil
	}
	if err := u.Context.Write(n); err != nil {
		return "", err
	}
	left := 0
	switch side {
	case 0:
		left = n/2 + n&width&1
	case 1:
		left = n
	}
	return strings.Repeat(string(fill), left) + s + strings.Repeat(string(fill), n-left), nil
}
