package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/clever"
	"runner/engine"
)

func (p *Program) logoutCommand() *cli.Command {
	return &cli.Command{
		Name:  "logout",
		Usage: "forget the active profile, or another one",
		Description: "Takes profiles out of the file that clever-tools shares. A token that was copied elsewhere stays good:\n" +
			"end it in the console.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "alias", Aliases: []string{"a"}, Usage: "forget the profile `NAME` (the active one if left out)"},
			&cli.BoolFlag{Name: "all", Usage: "forget all profiles"},
		},
		Action: func(c *cli.Context) error {
			switch {
			case c.Args().Present():
				return (&engine.Problem{Msg: fmt.Sprintf("logout takes no argument %q", c.Args().First())}).WithHint("runner logout --alias NAME")
			case c.Bool("all") && c.IsSet("alias"):
				return errors.New("--all and --alias exclude each other: keep one of them")
			}
			return p.logout(c.Context, c.String("alias"), c.Bool("all"))
		},
	}
}

func (p *Program) logout(ctx context.Context, alias string, all bool) error {
	path := clever.ProfilePath(p.Getenv)
	if path == "" {
		return errors.New("no home folder is known that profiles could be in: set HOME or CONFIGURATION_FILE")
	}
	aliases, err := clever.Aliases(path)
	if err != nil {
		return err
	}
	if len(aliases) == 0 {
		return &clever.Missing{Looked: []string{path}}
	}
	gone := aliases[:1]
	switch {
	case all:
		gone = aliases
	case alias != "":
		gone = []string{alias}
	}
	active, err := clever.RemoveProfiles(ctx, path, gone...)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "logged out of %s\n", strings.Join(gone, ", "))
	if active != "" && active != aliases[0] {
		fmt.Fprintf(p.Out, "the active profile is now %s\n", active)
	}
	if c, err := clever.FromEnv(p.Getenv); err == nil {
		p.tell(&engine.Problem{Msg: fmt.Sprintf("there are credentials in the %s still: unset CLEVER_TOKEN and CLEVER_SECRET", c.Source), Warning: true})
	}
	return nil
}
