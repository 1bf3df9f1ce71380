package value

import (
	"cmp"
	"math"
	"math/big"
	"strings"
)

// Truth returns Python's truth of a value; an Unknown has none.
func Truth(v Value) (bool, *Unknown, error) {
	switch v := v.(type) {
	case nil:
		return false, nil, nil
	case bool:
		return v, nil, nil
	case int:
		return v != 0, nil, nil
	case float64:
		return v != 0, nil, nil
	case string:
		return v != "", nil, nil
	case *big.Int:
		return v.Sign() != 0, nil, nil
	case []Value:
		return len(v) > 0, nil, nil
	case Tuple:
		return len(v) > 0, nil, nil
	case *Map:
		return v.Len() > 0, nil, nil
	case *Range:
		return v.Len() > 0, nil, nil
	case Span:
		return v != 0, nil, nil
	case Markup:
		return v != "", nil, nil
	case Secret:
		return Truth(v.open)
	case *Unknown:
		return false, v, nil
	case *Undefined:
		if v.Lenient {
			return false, nil, nil
		}
		return false, nil, v.Err()
	case interface{ Truth() bool }:
		return v.Truth(), nil, nil
	}
	return true, nil, nil
}

// Elements returns what a loop goes over: the items of a list, the keys of a map,
// the characters of a text.
func (b *Budget) Elements(v Value) ([]Value, error) {
	switch v := v.(type) {
	case []Value:
		return v, nil
	case Tuple:
		return v, nil
	case *Map:
		return v.Keys(), b.Count(v.Len())
	case string:
		out := make([]Value, 0, len(v))
		for _, r := range v {
			out = append(out, string(r))
		}
		return out, b.Count(len(out))
	case Markup:
		return b.Elements(string(v))
	case *Range:
		return v.list(b)
	case Secret:
		l, err := b.Elements(v.open)
		return editedList(l, marked, false), err
	case interface{ Elements() ([]Value, error) }:
		return v.Elements()
	case *Unknown:
		return nil, &UnknownError{v}
	case *Undefined:
		return nil, v.Err()
	}
	return nil, Errorf(TypeError, "%s has no elements to go over", Describe(v))
}

// A survey is what was found in a value before it is used.
type survey struct {
	unknown *Unknown   // the first
	undef   *Undefined // the first, after which nothing is looked at
	secret  bool
}

// look goes on with a survey and reports whether that goes on.
func (b *Budget) look(s *survey, v Value) bool {
	switch v := v.(type) {
	case nil, string, int, bool, float64:
	case Secret:
		s.secret = true
	case *Unknown:
		if s.unknown == nil {
			s.unknown = v
		}
	case *Undefined:
		s.undef = v
	case []Value:
		return b.lookAt(s, v)
	case Tuple:
		return b.lookAt(s, v)
	case *Map:
		for k, e := range v.All() {
			s.secret = s.secret || IsSecret(k)
			if !b.look(s, e) || !b.Spend(1) {
				return s.undef == nil
			}
		}
	}
	return s.undef == nil
}

func (b *Budget) lookAt(s *survey, l []Value) bool {
	for _, e := range l {
		if !b.look(s, e) || !b.Spend(1) {
			break
		}
	}
	return s.undef == nil
}

// Survey refuses what holds an Undefined, returns the first Unknown that v holds, and
// reports whether anything in it is a secret.
func (b *Budget) Survey(v Value) (u *Unknown, secret bool, err error) {
	var s survey
	if !b.look(&s, v) {
		return s.unknown, s.secret, s.undef.Err()
	}
	return s.unknown, s.secret, nil
}

