package inventory

import (
	"fmt"
	"strings"
)

// A word is a piece of a line, and where it starts.
type word struct {
	text string
	at   int
}

// words splits a line as a shell does: quotes group, and # begins a comment.
func words(line string) ([]word, error) {
	var all []word
	for i := 0; i < len(line); {
		switch {
		case line[i] == ' ' || line[i] == '\t':
			i++
		case line[i] == '#':
			return all, nil
		default:
			text, end, err := shellWord(line, i)
			if err != nil {
				return nil, err
			}
			all = append(all, word{text, i})
			i = end
		}
	}
	return all, nil
}

// shellWord reads a word, and returns where it ends.
func shellWord(line string, i int) (text string, end int, err error) {
	var b strings.Builder
	for i < len(line) && strings.IndexByte(" \t#", line[i]) < 0 {
		switch c := line[i]; {
		case c == '\'' || c == '"':
			part, next := quoted(line, i+1, c)
			if next < 0 {
				return "", 0, fmt.Errorf("the quote %c is never closed", c)
			}
			b.WriteString(part)
			i = next
		case c == '\\' && i+1 < len(line):
			b.WriteByte(line[i+1])
			i += 2
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), i, nil
}

// quoted reads what stands up to a quote, and returns where it goes on, -1 for nowhere.
func quoted(line string, i int, quote byte) (text string, next int) {
	var b strings.Builder
	for i < len(line) && line[i] != quote {
		if quote == '"' && line[i] == '\\' && i+1 < len(line) && (line[i+1] == '"' || line[i+1] == '\\') {
			i++
		}
		b.WriteByte(line[i])
		i++
	}
	if i == len(line) {
		return "", -1
	}
	return b.String(), i + 1
}
