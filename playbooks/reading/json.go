package reading

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// isJSON reports whether a text is a map or a list in JSON. Ansible reads such a text
// as JSON, and only what is none as YAML: 1e3 is a number in one and text in the
// other, and some escapes only one of them has.
func isJSON(text string) bool {
	start := strings.TrimLeft(text, " \t\r\n")
	return start != "" && (start[0] == '{' || start[0] == '[') && json.Valid([]byte(start))
}

// A jsonReader makes a tree of JSON.
type jsonReader struct {
	doc      *Document
	dec      *json.Decoder
	problems []*diagnostic.Problem
}

// parseJSON reads a document that isJSON.
func (d *Document) parseJSON() (*expr.Node, []*diagnostic.Problem) {
	r := &jsonReader{doc: d, dec: json.NewDecoder(bytes.NewReader([]byte(d.src.Text)))}
	r.dec.UseNumber()
	n, err := r.value(1)
	if err != nil {
		return nil, []*diagnostic.Problem{diagnostic.From(err, r.next())}
	}
	return n, r.problems
}

// next returns the place of the token that comes next.
func (r *jsonReader) next() diagnostic.Place {
	at := int(r.dec.InputOffset())
	text := r.doc.src.Text
	for at < len(text) && strings.IndexByte(" \t\r\n,:", text[at]) >= 0 {
		at++
	}
	return r.doc.placeAt(at)
}

// value reads one value, and what is in it.
func (r *jsonReader) value(depth int) (*expr.Node, error) {
	n := &expr.Node{Place: r.next()}
	if depth > deepest {
		return nil, diagnostic.Problemf(n.Place, "this is nested deeper than %d levels", deepest)
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		return n, r.collection(n, t, depth)
	case json.Number:
		n.Text, n.Value = t.String(), jsonNumber(t.String())
	case string:
		n.Text, n.Value = t, t
	case bool:
		n.Text, n.Value = "false", t
		if t {
			n.Text = "true"
		}
	case nil:
		n.Text = "null"
	}
	return n, nil
}

func (r *jsonReader) collection(n *expr.Node, open json.Delim, depth int) error {
	n.Shape = expr.Sequence
	if open == '{' {
		n.Shape = expr.Mapping
	}
	var seen keys
	for r.dec.More() {
		if n.Shape == expr.Sequence {
			item, err := r.value(depth + 1)
			if err != nil {
				return err
			}
			n.Items = append(n.Items, item)
			continue
		}
		key, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		val, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		if first := seen.add(key); first != nil {
			r.problems = append(r.problems, twice(key, first))
			replace(n.Entries, first, val)
			continue
		}
		n.Entries = append(n.Entries, expr.Entry{Key: key, Value: val})
	}
	_, err := r.dec.Token()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// jsonNumber returns a number as Python's json reads it.
func jsonNumber(text string) value.Value {
	if strings.ContainsAny(text, ".eE") {
		f, _ := json.Number(text).Float64()
		return f
	}
	n, _ := new(big.Int).SetString(text, 10)
	if n.IsInt64() {
		return int(n.Int64())
	}
	return n
}
