package engine

import (
	"errors"
	"strings"

	"runner/diagnostic"
)

// Mistakes are what is wrong with several arguments of one task, reported at once
// and each at its own place; the zero value is ready.
type Mistakes []error

// Add notes an error about an argument, which is named as in ArgError; nil is
// passed over.
func (m *Mistakes) Add(path string, err error) {
	if err != nil {
		*m = append(*m, About(path, err))
	}
}

// Err returns them as one error; nil where there are none.
func (m Mistakes) Err() error {
	switch len(m) {
	case 0:
		return nil
	case 1:
		return m[0]
	}
	return m
}

// Error says of each what to do about it.
func (m Mistakes) Error() string {
	var all []string
	for _, err := range m {
		text := err.Error()
		if h, ok := errors.AsType[diagnostic.Hinted](err); ok && h.Hint() != "" {
			text += " (" + h.Hint() + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// Hint is empty: each has its own.
func (Mistakes) Hint() string { return "" }

// Detail is empty, as Hint is.
func (Mistakes) Detail() string { return "" }

// Unwrap returns all.
func (m Mistakes) Unwrap() []error { return m }
