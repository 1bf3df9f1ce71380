package reading

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

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

// Pairs splits `a=1 b='x y'` as Ansible does: quotes group, and a template is one piece.
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

// read reads the value of a pair, and returns the offset after it. Quotes group what
// stands between them; they are undone only where they are around the whole value, as
// Ansible has it.
func (p *Pair) read(text string) (end int, err error) {
	i, quote := p.valAt, byte(0)
	for i < len(text) && (quote != 0 || !isBlank(rune(text[i]))) {
		c := text[i]
		switch n := strings.Index(text[i:], "}}"); {
		case c == '\\' && i+1 < len(text):
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote == 0 && n > 0 && strings.HasPrefix(text[i:], "{{"):
			i += n + 1
		}
		i++
	}
	if quote != 0 {
		return 0, fmt.Errorf("the quote %c is never closed", quote)
	}
	i = min(i, len(text))
	p.Value = unescape(text[p.valAt:i])
	if n := len(p.Value); n > 1 && p.Value[0] == p.Value[n-1] && (p.Value[0] == '\'' || p.Value[0] == '"') && p.Value[n-2] != '\\' {
		p.Value, p.valAt = p.Value[1:n-1], p.valAt+1
	}
	p.plain = strings.HasPrefix(text[p.valAt:], p.Value)
	return i, nil
}

// escapes are what Ansible undoes in a pair.
var escapes = regexp.MustCompile(`\\U[0-9a-fA-F]{8}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[\\'"abfnrtv]`)

// unescape undoes the escapes of Python's strings; what is none stays as it is.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	return escapes.ReplaceAllStringFunc(text, func(e string) string {
		if i := strings.IndexByte(`\'"abfnrtv`, e[1]); i >= 0 {
			return "\\'\"\a\b\f\n\r\t\v"[i : i+1]
		}
		n, err := strconv.ParseUint(e[2:], 16, 32)
		if err != nil || n > utf8.MaxRune {
			return e
		}
		return string(rune(n))
	})
}

// Node returns the value as a scalar: a template, if it is one. `at` says where each
// byte of the text that the pair stands in is found.
func (p Pair) Node(at diagnostic.Origin) (*expr.Node, *diagnostic.Problem) {
	n, problem := Scalar(p.Value, func(offset int) diagnostic.Place {
		if !p.plain {
			offset = 0 // something was undone: the offsets differ
		}
		return at(p.valAt + offset)
	})
	MarkNamed(p.Name, n)
	return n, problem
}

// Scalar returns a text as a scalar: a template, if it is one. `at` says where each byte
// of it is found.
func Scalar(text string, at diagnostic.Origin) (*expr.Node, *diagnostic.Problem) {
	n := &expr.Node{Place: at(0), Text: text, Value: text}
	if !syntax.HasTemplate(text) {
		return n, nil
	}
	tmpl, err := expr.Parse(builtin.Table(), text, at)
	n.Tmpl, n.Value = tmpl, nil
	if err != nil {
		return n, diagnostic.From(err, n.Place)
	}
	return n, nil
}
