package expr

import (
	"slices"
	"strings"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/suggest"
)

// load reads the template of a name, or the first there is of a list of names. The
// host lends it: its lookup `template`, asked for the source, returns text and path.
func (st *state) load(x syntax.Expression) (*Template, error) {
	v, err := st.operand(x)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(*value.Unknown); ok {
		return nil, &value.UnknownError{Unknown: u}
	}
	names := []value.Value{v}
	if l, ok := v.([]value.Value); ok {
		names = l
	}
	lent := st.c.Lookups["template"]
	var missing error = value.Errorf(value.IncludeError, "no other template can be read here")
	for _, name := range names {
		if lent == nil {
			break
		}
		var found []value.Value
		if found, missing = lent(st.c, []value.Value{value.Bare(name)}, value.MapOf("source", true)); missing != nil || len(found) != 2 {
			continue
		}
		text, path := value.OpenText(found[0]), value.OpenText(found[1])
		t, err := ParseFile(st.t.lib, strings.TrimSuffix(text, "\n"), syntax.Places(path, text), syntax.Defaults())
		t.secret = value.IsSecret(found[0])
		return t, err
	}
	err = unrevealing("include", &value.Error{Class: value.IncludeError, Msg: missing.Error(), Err: missing}, names...)
	return nil, st.failAt(syntax.Pos(x.At()), err)
}

// whole runs the statements of a template, and then those of the template that it
// extends, if it does.
func (st *state) whole(out *output) error {
	if st.c.calls++; st.c.calls > maxCalls {
		return value.Errorf(value.LimitError, "templates include each other more than %d deep", maxCalls)
	}
	defer func() { st.c.calls-- }()
	st.top()
	st.outer = st.local
	for name, b := range st.t.tree.Blocks {
		if st.blocks == nil {
			st.blocks = map[string][]override{}
		}
		st.blocks[name] = append(st.blocks[name], override{b, st.t})
	}
	if len(st.blocks) > 0 {
		st.local.set("self", &blocks{st, st.outer})
	}
	for _, s := range st.t.tree.Body {
		if st.parent != nil {
			out = &output{} // what a child has outside of blocks is not shown
		}
		if err := st.exec(s, out); err != nil {
			return err
		}
	}
	return nil
}

// inherit runs whole, and goes on with the parents.
func (st *state) inherit(out *output) error {
	for at := st; ; {
		own := &output{}
		if err := at.whole(own); err != nil {
			return err
		}
		if at.parent == nil {
			out.parts = append(out.parts, own.parts...)
			return nil
		}
		at = &state{c: st.c, t: at.parent, local: &frame{outer: at.local}, blocks: at.blocks}
	}
}

// An override is a block with the template in which it stands.
type override struct {
	block *syntax.Block
	t     *Template
}

func (st *state) execExtends(s *syntax.Extends) error {
	if st.parent != nil {
		return st.failAt(s.Pos, value.Errorf(value.IncludeError, "a template extends one other, not two"))
	}
	t, err := st.load(s.Name)
	st.parent = t
	return err
}

func (st *state) execBlock(s *syntax.Block, out *output) error {
	if st.parent != nil {
		return nil
	}
	chain := st.blocks[s.Name]
	if len(chain) == 0 {
		return st.block(s.Body, out)
	}
	local := st.outer
	if s.Scoped {
		local = st.local
	}
	return st.runBlock(chain, local, out)
}

// runBlock runs the first of the blocks of one name; super() runs the next.
func (st *state) runBlock(chain []override, local *frame, out *output) error {
	if chain[0].block.Required {
		return st.failAt(chain[0].block.Pos, value.Errorf(value.IncludeError, "the block '%s' has to be filled", chain[0].block.Name))
	}
	inner := &state{c: st.c, t: chain[0].t, local: &frame{outer: local}, outer: local, blocks: st.blocks}
	inner.local.set("super", &native{"super", func([]value.Value) (value.Value, error) {
		if len(chain) < 2 {
			return nil, value.Errorf(value.UndefinedError, "there is no parent block named '%s'", chain[0].block.Name)
		}
		return inner.blockText(chain[1:], local)
	}})
	inner.local.set("self", &blocks{inner, local})
	return inner.block(chain[0].block.Body, out)
}

func (st *state) blockText(chain []override, local *frame) (value.Value, error) {
	out := &output{}
	if err := st.runBlock(chain, local, out); err != nil {
		return nil, err
	}
	out.parts = append(out.parts, "", "")
	return st.gather(out)
}

// blocks is `self`: every block as a function.
type blocks struct {
	st    *state
	local *frame
}

func (*blocks) TypeName() string { return "TemplateReference" }

func (b *blocks) attr(name string) (value.Value, bool) {
	chain := b.st.blocks[name]
	if len(chain) == 0 {
		return nil, false
	}
	return &native{name, func([]value.Value) (value.Value, error) { return b.st.blockText(chain, b.local) }}, true
}

func (st *state) execInclude(s *syntax.Include, out *output) error {
	t, err := st.load(s.Name)
	if e, ok := err.(*value.Error); ok && e.Class == value.IncludeError && s.IgnoreMissing {
		return nil
	}
	if err != nil {
		return err
	}
	return st.broughtIn(t, !s.WithoutContext).rendered(out)
}

// broughtIn returns the state of another template, which sees the names of this one and
// variables, or neither.
func (st *state) broughtIn(t *Template, context bool) *state {
	f := &frame{alone: !context}
	if context {
		f.outer = st.local
	}
	return &state{c: st.c, t: t, local: f}
}

