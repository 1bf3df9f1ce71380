package reading

import (
	"fmt"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/syntax"
)

// A Pair is name=value as it stands in one line of text.
type Pair struct {
	Name, Value   string
	NameAt, valAt int  // where they start in the text
	plain         bool // the value is the text from valAt on, nothing undone
}

// Pairs splits `a=1 b='x y'`. Quotes group, a backslash keeps a quote or itself
// inside double quotes, and a template is one piece.
func Pairs(text string) ([]Pair, error) {
	var list []Pair
	for i := 0; ; {
		for i < len(text) && isBlank(rune(text[i])) {
			i++
		}
		if i == len(text) {
			return list, nil
		}
		end := nameEnd(text, i)
		if end == len(text) || text[end] != '=' {
			return nil, fmt.Errorf("%q is not name=value", text[i:end])
		}
		p := Pair{Name: text[i:end], NameAt: i, valAt: end + 1}
		next, err := p.read(text)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
		i = next
	}
}

// nameEnd returns where a name that starts at an offset ends. A template in it is one piece.
func nameEnd(text string, i int) int {
	for i < len(text) && text[i] != '=' && !isBlank(rune(text[i])) {
		if n := strings.Index(text[i:], "}}"); n > 0 && strings.HasPrefix(text[i:], "{{") {
			i += n + 1
		}
		i++
	}
	return i
}

// read reads the value of a pair, and gives the offset after it.
func (p *Pair) read(text string) (end int, err error) {
	var value strings.Builder
	i := p.valAt
	if i < len(text) && (text[i] == '\'' || text[i] == '"') {
		p.valAt++
	}
	for i < len(text) && !isBlank(rune(text[i])) {
		piece := text[i : i+1]
		end = i + 1
		switch piece {
		case "'", `"`:
			if piece, end, err = quoted(text, i); err != nil {
				return 0, err
			}
		case "{":
			if n := strings.Index(text[i:], "}}"); n > 0 && strings.HasPrefix(text[i:], "{{") {
				end = i + n + 2
				piece = text[i:end]
			}
		}
		value.WriteString(piece)
		i = end
	}
	p.Value = value.String()
	p.plain = strings.HasPrefix(text[p.valAt:], p.Value)
	return i, nil
}

// quoted reads a quoted piece that starts at an offset, and gives the offset after it.
func quoted(text string, start int) (piece string, end int, err error) {
	quote := text[start]
	var b strings.Builder
	for i := start + 1; i < len(text); i++ {
		c := text[i]
		if c == quote {
			return b.String(), i + 1, nil
		}
		if quote == '"' && c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\') {
			i++
			c = text[i]
		}
		b.WriteByte(c)
	}
	return "", 0, fmt.Errorf("the quote %c is never closed", quote)
}

// Node returns the value as a scalar: a template, if it is one. `at` says where each
// byte of the text that the pair stands in is found.
func (p Pair) Node(at diagnostic.Origin) (*expr.Node, *diagnostic.Problem) {
	n := &expr.Node{Place: at(p.valAt), Text: p.Value, Value: p.Value}
	if !syntax.HasTemplate(p.Value) {
		return n, nil
	}
	tmpl, err := expr.Parse(builtin.Table(), p.Value, func(offset int) diagnostic.Place {
		if !p.plain {
			offset = 0 // something was undone: the offsets differ
		}
		return at(p.valAt + offset)
	})
	n.Tmpl, n.Value = tmpl, nil
	if err != nil {
		return n, diagnostic.From(err, n.Place)
	}
	return n, nil
}
