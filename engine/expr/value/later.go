package value

import (
	"errors"
	"iter"
	"slices"
	"sync"
)

// A Later is a part of a Map that is read when it is used, by whatever way: Get and
// All read it, and whoever has read it once has the same value ever after. Where the
// reading fails they panic with a *ReadError, which CatchRead makes an error.
type Later struct {
	read  func() (Value, error)
	of    *Later // what this one is made of, if of another
	by    func(Value) Value
	mu    sync.Mutex
	known bool
	value Value
}

// NewLater returns a value that read reads. A failed reading is tried again by the
// next use.
func NewLater(read func() (Value, error)) *Later { return &Later{read: read} }

// Value reads the value.
func (l *Later) Value() (Value, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known {
		return l.value, nil
	}
	v, err := l.read()
	if err != nil {
		return nil, err
	}
	l.value, l.known, l.read = v, true, nil
	return v, nil
}

// peek returns the value if it was read.
func (l *Later) peek() (Value, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known || l.of == nil {
		return l.value, l.known
	}
	v, ok := l.of.peek()
	if !ok {
		return nil, false
	}
	return l.by(v), true
}

// Then returns a Later of what by makes of the value of l.
func (l *Later) Then(by func(Value) Value) *Later {
	return &Later{of: l, by: by, read: func() (Value, error) {
		v, err := l.Value()
		if err != nil {
			return nil, err
		}
		return by(v), nil
	}}
}

// A ReadError is why a value that is read when it is used could not be read.
type ReadError struct{ Err error }

func (e *ReadError) Error() string { return e.Err.Error() }

// Unwrap returns the error of the reading itself.
func (e *ReadError) Unwrap() error { return e.Err }

// CatchRead makes, deferred, an error of a value that could not be read.
func CatchRead(err *error) {
	switch fault := recover().(type) {
	case nil:
	case *ReadError:
		*err = fault
	default:
		panic(fault)
	}
}

// used returns the value behind a Later; others are returned as they are.
func used(v Value) Value {
	l, ok := v.(*Later)
	if !ok {
		return v
	}
	v, err := l.Value()
	if err != nil {
		if inner, ok := errors.AsType[*ReadError](err); ok {
			panic(inner)
		}
		panic(&ReadError{Err: err})
	}
	return v
}

// Stored returns keys and values in order, a *Later where one is stored.
func (m *Map) Stored() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		if m == nil {
			return
		}
		for _, k := range m.keys {
			if !yield(k, m.values[Hash(k)]) {
				return
			}
		}
	}
}

// Complete returns v with all in it read that is read when it is used.
func Complete(v Value) (complete Value, err error) {
	defer CatchRead(&err)
	return resolved(v, func(l *Later) (Value, bool) { return used(l), true }), nil
}

// Known returns v without what was not read yet: what a report may show.
func Known(v Value) Value { return resolved(v, (*Later).peek) }

// resolved copies v where a Later is in it, with what `of` makes of each.
func resolved(v Value, of func(*Later) (Value, bool)) Value {
	if !holdsLater(v) {
		return v
	}
	switch v := v.(type) {
	case []Value:
		return resolvedList(v, of)
	case Tuple:
		return Tuple(resolvedList(v, of))
	case *Map:
		out := &Map{}
		for k, e := range v.Stored() {
			l, later := e.(*Later)
			if !later {
				out.Set(k, resolved(e, of))
			} else if e, ok := of(l); ok {
				out.Set(k, resolved(e, of))
			}
		}
		return out
	}
	return v
}

func resolvedList(list []Value, of func(*Later) (Value, bool)) []Value {
	out := make([]Value, len(list))
	for i, e := range list {
		out[i] = resolved(e, of)
	}
	return out
}

// holdsLater reports whether a Later is somewhere in v.
func holdsLater(v Value) bool {
	switch v := v.(type) {
	case *Later:
		return true
	case []Value:
		return anyIs(v, holdsLater)
	case Tuple:
		return anyIs(v, holdsLater)
	case *Map:
		for _, e := range v.Stored() {
			if holdsLater(e) {
				return true
			}
		}
	}
	return false
}

func anyIs(list []Value, is func(Value) bool) bool { return slices.ContainsFunc(list, is) }
