package reading

import (
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"runner/diagnostic"
)

// The library says little about what it cannot read: no column, often the line
// before the mistake, or the line where the whole list started. So the line is
// found by reading ever longer beginnings of the text, and then looked at here.

var libraryMessage = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// explain makes a problem of what the library says about a text.
func (d *Document) explain(err error) *diagnostic.Problem {
	said := err.Error()
	m := libraryMessage.FindStringSubmatch(said)
	said = strings.TrimPrefix(said, libraryMessage.FindString(said))
	if strings.Contains(said, "exceeded max depth") {
		return diagnostic.Problemf(d.place(1, 1), "this is nested deeper than %d levels", deepest)
	}
	named := 1
	if m != nil && m[1] != "" {
		named, _ = strconv.Atoi(m[1])
	}
	line := d.firstBad(named)
	if p := d.diagnose(line); p != nil {
		return p
	}
	// What is wrong may show only in the next line, when this one was to go on there.
	if named > line && named <= line+2 {
		if p := d.diagnose(named); p != nil {
			return p
		}
	}
	return d.guess(line, said)
}

// rereadLimit is how many bytes may be read again to find the line of a mistake.
const rereadLimit = 4 << 20

// A search finds the first line that a text can be read up to, but not with.
type search struct {
	doc       *Document
	left      int // of rereadLimit
	good, bad int // so many lines can be read, so many cannot
}

// firstBad searches from the line that the library names. When rereadLimit ends
// before it found one, it is that line.
func (d *Document) firstBad(named int) int {
	s := search{doc: d, left: rereadLimit, bad: len(d.starts)}
	for _, n := range []int{named - 1, named, named - 2, named + 1} {
		if n > s.good && n < s.bad {
			s.try(n)
		}
	}
	for again := true; again; again = s.reachesOn() {
		for s.good+1 < s.bad && s.left > 0 {
			s.try((s.good + s.bad) / 2)
		}
	}
	if s.good+1 < s.bad {
		return min(max(named, 1), len(d.starts))
	}
	return s.good + 1
}

// try reads the first n lines.
func (s *search) try(n int) bool {
	text := s.doc.src.Text[:s.doc.starts[n]]
	s.left -= len(text)
	if s.left >= 0 {
		if _, _, err := decode(text); err == nil || errors.Is(err, io.EOF) {
			s.good = n
			return true
		}
	}
	s.bad = min(s.bad, n)
	return false
}

// reachesOn looks for a longer beginning that can be read: the end of the last
// may only have cut a text or a list in two.
func (s *search) reachesOn() bool {
	end := len(s.doc.starts)
	for n := s.good + 2; n < min(s.good+20, end) && s.left > 0; n++ {
		if s.try(n) {
			s.bad = end
			return true
		}
	}
	return false
}

// LineText returns a line as YAML counts lines, without its end and the blanks before it.
func (d *Document) LineText(n int) string {
	if n < 1 || n > len(d.starts) {
		return ""
	}
	end := len(d.src.Text)
	if n < len(d.starts) {
		end = d.starts[n]
	}
	return strings.TrimRight(d.src.Text[d.starts[n-1]:end], " \t\r\n")
}

// bareLine returns a line without comment, and its indentation.
func (d *Document) bareLine(n int) (line string, indent int) {
	line, _, _ = strings.Cut(d.LineText(n), " #")
	return line, len(line) - len(strings.TrimLeft(line, " "))
}

// lacksColon reports whether a line is neither a key nor an item of a list.
func lacksColon(line string) bool {
	text := strings.TrimSpace(line)
	return text != "" && !strings.Contains(text, ":") && !strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "#")
}

// A clue is a way in which a line can be wrong. It returns the offset of what is
// wrong, a message and a hint; ok is false where it is not wrong in that way.
type clue func(line string) (at int, msg, hint string, ok bool)

// diagnose looks for what commonly goes wrong in a line.
func (d *Document) diagnose(n int) *diagnostic.Problem {
	line := d.LineText(n)
	for _, find := range []clue{tabbed, unquotedTemplate, badStart, brokenQuote, openBracket, secondColon} {
		if at, msg, hint, ok := find(line); ok {
			p := diagnostic.Problemf(d.place(n, 1+utf8.RuneCountInString(line[:at])), "%s", msg)
			p.Hint = hint
			return p
		}
	}
	return nil
}

