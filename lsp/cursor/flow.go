package cursor

import "slices"

// A level is a bracket that is open.
type level struct {
	list  bool
	entry Entry // being read
	all   []Entry
	keyed bool // its colon was read
	start int  // where the key or value at hand starts, in the text
}

// flow returns the place inside brackets that open at a rune of a line.
func (s *scan) flow(frames []Frame, from, at, line, col int) Place {
	text, cursor := s.flowText(from, at, line, col)
	levels := walk(text, cursor)
	if len(levels) == 0 {
		return scalar(frames, []rune(s.lines[line]), 0, col)
	}
	closed := closings(text, cursor, levels)
	for i, l := range levels {
		f := Frame{List: l.list, Entries: append(slices.Clip(l.all), closed[i]...)}
		if !l.list {
			f.Under = l.entry.Key
			if l.entry.Key != "" {
				f.Entries = append(f.Entries, l.entry)
			}
		}
		frames = append(frames, f)
	}
	last := levels[len(levels)-1]
	p := flowWord(text, cursor, last.start)
	p.Frames = frames
	p.Key, p.Value = !last.list && !last.keyed, last.list || last.keyed
	p.Start, p.End = p.Start-cursor+col, p.End-cursor+col
	return p
}

// flowText returns the text from where brackets open, and the cursor in it.
func (s *scan) flowText(from, at, line, col int) (text []rune, cursor int) {
	for i := from; i < len(s.lines); i++ {
		if i > from && s.kinds[i] != inFlow {
			break
		}
		runes := []rune(s.lines[i])
		if i == from {
			runes = runes[min(at, len(runes)):]
		}
		if i == line {
			cursor = len(text) + col
			if i == from {
				cursor -= at
			}
		}
		text = append(append(text, runes...), '\n')
	}
	return text, min(max(cursor, 0), len(text))
}

// walk reads brackets up to the cursor.
func walk(text []rune, cursor int) []level {
	var levels []level
	for i := 0; i < cursor; i++ {
		i = advance(text, i, cursor, &levels)
	}
	return levels
}

// advance reads one character, or all of a text in quotes.
func advance(text []rune, i, end int, levels *[]level) int {
	var top *level
	if n := len(*levels); n > 0 {
		top = &(*levels)[n-1]
	}
	switch r := text[i]; {
	case (r == '"' || r == '\'') && top != nil && blank(text[top.start:i]):
		for i++; i < end && text[i] != r; i++ {
		}
	case r == '{' && i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '%') && top != nil:
		for i += 2; i < end && !(text[i] == '}' && (text[i-1] == '}' || text[i-1] == '%')); i++ {
		}
	case r == '{' || r == '[':
		*levels = append(*levels, level{list: r == '[', start: i + 1})
	case top == nil:
	case r == '}' || r == ']':
		*levels = (*levels)[:len(*levels)-1]
	case r == ',':
		top.finish(text, i)
	case r == ':' && !top.list && !top.keyed && (i+1 >= len(text) || text[i+1] == ' ' || text[i+1] == '\n'):
		top.entry.Key, top.keyed, top.start = unquoted(string(text[top.start:i])), true, i+1
	}
	return i
}

// finish ends the entry at hand.
func (l *level) finish(text []rune, at int) {
	if l.keyed {
		l.entry.Value = unquoted(string(text[l.start:at]))
		l.all = append(l.all, l.entry)
	}
	l.entry, l.keyed, l.start = Entry{}, false, at+1
}

// closings returns the entries that stand behind the cursor, by level.
func closings(text []rune, cursor int, levels []level) [][]Entry {
	behind := make([][]Entry, len(levels))
	rest := slices.Clone(levels)
	known := make([]int, len(levels))
	for i := range rest {
		rest[i].all = nil
	}
	for i := cursor; i < len(text) && len(rest) > 0; i++ {
		depth := len(rest)
		if r := text[i]; depth <= len(levels) && (r == '}' || r == ']') {
			rest[depth-1].finish(text, i)
		}
		if depth <= len(levels) {
			behind[depth-1] = rest[depth-1].all
			known[depth-1]++
		}
		i = advance(text, i, len(text), &rest)
	}
	for i := range rest {
		if i < len(behind) {
			behind[i] = rest[i].all
		}
	}
	return behind
}

func blank(text []rune) bool {
	return !slices.ContainsFunc(text, func(r rune) bool { return r != ' ' && r != '\n' })
}

// flowWord returns the scalar at the cursor, which starts somewhere behind a rune.
func flowWord(text []rune, cursor, start int) Place {
	for start < cursor && (text[start] == ' ' || text[start] == '\n') {
		start++
	}
	end := cursor
	if start < cursor && (text[start] == '"' || text[start] == '\'') {
		quote := text[start]
		start++
		for end < len(text) && text[end] != quote && text[end] != '\n' {
			end++
		}
	} else {
		for end < len(text) && !slices.Contains([]rune(",}]\n:"), text[end]) {
			end++
		}
		for end > cursor && text[end-1] == ' ' {
			end--
		}
	}
	return Place{Text: string(text[start:cursor]), Whole: string(text[start:end]), Start: start, End: end}
}
