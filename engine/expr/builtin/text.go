package builtin

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// textFilters work on text.
func textFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "upper", Do: onText(strings.ToUpper)},
		{Names: "lower", Do: onText(strings.ToLower)},
		{Names: "capitalize", Do: onText(capitalize)},
		{Names: "title", Do: onText(titleFilter)},
		{Names: "trim", Params: "chars", Do: trimFilter},
		{Names: "replace", Params: "old! new! count", Do: replaceFilter},
		{Names: "split", Params: "sep maxsplit", How: expr.Plugin, Do: splitMethod},
		{Names: "indent", Params: "width first blank", Do: indentFilter},
		{Names: "truncate", Params: "length killwords end leeway", Do: truncateFilter},
		{Names: "center", Params: "width", Do: centerFilter},
		{Names: "wordcount", Do: wordCount},
		{Names: "format", Params: "*args **named", Do: formatFilter},
		{Names: "quote", Do: onText(shellQuote)},
		{Names: "escape e", Do: onText(html.EscapeString)},
		{Names: "comment", Params: "style decoration prefix postfix", How: expr.Plugin, Do: commentFilter},
	}
}

// onText makes an operation of a function of text; what is not text is written as text.
func onText(f func(string) string) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		s := f(u.Text())
		return s, u.Context.Write(len(s))
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

func trimFilter(u *expr.Call) (value.Value, error) {
	if chars := u.Arg(0, nil); chars != nil {
		return strings.Trim(u.Text(), u.Str(0, "")), nil
	}
	return strings.TrimSpace(u.Text()), nil
}

func replaceFilter(u *expr.Call) (value.Value, error) {
	count := -1
	if c := u.Arg(2, nil); c != nil {
		count = u.Int(2, -1)
	}
	return replaced(u, u.Text(), value.Text(u.Args[0]), value.Text(u.Args[1]), count)
}

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

func indentFilter(u *expr.Call) (value.Value, error) {
	pad, _ := u.Arg(0, 4).(string)
	if _, isText := u.Arg(0, 4).(string); !isText {
		n := u.Int(0, 4)
		if n > value.MaxText {
			return nil, u.Context.Write(n)
		}
		pad = strings.Repeat(" ", max(n, 0))
	}
	lines := splitLines(u.Text()+"\n", false)
	if err := u.Context.Write(len(lines)*len(pad) + len(u.Text())); err != nil {
		return nil, err
	}
	for i, l := range lines {
		if i == 0 && !u.Flag(1, false) || i > 0 && l == "" && !u.Flag(2, false) {
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

func truncateFilter(u *expr.Call) (value.Value, error) {
	length, end, leeway := u.Int(0, 255), u.Str(2, "..."), 5
	if u.Arg(3, nil) != nil {
		leeway = u.Int(3, 5)
	}
	s := []rune(u.Text())
	if len(s) <= length+leeway {
		return string(s), nil
	}
	keep := length - utf8.RuneCountInString(end)
	if keep < 0 {
		return nil, value.Errorf(value.TypeError, "'truncate' to %d characters leaves no room for %s", length, value.Quote(end))
	}
	cut := string(s[:keep])
	if i := strings.LastIndexByte(cut, ' '); i >= 0 && !u.Flag(1, false) {
		cut = cut[:i]
	}
	return cut + end, nil
}

func centerFilter(u *expr.Call) (value.Value, error) {
	return padded(u, u.Text(), u.Int(0, 80), ' ', 0)
}

func wordCount(u *expr.Call) (value.Value, error) {
	return len(strings.FieldsFunc(u.Text(), func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})), nil
}

func formatFilter(u *expr.Call) (value.Value, error) {
	if u.Named.Len() > 0 {
		return format.Percent(&u.Context.Budget, u.Text(), u.Named)
	}
	return format.Percent(&u.Context.Budget, u.Text(), value.Tuple(u.Rest))
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

func commentFilter(u *expr.Call) (value.Value, error) {
	var begin, deco, end string
	switch style := u.Str(0, "plain"); style {
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
	deco = u.Str(1, deco)
	bare := strings.TrimRight(deco, " ")
	lines := strings.Split(u.Text(), "\n")
	if err := u.Context.Write(len(u.Text()) + len(lines)*len(deco)); err != nil {
		return nil, err
	}
	for i, l := range lines {
		if lines[i] = deco + l; l == "" {
			lines[i] = bare
		}
	}
	body := strings.Join(lines, "\n")
	return begin + u.Str(2, bare) + "\n" + body + "\n" + u.Str(3, bare) + end, nil
}
