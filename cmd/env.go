package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/clever"
	"runner/cmd/exit"
	"runner/diagnostic"
)

func (p *Program) envCommand() *cli.Command {
	return &cli.Command{
		Name:        "env",
		Usage:       "print an add-on's variables",
		ArgsUsage:   "ADDON",
		Description: "ADDON is an id, a real id or a name. The values are secrets: mind where they go.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "format", Aliases: []string{"F"}, Value: "dotenv", Usage: "write `FORMAT`: " + strings.Join(clever.EnvFormats(), ", ")},
			&cli.StringFlag{Name: "organisation", Usage: "the owner: orga_…, user_…, or an organisation's name (looked up if left out)"},
			&cli.StringFlag{Name: "provider", Usage: "its provider, where a name alone does not tell"},
		}, platformFlags()...),
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return (&diagnostic.Problem{Msg: "env needs one add-on"}).WithHint("runner env main-db")
			}
			return p.withClient(c, false, func(ctx context.Context, client *clever.Client) error {
				return p.env(ctx, c, client)
			})
		},
	}
}

func (p *Program) env(ctx context.Context, c *cli.Context, client *clever.Client) error {
	found, err := locate(ctx, client, c.Args().First(), c.String("organisation"), c.String("provider"))
	if err != nil {
		return err
	}
	env, err := client.Env(ctx, found.Owner, found.Addon.ID)
	if err != nil {
		return err
	}
	return clever.WriteEnv(p.Out, c.String("format"), found.Addon.Name, env)
}

// locate finds exactly one add-on.
func locate(ctx context.Context, client *clever.Client, word, organisation, provider string) (clever.Located, error) {
	var found []clever.Located
	var err error
	if organisation == "" {
		found, err = client.Locate(ctx, word)
	} else if organisation, err = client.Owner(ctx, organisation); err == nil {
		found, err = client.LocateIn(ctx, organisation, word)
	}
	if err != nil {
		return clever.Located{}, err
	}
	var ids []string
	var fits []clever.Located
	for _, f := range found {
		if provider == "" || f.Addon.Provider.ID == clever.ProviderAlias(provider) {
			fits = append(fits, f)
			ids = append(ids, f.Addon.ID)
		}
	}
	switch len(fits) {
	case 0:
		return clever.Located{}, fmt.Errorf("there is no add-on %q", word)
	case 1:
		return fits[0], nil
	}
	return clever.Located{}, &clever.AmbiguousError{What: "add-on", Word: word, All: ids}
}

// withClient calls do with a client made from the flags.
func (p *Program) withClient(c *cli.Context, anonymous bool, do func(context.Context, *clever.Client) error) error {
	pl, err := p.platform(c, ".")
	if err != nil {
		return err
	}
	client, err := pl.client(anonymous)
	if err == nil {
		err = do(c.Context, client)
	}
	if c.Err() != nil {
		err = &exit.Error{Code: exit.Interrupted}
	}
	return p.First(err, pl.close())
}
