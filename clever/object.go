package clever

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// An object is one of JSON, in its order, with its members as they are written.
type object []member

type member struct {
	name  string
	value json.RawMessage
}

// UnmarshalJSON reads an object, and nothing else.
func (o *object) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("there is something else where a JSON object is due")
	}
	*o = object{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		o.drop(name) // of two, the last one counts
		*o = append(*o, member{name, value})
	}
	return nil
}

// encoded returns the object as JSON, which escapes only what must be.
func (o object) encoded() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(jsonText(m.name))
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

func jsonText(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // text can always be written
	return bytes.TrimSpace(b.Bytes())
}

func (o object) index(name string) int {
	return slices.IndexFunc(o, func(m member) bool { return m.name == name })
}

// get returns a member; nil if there is none.
func (o object) get(name string) json.RawMessage {
	if i := o.index(name); i >= 0 {
		return o[i].value
	}
	return nil
}

// text returns a member that is text; "" if it is not.
func (o object) text(name string) string {
	var s string
	_ = json.Unmarshal(o.get(name), &s)
	return s
}

// set writes a member that is text, in its old place if it had one; "" drops it.
func (o *object) set(name, text string) {
	i := o.index(name)
	switch {
	case text == "":
		o.drop(name)
	case i >= 0:
		(*o)[i].value = jsonText(text)
	default:
		*o = append(*o, member{name, jsonText(text)})
	}
}

// date writes expirationDate as clever-tools does; a date that is not known drops it.
func (o *object) date(t time.Time) {
	text := ""
	if !t.IsZero() {
		text = t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	o.set("expirationDate", text)
}

func (o *object) drop(name string) {
	*o = slices.DeleteFunc(*o, func(m member) bool { return m.name == name })
}
