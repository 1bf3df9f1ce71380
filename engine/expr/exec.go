package expr

import (
	"fmt"
	"strings"

	"runner/engine/expr/value"
)

// An output gathers what a template renders, part by part.
type output struct{ parts []value.Value }

// block runs statements one after the other.
func (st *state) block(body []statement, out *output) error {
	for _, s := range body {
		if err := s.exec(st, out); err != nil {
			return err
		}
	}
	return nil
}

// gather makes one value of what was rendered: nothing gives none, one part its
// own value, several give text, in which none is empty.
func (st *state) gather(out *output) (value.Value, error) {
	switch len(out.parts) {
	case 0:
		return nil, nil
	case 1:
		return out.parts[0], nil
	}
	texts := make([]string, len(out.parts))
	size := 0
	var unknown *value.Unknown
	for i, v := range out.parts {
		if v == nil || v == value.Omit {
			continue
		}
		s, u, err := st.c.textOf(v)
		if err != nil {
			return nil, err
		}
		if unknown == nil {
			unknown = u
		}
		texts[i] = s
		size += len(s)
	}
	if unknown != nil {
		return unknown, nil
	}
	if err := st.c.Write(size); err != nil {
		return nil, err
	}
	return joinTexts(texts, size), nil
}

func joinTexts(texts []string, size int) string {
	var b strings.Builder
	b.Grow(size)
	for _, s := range texts {
		b.WriteString(s)
	}
	return b.String()
}

// captured runs statements and gives what they render.
func (st *state) captured(body []statement) (value.Value, error) {
	out := &output{}
	if err := st.block(body, out); err != nil {
		return nil, err
	}
	return st.gather(out)
}

func (s text) exec(st *state, out *output) error {
	out.parts = append(out.parts, string(s))
	return st.c.Write(len(s))
}

func (s *printing) exec(st *state, out *output) error {
	v, err := s.value.eval(st)
	if l, ok := v.(*lazy); ok && err == nil {
		if v, err = st.c.force(l); err != nil {
			err = st.failAt(pos(s.value.at()), err)
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
		_, _, err = c.textOf(v)
	}
	if _, unknown := err.(*value.UnknownError); unknown || err == nil {
		return v, err
	}
	c.shown++
	return fmt.Sprintf("<< error %d - %s >>", c.shown, err), nil
}

func (s *choice) exec(st *state, out *output) error {
	for i, test := range s.tests {
		t, u, err := st.truth(test)
		if err != nil {
			return err
		}
		if u != nil {
			return &value.UnknownError{Unknown: u}
		}
		if t {
			return st.block(s.bodies[i], out)
		}
	}
	if len(s.bodies) > len(s.tests) {
		return st.block(s.bodies[len(s.tests)], out)
	}
	return nil
}

// assign binds a target; scope is the frame for plain names.
func (st *state) assign(t *target, v value.Value) error {
	switch {
	case t.parts != nil:
		return st.unpack(t, v)
	case t.attr == "":
		st.local.set(t.name, v)
		return nil
	}
	p := st.local.find(t.name)
	if p != nil {
		if ns, ok := (*p).(*namespace); ok {
			ns.values.Set(t.attr, v)
			return nil
		}
	}
	return st.failAt(t.pos, value.Errorf(value.TypeError, "'%s' is no namespace, so it has no attributes to set", t.name).
		WithHint("make it with {% set "+t.name+" = namespace() %}"))
}

func (st *state) unpack(t *target, v value.Value) error {
	vs, err := st.c.Elements(v)
	if err != nil {
		return st.failAt(t.pos, err)
	}
	if len(vs) != len(t.parts) {
		return st.failAt(t.pos, value.Errorf(value.TypeError, "%d names are to be set, but there are %d values", len(t.parts), len(vs)))
	}
	for i, p := range t.parts {
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

func (s *setting) exec(st *state, _ *output) error {
	v, err := s.value.eval(st)
	if err != nil {
		return err
	}
	st.top()
	return st.assign(s.target, v)
}

// top makes the outermost frame when a template first binds a name.
func (st *state) top() {
	if st.local == nil {
		st.local = &frame{}
	}
}

func (s *capture) exec(st *state, _ *output) error {
	v, err := st.captured(s.body)
	if err != nil {
		return err
	}
	if v == nil {
		v = ""
	}
	if s.filter != nil {
		if v, err = st.filterOver(s.filter, v); err != nil {
			return err
		}
	}
	st.top()
	return st.assign(s.target, v)
}

func (s *filtered) exec(st *state, out *output) error {
	v, err := st.captured(s.body)
	if err != nil {
		return err
	}
	if v == nil {
		v = ""
	}
	if v, err = st.filterOver(s.filter, v); err != nil {
		return err
	}
	out.parts = append(out.parts, v)
	return nil
}

// filterOver applies a chain of filters whose innermost operand is missing to v.
func (st *state) filterOver(f *filtering, v value.Value) (value.Value, error) {
	if inner, ok := f.of.(*filtering); ok {
		var err error
		if v, err = st.filterOver(inner, v); err != nil {
			return nil, err
		}
	}
	return f.apply(st, v)
}

func (s *with) exec(st *state, out *output) error {
	return st.inFrame(func() error {
		for i, t := range s.targets {
			v, err := s.values[i].eval(st)
			if err != nil {
				return err
			}
			if err := st.assign(t, v); err != nil {
				return err
			}
		}
		return st.block(s.body, out)
	})
}

func (s *macro) exec(st *state, _ *output) error {
	st.top()
	st.local.set(s.name, &closure{s, st.t, st.local})
	return nil
}
