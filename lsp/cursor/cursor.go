// Package cursor finds out where a place in a YAML text stands: under which keys, in
// which list, and beside what. It goes by lines, indentation and brackets alone, so that
// it can tell of a text that is half written and that no YAML reader takes. It knows
// nothing of what the keys mean.
package cursor

import (
	"slices"
	"strings"
)

// An Entry is a key of a map with what stands behind it on its line: the text of a
// scalar without its quotes, or "".
type Entry struct {
	Key, Value string
	Line       int // from 0
	valueAt    int // the rune at which the value starts; -1: nothing follows
}

// A Frame is a map or a list around the cursor.
type Frame struct {
	List    bool
	Entries []Entry // of a map: those that could be read, in no particular order
	Under   string  // of a map: the key that the cursor stands under
}

// Get returns the value of a key, and whether the map has it.
func (f Frame) Get(key string) (string, bool) {
	for _, e := range f.Entries {
		if e.Key == key {
			return e.Value, true
		}
	}
	return "", false
}

// A Place is where a cursor stands.
type Place struct {
	Frames []Frame // from the outermost
	// Key: a key stands at the cursor, or could.
	Key bool
	// Value: a value does. Both are true where a line is begun.
	Value bool
	// Text is the scalar at the cursor up to there, without the quote that opens it. Of
	// several lines, all of them count.
	Text string
	// Whole is all of the scalar, or of the key, as far as it stands on the cursor's line.
	Whole string
	// Start and End are the runes of the line between which Whole stands.
	Start, End int
}

// Map returns the innermost map, whose last key is the one that the cursor stands under;
// false where there is none.
func (p Place) Map() (Frame, bool) {
	for _, f := range slices.Backward(p.Frames) {
		if !f.List {
			return f, true
		}
	}
	return Frame{}, false
}

// Find returns the place of a line and a rune in it, both from 0.
func Find(lines []string, line, col int) Place {
	s := &scan{lines: lines, kinds: kindsOf(lines)}
	if line >= len(lines) {
		return Place{Key: true, Value: true}
	}
	runes := []rune(lines[line])
	col = min(col, len(runes))
	head := s.head(line)
	if head == line {
		return s.onLine(line, col, runes)
	}
	// The line goes on with what an earlier one began.
	marks := marksOf(s.lines[head])
	if len(marks) == 0 {
		return Place{}
	}
	last := marks[len(marks)-1]
	frames := s.frames(head, marks)
	if s.kinds[line] == inFlow {
		return s.flow(frames, head, last.valueAt, line, col)
	}
	text := strings.Join(append(slices.Clone(s.lines[head+1:line]), string(runes[:col])), "\n")
	start, end := wordAround(runes, col)
	return Place{Frames: frames, Value: true, Text: text, Whole: string(runes[start:end]), Start: start, End: end}
}

// onLine returns the place on a line that begins something itself.
func (s *scan) onLine(line, col int, runes []rune) Place {
	marks := marksOf(s.lines[line])
	for i, m := range marks {
		switch {
		case m.key && col >= m.col && col <= m.col+m.width:
			frames := s.frames(line, marks[:i+1])
			frames[len(frames)-1].Under = ""
			return Place{Frames: frames, Key: true, Text: string(runes[m.col:col]), Whole: string(runes[m.col : m.col+m.width]), Start: m.col, End: m.col + m.width}
		case !m.key && col <= m.col:
			return Place{Frames: s.above(line, col), Key: true, Value: true, Start: col, End: col}
		}
	}
	if len(marks) == 0 || col < marks[0].col {
		return s.begun(line, col, runes, nil)
	}
	last := marks[len(marks)-1]
	if !last.key {
		return s.begun(line, col, runes, marks)
	}
	frames := s.frames(line, marks)
	if opens(runes, last.valueAt) {
		return s.flow(frames, line, last.valueAt, line, col)
	}
	return scalar(frames, runes, max(last.valueAt, last.col+last.width+1), col)
}

// begun returns the place where a line, or an item of a list, is a single word so far: it
// may be going to be a key, or is a value.
func (s *scan) begun(line, col int, runes []rune, marks []mark) Place {
	start := 0
	for start < len(runes) && (runes[start] == ' ' || runes[start] == '\t') {
		start++
	}
	if len(marks) > 0 {
		last := marks[len(marks)-1]
		start = last.col + 1
		for start < len(runes) && runes[start] == ' ' {
			start++
		}
	}
	start = min(start, col)
	var frames []Frame
	if len(marks) > 0 {
		frames = s.frames(line, marks)
	} else {
		frames = s.above(line, start)
	}
	if opens(runes, start) && col > start {
		return s.flow(frames, line, start, line, col)
	}
	p := scalar(frames, runes, start, col)
	if p.Key = !strings.ContainsAny(p.Text, "\"'{"); p.Key {
		p.Frames = s.beside(p.Frames, line, start)
	}
	return p
}

// scalar returns the place in a scalar that starts at a rune of a line.
func scalar(frames []Frame, runes []rune, start, col int) Place {
	for start < len(runes) && start < col && runes[start] == ' ' {
		start++
	}
	end := commentAt(runes, start)
	for end > max(start, col) && runes[end-1] == ' ' {
		end--
	}
	end = max(end, min(col, len(runes)))
	if start < end && start < col && (runes[start] == '"' || runes[start] == '\'') {
		quote := runes[start]
		start++
		if end > start && runes[end-1] == quote && end-1 >= col {
			end--
		}
	}
	start = min(start, col)
	return Place{Frames: frames, Value: true, Text: string(runes[start:col]), Whole: string(runes[start:end]), Start: start, End: end}
}

// commentAt returns where a comment starts behind a rune, or the end of the line.
func commentAt(runes []rune, from int) int {
	var quote rune
	for i := from; i < len(runes); i++ {
		switch r := runes[i]; {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case (r == '"' || r == '\'') && i == from:
			quote = r
		case r == '#' && i > 0 && runes[i-1] == ' ':
			return i
		}
	}
	return len(runes)
}

// wordAround returns the bounds of what stands between blanks around a rune.
func wordAround(runes []rune, col int) (start, end int) {
	start, end = col, col
	for start > 0 && runes[start-1] != ' ' {
		start--
	}
	for end < len(runes) && runes[end] != ' ' {
		end++
	}
	return start, end
}
