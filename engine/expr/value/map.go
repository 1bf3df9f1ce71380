package value

import (
	"iter"
	"maps"
	"math"
	"math/big"
	"slices"
)

// A Map is a map that keeps the order in which its keys were first set. Keys are
// values; as in Python, 1, 1.0 and true are one key. A value may be a *Later, which is
// read when it is used. The zero Map is empty and ready.
type Map struct {
	keys   []Value
	values map[any]Value
}

// MapOf makes a Map of alternating keys and values.
func MapOf(pairs ...Value) *Map {
	m := &Map{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m.Set(pairs[i], pairs[i+1])
	}
	return m
}

// Len counts the keys.
func (m *Map) Len() int {
	if m == nil {
		return 0
	}
	return len(m.keys)
}

// Get returns what stands under a key.
func (m *Map) Get(key Value) (Value, bool) {
	if m == nil {
		return nil, false
	}
	v, ok := m.values[Hash(key)]
	return used(v), ok
}

// Has reports whether there is such a key.
func (m *Map) Has(key Value) bool {
	if m == nil {
		return false
	}
	_, ok := m.values[Hash(key)]
	return ok
}

// Set puts a value under a key; a new key comes last.
func (m *Map) Set(key, v Value) {
	if m.values == nil {
		m.values = map[any]Value{}
	}
	h := Hash(key)
	if _, ok := m.values[h]; !ok {
		m.keys = append(m.keys, key)
	}
	m.values[h] = v
}

// Keys returns the keys in order, in a slice of the caller's own.
func (m *Map) Keys() []Value {
	if m == nil {
		return nil
	}
	return slices.Clone(m.keys)
}

// Clone copies the map; the values are shared.
func (m *Map) Clone() *Map {
	if m == nil {
		return &Map{}
	}
	return &Map{keys: slices.Clone(m.keys), values: maps.Clone(m.values)}
}

// All returns keys and values in order.
func (m *Map) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		if m == nil {
			return
		}
		for _, k := range m.keys {
			if !yield(k, used(m.values[Hash(k)])) {
				return
			}
		}
	}
}

// These stand for keys that Go's == would not compare as the language does.
type (
	textKey  struct{ typ, text string }
	floatKey float64
)

// Hash returns what stands for a key in Go's own map: equal for equal keys.
func Hash(key Value) any {
	switch k := key.(type) {
	case string, int, nil:
		return k
	case Markup:
		return string(k)
	case Secret:
		return Hash(k.open)
	case bool:
		return BoolInt(k)
	case float64:
		return hashOfFloat(k)
	case *big.Int:
		return textKey{"int", k.String()}
	}
	return textKey{TypeName(key), OpenText(key)}
}

func hashOfFloat(f float64) any {
	switch {
	case f != math.Trunc(f) || math.IsInf(f, 0):
		return floatKey(f)
	case math.Abs(f) < 1<<62:
		return int(f)
	}
	n, _ := big.NewFloat(f).Int(nil)
	return textKey{"int", n.String()}
}

// Hashable reports whether v may be a key.
func Hashable(v Value) bool { return hashableWithin(v, maxKeyDepth) }

// maxKeyDepth is how deep tuples may be nested in a key.
const maxKeyDepth = 4

func hashableWithin(v Value, depth int) bool {
	switch v := v.(type) {
	case nil, bool, int, *big.Int, float64, string, Markup, Secret, Moment, Date, Span:
		return true
	case Tuple:
		return depth > 0 && len(v) <= 100 &&
			!slices.ContainsFunc(v, func(e Value) bool { return !hashableWithin(e, depth-1) })
	}
	return false
}

// TextKeys returns the keys that are text, for suggestions.
func (m *Map) TextKeys() []string {
	var names []string
	for _, k := range m.keys {
		if s, ok := k.(string); ok {
			names = append(names, s)
		}
	}
	return names
}
