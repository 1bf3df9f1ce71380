package report

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"runner/engine"
)

// Colours, as Ansible chooses them.
const (
	green   = "0;32"
	yellow  = "0;33"
	cyan    = "0;36"
	red     = "0;31"
	blue    = "0;34"
	gray    = "1;30"
	purple  = "1;35"
	crimson = "1;31"
)

// A printer writes lines in colours, as ansible-playbook does. It knows no events.
type printer struct {
	buf   strings.Builder // what was printed last, until somebody takes it
	color bool
	width int // of a banner, in columns; 0: 79
}

// print adds lines in a colour, "" for none.
func (p *printer) print(text, color string) {
	for l := range strings.SplitSeq(text, "\n") {
		p.buf.WriteString(p.paint(l, color) + "\n")
	}
}

// paint returns a text in a colour, "" for none.
func (p *printer) paint(text, color string) string {
	if !p.color || color == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// banner returns a title, filled up with stars, after an empty line.
func (p *printer) banner(title string) string {
	stars := max(3, cmp.Or(max(p.width, 0), 79)-columns(title))
	return "\n" + title + " " + strings.Repeat("*", stars) + "\n"
}

// diffLines prints the lines of a diff, and an empty line below them.
func (p *printer) diffLines(diff []string) {
	for _, l := range diff {
		switch {
		case strings.HasPrefix(l, "+"):
			p.print(l, green)
		case strings.HasPrefix(l, "-"):
			p.print(l, red)
		case strings.HasPrefix(l, "@@"):
			p.print(l, cyan)
		default:
			p.print(l, "")
		}
	}
	if len(diff) > 0 {
		p.print("", "")
	}
}

// recap prints how many steps ended how.
func (p *printer) recap(host string, s engine.Stats) {
	color := green
	switch {
	case s.Failed+s.Unreachable > 0:
		color = red
	case s.Changed > 0:
		color = yellow
	}
	name := p.paint(host, color) + strings.Repeat(" ", max(26-len(host), 0))
	counts := []string{
		p.count("ok", s.OK, green),
		p.count("changed", s.Changed, yellow),
		p.count("unreachable", s.Unreachable, crimson),
		p.count("failed", s.Failed, red),
		p.count("skipped", s.Skipped, cyan),
		p.count("rescued", s.Rescued, green),
		p.count("ignored", s.Ignored, purple),
	}
	p.print(name+" : "+strings.Join(counts, " "), "")
}

func (p *printer) count(word string, n int, color string) string {
	if n == 0 {
		color = ""
	}
	return p.paint(fmt.Sprintf("%s=%-4d", word, n), color)
}

// escape writes the control characters that JSON allows in a string, and some
// terminals act upon, as JSON's escapes.
func escape(json string) string {
	var b strings.Builder
	from := 0
	for i, r := range json {
		if r >= 0x7f && r < 0xa0 {
			fmt.Fprintf(&b, `%s\u%04x`, json[from:i], r)
			from = i + utf8.RuneLen(r)
		}
	}
	return b.String() + json[from:]
}
