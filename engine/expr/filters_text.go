package expr

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// textFilters work on text.
func textFilters() []operation {
	return []operation{
		{names: "upper", do: onText(strings.ToUpper)},
		{names: "lower", do: onText(strings.ToLower)},
		{names: "capitalize", do: onText(capitalize)},
		{names: "title", do: onText(titleFilter)},
		{names: "trim", params: "chars", do: trimFilter},
		{names: "replace", params: "old! new! count", do: replaceFilter},
		{names: "split", params: "sep maxsplit", how: plugin, do: splitMethod},
		{names: "indent", params: "width first blank", do: indentFilter},
		{names: "truncate", params: "length killwords end leeway", do: truncateFilter},
		{names: "center", params: "width", do: centerFilter},
		{names: "wordcount", do: wordCount},
		{names: "format", params: "*args **named", do: formatFilter},
		{names: "quote", do: onText(shellQuote)},
		{names: "escape e", do: onText(html.EscapeString)},
		{names: "comment", params: "style decoration prefix postfix", how: plugin, do: commentFilter},
	}
}

// onText makes an operation of a function of text; what is not text is written as text.
func onText(f func(string) string) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		s := f(u.text())
		return s, u.c.Write(len(s))
	}
}

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToTitle(r)) + strings.ToLower(s[n:])
}

// titleFilter begins each word large; words end at white space, - and opening brackets.
func titleFilter(s string) string {
	var b strings.Builder
	start := true
	for _, r := range s {
		switch {
		case strings.ContainsRune("-({[<", r) || unicode.IsSpace(r):
			start = true
			b.WriteRune(r)
		case start:
			start = false
			b.WriteRune(unicode.ToTitle(r))
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

func trimFilter(u *use) (value.Value, error) {
	if chars := u.arg(0, nil); chars != nil {
		return strings.Trim(u.text(), u.str(0, "")), nil
	}
	return strings.TrimSpace(u.text()), nil
}

func replaceFilter(u *use) (value.Value, error) {
	count := -1
	if c := u.arg(2, nil); c != nil {
		count = u.int(2, -1)
	}
	return u.replaced(u.text(), value.Text(u.args[0]), value.Text(u.args[1]), count)
}

// replaced refuses in advance what would grow out of bounds.
func (u *use) replaced(s, old, with string, count int) (value.Value, error) {
	n := strings.Count(s, old)
	if count >= 0 {
		n = min(n, count)
	}
	if err := u.c.Write(len(s) + n*max(len(with)-len(old), 0)); err != nil {
		return nil, err
	}
	return strings.Replace(s, old, with, count), nil
}

func indentFilter(u *use) (value.Value, error) {
	pad, _ := u.arg(0, 4).(string)
	if _, isText := u.arg(0, 4).(string); !isText {
		n := u.int(0, 4)
		if n > value.MaxText {
			return nil, u.c.Write(n)
		}
		pad = strings.Repeat(" ", max(n, 0))
	}
	lines := splitLines(u.text()+"\n", false)
	if err := u.c.Write(len(lines)*len(pad) + len(u.text())); err != nil {
		return nil, err
	}
	for i, l := range lines {
		if i == 0 && !u.flag(1, false) || i > 0 && l == "" && !u.flag(2, false) {
			continue
		}
		lines[i] = pad + l
	}
	return strings.Join(lines, "\n"), nil
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

func truncateFilter(u *use) (value.Value, error) {
	length, end, leeway := u.int(0, 255), u.str(2, "..."), 5
	if u.arg(3, nil) != nil {
		leeway = u.int(3, 5)
	}
	s := []rune(u.text())
	if len(s) <= length+leeway {
		return string(s), nil
	}
	keep := length - utf8.RuneCountInString(end)
	if keep < 0 {
		return nil, value.Errorf(value.TypeError, "'truncate' to %d characters leaves no room for %s", length, value.Quote(end))
	}
	cut := string(s[:keep])
	if i := strings.LastIndexByte(cut, ' '); i >= 0 && !u.flag(1, false) {
		cut = cut[:i]
	}
	return cut + end, nil
}

func centerFilter(u *use) (value.Value, error) {
	return u.padded(u.text(), u.int(0, 80), ' ', 0)
}

func wordCount(u *use) (value.Value, error) {
	return len(strings.FieldsFunc(u.text(), func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})), nil
}

func formatFilter(u *use) (value.Value, error) {
	if u.named.Len() > 0 {
		return format.Percent(&u.c.Budget, u.text(), u.named)
	}
	return format.Percent(&u.c.Budget, u.text(), value.Tuple(u.rest))
}

// shellQuote quotes a word for a POSIX shell, if it has to be.
func shellQuote(s string) string {
	safe := func(r rune) bool {
		return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("@%_-+=:,./", r))
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}

func commentFilter(u *use) (value.Value, error) {
	var begin, deco, end string
	switch style := u.str(0, "plain"); style {
	case "plain":
		deco = "# "
	case "erlang":
		deco = "% "
	case "c":
		deco = "// "
	case "cblock":
		begin, deco, end = "/*\n", " * ", "\n */"
	case "xml":
		begin, deco, end = "<!--\n", " - ", "\n-->"
	default:
		return nil, value.Errorf(value.TypeError, "'comment' has no style %s", value.Quote(style)).WithHint("plain, c, cblock, erlang or xml")
	}
	deco = u.str(1, deco)
	bare := strings.TrimRight(deco, " ")
	lines := strings.Split(u.text(), "\n")
	if err := u.c.Write(len(u.text()) + len(lines)*len(deco)); err != nil {
		return nil, err
	}
	for i, l := range lines {
		if lines[i] = deco + l; l == "" {
			lines[i] = bare
		}
	}
	body := strings.Join(lines, "\n")
	return begin + u.str(2, bare) + "\n" + body + "\n" + u.str(3, bare) + end, nil
}
