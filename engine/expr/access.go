package expr

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

func (n *attribute) eval(st *state) (Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.pos, err)
	}
	of, err := n.of.eval(st)
	if err != nil {
		return nil, err
	}
	switch v := of.(type) {
	case *Unknown, *Undefined:
		return of, nil
	case *Map:
		if st.t.lib.methods["dict"][n.name] == nil {
			if e, ok := v.Get(n.name); ok {
				return e, nil
			}
		}
	}
	if m := st.t.lib.methods[methodsOf(of)][n.name]; m != nil {
		return &bound{of, m}, nil
	}
	v, ok, err := st.attr(of, n.name)
	if ok || err != nil {
		return v, st.failAt(n.pos, err)
	}
	if strings.HasPrefix(n.name, "__") {
		return nil, st.failAt(n.pos, fail(UnsafeError, "the attribute '%s' is not for templates", n.name))
	}
	return st.missing(n, of, n.name), nil
}

// methodsOf names the methods that a value has; a lazy's are its shape's.
func methodsOf(v Value) string {
	switch v := v.(type) {
	case *lazy:
		return TypeName(v)
	case string:
		return "str"
	case *Map:
		return "dict"
	case []Value, Tuple:
		return "list"
	case moment:
		return "datetime"
	case span:
		return "timedelta"
	case *loopVar:
		return "loop"
	}
	return ""
}

// attr gives what .name is of a value, methods aside.
func (st *state) attr(of Value, name string) (Value, bool, error) {
	switch v := of.(type) {
	case *Map:
		e, ok := v.Get(name)
		return e, ok, nil
	case *lazy:
		if v.node.Shape == Mapping {
			return v.get(st.c, name)
		}
	case *namespace:
		e, ok := v.values.Get(name)
		return e, ok, nil
	case allVars:
		return st.c.lookup(name)
	case *loopVar:
		e, ok := v.attr(name)
		return e, ok, nil
	case moment:
		e, ok := v.attr(name)
		return e, ok, nil
	case span:
		e, ok := v.attr(name)
		return e, ok, nil
	}
	return nil, false, nil
}

// missing makes the Undefined of an attribute or index that is not there.
func (st *state) missing(x expression, of, key Value) *Undefined {
	u := &Undefined{Name: written(x), Place: st.t.place(x.at())}
	switch v := of.(type) {
	case *Map:
		u.names = v.textKeys
	case *lazy:
		u.names = v.textKeys
	}
	u.Hint = fmt.Sprintf("object of type '%s' has no attribute %s", TypeName(of), repr(key))
	return u
}

// textKeys gives the keys that are text, for suggestions.
func (m *Map) textKeys() []string {
	var names []string
	for _, k := range m.keys {
		if s, ok := k.(string); ok {
			names = append(names, s)
		}
	}
	return names
}

func (l *lazy) textKeys() []string {
	var names []string
	for _, e := range l.node.Entries {
		names = append(names, e.Key.Text)
	}
	return names
}

// written gives an expression as it was written, if it is a path: result.env.PORT.
func written(x expression) string {
	switch x := x.(type) {
	case *name:
		return x.name
	case *attribute:
		return written(x.of) + "." + x.name
	case *index:
		if k, ok := x.key.(*constant); ok {
			return written(x.of) + "[" + repr(k.value) + "]"
		}
		return written(x.of) + "[…]"
	}
	return "(…)"
}

func (n *index) eval(st *state) (Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.pos, err)
	}
	of, err := n.of.eval(st)
	if err != nil {
		return nil, err
	}
	switch of.(type) {
	case *Unknown, *Undefined:
		return of, nil
	}
	if s, ok := n.key.(*slice); ok {
		return s.of(st, of)
	}
	key, err := st.operand(n.key)
	if err != nil {
		return nil, err
	}
	if u, ok := key.(*Unknown); ok {
		return u, nil
	}
	if err := st.c.scan(of); err != nil {
		return nil, st.failAt(n.pos, err)
	}
	v, ok, err := st.item(of, key)
	if ok || err != nil {
		return v, st.failAt(n.pos, err)
	}
	if s, isText := key.(string); isText {
		if m := st.t.lib.methods[methodsOf(of)][s]; m != nil {
			return &bound{of, m}, nil
		}
	}
	return st.missing(n, of, key), nil
}

