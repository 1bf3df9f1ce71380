package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/cmd/ui"
	"runner/fleet/control"
	"runner/fleet/settings"
)

func (p *program) validateCommand() *cli.Command {
	return &cli.Command{
		Name: "validate", Usage: "report what is wrong with fleet.yml, without a server", Before: takesNothing,
		Description: "Exit codes: 0 nothing is wrong, 4 fleet.yml is wrong or missing.",
		Action: func(*cli.Context) error {
			f, err := p.settings()
			if err == nil {
				fmt.Fprintf(p.Out, "%s: valid, %s, playbooks: %d\n", p.file, ui.Count(len(f.Projects), "project"), len(f.Playbooks))
			}
			return err
		},
	}
}

// An applying is what `runner fleet apply` is asked for.
type applying struct {
	check, prune bool
	format       string
}

func (p *program) applyCommand() *cli.Command {
	var a applying
	return &cli.Command{
		Name: "apply", Usage: "make the schedules of the server match fleet.yml", Before: takesNothing,
		Description: "Exit codes: 0 done, 3 with --check where something differs, 4 fleet.yml is wrong or missing.",
		Flags: []cli.Flag{
			flags.Bool(&a.check, "check,C,diff", "only report what differs"),
			flags.Bool(&a.prune, "prune", "delete schedules that are declared no more"),
			formatFlag(&a.format),
		},
		Action: func(c *cli.Context) error {
			return p.connected(c.Context, func(f *settings.File, fleet *control.Fleet) error { return p.apply(c.Context, f, fleet, a) })
		},
	}
}

func (p *program) apply(ctx context.Context, f *settings.File, fleet *control.Fleet, a applying) error {
	to := control.Apply{Client: fleet.Client, Data: fleet.Data, Sources: p.sources(f), Prune: a.prune}
	plan, err := to.Plan(ctx, f)
	if err != nil {
		return err
	}
	if a.format != "json" {
		p.printPlan(plan)
	}
	if !a.check {
		err = to.CarryOut(ctx, plan)
	}
	if a.format == "json" {
		_ = p.write(a.format, plan, nil) // what cannot be written is reported at the end
	}
	if err == nil && a.check && len(plan.Actions) > 0 {
		err = &exit.Error{Code: exit.ToDo}
	}
	return err
}

func (p *program) printPlan(plan *control.Plan) {
	for _, a := range plan.Actions {
		sign := map[string]string{"create": "+", "update": "~", "delete": "-"}[a.Action]
		fmt.Fprintln(p.Out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", sign, a.Action, a.Schedule, a.When)))
	}
	if n := len(plan.Left); n > 0 {
		fmt.Fprintf(p.Out, "%s not declared any more: --prune deletes what is left\n", ui.Count(n, "schedule"))
	}
	fmt.Fprintf(p.Out, "%s: %d to create, %d to update, %d to delete\n", ui.Count(plan.Schedules, "schedule"), plan.Count("create"), plan.Count("update"), plan.Count("delete"))
}
