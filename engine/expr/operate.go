package expr

import (
	"slices"
	"strings"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

func (st *state) evalUnary(n *syntax.Unary) (value.Value, error) {
	v, err := st.operand(n.Of)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(*value.Unknown); ok {
		return u, nil
	}
	r, err := value.Signed(n.Op, value.Bare(v))
	if value.IsSecret(v) {
		r = value.MarkAll(r)
	}
	return r, st.failAt(n.Pos, err)
}

func isUndefined(v value.Value) bool {
	_, ok := v.(*value.Undefined)
	return ok
}

func (st *state) evalBinary(n *syntax.Binary) (value.Value, error) {
	if err := st.step(); err != nil {
		return nil, st.failAt(n.Pos, err)
	}
	l, err := st.operand(n.L)
	if err != nil {
		return nil, err
	}
	r, err := st.eval(n.R)
	if err != nil {
		return nil, err
	}
	if s, ok := l.(string); ok && n.Op == "%" && !strings.Contains(s, "%") && isUndefined(r) {
		return s, nil // nothing is put into it
	}
	if r, err = st.usable(n.R, r); err != nil {
		return nil, err
	}
	if u, ok := l.(*value.Unknown); ok {
		return u, nil
	}
	if u, ok := r.(*value.Unknown); ok {
		return u, nil
	}
	if isMarkup(l) || isMarkup(r) {
		v, err := st.c.markupOperator(n.Op, l, r)
		return v, st.failAt(n.Pos, err)
	}
	v, err := st.c.operate(n.Op, l, r)
	return v, st.failAt(n.Pos, err)
}

// Markup returns text that is HTML already.
func (u *Call) Markup(s string) value.Value {
	if u.secret {
		return s
	}
	u.Context.markup = true
	return value.Markup(s)
}

// Autoescape reports whether the operation stands in a block of {% autoescape true %}.
func (u *Call) Autoescape() bool { return u.st.autoescape }

// withoutMarkup makes the arguments of an operation that knows nothing of Markup plain
// texts, once there is any in the evaluation. It reports whether the result of the
// operation is Markup because it works on one: then what is put into it is escaped.
func (st *state) withoutMarkup(op *Operation, in value.Value, g given) (value.Value, given, bool) {
	if !st.c.markup || op.How&(Raw|Keeps|Markups) != 0 && op.How&Escapes == 0 {
		return in, g, false
	}
	_, safe := in.(value.Markup)
	safe = safe && op.How&Escapes != 0
	if op.How&Keeps != 0 && !safe {
		return in, g, false
	}
	plain := value.WithoutMarkup
	if safe {
		plain = value.EscapedTexts
	}
	pos := make([]value.Value, len(g.pos))
	for i, v := range g.pos {
		pos[i] = plain(v)
	}
	var named *value.Map
	for k, v := range g.named.Stored() {
		if named == nil {
			named = &value.Map{}
		}
		named.Set(k, plain(v))
	}
	return value.WithoutMarkup(in), given{pos, named}, safe
}

// safely returns the text of a block or a macro: Markup where {% autoescape true %} holds.
func (st *state) safely(v value.Value) value.Value {
	if s, ok := v.(string); ok && st.autoescape {
		st.c.markup = true
		return value.Markup(s)
	}
	return v
}

// markupOperator does + * and % where one side is Markup.
func (c *Context) markupOperator(op string, l, r value.Value) (value.Value, error) {
	safe := true
	switch op {
	case "+":
		l, r = value.EscapedTexts(l), value.EscapedTexts(r)
	case "%":
		if _, safe = l.(value.Markup); safe {
			r = value.EscapedTexts(r)
		}
	}
	v, err := c.operate(op, value.WithoutMarkup(l), value.WithoutMarkup(r))
	if safe {
		v = value.AsMarkup(v)
	}
	return v, err
}

func isMarkup(v value.Value) bool {
	_, ok := v.(value.Markup)
	return ok
}

// concatEscaped is ~ inside {% autoescape true %}: where one part is Markup, the others
// are escaped.
func (st *state) concatEscaped(n *syntax.Concat) (value.Value, error) {
	parts := make([]value.Value, len(n.Parts))
	for i, x := range n.Parts {
		v, err := st.operand(x)
		if err != nil {
			return nil, err
		}
		parts[i] = v
	}
	if !slices.ContainsFunc(parts, isMarkup) {
		v, err := st.c.Join(parts, "")
		return v, st.failAt(n.Pos, err)
	}
	for i, v := range parts {
		if _, unknown := v.(*value.Unknown); !unknown && !value.HoldsSecret(v) {
			parts[i] = string(value.Escape(v))
		}
	}
	v, err := st.c.Join(parts, "")
	return value.AsMarkup(v), st.failAt(n.Pos, err)
}
