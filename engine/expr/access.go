package expr

import (
	"fmt"
	"math/big"
	"strings"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

func (st *state) evalAttribute(n *syntax.Attribute) (value.Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.Pos, err)
	}
	of, err := st.eval(n.Of)
	if err != nil {
		return nil, err
	}
	switch v := of.(type) {
	case *value.Unknown, *value.Undefined:
		return of, nil
	case *value.Map:
		if st.t.lib.methods["dict"][n.Name] == nil {
			if e, ok := v.Get(n.Key); ok {
				return e, nil
			}
		}
	}
	if m := st.t.lib.methods[methodsOf(of)][n.Name]; m != nil {
		return &bound{of, m}, nil
	}
	v, ok, err := st.attr(of, n.Name)
	if ok || err != nil {
		return v, st.failAt(n.Pos, err)
	}
	if strings.HasPrefix(n.Name, "__") {
		return nil, st.failAt(n.Pos, value.Errorf(value.UnsafeError, "the attribute '%s' is not for templates", n.Name))
	}
	return st.missing(written(n), n.At(), of, n.Name), nil
}

// methodsOf names the methods that a value has; a lazy's are its shape's.
func methodsOf(v value.Value) string {
	switch v := v.(type) {
	case *lazy:
		return value.TypeName(v)
	case value.Secret:
		return methodsOf(value.Bare(v))
	case string, value.Markup:
		return "str"
	case *value.Map:
		return "dict"
	case []value.Value, value.Tuple:
		return "list"
	case int, bool, *big.Int:
		return "int"
	case float64:
		return "float"
	case value.Moment:
		return "datetime"
	case value.Date:
		return "date"
	case value.Span:
		return "timedelta"
	case *loopVar:
		return "loop"
	}
	return ""
}

// attr returns what .name is of a value, methods aside.
func (st *state) attr(of value.Value, name string) (value.Value, bool, error) {
	switch v := of.(type) {
	case *value.Map:
		e, ok := v.Get(name)
		return e, ok, nil
	case *lazy:
		if v.node.Shape == Mapping {
			return v.get(st.c, name)
		}
	case value.Secret:
		e, ok, err := st.attr(value.Bare(v), name)
		return value.MarkAll(e), ok, err
	case allVars:
		return st.c.Lookup(name)
	case object:
		e, ok := v.attr(name)
		return e, ok, nil
	case int, bool, float64, *big.Int:
		e, ok := numberAttr(v, name)
		return e, ok, nil
	case value.Tuple:
		e, ok := pairAttr(v, name)
		return e, ok, nil
	case value.Moment:
		e, ok := v.Attr(name)
		return e, ok, nil
	case value.Date:
		e, ok := v.Attr(name)
		return e, ok, nil
	case value.Span:
		e, ok := v.Attr(name)
		return e, ok, nil
	}
	return nil, false, nil
}

// missing makes the Undefined of an attribute or index that is not there.
func (st *state) missing(name string, at int, of, key value.Value) *value.Undefined {
	u := &value.Undefined{Name: name, Place: st.t.tree.Place(at)}
	switch v := of.(type) {
	case *value.Map:
		u.Names = v.TextKeys
	case *lazy:
		u.Names = v.textKeys
	}
	u.Hint = fmt.Sprintf("object of type '%s' has no attribute %s", value.TypeName(of), value.Repr(key))
	return u
}

func (l *lazy) textKeys() []string {
	var names []string
	for _, e := range l.node.Entries {
		names = append(names, e.Key.Text)
	}
	return names
}

// written returns an expression as it was written, if it is a path: result.env.PORT.
func written(x syntax.Expression) string {
	switch x := x.(type) {
	case *syntax.Name:
		return x.Name
	case *syntax.Attribute:
		return written(x.Of) + "." + x.Name
	case *syntax.Index:
		if k, ok := x.Key.(*syntax.Constant); ok {
			return written(x.Of) + "[" + value.Repr(k.Value) + "]"
		}
		return written(x.Of) + "[…]"
	}
	return "(…)"
}

func (st *state) evalIndex(n *syntax.Index) (value.Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.Pos, err)
	}
	of, err := st.eval(n.Of)
	if err != nil {
		return nil, err
	}
	switch of.(type) {
	case *value.Unknown, *value.Undefined:
		return of, nil
	}
	if s, ok := n.Key.(*syntax.Slice); ok {
		return st.sliced(s, of)
	}
	key, err := st.operand(n.Key)
	if err != nil {
		return nil, err
	}
	if u, ok := key.(*value.Unknown); ok {
		return u, nil
	}
	if err := st.c.Scan(of); err != nil {
		return nil, st.failAt(n.Pos, err)
	}
	v, ok, err := st.item(of, key)
	if ok || err != nil {
		return v, st.failAt(n.Pos, err)
	}
	if s, isText := key.(string); isText {
		if m := st.t.lib.methods[methodsOf(of)][s]; m != nil {
			return &bound{of, m}, nil
		}
	}
	return st.missing(written(n), n.At(), of, key), nil
}

// item returns of[key]; ok is false if there is none.
func (st *state) item(of, key value.Value) (v value.Value, ok bool, err error) {
	key = value.Bare(key)
	switch c := of.(type) {
	case value.Secret:
		v, ok, err = st.item(value.Bare(c), key)
		return value.MarkAll(v), ok, err
	case *value.Map:
		if !value.Hashable(key) {
			return nil, false, value.Errorf(value.TypeError, "%s cannot be a key", value.Describe(key))
		}
		v, ok = c.Get(key)
		return v, ok, nil
	case []value.Value:
		v, ok = value.ItemAt(c, key)
		return v, ok, nil
	case value.Tuple:
		if v, ok = value.ItemAt(c, key); ok {
			return v, ok, nil
		}
		if name, isText := key.(string); isText {
			v, ok = pairAttr(c, name)
		}
		return v, ok, nil
	case string:
		v, ok = value.CharAt(c, key)
		return v, ok, nil
	case value.Markup:
		v, ok = value.CharAt(string(c), key)
		return value.AsMarkup(v), ok, nil
	case *value.Range:
		v, ok = c.Item(key)
		return v, ok, nil
	case *lazy:
		return st.lazyItem(c, key)
	case object, allVars, value.Moment, value.Date, value.Span:
		if s, isText := key.(string); isText {
			return st.attr(of, s)
		}
	}
	return nil, false, nil
}

func (st *state) lazyItem(l *lazy, key value.Value) (value.Value, bool, error) {
	if l.node.Shape == Mapping {
		return l.get(st.c, key)
	}
	i, ok := value.Position(key, len(l.node.Items))
	if !ok {
		return nil, false, nil
	}
	v, err := st.c.Resolve(l.name, l.node.Items[i])
	return v, err == nil, err
}

// of applies the slice to a list or a text.
func (st *state) sliced(n *syntax.Slice, of value.Value) (value.Value, error) {
	var bounds [3]*int
	for i, x := range []syntax.Expression{n.Lo, n.Hi, n.Step} {
		if x == nil {
			continue
		}
		v, err := st.operand(x)
		if err != nil {
			return nil, err
		}
		switch v := value.Bare(v).(type) {
		case nil:
		case *value.Unknown:
			return v, nil
		case int:
			bounds[i] = &v
		default:
			return nil, st.failAt(syntax.Pos(x.At()), value.Errorf(value.TypeError, "a slice is made of whole numbers, not of %s", value.Describe(v)))
		}
	}
	of, err := st.c.Force(of)
	if err == nil {
		of, err = st.c.Sliced(of, bounds)
	}
	return of, st.failAt(n.Pos, err)
}
