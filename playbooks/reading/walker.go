package reading

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"runner/diagnostic"
)

// A walker reads the characters that a scalar stands for from its source.
type walker struct {
	src   string
	at    int
	place diagnostic.Place
	quote byte // ' or " or 0
}

// A letter is a character of a scalar, and where its source starts.
type letter struct {
	r     rune
	at    int
	place diagnostic.Place
}

// open steps over what introduces a scalar: a quote, or the header of a block.
func (w *walker) open() {
	if w.at >= len(w.src) {
		return
	}
	switch c := w.src[w.at]; c {
	case '\'', '"':
		w.quote = c
		w.step()
	case '|', '>':
		for w.at < len(w.src) && w.step() != '\n' {
		}
	}
}

// step takes one character of the source; 0 at its end.
func (w *walker) step() rune {
	if w.at >= len(w.src) {
		return 0
	}
	r, size := utf8.DecodeRuneInString(w.src[w.at:])
	w.at += size
	w.place.Col++
	if r == '\n' {
		w.place.Line++
		w.place.Col = 1
	}
	return r
}

// next returns the next letter that is not blank; a zero one at the end.
func (w *walker) next() letter {
	for w.at < len(w.src) {
		l := letter{at: w.at, place: w.place}
		if l.r = w.read(); !isBlank(l.r) {
			return l
		}
	}
	return letter{}
}

// read takes one character that the source stands for.
func (w *walker) read() rune {
	r := w.step()
	switch {
	case w.quote == '\'' && r == '\'' && strings.HasPrefix(w.src[w.at:], "'"):
		return w.step()
	case w.quote == '"' && r == '\\':
		return w.escape()
	}
	return r
}

// escape reads what follows a backslash in double quotes.
func (w *walker) escape() rune {
	switch r := w.step(); r {
	case 'x':
		return w.hex(2)
	case 'u':
		return w.hex(4)
	case 'U':
		return w.hex(8)
	default:
		if i := strings.IndexRune("0abtnvfreN_LP", r); i >= 0 {
			return []rune("\x00\a\b\t\n\v\f\r\x1b\u0085\u00a0\u2028\u2029")[i]
		}
		return r
	}
}

func (w *walker) hex(digits int) rune {
	end := min(w.at+digits, len(w.src))
	n, err := strconv.ParseUint(w.src[w.at:end], 16, 32)
	if err != nil || n > utf8.MaxRune {
		return utf8.RuneError
	}
	for range digits {
		w.step()
	}
	return rune(n)
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }
