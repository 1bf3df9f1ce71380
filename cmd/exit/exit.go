// Package exit holds the exit codes of runner, and errors that carry one. It
// knows no command.
package exit

import (
	"errors"
	"fmt"

	"runner/diagnostic"
)

// The exit codes. Users' scripts rely on them; [Codes] says what they mean.
const (
	Done        = 0
	Usage       = 1
	Failed      = 2
	ToDo        = 3
	Playbook    = 4
	Credentials = 5
	Locked      = 6
	Interrupted = 130
)

// A CodeDoc says what an exit code means.
type CodeDoc struct {
	Code    int
	Meaning string
}

// Codes lists the exit codes.
func Codes() []CodeDoc {
	return []CodeDoc{
		{Done, "done"},
		{Usage, "wrong usage, a wrong vault password, or a fault of `runner`"},
		{Failed, "a task failed, or `--timeout` passed"},
		{ToDo, "`--check --detailed-exitcode`: there is something to do"},
		{Playbook, "the playbook is wrong or missing; nothing was touched"},
		{Credentials, "credentials missing or refused"},
		{Locked, "another run holds the lock"},
		{Interrupted, "interrupted; what was under way was finished"},
	}
}

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
