package cmd

import (
	"github.com/urfave/cli/v2"

	"runner/cmd/version"
)

func (p *Program) versionCommand() *cli.Command {
	return &cli.Command{
		Name:   "version",
		Usage:  "print the version",
		Action: func(*cli.Context) error { return version.Print(p.Out) },
	}
}
