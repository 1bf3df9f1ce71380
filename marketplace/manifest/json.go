package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// deepest is how far values may stand inside each other.
const deepest = 64

// A kind is one of JSON's.
type kind int

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

// A node is a JSON value that knows where it stands. A nil node is a value that
// is not there; it has no members and no items.
type node struct {
	kind    kind
	at      int    // offset of its first byte
	pointer string // RFC 6901
	text    string // a text's value; the literal of a number or boolean
	members []member
	items   []*node
}

// A member is a name and a value of an object.
type member struct {
	name  string
	at    int // offset of its name
	value *node
}

// get returns an object's member, nil where there is none. Of several with one
// name it is the last, as in encoding/json.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for i := len(n.members) - 1; i >= 0; i-- {
		if n.members[i].name == name {
			return n.members[i].value
		}
	}
	return nil
}

func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.items
}

// is reports whether a node is there and of a kind.
func (n *node) is(k kind) bool { return n != nil && n.kind == k }

// str returns a text's value, "" for everything else.
func (n *node) str() string {
	if n.is(text) {
		return n.text
	}
	return ""
}

// A syntaxError is text that is not JSON.
type syntaxError struct {
	at  int
	msg string
}

func (e *syntaxError) Error() string { return e.msg }

// A reader makes nodes of the tokens of a text. Equal keys are kept: a rule
// reports them at their places.
type reader struct{ d *jsontext.Decoder }

// parse reads the one value that a text holds.
func parse(src []byte) (*node, error) {
	r := reader{jsontext.NewDecoder(bytes.NewReader(src), jsontext.AllowDuplicateNames(true))}
	n, err := r.value()
	if err == nil {
		rest := src[r.d.InputOffset():]
		if more := bytes.TrimLeft(rest, " \t\r\n"); len(more) > 0 {
			return nil, &syntaxError{len(src) - len(more), "not valid JSON: there is more after the value"}
		}
		return n, nil
	}
	if e, ok := errors.AsType[*syntaxError](err); ok {
		return nil, e
	}
	return nil, &syntaxError{r.end(err), "not valid JSON: " + because(err)}
}

// end returns where an error of the decoder stands.
func (r reader) end(err error) int {
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return int(e.ByteOffset)
	}
	return int(r.d.InputOffset())
}

// because returns what a decoder's error is about, without its place.
func because(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the text ends too early"
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return strings.TrimPrefix(e.Err.Error(), "jsontext: ")
	}
	return err.Error()
}

func (r reader) value() (*node, error) {
	if r.d.StackDepth() > deepest {
		return nil, &syntaxError{int(r.d.InputOffset()), fmt.Sprintf("values stand more than %d deep inside each other", deepest)}
	}
	switch r.d.PeekKind() {
	case '{':
		return r.object()
	case '[':
		return r.array()
	}
	raw, err := r.d.ReadValue()
	if err != nil {
		return nil, err
	}
	n := &node{kind: scalarKinds[raw.Kind()], at: int(r.d.InputOffset()) - len(raw), pointer: string(r.d.StackPointer()), text: string(raw)}
	if n.kind == text {
		n.text, err = unquoted(raw)
	}
	return n, err
}

var scalarKinds = map[jsontext.Kind]kind{'n': null, 't': boolean, 'f': boolean, '0': number, '"': text}

func unquoted(raw jsontext.Value) (string, error) {
	s, err := jsontext.AppendUnquote(nil, raw)
	return string(s), err
}

// open passes a bracket that begins an object or an array.
func (r reader) open(k kind) (*node, error) {
	if _, err := r.d.ReadToken(); err != nil {
		return nil, err
	}
	return &node{kind: k, at: int(r.d.InputOffset()) - 1, pointer: string(r.d.StackPointer())}, nil
}

func (r reader) object() (*node, error) {
	n, err := r.open(object)
	for err == nil && r.d.PeekKind() != '}' {
		var m member
		if m, err = r.member(); err == nil {
			n.members = append(n.members, m)
		}
	}
	if err == nil {
		_, err = r.d.ReadToken()
	}
	return n, err
}

func (r reader) member() (member, error) {
	raw, err := r.d.ReadValue()
	if err != nil {
		return member{}, err
	}
	m := member{at: int(r.d.InputOffset()) - len(raw)}
	if m.name, err = unquoted(raw); err == nil {
		m.value, err = r.value()
	}
	return m, err
}

func (r reader) array() (*node, error) {
	n, err := r.open(array)
	for err == nil && r.d.PeekKind() != ']' {
		var item *node
		if item, err = r.value(); err == nil {
			n.items = append(n.items, item)
		}
	}
	if err == nil {
		_, err = r.d.ReadToken()
	}
	return n, err
}

// blankComments replaces comments by spaces, so that what is left keeps its place,
// and returns the offsets at which they began.
func blankComments(src []byte) (clean []byte, at []int) {
	for i := 0; i < len(src); i++ {
		var end int
		switch rest := src[i:]; {
		case rest[0] == '"':
			i += textLength(rest) - 1
			continue
		case rest[0] == '#', bytes.HasPrefix(rest, []byte("//")):
			end = i + cut(rest, "\n")
		case bytes.HasPrefix(rest, []byte("/*")):
			end = min(i+cut(rest[2:], "*/")+4, len(src))
		default:
			continue
		}
		if clean == nil {
			clean = bytes.Clone(src)
		}
		at = append(at, i)
		for ; i < end; i++ {
			if clean[i] != '\n' {
				clean[i] = ' '
			}
		}
		i--
	}
	if clean == nil {
		clean = src
	}
	return clean, at
}

// textLength returns how long a text in quotes is.
func textLength(src []byte) int {
	for i := 1; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case '"', '\n':
			return i + 1
		}
	}
	return len(src)
}

// cut returns how much comes before an end, all where there is none.
func cut(src []byte, end string) int {
	if i := bytes.Index(src, []byte(end)); i >= 0 {
		return i
	}
	return len(src)
}

// place turns an offset into line and column, both from 1, the column in
// characters.
func place(src []byte, at int) (line, column int) {
	before := src[:min(max(at, 0), len(src))]
	line = 1 + bytes.Count(before, []byte("\n"))
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}
