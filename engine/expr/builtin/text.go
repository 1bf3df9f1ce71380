package builtin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"al.essio.dev/pkg/shellescape"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// textFilters work on text.
func textFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "upper", Doc: "all letters large", How: expr.Escapes, Do: onText(upper)},
		{Names: "lower", Doc: "all letters small", How: expr.Escapes, Do: onText(lower)},
		{Names: "capitalize", Doc: "the first letter large, the others small", How: expr.Escapes, Do: onText(capitalize)},
		{Names: "title", Doc: "the first letter of each word large, the others small", Do: onText(titleFilter)},
		{Names: "trim", Params: "chars=none", Doc: "without white space, or chars, at both ends", How: expr.Escapes, Do: trimFilter},
		{Names: "replace", Params: "old! new! count=none", Doc: "with one text in the place of another", How: expr.Markups, Do: replaceFilter},
		{Names: "split", Params: "sep=none maxsplit=-1", Doc: "the parts between separators, or between white space", How: expr.Plugin, Do: splitFilter},
		{Names: "indent", Params: "width=4 first=false blank=false", Doc: "with each line but the first moved to the right", How: expr.Escapes, Do: indentFilter},
		{Names: "truncate", Params: "length=255 killwords=false end='...' leeway=none", Doc: "cut to a length, with end behind it", How: expr.Escapes, Do: truncateFilter},
		{Names: "center", Params: "width=80", Doc: "in the middle of so many characters", How: expr.Escapes, Do: centerFilter},
		{Names: "wordcount", Doc: "how many words there are", How: expr.Reveals, Do: wordCount},
		{Names: "format", Params: "*args **kwargs", Doc: "with values in the place of %s and its like", How: expr.Escapes, Do: formatFilter},
		{Names: "quote", Doc: "quoted for a shell, where that is needed", Do: quoteFilter},
		{Names: "comment", Params: "style='plain' * newline beginning prefix prefix_count decoration postfix postfix_count end",
			Doc: "as a comment: plain, c, cblock, erlang or xml", How: expr.Plugin, Do: commentFilter},
	}
}

// titleFilter begins each word large; words end at white space, - and opening brackets.
func titleFilter(s string) string {
	var b strings.Builder
	for s != "" {
		n := strings.IndexFunc(s, endsWord)
		if n < 0 {
			n = len(s)
		}
		if _, first := utf8.DecodeRuneInString(s[:n]); n > 0 {
			b.WriteString(upper(s[:first]) + lower(s[first:n]))
		}
		s = s[n:]
		rest := strings.TrimLeftFunc(s, endsWord)
		b.WriteString(s[:len(s)-len(rest)])
		s = rest
	}
	return b.String()
}

func endsWord(r rune) bool { return strings.ContainsRune("-({[<", r) || unicode.IsSpace(r) }

func trimFilter(u *expr.Call) (value.Value, error) {
	if u.Arg(0) != nil {
		return strings.Trim(u.Text(), u.Str(0)), nil
	}
	return strings.TrimFunc(u.Text(), isSpace), nil
}

func replaceFilter(u *expr.Call) (value.Value, error) {
	count := -1
	if u.Arg(2) != nil {
		count = u.Int(2)
	}
	if !u.Autoescape() {
		return replaced(u, u.Text(), value.Text(u.Args[0]), value.Text(u.Args[1]), count)
	}
	_, in := u.In.(value.Markup)
	_, from := u.Args[0].(value.Markup)
	_, to := u.Args[1].(value.Markup)
	if !in && !from && !to {
		return replaced(u, u.Text(), value.Text(u.Args[0]), value.Text(u.Args[1]), count)
	}
	text, err := replaced(u, string(value.Escape(u.In)), string(value.Escape(u.Args[0])), string(value.Escape(u.Args[1])), count)
	return value.AsMarkup(text), err
}

func splitFilter(u *expr.Call) (value.Value, error) {
	if _, err := textIn(u); err != nil {
		return nil, err
	}
	return splitMethod(u)
}

