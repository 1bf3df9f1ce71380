package cmd

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/cmd/loading"
	"runner/cmd/ui"
	"runner/cmd/vaults"
	"runner/diagnostic"
	"runner/engine"
	"runner/playbooks"
	"runner/tasks"
)

// validateOptions are those of runner validate.
type validateOptions struct {
	files, extraVars []string
	vault            vaults.Spec
	hosts            playbooks.Hosts
	format           string
	strict           bool
	profile          string
	verbosity        int
}

func (p *Program) validateCommand() *cli.Command {
	var o validateOptions
	return &cli.Command{
		Name:      "validate",
		Usage:     "report everything that is wrong with playbooks, without a network",
		ArgsUsage: "FILE…",
		Description: "Exit codes: 0 nothing is wrong, 4 something is. Warnings do not count, unless --strict makes them.\n" +
			"A comment `# noqa: RULE` on a line silences a warning there; runner doc --rules lists the rules.",
		Flags: append([]cli.Flag{
			flags.Strings(&o.extraVars, "extra-vars,e", "take `VARS` as given: name=value pairs, a JSON or YAML map, or @FILE (repeatable)").Adds().Setting(),
			formatFlag(&o.format, append([]string{"text"}, loading.Formats()...)...),
			flags.String(&o.profile, "profile", "take the settings of the profile `NAME` of a configuration file").Complete(p.anyProfile).Setting(),
			flags.Bool(&o.strict, "strict", "let warnings count").Setting(),
			flags.Count(&o.verbosity, "verbose,v", "say more of each problem"),
		}, append(hostFlags(&o.hosts), vaultFlags(&o.vault)...)...),
		Action: func(c *cli.Context) error {
			o.files = c.Args().Slice()
			return p.validate(c.Context, o)
		},
	}
}

func (p *Program) validate(ctx context.Context, o validateOptions) error {
	opt, err := p.offline(ctx, "validate", o.files, o.extraVars, o.vault)
	if err != nil {
		return err
	}
	opt.Lint, opt.Hosts = true, o.hosts
	program, problems := playbooks.Load(o.files, opt)
	if err := p.writeProblems(o, problems); err != nil {
		return err
	}
	if err := loading.Conclude(&p.Streams, problems); err != nil {
		return err
	}
	if o.format == "text" {
		if err := p.sayValid(program, len(o.files), len(problems)); err != nil {
			return err
		}
	}
	if o.strict && len(problems) > 0 {
		return &exit.Error{Code: exit.Playbook}
	}
	return nil
}

// offline returns what playbooks are read with that are not played: vaults stay closed.
func (p *Program) offline(ctx context.Context, command string, files, extraVars []string, spec vaults.Spec) (playbooks.Options, error) {
	if len(files) == 0 {
		return playbooks.Options{}, (&diagnostic.Problem{Msg: command + " needs a playbook"}).WithHint("runner %s site.yml", command)
	}
	vault, err := vaults.Open(ctx, &p.Streams, spec)
	if err != nil {
		return playbooks.Options{}, err
	}
	vault.Sealed = true
	extra, err := loading.ExtraVars(extraVars, vault)
	if err != nil {
		return playbooks.Options{}, err
	}
	return loading.Options(&p.Streams, tasks.Kinds(nil), extra, vault), nil
}

// writeProblems writes problems: as text on standard error, in formats for programs
// on standard output.
func (p *Program) writeProblems(o validateOptions, problems []*diagnostic.Problem) error {
	if o.format != "text" {
		return loading.Write(&p.Streams, o.format, problems)
	}
	p.PrintAll(problems, o.verbosity)
	loading.Annotate(&p.Streams, problems)
	return nil
}

// sayValid says that a program has nothing wrong, but for warnings.
func (p *Program) sayValid(program *engine.Program, files, warnings int) error {
	steps := 0
	for _, play := range program.Plays {
		for range play.Steps() {
			steps++
		}
	}
	result := "valid"
	if warnings > 0 {
		result += ", " + ui.Count(warnings, "warning")
	}
	_, err := fmt.Fprintf(p.Out, "%s in %s: %s\n", ui.Count(steps, "task"), ui.Count(files, "playbook"), result)
	return err
}
