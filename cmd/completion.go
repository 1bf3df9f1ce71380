package cmd

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/collection"
	"runner/cmd/completion"
	"runner/cmd/flags"
	"runner/diagnostic"
	"runner/engine"
	"runner/tasks"
)

func (p *Program) completionCommand() *cli.Command {
	shells := completion.Shells()
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes runner's commands, flags and values",
		ArgsUsage: strings.Join(shells, "|"),
		Description: "  bash: source <(runner completion bash)\n" +
			"  zsh:  source <(runner completion zsh)\n" +
			"  fish: runner completion fish | source",
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 || completion.CheckShell(c.Args().First()) != nil {
				return (&diagnostic.Problem{Msg: "completion takes the name of a shell"}).WithHint("bash, fish or zsh")
			}
			_, err := fmt.Fprint(p.Out, completion.Script(c.Args().First(), "runner"))
			return err
		},
	}
}

// complete prints what can follow on a command line, for a shell's script. It is no
// command of the library's, as flags among the words are not its own.
func (p *Program) complete(app *cli.App, args []string) error {
	if len(args) < 2 {
		return nil
	}
	words := completion.Words(args[0], args[1:])
	if len(words) < 2 {
		return nil
	}
	if words[1] == "fleet" && len(words) > 2 {
		return p.completeFleet(args)
	}
	if line, _ := flags.Parse(app, words[:len(words)-1]); line.Command != nil {
		_ = p.configure(app, line) // mistakes are reported when the line is run
	}
	values := flags.Complete(app, words, p.completeArgument)
	return completion.Write(p.Out, args[0], words[len(words)-1], values)
}

// completeArgument returns what can stand beside the flags of a command.
func (p *Program) completeArgument(r flags.Request) flags.Values {
	switch strings.TrimPrefix(r.Path, "runner ") {
	case "play", "validate", "vendor validate", "vendor test", "vendor serve", "vendor provision", "vendor plan-change", "vendor deprovision", "vendor sso":
		return flags.Values{Files: true}
	case "catalog":
		if len(r.Files) == 0 {
			return flags.Texts(catalogParts()...)
		}
		if len(r.Files) == 1 && r.Files[0] != "zones" {
			return p.fromPlatform(providerNames)(r)
		}
	case "env":
		return p.fromPlatform(addonNames)(r)
	case "doc":
		return kindNames(tasks.Kinds(nil))
	case "module":
		if len(r.Files) == 0 {
			return kindNames(collection.Kinds(tasks.Kinds(nil)))
		}
		return flags.Values{Files: true}
	case "completion":
		return flags.Texts(completion.Shells()...)
	}
	return flags.Values{Files: strings.HasPrefix(r.Path, "runner vault")}
}

// kindNames completes with the names of kinds.
func kindNames(kinds []engine.Kind) (v flags.Values) {
	for _, k := range kinds {
		v.All = append(v.All, flags.Value{Text: k.Name, Doc: k.Summary()})
	}
	return v
}
