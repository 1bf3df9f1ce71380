package expr

import (
	"math/big"
	"slices"
	"strings"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// Finish makes of an expression's value one that can leave the evaluation: all
// lazies evaluated, tuples lists, Omit left out of lists and maps.
func (c *Context) Finish(v value.Value) (value.Value, error) {
	v, err := c.finishPart(v)
	if err != nil {
		return nil, err
	}
	return v, c.Err()
}

func (c *Context) finishPart(v value.Value) (value.Value, error) {
	switch v := v.(type) {
	case nil, bool, int, *big.Int, float64, string, value.Moment, value.Date, *value.Unknown, *value.Later, value.Omitted:
		return v, nil
	case value.Markup:
		return string(v), nil
	case value.Secret:
		if _, span := value.Bare(v).(value.Span); span {
			return c.finishPart(value.Bare(v))
		}
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
	case value.Span:
		return nil, value.Errorf(value.TypeError, "a value of type 'timedelta' cannot be stored").WithHint("use its .days or .total_seconds(), or add `| string`")
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
	case nil, bool, int, *big.Int, float64, string, value.Moment, value.Date, *value.Unknown, *value.Later:
		return true
	case value.Secret:
		_, span := value.Bare(v).(value.Span)
		return !span
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
		f, err := c.finishElement(e)
		if err != nil {
			return nil, err
		}
		if f != value.Omit {
			out = append(out, f)
		}
	}
	return out, nil
}

// finishElement finishes what stands in a list or a map: what is undefined there is shown in
// its place where that is asked for.
func (c *Context) finishElement(v value.Value) (value.Value, error) {
	f, err := c.Finish(v)
	if e, ok := err.(*value.Error); ok && c.ShowErrors && e.Class == value.UndefinedError {
		return c.showError(f, err)
	}
	return f, err
}

func (c *Context) finishMap(m *value.Map) (value.Value, error) {
	if c.plain(m) {
		return m, nil
	}
	out := &value.Map{}
	for k, e := range m.Stored() {
		f, err := c.finishElement(e)
		if err != nil {
			return nil, err
		}
		if f == value.Omit {
			continue
		}
		switch k.(type) {
		case nil, bool, int, *big.Int, float64, string, value.Moment, value.Date, value.Secret:
		default:
			k = storedKey(k)
		}
		out.Set(k, f)
	}
	return out, nil
}

// storedKey makes text of a key that is a tuple.
func storedKey(k value.Value) value.Value {
	if value.HoldsSecret(k) {
		return value.NewSecret(value.OpenText(k), value.Text(k))
	}
	return value.Text(k)
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
		v, err := n.Tmpl.Eval(c)
		return n.marked(v), err
	}
	return n.marked(n.Value), nil
}

// marked returns the value of a scalar, marked if that is a secret.
func (n *Node) marked(v value.Value) value.Value {
	if n.Secret {
		return value.Mark(v)
	}
	return v
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

// TextOf returns a value as text, within the bounds, marked if anything in it is a
// secret; an Undefined is an error, and what holds an Unknown has no text yet.
func (c *Context) TextOf(v value.Value) (text value.Value, unknown *value.Unknown, err error) {
	switch of := v.(type) {
	case string:
		return v, nil, nil
	case nil, bool, int, float64:
		return value.Text(v), nil, nil
	case *value.Undefined:
		if of.Lenient {
			return "", nil, nil
		}
	}
	if v, err = c.Force(v); err != nil {
		return nil, nil, err
	}
	unknown, secret, err := c.Survey(v)
	if unknown != nil || err != nil {
		return nil, unknown, err
	}
	s := boundedText(value.Open(v))
	if len(s) > value.MaxText {
		return nil, nil, c.Write(len(s))
	}
	if secret {
		return value.NewSecret(s, boundedText(v)), nil, nil
	}
	return s, nil, nil
}

// boundedText is Text, which goes little beyond the bound of texts.
func boundedText(v value.Value) string {
	switch v.(type) {
	case []value.Value, value.Tuple, *value.Map:
		return value.Repr(v)
	}
	return value.Text(v)
}

// Join writes the elements of a list one after the other.
func (c *Context) Join(l []value.Value, sep string) (value.Value, error) {
	j := joining{c: c, texts: make([]string, 0, len(l)), sep: sep}
	for _, v := range l {
		if err := j.add(v); err != nil {
			return nil, err
		}
	}
	return j.end()
}

// A joining makes one text of several values. The text is a secret if one of them
// is, and then shows what may be seen.
type joining struct {
	c       *Context
	sep     string
	texts   []string
	shown   []string // nil: all of it
	size    int
	unknown *value.Unknown // the first
}

// add adds a value, of which an Undefined is an error.
func (j *joining) add(v value.Value) error {
	if s, ok := v.(string); ok && j.shown == nil {
		j.texts, j.size = append(j.texts, s), j.size+len(s)+len(j.sep)
		return nil
	}
	text, unknown, err := j.c.TextOf(v)
	if err != nil {
		return err
	}
	if unknown != nil && j.unknown == nil {
		j.unknown = unknown
	}
	s, plain := text.(string)
	if !plain && unknown == nil {
		s, _ = value.Bare(text).(string)
		if j.shown == nil {
			j.shown = slices.Clone(j.texts)
		}
	}
	if j.shown != nil {
		j.shown = append(j.shown, value.Text(text))
	}
	j.texts = append(j.texts, s)
	j.size += len(s) + len(j.sep)
	return nil
}

// end returns the text, or the Unknown that it waits for.
func (j *joining) end() (value.Value, error) {
	if j.unknown != nil {
		return j.unknown, nil
	}
	if err := j.c.Write(j.size); err != nil {
		return nil, err
	}
	text := strings.Join(j.texts, j.sep)
	if j.shown != nil {
		return value.NewSecret(text, strings.Join(j.shown, j.sep)), nil
	}
	return text, nil
}
