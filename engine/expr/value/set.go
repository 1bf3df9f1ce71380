package value

import "slices"

// A Set finds values that are equal.
type Set struct {
	B     *Budget
	keyed map[any]bool
	other []Value // what cannot be a key
}

// Has reports whether v is in the set.
func (s *Set) Has(v Value) bool {
	if Hashable(v) {
		return s.keyed[Hash(v)]
	}
	return slices.ContainsFunc(s.other, func(o Value) bool { return s.B.Spend(1) && s.B.Equal(o, v) })
}

// Add reports whether v is new.
func (s *Set) Add(v Value) bool {
	if s.Has(v) {
		return false
	}
	if !Hashable(v) {
		s.other = append(s.other, v)
		return true
	}
	if s.keyed == nil {
		s.keyed = map[any]bool{}
	}
	s.keyed[Hash(v)] = true
	return true
}

// SetOf returns the elements of a container as a set and as a list.
func (b *Budget) SetOf(v Value) (*Set, []Value, error) {
	l, err := b.Elements(v)
	if err != nil {
		return nil, nil, err
	}
	s := &Set{B: b}
	for _, e := range l {
		s.Add(e)
	}
	return s, l, b.Count(len(l))
}
