package value

import (
	"math"
	"strings"
)

// Arithmetic does + - * / // % ** on known values.
func (b *Budget) Arithmetic(op string, l, r Value) (Value, error) {
	if IsSecret(l) || IsSecret(r) {
		return b.secretArithmetic(op, l, r)
	}
	if IsNumber(l) && IsNumber(r) {
		return Numeric(op, l, r)
	}
	switch x := l.(type) {
	case string:
		if y, ok := r.(string); ok && op == "+" {
			return x + y, b.Write(len(x) + len(y))
		}
	case []Value:
		if y, ok := r.([]Value); ok && op == "+" {
			return append(append(make([]Value, 0, len(x)+len(y)), x...), y...), b.Count(len(x) + len(y))
		}
	case Tuple:
		if y, ok := r.(Tuple); ok && op == "+" {
			return append(append(make(Tuple, 0, len(x)+len(y)), x...), y...), b.Count(len(x) + len(y))
		}
	case Moment, Span:
		if v, ok := timeArithmetic(op, l, r); ok {
			return v, nil
		}
	}
	if op == "*" {
		if v, ok, err := b.repeat(l, r); ok {
			return v, err
		}
	}
	return nil, noArithmetic(op, l, r)
}

// secretArithmetic is Arithmetic where a side is a secret: so is the result. Of two
// texts that are joined, what may be seen stays so.
func (b *Budget) secretArithmetic(op string, l, r Value) (Value, error) {
	v, err := b.Arithmetic(op, Bare(l), Bare(r))
	if text, ok := v.(string); ok && op == "+" {
		return NewSecret(text, Text(l)+Text(r)), err
	}
	return MarkAll(v), err
}

func noArithmetic(op string, l, r Value) *Error {
	e := Errorf(TypeError, "'%s' does not go with '%s' and '%s'", op, TypeName(l), TypeName(r))
	_, lt := l.(string)
	_, rt := r.(string)
	switch {
	case op == "+" && (lt || rt):
		return e.WithHint("join texts with ~, or make a number with `| int`")
	case lt || rt:
		return e.WithHint("make a number of the text with `| int`")
	}
	return e
}

// repeat is text * number and list * number, either way round.
func (b *Budget) repeat(l, r Value) (v Value, ok bool, err error) {
	if IsInt(l) {
		l, r = r, l
	}
	n, isCount := ToInt(r)
	if !isCount {
		return nil, false, nil
	}
	n = max(n, 0)
	switch x := l.(type) {
	case string:
		if n > 0 && len(x) > 0 && n > MaxText/len(x) {
			return nil, true, b.Write(math.MaxInt32)
		}
		return strings.Repeat(x, n), true, b.Write(len(x) * n)
	case []Value:
		v, err := b.repeatList(x, n)
		return v, true, err
	case Tuple:
		v, err := b.repeatList(x, n)
		return Tuple(v), true, err
	}
	return nil, false, nil
}

func (b *Budget) repeatList(l []Value, n int) ([]Value, error) {
	if len(l) == 0 {
		return []Value{}, nil
	}
	if n > MaxSteps/len(l) || !b.Spend(len(l)*n) {
		b.Spend(MaxSteps)
		return nil, b.Err()
	}
	out := make([]Value, 0, len(l)*n)
	for range n {
		out = append(out, l...)
	}
	return out, nil
}
