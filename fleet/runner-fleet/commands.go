package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"runner/cmd/exit"
	"runner/fleet/checkout"
	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/logs"
	"runner/fleet/settings"
	"runner/suggest"
)

// folder returns where a worker keeps things.
func (p *program) folder(f *settings.File) string {
	state := cmp.Or(p.Getenv("XDG_STATE_HOME"), filepath.Join(p.Getenv("HOME"), ".local", "state"))
	return cmp.Or(f.Worker.Folder, filepath.Join(state, "runner", "fleet"))
}

// secrets returns the folder of the secrets of this machine.
func (p *program) secrets(f *settings.File) string {
	return cmp.Or(f.Worker.Secrets, filepath.Join(p.folder(f), "secrets"))
}

// logs returns where logs are kept.
func (p *program) logs(f *settings.File) (*logs.Store, error) {
	return logs.Open(f.Logs, f.Worker.KeepLog, filepath.Join(p.folder(f), "logs"), p.secrets(f))
}

func (p *program) sources(f *settings.File) *checkout.Repositories {
	env := []string{"PATH=" + p.Getenv("PATH"), "HOME=" + p.Getenv("HOME")}
	for _, name := range []string{"SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "HTTPS_PROXY", "NO_PROXY"} {
		if value := p.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return &checkout.Repositories{Dir: filepath.Join(p.folder(f), "git"), Env: env}
}

// connected reads the settings, connects, and calls do.
func (p *program) connected(ctx context.Context, do func(f *settings.File, fleet *control.Fleet) error) error {
	f, err := settings.Read(p.file)
	if err != nil {
		return err
	}
	c, data, err := control.Dial(ctx, f.Server, nil, p.quiet())
	if err != nil {
		return err
	}
	defer c.Close()
	return do(f, &control.Fleet{Client: c, Data: data})
}

func (p *program) validateCommand() *cli.Command {
	return &cli.Command{Name: "validate", Usage: "report what is wrong with fleet.yml, without a server", Action: func(*cli.Context) error {
		f, err := settings.Read(p.file)
		if err == nil {
			fmt.Fprintf(p.Out, "%s: valid, %d projects, %d entries of playbooks\n", p.file, len(f.Projects), len(f.Playbooks))
		}
		return err
	}}
}

func (p *program) applyCommand() *cli.Command {
	var check, prune bool
	return &cli.Command{
		Name: "apply", Usage: "make the schedules of the server match fleet.yml",
		Description: "Exit codes: 0 done, 3 with --check where something differs, 4 fleet.yml is wrong.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "check", Aliases: []string{"C", "diff"}, Usage: "only report what differs", Destination: &check},
			&cli.BoolFlag{Name: "prune", Usage: "delete schedules that are declared no more", Destination: &prune},
		},
		Action: func(c *cli.Context) error {
			return p.connected(c.Context, func(f *settings.File, fleet *control.Fleet) error {
				a := control.Apply{Client: fleet.Client, Data: fleet.Data, Sources: p.sources(f), Out: p.Out, Check: check, Prune: prune}
				changed, err := a.Run(c.Context, f)
				if err == nil && check && changed > 0 {
					err = exitError(3)
				}
				return err
			})
		},
	}
}

