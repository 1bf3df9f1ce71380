package value

// Sliced returns v[lo:hi:step]; nil bounds are left out.
func (b *Budget) Sliced(of Value, bounds [3]*int) (Value, error) {
	if bounds[2] != nil && *bounds[2] == 0 {
		return nil, Errorf(TypeError, "a slice's step cannot be 0")
	}
	switch v := of.(type) {
	case Secret:
		part, err := b.Sliced(v.open, bounds)
		return Mark(part), err
	case Markup:
		part, err := b.Sliced(string(v), bounds)
		return AsMarkup(part), err
	case string:
		if err := b.Scan(v); err != nil {
			return nil, err
		}
		r := []rune(v)
		var out []rune
		for i := range sliceOffsets(len(r), bounds) {
			out = append(out, r[i])
		}
		return string(out), b.Write(len(out))
	case []Value:
		return pick(v, bounds), b.Count(len(v))
	case Tuple:
		return Tuple(pick(v, bounds)), b.Count(len(v))
	case *Range:
		l, err := b.Elements(v)
		return pick(l, bounds), err
	}
	return nil, Errorf(TypeError, "%s has no slices", Describe(of))
}

func pick(l []Value, bounds [3]*int) []Value {
	out := []Value{}
	for i := range sliceOffsets(len(l), bounds) {
		out = append(out, l[i])
	}
	return out
}

// sliceOffsets returns the offsets that a slice of n elements selects, in order.
func sliceOffsets(n int, bounds [3]*int) func(func(int) bool) {
	step := 1
	if bounds[2] != nil {
		step = *bounds[2]
	}
	lo, hi, first, last := 0, n, 0, n
	if step < 0 {
		lo, hi, first, last = n-1, -1, -1, n-1
	}
	clamp := func(p *int, otherwise int) int {
		if p == nil {
			return otherwise
		}
		i := *p
		if i < 0 {
			i = max(i+n, first)
		}
		return min(max(i, first), last)
	}
	lo, hi = clamp(bounds[0], lo), clamp(bounds[1], hi)
	return func(yield func(int) bool) {
		for i := lo; (step > 0 && i < hi || step < 0 && i > hi) && yield(i); i += step {
			if step > n || step < -n {
				return
			}
		}
	}
}
