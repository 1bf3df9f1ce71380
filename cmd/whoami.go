package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"runner/diagnostic"

	"github.com/urfave/cli/v2"
)

func (p *Program) whoamiCommand() *cli.Command {
	return &cli.Command{
		Name:  "whoami",
		Usage: "tell which credentials are in force, from where, and whose they are",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Aliases: []string{"F"}, Value: "text", Usage: "write `FORMAT`: text or json"},
		}, platformFlags()...),
		Action: func(c *cli.Context) error {
			format := c.String("format")
			if format != "text" && format != "json" {
				return (&diagnostic.Problem{Msg: fmt.Sprintf("whoami knows no format %q", format)}).WithHint("it takes text, json")
			}
			pl, err := p.platform(c, ".")
			if err != nil {
				return err
			}
			who, err := p.whoami(c.Context, pl)
			if err = p.First(err, pl.close()); err != nil {
				return err
			}
			if format == "json" {
				return who.writeJSON(p.Out)
			}
			return who.writeText(p.Out)
		},
	}
}

// An identity is what whoami tells.
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

func (p *Program) whoami(ctx context.Context, pl *platform) (identity, error) {
	creds, err := pl.credentials()
	if err != nil {
		return identity{}, err
	}
	client, err := pl.clientOf(creds)
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
		creds.Expires = expiry(ctx, client)
		pl.warnOfExpiry(creds)
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
