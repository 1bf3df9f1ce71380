package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"runner/clever"
	"runner/cmd/exit"
	"runner/cmd/history"
	"runner/cmd/loading"
	"runner/cmd/platform"
	"runner/cmd/ui"
	"runner/engine"
)

// preflight checks, before anything is written, all that can be known before the run:
// credentials, owners, what the catalogue has, whether two tasks contradict each other. Only what is
// certain to go wrong stops it, all at once.
func (r *run) preflight(ctx context.Context, journal *history.Journal) error {
	foresight := engine.Foresee(ctx, r.program, r.options(ctx, engine.Reporters{}, journal, ui.NewUser(r.Streams)))
	r.cloud.Foreseen(foresight.Tasks, foresight.All)
	r.cloud.Taken = r.holdsCredentials
	problems, err := foresight.Preflight(ctx)
	r.cloud.PreflightDone()
	switch {
	case ctx.Err() != nil:
		return nil // the run reports it
	case len(problems) > 0:
		r.PrintAll(problems, r.Verbosity)
		loading.Annotate(r.Streams, problems)
		if err != nil {
			r.PrintError(err)
		}
		return loading.Conclude(r.Streams, problems)
	case err == nil:
		return nil
	}
	if locked := r.locked(ctx, err); locked != nil {
		return locked
	}
	if missing, ok := errors.AsType[*clever.Missing](err); ok {
		return missing // whichever task needs them
	}
	if platform.Refused(err) {
		return err
	}
	return &exit.Error{Code: exit.Failed, Err: err}
}

// holdsCredentials reports whether a file is the one that the run's credentials are in.
func (r *run) holdsCredentials(path string) bool {
	creds, err := r.credentials()
	if err != nil {
		return false
	}
	one, err := os.Stat(path)
	if err != nil {
		return false
	}
	other, err := os.Stat(filepath.Clean(creds.Source))
	return err == nil && os.SameFile(one, other)
}
