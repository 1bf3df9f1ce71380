package engine

// An ArgError says that an error is about one argument of a task. The step that
// the task belongs to knows where that argument was written.
type ArgError struct {
	Path string // "details.plan", "msg[2]"
	Err  error
}

// About makes an ArgError; nil stays nil.
func About(path string, err error) error {
	if err == nil {
		return nil
	}
	return &ArgError{Path: path, Err: err}
}

func (e *ArgError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *ArgError) Unwrap() error { return e.Err }
