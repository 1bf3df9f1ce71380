package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/diagnostic"
	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/logs"
	"runner/fleet/settings"
)

// onPlay connects, and calls do with the play that the argument names.
func (p *program) onPlay(c *cli.Context, do func(fleet *control.Fleet, id string) error) error {
	return p.connected(c.Context, func(_ *settings.File, fleet *control.Fleet) error {
		id, err := fleet.Find(c.Context, c.Args().First())
		if err != nil {
			return err
		}
		return do(fleet, id)
	})
}

// A consented is what was said to a play that waits, for programs.
type consented struct {
	ID      string        `json:"id"`
	Denied  bool          `json:"denied"`
	By      string        `json:"by"`
	Changes []flow.Change `json:"changes"`
}

func (p *program) consentCommand(name string, denied bool) *cli.Command {
	usage, done := "consent to what a play waits for", "approved"
	if denied {
		usage, done = "refuse what a play waits for", "denied"
	}
	var format string
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: "RUN", Before: takesPlay,
		Flags: []cli.Flag{formatFlag(&format)},
		Action: func(c *cli.Context) error {
			return p.onPlay(c, func(fleet *control.Fleet, id string) error {
				by := whoAmI(p.Getenv)
				changes, err := fleet.Consent(c.Context, id, control.Consent{By: by, Denied: denied})
				if err != nil {
					return err
				}
				return p.write(format, consented{id, denied, by, changes}, func() {
					for _, change := range changes {
						fmt.Fprintf(p.Out, "%s: %s %s (%s)\n", done, change.Action, change.Object, change.Risk)
					}
				})
			})
		},
	}
}

func (p *program) cancelCommand() *cli.Command {
	var format string
	return &cli.Command{
		Name: "cancel", Usage: "end a play; what is under way is finished", ArgsUsage: "RUN", Before: takesPlay,
		Flags: []cli.Flag{formatFlag(&format)},
		Action: func(c *cli.Context) error {
			return p.onPlay(c, func(fleet *control.Fleet, id string) error {
				if err := fleet.Cancel(c.Context, id); err != nil {
					return err
				}
				return p.write(format, map[string]string{"id": id}, func() { fmt.Fprintf(p.Out, "%s ends once what is under way is finished\n", id) })
			})
		},
	}
}

func (p *program) pauseCommand(name string) *cli.Command {
	usage := map[string]string{"pause": "keep the schedules of a playbook from playing", "resume": "let the schedules of a playbook play again"}
	var format string
	return &cli.Command{
		Name: name, Usage: usage[name], ArgsUsage: "PROJECT/PLAYBOOK", Before: takesPlaybook,
		Flags: []cli.Flag{formatFlag(&format)},
		Action: func(c *cli.Context) error {
			return p.connected(c.Context, func(_ *settings.File, fleet *control.Fleet) error {
				do, playbook, note := fleet.Pause, c.Args().First(), name+"d by "+whoAmI(p.Getenv)
				if name == "resume" {
					do = fleet.Resume
				}
				if err := do(c.Context, playbook, note); err != nil {
					return err
				}
				return p.write(format, map[string]any{"name": playbook, "paused": name == "pause"}, func() { fmt.Fprintf(p.Out, "%s is %sd\n", playbook, name) })
			})
		},
	}
}

func (p *program) logsCommand() *cli.Command {
	var follow bool
	return &cli.Command{
		Name: "logs", Usage: "print the log of a play, as jsonl", ArgsUsage: "RUN", Before: takesPlay,
		Description: "A log is on the disk of the worker that played, or in the bucket that fleet.yml names, as soon as the play has ended.",
		Flags:       []cli.Flag{flags.Bool(&follow, "follow,f", "of a play that goes on, print what it is doing, and the log when it has ended")},
		Action: func(c *cli.Context) error {
			f, err := p.settings()
			if err != nil {
				return err
			}
			kept, err := p.logs(f)
			if err != nil {
				return err
			}
			return p.onPlay(c, func(fleet *control.Fleet, id string) error {
				if follow { // that a play failed is in its log
					_, _ = fleet.Wait(c.Context, id, p.phase)
				}
				return p.printLog(c.Context, fleet, kept, id)
			})
		},
	}
}

func (p *program) printLog(ctx context.Context, fleet *control.Fleet, kept *logs.Store, id string) error {
	outcome, phase, err := fleet.Outcome(ctx, id)
	switch {
	case err != nil:
		return err
	case outcome == nil:
		return (&diagnostic.Problem{Msg: fmt.Sprintf("%s has no log yet: %s", id, phase)}).WithHint("--follow waits for it")
	case outcome.Log == "":
		return fmt.Errorf("%s has no log: it ended with exit %d before it began to play: %s", id, outcome.Exit, outcome.Message)
	}
	log, err := kept.Read(ctx, outcome.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	_, err = io.Copy(p.Out, bufio.NewReader(log))
	return err
}
