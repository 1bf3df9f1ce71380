package cmd

import (
	"maps"
	"slices"
	"sync"
)

// flights are the changes under way, for whoever has to say what was cut off. The
// zero value is ready.
type flights struct {
	mu   sync.Mutex
	last int
	up   map[int]deed
}

// take notes a change and gives its number.
func (f *flights) take(d deed) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.up == nil {
		f.up = map[int]deed{}
	}
	f.last++
	f.up[f.last] = d
	return f.last
}

func (f *flights) land(number int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.up, number)
}

// all gives what is under way, in the order in which it began.
func (f *flights) all() []deed {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []deed
	for _, number := range slices.Sorted(maps.Keys(f.up)) {
		list = append(list, f.up[number])
	}
	return list
}

// underWay returns the changes under way as text.
func (p *Program) underWay() []string {
	var all []string
	for _, d := range p.flights.all() {
		all = append(all, d.String())
	}
	return all
}