// Usable refuses what holds an Undefined, and returns an Unknown that v holds.
func (b *Budget) Usable(v Value) (*Unknown, error) {
	u, _, err := b.Survey(v)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// Equal compares deeply, as == does, within the bounds of c.
func (b *Budget) Equal(l, r Value) bool {
	l, r = Bare(l), Bare(r)
	switch x := l.(type) {
	case string:
		y, ok := r.(string)
		return ok && x == y
	case nil:
		return r == nil
	case []Value:
		y, ok := r.([]Value)
		return ok && b.EqualLists(x, y)
	case Tuple:
		y, ok := r.(Tuple)
		return ok && b.EqualLists(x, y)
	case *Map:
		y, ok := r.(*Map)
		return ok && b.equalMaps(x, y)
	case Moment:
		y, ok := r.(Moment)
		return ok && x.Time.Equal(y.Time)
	case Date:
		y, ok := r.(Date)
		return ok && x.Time.Equal(y.Time)
	}
	if IsNumber(l) && IsNumber(r) {
		o, ok := compareNumbers(l, r)
		return ok && o == 0
	}
	switch l.(type) {
	case Omitted, Span, *Unknown, *Undefined, *Range, Object:
		return l == r
	}
	return false
}

// EqualLists compares two lists element by element, as == does.
func (b *Budget) EqualLists(l, r []Value) bool {
	if len(l) != len(r) {
		return false
	}
	for i := range l {
		if !b.Spend(1) || !b.Equal(l[i], r[i]) {
			return false
		}
	}
	return true
}

func (b *Budget) equalMaps(l, r *Map) bool {
	if l.Len() != r.Len() {
		return false
	}
	for k, v := range l.All() {
		w, ok := r.Get(k)
		if !ok || !b.Spend(1) || !b.Equal(v, w) {
			return false
		}
	}
	return true
}

// Compare says whether l op r holds, or which Unknown decides it.
func (b *Budget) Compare(op string, l, r Value) (bool, *Unknown, error) {
	switch op {
	case "in":
		return b.Contains(r, l)
	case "not in":
		holds, u, err := b.Contains(r, l)
		return !holds, u, err
	}
	for _, v := range []Value{l, r} {
		if u, err := b.Usable(v); u != nil || err != nil {
			return false, u, err
		}
	}
	switch op {
	case "==":
		return b.Equal(l, r), nil, b.Err()
	case "!=":
		return !b.Equal(l, r), nil, b.Err()
	}
	o, ok := b.Order(l, r)
	if !ok {
		return false, nil, Unordered(op, l, r)
	}
	switch op {
	case "<":
		return o == -1, nil, nil
	case "<=":
		return o == -1 || o == 0, nil, nil
	case ">":
		return o == 1, nil, nil
	}
	return o == 1 || o == 0, nil, nil
}

// Unordered returns the error of comparing what has no order.
func Unordered(op string, l, r Value) *Error {
	e := Errorf(TypeError, "'%s' does not compare '%s' with '%s'", op, TypeName(l), TypeName(r))
	_, lt := Bare(l).(string)
	_, rt := Bare(r).(string)
	if lt && IsNumber(r) || rt && IsNumber(l) {
		return e.WithHint("make a number of the text with `| int`")
	}
	return e
}

const incomparable = 2 // of a NaN

// Order compares two values: -1, 0, 1, or incomparable; ok is false if their
// types have no order.
func (b *Budget) Order(l, r Value) (o int, ok bool) {
	l, r = Bare(l), Bare(r)
	switch x := l.(type) {
	case string:
		y, ok := r.(string)
		return strings.Compare(x, y), ok
	case []Value:
		y, ok := r.([]Value)
		if !ok {
			return 0, false
		}
		return b.orderLists(x, y)
	case Tuple:
		y, ok := r.(Tuple)
		if !ok {
			return 0, false
		}
		return b.orderLists(x, y)
	case Moment:
		y, ok := r.(Moment)
		return x.Time.Compare(y.Time), ok
	case Date:
		y, ok := r.(Date)
		return x.Time.Compare(y.Time), ok
	case Span:
		y, ok := r.(Span)
		return cmp.Compare(x, y), ok
	}
	if !IsNumber(l) || !IsNumber(r) {
		return 0, false
	}
	if o, ok := compareNumbers(l, r); ok {
		return o, true
	}
	return incomparable, true
}

func (b *Budget) orderLists(l, r []Value) (int, bool) {
	for i := range min(len(l), len(r)) {
		if !b.Spend(1) {
			return 0, true
		}
		if !b.Equal(l[i], r[i]) {
			return b.Order(l[i], r[i])
		}
	}
	return cmp.Compare(len(l), len(r)), true
}

// Contains says whether x is in a container.
func (b *Budget) Contains(in, x Value) (bool, *Unknown, error) {
	if u, ok := in.(*Unknown); ok {
		return false, u, nil
	}
	if u, err := b.Usable(x); u != nil || err != nil {
		return false, u, err
	}
	switch v := Bare(in).(type) {
	case string:
		s, ok := Bare(x).(string)
		if !ok {
			return false, nil, Errorf(TypeError, "'in' a text asks for text, not for %s", Describe(x))
		}
		return strings.Contains(v, s), nil, b.Scan(v)
	case *Map:
		if !Hashable(x) {
			return false, nil, Errorf(TypeError, "%s cannot be a key", Describe(x))
		}
		_, ok := v.Get(x)
		return ok, nil, nil
	}
	l, err := b.Elements(in)
	if err != nil {
		return false, nil, err
	}
	var unknown *Unknown
	for _, e := range l {
		u, err := b.Usable(e)
		switch {
		case err != nil:
			return false, nil, err
		case u != nil:
			unknown = u
		case b.Equal(e, x):
			return true, nil, nil
		}
		if !b.Spend(1) {
			return false, nil, b.Err()
		}
	}
	return false, unknown, nil
}

// Equal compares deeply, as == does: numbers by value, bool as number.
func Equal(a, b Value) bool { return (&Budget{steps: math.MinInt}).Equal(a, b) }

// HasUnknown reports whether any part of v is Unknown, and gives the first.
func HasUnknown(v Value) (*Unknown, bool) {
	switch v := v.(type) {
	case *Unknown:
		return v, true
	case []Value:
		for _, e := range v {
			if u, ok := HasUnknown(e); ok {
				return u, true
			}
		}
	case Tuple:
		return HasUnknown([]Value(v))
	case *Map:
		for _, e := range v.Stored() {
			if u, ok := HasUnknown(e); ok {
				return u, true
			}
		}
	}
	return nil, false
}
