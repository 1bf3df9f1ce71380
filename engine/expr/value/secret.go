package value

import (
	"fmt"
	"io"
	"math/big"

	"runner/diagnostic"
)

// Masked stands where a secret stood.
const Masked = diagnostic.Masked

// A Secret is a text or a number that must not be shown: the mark travels with it.
// To the language it is what is inside: it has its type, equals it, sorts like it and
// finds the same key. Text, Repr, JSON and every verb of package fmt write what may
// be shown of it; only Open returns it in clear. None, true, false and the empty text
// tell nothing and are never marked.
type Secret struct {
	open  Value  // string, int, *big.Int, float64, Moment or Span
	shown string // what may be seen; "" for Masked
}

// NewSecret marks a text of which a part may be seen: "user:********@host".
func NewSecret(text, shown string) Value {
	if text == "" {
		return text
	}
	return Secret{text, shown}
}

// String returns what may be shown.
func (s Secret) String() string {
	if s.shown == "" {
		return Masked
	}
	return s.shown
}

// Format writes what may be shown, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText returns what may be shown.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// IsSecret reports whether v itself is marked.
func IsSecret(v Value) bool {
	_, ok := v.(Secret)
	return ok
}

// Bare returns what is inside of a Secret or a Markup, and other values as they are: a list
// may still hold secrets.
func Bare(v Value) Value {
	switch v := v.(type) {
	case Secret:
		return v.open
	case Markup:
		return string(v)
	}
	return v
}

// HoldsSecret reports whether v or anything in it is marked. What is read when it is
// used is not read for that.
func HoldsSecret(v Value) bool {
	switch v := v.(type) {
	case Secret:
		return true
	case *Later:
		read, ok := v.peek()
		return ok && HoldsSecret(read)
	case []Value:
		return anyIs(v, HoldsSecret)
	case Tuple:
		return anyIs(v, HoldsSecret)
	case *Map:
		for k, e := range v.Stored() {
			if HoldsSecret(k) || HoldsSecret(e) {
				return true
			}
		}
	}
	return false
}

// Open returns v in clear, all the way down; v itself where nothing in it is marked.
func Open(v Value) Value {
	if !HoldsSecret(v) && !holdsLater(v) {
		return v
	}
	return edited(v, Bare, true)
}

// Mark marks every text and number in v; the keys of maps are names and stay.
func Mark(v Value) Value { return edited(v, marked, false) }

// MarkAll is Mark for what was computed of a secret: keys are marked, too.
func MarkAll(v Value) Value { return edited(v, marked, true) }

// Leaves copies v with f applied to all that is no list and no map, keys aside.
func Leaves(v Value, f func(Value) Value) Value { return edited(v, f, false) }

func marked(v Value) Value {
	switch x := v.(type) {
	case string:
		if x == "" {
			return v
		}
		return Secret{open: v}
	case Markup:
		return marked(string(x))
	case int, *big.Int, float64, Moment, Span:
		return Secret{open: v}
	case Secret:
		return Secret{open: x.open}
	}
	return v
}

// edited copies v with f applied to every leaf, and to the keys if they count, too.
func edited(v Value, f func(Value) Value, keys bool) Value {
	switch v := v.(type) {
	case []Value:
		return editedList(v, f, keys)
	case Tuple:
		return Tuple(editedList(v, f, keys))
	case *Later:
		return v.Then(func(read Value) Value { return edited(read, f, keys) })
	case *Map:
		out := &Map{}
		for k, e := range v.Stored() {
			if keys {
				k = edited(k, f, keys)
			}
			out.Set(k, edited(e, f, keys))
		}
		return out
	}
	return f(v)
}

func editedList(list []Value, f func(Value) Value, keys bool) []Value {
	out := make([]Value, len(list))
	for i, e := range list {
		out[i] = edited(e, f, keys)
	}
	return out
}

// SecretTexts returns the texts of all secrets in v, in clear: what has to be
// looked for where other programs may have repeated them.
func SecretTexts(v Value) []string {
	switch v := v.(type) {
	case Secret:
		return []string{Text(v.open)}
	case []Value:
		return textsIn(v)
	case Tuple:
		return textsIn(v)
	case *Map:
		var all []string
		for k, e := range v.Stored() {
			all = append(append(all, SecretTexts(k)...), SecretTexts(e)...)
		}
		return all
	}
	return nil
}

func textsIn(list []Value) []string {
	var all []string
	for _, e := range list {
		all = append(all, SecretTexts(e)...)
	}
	return all
}

// OpenText returns a value as it stands in text, secrets in clear.
func OpenText(v Value) string { return Text(Open(v)) }
