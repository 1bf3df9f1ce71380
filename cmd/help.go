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
func helpful(commands []*cli.Command) {
	for _, c := range commands {
		c.HideHelp, c.OnUsageError = true, usageError
		c.Flags = append(c.Flags, helpFlag())
		if len(c.Subcommands) == 0 {
			continue
		}
		helpful(c.Subcommands)
		c.Subcommands = append(c.Subcommands, helpCommand())
		if c.Action == nil { // runner emulator does something by itself
			c.Action = noSubcommand
		}
	}
}

func helpFlag() cli.Flag {
	return &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show help", DisableDefaultText: true}
}

// helpCommand makes `runner help vendor test` out of `runner vendor test --help`.
func helpCommand() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Aliases:   []string{"h"},
		Usage:     "list the commands, or show the help of one",
		ArgsUsage: "[COMMAND]",
		HideHelp:  true,
		Action: func(c *cli.Context) error {
			above := c.Lineage()[1]
			command := above.Command
			for _, word := range c.Args().Slice() {
				below := command.Command(word)
				if below == nil {
					return unknownCommand(command, word)
				}
				command = below
			}
			return above.Command.Run(above, append(append([]string{above.Command.Name}, c.Args().Slice()...), "--help")...)
		},
	}
}

// noSubcommand helps where no command was given, and refuses one that is unknown.
func noSubcommand(c *cli.Context) error {
	if !c.Args().Present() {
		return cli.ShowSubcommandHelp(c)
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
