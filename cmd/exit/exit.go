// Package exit holds the exit codes of runner, and errors that carry one. It
// knows no command.
package exit

import (
	"errors"
	"fmt"

	"runner/diagnostic"
)

// The exit codes. Users' scripts rely on them.
const (
	Done        = 0
	Usage       = 1 // wrong usage, or a fault of runner
	Failed      = 2 // a task failed
	ToDo        = 3 // --check --detailed-exitcode: there is something to do
	Playbook    = 4 // the playbook is wrong or missing
	Credentials = 5 // missing or refused
	Locked      = 6 // another run holds the lock
	Interrupted = 130
)

// An Error ends the program with a code. Its error, if any, is still to be
// printed; nil: everything was printed already.
type Error struct {
	Code int
	Err  error
	// Printed are the problems that were printed already, for reports.
	Printed []*diagnostic.Problem
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit %d", e.Code)
	}
	return e.Err.Error()
}

// Unwrap returns the error that is still to be printed.
func (e *Error) Unwrap() error { return e.Err }

// Code returns the exit code of an error: that of an [Error], Usage of any
// other, Done of nil.
func Code(err error) int {
	if err == nil {
		return Done
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Usage
}
