package expr

import (
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
