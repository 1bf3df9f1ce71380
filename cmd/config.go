package cmd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"runner/cmd/config"
	"runner/cmd/flags"
	"runner/cmd/session"
	"runner/cmd/ui"
	"runner/diagnostic"
)

const configHelp = `A setting is a flag that the command line leaves out. It is looked for, in this order, in

  the environment          RUNNER_ and the flag's name: RUNNER_LOCK_TIMEOUT=5m
  runner.toml beside the playbook, or in the working folder where there is none
  $XDG_CONFIG_HOME/runner/runner.toml, your own ($RUNNER_CONFIG names another)

A file has settings for all commands, for one, and profiles, which --profile NAME, $RUNNER_PROFILE
or profile = "NAME" chooses:

  jobs = 20
  report = ["text", "junit=report.xml"]
  [validate]
  strict = true
  [profiles.staging]
  organisation = "orga_…"
  credentials = "login:staging"      # of runner login --alias staging
  extra-vars = ["env=staging"]

Credentials are named, never written: login:ALIAS, env:TOKEN,SECRET (names of variables),
file:PATH (a .env file), command:PROGRAM, which prints such lines. A file beside a playbook may come from
anybody: it can name no program, no receiver of notifications, and no endpoint but those of your own file.`

func (p *Program) configCommand() *cli.Command {
	spec := session.Default()
	format := "text"
	command := &cli.Command{
		Name:        "config",
		Usage:       "list the settings in force, and where each comes from",
		ArgsUsage:   "[PLAYBOOK]",
		Description: configHelp,
		Flags:       append([]cli.Flag{flags.String(&format, "format,F", "write `FORMAT`: text or json").Of("text", "json")}, p.configurable(&spec)...),
	}
	command.Action = func(c *cli.Context) error {
		if c.NArg() > 1 {
			return (&diagnostic.Problem{Msg: "config takes one playbook"}).WithHint("runner config site.yml")
		}
		rows, err := p.settingsInForce(command, c.Args().Slice())
		if err != nil {
			return err
		}
		return p.showSettings(rows, format)
	}
	return command
}

// configurable returns the flags of play that can be settings.
func (p *Program) configurable(spec *session.Spec) []cli.Flag {
	return slices.DeleteFunc(p.allPlayFlags(spec, new([]string)), func(f cli.Flag) bool {
		ours, ok := f.(*flags.Flag)
		return !ok || len(ours.Env()) == 0
	})
}

// A settingRow is what runner config lists.
type settingRow struct {
	Command string `json:"command,omitempty"` // whose it is, where not all commands have the same
	Name    string `json:"name"`
	Value   string `json:"value"`
	Origin  string `json:"from"`
}

// settingsInForce returns the settings of play, as runner config was given them, and
// those of other commands that differ.
func (p *Program) settingsInForce(command *cli.Command, files []string) ([]settingRow, error) {
	var rows []settingRow
	seen := map[string]settingRow{}
	add := func(path string, all []*flags.Flag) {
		for _, f := range all {
			row := settingRow{Name: f.Name(), Value: f.Shown(), Origin: f.Origin()}
			first, known := seen[f.Name()]
			if known && (first == row || f.Name() == "profile") {
				continue
			}
			if !known {
				seen[f.Name()] = row
			} else {
				row.Command = path
			}
			rows = append(rows, row)
		}
	}
	add("play", flags.Settings(command))
	fresh := p.app() // whose flags hold the defaults still
	chosen := &Program{Streams: ui.Streams{Err: p.Err, Getenv: func(name string) string {
		if name == "RUNNER_PROFILE" {
			return seen["profile"].Value
		}
		return p.Getenv(name)
	}}}
	var walk func(path string, commands []*cli.Command) error
	walk = func(path string, commands []*cli.Command) error {
		for _, c := range commands {
			at := strings.TrimSpace(path + " " + c.Name)
			if at == "play" || at == "config" {
				continue
			}
			if err := chosen.configure(fresh, flags.Invocation{Command: c, Path: fresh.Name + " " + at, Files: files}); err != nil {
				return err
			}
			add(at, flags.Settings(c))
			if err := walk(at, c.Subcommands); err != nil {
				return err
			}
		}
		return nil
	}
	return rows, walk("", fresh.Commands)
}

func (p *Program) showSettings(rows []settingRow, format string) error {
	if format == "json" {
		e := json.NewEncoder(p.Out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SETTING\tVALUE\tFROM")
	for _, r := range rows {
		name := r.Name
		if r.Command != "" {
			name = r.Command + " " + r.Name
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, p.Secrets.Mask(r.Value), r.Origin)
	}
	return w.Flush()
}

var _ config.Setting = (*flags.Flag)(nil)
