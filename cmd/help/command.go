// Package help lists commands and flags, for who asks and for who mistypes one. It knows
// commands as data, and none of them by name.
package help

import (
	"cmp"
	"fmt"
	"strings"

	"runner/diagnostic"
	"runner/suggest"

	"github.com/urfave/cli/v2"
)

// Add adds to commands what all have: --help, and where there are commands below
// them, one that helps. The library has both, too, but as variables that it writes
// to: no two programs could run side by side in one process.
func Add(commands []*cli.Command) {
	for _, c := range commands {
		c.HideHelp, c.OnUsageError = true, UsageError
		c.Flags = append(c.Flags, Flag())
		if len(c.Subcommands) == 0 {
			continue
		}
		Add(c.Subcommands)
		c.Subcommands = append(c.Subcommands, Command())
		if c.Action == nil { // runner emulator does something by itself
			c.Action = noSubcommand
		}
	}
}

// Flag returns --help.
func Flag() cli.Flag {
	return &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show help", DisableDefaultText: true}
}

// Command returns what makes `runner help vendor test` out of `runner vendor test --help`.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Aliases:   []string{"h"},
		Usage:     "list the commands, or show the help of one",
		ArgsUsage: "[COMMAND]",
		HideHelp:  true,
		Action: func(c *cli.Context) error {
			command, path := c.Lineage()[1].Command, c.App.Name
			if command.HelpName != "" {
				path = command.HelpName
			}
			for _, word := range c.Args().Slice() {
				below := command.Command(word)
				if below == nil {
					return Unknown(command, word)
				}
				command, path = below, path+" "+below.Name
			}
			if path == c.App.Name {
				command = nil
			}
			return Print(c.App, command, path)
		},
	}
}

// noSubcommand helps where no command was given, and refuses one that is unknown.
func noSubcommand(c *cli.Context) error {
	if !c.Args().Present() {
		return Print(c.App, c.Command, c.Command.HelpName)
	}
	return Unknown(c.Command, c.Args().First())
}

// Unknown refuses a word that is none of the commands below one.
func Unknown(above *cli.Command, word string) error {
	var known []string
	for _, command := range above.Subcommands {
		known = append(known, command.Name)
	}
	path := strings.TrimPrefix(above.HelpName+" "+word, "runner ")
	return (&diagnostic.Problem{Msg: fmt.Sprintf("unknown command %q", path)}).
		WithHint("%s", cmp.Or(suggest.DidYouMean(word, known), above.HelpName+" --help lists what there is"))
}

// UsageError makes a mistake that the library found a problem with a hint.
func UsageError(c *cli.Context, err error, _ bool) error {
	name := c.App.Name
	if c.Command != nil && c.Command.HelpName != "" {
		name = c.Command.HelpName
	}
	return (&diagnostic.Problem{Msg: err.Error()}).WithHint("%s --help shows what it takes", name)
}
