package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/cmd/session"
	"runner/diagnostic"
	"runner/engine"
)

func (p *Program) destroyCommand() *cli.Command {
	spec := session.Default()
	var scope string
	return &cli.Command{
		Name:  "destroy",
		Usage: "remove all that a scope holds",
		Description: "It shows what the scope holds, and asks; where nobody can be asked it needs --allow delete. What was moved into the scope, or was\n" +
			"there before a playbook declared it, needs --allow delete-doubtful. --check only shows. Exit codes are those of play.",
		Flags: append([]cli.Flag{
			flags.String(&scope, "scope", "the scope's `NAME`, as a playbook says it under prune"),
			p.organisationFlag(&spec.Platform, "only what this owner has in the scope (all owners if left out)"),
			flags.Bool(&spec.Check, "check,C", "only show what would be removed"),
			flags.Words(&spec.Allow, "allow", "consent to `RISKS`: delete, delete-doubtful (repeatable, or with commas)").Of("delete", "delete-doubtful"),
			flags.Duration(&spec.LockTimeout, "lock-timeout", "wait `DURATION` for another run to end; fail at once if left out").Setting(),
			flags.Strings(&spec.Reports, "report", "report as `KIND[=FILE]`: "+flags.Alternatives(session.ReportKinds())+" (repeatable; text on standard output if left out)").Complete(reportValues).Setting(),
		}, p.platformFlags(&spec.Platform)...),
		Action: func(c *cli.Context) error {
			switch err := engine.CheckScope(scope); {
			case c.NArg() > 0:
				return (&diagnostic.Problem{Msg: fmt.Sprintf("destroy takes no %q", c.Args().First())}).WithHint("runner destroy --scope shop-dev")
			case scope == "":
				return (&diagnostic.Problem{Msg: "destroy needs --scope: what is to be removed"}).WithHint("runner list shows the scopes")
			case err != nil:
				return err
			}
			return p.destroy(c, spec, scope)
		},
	}
}

// destroy plays a playbook of one task.
func (p *Program) destroy(c *cli.Context, spec session.Spec, scope string) (err error) {
	dir, err := os.MkdirTemp("", "runner-destroy-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	args := map[string]any{"scope": scope, "everything": true}
	if spec.Platform.Organisation != "" {
		args["organisation"] = spec.Platform.Organisation
	}
	text, err := json.Marshal([]any{map[string]any{"name": "Remove all that the scope " + scope + " holds", "addon_prune": args}})
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "destroy.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	spec.Files, spec.Diff = []string{file}, true
	return session.Play(c.Context, p.world(), spec)
}
