// Package format writes values as other programs do, byte by byte, and reads them
// back: Python's JSON, PyYAML's YAML, the formats of Python's % and format(), and
// the dates of strftime and strptime. It knows values and nothing else; YAML is
// read elsewhere.
package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"runner/engine/expr/value"
)

// maxNesting is how deep values may be nested in JSON.
const maxNesting = 200

// JSONStyle is how JSON writes a value.
type JSONStyle struct {
	Indent   int  // spaces per level; 0: one line with ", " and ": " as Python writes it
	SortKeys bool // by code point
	ASCII    bool // everything else as \uXXXX

	Item, Key string // separators; empty: Python's own
	Indented  bool   // even with an Indent of 0
}

// JSON writes a value as JSON the way Python's json module does; an Unknown is
// the string "(known after apply)".
func JSON(v value.Value, style JSONStyle) string { return JSONWithin(v, style, math.MaxInt) }

// JSONWithin is JSON up to about so many bytes.
func JSONWithin(v value.Value, style JSONStyle, limit int) string {
	w := newJSONWriter(style, limit)
	w.value(v, 0)
	return w.b.String()
}

type jsonWriter struct {
	b     strings.Builder
	max   int
	style JSONStyle
}

func (w *jsonWriter) over() bool { return w.b.Len() > w.max }

func newJSONWriter(style JSONStyle, limit int) *jsonWriter {
	style.Indented = style.Indented || style.Indent > 0
	if style.Item == "" {
		style.Item = ", "
		if style.Indented {
			style.Item = ","
		}
	}
	if style.Key == "" {
		style.Key = ": "
	}
	return &jsonWriter{max: limit, style: style}
}

func (w *jsonWriter) value(v value.Value, depth int) {
	if w.over() {
		return
	}
	switch v := v.(type) {
	case nil:
		w.b.WriteString("null")
	case bool:
		w.b.WriteString(strconv.FormatBool(v))
	case int, *big.Int:
		w.b.WriteString(value.Text(v))
	case float64:
		w.b.WriteString(jsonFloat(v))
	case string:
		w.str(v)
	case []value.Value:
		w.items(v, depth)
	case value.Tuple:
		w.items(v, depth)
	case *value.Map:
		w.members(v, depth)
	case *value.Unknown:
		w.str(value.KnownAfterApply)
	case value.Moment:
		w.str(v.ISO())
	default:
		w.str(value.Text(v))
	}
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return value.FloatText(f)
}

func (w *jsonWriter) line(depth int) {
	if w.style.Indented {
		w.b.WriteByte('\n')
		for range depth * w.style.Indent {
			w.b.WriteByte(' ')
		}
	}
}

func (w *jsonWriter) items(l []value.Value, depth int) {
	if len(l) == 0 {
		w.b.WriteString("[]")
		return
	}
	w.b.WriteByte('[')
	for i, e := range l {
		if w.over() {
			return
		}
		if i > 0 {
			w.b.WriteString(w.style.Item)
		}
		w.line(depth + 1)
		w.value(e, depth+1)
	}
	w.line(depth)
	w.b.WriteByte(']')
}

func (w *jsonWriter) members(m *value.Map, depth int) {
	if m.Len() == 0 {
		w.b.WriteString("{}")
		return
	}
	keys := m.Keys()
	if w.style.SortKeys {
		slices.SortStableFunc(keys, func(a, b value.Value) int { return strings.Compare(jsonKey(a), jsonKey(b)) })
	}
	w.b.WriteByte('{')
	for i, k := range keys {
		if w.over() {
			return
		}
		if i > 0 {
			w.b.WriteString(w.style.Item)
		}
		w.line(depth + 1)
		w.str(jsonKey(k))
		w.b.WriteString(w.style.Key)
		e, _ := m.Get(k)
		w.value(e, depth+1)
	}
	w.line(depth)
	w.b.WriteByte('}')
}

