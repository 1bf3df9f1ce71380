package cursor

import (
	"slices"
	"strings"
)

// What a line is.
const (
	begins  = iota // it begins something of its own
	nothing        // it is empty, or a comment
	inText         // it is a part of a scalar that an earlier line began
	inFlow         // it goes on with brackets that an earlier line opened
)

// A mark is a dash of a list, or a key, on a line.
type mark struct {
	key     bool
	col     int // the rune at which it starts
	width   int // of the key, quotes included
	text    string
	valueAt int // the rune at which the value starts; -1: nothing follows
}

// marksOf returns the dashes of a line and the key behind them.
func marksOf(line string) []mark {
	var marks []mark
	runes := []rune(line)
	at := 0
	for {
		for at < len(runes) && runes[at] == ' ' {
			at++
		}
		if at < len(runes) && runes[at] == '-' && (at+1 == len(runes) || runes[at+1] == ' ') {
			marks = append(marks, mark{col: at})
			at++
			continue
		}
		break
	}
	if m, ok := keyAt(runes, at); ok {
		marks = append(marks, m)
	}
	return marks
}

// keyAt reads a key and its colon.
func keyAt(runes []rune, at int) (mark, bool) {
	if at >= len(runes) || strings.ContainsRune("#{}[],&*!|>%@`", runes[at]) {
		return mark{}, false
	}
	end := at
	if quote := runes[at]; quote == '"' || quote == '\'' {
		for end++; end < len(runes) && runes[end] != quote; end++ {
		}
		end++
	}
	for ; end < len(runes); end++ {
		if runes[end] == ':' && (end+1 == len(runes) || runes[end+1] == ' ') {
			m := mark{key: true, col: at, width: end - at, text: unquoted(string(runes[at:end])), valueAt: -1}
			for i := end + 1; i < len(runes) && runes[i] != '#'; i++ {
				if runes[i] != ' ' {
					m.valueAt = i
					break
				}
			}
			return m, true
		}
		if runes[end] == '#' && runes[max(end-1, 0)] == ' ' || runes[end] == '{' && runes[max(end-1, 0)] == '{' {
			break
		}
	}
	return mark{}, false
}

func unquoted(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 0 && (text[0] == '"' || text[0] == '\'') {
		return strings.TrimSuffix(text[1:], text[:1])
	}
	return text
}

// opens reports whether a value is written in brackets. {{ opens a template.
func opens(runes []rune, at int) bool {
	if at < 0 || at >= len(runes) {
		return false
	}
	return runes[at] == '[' || runes[at] == '{' && (at+1 == len(runes) || runes[at+1] != '{' && runes[at+1] != '%')
}

// A scan is a text with what each line of it is.
type scan struct {
	lines []string
	kinds []int
}

// kindsOf finds out what each line is.
func kindsOf(lines []string) []int {
	kinds := make([]int, len(lines))
	for i := 0; i < len(lines); i++ {
		trimmed := strings.TrimSpace(lines[i])
		if trimmed == "" || trimmed[0] == '#' || trimmed == "---" {
			kinds[i] = nothing
			continue
		}
		marks := marksOf(lines[i])
		if len(marks) == 0 {
			continue
		}
		last := marks[len(marks)-1]
		runes := []rune(lines[i])
		switch value := valueOf(runes, last); {
		case isBlockScalar(value):
			i = markWhile(lines, kinds, i, inText, last.col)
		case opens(runes, indexOfValue(runes, last)):
			if depth := depthOf(value, 0); depth > 0 {
				i = markFlow(lines, kinds, i, depth, marks[0].col)
			}
		}
	}
	return kinds
}

// valueOf returns what stands behind a mark.
func valueOf(runes []rune, m mark) string {
	if at := indexOfValue(runes, m); at >= 0 {
		return string(runes[at:])
	}
	return ""
}

func indexOfValue(runes []rune, m mark) int {
	if m.key {
		return m.valueAt
	}
	for i := m.col + 1; i < len(runes); i++ {
		if runes[i] != ' ' {
			return i
		}
	}
	return -1
}

func isBlockScalar(value string) bool {
	value, _, _ = strings.Cut(value, " #")
	value = strings.TrimSpace(value)
	return value != "" && strings.ContainsRune("|>", rune(value[0])) && strings.Trim(value[1:], "+-0123456789") == ""
}

// markWhile marks the lines below one that are indented deeper than a column, and
// returns the last of them.
func markWhile(lines []string, kinds []int, from, kind, col int) int {
	i := from + 1
	for ; i < len(lines) && (strings.TrimSpace(lines[i]) == "" || indentOf(lines[i]) > col); i++ {
		kinds[i] = kind
	}
	return i - 1
}

