package expr

import (
	"math"
	"strings"
)

// arithmetic does + - * / // % ** on known values.
func (c *Context) arithmetic(op string, l, r Value) (Value, error) {
	if isNumber(l) && isNumber(r) {
		return numeric(op, l, r)
	}
	switch x := l.(type) {
	case string:
		switch op {
		case "+":
			if y, ok := r.(string); ok {
				return x + y, c.write(len(x) + len(y))
			}
		case "%":
			return c.percent(x, r)
		}
	case []Value:
		if y, ok := r.([]Value); ok && op == "+" {
			return append(append(make([]Value, 0, len(x)+len(y)), x...), y...), c.spent(len(x) + len(y))
		}
	case Tuple:
		if y, ok := r.(Tuple); ok && op == "+" {
			return append(append(make(Tuple, 0, len(x)+len(y)), x...), y...), c.spent(len(x) + len(y))
		}
	case moment, span:
		if v, ok := timeArithmetic(op, l, r); ok {
			return v, nil
		}
	}
	if op == "*" {
		if v, ok, err := c.repeat(l, r); ok {
			return v, err
		}
	}
	return nil, noArithmetic(op, l, r)
}

func noArithmetic(op string, l, r Value) *Error {
	e := fail(TypeError, "'%s' does not go with '%s' and '%s'", op, TypeName(l), TypeName(r))
	_, lt := l.(string)
	_, rt := r.(string)
	switch {
	case op == "+" && (lt || rt):
		return e.withHint("join texts with ~, or make a number with `| int`")
	case lt || rt:
		return e.withHint("make a number of the text with `| int`")
	}
	return e
}

// repeat is text * number and list * number, either way round.
func (c *Context) repeat(l, r Value) (v Value, ok bool, err error) {
	if isInt(l) {
		l, r = r, l
	}
	n, isCount := toInt(r)
	if !isCount {
		return nil, false, nil
	}
	n = max(n, 0)
	switch x := l.(type) {
	case string:
		if n > 0 && len(x) > 0 && n > maxText/len(x) {
			return nil, true, c.write(math.MaxInt32)
		}
		return strings.Repeat(x, n), true, c.write(len(x) * n)
	case []Value:
		v, err := c.repeatList(x, n)
		return v, true, err
	case Tuple:
		v, err := c.repeatList(x, n)
		return Tuple(v), true, err
	}
	return nil, false, nil
}

func (c *Context) repeatList(l []Value, n int) ([]Value, error) {
	if len(l) == 0 {
		return []Value{}, nil
	}
	if n > maxSteps/len(l) || !c.spend(len(l)*n) {
		c.spend(maxSteps)
		return nil, c.tooMuch()
	}
	out := make([]Value, 0, len(l)*n)
	for range n {
		out = append(out, l...)
	}
	return out, nil
}
