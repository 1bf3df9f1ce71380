package expr

import (
	"cmp"
	"math/big"
	"strings"
)

// truthOf gives Python's truth of a value; an Unknown has none.
func truthOf(v Value) (bool, *Unknown, error) {
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
	case *lazy:
		return len(v.node.Items)+len(v.node.Entries) > 0, nil, nil
	case *sequence:
		return v.len() > 0, nil, nil
	case span:
		return v != 0, nil, nil
	case *Unknown:
		return false, v, nil
	case *Undefined:
		if v.lenient {
			return false, nil, nil
		}
		return false, nil, undefinedError(v)
	}
	return true, nil, nil
}

// elements gives what a loop goes over: the items of a list, the keys of a map,
// the characters of a text.
func (c *Context) elements(v Value) ([]Value, error) {
	switch v := v.(type) {
	case []Value:
		return v, nil
	case Tuple:
		return v, nil
	case *Map:
		return v.Keys(), c.spent(v.Len())
	case string:
		out := make([]Value, 0, len(v))
		for _, r := range v {
			out = append(out, string(r))
		}
		return out, c.spent(len(out))
	case *sequence:
		return v.list(c)
	case *lazy:
		s, err := c.shallow(v)
		if err != nil {
			return nil, err
		}
		return c.elements(s)
	case *Unknown:
		return nil, &unknownSignal{v}
	case *Undefined:
		return nil, undefinedError(v)
	}
	return nil, fail(TypeError, "%s has no elements to go over", described(v))
}

// survey finds the first Unknown and the first Undefined anywhere in v.
func (c *Context) survey(v Value) (unknown *Unknown, undef *Undefined) {
	switch v := v.(type) {
	case nil, string, int, bool, float64:
	case *Unknown:
		return v, nil
	case *Undefined:
		return nil, v
	case []Value:
		return c.surveyList(v)
	case Tuple:
		return c.surveyList(v)
	case *Map:
		for _, e := range v.All() {
			u, d := c.survey(e)
			if d != nil {
				return unknown, d
			}
			if unknown == nil {
				unknown = u
			}
			if !c.spend(1) {
				break
			}
		}
	}
	return unknown, nil
}

func (c *Context) surveyList(l []Value) (unknown *Unknown, undef *Undefined) {
	for _, e := range l {
		u, d := c.survey(e)
		if d != nil {
			return unknown, d
		}
		if unknown == nil {
			unknown = u
		}
		if !c.spend(1) {
			break
		}
	}
	return unknown, nil
}

// usable refuses what holds an Undefined, and gives an Unknown that v holds.
func (c *Context) usable(v Value) (*Unknown, error) {
	u, d := c.survey(v)
	if d != nil {
		return nil, undefinedError(d)
	}
	return u, nil
}

// equal compares deeply, as == does, within the bounds of c.
func (c *Context) equal(a, b Value) bool {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return ok && x == y
	case nil:
		return b == nil
	case []Value:
		y, ok := b.([]Value)
		return ok && c.equalLists(x, y)
	case Tuple:
		y, ok := b.(Tuple)
		return ok && c.equalLists(x, y)
	case *Map:
		y, ok := b.(*Map)
		return ok && c.equalMaps(x, y)
	case moment:
		y, ok := b.(moment)
		return ok && x.t.Equal(y.t)
	}
	if isNumber(a) && isNumber(b) {
		o, ok := compareNumbers(a, b)
		return ok && o == 0
	}
	switch a.(type) {
	case omit, span, *Unknown, *Undefined, *sequence, *namespace, *bound, *function, *closure, *loopVar, *lazy, allVars:
		return a == b
	}
	return false
}

func (c *Context) equalLists(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !c.spend(1) || !c.equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func (c *Context) equalMaps(a, b *Map) bool {
	if a.Len() != b.Len() {
		return false
	}
	for k, v := range a.All() {
		w, ok := b.Get(k)
		if !ok || !c.spend(1) || !c.equal(v, w) {
			return false
		}
	}
	return true
}

// compare says whether l op r holds, or which Unknown decides it.
func (c *Context) compare(op string, l, r Value) (bool, *Unknown, error) {
	switch op {
	case "in":
		return c.contains(r, l)
	case "not in":
		holds, u, err := c.contains(r, l)
		return !holds, u, err
	}
	for _, v := range []Value{l, r} {
		if u, err := c.usable(v); u != nil || err != nil {
			return false, u, err
		}
	}
	switch op {
	case "==":
		return c.equal(l, r), nil, c.tooMuch()
	case "!=":
		return !c.equal(l, r), nil, c.tooMuch()
	}
	o, ok := c.order(l, r)
	if !ok {
		return false, nil, unordered(op, l, r)
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

func unordered(op string, l, r Value) *Error {
	e := fail(TypeError, "'%s' does not compare '%s' with '%s'", op, TypeName(l), TypeName(r))
	_, lt := l.(string)
	_, rt := r.(string)
	if lt && isNumber(r) || rt && isNumber(l) {
		return e.withHint("make a number of the text with `| int`")
	}
	return e
}

const incomparable = 2 // of a NaN

// order compares two values: -1, 0, 1, or incomparable; ok is false if their
// types have no order.
func (c *Context) order(l, r Value) (o int, ok bool) {
	switch x := l.(type) {
	case string:
		y, ok := r.(string)
		return strings.Compare(x, y), ok
	case []Value:
		y, ok := r.([]Value)
		if !ok {
			return 0, false
		}
		return c.orderLists(x, y)
	case Tuple:
		y, ok := r.(Tuple)
		if !ok {
			return 0, false
		}
		return c.orderLists(x, y)
	case moment:
		y, ok := r.(moment)
		return x.t.Compare(y.t), ok
	case span:
		y, ok := r.(span)
		return cmp.Compare(x, y), ok
	}
	if !isNumber(l) || !isNumber(r) {
		return 0, false
	}
	if o, ok := compareNumbers(l, r); ok {
		return o, true
	}
	return incomparable, true
}

func (c *Context) orderLists(a, b []Value) (int, bool) {
	for i := range min(len(a), len(b)) {
		if !c.spend(1) {
			return 0, true
		}
		if !c.equal(a[i], b[i]) {
			return c.order(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b)), true
}

// contains says whether x is in a container.
func (c *Context) contains(in, x Value) (bool, *Unknown, error) {
	if u, ok := in.(*Unknown); ok {
		return false, u, nil
	}
	if u, err := c.usable(x); u != nil || err != nil {
		return false, u, err
	}
	switch v := in.(type) {
	case string:
		s, ok := x.(string)
		if !ok {
			return false, nil, fail(TypeError, "'in' a text asks for text, not for %s", described(x))
		}
		return strings.Contains(v, s), nil, c.scan(v)
	case *Map:
		if !hashable(x) {
			return false, nil, fail(TypeError, "%s cannot be a key", described(x))
		}
		_, ok := v.Get(x)
		return ok, nil, nil
	}
	l, err := c.elements(in)
	if err != nil {
		return false, nil, err
	}
	var unknown *Unknown
	for _, e := range l {
		u, d := c.survey(e)
		switch {
		case d != nil:
			return false, nil, undefinedError(d)
		case u != nil:
			unknown = u
		case c.equal(e, x):
			return true, nil, nil
		}
		if !c.spend(1) {
			return false, nil, c.tooMuch()
		}
	}
	return false, unknown, nil
}
