package engine

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// Masked stands where a secret stood.
const Masked = diagnostic.Masked

// shortest is the length in bytes from which a secret is masked by value:
// shorter ones would blot out innocent text.
const shortest = 5

// Secrets are texts that must not leave the process, and are looked for in what
// does: the second line, behind the marks of values (value.Secret), for what other
// programs and errors repeat. They are found as they are and in the forms in which
// programs write them: base64, URLs, JSON, shell, YAML, XML, hexadecimal, upper and lower
// case. Safe for concurrent use; the zero value is ready. Adding one costs the same
// however many there are, and so does each byte that is looked through for them.
type Secrets struct {
	mu    sync.RWMutex
	added map[string]bool
	known map[beginning][]string // the longest first
}

// A beginning is the first bytes of a secret, by which it is found.
type beginning [shortest]byte

// Add notes values. Each line of a value of several lines counts too.
func (s *Secrets) Add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		s.addForms(v)
		if strings.Contains(v, "\n") {
			for line := range strings.Lines(v) {
				s.addForms(strings.TrimSpace(line))
			}
		}
	}
}

// AddMarked notes the secrets in values that are about to leave the language: what
// takes them may repeat them. Words and numbers that anything could be are left to their
// marks: looking for "admin" would blot out innocent text.
func (s *Secrets) AddMarked(values ...Value) {
	for _, text := range value.SecretTexts(values) {
		if !ordinary(text) {
			s.Add(text)
		}
	}
}

// AddNamed notes the value of a variable whose name says secret, or that is an address
// with a password.
func (s *Secrets) AddNamed(name, text string) {
	_, passwords := value.WithoutPasswords(text)
	switch {
	case value.SecretName(name):
		s.Add(text)
	case passwords != nil:
		s.Add(append(passwords, text)...)
	}
}

// ordinary reports whether a text is one word of small letters, or a short number or
// version.
func ordinary(text string) bool {
	return len(text) < 12 && (strings.Trim(text, "abcdefghijklmnopqrstuvwxyz-_") == "" || strings.Trim(text, "0123456789.") == "")
}

func (s *Secrets) addForms(v string) {
	if len(v) < shortest || s.added[v] {
		return
	}
	if s.added == nil {
		s.added = map[string]bool{}
	}
	s.added[v] = true
	s.add(v)
	for _, form := range encodedForms(v) {
		s.add(form)
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

// none reports whether no secret is known.
func (s *Secrets) none() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.known) == 0
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
