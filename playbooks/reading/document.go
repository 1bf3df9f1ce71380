package reading

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"runner/diagnostic"
	"runner/engine/expr"
)

// A Document is a source with what is needed to find one's way in it.
type Document struct {
	src   *diagnostic.Source
	vault *Vault
	// starts holds the offset of each line as YAML counts them: besides \n it
	// knows \r, NEL and two Unicode separators as ends of lines.
	starts []int
	odd    bool // there are such ends of lines, so that places need a second count
	// line, col and at are where offset stood last: on long lines it goes on from there.
	line, col, at int
	reached       walker // where placeAt stood last

	// unsafe holds the scalars that are never templates.
	unsafe map[*expr.Node]bool
	// shared holds the nodes that aliases repeat, and whether they were seen to.
	shared map[*expr.Node]bool
}

// NewDocument returns a Document of a text. What is vaulted in it is opened by v.
func NewDocument(src *diagnostic.Source, v *Vault) *Document {
	d := &Document{src: src, vault: v, starts: make([]int, 1, 2+strings.Count(src.Text, "\n"))}
	text := src.Text
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			d.starts = append(d.starts, i+1)
		case c == '\r' && !strings.HasPrefix(text[i+1:], "\n"):
			d.starts, d.odd = append(d.starts, i+1), true
		case c == 0xc2 && strings.HasPrefix(text[i+1:], "\x85"):
			d.starts, d.odd = append(d.starts, i+2), true
		case c == 0xe2 && (strings.HasPrefix(text[i+1:], "\x80\xa8") || strings.HasPrefix(text[i+1:], "\x80\xa9")):
			d.starts, d.odd = append(d.starts, i+3), true
		}
	}
	return d
}

// offset returns the byte that stands at a line and column as YAML counts them.
func (d *Document) offset(line, col int) int {
	if line < 1 || line > len(d.starts) {
		return len(d.src.Text)
	}
	at, c := d.starts[line-1], 1
	if line == d.line && col >= d.col {
		at, c = d.at, d.col
	}
	for c < col && at < len(d.src.Text) {
		_, size := utf8.DecodeRuneInString(d.src.Text[at:])
		at += size
		c++
	}
	d.line, d.col, d.at = line, c, at
	return at
}

// place returns the place of a line and column as YAML counts them.
func (d *Document) place(line, col int) diagnostic.Place {
	if !d.odd && line <= len(d.starts) {
		return diagnostic.Place{Source: d.src, Line: line, Col: col}
	}
	return d.placeAt(d.offset(line, col))
}

// placeAt returns the place of a byte, counting on from the one it was last asked for.
func (d *Document) placeAt(offset int) diagnostic.Place {
	w := &d.reached
	if w.place.Source == nil || w.at > offset {
		*w = walker{src: d.src.Text, place: diagnostic.Place{Source: d.src, Line: 1, Col: 1}}
	}
	for w.at < offset {
		w.step()
	}
	return w.place
}

// Origin says where each byte of a scalar's text stands in the file. Where the two
// cannot be brought together, all of them stand where the scalar starts.
func (d *Document) Origin(n *expr.Node) diagnostic.Origin {
	runs, ok := d.align(n)
	if !ok {
		start := n.Place
		return func(int) diagnostic.Place { return start }
	}
	source := d.src.Text
	return func(offset int) diagnostic.Place {
		i, _ := slices.BinarySearchFunc(runs, offset+1, func(r run, o int) int { return cmp.Compare(r.text, o) })
		r := runs[max(i-1, 0)]
		end := min(max(r.at, r.at+offset-r.text), len(source))
		line, _, _ := strings.Cut(source[r.at:end], "\n")
		p := r.place
		p.Col += utf8.RuneCountInString(line)
		return p
	}
}

// A run is a stretch of a scalar's text that stands on one line of the file as it is.
type run struct {
	text  int // its offset in the scalar's text
	at    int // its offset in the file
	place diagnostic.Place
}

// align brings a scalar's text and its source together. Quoting, folding,
// indentation and chomping change nothing but blanks and escapes, so the other
// characters must follow each other in both.
func (d *Document) align(n *expr.Node) ([]run, bool) {
	if d.odd || n.Place.Source != d.src {
		return nil, false
	}
	at := d.offset(n.Place.Line, n.Place.Col)
	w := walker{src: d.src.Text, at: at, place: n.Place}
	w.open()
	var runs []run
	for i, r := range n.Text {
		if isBlank(r) {
			continue
		}
		got := w.next()
		if got.r != r {
			return nil, false
		}
		last := len(runs) - 1
		if last < 0 || got.at-i != runs[last].at-runs[last].text || got.place.Line != runs[last].place.Line {
			runs = append(runs, run{text: i, at: got.at, place: got.place})
		}
	}
	return runs, len(runs) > 0
}
