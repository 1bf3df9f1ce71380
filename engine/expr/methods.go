package expr

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// textMethods are the methods of str, first half.
func textMethods() []operation {
	return []operation{
		{names: "upper", do: onText(strings.ToUpper)},
		{names: "lower casefold", do: onText(strings.ToLower)},
		{names: "title", do: onText(titleMethod)},
		{names: "capitalize", do: onText(capitalize)},
		{names: "swapcase", do: onText(swapCase)},
		{names: "strip", params: "chars", do: strip(true, true)},
		{names: "lstrip", params: "chars", do: strip(true, false)},
		{names: "rstrip", params: "chars", do: strip(false, true)},
		{names: "split", params: "sep maxsplit", do: splitMethod},
		{names: "rsplit", params: "sep maxsplit", do: rsplitMethod},
		{names: "splitlines", params: "keepends", do: func(u *use) (value.Value, error) {
			return u.texts(splitLines(u.text(), u.flag(0, false)))
		}},
		{names: "partition", params: "sep!", do: partition(strings.Index, false)},
		{names: "rpartition", params: "sep!", do: partition(strings.LastIndex, true)},
		{names: "startswith", params: "prefix! start end", do: affix(strings.HasPrefix)},
		{names: "endswith", params: "suffix! start end", do: affix(strings.HasSuffix)},
		{names: "removeprefix", params: "prefix!", do: func(u *use) (value.Value, error) {
			return strings.TrimPrefix(u.text(), u.str(0, "")), nil
		}},
		{names: "removesuffix", params: "suffix!", do: func(u *use) (value.Value, error) {
			return strings.TrimSuffix(u.text(), u.str(0, "")), nil
		}},
		{names: "replace", params: "old! new! count", do: replaceMethod},
		{names: "join", params: "iterable!", do: joinMethod},
		{names: "format", params: "*args **named", do: func(u *use) (value.Value, error) {
			return format.Braces(&u.c.Budget, u.text(), u.rest, u.named)
		}},
	}
}

// textMethodsMore are the methods of str, second half.
func textMethodsMore() []operation {
	return []operation{
		{names: "find", params: "sub! start end", do: find(strings.Index, false)},
		{names: "rfind", params: "sub! start end", do: find(strings.LastIndex, false)},
		{names: "index", params: "sub! start end", do: find(strings.Index, true)},
		{names: "rindex", params: "sub! start end", do: find(strings.LastIndex, true)},
		{names: "count", params: "sub! start end", do: countMethod},
		{names: "zfill", params: "width!", do: zfill},
		{names: "ljust", params: "width! fillchar", do: justified(-1)},
		{names: "rjust", params: "width! fillchar", do: justified(1)},
		{names: "center", params: "width! fillchar", do: justified(0)},
		{names: "isdigit isdecimal isnumeric", do: allOf(unicode.IsDigit)},
		{names: "isalpha", do: allOf(unicode.IsLetter)},
		{names: "isalnum", do: allOf(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })},
		{names: "isspace", do: allOf(unicode.IsSpace)},
		{names: "isascii", do: func(u *use) (value.Value, error) {
			return strings.IndexFunc(u.text(), func(r rune) bool { return r > unicode.MaxASCII }) < 0, nil
		}},
		{names: "isidentifier", do: func(u *use) (value.Value, error) { return isIdentifier(u.text()), nil }},
		{names: "islower", do: func(u *use) (value.Value, error) { return cased(u.text(), unicode.IsLower, unicode.IsUpper), nil }},
		{names: "isupper", do: func(u *use) (value.Value, error) { return cased(u.text(), unicode.IsUpper, unicode.IsLower), nil }},
		{names: "expandtabs", params: "tabsize", do: func(u *use) (value.Value, error) {
			return u.replaced(u.text(), "\t", strings.Repeat(" ", min(max(u.int(0, 8), 0), 100)), -1)
		}},
		{names: "encode decode", params: "encoding errors", do: func(u *use) (value.Value, error) { return u.in, nil }},
	}
}

func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// texts makes a list of texts.
func (u *use) texts(l []string) (value.Value, error) {
	out := make([]value.Value, len(l))
	for i, s := range l {
		out[i] = s
	}
	return out, u.c.Count(len(l))
}

// titleMethod begins each run of letters large.
func titleMethod(s string) string {
	var b strings.Builder
	inWord := false
	for _, r := range s {
		if inWord {
			b.WriteRune(unicode.ToLower(r))
		} else {
			b.WriteRune(unicode.ToTitle(r))
		}
		inWord = unicode.IsLetter(r)
	}
	return b.String()
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func strip(left, right bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		s, drop := u.text(), unicode.IsSpace
		if u.arg(0, nil) != nil {
			chars := u.str(0, "")
			drop = func(r rune) bool { return strings.ContainsRune(chars, r) }
		}
		if left {
			s = strings.TrimLeftFunc(s, drop)
		}
		if right {
			s = strings.TrimRightFunc(s, drop)
		}
		return s, nil
	}
}

// separator gives the arguments of split: no separator means white space.
func (u *use) separator() (sep string, given bool, limit int, err error) {
	limit = u.int(1, -1)
	if u.arg(0, nil) == nil {
		return "", false, limit, nil
	}
	if sep = u.str(0, ""); sep == "" && u.err == nil {
		return "", true, limit, value.Errorf(value.TypeError, "a separator cannot be empty")
	}
	return sep, true, limit, u.err
}

