package cmd

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/engine"
	"runner/playbooks"
	"runner/tasks"
)

func (p *Program) validateCommand() *cli.Command {
	verbosity := new(int)
	return &cli.Command{
		Name:      "validate",
		Usage:     "tell everything that is wrong with playbooks, without a network",
		ArgsUsage: "FILE…",
		Description: "Exit codes: 0 nothing is wrong, 4 something is. Warnings do not count, unless --strict makes them.\n" +
			"A comment `# noqa: RULE` on a line silences a warning there; runner doc --rules lists the rules.",
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "extra-vars", Aliases: []string{"e"}, Usage: "take `VARS` as given: name=value pairs, a JSON or YAML map, or @FILE (repeatable)"},
			&cli.StringFlag{Name: "format", Aliases: []string{"F"}, Value: "text", Usage: "write `FORMAT`: text for people, or " + strings.Join(findingFormats(), ", ") + " on standard output"},
			&cli.BoolFlag{Name: "strict", Usage: "let warnings count"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more of each problem", Count: verbosity},
		}, vaultFlags()...),
		Action: func(c *cli.Context) error { return p.validate(c, max(*verbosity, 0)) },
	}
}

// findingFormats lists the formats for programs.
func findingFormats() []string { return slices.Sorted(maps.Keys(findingWriters)) }

func (p *Program) validate(c *cli.Context, verbosity int) error {
	files, format := c.Args().Slice(), c.String("format")
	if len(files) == 0 {
		return (&diagnostic.Problem{Msg: "validate needs a playbook"}).WithHint("runner validate site.yml")
	}
	write, ok := findingWriters[format]
	if !ok && format != "text" {
		return (&diagnostic.Problem{Msg: fmt.Sprintf("unknown format %q", format)}).
			WithHint("there is text, %s", strings.Join(findingFormats(), ", "))
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
	program, problems := p.read(files, tasks.Kinds(nil), extra, playbooks.Options{Vault: vault, Lint: true})
	if ok {
		if err := write(p.findings(problems), p.Out); err != nil {
			return err
		}
	} else {
		p.PrintAll(problems, verbosity)
		p.annotate(problems)
	}
	if err := p.verdict(problems); err != nil {
		return err
	}
	if !ok {
		if err := p.sayValid(program, len(files), len(problems)); err != nil {
			return err
		}
	}
	if c.Bool("strict") && len(problems) > 0 {
		return &exit.Error{Code: exit.Playbook}
	}
	return nil
}

// sayValid tells that a program has nothing wrong, but for warnings.
func (p *Program) sayValid(program *engine.Program, files, warnings int) error {
	steps := 0
	for _, play := range program.Plays {
		for range play.Steps() {
			steps++
		}
	}
	verdict := "nothing is wrong"
	if warnings > 0 {
		verdict += ", " + ui.Count(warnings, "warning")
	}
	_, err := fmt.Fprintf(p.Out, "%s in %s: %s\n", ui.Count(steps, "task"), ui.Count(files, "playbook"), verdict)
	return err
}
