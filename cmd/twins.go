package cmd

import (
	"context"
	"fmt"
	"net/http"

	"runner/cmd/exit"
	"runner/tasks"
)

// lookAgain finds out whether another machine ordered the same at the same time,
// where a lock cannot help. It tells what it finds, and makes a run that went well
// a failed one.
func (p *play) lookAgain(ctx context.Context, cloud *tasks.Cloud, out http.RoundTripper, outcome error) error {
	twins, err := cloud.Twins(ctx, out)
	if err != nil && ctx.Err() == nil {
		p.platform.warn(fmt.Sprintf("whether somebody else ordered the same at the same time could not be looked up: %v", err))
	}
	for _, twin := range twins {
		p.PrintError(twin)
	}
	if len(twins) > 0 && outcome == nil {
		return &exit.Error{Code: exit.Failed}
	}
	return outcome
}