func splitMethod(u *use) (value.Value, error) {
	sep, given, limit, err := u.separator()
	if err != nil {
		return nil, err
	}
	s := u.text()
	switch {
	case given && limit < 0:
		return u.texts(strings.Split(s, sep))
	case given:
		return u.texts(strings.SplitN(s, sep, min(limit, value.MaxSteps)+1))
	}
	out := []string{}
	for s = strings.TrimLeftFunc(s, unicode.IsSpace); s != ""; s = strings.TrimLeftFunc(s, unicode.IsSpace) {
		i := strings.IndexFunc(s, unicode.IsSpace)
		if i < 0 || limit >= 0 && len(out) == limit {
			if limit >= 0 && len(out) == limit {
				i = len(s)
			} else {
				i = len(strings.TrimRightFunc(s, unicode.IsSpace))
			}
		}
		out, s = append(out, s[:i]), s[i:]
	}
	return u.texts(out)
}

func rsplitMethod(u *use) (value.Value, error) {
	sep, given, limit, err := u.separator()
	if err != nil || limit < 0 {
		v, e := splitMethod(u)
		if err == nil {
			err = e
		}
		return v, err
	}
	s, out := u.text(), []string{}
	for len(out) < limit {
		if !given {
			s = strings.TrimRightFunc(s, unicode.IsSpace)
		}
		i, n := strings.LastIndex(s, sep), len(sep)
		if !given {
			i = strings.LastIndexFunc(s, unicode.IsSpace)
			if n = 0; i >= 0 {
				_, n = utf8.DecodeRuneInString(s[i:])
			}
		}
		if i < 0 {
			break
		}
		out, s = append(out, s[i+n:]), s[:i]
	}
	if !given {
		s = strings.TrimRightFunc(s, unicode.IsSpace)
	}
	if s != "" || given {
		out = append(out, s)
	}
	slices.Reverse(out)
	return u.texts(out)
}

func partition(find func(s, sep string) int, right bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		s, sep := u.text(), u.str(0, "")
		if sep == "" {
			return nil, value.Errorf(value.TypeError, "a separator cannot be empty")
		}
		i := find(s, sep)
		switch {
		case i >= 0:
			return value.Tuple{s[:i], sep, s[i+len(sep):]}, nil
		case right:
			return value.Tuple{"", "", s}, nil
		}
		return value.Tuple{s, "", ""}, nil
	}
}

// window cuts a text to the characters from start up to end, if those are given.
func (u *use) window(start, end int) (cut string, from int, ok bool) {
	s := u.text()
	if u.arg(start, nil) == nil && u.arg(end, nil) == nil {
		return s, 0, true
	}
	r := []rune(s)
	clamp := func(i, otherwise int) int {
		if u.arg(i, nil) == nil {
			return otherwise
		}
		n := u.int(i, 0)
		if n < 0 {
			return max(n+len(r), 0)
		}
		return n
	}
	from = clamp(start, 0)
	to := min(clamp(end, len(r)), len(r))
	if from > to {
		return "", from, false
	}
	return string(r[from:to]), from, true
}

func affix(has func(s, affix string) bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		s, _, ok := u.window(1, 2)
		var among []value.Value
		switch v := u.args[0].(type) {
		case string:
			among = []value.Value{v}
		case value.Tuple:
			among = v
		case []value.Value:
			among = v
		default:
			return nil, value.Errorf(value.TypeError, "'%s' wants text, not %s", u.name, value.Describe(v))
		}
		for _, a := range among {
			if t, isText := a.(string); isText && ok && has(s, t) {
				return true, nil
			}
		}
		return false, nil
	}
}

func replaceMethod(u *use) (value.Value, error) {
	return u.replaced(u.text(), u.str(0, ""), u.str(1, ""), u.int(2, -1))
}

func joinMethod(u *use) (value.Value, error) {
	l, err := u.c.Elements(u.args[0])
	if err != nil {
		return nil, err
	}
	for i, v := range l {
		if _, ok := v.(string); !ok {
			return nil, value.Errorf(value.TypeError, "'join' wants texts, but element %d is %s", i, value.Describe(v)).WithHint("use the filter: l | join(',')")
		}
	}
	return u.c.joined(l, u.text())
}

func find(index func(s, sub string) int, must bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		s, from, ok := u.window(1, 2)
		if ok {
			if i := index(s, u.str(0, "")); i >= 0 {
				return from + utf8.RuneCountInString(s[:i]), nil
			}
		}
		if must {
			return nil, value.Errorf(value.TypeError, "%s is not in the text", value.Repr(u.args[0]))
		}
		return -1, nil
	}
}

func countMethod(u *use) (value.Value, error) {
	s, _, ok := u.window(1, 2)
	if !ok {
		return 0, nil
	}
	return strings.Count(s, u.str(0, "")), nil
}

func zfill(u *use) (value.Value, error) {
	s := u.text()
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	v, err := u.padded(s, u.int(0, 0)-len(sign), '0', 1)
	if err != nil {
		return nil, err
	}
	return sign + v, nil
}

func justified(side int) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		fill := []rune(u.str(1, " "))
		if len(fill) != 1 {
			return nil, value.Errorf(value.TypeError, "'%s' fills with one character", u.name)
		}
		return u.padded(u.text(), u.int(0, 0), fill[0], side)
	}
}

// padded fills s up to a width: behind it (-1), before it (1), or both (0).
func (u *use) padded(s string, width int, fill rune, side int) (string, error) {
	n := width - utf8.RuneCountInString(s)
	if n <= 0 {
		return s, nil
	}
	if err := u.c.Write(n); err != nil {
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

func allOf(is func(rune) bool) func(*use) (value.Value, error) {
	return func(u *use) (value.Value, error) {
		s := u.text()
		return s != "" && strings.IndexFunc(s, func(r rune) bool { return !is(r) }) < 0, nil
	}
}