func indentFilter(u *expr.Call) (value.Value, error) {
	s, err := textIn(u)
	if err != nil {
		return nil, err
	}
	pad, isText := u.Arg(0).(string)
	if !isText {
		n := u.Int(0)
		if n > value.MaxText {
			return nil, u.Context.Write(n)
		}
		pad = strings.Repeat(" ", max(n, 0))
	}
	lines := splitLines(s+"\n", false)
	if err := u.Context.Write(len(lines)*len(pad) + len(s)); err != nil {
		return nil, err
	}
	for i, l := range lines {
		if i == 0 && !u.Flag(1) || i > 0 && l == "" && !u.Flag(2) {
			continue
		}
		lines[i] = pad + l
	}
	return strings.Join(lines, "\n"), nil
}

func truncateFilter(u *expr.Call) (value.Value, error) {
	length, end, leeway := u.Int(0), u.Str(2), 5
	if u.Arg(3) != nil {
		leeway = u.Int(3)
	}
	in, err := textIn(u)
	if n, ok := lengthOf(u.In); ok && err != nil && n <= length+leeway {
		return u.In, nil // as Jinja has it
	}
	if err != nil {
		return nil, err
	}
	keep := length - utf8.RuneCountInString(end)
	if keep < 0 || leeway < 0 {
		return nil, value.Errorf(value.TypeError, "'truncate' to %d characters leaves no room for %s", length, value.Quote(end))
	}
	s := []rune(in)
	if len(s) <= length+leeway {
		return in, nil
	}
	cut := string(s[:keep])
	if i := strings.LastIndexByte(cut, ' '); i >= 0 && !u.Flag(1) {
		cut = cut[:i]
	}
	return cut + end, nil
}

func centerFilter(u *expr.Call) (value.Value, error) {
	return padded(u, u.Text(), u.Int(0), ' ', 0)
}

func wordCount(u *expr.Call) (value.Value, error) {
	return len(strings.FieldsFunc(u.Text(), func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})), nil
}

func formatFilter(u *expr.Call) (value.Value, error) {
	switch {
	case u.Named.Len() > 0 && len(u.Rest) > 0:
		return nil, value.Errorf(value.TypeError, "'format' takes values by name or in order, not both")
	case u.Named.Len() > 0:
		return format.Percent(&u.Context.Budget, u.Text(), u.Named)
	}
	return format.Percent(&u.Context.Budget, u.Text(), value.Tuple(u.Rest))
}

func quoteFilter(u *expr.Call) (value.Value, error) {
	if u.In == nil {
		return "''", nil
	}
	s := shellescape.Quote(u.Text())
	return s, u.Context.Write(len(s))
}

// A commentStyle is what stands around and before the lines of a comment.
type commentStyle struct{ beginning, decoration, end string }

func commentFilter(u *expr.Call) (value.Value, error) {
	text, err := textIn(u)
	if err != nil {
		return nil, err
	}
	style, ok := map[string]commentStyle{
		"plain": {"", "# ", ""}, "erlang": {"", "% ", ""}, "c": {"", "// ", ""},
		"cblock": {"/*", " * ", " */"}, "xml": {"<!--", " - ", "-->"},
	}[u.Str(0)]
	if !ok {
		return nil, value.Errorf(value.TypeError, "'comment' has no style %s", value.Quote(u.Str(0))).WithHint("plain, c, cblock, erlang or xml")
	}
	given := func(i int, otherwise string) string {
		if u.Has(i) {
			return u.Str(i)
		}
		return otherwise
	}
	count := func(i int) int {
		if u.Has(i) {
			return max(min(u.Int(i), 10_000), 0)
		}
		return 1
	}
	deco := given(5, style.decoration)
	bare := strings.TrimRightFunc(deco, isSpace)
	newline := given(1, "\n")
	if newline == "" {
		return nil, value.Errorf(value.TypeError, "the newline of 'comment' cannot be empty")
	}
	beginning, end := given(2, style.beginning), given(8, style.end)
	prefix, postfix := given(3, bare), given(6, bare)
	var b strings.Builder
	if beginning != "" {
		b.WriteString(beginning + newline)
	}
	switch prefix {
	case "":
	case newline:
		b.WriteString(strings.Repeat(newline, count(4)))
	default:
		b.WriteString(strings.Repeat(prefix+newline, count(4)))
	}
	body := deco + strings.ReplaceAll(text, newline, newline+deco)
	b.WriteString(strings.ReplaceAll(body, deco+newline, bare+newline))
	b.WriteString(strings.Repeat(newline+postfix, count(7)))
	if end != "" {
		b.WriteString(newline + end)
	}
	return b.String(), u.Context.Write(b.Len())
}
