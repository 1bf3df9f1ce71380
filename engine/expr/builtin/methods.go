package builtin

import (
	"golang.org/x/text/encoding"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// textMethods are the methods of str, first half.
func textMethods() []expr.Operation {
	return []expr.Operation{
		{Names: "upper", How: expr.Escapes, Do: onText(upper)},
		{Names: "lower", How: expr.Escapes, Do: onText(lower)},
		{Names: "casefold", How: expr.Escapes, Do: onText(func(s string) string { return cases.Fold().String(s) })},
		{Names: "title", How: expr.Escapes, Do: onText(titleMethod)},
		{Names: "capitalize", How: expr.Escapes, Do: onText(capitalize)},
		{Names: "swapcase", How: expr.Escapes, Do: onText(swapCase)},
		{Names: "strip", Params: "chars=none", How: expr.Escapes, Do: strip(true, true)},
		{Names: "lstrip", Params: "chars=none", How: expr.Escapes, Do: strip(true, false)},
		{Names: "rstrip", Params: "chars=none", How: expr.Escapes, Do: strip(false, true)},
		{Names: "split", Params: "sep=none maxsplit=-1", How: expr.Escapes, Do: splitMethod},
		{Names: "rsplit", Params: "sep=none maxsplit=-1", How: expr.Escapes, Do: rsplitMethod},
		{Names: "splitlines", Params: "keepends=false", How: expr.Escapes, Do: func(u *expr.Call) (value.Value, error) {
			return textList(u, splitLines(u.Text(), u.Flag(0)))
		}},
		{Names: "partition", Params: "sep!", How: expr.Escapes, Do: partition(strings.Index, false)},
		{Names: "rpartition", Params: "sep!", How: expr.Escapes, Do: partition(strings.LastIndex, true)},
		{Names: "startswith", Params: "prefix! start=none end=none", Do: affix(strings.HasPrefix)},
		{Names: "endswith", Params: "suffix! start=none end=none", Do: affix(strings.HasSuffix)},
		{Names: "removeprefix", Params: "prefix!", How: expr.Escapes, Do: func(u *expr.Call) (value.Value, error) {
			return strings.TrimPrefix(u.Text(), u.Str(0)), nil
		}},
		{Names: "removesuffix", Params: "suffix!", How: expr.Escapes, Do: func(u *expr.Call) (value.Value, error) {
			return strings.TrimSuffix(u.Text(), u.Str(0)), nil
		}},
		{Names: "replace", Params: "old! new! count=-1", How: expr.Escapes, Do: replaceMethod},
		{Names: "join", Params: "iterable!", How: expr.Escapes, Do: joinMethod},
		{Names: "format", Params: "*args **named", How: expr.Escapes, Do: func(u *expr.Call) (value.Value, error) {
			return format.Braces(&u.Context.Budget, u.Text(), u.Rest, u.Named)
		}},
	}
}

// textMethodsMore are the methods of str, second half.
func textMethodsMore() []expr.Operation {
	return []expr.Operation{
		{Names: "find", Params: "sub! start=none end=none", Do: find(strings.Index, false)},
		{Names: "rfind", Params: "sub! start=none end=none", Do: find(strings.LastIndex, false)},
		{Names: "index", Params: "sub! start=none end=none", Do: find(strings.Index, true)},
		{Names: "rindex", Params: "sub! start=none end=none", Do: find(strings.LastIndex, true)},
		{Names: "count", Params: "sub! start=none end=none", Do: countMethod},
		{Names: "zfill", Params: "width!", How: expr.Escapes, Do: zfill},
		{Names: "ljust", Params: "width! fillchar=' '", How: expr.Escapes, Do: justified(-1)},
		{Names: "rjust", Params: "width! fillchar=' '", How: expr.Escapes, Do: justified(1)},
		{Names: "center", Params: "width! fillchar=' '", How: expr.Escapes, Do: justified(0)},
		{Names: "isdigit isdecimal isnumeric", Do: allOf(unicode.IsDigit)},
		{Names: "isalpha", Do: allOf(unicode.IsLetter)},
		{Names: "isalnum", Do: allOf(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })},
		{Names: "isspace", Do: allOf(unicode.IsSpace)},
		{Names: "isascii", Do: func(u *expr.Call) (value.Value, error) {
			return strings.IndexFunc(u.Text(), func(r rune) bool { return r > unicode.MaxASCII }) < 0, nil
		}},
		{Names: "isprintable", Do: func(u *expr.Call) (value.Value, error) {
			return strings.IndexFunc(u.Text(), func(r rune) bool { return r != ' ' && !unicode.IsGraphic(r) || r != ' ' && unicode.IsSpace(r) }) < 0, nil
		}},
		{Names: "istitle", Do: func(u *expr.Call) (value.Value, error) {
			s := u.Text()
			return s == titleMethod(s) && s != lower(s), nil
		}},
		{Names: "format_map", Params: "mapping!", Do: func(u *expr.Call) (value.Value, error) {
			m, ok := u.Args[0].(*value.Map)
			if !ok {
				u.Wrong(0, "a map", u.Args[0])
			}
			return format.Braces(&u.Context.Budget, u.Text(), nil, m)
		}},
		{Names: "maketrans", Params: "from! to=none", Do: translation},
		{Names: "translate", Params: "table!", How: expr.Escapes, Do: translated},
		{Names: "isidentifier", Do: func(u *expr.Call) (value.Value, error) { return isIdentifier(u.Text()), nil }},
		{Names: "islower", Do: func(u *expr.Call) (value.Value, error) { return cased(u.Text(), unicode.IsLower, unicode.IsUpper), nil }},
		{Names: "isupper", Do: func(u *expr.Call) (value.Value, error) { return cased(u.Text(), unicode.IsUpper, unicode.IsLower), nil }},
		{Names: "expandtabs", Params: "tabsize=8", How: expr.Escapes, Do: func(u *expr.Call) (value.Value, error) {
			s := tabsExpanded(u.Text(), min(max(u.Int(0), 0), 100))
			return s, u.Context.Write(len(s))
		}},
		{Names: "encode decode", Params: "encoding='utf-8' errors='strict'", Do: asBytes},
	}
}