// markFlow marks the lines up to the one that closes brackets, or to one that is not
// indented deeper than what opened them: there they were forgotten.
func markFlow(lines []string, kinds []int, from, depth, col int) int {
	i := from + 1
	for ; i < len(lines) && depth > 0; i++ {
		trimmed := strings.TrimSpace(lines[i])
		closing := trimmed != "" && strings.ContainsRune("]}", rune(trimmed[0]))
		if trimmed != "" && !closing && (indentOf(lines[i]) <= col || strings.HasPrefix(trimmed, "- ")) {
			break
		}
		kinds[i] = inFlow
		depth = depthOf(lines[i], depth)
	}
	return i - 1
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// depthOf returns how many brackets are open behind a text.
func depthOf(text string, depth int) int {
	var quote rune
	for _, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '{' || r == '[':
			depth++
		case r == '}' || r == ']':
			depth--
		}
	}
	return depth
}

// head returns the line that begins what a line is a part of.
func (s *scan) head(line int) int {
	for line > 0 && (s.kinds[line] == inText || s.kinds[line] == inFlow) {
		line--
	}
	return line
}

// above returns the frames around something that starts at a column of a line: keys and
// dashes of the lines above that stand further left.
func (s *scan) above(line, limit int) []Frame { return s.climb(line-1, limit, nil, true) }

// frames returns the frames around the last of some marks of a line, its own included.
func (s *scan) frames(line int, marks []mark) []Frame {
	var inner []Frame
	limit := 0
	for i, m := range slices.Backward(marks) {
		f := Frame{List: !m.key}
		if m.key {
			f.Under = m.text
			f.Entries = append([]Entry{s.entry(line, m)}, s.siblings(line, m.col, i > 0)...)
		}
		inner = append(inner, f)
		limit = m.col
	}
	slices.Reverse(inner)
	return append(s.climb(line-1, limit, marks, marks[0].key), inner...)
}

// climb goes up from a line and gathers the frames whose keys and dashes stand further
// left than a column. isKey: what stands there is a key, which a dash in the same column
// does not hold.
func (s *scan) climb(line, limit int, _ []mark, isKey bool) []Frame {
	var out []Frame
	for ; line >= 0 && (limit > 0 || !isKey); line-- {
		if s.kinds[line] != begins {
			continue
		}
		marks := marksOf(s.lines[line])
		for i, m := range slices.Backward(marks) {
			holds := m.col < limit || m.key && !isKey && m.col <= limit && m.valueAt < 0
			if !holds {
				continue
			}
			f := Frame{List: !m.key}
			if m.key {
				f.Under = m.text
				f.Entries = append([]Entry{s.entry(line, m)}, s.siblings(line, m.col, i > 0)...)
			}
			out = append(out, f)
			limit, isKey = m.col, m.key
		}
	}
	slices.Reverse(out)
	return out
}

// beside adds the map whose keys stand in the column of a word that may become a key.
func (s *scan) beside(frames []Frame, line, col int) []Frame {
	marks := marksOf(s.lines[line])
	entries := s.siblings(line, col, len(marks) > 0 && !marks[len(marks)-1].key)
	return append(slices.Clip(frames), Frame{Entries: entries})
}

// siblings returns the other keys of the map that has a key in a column of a line; first:
// that line begins the map, with a dash.
func (s *scan) siblings(line, col int, first bool) []Entry {
	var all []Entry
	if !first {
		for i := line - 1; i >= 0; i-- {
			done, e := s.sibling(i, col)
			all = append(all, e...)
			if done {
				break
			}
		}
	}
	for i := line + 1; i < len(s.lines); i++ {
		if s.kinds[i] != begins {
			continue
		}
		if indentOf(s.lines[i]) < col {
			break
		}
		marks := marksOf(s.lines[i])
		if len(marks) > 0 && marks[0].col == col {
			if !marks[0].key {
				break
			}
			all = append(all, s.entry(i, marks[0]))
		}
	}
	return all
}

// sibling returns the key in a column of a line, and whether the map begins there or above.
func (s *scan) sibling(line, col int) (done bool, _ []Entry) {
	if s.kinds[line] != begins {
		return false, nil
	}
	marks := marksOf(s.lines[line])
	for i, m := range marks {
		if m.col == col && m.key {
			return i > 0, []Entry{s.entry(line, m)}
		}
	}
	return indentOf(s.lines[line]) < col, nil
}

func (s *scan) entry(line int, m mark) Entry {
	e := Entry{Key: m.text, Line: line, valueAt: m.valueAt}
	runes := []rune(s.lines[line])
	if m.valueAt >= 0 && !opens(runes, m.valueAt) {
		e.Value = unquoted(string(runes[m.valueAt:commentAt(runes, m.valueAt)]))
	}
	return e
}