// rendered runs the template of st, whatever it is, and adds its text.
func (st *state) rendered(out *output) error {
	if st.t.err != nil {
		return st.t.err
	}
	if st.t.tree.Body == nil {
		out.parts = append(out.parts, st.t.tree.Text)
		return st.c.Write(len(st.t.tree.Text))
	}
	return st.inherit(out)
}

func (st *state) execImport(s *syntax.Import) error {
	t, err := st.load(s.Name)
	if err != nil {
		return err
	}
	inner := st.broughtIn(t, s.WithContext)
	if err := inner.rendered(&output{}); err != nil {
		return err
	}
	st.top()
	exported := &value.Map{}
	for i, name := range inner.local.names {
		if !strings.HasPrefix(name, "_") {
			exported.Set(name, inner.local.values[i])
		}
	}
	if s.As != "" {
		st.local.set(s.As, &namespace{exported})
	}
	for _, n := range s.Names {
		v, ok := exported.Get(n[0])
		if !ok {
			v = &value.Undefined{Name: n[0], Place: st.t.tree.Place(s.At()), Hint: "the imported template has no '" + n[0] + "'"}
		}
		st.local.set(n[1], v)
	}
	return nil
}

// execAutoescape runs a block of {% autoescape %}. Ansible escapes nothing of what it
// prints, whatever the block says; ~, join, set blocks and macros know it.
func (st *state) execAutoescape(s *syntax.Autoescape, out *output) error {
	on, u, err := st.truth(s.Value)
	if err != nil {
		return err
	}
	if u != nil {
		return &value.UnknownError{Unknown: u}
	}
	before := st.autoescape
	st.autoescape = on
	defer func() { st.autoescape = before }()
	return st.block(s.Body, out)
}

func (st *state) execCallBlock(s *syntax.CallBlock, out *output) error {
	fn, err := st.eval(s.Call.Fn)
	if err != nil {
		return err
	}
	g, err := st.arguments(s.Call.Args)
	if err != nil {
		return err
	}
	if g.named == nil {
		g.named = &value.Map{}
	}
	st.top()
	g.named.Set("caller", &closure{s.Caller, st.t, st.local})
	v, err := st.call(s.Call.Fn, fn, g)
	if err == nil {
		out.parts = append(out.parts, v)
	}
	return st.failAt(s.Pos, err)
}

// expand calls a macro.
func (st *state) expand(fn *closure, g given) (value.Value, error) {
	m := fn.m
	if st.c.calls++; st.c.calls > maxCalls {
		return nil, value.Errorf(value.LimitError, "macros call each other more than %d deep", maxCalls)
	}
	defer func() { st.c.calls-- }()
	inner := &state{c: st.c, t: fn.t, local: &frame{outer: fn.local}, blocks: st.blocks, outer: st.outer, autoescape: st.autoescape}
	rest := g.named.Clone()
	for i, p := range m.Params {
		v, err := inner.parameter(m, i, g, rest)
		if err != nil {
			return nil, err
		}
		inner.local.set(p, v)
	}
	if err := inner.surplus(m, g, rest); err != nil {
		return nil, err
	}
	v, err := inner.captured(m.Body)
	return st.safely(v), err
}

// surplus binds what a macro is given beyond its parameters, or refuses it.
func (st *state) surplus(m *syntax.Macro, g given, named *value.Map) error {
	if caller, ok := named.Get("caller"); m.Caller && !slices.Contains(m.Params, "caller") {
		if !ok {
			caller = &value.Undefined{Name: "caller", Place: st.t.tree.Place(m.At()), Hint: "macro '" + m.Name + "' was called without a block"}
		}
		st.local.set("caller", caller)
		named = withoutKey(named, "caller")
	}
	more := value.Tuple{}
	if len(g.pos) > len(m.Params) {
		more = g.pos[len(m.Params):]
	}
	if m.Varargs {
		st.local.set("varargs", more)
	} else if len(more) > 0 {
		return value.Errorf(value.TypeError, "macro '%s' takes at most %d arguments, but %d are given", m.Name, len(m.Params), len(g.pos))
	}
	if m.Kwargs {
		st.local.set("kwargs", named)
		return nil
	}
	for k := range named.All() {
		return value.Errorf(value.TypeError, "macro '%s' has no parameter '%s'", m.Name, value.Text(k)).WithHint(suggest.DidYouMean(value.Text(k), m.Params))
	}
	return nil
}

func withoutKey(m *value.Map, key string) *value.Map {
	out := &value.Map{}
	for k, v := range m.All() {
		if k != key {
			out.Set(k, v)
		}
	}
	return out
}

func (st *state) parameter(m *syntax.Macro, i int, g given, rest *value.Map) (value.Value, error) {
	if i < len(g.pos) {
		return g.pos[i], nil
	}
	if v, ok := rest.Get(m.Params[i]); ok {
		*rest = *withoutKey(rest, m.Params[i])
		return v, nil
	}
	if m.Defaults[i] != nil {
		return st.eval(m.Defaults[i])
	}
	return &value.Undefined{Name: m.Params[i], Place: st.t.tree.Place(m.At()),
		Hint: "macro '" + m.Name + "' was called without '" + m.Params[i] + "'"}, nil
}

// attr returns what .name is of a macro.
func (fn *closure) attr(name string) (value.Value, bool) {
	switch name {
	case "name":
		return fn.m.Name, true
	case "arguments":
		l := value.Tuple{}
		for _, p := range fn.m.Params {
			l = append(l, p)
		}
		return l, true
	case "catch_varargs":
		return fn.m.Varargs, true
	case "catch_kwargs":
		return fn.m.Kwargs, true
	case "caller":
		return fn.m.Caller, true
	}
	return nil, false
}
