package cmd

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"runner/clever"
	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/cmd/platform"
	"runner/diagnostic"
)

// envOptions are those of runner env.
type envOptions struct {
	addon, provider string
	format          clever.EnvOptions
	platform        platform.Spec
}

func (p *Program) envCommand() *cli.Command {
	var o envOptions
	return &cli.Command{
		Name:        "env",
		Usage:       "print an add-on's variables",
		ArgsUsage:   "ADDON",
		Description: "ADDON is an id, a real id or a name. The values are secrets: mind where they go.",
		Flags: append([]cli.Flag{
			formatFlag(&o.format.Format, clever.EnvFormats()...),
			flags.String(&o.format.For, "for", "write dotenv for one `READER`: "+flags.Alternatives(clever.DotenvReaders())+" (else as all but docker and make read it)").Of(clever.DotenvReaders()...),
			flags.String(&o.format.Name, "name", "call a Secret `NAME` (else after the add-on)"),
			flags.String(&o.format.Namespace, "namespace", "name a Secret's `NAMESPACE`"),
			p.organisationFlag(&o.platform, "the owner (looked up if left out)"),
			flags.String(&o.provider, "provider", "its `PROVIDER`, where a name alone is not enough").Complete(p.fromPlatform(providerNames)),
		}, p.platformFlags(&o.platform)...),
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return (&diagnostic.Problem{Msg: "env needs one add-on"}).WithHint("runner env main-db")
			}
			o.addon = c.Args().First()
			return p.withClient(c.Context, o.platform, false, func(ctx context.Context, client *clever.Client) error {
				return p.env(ctx, o, client)
			})
		},
	}
}

func (p *Program) env(ctx context.Context, o envOptions, client *clever.Client) error {
	found, err := locate(ctx, client, o.addon, o.platform.Organisation, o.provider)
	if err != nil {
		return err
	}
	env, err := client.Env(ctx, found.Owner, found.Addon.ID)
	if err != nil {
		return err
	}
	if o.format.Name == "" {
		o.format.Name = clever.SecretName(found.Addon.Name)
	}
	return clever.WriteEnv(p.Out, o.format, env)
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

// withClient calls do with a client of the platform that is meant. Where anonymous,
// missing credentials are no error.
func (p *Program) withClient(ctx context.Context, spec platform.Spec, anonymous bool, do func(context.Context, *clever.Client) error) error {
	pl, err := p.platform(ctx, spec)
	if err != nil {
		return err
	}
	client, err := pl.Client(ctx, anonymous)
	if err == nil {
		err = do(ctx, client)
	}
	if ctx.Err() != nil {
		err = &exit.Error{Code: exit.Interrupted}
	}
	return p.First(err, pl.Close())
}

// platform returns the platform that is meant, with its emulator started. A .env
// file is looked for in the working folder.
func (p *Program) platform(ctx context.Context, spec platform.Spec) (*platform.Platform, error) {
	pl, err := platform.New(&p.Streams, spec, ".", p.transport)
	if err != nil {
		return nil, err
	}
	return pl, pl.Start(ctx)
}