func (p *program) runCommand() *cli.Command {
	var check bool
	var ref string
	return &cli.Command{
		Name: "run", Usage: "play a playbook now, and wait for its end", ArgsUsage: "PROJECT/PLAYBOOK",
		Description: "Exit codes are those of `runner play`. Ctrl-C stops waiting, not the play: `runner fleet cancel` ends it.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "check", Aliases: []string{"C"}, Usage: "only report what would be done", Destination: &check},
			&cli.StringFlag{Name: "ref", Usage: "play the branch, tag or commit `REV`", Destination: &ref},
		},
		Action: func(c *cli.Context) error {
			return p.connected(c.Context, func(f *settings.File, fleet *control.Fleet) error {
				job, err := jobOf(f, c.Args().First())
				if err != nil {
					return err
				}
				job.Check, job.Ref = check, cmp.Or(ref, job.Ref)
				id, err := fleet.Start(c.Context, job)
				if err != nil {
					return err
				}
				fmt.Fprintln(p.Err, id)
				outcome, err := fleet.Wait(c.Context, id, p.phase)
				if c.Context.Err() != nil {
					fmt.Fprintf(p.Err, "the play goes on; this ends it: runner fleet cancel %s\n", id)
					return exitError(exit.Interrupted)
				}
				if err != nil {
					return err
				}
				fmt.Fprintf(p.Out, "exit %d, %d changed, %s, by %s\n", outcome.Exit, outcome.Counts["changed"], outcome.Took.Round(time.Millisecond), outcome.Worker)
				if outcome.Message != "" {
					fmt.Fprintln(p.Out, outcome.Message)
				}
				if outcome.Exit != 0 {
					return exitError(outcome.Exit)
				}
				return nil
			})
		},
	}
}

// jobOf returns the job of a playbook, as the first entry of fleet.yml that matches declares it.
func jobOf(f *settings.File, name string) (flow.Job, error) {
	project, file, ok := strings.Cut(name, "/")
	of, known := f.Projects[project]
	if !ok || file == "" {
		return flow.Job{}, fmt.Errorf("%q names no playbook: PROJECT/PATH, such as shop/site.yml", name)
	}
	if !known {
		names := slices.Sorted(maps.Keys(f.Projects))
		return flow.Job{}, fmt.Errorf("there is no project %q in fleet.yml; %s", project,
			cmp.Or(suggest.DidYouMean(project, names), "available: "+strings.Join(names, ", ")))
	}
	for _, p := range f.Playbooks {
		if ok, _ := path.Match(p.Files, file); ok && p.Project == project {
			return control.JobOf(p, of, file), nil
		}
	}
	return control.JobOf(settings.Playbook{Project: project, Ref: of.Ref}, of, file), nil
}

// phase says what a play is doing.
func (p *program) phase(s flow.State) {
	fmt.Fprintln(p.Err, s.Phase)
	for _, c := range s.Needs {
		fmt.Fprintf(p.Err, "  %s %s (%s): %s\n", c.Action, c.Object, c.Risk, c.Task)
	}
}

func (p *program) statusCommand() *cli.Command {
	var filter control.Filter
	format := "text"
	return &cli.Command{
		Name: "status", Usage: "list the latest play of each playbook, and its latest check",
		Description: "--drift, --waiting and --failed choose playbooks to which all of them apply. JSON is a list of playbooks:\n" +
			"docs/fleet.md has its keys.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "drift", Usage: "only those whose check found something to do", Destination: &filter.Drift},
			&cli.BoolFlag{Name: "waiting", Usage: "only those that wait for consent", Destination: &filter.Waiting},
			&cli.BoolFlag{Name: "failed", Usage: "only those that failed", Destination: &filter.Failed},
			&cli.StringFlag{Name: "format", Aliases: []string{"F"}, Value: format, Usage: "write `FORMAT`: text or json", Destination: &format},
		},
		Action: func(c *cli.Context) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("there is no format %q: text or json", format)
			}
			return p.connected(c.Context, func(_ *settings.File, fleet *control.Fleet) error {
				o, err := control.NewWatch(fleet, nil).Look(c.Context)
				if err != nil {
					return err
				}
				if o.Unreadable != "" {
					fmt.Fprintf(p.Err, "warning: some plays cannot be read: %s\n", o.Unreadable)
				}
				if format == "json" {
					e := json.NewEncoder(p.Out)
					e.SetIndent("", "  ")
					return e.Encode(o.Filter(filter))
				}
				return p.table(o.Filter(filter), filter)
			})
		},
	}
}

func (p *program) table(playbooks []control.Playbook, filter control.Filter) error {
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
	return t.Flush()
}

