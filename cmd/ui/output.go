package ui

import "io"

// An Output is a stream that keeps the first error of writing: what is printed line by
// line need not look at each.
type Output struct {
	io.Writer
	err error
}

// Write writes, and keeps the error.
func (w *Output) Write(text []byte) (int, error) {
	n, err := w.Writer.Write(text)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// Err returns the first error; nil: there was none.
func (w *Output) Err() error { return w.err }

// Unwrap returns what is written to, for who asks whether it is a terminal.
func (w *Output) Unwrap() io.Writer { return w.Writer }
