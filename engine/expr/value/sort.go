package value

import "slices"

// SortedBy sorts items by keys, stably; it stops at what has no order.
func (b *Budget) SortedBy(items, keys []Value, reverse bool) ([]Value, error) {
	at := make([]int, len(items))
	for i := range at {
		at[i] = i
	}
	var mistake error
	slices.SortStableFunc(at, func(i, j int) int {
		if mistake != nil {
			return 0
		}
		if !b.Spend(1) {
			mistake = b.Err()
		}
		o, ok := b.Order(keys[i], keys[j])
		if !ok {
			mistake = Unordered("<", keys[i], keys[j])
		}
		if o == incomparable {
			return 0
		}
		if reverse {
			return -o
		}
		return o
	})
	out := make([]Value, len(items))
	for i, j := range at {
		out[i] = items[j]
	}
	return out, mistake
}
