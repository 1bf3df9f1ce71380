package builtin

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dlclark/regexp2"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// layoutFilters lay out texts and values for people.
func layoutFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "wordwrap", Params: "width=79 break_long_words=true wrapstring=none break_on_hyphens=true",
			Doc: "broken into lines of a width", Do: wordWrap},
		{Names: "pprint", Doc: "the value as Python prints it prettily", Do: prettyPrint},
		{Names: "filesizeformat", Params: "binary=false", Doc: "a size as people read it: 13.4 kB", Do: fileSizeFormat},
	}
}

func wordWrap(u *expr.Call) (value.Value, error) {
	s, err := textIn(u)
	if err != nil {
		return nil, err
	}
	w := wrapping{width: u.Int(0), breakLong: u.Flag(1), hyphens: u.Flag(3)}
	if w.width < 1 {
		return nil, value.Errorf(value.TypeError, "'wordwrap' wants a width from 1 on")
	}
	sep := "\n"
	if u.Arg(2) != nil {
		sep = u.Str(2)
	}
	var lines []string
	for _, line := range splitLines(s, false) {
		lines = append(lines, strings.Join(w.wrap(line), sep))
	}
	out := strings.Join(lines, sep)
	return out, u.Context.Write(len(out))
}

// A wrapping breaks a line as Python's textwrap does.
type wrapping struct {
	width     int
	breakLong bool
	hyphens   bool
}

// wordSep is textwrap's: white space, a dash of several hyphens, or a word up to
// where it may be broken.
const wordSep = `([\t\n\x0b\x0c\r ]+|(?<=[\w!"'&.,?])-{2,}(?=\w)|[^\t\n\x0b\x0c\r ](?:[^\t\n\x0b\x0c\r ])*?` +
	`(?:-(?:(?<=[^\d\W]{2}-)|(?<=[^\d\W]-[^\d\W]-))(?=[^\d\W]-?[^\d\W])|(?=[\t\n\x0b\x0c\r ]|\z)|(?<=[\w!"'&.,?])(?=-{2,}\w)))`

// chunks cuts a line into words and the white space between them.
func (w wrapping) chunks(line string) []string {
	pattern := wordSep
	if !w.hyphens {
		pattern = `[\t\n\x0b\x0c\r ]+|[^\t\n\x0b\x0c\r ]+`
	}
	var out []string
	re := regexp2.MustCompile(pattern, regexp2.None)
	re.MatchTimeout = regexTimeout
	for m, err := re.FindStringMatch(line); m != nil && err == nil; m, err = re.FindNextMatch(m) {
		out = append(out, m.String())
	}
	return out
}

func (w wrapping) wrap(line string) []string {
	var lines []string
	chunks := w.chunks(line)
	blank := func(s string) bool { return strings.Trim(s, "\t\n\v\f\r ") == "" }
	for len(chunks) > 0 {
		if blank(chunks[0]) && len(lines) > 0 {
			chunks = chunks[1:]
		}
		var now []string
		length := 0
		for len(chunks) > 0 && length+utf8.RuneCountInString(chunks[0]) <= w.width {
			length += utf8.RuneCountInString(chunks[0])
			now, chunks = append(now, chunks[0]), chunks[1:]
		}
		if len(chunks) > 0 && utf8.RuneCountInString(chunks[0]) > w.width {
			now, chunks = w.long(now, chunks, w.width-length)
		}
		if len(now) > 0 && blank(now[len(now)-1]) {
			now = now[:len(now)-1]
		}
		if len(now) > 0 {
			lines = append(lines, strings.Join(now, ""))
		}
	}
	return lines
}

// long places a word that is longer than a line.
func (w wrapping) long(now, chunks []string, room int) (line, rest []string) {
	if w.breakLong {
		r := []rune(chunks[0])
		end := max(room, 0)
		if w.hyphens && len(r) > end {
			head := string(r[:end])
			if i := strings.LastIndexByte(head, '-'); i > 0 && strings.Trim(head[:i], "-") != "" {
				end = utf8.RuneCountInString(head[:i]) + 1
			}
		}
		end = min(end, len(r))
		return append(now, string(r[:end])), append([]string{string(r[end:])}, chunks[1:]...)
	}
	if len(now) == 0 {
		return chunks[:1], chunks[1:]
	}
	return now, chunks
}

func fileSizeFormat(u *expr.Call) (value.Value, error) {
	var f float64
	switch v := u.In.(type) {
	case string:
		n, ok := value.ReadFloat(v)
		if !ok {
			return nil, value.Errorf(value.TypeError, "'filesizeformat' wants a number of bytes, not %s", value.Describe(v))
		}
		f = n
	default:
		n, err := numberOf(u)
		if err != nil {
			return nil, err
		}
		f = n
	}
	base, suffix := 1000.0, "B"
	prefixes := "kMGTPEZY"
	if u.Flag(0) {
		base, suffix, prefixes = 1024, "iB", "KMGTPEZY"
	}
	switch {
	case f == 1:
		return "1 Byte", nil
	case f < base:
		return value.Text(value.Truncate(f)) + " Bytes", nil
	}
	unit := base
	for i := range len(prefixes) {
		unit *= base
		if f < unit || i == len(prefixes)-1 {
			return strconv.FormatFloat(base*f/unit, 'f', 1, 64) + " " + prefixes[i:i+1] + suffix, nil
		}
	}
	return nil, nil
}

// prettyPrint writes a text that does not fit into a line as several, as Python does; of
// Ansible's lists and maps it makes one line.
func prettyPrint(u *expr.Call) (value.Value, error) {
	out := value.Repr(u.In)
	if s, ok := u.In.(string); ok && utf8.RuneCountInString(out) > printWidth {
		out = brokenLines(s)
	}
	return out, u.Context.Write(len(out))
}

const printWidth = 80

// brokenLines writes a long text as several, one below the other.
func brokenLines(s string) string {
	room := printWidth - 1
	lines := splitLines(s, true)
	var chunks []string
	for i, line := range lines {
		last := i == len(lines)-1
		fits := room - value.BoolInt(last)
		if q := value.Quote(line); utf8.RuneCountInString(q) <= fits {
			chunks = append(chunks, q)
			continue
		}
		chunks = append(chunks, brokenText(line, room, 1, last)...)
	}
	if len(chunks) == 1 {
		return chunks[0]
	}
	return "(" + strings.Join(chunks, "\n ") + ")"
}

// brokenText cuts a line at its spaces into quoted pieces that fit.
func brokenText(line string, room, follow int, last bool) []string {
	var chunks []string
	current := ""
	words := wordsWithSpaces(line)
	for j, word := range words {
		if j == len(words)-1 && last {
			room -= follow
		}
		if utf8.RuneCountInString(value.Quote(current+word)) > room {
			if current != "" {
				chunks = append(chunks, value.Quote(current))
			}
			current = word
			continue
		}
		current += word
	}
	if current != "" {
		chunks = append(chunks, value.Quote(current))
	}
	return chunks
}

// wordsWithSpaces cuts a text into words, each with the white space behind it.
func wordsWithSpaces(s string) []string {
	var out []string
	for s != "" {
		n := strings.IndexFunc(s, isSpace)
		if n < 0 {
			return append(out, s)
		}
		rest := strings.TrimLeftFunc(s[n:], isSpace)
		out, s = append(out, s[:len(s)-len(rest)]), rest
	}
	return out
}
