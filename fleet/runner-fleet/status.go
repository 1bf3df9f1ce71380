package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/fleet/control"
	"runner/fleet/settings"
)

func (p *program) statusCommand() *cli.Command {
	var filter control.Filter
	var format string
	return &cli.Command{
		Name: "status", Usage: "list the latest play of each playbook, and its latest check", Before: takesNothing,
		Description: "--drift, --waiting and --failed choose playbooks to which all of them apply. JSON is a list of playbooks: " +
			"docs/fleet.md has its keys.",
		Flags: []cli.Flag{
			flags.Bool(&filter.Drift, "drift", "only those whose check found something to do"),
			flags.Bool(&filter.Waiting, "waiting", "only those that wait for consent"),
			flags.Bool(&filter.Failed, "failed", "only those that failed"),
			formatFlag(&format),
		},
		Action: func(c *cli.Context) error {
			return p.connected(c.Context, func(_ *settings.File, fleet *control.Fleet) error {
				o, err := control.NewWatch(fleet, nil).Look(c.Context)
				if err != nil {
					return err
				}
				if o.Unreadable != "" {
					p.Warn("some plays cannot be read: " + o.Unreadable)
				}
				playbooks := o.Filter(filter)
				return p.write(format, playbooks, func() { p.table(playbooks, filter) })
			})
		},
	}
}

func (p *program) table(playbooks []control.Playbook, filter control.Filter) {
	t := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PLAYBOOK\tSTATE\tCHANGED\tBEGAN\tRUN\tWHY")
	for _, b := range playbooks {
		for _, play := range b.Plays(filter) {
			name := play.Name
			if play.Check {
				name += " (check)"
			}
			fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\n", name, play.State(), play.Changed, play.Began.Local().Format(time.DateTime), play.ID, play.Why())
		}
	}
	_ = t.Flush() // the output keeps its error
}
