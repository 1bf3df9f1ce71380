package tasks

import (
	"errors"
	"strings"

	"runner/engine"
)

// mistakes are what is wrong with several arguments of one task, told at once, at
// the place of the first.
type mistakes []error

// add notes an error about an argument; nil is passed over.
func (m *mistakes) add(path string, err error) {
	if err != nil {
		*m = append(*m, engine.About(path, err))
	}
}

// err gives them as one error; nil where there are none.
func (m mistakes) err() error {
	switch len(m) {
	case 0:
		return nil
	case 1:
		return m[0]
	}
	return m
}

// Error tells each with what to do about it.
func (m mistakes) Error() string {
	var all []string
	for _, err := range m {
		text := err.Error()
		if h, ok := errors.AsType[engine.Hinted](err); ok && h.Hint() != "" {
			text += " (" + h.Hint() + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// Hint is empty: each has its own.
func (mistakes) Hint() string { return "" }

// Detail gives the details of all.
func (m mistakes) Detail() string {
	var all []string
	for _, err := range m {
		if h, ok := errors.AsType[engine.Hinted](err); ok && h.Detail() != "" {
			all = append(all, h.Detail())
		}
	}
	return strings.Join(all, "; ")
}

// Unwrap gives all.
func (m mistakes) Unwrap() []error { return m }
