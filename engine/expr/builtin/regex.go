package builtin

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"

	"github.com/dlclark/regexp2"
)

const regexTimeout = time.Second

// regexFilters work with regular expressions of Python's kind.
func regexFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "regex_replace", Params: "pattern='' replacement='' ignorecase=false multiline=false count=0 mandatory_count=0",
			Doc: "with what matches a pattern replaced", How: expr.Plugin, Do: regexReplace},
		{Names: "regex_search", Params: "regex! *groups ignorecase=false multiline=false", Doc: "the first match of a pattern, or groups of it",
			How: expr.Plugin, Do: regexSearch},
		{Names: "regex_findall", Params: "regex! multiline=false ignorecase=false", Doc: "all matches of a pattern", How: expr.Plugin, Do: regexFindall},
		{Names: "regex_escape", Params: "re_type='python'", Doc: "with what means something in patterns escaped", How: expr.Plugin, Do: regexEscape},
	}
}

// compileRegex compiles a pattern, once in a Context.
func compileRegex(c *expr.Context, pattern string, ignoreCase, multiline bool) (*regexp2.Regexp, error) {
	opts := regexp2.None
	if ignoreCase {
		opts |= regexp2.IgnoreCase
	}
	if multiline {
		opts |= regexp2.Multiline
	}
	type key struct {
		pattern string
		options regexp2.RegexOptions
	}
	re, err := c.Cached(key{pattern, opts}, func() (any, error) { return newRegex(pattern, opts) })
	if err != nil {
		return nil, err
	}
	return re.(*regexp2.Regexp), nil
}

func newRegex(pattern string, opts regexp2.RegexOptions) (*regexp2.Regexp, error) {
	if len(pattern) > value.MaxText/16 {
		return nil, value.Errorf(value.LimitError, "the regular expression is too long")
	}
	re, err := regexp2.Compile(fromPython(pattern), opts)
	if err != nil {
		return nil, value.Errorf(value.FilterError, "%s is no regular expression: %s", value.Quote(value.Shorten(pattern, 60)), reason(err))
	}
	re.MatchTimeout = regexTimeout
	return re, nil
}

// reason returns the last part of what the compiler says, which is the cause.
func reason(err error) string {
	s := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	s, _, _ = strings.Cut(s, " in `")
	return s
}

// fromPython writes a pattern's Python peculiarities as .NET has them.
func fromPython(p string) string {
	if !strings.Contains(p, "(?P") && !strings.Contains(p, `\Z`) {
		return p
	}
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		switch {
		case strings.HasPrefix(p[i:], "(?P<"):
			b.WriteString("(?<")
			i += len("(?P<") - 1
		case strings.HasPrefix(p[i:], "(?P="):
			end := strings.IndexByte(p[i:], ')')
			if end < 0 {
				b.WriteString(p[i:])
				return b.String()
			}
			b.WriteString(`\k<` + p[i+len("(?P="):i+end] + ">")
			i += end
		case p[i] == '\\' && i+1 < len(p):
			if p[i+1] == 'Z' {
				b.WriteString(`\z`)
			} else {
				b.WriteString(p[i : i+2])
			}
			i++
		default:
			b.WriteByte(p[i])
		}
	}
	return b.String()
}

// matches goes over the matches of a pattern in s until f says false.
func matches(c *expr.Context, re *regexp2.Regexp, s string, f func(*regexp2.Match) bool) error {
	m, err := re.FindStringMatch(s)
	for ; err == nil && m != nil; m, err = re.FindNextMatch(m) {
		if !c.Spend(1) {
			return c.Err()
		}
		if !f(m) {
			return nil
		}
	}
	if err != nil {
		return regexFailure(err)
	}
	return nil
}

func regexFailure(err error) error {
	if _, ok := errors.AsType[*value.Error](err); ok {
		return err
	}
	return value.Errorf(value.LimitError, "the regular expression takes longer than %v on this text", regexTimeout)
}

func regexReplace(u *expr.Call) (value.Value, error) {
	re, err := compileRegex(u.Context, u.Str(0), u.Flag(2), u.Flag(3))
	if err != nil {
		return nil, err
	}
	limit := u.Int(4)
	s, with := []rune(u.Text()), value.Text(u.Arg(1))
	var b strings.Builder
	at, n := 0, 0
	var mistake error
	err = matches(u.Context, re, string(s), func(m *regexp2.Match) bool {
		b.WriteString(string(s[at:m.Index]))
		mistake = expand(&b, with, m)
		at = m.Index + m.Length
		n++
		return mistake == nil && b.Len() <= value.MaxText && (limit == 0 || n < limit)
	})
	if err == nil {
		err = mistake
	}
	if err != nil {
		return nil, err
	}
	if want := u.Int(5); want != 0 && want != n {
		return nil, value.Errorf(value.FilterError, "'regex_replace' should replace %d times, but did %d times", want, n)
	}
	b.WriteString(string(s[at:]))
	return b.String(), u.Context.Write(b.Len())
}

