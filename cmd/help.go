package cmd

import (
	"cmp"
	"fmt"
	"strings"

	"runner/diagnostic"
	"runner/suggest"

	"github.com/urfave/cli/v2"
)

// helpful returns commands what all have: --help, and where there are commands below
// them, one that helps. The library has both, too, but as variables that it writes
// to: no two programs could run side by side in one process.
func (p *Program) helpful(commands []*cli.Command) {
	for _, c := range commands {
		c.HideHelp, c.OnUsageError = true, usageError
		c.Flags = append(c.Flags, helpFlag())
		if len(c.Subcommands) == 0 {
			continue
		}
		p.helpful(c.Subcommands)
		c.Subcommands = append(c.Subcommands, p.helpCommand())
		if c.Action == nil { // runner emulator does something by itself
			c.Action = p.noSubcommand
		}
	}
}

func helpFlag() cli.Flag {
	return &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show help", DisableDefaultText: true}
}

// helpCommand makes `runner help vendor test` out of `runner vendor test --help`.
func (p *Program) helpCommand() *cli.Command {
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
					return unknownCommand(command, word)
				}
				command, path = below, path+" "+below.Name
			}
			if path == c.App.Name {
				command = nil
			}
			return p.printHelp(c.App.Writer, c.App, command, path)
		},
	}
}

// noSubcommand helps where no command was given, and refuses one that is unknown.
func (p *Program) noSubcommand(c *cli.Context) error {
	if !c.Args().Present() {
		return p.printHelp(c.App.Writer, c.App, c.Command, c.Command.HelpName)
	}
	return unknownCommand(c.Command, c.Args().First())
}

// unknownCommand refuses a word that is none of the commands below one.
func unknownCommand(above *cli.Command, word string) error {
	var known []string
	for _, command := range above.Subcommands {
		known = append(known, command.Name)
	}
	path := strings.TrimPrefix(above.HelpName+" "+word, "runner ")
	return (&diagnostic.Problem{Msg: fmt.Sprintf("unknown command %q", path)}).
		WithHint("%s", cmp.Or(suggest.DidYouMean(word, known), above.HelpName+" --help lists what there is"))
}