// guess says what is left to say about a line in which nothing was found.
func (d *Document) guess(n int, said string) *diagnostic.Problem {
	line, indent := d.bareLine(n)
	if above, same := d.bareLine(n - 1); same == indent && lacksColon(above) {
		// It looked like a text that this line goes on with.
		n, line = n-1, above
	}
	at := d.place(n, indent+1)
	_, value := valueStart(line)
	switch {
	case strings.Contains(said, "unknown anchor"):
		if star := strings.Index(line, "*"); star >= 0 {
			at.Col = 1 + utf8.RuneCountInString(line[:star])
		}
		return diagnostic.Problemf(at, "nothing has the anchor that this alias repeats").
			WithHint("put the text in quotes if the * is part of it")
	case lacksColon(line):
		return diagnostic.Problemf(at, "a key without a colon").WithHint("write `key: value`")
	case value == 0 && strings.HasSuffix(line, ":"), strings.Contains(said, "did not find expected"),
		strings.Contains(said, "mapping values are not allowed"):
		return diagnostic.Problemf(at, "the indentation does not fit the lines above").
			WithHint("keys of one map, and the dashes of one list, start in the same column")
	}
	return diagnostic.Problemf(at, "this is not YAML: %s", said)
}

var beforeValue = regexp.MustCompile(`^\s*(?:-\s+)*(?:[^\s'"#\[\]{},][^'"#\[\]{},]*?\s*:\s+)?`)

// valueStart returns the offset of the value in a line, after dashes and key; 0 in
// key's place where there is no key.
func valueStart(line string) (at, key int) {
	at = len(beforeValue.FindString(line))
	if strings.Contains(line[:at], ":") {
		key = 1
	}
	return at, key
}

func tabbed(line string) (int, string, string, bool) {
	at := strings.IndexByte(line, '\t')
	if at < 0 || strings.Trim(line[:at], " -") != "" {
		return 0, "", "", false
	}
	return at, "a tab cannot indent a line", "use spaces", true
}

func unquotedTemplate(line string) (int, string, string, bool) {
	at, _ := valueStart(line)
	if !strings.HasPrefix(line[at:], "{{") && !strings.HasPrefix(line[at:], "{%") {
		return 0, "", "", false
	}
	return at, "missing quotes around a template", `write "` + strings.ReplaceAll(line[at:], `"`, `'`) + `"`, true
}

func badStart(line string) (int, string, string, bool) {
	at, _ := valueStart(line)
	if at >= len(line) || strings.IndexByte("@`%", line[at]) < 0 {
		return 0, "", "", false
	}
	return at, "text cannot start with " + line[at:at+1], "put it in quotes", true
}

// brokenQuote finds a value in quotes that do not end where the value does.
func brokenQuote(line string) (int, string, string, bool) {
	at, _ := valueStart(line)
	if at >= len(line) || line[at] != '"' && line[at] != '\'' {
		return 0, "", "", false
	}
	w := walker{src: line, at: at}
	w.open()
	for w.at < len(line) {
		start := w.at
		r := w.read()
		if r != rune(w.quote) || w.at != start+1 {
			continue
		}
		rest := strings.TrimLeft(line[w.at:], " ")
		if rest == "" || rest[0] == '#' || rest[0] == ':' {
			return 0, "", "", false
		}
		return w.at, "text goes on after the closing quote", "put all of it in one pair of quotes", true
	}
	return at, "this quote is never closed", "close it, or double it if it is part of the text", true
}

// openBracket finds a [ or { that its line does not close.
func openBracket(line string) (int, string, string, bool) {
	at, _ := valueStart(line)
	if at >= len(line) || line[at] != '[' && line[at] != '{' {
		return 0, "", "", false
	}
	depth := 0
	for i := at; i < len(line); i++ {
		switch line[i] {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth > 0 {
			continue
		}
		if rest := strings.TrimSpace(line[i+1:]); rest != "" && rest[0] != '#' && rest[0] != ':' {
			return i + 1, "text goes on after the closing " + line[i:i+1], "put all of it in quotes if it is text", true
		}
		return 0, "", "", false
	}
	return at, "this " + line[at:at+1] + " is never closed", "close it, or put the text in quotes", true
}

// secondColon finds `: ` inside a text without quotes.
func secondColon(line string) (int, string, string, bool) {
	at, key := valueStart(line)
	if key == 0 {
		return 0, "", "", false
	}
	value, _, _ := strings.Cut(line[at:], " #")
	colon := strings.Index(value+" ", ": ")
	if colon < 0 {
		return 0, "", "", false
	}
	return at + colon, "a colon and a space stand inside a text without quotes", `write "` +
		strings.ReplaceAll(value, `"`, `'`) + `"`, true
}
