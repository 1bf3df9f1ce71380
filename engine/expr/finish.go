package expr

import (
	"math/big"
	"strings"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// Finish makes of an expression's value one that can leave the evaluation: all
// lazies evaluated, tuples lists, moments text, Omit left out of lists and maps.
func (c *Context) Finish(v value.Value) (value.Value, error) {
	v, err := c.finishPart(v)
	if err != nil {
		return nil, err
	}
	return v, c.Err()
}

func (c *Context) finishPart(v value.Value) (value.Value, error) {
	switch v := v.(type) {
	case nil, bool, int, *big.Int, float64, string, *value.Unknown, *value.Later, value.Omitted:
		return v, nil
	case []value.Value:
		return c.finishList(v)
	case value.Tuple:
		return c.finishList(v)
	case *value.Map:
		return c.finishMap(v)
	case *lazy:
		leave, err := c.enter(v)
		if err != nil {
			return nil, err
		}
		defer leave()
		f, err := c.shallow(v)
		if err != nil {
			return nil, err
		}
		return c.finishPart(f)
	case *value.Undefined:
		if v.Lenient {
			return nil, (&value.Error{Class: value.TypeError, Place: v.Place, Msg: "the inline if has no else, and its condition is false"}).
				WithHint("write else and the other value")
		}
		return nil, v.Err()
	case value.Moment, value.Span:
		return value.Text(v), nil
	case *value.Range:
		return nil, value.Errorf(value.TypeError, "a value of type 'range' cannot be stored").WithHint("add `| list`")
	}
	return nil, value.Errorf(value.TypeError, "a value of type '%s' cannot be stored", value.TypeName(v)).WithHint("call it with ()")
}

// plain reports whether finishing v would give v itself.
func (c *Context) plain(v value.Value) bool {
	if !c.Spend(1) {
		return false
	}
	switch v := v.(type) {
	case nil, bool, int, *big.Int, float64, string, *value.Unknown, *value.Later:
		return true
	case []value.Value:
		for _, e := range v {
			if !c.plain(e) {
				return false
			}
		}
		return true
	case *value.Map:
		for k, e := range v.Stored() {
			if _, tuple := k.(value.Tuple); tuple || !c.plain(e) {
				return false
			}
		}
		return true
	}
	return false
}

func (c *Context) finishList(l []value.Value) (value.Value, error) {
	if c.plain(l) {
		return l, nil
	}
	out := make([]value.Value, 0, len(l))
	for _, e := range l {
		f, err := c.Finish(e)
		if err != nil {
			return nil, err
		}
		if f != value.Omit {
			out = append(out, f)
		}
	}
	return out, nil
}

func (c *Context) finishMap(m *value.Map) (value.Value, error) {
	if c.plain(m) {
		return m, nil
	}
	out := &value.Map{}
	for k, e := range m.Stored() {
		f, err := c.Finish(e)
		if err != nil {
			return nil, err
		}
		if f == value.Omit {
			continue
		}
		switch k.(type) {
		case nil, bool, int, *big.Int, float64, string:
		default:
			k = value.Text(k)
		}
		out.Set(k, f)
	}
	return out, nil
}

// Eval evaluates a whole node, every part of it. Entries and items that are Omit
// are left out.
func (n *Node) Eval(c *Context) (value.Value, error) {
	switch {
	case n == nil:
		return nil, nil
	case n.Shape == Sequence:
		out := make([]value.Value, 0, len(n.Items))
		for _, item := range n.Items {
			v, err := item.Eval(c)
			if err != nil {
				return nil, err
			}
			if v != value.Omit {
				out = append(out, v)
			}
		}
		return out, nil
	case n.Shape == Mapping:
		return n.evalMapping(c)
	case n.Tmpl != nil:
		return n.Tmpl.Eval(c)
	}
	return n.Value, nil
}

func (n *Node) evalMapping(c *Context) (value.Value, error) {
	m := &value.Map{}
	for _, e := range n.Entries {
		k, err := e.Key.Eval(c)
		if err != nil {
			return nil, err
		}
		if u, ok := k.(*value.Unknown); ok {
			return u, nil
		}
		if !value.Hashable(k) {
			err := value.Errorf(value.TypeError, "%s cannot be a key", value.Describe(k))
			err.Place = e.Key.Place
			return nil, err
		}
		v, err := e.Value.Eval(c)
		if err != nil {
			return nil, err
		}
		if v != value.Omit {
			m.Set(k, v)
		}
	}
	return m, nil
}

// Refs returns the names that all templates in n mention.
func (n *Node) Refs() []syntax.Ref {
	if n == nil {
		return nil
	}
	var refs []syntax.Ref
	if n.Tmpl != nil {
		refs = append(refs, n.Tmpl.Refs()...)
	}
	for _, item := range n.Items {
		refs = append(refs, item.Refs()...)
	}
	for _, e := range n.Entries {
		refs = append(append(refs, e.Key.Refs()...), e.Value.Refs()...)
	}
	return refs
}

// TextOf returns a value as text, within the bounds; an Undefined is an error, and
// what holds an Unknown has no text yet.
func (c *Context) TextOf(v value.Value) (string, *value.Unknown, error) {
	switch v := v.(type) {
	case string:
		return v, nil, nil
	case nil, bool, int, float64:
		return value.Text(v), nil, nil
	case *value.Undefined:
		if v.Lenient {
			return "", nil, nil
		}
	}
	v, err := c.Force(v)
	if err != nil {
		return "", nil, err
	}
	if u, err := c.Usable(v); u != nil || err != nil {
		return "", u, err
	}
	switch v.(type) {
	case []value.Value, value.Tuple, *value.Map:
		s := value.Repr(v)
		if len(s) > value.MaxText {
			return "", nil, c.Write(len(s))
		}
		return s, nil, nil
	}
	return value.Text(v), nil, nil
}

// Join writes the elements of a list one after the other.
func (c *Context) Join(l []value.Value, sep string) (value.Value, error) {
	texts, size := make([]string, len(l)), 0
	for i, v := range l {
		s, unknown, err := c.TextOf(v)
		if unknown != nil || err != nil {
			return OrUnknown(unknown), err
		}
		texts[i] = s
		size += len(s) + len(sep)
	}
	if err := c.Write(size); err != nil {
		return nil, err
	}
	return strings.Join(texts, sep), nil
}