// expand writes a replacement with \1 and \g<name> for the groups of a match.
func expand(b *strings.Builder, with string, m *regexp2.Match) error {
	for i := 0; i < len(with); i++ {
		if with[i] != '\\' || i+1 == len(with) {
			b.WriteByte(with[i])
			continue
		}
		i++
		switch c := with[i]; {
		case value.IsDigit(c):
			end := i + 1
			if end < len(with) && value.IsDigit(with[end]) && c != '0' {
				end++
			}
			if err := writeGroup(b, with[i:end], m); err != nil {
				return err
			}
			i = end - 1
		case c == 'g' && strings.HasPrefix(with[i:], "g<") && strings.Contains(with[i:], ">"):
			end := i + strings.IndexByte(with[i:], '>')
			if err := writeGroup(b, with[i+2:end], m); err != nil {
				return err
			}
			i = end
		default:
			if r, n := syntax.Escape(with[i:]); n == 1 && r >= 0 && c != '\'' && c != '"' {
				b.WriteRune(r)
			} else {
				b.WriteByte('\\')
				b.WriteByte(c)
			}
		}
	}
	return nil
}

func writeGroup(b *strings.Builder, name string, m *regexp2.Match) error {
	g := groupOf(m, name)
	if g == nil {
		return value.Errorf(value.FilterError, "the regular expression has no group %s", name)
	}
	b.WriteString(g.String())
	return nil
}

// groupOf finds a group by number or name; nil if the pattern has none such.
func groupOf(m *regexp2.Match, name string) *regexp2.Group {
	if n, err := strconv.Atoi(name); err == nil {
		return m.GroupByNumber(n)
	}
	return m.GroupByName(name)
}

// regexSearch returns the first match, or the groups that are asked for; none if
// nothing matches.
func regexSearch(u *expr.Call) (value.Value, error) {
	names := make([]string, len(u.Rest))
	for i, r := range u.Rest {
		m := groupWanted.FindStringSubmatch(value.Text(r))
		if m == nil {
			return nil, value.Errorf(value.FilterError, "%s names no group", value.Repr(r)).WithHint(`as in '\\1' or '\\g<name>'`)
		}
		names[i] = m[1] + m[2]
	}
	re, err := compileRegex(u.Context, u.Str(0), u.Flag(1), u.Flag(2))
	if err != nil {
		return nil, err
	}
	m, err := re.FindStringMatch(u.Text())
	switch {
	case err != nil:
		return nil, regexFailure(err)
	case m == nil:
		return nil, nil
	case len(names) == 0:
		return m.String(), nil
	}
	groups := make([]value.Value, len(names))
	for i, name := range names {
		g := groupOf(m, name)
		if g == nil {
			return nil, value.Errorf(value.FilterError, "the regular expression has no group %s", name)
		}
		groups[i] = groupValue(g)
	}
	return groups, nil
}

// groupWanted matches what asks regex_search for a group: \1 or \g<name>.
var groupWanted = regexp.MustCompile(`^\\(?:g<(\S+)>|(\d+))`)

func groupValue(g *regexp2.Group) value.Value {
	if len(g.Captures) == 0 {
		return nil
	}
	return g.String()
}

// regexFindall returns all matches: of one group its text, of several a tuple.
func regexFindall(u *expr.Call) (value.Value, error) {
	re, err := compileRegex(u.Context, u.Str(0), u.Flag(2), u.Flag(1))
	if err != nil {
		return nil, err
	}
	out := []value.Value{}
	err = matches(u.Context, re, u.Text(), func(m *regexp2.Match) bool {
		groups := m.Groups()
		switch len(groups) {
		case 1:
			out = append(out, m.String())
		case 2:
			out = append(out, groups[1].String())
		default:
			row := value.Tuple{}
			for _, g := range groups[1:] {
				row = append(row, g.String())
			}
			out = append(out, row)
		}
		return true
	})
	return listOrError(out, err)
}

func regexEscape(u *expr.Call) (value.Value, error) {
	special := "\t\n\v\f\r #$&()*+-.?[\\]^{|}~"
	switch t := u.Str(0); t {
	case "python":
	case "posix_basic":
		special = `[]\.^$*`
	default:
		return nil, value.Errorf(value.FilterError, "'regex_escape' does not know %s", value.Quote(t)).WithHint("python or posix_basic")
	}
	var b strings.Builder
	for _, r := range u.Text() {
		if strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String(), u.Context.Write(b.Len())
}

// regexTest makes the tests match (at the start), search and regex.
func regexTest(kind string) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		pattern, mode := u.Str(0), kind
		if kind == "regex" {
			mode = u.Str(3)
		}
		switch mode {
		case "match":
			pattern = `\A(?:` + pattern + ")"
		case "fullmatch":
			pattern = `\A(?:` + pattern + `)\Z`
		}
		re, err := compileRegex(u.Context, pattern, u.Flag(1), u.Flag(2))
		if err != nil {
			return nil, err
		}
		ok, err := re.MatchString(u.Text())
		if err != nil {
			return nil, regexFailure(err)
		}
		return ok, nil
	}
}
