package engine

import (
	"slices"
	"sync"

	"runner/engine/expr/value"
)

// Pending holds what is read of registered results when it is used, by the objects of
// which it is a part.
//
// A result holds what there was when its task ended, whoever reads it when. So whoever
// changes an object, or notes in a check that it would, reads first what is pending of
// it: tasks below see what they would have seen had they read it in time, though the
// object is another one now, or gone.
type Pending struct {
	mu sync.Mutex
	of map[string][]*value.Later
}

// add notes what of a result is read when it is used.
func (p *Pending) add(result Value) {
	for l := range value.Laters(result) {
		p.mu.Lock()
		if p.of == nil {
			p.of = map[string][]*value.Later{}
		}
		if list := p.of[l.Object()]; !slices.Contains(list, l) {
			p.of[l.Object()] = append(list, l)
		}
		p.mu.Unlock()
	}
}

// Read reads what is pending of an object, as given to [Host.Later]. A nil Pending holds
// nothing.
func (p *Pending) Read(object string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	list := p.of[object]
	delete(p.of, object)
	p.mu.Unlock()
	var reading sync.WaitGroup
	for _, l := range list {
		reading.Go(l.Fix)
	}
	reading.Wait()
}