func (p *program) consentCommand(name string, denied bool) *cli.Command {
	return &cli.Command{
		Name: name, Usage: map[bool]string{false: "consent to what a play waits for", true: "refuse what a play waits for"}[denied], ArgsUsage: "RUN",
		Action: func(c *cli.Context) error {
			return p.onPlay(c, func(fleet *control.Fleet, id string) error {
				changes, err := fleet.Consent(c.Context, id, control.Consent{By: whoAmI(p.Getenv), Denied: denied})
				if err != nil {
					return err
				}
				for _, change := range changes {
					fmt.Fprintf(p.Out, "%s: %s %s (%s)\n", map[bool]string{false: "approved", true: "denied"}[denied], change.Action, change.Object, change.Risk)
				}
				return nil
			})
		},
	}
}

func whoAmI(getenv func(string) string) string {
	host, _ := os.Hostname()
	name := getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return name + "@" + host
}

// onPlay connects, and calls do with the play that the argument names.
func (p *program) onPlay(c *cli.Context, do func(fleet *control.Fleet, id string) error) error {
	if c.NArg() != 1 {
		return fmt.Errorf("%s takes one play: its id or the name of its playbook; runner fleet status lists them", c.Command.Name)
	}
	return p.connected(c.Context, func(_ *settings.File, fleet *control.Fleet) error {
		id, err := fleet.Find(c.Context, c.Args().First())
		if err != nil {
			return err
		}
		return do(fleet, id)
	})
}

func (p *program) cancelCommand() *cli.Command {
	return &cli.Command{Name: "cancel", Usage: "end a play; what is under way is finished", ArgsUsage: "RUN", Action: func(c *cli.Context) error {
		return p.onPlay(c, func(fleet *control.Fleet, id string) error { return fleet.Cancel(c.Context, id) })
	}}
}

func (p *program) pauseCommand(name string) *cli.Command {
	usage := map[string]string{"pause": "keep the schedules of a playbook from playing", "resume": "let the schedules of a playbook play again"}
	return &cli.Command{Name: name, Usage: usage[name], ArgsUsage: "PROJECT/PLAYBOOK", Action: func(c *cli.Context) error {
		if c.NArg() != 1 {
			return fmt.Errorf("%s takes one playbook: PROJECT/PATH", name)
		}
		return p.connected(c.Context, func(_ *settings.File, fleet *control.Fleet) error {
			do := fleet.Pause
			if name == "resume" {
				do = fleet.Resume
			}
			return do(c.Context, c.Args().First(), name+"d by "+whoAmI(p.Getenv))
		})
	}}
}

func (p *program) logsCommand() *cli.Command {
	return &cli.Command{
		Name: "logs", Usage: "print the log of a play, as jsonl", ArgsUsage: "RUN",
		Description: "A log is on the disk of the worker that played, or in the bucket that fleet.yml names, as soon as the play has\nended.",
		Flags:       []cli.Flag{&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "of a play that goes on, print what it is doing, and the log when it has ended"}},
		Action: func(c *cli.Context) error {
			f, err := settings.Read(p.file)
			if err != nil {
				return err
			}
			kept, err := p.logs(f)
			if err != nil {
				return err
			}
			return p.onPlay(c, func(fleet *control.Fleet, id string) error {
				if c.Bool("follow") { // that a play failed is in its log
					_, _ = fleet.Wait(c.Context, id, p.phase)
				}
				return p.printLog(c.Context, fleet, kept, id)
			})
		},
	}
}

func (p *program) printLog(ctx context.Context, fleet *control.Fleet, kept *logs.Store, id string) error {
	state, err := fleet.State(ctx, id)
	if err != nil {
		return err
	}
	if state.Outcome == nil || state.Outcome.Log == "" {
		return fmt.Errorf("%s has no log yet: it is %s; --follow waits for it", id, state.Phase)
	}
	log, err := kept.Read(ctx, state.Outcome.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	_, err = io.Copy(p.Out, bufio.NewReader(log))
	return err
}
