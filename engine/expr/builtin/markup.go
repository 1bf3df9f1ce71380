package builtin

import (
	"html"
	"regexp"
	"slices"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// markupFilters are about HTML.
func markupFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "escape e", Doc: "with &, <, >, ' and \" as HTML writes them", How: expr.Markups, Do: asMarkup(func(v value.Value) string { return string(value.Escape(v)) })},
		{Names: "forceescape", Doc: "as escape, of what is HTML already too", Do: asMarkup(func(v value.Value) string { return string(value.Escape(v)) })},
		{Names: "safe", Doc: "the text itself, as HTML that no filter escapes", Do: asMarkup(value.Text)},
		{Names: "striptags", Doc: "without HTML's tags and comments, white space as single spaces", Do: onText(stripTags)},
		{Names: "urlize", Params: "trim_url_limit=none nofollow=false target=none rel=none extra_schemes=none",
			Doc: "with links made of addresses", Do: urlize},
		{Names: "xmlattr", Params: "autospace=true", Doc: "a map as attributes of an XML element", Do: xmlAttributes},
	}
}

// asMarkup makes an operation of a function that returns HTML.
func asMarkup(f func(value.Value) string) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		s := f(u.In)
		return u.Markup(s), u.Context.Write(len(s))
	}
}

var (
	htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	htmlTag     = regexp.MustCompile(`(?s)<.*?>`)
)

func stripTags(s string) string {
	s = htmlTag.ReplaceAllString(htmlComment.ReplaceAllString(s, ""), "")
	return html.UnescapeString(strings.Join(strings.FieldsFunc(s, isSpace), " "))
}

func xmlAttributes(u *expr.Call) (value.Value, error) {
	m, err := asMap(u)
	if err != nil {
		return nil, err
	}
	var parts []string
	for k, v := range m.All() {
		if v == nil {
			continue
		}
		key := value.Text(k)
		if strings.ContainsAny(key, " \t\n\r\f\v/>=") {
			return nil, value.Errorf(value.TypeError, "%s is no name of an attribute", value.Quote(key))
		}
		parts = append(parts, html.EscapeString(key)+`="`+html.EscapeString(value.Text(v))+`"`)
	}
	s := strings.Join(parts, " ")
	if s != "" && u.Flag(0) {
		s = " " + s
	}
	if u.Autoescape() {
		return u.Markup(s), u.Context.Write(len(s))
	}
	return s, u.Context.Write(len(s))
}

var (
	linkWeb = regexp.MustCompile(`(?i)^((https?://|www\.)(([\w%-]+\.)+)?([a-z]{2,63}|xn--[\w%]{2,59})` +
		`|([\w%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)` +
		`|(https?://)(((\d{1,3})(\.\d{1,3}){3})|(\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}\])))` +
		`(?::\d{1,5})?(?:[/?#]\S*)?$`)
	linkMail    = regexp.MustCompile(`^\S+@\w[\w.-]*\.\w+$`)
	linkLeading = regexp.MustCompile(`^([(<]|&lt;)+`)
	linkTrail   = regexp.MustCompile(`([)>.,\n]|&gt;)+$`)
)

// A linker makes links of addresses.
type linker struct {
	limit      int // of an address's text; -1: none
	attributes string
	schemes    []value.Value
}

func urlize(u *expr.Call) (value.Value, error) {
	l := linker{limit: -1}
	if u.Arg(0) != nil {
		l.limit = max(u.Int(0), 0)
	}
	rel := []string{"noopener"}
	if u.Arg(3) != nil {
		rel = append(rel, strings.Fields(u.Str(3))...)
	}
	if u.Flag(1) {
		rel = append(rel, "nofollow")
	}
	slices.Sort(rel)
	l.attributes = ` rel="` + html.EscapeString(strings.Join(slices.Compact(rel), " ")) + `"`
	if u.Arg(2) != nil {
		l.attributes += ` target="` + html.EscapeString(u.Str(2)) + `"`
	}
	if u.Arg(4) != nil {
		var err error
		if l.schemes, err = u.Context.Elements(u.Args[4]); err != nil {
			return nil, err
		}
	}
	var b strings.Builder
	for _, part := range wordsWithSpaces(html.EscapeString(u.Text())) {
		word := strings.TrimRightFunc(part, isSpace)
		b.WriteString(l.word(word) + part[len(word):])
	}
	return b.String(), u.Context.Write(b.Len())
}

// word makes a link of a word that is an address, brackets and full stops aside.
func (l linker) word(middle string) string {
	head := linkLeading.FindString(middle)
	middle = middle[len(head):]
	tail := linkTrail.FindString(middle)
	middle = middle[:len(middle)-len(tail)]
	for _, pair := range [][2]string{{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}} {
		open, closing := strings.Count(middle, pair[0]), strings.Count(tail, pair[1])
		if open <= strings.Count(middle, pair[1]) {
			continue
		}
		for range min(open, closing) {
			end := strings.Index(tail, pair[1]) + len(pair[1])
			middle, tail = middle+tail[:end], tail[end:]
		}
	}
	return head + l.link(middle) + tail
}

func (l linker) link(s string) string {
	address, isMail := strings.CutPrefix(s, "mailto:")
	switch {
	case linkWeb.MatchString(s):
		target := s
		if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
			target = "https://" + s
		}
		return `<a href="` + target + `"` + l.attributes + ">" + l.shown(s) + "</a>"
	case isMail && linkMail.MatchString(address):
		return `<a href="` + s + `">` + address + "</a>"
	case strings.Contains(s, "@") && !strings.HasPrefix(s, "www.") && !strings.Contains(s, ":") && linkMail.MatchString(s):
		return `<a href="mailto:` + s + `">` + s + "</a>"
	}
	for _, v := range l.schemes {
		if scheme, ok := v.(string); ok && s != scheme && strings.HasPrefix(s, scheme) {
			return `<a href="` + s + `"` + l.attributes + ">" + s + "</a>"
		}
	}
	return s
}

func (l linker) shown(s string) string {
	if r := []rune(s); l.limit >= 0 && len(r) > l.limit {
		return string(r[:l.limit]) + "..."
	}
	return s
}
