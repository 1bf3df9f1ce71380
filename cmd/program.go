// Package cmd is the command line: a file per command. It is the only package
// that knows all the others.
//
// It knows options, files and streams, and joins the other packages. What
// a playbook means, what a task does and how the platform is asked it does not know.
package cmd

import (
	"context"
	"net/http"

	"runner/cmd/history"
	"runner/cmd/signals"
	"runner/cmd/ui"
)

// A Program is runner with the world around it. It has no effect on the process
// that it runs in: several can run side by side.
type Program struct {
	ui.Streams
	Args []string // the program's name first

	transport http.RoundTripper // instead of the network; nil: none
	// browse opens a page, instead of the desktop; nil: nothing does.
	browse   func(ctx context.Context, page string) error
	underWay history.UnderWay
	signals  *signals.Handler // of this process; nil: whoever runs the program handles them
}
