package value

import "fmt"

// A Range is what range() returns; it cannot be stored.
type Range struct{ Start, Stop, Step int }

// Len returns how many numbers there are.
func (r *Range) Len() int {
	switch {
	case r.Step > 0 && r.Start < r.Stop:
		return int((uint64(r.Stop)-uint64(r.Start)-1)/uint64(r.Step)&(1<<63-1)) + 1
	case r.Step < 0 && r.Start > r.Stop:
		return int((uint64(r.Start)-uint64(r.Stop)-1)/uint64(-r.Step)&(1<<63-1)) + 1
	}
	return 0
}

// Item returns the number at an index, which may count from the end.
func (r *Range) Item(key Value) (Value, bool) {
	i, ok := Position(key, r.Len())
	if !ok {
		return nil, false
	}
	return r.Start + i*r.Step, true
}

func (r *Range) list(b *Budget) ([]Value, error) {
	n := r.Len()
	if n < 0 || n > MaxSteps || !b.Spend(n) {
		return nil, Errorf(LimitError, "the range has %d elements, which is too many", n)
	}
	out := make([]Value, n)
	for i := range out {
		out[i] = r.Start + i*r.Step
	}
	return out, nil
}

func (r *Range) String() string {
	if r.Step == 1 {
		return fmt.Sprintf("range(%d, %d)", r.Start, r.Stop)
	}
	return fmt.Sprintf("range(%d, %d, %d)", r.Start, r.Stop, r.Step)
}
