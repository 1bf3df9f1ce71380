package expr

import (
	"fmt"
	"slices"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// An output gathers what a template renders, part by part.
type output struct{ parts []value.Value }

// block runs statements one after the other.
func (st *state) block(body []syntax.Statement, out *output) error {
	for _, s := range body {
		if err := st.exec(s, out); err != nil {
			return err
		}
	}
	return nil
}

func (st *state) exec(s syntax.Statement, out *output) error {
	switch s := s.(type) {
	case syntax.Text:
		return st.execText(s, out)
	case *syntax.Print:
		return st.execPrinting(s, out)
	case *syntax.If:
		return st.execChoice(s, out)
	case *syntax.For:
		return st.execLoop(s, out)
	case *syntax.Set:
		return st.execSetting(s)
	case *syntax.Capture:
		return st.execCapture(s)
	case *syntax.FilterBlock:
		return st.execFiltered(s, out)
	case *syntax.With:
		return st.execWith(s, out)
	case *syntax.Macro:
		return st.execMacro(s)
	case *syntax.CallBlock:
		return st.execCallBlock(s, out)
	case *syntax.Include:
		return st.execInclude(s, out)
	case *syntax.Import:
		return st.execImport(s)
	case *syntax.Block:
		return st.execBlock(s, out)
	case *syntax.Extends:
		return st.execExtends(s)
	case *syntax.Autoescape:
		return st.execAutoescape(s, out)
	}
	return nil
}

// gather makes one value of what was rendered, null aside: nothing comes to null, one
// part to its own value, several to text.
func (st *state) gather(out *output) (value.Value, error) {
	out.parts = slices.DeleteFunc(out.parts, func(v value.Value) bool { return v == nil })
	switch len(out.parts) {
	case 0:
		return nil, nil
	case 1:
		return out.parts[0], nil
	}
	j := joining{c: st.c, texts: make([]string, 0, len(out.parts))}
	for _, v := range out.parts {
		if v == value.Omit {
			continue
		}
		if err := j.add(asLists(v)); err != nil {
			return nil, err
		}
	}
	return j.end()
}

// asLists makes lists of the tuples in a value: what is printed is what would be stored.
func asLists(v value.Value) value.Value {
	switch v := v.(type) {
	case value.Tuple:
		return asLists([]value.Value(v))
	case []value.Value:
		out := make([]value.Value, len(v))
		for i, e := range v {
			out[i] = asLists(e)
		}
		return out
	case *value.Map:
		out := &value.Map{}
		for k, e := range v.All() {
			out.Set(k, asLists(e))
		}
		return out
	}
	return v
}

// captured runs statements and gives what they render.
func (st *state) captured(body []syntax.Statement) (value.Value, error) {
	out := &output{}
	if err := st.block(body, out); err != nil {
		return nil, err
	}
	return st.gather(out)
}

func (st *state) execText(s syntax.Text, out *output) error {
	var text value.Value = string(s)
	if st.t.secret {
		text = value.Mark(text)
	}
	out.parts = append(out.parts, text)
	return st.c.Write(len(s))
}

func (st *state) execPrinting(s *syntax.Print, out *output) error {
	v, err := st.eval(s.Value)
	if l, ok := v.(*lazy); ok && err == nil {
		if v, err = st.c.Force(l); err != nil {
			err = st.failAt(syntax.Pos(s.Value.At()), err)
		}
	}
	if st.c.ShowErrors {
		v, err = st.c.showError(v, err)
	}
	if err == nil {
		out.parts = append(out.parts, v)
	}
	return err
}

// showError makes text of an error, or of what would be one.
func (c *Context) showError(v value.Value, err error) (value.Value, error) {
	if _, ok := v.(*value.Undefined); ok && err == nil {
		_, _, err = c.TextOf(v)
	}
	if _, unknown := err.(*value.UnknownError); unknown || err == nil {
		return v, err
	}
	c.shown++
	return fmt.Sprintf("<< error %d - %s >>", c.shown, err), nil
}

func (st *state) execChoice(s *syntax.If, out *output) error {
	for i, test := range s.Tests {
		t, u, err := st.truth(test)
		if err != nil {
			return err
		}
		if u != nil {
			return &value.UnknownError{Unknown: u}
		}
		if t {
			return st.block(s.Bodies[i], out)
		}
	}
	if len(s.Bodies) > len(s.Tests) {
		return st.block(s.Bodies[len(s.Tests)], out)
	}
	return nil
}

// assign binds a target; scope is the frame for plain names.
func (st *state) assign(t *syntax.Target, v value.Value) error {
	switch {
	case t.Parts != nil:
		return st.unpack(t, v)
	case t.Attr == "":
		st.local.set(t.Name, v)
		return nil
	}
	p := st.local.find(t.Name)
	if p != nil {
		if ns, ok := (*p).(*namespace); ok {
			ns.values.Set(t.Attr, v)
			return nil
		}
	}
	return st.failAt(t.Pos, value.Errorf(value.TypeError, "'%s' is no namespace, so it has no attributes to set", t.Name).
		WithHint("make it with {% set "+t.Name+" = namespace() %}"))
}

func (st *state) unpack(t *syntax.Target, v value.Value) error {
	vs, err := st.c.Elements(v)
	if err != nil {
		return st.failAt(t.Pos, err)
	}
	if len(vs) != len(t.Parts) {
		return st.failAt(t.Pos, value.Errorf(value.TypeError, "%d names are to be set, but there are %d values", len(t.Parts), len(vs)))
	}
	for i, p := range t.Parts {
		if err := st.assign(p, vs[i]); err != nil {
			return err
		}
	}
	return nil
}

// inFrame runs f with a new frame for names.
func (st *state) inFrame(f func() error) error {
	outer := st.local
	st.local = &frame{outer: outer}
	defer func() { st.local = outer }()
	return f()
}

func (st *state) execSetting(s *syntax.Set) error {
	v, err := st.eval(s.Value)
	if err != nil {
		return err
	}
	st.top()
	return st.assign(s.Target, v)
}

// top makes the outermost frame when a template first binds a name.
func (st *state) top() {
	if st.local == nil {
		st.local = &frame{}
	}
}

func (st *state) execCapture(s *syntax.Capture) error {
	v, err := st.captured(s.Body)
	if err != nil {
		return err
	}
	if v == nil {
		v = ""
	}
	v = st.safely(v)
	if s.Filter != nil {
		if v, err = st.filterOver(s.Filter, v); err != nil {
			return err
		}
	}
	st.top()
	return st.assign(s.Target, v)
}

func (st *state) execFiltered(s *syntax.FilterBlock, out *output) error {
	v, err := st.captured(s.Body)
	if err != nil {
		return err
	}
	if v == nil {
		v = ""
	}
	v = st.safely(v)
	if v, err = st.filterOver(s.Filter, v); err != nil {
		return err
	}
	out.parts = append(out.parts, v)
	return nil
}

// filterOver applies a chain of filters whose innermost operand is missing to v.
func (st *state) filterOver(f *syntax.Filter, v value.Value) (value.Value, error) {
	if inner, ok := f.Of.(*syntax.Filter); ok {
		var err error
		if v, err = st.filterOver(inner, v); err != nil {
			return nil, err
		}
	}
	return st.applyFilter(f, v)
}

// execWith evaluates all values before it binds the first name.
func (st *state) execWith(s *syntax.With, out *output) error {
	values := make([]value.Value, len(s.Values))
	for i, x := range s.Values {
		v, err := st.eval(x)
		if err != nil {
			return err
		}
		values[i] = v
	}
	return st.inFrame(func() error {
		for i, t := range s.Targets {
			if err := st.assign(t, values[i]); err != nil {
				return err
			}
		}
		return st.block(s.Body, out)
	})
}

func (st *state) execMacro(s *syntax.Macro) error {
	st.top()
	st.local.set(s.Name, &closure{s, st.t, st.local})
	return nil
}
