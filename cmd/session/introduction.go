package session

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"runner/clever"
	"runner/engine"
)

// An introduction prints, with the first request of a run, on which platform it
// is, and as whom. A run that asks the platform nothing prints nothing. It is read
// while the first requests are under way: none that may write is sent before it
// was printed, and no response is handed on.
type introduction struct {
	next  http.RoundTripper
	print func()
	begin sync.Once
	ended chan struct{}
}

func (i *introduction) RoundTrip(r *http.Request) (*http.Response, error) {
	i.begin.Do(func() {
		go func() {
			defer close(i.ended)
			i.print()
		}()
	})
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		<-i.ended
	}
	resp, err := i.next.RoundTrip(r)
	<-i.ended
	return resp, err
}

// introduced returns a way out that introduces the run. An emulator in this process
// has said what it is; a run that is to be quiet is.
func (r *run) introduced(ctx context.Context, out http.RoundTripper) http.RoundTripper {
	if r.platform.State() != "" || r.Quiet {
		return out
	}
	return &introduction{next: out, ended: make(chan struct{}), print: func() {
		fmt.Fprintln(r.Err, r.Secrets.Mask(r.introduction(ctx, out)))
	}}
}

// introduction returns the line: endpoint, profile, user, organisations.
func (r *run) introduction(ctx context.Context, out http.RoundTripper) string {
	creds, err := r.credentials()
	line := "playing on " + cmp.Or(r.platform.EndpointFor(creds), clever.DefaultEndpoint)
	if err != nil {
		return line + ", with the credentials of the tasks"
	}
	who, err := r.platform.Identity(ctx, creds, out)
	if err == nil {
		line += fmt.Sprintf(" as %s <%s>", who.Name, who.Email)
	}
	line += fmt.Sprintf(" (%s)", cmp.Or(r.Platform.Profile, creds.Source))
	switch organisations := who.Organisations; {
	case r.Platform.Organisation != "":
		line += "; organisation " + r.Platform.Organisation
	case len(organisations) > 3:
		line += fmt.Sprintf("; organisations %s and %d more", strings.Join(organisations[:3], ", "), len(organisations)-3)
	case len(organisations) > 0:
		line += "; organisations " + strings.Join(organisations, ", ")
	}
	return oneLine(line)
}

// scopes prints in which scope each play declares what it declares.
type scopes struct{ *run }

func (s scopes) Tell(e engine.Event) {
	if start, ok := e.(engine.PlayStart); ok && start.Scope != "" && !s.Quiet {
		fmt.Fprintln(s.Err, oneLine(s.Secrets.Mask("scope of the play: "+start.Scope)))
	}
}

// oneLine takes what a terminal would obey, and line ends, out of a text.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