// tabsExpanded puts spaces in the place of tabs, up to the next column that size divides.
func tabsExpanded(s string, size int) string {
	var b strings.Builder
	column := 0
	for _, r := range s {
		switch r {
		case '\t':
			n := 0
			if size > 0 {
				n = size - column%size
			}
			b.WriteString(strings.Repeat(" ", n))
			column += n
		case '\n', '\r':
			column = 0
			b.WriteRune(r)
		default:
			column++
			b.WriteRune(r)
		}
	}
	return b.String()
}

// asBytes returns a text for its bytes, which there is no type of, where those are UTF-8.
func asBytes(u *expr.Call) (value.Value, error) {
	if e, err := encodingOf(u.Str(0)); err != nil || e != encoding.Nop {
		return nil, value.Errorf(value.TypeError, "bytes are UTF-8 here, not %s", u.Str(0)).WithHint("use b64encode(encoding=…)")
	}
	return u.In, nil
}

func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// textList makes a list of texts.
func textList(u *expr.Call, l []string) (value.Value, error) {
	out := make([]value.Value, len(l))
	for i, s := range l {
		out[i] = s
	}
	return out, u.Context.Count(len(l))
}

// titleMethod begins each run of letters large.
func titleMethod(s string) string {
	var b strings.Builder
	inWord := false
	for _, r := range s {
		if inWord {
			b.WriteString(lower(string(r)))
		} else {
			b.WriteString(capitalize(string(r)))
		}
		inWord = unicode.IsLetter(r)
	}
	return b.String()
}

func swapCase(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsUpper(r) {
			b.WriteString(lower(string(r)))
		} else {
			b.WriteString(upper(string(r)))
		}
	}
	return b.String()
}

