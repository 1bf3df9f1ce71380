package lsp

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A text is a document's content by lines. The protocol counts columns in units of
// UTF-16; our own places count characters, and lines from 1.
type text struct {
	content string
	starts  []int // the offset of each line
}

func newText(content string) *text {
	t := &text{content: content, starts: []int{0}}
	for i := range len(content) {
		if content[i] == '\n' {
			t.starts = append(t.starts, i+1)
		}
	}
	return t
}

// line returns a line, from 0, without its end; "" where there is none.
func (t *text) line(n int) string {
	if n < 0 || n >= len(t.starts) {
		return ""
	}
	line, _, _ := strings.Cut(t.content[t.starts[n]:], "\n")
	return strings.TrimSuffix(line, "\r")
}

// lines returns all lines without their ends.
func (t *text) lines() []string {
	all := make([]string, len(t.starts))
	for i := range all {
		all[i] = t.line(i)
	}
	return all
}

// offset returns the byte at a position; one that lies behind the end of its line is that end.
func (t *text) offset(p Position) int {
	if p.Line >= len(t.starts) {
		return len(t.content)
	}
	line := t.line(p.Line)
	units := 0
	for i, r := range line {
		if units >= p.Character {
			return t.starts[p.Line] + i
		}
		units += utf16.RuneLen(r)
	}
	return t.starts[p.Line] + len(line)
}

// rune returns how many characters of its line stand before a position.
func (t *text) rune(p Position) int {
	if p.Line >= len(t.starts) {
		return 0
	}
	return utf8.RuneCountInString(t.content[t.starts[p.Line]:t.offset(p)])
}

// position returns the position of a line and a character in it, both from 0.
func (t *text) position(line, char int) Position {
	line = max(line, 0)
	if line >= len(t.starts) {
		return Position{Line: line}
	}
	units := 0
	for _, r := range t.line(line) {
		if char <= 0 {
			break
		}
		units += max(utf16.RuneLen(r), 1)
		char--
	}
	return Position{Line: line, Character: units}
}

// span returns the range of some characters of a line.
func (t *text) span(line, from, to int) Range {
	return Range{Start: t.position(line, from), End: t.position(line, max(from, to))}
}

// apply returns the text after a change of it.
func (t *text) apply(c ContentChange) *text {
	if c.Range == nil {
		return newText(c.Text)
	}
	from, to := t.offset(c.Range.Start), t.offset(c.Range.End)
	if from > to {
		from, to = to, from
	}
	return newText(t.content[:from] + c.Text + t.content[to:])
}
