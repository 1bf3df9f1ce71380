package session

import (
	"context"
	"fmt"
	"net/http"

	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/tasks"
)

// lookAgain finds out whether another machine ordered the same at the same time,
// where a lock cannot help. It prints what it finds, and makes a run that went well
// a failed one.
func lookAgain(ctx context.Context, s *ui.Streams, cloud *tasks.Cloud, out http.RoundTripper, outcome error) error {
	twins, err := cloud.Twins(ctx, out)
	if err != nil && ctx.Err() == nil {
		s.Warn(fmt.Sprintf("whether another machine ordered the same at the same time could not be looked up: %v", err))
	}
	for _, twin := range twins {
		s.PrintError(twin)
	}
	if len(twins) > 0 && outcome == nil {
		return &exit.Error{Code: exit.Failed}
	}
	return outcome
}
