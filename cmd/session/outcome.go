package session

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"runner/clever/emulator/store"
	"runner/cmd/exit"
	"runner/cmd/history"
	"runner/cmd/platform"
	"runner/engine"
)

var (
	errNoReader = errors.New("nobody reads standard output any more")
	errNoReport = errors.New("a report cannot be written")
	errTimeUp   = errors.New("the play took longer than its --timeout")
)

// ExitCode returns the exit code of an error of [Play], or of another command that
// speaks to the platform.
func ExitCode(err error) int {
	_, concluded := errors.AsType[*exit.Error](err)
	switch {
	case concluded:
	case platform.Refused(err):
		return exit.Credentials
	case isLocked(err):
		return exit.Locked
	}
	return exit.Code(err)
}

// isLocked reports whether an error is that another process is at work.
func isLocked(err error) bool {
	_, ok := errors.AsType[*store.InUseError](err)
	return ok
}

// outcome chooses the exit code.
func outcome(ctx context.Context, spec Spec, result engine.Result) error {
	for _, problem := range result.Problems {
		if platform.Refused(problem) {
			return &exit.Error{Code: exit.Credentials}
		}
	}
	cause := context.Cause(ctx)
	for _, problem := range result.Problems {
		if _, locked := errors.AsType[*history.LockedError](problem); locked {
			return &exit.Error{Code: exit.Locked}
		}
	}
	switch {
	case result.Interrupted && errors.Is(cause, errTimeUp):
		return &exit.Error{Code: exit.Failed, Err: fmt.Errorf("%w: after %s nothing more was started", errTimeUp, spec.Timeout)}
	case result.Stats.Failed > 0:
		return &exit.Error{Code: exit.Failed}
	case result.Interrupted && errors.Is(cause, errNoReader):
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%w: what was under way was finished, and nothing more was started; runner history lists what was done", errNoReader)}
	case result.Interrupted && errors.Is(cause, errNoReport):
		return &exit.Error{Code: exit.Usage} // which closing it reports
	case result.Interrupted:
		return &exit.Error{Code: exit.Interrupted}
	case spec.DetailedExitCode && result.Stats.Changed+result.Stats.Unknown > 0:
		return &exit.Error{Code: exit.ToDo}
	}
	return nil
}

// untilGone passes events on, and stops the run when a report cannot be written any
// more: nothing goes on unseen.
type untilGone struct {
	reports *reports
	stop    context.CancelCauseFunc
}

func (u *untilGone) Tell(e engine.Event) {
	u.reports.Tell(e)
	switch err := u.reports.err(); {
	case errors.Is(err, syscall.EPIPE):
		u.stop(errNoReader)
	case err != nil:
		u.stop(errNoReport)
	}
}