// item gives of[key]; ok is false if there is none.
func (st *state) item(of, key Value) (v Value, ok bool, err error) {
	switch c := of.(type) {
	case *Map:
		if !hashable(key) {
			return nil, false, fail(TypeError, "%s cannot be a key", described(key))
		}
		v, ok = c.Get(key)
		return v, ok, nil
	case []Value:
		v, ok = itemAt(c, key)
		return v, ok, nil
	case Tuple:
		v, ok = itemAt(c, key)
		return v, ok, nil
	case string:
		v, ok = charAt(c, key)
		return v, ok, nil
	case *sequence:
		v, ok = c.item(key)
		return v, ok, nil
	case *lazy:
		return st.lazyItem(c, key)
	case *namespace, allVars, *loopVar, moment, span:
		if s, isText := key.(string); isText {
			return st.attr(of, s)
		}
	}
	return nil, false, nil
}

func (st *state) lazyItem(l *lazy, key Value) (Value, bool, error) {
	if l.node.Shape == Mapping {
		return l.get(st.c, key)
	}
	i, ok := position(key, len(l.node.Items))
	if !ok {
		return nil, false, nil
	}
	v, err := st.c.Resolve(l.name, l.node.Items[i])
	return v, err == nil, err
}

// position makes an offset of an index, which may count from the end.
func position(key Value, n int) (int, bool) {
	i, ok := key.(int)
	if b, isBool := key.(bool); isBool {
		i, ok = boolInt(b), true
	}
	if i < 0 {
		i += n
	}
	return i, ok && i >= 0 && i < n
}

func itemAt(l []Value, key Value) (Value, bool) {
	if i, ok := position(key, len(l)); ok {
		return l[i], true
	}
	return nil, false
}

func charAt(s string, key Value) (Value, bool) {
	i, ok := position(key, utf8.RuneCountInString(s))
	if !ok {
		return nil, false
	}
	for _, r := range s {
		if i == 0 {
			return string(r), true
		}
		i--
	}
	return nil, false
}

func (n *slice) eval(st *state) (Value, error) {
	return nil, st.failAt(n.pos, fail(TypeError, "a slice stands alone between [ and ]"))
}

// of applies the slice to a list or a text.
func (n *slice) of(st *state, of Value) (Value, error) {
	var bounds [3]*int
	for i, x := range []expression{n.lo, n.hi, n.step} {
		if x == nil {
			continue
		}
		v, err := st.operand(x)
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case nil:
		case *Unknown:
			return v, nil
		case int:
			bounds[i] = &v
		default:
			return nil, st.failAt(pos(x.at()), fail(TypeError, "a slice is made of whole numbers, not of %s", described(v)))
		}
	}
	of, err := st.c.force(of)
	if err == nil {
		of, err = st.c.sliced(of, bounds)
	}
	return of, st.failAt(n.pos, err)
}

func (c *Context) sliced(of Value, bounds [3]*int) (Value, error) {
	if bounds[2] != nil && *bounds[2] == 0 {
		return nil, fail(TypeError, "a slice's step cannot be 0")
	}
	switch v := of.(type) {
	case string:
		if err := c.scan(v); err != nil {
			return nil, err
		}
		r := []rune(v)
		var out []rune
		for i := range sliceOffsets(len(r), bounds) {
			out = append(out, r[i])
		}
		return string(out), c.write(len(out))
	case []Value:
		return pick(v, bounds), c.spent(len(v))
	case Tuple:
		return Tuple(pick(v, bounds)), c.spent(len(v))
	case *sequence:
		l, err := c.elements(v)
		return pick(l, bounds), err
	}
	return nil, fail(TypeError, "%s has no slices", described(of))
}

func pick(l []Value, bounds [3]*int) []Value {
	out := []Value{}
	for i := range sliceOffsets(len(l), bounds) {
		out = append(out, l[i])
	}
	return out
}

// sliceOffsets gives the offsets that a slice of n elements selects, in order.
func sliceOffsets(n int, bounds [3]*int) func(func(int) bool) {
	step := 1
	if bounds[2] != nil {
		step = *bounds[2]
	}
	lo, hi, first, last := 0, n, 0, n
	if step < 0 {
		lo, hi, first, last = n-1, -1, -1, n-1
	}
	clamp := func(p *int, otherwise int) int {
		if p == nil {
			return otherwise
		}
		i := *p
		if i < 0 {
			i = max(i+n, first)
		}
		return min(max(i, first), last)
	}
	lo, hi = clamp(bounds[0], lo), clamp(bounds[1], hi)
	return func(yield func(int) bool) {
		for i := lo; (step > 0 && i < hi || step < 0 && i > hi) && yield(i); i += step {
			if step > n || step < -n {
				return
			}
		}
	}
}
