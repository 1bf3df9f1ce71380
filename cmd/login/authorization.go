package login

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"runner/clever"
	"runner/cmd/ui"
)

// withAuthorization lets the platform ask the user, and awaits the browser here.
func (l *login) withAuthorization(ctx context.Context) error {
	client, err := l.client(l.consumer)
	if err != nil {
		return err
	}
	back, err := listen()
	if err != nil {
		return err
	}
	err = l.authorize(ctx, client, back)
	back.close(l.failed(ctx, err))
	return err
}

func (l *login) authorize(ctx context.Context, client *clever.Client, back *callback) error {
	d, err := client.Authorize(ctx, back.url)
	if err != nil {
		return err
	}
	pasted := make(chan url.Values, 1)
	if opened := l.show(ctx, d.URL()); !opened || ui.IsTerminal(l.In) {
		fmt.Fprintln(l.Err, "if that browser cannot come back to this machine, paste here the address at which it ends:")
		go l.paste(ctx, d, back, pasted)
	}
	var reply url.Values
	select {
	case reply = <-back.replies:
	case reply = <-pasted:
	case <-ctx.Done():
		return ctx.Err()
	}
	verifier, err := d.Verifier(reply)
	if err != nil {
		return err
	}
	creds, err := d.Finish(ctx, verifier)
	if err != nil {
		return err
	}
	return l.keep(ctx, creds)
}

// paste reads what the user types: the address at which the browser
// ended, or the verifier alone. Where nothing comes, it is silent.
func (l *login) paste(ctx context.Context, d *clever.Authorization, back *callback, replies chan<- url.Values) {
	for {
		line, err := l.user.Line(ctx, "")
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		switch u, err := url.Parse(line); {
		case line == "":
			continue
		case err == nil && back.own(u):
			replies <- u.Query()
		case strings.ContainsAny(line, "/?= "):
			fmt.Fprintf(l.Err, "this is not the address at which the browser ends; it begins with %s\n", back.url)
			continue
		default:
			replies <- d.Accept(line)
		}
		return
	}
}
