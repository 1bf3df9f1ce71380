package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/settings"
)

// A running is what `runner fleet run` is asked for.
type running struct {
	check       bool
	ref, format string
}

func (p *program) runCommand() *cli.Command {
	var r running
	return &cli.Command{
		Name: "run", Usage: "play a playbook now, and wait for its end", ArgsUsage: "PROJECT/PLAYBOOK", Before: takesPlaybook,
		Description: "Exit codes are those of `runner play`; --check exits with 3 where there is something to do. Ctrl-C stops waiting, not the play: " +
			"`runner fleet cancel` ends it.",
		Flags: []cli.Flag{
			flags.Bool(&r.check, "check,C", "only report what would be done"),
			flags.String(&r.ref, "ref", "play the branch, tag or commit `REV`"),
			formatFlag(&r.format),
		},
		Action: func(c *cli.Context) error {
			return p.connected(c.Context, func(f *settings.File, fleet *control.Fleet) error {
				job, err := fleet.Job(c.Context, f, p.sources(f), c.Args().First(), r.ref)
				if err != nil {
					return err
				}
				job.Check = r.check
				return p.play(c.Context, fleet, job, r.format)
			})
		},
	}
}

// A played is what came of a play, for programs.
type played struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Check   bool           `json:"check"`
	Exit    int            `json:"exit"`
	Counts  map[string]int `json:"counts"`
	Commit  string         `json:"commit"`
	Worker  string         `json:"worker"`
	Message string         `json:"message,omitempty"`
	Needs   []flow.Change  `json:"needs,omitempty"`
	Began   time.Time      `json:"began,omitzero"`
	Seconds float64        `json:"seconds"`
}

// play starts a play, waits for its end, and ends as it does.
func (p *program) play(ctx context.Context, fleet *control.Fleet, job flow.Job, format string) error {
	id, err := fleet.Start(ctx, job)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Err, id)
	if !fleet.Served(ctx, job.Queue) {
		p.Warn(fmt.Sprintf("no worker plays the queue %s: the play waits for one; runner fleet worker --queue %s", job.Queue, job.Queue))
	}
	o, err := fleet.Wait(ctx, id, p.phase)
	if ctx.Err() != nil {
		fmt.Fprintf(p.Err, "the play goes on; this ends it: runner fleet cancel %s\n", id)
		return &exit.Error{Code: exit.Interrupted}
	}
	if err != nil {
		return err
	}
	err = p.write(format, played{
		id, job.Name(), job.Check, o.Exit, o.Counts, o.Commit, o.Worker, o.Message, o.Needs, o.Began, o.Took.Seconds(),
	}, func() {
		text := fmt.Sprintf("exit %d, %d changed, %s", o.Exit, o.Counts["changed"], o.Took.Round(time.Millisecond))
		if o.Worker != "" { // it is not known of a play that could not begin
			text += ", by " + o.Worker
		}
		fmt.Fprintln(p.Out, text)
		if o.Message != "" {
			fmt.Fprintln(p.Out, o.Message)
		}
	})
	if o.Exit != 0 {
		return &exit.Error{Code: o.Exit}
	}
	return err
}

// phase says what a play is doing.
func (p *program) phase(s flow.State) {
	fmt.Fprintln(p.Err, s.Phase)
	for _, c := range s.Needs {
		fmt.Fprintf(p.Err, "  %s %s (%s): %s\n", c.Action, c.Object, c.Risk, c.Task)
	}
}
