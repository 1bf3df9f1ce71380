package expr

import "math/big"

// finish makes of an expression's value one that can leave the evaluation: all
// lazies evaluated, tuples lists, moments text, Omit left out of lists and maps.
func (c *Context) finish(v Value) (Value, error) {
	v, err := c.finishPart(v)
	if err != nil {
		return nil, err
	}
	return v, c.tooMuch()
}

func (c *Context) finishPart(v Value) (Value, error) {
	switch v := v.(type) {
	case nil, bool, int, *big.Int, float64, string, *Unknown, omit:
		return v, nil
	case []Value:
		return c.finishList(v)
	case Tuple:
		return c.finishList(v)
	case *Map:
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
	case *Undefined:
		if v.lenient {
			return nil, &Error{Class: TypeError, Place: v.Place, hint: "write else and the other value",
				Msg: "the inline if has no else, and its condition is false"}
		}
		return nil, undefinedError(v)
	case moment, span:
		return Text(v), nil
	case *sequence:
		return nil, fail(TypeError, "a value of type 'range' cannot be stored").withHint("add `| list`")
	}
	return nil, fail(TypeError, "a value of type '%s' cannot be stored", TypeName(v)).withHint("call it with ()")
}

// plain reports whether finishing v would give v itself.
func (c *Context) plain(v Value) bool {
	if !c.spend(1) {
		return false
	}
	switch v := v.(type) {
	case nil, bool, int, *big.Int, float64, string, *Unknown:
		return true
	case []Value:
		for _, e := range v {
			if !c.plain(e) {
				return false
			}
		}
		return true
	case *Map:
		for k, e := range v.All() {
			if _, tuple := k.(Tuple); tuple || !c.plain(e) {
				return false
			}
		}
		return true
	}
	return false
}

func (c *Context) finishList(l []Value) (Value, error) {
	if c.plain(l) {
		return l, nil
	}
	out := make([]Value, 0, len(l))
	for _, e := range l {
		f, err := c.finish(e)
		if err != nil {
			return nil, err
		}
		if f != Omit {
			out = append(out, f)
		}
	}
	return out, nil
}

func (c *Context) finishMap(m *Map) (Value, error) {
	if c.plain(m) {
		return m, nil
	}
	out := &Map{}
	for k, e := range m.All() {
		f, err := c.finish(e)
		if err != nil {
			return nil, err
		}
		if f == Omit {
			continue
		}
		switch k.(type) {
		case nil, bool, int, *big.Int, float64, string:
		default:
			k = Text(k)
		}
		out.Set(k, f)
	}
	return out, nil
}

// Eval evaluates a whole node, every part of it. Entries and items that are Omit
// are left out.
func (n *Node) Eval(c *Context) (Value, error) {
	switch {
	case n == nil:
		return nil, nil
	case n.Shape == Sequence:
		out := make([]Value, 0, len(n.Items))
		for _, item := range n.Items {
			v, err := item.Eval(c)
			if err != nil {
				return nil, err
			}
			if v != Omit {
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

func (n *Node) evalMapping(c *Context) (Value, error) {
	m := &Map{}
	for _, e := range n.Entries {
		k, err := e.Key.Eval(c)
		if err != nil {
			return nil, err
		}
		if u, ok := k.(*Unknown); ok {
			return u, nil
		}
		if !hashable(k) {
			err := fail(TypeError, "%s cannot be a key", described(k))
			err.Place = e.Key.Place
			return nil, err
		}
		v, err := e.Value.Eval(c)
		if err != nil {
			return nil, err
		}
		if v != Omit {
			m.Set(k, v)
		}
	}
	return m, nil
}

// Refs gives the names that all templates in n mention.
func (n *Node) Refs() []Ref {
	if n == nil {
		return nil
	}
	var refs []Ref
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