func jsonKey(k value.Value) string {
	switch k := k.(type) {
	case string:
		return k
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(k)
	case float64:
		return jsonFloat(k)
	case value.Moment:
		return k.ISO()
	}
	return value.Text(k)
}

func (w *jsonWriter) str(s string) {
	w.b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.b.WriteByte('\\')
			w.b.WriteRune(r)
		case r == '\b':
			w.b.WriteString(`\b`)
		case r == '\f':
			w.b.WriteString(`\f`)
		case r == '\n' || r == '\r' || r == '\t':
			w.b.WriteString(value.ControlEscape(r))
		case r < ' ' || r > '~' && w.style.ASCII:
			w.unicode(r)
		default:
			w.b.WriteRune(r)
		}
	}
	w.b.WriteByte('"')
}

func (w *jsonWriter) unicode(r rune) {
	if r > 0xffff {
		hi, lo := utf16.EncodeRune(r)
		w.unicode(hi)
		r = lo
	}
	w.b.WriteString(`\u` + value.HexByte(byte(r>>8)) + value.HexByte(byte(r)))
}

// FromJSON reads one JSON value; maps keep their order.
func FromJSON(text string) (value.Value, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := fromTokens(d, 0)
	if err != nil {
		return nil, jsonMistake(text, err, d.InputOffset())
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, value.Errorf(value.FilterError, "there is more after the JSON value, at character %d", d.InputOffset()+1)
	}
	return v, nil
}

func jsonMistake(text string, err error, at int64) *value.Error {
	if strings.TrimSpace(text) == "" {
		return value.Errorf(value.FilterError, "there is no JSON in an empty text")
	}
	return value.Errorf(value.FilterError, "this is not JSON, at character %d: %s", at+1, strings.TrimPrefix(err.Error(), "json: "))
}

func fromTokens(d *json.Decoder, depth int) (value.Value, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("nested too deeply")
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return listFromTokens(d, depth)
		}
		return mapFromTokens(d, depth)
	case json.Number:
		return numberFromJSON(string(t)), nil
	}
	return t, nil
}

func listFromTokens(d *json.Decoder, depth int) (value.Value, error) {
	l := []value.Value{}
	for d.More() {
		v, err := fromTokens(d, depth+1)
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	_, err := d.Token()
	return l, err
}

func mapFromTokens(d *json.Decoder, depth int) (value.Value, error) {
	m := &value.Map{}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := fromTokens(d, depth+1)
		if err != nil {
			return nil, err
		}
		m.Set(k, v)
	}
	_, err := d.Token()
	return m, err
}

func numberFromJSON(s string) value.Value {
	if n, ok := value.ParseInt(s, 10); ok {
		return n
	}
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// FromGo makes a Value of what encoding/json or Go code holds: maps with string
// keys (sorted), slices, numbers of any size, strings, bools, nil. Whatever
// marshals itself is taken as its JSON.
func FromGo(v any) value.Value {
	switch v := v.(type) {
	case nil, bool, int, float64, string, *big.Int, *value.Map, *value.Unknown, *value.Undefined, value.Tuple, value.Omitted:
		return v
	case json.Number:
		return numberFromJSON(string(v))
	case []any:
		l := make([]value.Value, len(v))
		for i, e := range v {
			l[i] = FromGo(e)
		}
		return l
	case map[string]any:
		m := &value.Map{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			m.Set(k, FromGo(v[k]))
		}
		return m
	}
	return fromReflected(v)
}

// fromReflected takes the long way for types that are met seldom.
func fromReflected(v any) value.Value {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Bool:
		return r.Bool()
	case reflect.String:
		return r.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return int(r.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return value.Normal(new(big.Int).SetUint64(r.Uint()))
	case reflect.Float32, reflect.Float64:
		return r.Float()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	out, err := FromJSON(string(bytes.TrimSpace(b)))
	if err != nil {
		return fmt.Sprint(v)
	}
	return out
}
