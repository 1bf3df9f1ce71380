package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
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

// get gives an object's member, nil where there is none. Of several with one
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

// is tells whether a node is there and of a kind.
func (n *node) is(k kind) bool { return n != nil && n.kind == k }

// str gives a text's value, "" for everything else.
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

// A reader walks JSON text strictly: encoding/json drops the places of what it
// reads, keeps one of two equal keys, and mends text that is not UTF-8.
type reader struct {
	src  []byte
	at   int
	deep int
}

// parse reads the one value that a text holds.
func parse(src []byte) (*node, error) {
	for i := 0; i < len(src); {
		c, size := utf8.DecodeRune(src[i:])
		if c == utf8.RuneError && size == 1 {
			return nil, &syntaxError{i, "not UTF-8"}
		}
		i += size
	}
	r := &reader{src: src}
	if bytes.HasPrefix(src, []byte("\xef\xbb\xbf")) {
		return nil, r.fail("not valid JSON: it begins with a byte order mark")
	}
	n, err := r.value("")
	if err != nil {
		return nil, err
	}
	if r.space(); r.at < len(src) {
		return nil, r.unexpected("the end")
	}
	return n, nil
}

func (r *reader) fail(format string, args ...any) error {
	return &syntaxError{r.at, fmt.Sprintf(format, args...)}
}

// unexpected says what stands where something else was due.
func (r *reader) unexpected(due string) error {
	rest := r.src[r.at:]
	switch {
	case len(rest) == 0:
		return r.fail("not valid JSON: the text ends where %s was due", due)
	case rest[0] == '/' || rest[0] == '#':
		return r.fail("not valid JSON: comments are not allowed")
	}
	c, _ := utf8.DecodeRune(rest)
	return r.fail("not valid JSON: %q where %s was due", c, due)
}

func (r *reader) space() {
	for r.at < len(r.src) && strings.IndexByte(" \t\r\n", r.src[r.at]) >= 0 {
		r.at++
	}
}

// take passes a byte if it comes next, spaces aside.
func (r *reader) take(c byte) bool {
	r.space()
	if r.at < len(r.src) && r.src[r.at] == c {
		r.at++
		return true
	}
	return false
}

func (r *reader) value(pointer string) (*node, error) {
	r.space()
	if r.at == len(r.src) {
		return nil, r.unexpected("a value")
	}
	if r.deep++; r.deep > deepest {
		return nil, r.fail("values stand more than %d deep inside each other", deepest)
	}
	defer func() { r.deep-- }()
	n := &node{at: r.at, pointer: pointer}
	var err error
	switch r.src[r.at] {
	case '{':
		err = r.object(n)
	case '[':
		err = r.array(n)
	case '"':
		n.kind = text
		n.text, err = r.quoted()
	default:
		err = r.literal(n)
	}
	return n, err
}

func (r *reader) object(n *node) error {
	n.kind = object
	r.at++
	if r.take('}') {
		return nil
	}
	for {
		if r.space(); r.at == len(r.src) || r.src[r.at] != '"' {
			return r.unexpected("a key in double quotes")
		}
		m := member{at: r.at}
		var err error
		if m.name, err = r.quoted(); err != nil {
			return err
		}
		if !r.take(':') {
			return r.unexpected(`":"`)
		}
		if m.value, err = r.value(n.pointer + "/" + escaped(m.name)); err != nil {
			return err
		}
		n.members = append(n.members, m)
		if r.take(',') {
			continue
		}
		if r.take('}') {
			return nil
		}
		return r.unexpected(`"," or "}"`)
	}
}

func (r *reader) array(n *node) error {
	n.kind = array
	r.at++
	if r.take(']') {
		return nil
	}
	for {
		item, err := r.value(n.pointer + "/" + strconv.Itoa(len(n.items)))
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
		if r.take(',') {
			continue
		}
		if r.take(']') {
			return nil
		}
		return r.unexpected(`"," or "]"`)
	}
}

// quoted reads a text; its escapes are encoding/json's.
func (r *reader) quoted() (string, error) {
	start := r.at
	for r.at++; r.at < len(r.src); r.at++ {
		switch c := r.src[r.at]; {
		case c == '\\':
			r.at++
		case c < ' ':
			return "", r.fail("not valid JSON: a control character in a text; write it as an escape")
		case c == '"':
			r.at++
			var s string
			if json.Unmarshal(r.src[start:r.at], &s) != nil {
				r.at = start
				return "", r.fail("not valid JSON: a text with an escape that JSON does not have")
			}
			return s, nil
		}
	}
	r.at = start
	return "", r.fail("not valid JSON: a text that is never closed")
}

func (r *reader) literal(n *node) error {
	end := r.at
	for end < len(r.src) && strings.IndexByte(" \t\r\n,:]}[{\"/#", r.src[end]) < 0 {
		end++
	}
	word := r.src[r.at:end]
	n.text = string(word)
	switch {
	case n.text == "null":
		n.kind = null
	case n.text == "true" || n.text == "false":
		n.kind = boolean
	case len(word) > 0 && json.Valid(word):
		n.kind = number
	default:
		return r.unexpected("a value")
	}
	r.at = end
	return nil
}

// escaped writes a name as a part of a JSON pointer.
func escaped(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// place turns an offset into line and column, both from 1, the column in
// characters.
func place(src []byte, at int) (line, column int) {
	before := src[:min(max(at, 0), len(src))]
	line = 1 + bytes.Count(before, []byte("\n"))
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}
