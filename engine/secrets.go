package engine

import (
	"cmp"
	"hash/maphash"
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
// however many there are, and so does each byte that is looked through for them. Of each
// form a hash of 64 bits is kept, not the text: an add-on's variables have dozens.
type Secrets struct {
	mu      sync.RWMutex
	seed    maphash.Seed
	added   map[uint64]struct{}
	forms   map[uint64]struct{}
	lengths map[beginning]*lengths // of the forms that begin so
	none    lengths                // those of no form
}

// A beginning is the first bytes of a form, by which it is found.
type beginning [shortest]byte

// lengths are a set of lengths. All that hold the same ones, put in in the same order, are one.
type lengths struct {
	longestFirst []int
	with         map[int]*lengths // the same and one more
}

// and returns the set with one more length.
func (l *lengths) and(n int) *lengths {
	if slices.Contains(l.longestFirst, n) {
		return l
	}
	if l.with == nil {
		l.with = map[int]*lengths{}
	}
	if l.with[n] == nil {
		longer := append(slices.Clone(l.longestFirst), n)
		slices.SortFunc(longer, func(a, b int) int { return cmp.Compare(b, a) })
		l.with[n] = &lengths{longestFirst: longer}
	}
	return l.with[n]
}

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
	if len(v) < shortest {
		return
	}
	if s.forms == nil {
		s.seed = maphash.MakeSeed()
		s.added, s.forms, s.lengths = map[uint64]struct{}{}, map[uint64]struct{}{}, map[beginning]*lengths{}
	}
	hash := maphash.String(s.seed, v)
	if _, known := s.added[hash]; known {
		return
	}
	s.added[hash] = struct{}{}
	s.add(v)
	for _, form := range encodedForms(v) {
		s.add(form)
	}
}

func (s *Secrets) add(form string) {
	if len(form) < shortest {
		return
	}
	hash := maphash.String(s.seed, form)
	if _, known := s.forms[hash]; known {
		return
	}
	s.forms[hash] = struct{}{}
	key := beginning([]byte(form[:shortest]))
	known := s.lengths[key]
	if known == nil {
		known = &s.none
	}
	s.lengths[key] = known.and(len(form))
}

// empty reports whether no secret is known.
func (s *Secrets) empty() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.forms) == 0
}

// Mask replaces every known secret in a text: from left to right, and the longest
// one where several begin.
func (s *Secrets) Mask(text string) string {
	if s == nil {
		return text
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.forms) == 0 {
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
	known := s.lengths[beginning([]byte(text[:shortest]))]
	if known == nil {
		return 0
	}
	for _, n := range known.longestFirst {
		if n > len(text) {
			continue
		}
		if _, ok := s.forms[maphash.String(s.seed, text[:n])]; ok {
			return n
		}
	}
	return 0
}
