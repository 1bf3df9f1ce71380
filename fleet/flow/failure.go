package flow

import (
	"errors"
	"strings"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"runner/cmd/exit"
)

// Fail returns the error of an activity that another attempt does not mend: the play
// ends with the outcome.
func Fail(o Outcome) error {
	return temporal.NewNonRetryableApplicationError(o.Message, "outcome", nil, o)
}

// failed returns what came of a play one of whose activities failed, without what the
// engine wraps around the reason.
func failed(err error) Outcome {
	var o Outcome
	if temporal.IsCanceledError(err) {
		return cancelled
	}
	if failure, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		if failure.HasDetails() && failure.Details(&o) == nil && o.Exit != 0 {
			return o
		}
		return Outcome{Exit: exit.Usage, Message: failure.Message()}
	}
	if timeout, ok := errors.AsType[*temporal.TimeoutError](err); ok {
		if timeout.TimeoutType() == enums.TIMEOUT_TYPE_HEARTBEAT {
			return Outcome{Exit: exit.Usage, Message: "each of the workers that played it died meanwhile"}
		}
		return Outcome{Exit: exit.Usage, Message: "it took longer than it may"}
	}
	return Outcome{Exit: exit.Usage, Message: err.Error()}
}

// Listed returns changes in one line: `replace add-on "db", delete add-on "old"`.
func Listed(changes []Change) string {
	texts := make([]string, len(changes))
	for i, c := range changes {
		texts[i] = c.Action + " " + c.Object
	}
	return strings.Join(texts, ", ")
}

// ConsentMessage says that a play needs consent to changes.
func ConsentMessage(needs []Change) string { return "consent is needed to " + Listed(needs) }
