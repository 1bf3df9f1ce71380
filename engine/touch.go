package engine

import (
	"strings"
	"sync"
)

// A touchIndex knows, for every path, who touched it or something below it last.
type touchIndex struct {
	mu   sync.Mutex
	root touchNode
}

// A toucher is one who touched something: closed when that has ended.
type toucher chan struct{}

type touchNode struct {
	last  toucher   // the last one that touched this very path
	below []toucher // those since then that touched something below it
	sub   map[string]*touchNode
}

// add notes that t touches the paths, and gives those that it must wait for.
func (x *touchIndex) add(t toucher, paths []string) []toucher {
	x.mu.Lock()
	defer x.mu.Unlock()
	var earlier []toucher
	for _, path := range paths {
		earlier = append(earlier, x.root.add(t, strings.Split(path, "/"))...)
	}
	return earlier
}

func (n *touchNode) add(t toucher, path []string) []toucher {
	var earlier []toucher
	for _, part := range path {
		n.below = append(n.below, t)
		if n.sub == nil {
			n.sub = map[string]*touchNode{}
		}
		next := n.sub[part]
		if next == nil {
			next = &touchNode{}
			n.sub[part] = next
		}
		n = next
		if n.last != nil && n.last != t {
			earlier = append(earlier, n.last)
		}
	}
	for _, b := range n.below {
		if b != t {
			earlier = append(earlier, b)
		}
	}
	n.last, n.below = t, nil
	n.sub = nil // whoever waits for t waits for all that were below
	return earlier
}
