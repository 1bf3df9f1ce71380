package cmd

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"runner/engine"
	"runner/playbooks"
	"runner/tasks"
)

func (p *Program) validateCommand() *cli.Command {
	verbosity := new(int)
	return &cli.Command{
		Name:        "validate",
		Usage:       "tell everything that is wrong with playbooks, without a network",
		ArgsUsage:   "FILE…",
		Description: "Exit codes: 0 nothing is wrong, 4 something is. Warnings do not count.",
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "extra-vars", Aliases: []string{"e"}, Usage: "take `VARS` as given: name=value pairs, a JSON or YAML map, or @FILE (repeatable)"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more of each problem", Count: verbosity},
		}, vaultFlags()...),
		Action: func(c *cli.Context) error {
			files := c.Args().Slice()
			if len(files) == 0 {
				return (&engine.Problem{Msg: "validate needs a playbook"}).WithHint("runner validate site.yml")
			}
			vault, err := p.openVault(c)
			if err != nil {
				return err
			}
			vault.Sealed = true
			var extra []engine.Var
			for _, arg := range c.StringSlice("extra-vars") {
				vars, err := playbooks.ExtraVars(arg, os.ReadFile, vault)
				if err != nil {
					return err
				}
				extra = append(extra, vars...)
			}
			program, err := p.load(files, tasks.Kinds(nil), extra, vault, max(*verbosity, 0))
			if err != nil {
				return err
			}
			steps := 0
			for _, play := range program.Plays {
				for range play.Steps() {
					steps++
				}
			}
			_, err = fmt.Fprintf(p.Out, "%s in %s: nothing is wrong\n", count(steps, "task"), count(len(files), "playbook"))
			return err
		},
	}
}
