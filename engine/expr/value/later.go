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
	object string
	read   func() (Value, error)
	of     *Later // what this one is made of, if of another
	by     func(Value) Value
	mu     sync.Mutex
	known  bool
	value  Value
	err    error // why it will never be known
}

// NewLater returns a value that read reads: a part of an object. A failed reading is
// tried again by the next use.
func NewLater(object string, read func() (Value, error)) *Later {
	return &Later{object: object, read: read}
}

// Object returns the object of which it is a part, as given to NewLater.
func (l *Later) Object() string { return l.object }

// Value reads the value.
func (l *Later) Value() (Value, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known {
		return l.value, l.err
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
		return l.value, l.known && l.err == nil
	}
	v, ok := l.of.peek()
	if !ok {
		return nil, false
	}
	return l.by(v), true
}

// Fix reads the value, unless it was read before. Where that fails, it has failed for
// whoever uses it from now on.
func (l *Later) Fix() {
	_, err := l.Value()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.known {
		l.err, l.known, l.read = err, true, nil
	}
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

// Laters returns those that are in v and made of no other; of one that is, what it is
// made of.
func Laters(v Value) iter.Seq[*Later] {
	return func(yield func(*Later) bool) { eachLater(v, yield) }
}

func eachLater(v Value, yield func(*Later) bool) bool {
	each := func(e Value) bool { return !eachLater(e, yield) }
	switch v := v.(type) {
	case *Later:
		for v.of != nil {
			v = v.of
		}
		return yield(v)
	case []Value:
		return !slices.ContainsFunc(v, each)
	case Tuple:
		return !slices.ContainsFunc(v, each)
	case *Map:
		for _, e := range v.Stored() {
			if each(e) {
				return false
			}
		}
	}
	return true
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

// Known returns v without what is read when it is used, whether anybody did so or not:
// what a report shows, whatever was done meanwhile.
func Known(v Value) Value {
	return resolved(v, func(*Later) (Value, bool) { return nil, false })
}

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
	for range Laters(v) {
		return true
	}
	return false
}

func anyIs(list []Value, is func(Value) bool) bool { return slices.ContainsFunc(list, is) }
