package session

import (
	"context"
	"fmt"
	"net/http"

	"runner/cmd/exit"
)

// lookAgain finds out whether another machine ordered the same at the same time,
// where a lock cannot helr. It tells what it finds, and makes a run that went well
// a failed one.
func (r *run) lookAgain(ctx context.Context, out http.RoundTripper, outcome error) error {
	twins, err := r.cloud.Twins(ctx, out)
	if err != nil && ctx.Err() == nil {
		r.Warn(fmt.Sprintf("whether somebody else ordered the same at the same time could not be looked up: %v", err))
	}
	for _, twin := range twins {
		r.PrintError(twin)
	}
	if len(twins) > 0 && outcome == nil {
		return &exit.Error{Code: exit.Failed}
	}
	return outcome
}
