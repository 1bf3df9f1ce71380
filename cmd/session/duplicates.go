package session

import (
	"context"
	"fmt"
	"net/http"

	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/tasks"
)

// findDuplicates finds out whether another machine ordered the same at the same time,
// where a lock cannot help, or an order was carried out twice. It prints what it
// finds, and makes a run that went well a failed one.
func findDuplicates(ctx context.Context, s *ui.Streams, cloud *tasks.Cloud, out http.RoundTripper, outcome error) error {
	all, err := cloud.Duplicates(ctx, out)
	if err != nil && ctx.Err() == nil {
		s.Warn(fmt.Sprintf("whether something was ordered twice at the same time could not be looked up: %v; look at its add-ons later, and give more time with --settle", err))
	}
	for _, d := range all {
		s.PrintError(d)
	}
	if len(all) > 0 && outcome == nil {
		return &exit.Error{Code: exit.Failed}
	}
	return outcome
}
