package diagnostic

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Masked stands where a secret stood.
const Masked = "********"

// secretEntry finds what stands under a key that says that it is a secret.
var secretEntry = regexp.MustCompile(`(?i)([\w-]*(?:secret|password|passwd|token|salt|_key)[\w-]*["']?\s*:\s+)("[^"]*"|'[^']*'|[^\s,{}]+)`)

// Excerpt returns the source line that p points at, with a caret below, each line
// ended; or "" where there is no source. What stands under a key such as
// consumer_secret is not shown, be it known as a secret or not.
//
//	12 |     plan: xxs_sm
//	   |           ^
func (p *Problem) Excerpt() string {
	if p.Place.IsZero() || p.Place.Line < 1 || p.Place.Source.Secret {
		return ""
	}
	line, ok := p.Place.Source.Line(p.Place.Line)
	if !ok {
		return ""
	}
	runes := []rune(secretEntry.ReplaceAllString(line, "${1}"+Masked))
	const widest = 160 // a longer line is shown around the caret only
	col := min(max(p.Place.Col, 1), len(runes)+1)
	from := 0
	if len(runes) > widest {
		from = min(max(0, col-1-widest/2), len(runes)-widest)
		runes = runes[from : from+widest]
	}
	before := runes[:min(col-1-from, len(runes))]
	return fmt.Sprintf("%5d | %s\n      | %s^\n", p.Place.Line, printable(string(runes)), blank(before))
}

// blank returns as much room as a text takes.
func blank(runes []rune) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string(runes))
}

// printable replaces what a source line may hold but must not reach a terminal:
// control characters, and marks that change the direction of text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && IsHarmful(r) {
			return '�'
		}
		return r
	}, s)
}

// IsHarmful reports whether a character could do more on a terminal than be seen:
// control characters, line ends among them, and those that change the direction of
// what follows, so that a text reads otherwise than it is.
func IsHarmful(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 ||
		r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Escaped returns a text in which harmful characters are written as in Go: \x1b,
// \u202e; but for those in except.
func Escaped(text, except string) string {
	if !strings.ContainsFunc(text, IsHarmful) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if IsHarmful(r) && !strings.ContainsRune(except, r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
