package history

import (
	"maps"
	"slices"
	"sync"
)

// UnderWay holds the changes that are under way, so that a process that ends at
// once can name them. The zero value is ready.
type UnderWay struct {
	mu   sync.Mutex
	last int
	up   map[int]Change
}

// begin notes a change and returns its number.
func (u *UnderWay) begin(d Change) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.up == nil {
		u.up = map[int]Change{}
	}
	u.last++
	u.up[u.last] = d
	return u.last
}

func (u *UnderWay) end(number int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.up, number)
}

// All returns the changes under way, in the order in which they began.
func (u *UnderWay) All() []Change {
	u.mu.Lock()
	defer u.mu.Unlock()
	var list []Change
	for _, number := range slices.Sorted(maps.Keys(u.up)) {
		list = append(list, u.up[number])
	}
	return list
}
