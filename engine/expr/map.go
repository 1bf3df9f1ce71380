package expr

import "iter"

// A Map is a map that keeps the order in which its keys were first set. Keys are
// values; as in Python, 1, 1.0 and true are one key. The zero Map is empty and ready.
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

// Get gives what stands under a key.
func (m *Map) Get(key Value) (Value, bool) {
	if m == nil {
		return nil, false
	}
	v, ok := m.values[key]
	return v, ok
}

// Set puts a value under a key; a new key comes last.
func (m *Map) Set(key, v Value) {
	if m.values == nil {
		m.values = map[any]Value{}
	}
	if _, ok := m.values[key]; !ok {
		m.keys = append(m.keys, key)
	}
	m.values[key] = v
}

// All gives keys and values in order.
func (m *Map) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		if m == nil {
			return
		}
		for _, k := range m.keys {
			if !yield(k, m.values[k]) {
				return
			}
		}
	}
}
