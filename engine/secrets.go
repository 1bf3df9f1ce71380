package engine

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Masked stands where a secret stood.
const Masked = "********"

// shortest is the length in bytes from which a secret is masked by value:
// shorter ones would blot out innocent text.
const shortest = 5

// Secrets are values that must not leave the process. Safe for concurrent use;
// the zero value is ready.
type Secrets struct {
	mu       sync.RWMutex
	known    map[string]bool
	replacer *strings.Replacer // made anew when something was added
}

// Add notes values. Each line of a value of several lines counts too.
func (s *Secrets) Add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		s.add(v)
		if strings.Contains(v, "\n") {
			for line := range strings.Lines(v) {
				s.add(strings.TrimSpace(line))
			}
		}
	}
}

func (s *Secrets) add(v string) {
	if len(v) < shortest || s.known[v] {
		return
	}
	if s.known == nil {
		s.known = map[string]bool{}
	}
	s.known[v] = true
	s.replacer = nil
}

// Mask replaces every known secret in a text, longest first.
func (s *Secrets) Mask(text string) string {
	if s == nil {
		return text
	}
	s.mu.RLock()
	r, n := s.replacer, len(s.known)
	s.mu.RUnlock()
	if n == 0 {
		return text
	}
	if r == nil {
		r = s.rebuild()
	}
	return r.Replace(text)
}

func (s *Secrets) rebuild() *strings.Replacer {
	s.mu.Lock()
	defer s.mu.Unlock()
	words := make([]string, 0, len(s.known))
	for w := range s.known {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	pairs := make([]string, 0, 2*len(words))
	for _, w := range words {
		pairs = append(pairs, w, Masked)
	}
	s.replacer = strings.NewReplacer(pairs...)
	return s.replacer
}
