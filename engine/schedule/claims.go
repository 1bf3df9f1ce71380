package schedule

import (
	"slices"
	"strings"
)

// A Use is one resource that a worker uses.
type Use struct {
	// Path names it, with slashes. Who uses a path uses all below it; "" is everything.
	Path string
	// Read: it is only read, which others may do meanwhile.
	Read bool
}

// Claim says what the worker uses, and waits for the workers before it that use the
// same. Claims are made in the order of the list: it waits until the nodes before it
// have made theirs. Those after it wait until no more follow.
func (w *Worker) Claim(uses []Use, more bool) {
	w.lock()
	defer w.unlock()
	w.reach(allClaimed, w.node.Index, w.state)
	if w.previous != nil && w.parent != nil {
		w.awaitClaims(w.previous)
		w.previous = nil
	}
	earlier := w.node.list.resources.add(w, uses)
	if !more {
		w.noMoreClaims()
		w.node.list.advance()
	}
	for _, e := range earlier {
		w.awaitWorker(e)
	}
}

// NoMoreClaims says that the worker uses nothing but what it has claimed.
func (w *Worker) NoMoreClaims() {
	w.lock()
	defer w.unlock()
	w.noMoreClaims()
	w.node.list.advance()
}

func (w *Worker) noMoreClaims() {
	if !w.claims {
		return
	}
	w.claims = false
	w.node.unclaimed--
	if w.parent != nil {
		wakeAll(&w.waiters)
	}
}

// awaitClaims waits until an earlier item of the node has made its claims, and so
// have those before it.
func (w *Worker) awaitClaims(earlier *Worker) {
	for earlier.claims {
		earlier.waiters = append(earlier.waiters, w)
		w.wait(w.state)
	}
	if earlier.previous != nil { // it ended without claims
		w.awaitClaims(earlier.previous)
	}
}

// awaitWorker waits until an earlier worker has ended.
func (w *Worker) awaitWorker(earlier *Worker) {
	for !earlier.ended {
		w.begin() // as far as it can: those after it need not wait for what it waits for
		earlier.waiters = append(earlier.waiters, w)
		w.wait(w.state)
	}
}

// claims knows who uses a path, and what is below it.
type claims struct {
	used []claim // this very path
	sub  map[string]*claims
	size int // how many claims are here and below
	full int // from this size on, those that have ended are dropped
}

type claim struct {
	by   *Worker
	read bool
}

// add notes what a worker uses, and returns the workers that it must wait for.
func (c *claims) add(w *Worker, uses []Use) []*Worker {
	var earlier []*Worker
	for _, use := range uses {
		earlier = c.use(earlier, claim{w, use.Read}, use.Path)
	}
	if c.size > c.full {
		c.drop()
		c.full = 2*c.size + 64
	}
	return earlier
}

// use adds a claim to the path, and to `earlier` who has one above, there or below
// that does not go with it.
func (c *claims) use(earlier []*Worker, by claim, path string) []*Worker {
	c.size++
	if path == "" {
		earlier = c.all(earlier, by)
		c.used = append(c.used, by)
		return earlier
	}
	earlier = c.here(earlier, by)
	name, rest, _ := strings.Cut(path, "/")
	if c.sub == nil {
		c.sub = map[string]*claims{}
	}
	if c.sub[name] == nil {
		c.sub[name] = &claims{}
	}
	return c.sub[name].use(earlier, by, rest)
}

func (c *claims) here(earlier []*Worker, by claim) []*Worker {
	for _, u := range c.used {
		if u.by != by.by && u.by != by.by.parent && !u.by.ended && !(u.read && by.read) {
			earlier = append(earlier, u.by)
		}
	}
	return earlier
}

func (c *claims) all(earlier []*Worker, by claim) []*Worker {
	earlier = c.here(earlier, by)
	for _, sub := range c.sub {
		earlier = sub.all(earlier, by)
	}
	return earlier
}

// drop forgets the claims of workers that have ended.
func (c *claims) drop() {
	c.used = slices.DeleteFunc(c.used, func(u claim) bool { return u.by.ended })
	c.size = len(c.used)
	for name, sub := range c.sub {
		if sub.drop(); sub.size == 0 {
			delete(c.sub, name)
		}
		c.size += sub.size
	}
}

// Shared returns the edges between nodes that use the same resource, of resources that
// are known beforehand: each node's to the last ones before it.
func Shared(uses [][]Use) []Edge {
	var edges []Edge
	known := &claims{}
	number := map[*Worker]int{}
	for i, list := range uses {
		w := &Worker{}
		number[w] = i
		for _, use := range list {
			seen := map[*Worker]bool{}
			for _, earlier := range known.use(nil, claim{w, use.Read}, use.Path) {
				if !seen[earlier] {
					edges = append(edges, Edge{From: i, To: number[earlier], Reason: Resource, On: use.Path})
				}
				seen[earlier] = true
			}
		}
	}
	return edges
}
