package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"runner/clever"
)

func (p *Program) whoamiCommand() *cli.Command {
	return &cli.Command{
		Name:  "whoami",
		Usage: "tell which credentials are in force, from where, and whose they are",
		Flags: platformFlags(),
		Action: func(c *cli.Context) error {
			pl, err := p.platform(c, ".")
			if err != nil {
				return err
			}
			defer func() { _ = pl.close() }()
			creds, err := pl.credentials()
			if err != nil {
				return err
			}
			client, err := pl.client(false)
			if err != nil {
				return err
			}
			return p.whoami(c.Context, client, creds)
		},
	}
}

func (p *Program) whoami(ctx context.Context, client *clever.Client, creds clever.Credentials) error {
	self, err := client.Self(ctx)
	if err != nil {
		return err
	}
	organisations, err := client.Organisations(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "user          %s <%s>\nid            %s\nendpoint      %s\ncredentials   from %s\n",
		self.Name, self.Email, self.ID, client.Endpoint(), creds.Source)
	if !creds.Expires.IsZero() {
		fmt.Fprintf(p.Out, "expires       %s\n", creds.Expires.UTC().Format(time.DateOnly))
	}
	for i, o := range organisations {
		label := "organisations"
		if i > 0 {
			label = ""
		}
		if _, err := fmt.Fprintf(p.Out, "%-14s%s %s\n", label, o.ID, o.Name); err != nil {
			return err
		}
	}
	return nil
}
