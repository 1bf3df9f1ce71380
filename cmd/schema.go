package cmd

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"runner/engine/expr/format"
	"runner/engine/report"
	"runner/playbooks"
	"runner/tasks"
)

func (p *Program) schemaCommand() *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "print the JSON Schema of playbooks, for editors",
		Description: "Keep it in a file, and name it to the editor: with yaml-language-server, by this comment in a playbook's first line:\n" +
			"  # yaml-language-server: $schema=runner.schema.json",
		Subcommands: []*cli.Command{{
			Name:  "report",
			Usage: "print the JSON Schema of --report json; that of a line of jsonl is its #/$defs/record",
			Action: func(*cli.Context) error {
				_, err := fmt.Fprint(p.Out, report.Schema())
				return err
			},
		}},
		Action: func(*cli.Context) error {
			_, err := fmt.Fprintln(p.Out, format.JSON(playbooks.Schema(tasks.Kinds(nil)), format.JSONStyle{Indent: 2}))
			return err
		},
	}
}