func strip(left, right bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		s, drop := u.Text(), unicode.IsSpace
		if u.Arg(0) != nil {
			chars := u.Str(0)
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

// separator returns the arguments of split: no separator means white space.
func separator(u *expr.Call) (sep string, given bool, limit int, err error) {
	limit = u.Int(1)
	if u.Arg(0) == nil {
		return "", false, limit, nil
	}
	if sep = u.Str(0); sep == "" && u.Err == nil {
		return "", true, limit, value.Errorf(value.TypeError, "a separator cannot be empty")
	}
	return sep, true, limit, u.Err
}

func splitMethod(u *expr.Call) (value.Value, error) {
	sep, given, limit, err := separator(u)
	if err != nil {
		return nil, err
	}
	s := u.Text()
	switch {
	case given && limit < 0:
		return textList(u, strings.Split(s, sep))
	case given:
		return textList(u, strings.SplitN(s, sep, min(limit, value.MaxSteps)+1))
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
	return textList(u, out)
}

func rsplitMethod(u *expr.Call) (value.Value, error) {
	sep, given, limit, err := separator(u)
	if err != nil || limit < 0 {
		v, e := splitMethod(u)
		if err == nil {
			err = e
		}
		return v, err
	}
	s, out := u.Text(), []string{}
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
	return textList(u, out)
}

func partition(find func(s, sep string) int, right bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		s, sep := u.Text(), u.Str(0)
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
func window(u *expr.Call, start, end int) (cut string, from int, ok bool) {
	s := u.Text()
	if u.Arg(start) == nil && u.Arg(end) == nil {
		return s, 0, true
	}
	r := []rune(s)
	clamp := func(i, otherwise int) int {
		if u.Arg(i) == nil {
			return otherwise
		}
		n := u.Int(i)
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

func affix(has func(s, affix string) bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		s, _, ok := window(u, 1, 2)
		var among []value.Value
		switch v := u.Args[0].(type) {
		case string:
			among = []value.Value{v}
		case value.Tuple:
			among = v
		case []value.Value:
			among = v
		default:
			return nil, value.Errorf(value.TypeError, "'%s' wants text, not %s", u.Name, value.Describe(v))
		}
		for _, a := range among {
			if t, isText := a.(string); isText && ok && has(s, t) {
				return true, nil
			}
		}
		return false, nil
	}
}

func replaceMethod(u *expr.Call) (value.Value, error) {
	return replaced(u, u.Text(), u.Str(0), u.Str(1), u.Int(2))
}

func joinMethod(u *expr.Call) (value.Value, error) {
	l, err := u.Context.Elements(u.Args[0])
	if err != nil {
		return nil, err
	}
	for i, v := range l {
		if _, ok := v.(string); !ok {
			return nil, value.Errorf(value.TypeError, "'join' wants texts, but element %d is %s", i, value.Describe(v)).WithHint("use the filter: l | join(',')")
		}
	}
	return u.Context.Join(l, u.Text())
}

func find(index func(s, sub string) int, must bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		s, from, ok := window(u, 1, 2)
		if ok {
			if i := index(s, u.Str(0)); i >= 0 {
				return from + utf8.RuneCountInString(s[:i]), nil
			}
		}
		if must {
			return nil, value.Errorf(value.TypeError, "%s is not in the text", value.Repr(u.Args[0]))
		}
		return -1, nil
	}
}

func countMethod(u *expr.Call) (value.Value, error) {
	s, _, ok := window(u, 1, 2)
	if !ok {
		return 0, nil
	}
	return strings.Count(s, u.Str(0)), nil
}

func zfill(u *expr.Call) (value.Value, error) {
	s := u.Text()
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	v, err := padded(u, s, u.Int(0)-len(sign), '0', 1)
	if err != nil {
		return nil, err
	}
	return sign + v, nil
}

func justified(side int) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		fill := []rune(u.Str(1))
		if len(fill) != 1 {
			return nil, value.Errorf(value.TypeError, "'%s' fills with one character", u.Name)
		}
		return padded(u, u.Text(), u.Int(0), fill[0], side)
	}
}

func allOf(is func(rune) bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		s := u.Text()
		return s != "" && strings.IndexFunc(s, func(r rune) bool { return !is(r) }) < 0, nil
	}
}
