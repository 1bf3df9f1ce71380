package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"runner/clever"
	"runner/cmd/ui"
)

// List prints the profiles that there are: the active one has a star.
func List(s *ui.Streams) error {
	all, err := clever.Profiles(clever.ProfilePath(s.Getenv))
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(s.Out, "there is no profile: runner login makes one")
		return err
	}
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROFILE\tUSER\tENDPOINT\tEXPIRES")
	for i, p := range all {
		name, expires := p.Alias, "-"
		if i == 0 {
			name += " *"
		}
		if !p.Credentials.Expires.IsZero() {
			expires = p.Credentials.Expires.UTC().Format(time.DateOnly)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", name, cmp.Or(p.Email, p.UserID, "-"), cmp.Or(p.Credentials.Endpoint, clever.DefaultEndpoint), expires)
	}
	return w.Flush()
}

// Use makes a profile the active one.
func Use(ctx context.Context, s *ui.Streams, alias string) error {
	path := clever.ProfilePath(s.Getenv)
	if path == "" {
		return errors.New("no home folder is known that profiles could be in: set HOME or CONFIGURATION_FILE")
	}
	if err := clever.UseProfile(ctx, path, alias); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.Out, "the active profile is now %s\n", alias)
	return err
}
