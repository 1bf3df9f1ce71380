package engine

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"runner/diagnostic"
)

// Masked stands where a secret stood.
const Masked = diagnostic.Masked

// shortest is the length in bytes from which a secret is masked by value:
// shorter ones would blot out innocent text.
const shortest = 5

// Secrets are values that must not leave the process. Safe for concurrent use;
// the zero value is ready. Adding one costs the same however many there are, and
// so does each byte that is looked through for them.
type Secrets struct {
	mu    sync.RWMutex
	known map[beginning][]string // the longest first
}

// A beginning is the first bytes of a secret, by which it is found.
type beginning [shortest]byte

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
	if len(v) < shortest {
		return
	}
	key := beginning([]byte(v[:shortest]))
	at, known := slices.BinarySearchFunc(s.known[key], v, longestFirst)
	if known {
		return
	}
	if s.known == nil {
		s.known = map[beginning][]string{}
	}
	s.known[key] = slices.Insert(s.known[key], at, v)
}

func longestFirst(a, b string) int {
	return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
}

// Mask replaces every known secret in a text: from left to right, and the longest
// one where several begin.
func (s *Secrets) Mask(text string) string {
	if s == nil {
		return text
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.known) == 0 {
		return text
	}
	var masked strings.Builder
	from := 0 // what stands before it is in masked
	for i := 0; i+shortest <= len(text); {
		n := s.begins(text[i:])
		if n == 0 {
			i++
			continue
		}
		masked.WriteString(text[from:i])
		masked.WriteString(Masked)
		i += n
		from = i
	}
	if from == 0 {
		return text
	}
	masked.WriteString(text[from:])
	return masked.String()
}

// begins returns the length of the longest secret that a text begins with, 0 for none.
func (s *Secrets) begins(text string) int {
	for _, v := range s.known[beginning([]byte(text[:shortest]))] {
		if strings.HasPrefix(text, v) {
			return len(v)
		}
	}
	return 0
}
