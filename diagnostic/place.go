package diagnostic

import (
	"strconv"
	"strings"
	"sync"
)

// A Source is a text with a name: a playbook, a vars file, a value from the command line.
type Source struct {
	Name string // as the user wrote it: "site.yml"
	Text string
	// Secret says that no line of the text may be shown: it was vaulted.
	Secret bool

	counting sync.Once
	starts   []int // the offsets of its lines
}

// Line returns a line of the text without its end; false if there is none of that
// number. The lines are counted once: of a large playbook many may be asked for.
func (s *Source) Line(n int) (string, bool) {
	s.counting.Do(s.countLines)
	if n < 1 || n > len(s.starts) {
		return "", false
	}
	line, _, _ := strings.Cut(s.Text[s.starts[n-1]:], "\n")
	return strings.TrimSuffix(line, "\r"), true
}

func (s *Source) countLines() {
	s.starts = []int{0}
	for i := range len(s.Text) {
		if s.Text[i] == '\n' {
			s.starts = append(s.starts, i+1)
		}
	}
}

// A Place is where something stands in a source. Line and Col count from 1,
// Col in characters. The zero Place is nowhere.
type Place struct {
	Source *Source
	Line   int
	Col    int
}

// IsZero reports whether p is nowhere.
func (p Place) IsZero() bool { return p.Source == nil }

// String returns "file:line:col", as much of it as is known, or "" for nowhere.
func (p Place) String() string {
	if p.Source == nil {
		return ""
	}
	s := p.Source.Name
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Col > 0 {
			s += ":" + strconv.Itoa(p.Col)
		}
	}
	return s
}

// An Origin tells where the byte at an offset of a template's text stands in
// its file. Quoted and block scalars need it: their text is not their source.
type Origin func(offset int) Place

// At is the Origin of a text that stands unchanged on one line from p on.
func At(p Place, text string) Origin {
	return func(offset int) Place {
		q := p
		q.Col += len([]rune(text[:min(offset, len(text))]))
		return q
	}
}
