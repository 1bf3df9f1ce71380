package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"runner/cmd/login"
	"runner/cmd/platform"

	"github.com/urfave/cli/v2"
)

func (p *Program) whoamiCommand() *cli.Command {
	var format string
	var spec platform.Spec
	return &cli.Command{
		Name:  "whoami",
		Usage: "print which credentials are in force, from where, and whose they are",
		Flags: append([]cli.Flag{formatFlag(&format, "text", "json")}, p.platformFlags(&spec)...),
		Action: func(c *cli.Context) error {
			pl, err := p.platform(c.Context, spec)
			if err != nil {
				return err
			}
			who, err := p.whoami(c.Context, pl)
			if err = p.First(err, pl.Close()); err != nil {
				return err
			}
			if format == "json" {
				return who.writeJSON(p.Out)
			}
			return who.writeText(p.Out)
		},
	}
}

// An identity is what whoami prints.
type identity struct {
	User          party            `json:"user"`
	Endpoint      string           `json:"endpoint"`
	Credentials   credentialSource `json:"credentials"`
	Organisations []party          `json:"organisations"`
}

// A party is a user or an organisation.
type party struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

type credentialSource struct {
	Source  string     `json:"source"`
	Expires *time.Time `json:"expires,omitempty"` // nil: not known
}

func (p *Program) whoami(ctx context.Context, pl *platform.Platform) (identity, error) {
	creds, err := pl.Credentials(ctx)
	if err != nil {
		return identity{}, err
	}
	client, err := pl.ClientOf(creds)
	if err != nil {
		return identity{}, err
	}
	self, err := client.Self(ctx)
	if err != nil {
		return identity{}, err
	}
	organisations, err := client.Organisations(ctx)
	if err != nil {
		return identity{}, err
	}
	if creds.Expires.IsZero() { // else it was warned about already
		creds.Expires = login.Expiry(ctx, client)
		pl.WarnOfExpiry(creds)
	}
	who := identity{
		User: party{self.ID, self.Name, self.Email}, Endpoint: client.Endpoint(),
		Credentials: credentialSource{Source: creds.Source}, Organisations: []party{},
	}
	if !creds.Expires.IsZero() {
		expires := creds.Expires.UTC()
		who.Credentials.Expires = &expires
	}
	for _, o := range organisations {
		who.Organisations = append(who.Organisations, party{ID: o.ID, Name: o.Name})
	}
	return who, nil
}

func (i identity) writeJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(i)
}

func (i identity) writeText(out io.Writer) error {
	fmt.Fprintf(out, "user          %s <%s>\nid            %s\nendpoint      %s\ncredentials   from %s\n",
		i.User.Name, i.User.Email, i.User.ID, i.Endpoint, i.Credentials.Source)
	if i.Credentials.Expires != nil {
		fmt.Fprintf(out, "expires       %s\n", i.Credentials.Expires.Format(time.DateOnly))
	}
	label := "organisations"
	for _, o := range i.Organisations {
		if _, err := fmt.Fprintf(out, "%-14s%s %s\n", label, o.ID, o.Name); err != nil {
			return err
		}
		label = ""
	}
	return nil
}
