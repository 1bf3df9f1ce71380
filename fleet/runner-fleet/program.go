package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"runner/cmd/completion"
	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/cmd/help"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/fleet/settings"
	"runner/suggest"
)

// A program is runner-fleet with the world around it.
type program struct {
	ui.Streams
	file string // fleet.yml
}

// run runs the program and returns its exit code.
func (p *program) run(ctx context.Context, args []string) int {
	out := &ui.Output{Writer: p.Out}
	p.Out = out
	app := p.app()
	var err error
	if len(args) > 1 && args[1] == completion.Command {
		err = p.complete(app, args[2:])
	} else {
		err = p.command(ctx, app, args)
	}
	if err == nil {
		err = out.Err()
	}
	return p.end(ctx, err)
}

// command runs the command that a command line names.
func (p *program) command(ctx context.Context, app *cli.App, args []string) error {
	args, err := commandFirst(args)
	if err != nil {
		return err
	}
	line, err := flags.Parse(app, args)
	switch {
	case err != nil:
		return err
	case line.Help:
		return help.Print(app, line.Command, line.Path)
	}
	return app.RunContext(ctx, line.Args)
}

// commandFirst moves --file from before the command to behind it: it is a flag of all
// commands, and stands before most of them in units and scripts.
func commandFirst(args []string) ([]string, error) {
	var file []string
	rest := args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		word, isFile := rest[0], false
		switch {
		case word == "--help" || word == "-h":
			return append([]string{args[0]}, rest...), nil
		case word == "--file" || word == "-f":
			if len(rest) == 1 {
				return nil, (&diagnostic.Problem{Msg: word + " needs a value"}).WithHint("runner fleet --file fleet.yml COMMAND")
			}
			file, isFile = []string{"--file=" + rest[1]}, true
			rest = rest[1:]
		case strings.HasPrefix(word, "--file="):
			file, isFile = []string{word}, true
		case strings.HasPrefix(word, "-f") && !strings.HasPrefix(word, "--"):
			file, isFile = []string{"--file=" + strings.TrimPrefix(word[2:], "=")}, true
		}
		if !isFile {
			return nil, unknownFlag(word)
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return args[:1], nil
	}
	return append(append([]string{args[0], rest[0]}, file...), rest[1:]...), nil
}

// unknownFlag refuses a flag that stands before the command.
func unknownFlag(word string) error {
	problem := &diagnostic.Problem{Msg: "unknown flag " + word}
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	if near := suggest.Nearest(name, []string{"file", "help"}); near != "" {
		return problem.WithHint("did you mean --%s?", near)
	}
	return problem.WithHint("flags of a command stand behind it; runner fleet --help lists what there is")
}

// end prints an error, and chooses the exit code.
func (p *program) end(ctx context.Context, err error) int {
	ended, isEnd := errors.AsType[*exit.Error](err)
	if isEnd {
		err = ended.Err
	}
	mistakes, isMistakes := errors.AsType[*settings.MistakesError](err)
	switch {
	case isMistakes:
		p.PrintAll(mistakes.Problems, 0)
		return exit.Playbook
	case err != nil && ctx.Err() != nil:
		p.PrintError(errors.New("interrupted"))
		return exit.Interrupted
	case err != nil && !errors.Is(err, syscall.EPIPE): // whose reader has gone, which ends quietly
		p.PrintError(err)
	}
	switch {
	case isEnd:
		return ended.Code
	case err != nil:
		return exit.Usage
	}
	return exit.Done
}

func (p *program) logger() *slog.Logger { return logTo(p.Err) }

func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// quiet is the logger of commands that print what they do.
func (p *program) quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(p.Err, &slog.HandlerOptions{Level: slog.LevelError}))
}

func (p *program) app() *cli.App {
	app := &cli.App{
		Name: "runner fleet", HelpName: "runner fleet", Usage: "plays committed playbooks on schedules and on many machines",
		UsageText: "runner fleet COMMAND [OPTIONS] [ARGUMENTS]",
		Description: "A server of Temporal keeps the schedules and what became of each play; workers play. fleet.yml declares " +
			"projects and schedules, and `runner fleet apply` makes the server match it. See docs/fleet.md.",
		Reader: p.In, Writer: p.Out, ErrWriter: p.Err, HideHelp: true, HideVersion: true, ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError: help.UsageError, Action: noCommand,
		Commands: []*cli.Command{
			p.devCommand(), p.applyCommand(), p.workerCommand(), p.serveCommand(), p.runCommand(), p.statusCommand(),
			p.consentCommand("approve", false), p.consentCommand("deny", true), p.cancelCommand(),
			p.pauseCommand("pause"), p.pauseCommand("resume"), p.logsCommand(), p.validateCommand(), p.keyCommand(),
		},
	}
	p.file = "fleet.yml"
	app.Flags = []cli.Flag{p.fileFlag("file,f"), help.Flag()}
	for _, c := range app.Commands {
		names := "file,f"
		if c.Name == "logs" { // whose -f is --follow
			names = "file"
		}
		c.Flags = append(c.Flags, p.fileFlag(names))
	}
	help.Add(app.Commands)
	app.Commands = append(app.Commands, help.Command())
	return app
}

func (p *program) fileFlag(names string) cli.Flag {
	return flags.String(&p.file, names, "read the settings from `FILE`")
}

// noCommand helps where no command was given, and refuses one that is unknown.
func noCommand(c *cli.Context) error {
	if !c.Args().Present() {
		return help.Print(c.App, nil, c.App.Name)
	}
	return help.Unknown(c.Command, c.Args().First())
}

// takesNothing refuses arguments.
func takesNothing(c *cli.Context) error {
	if c.Args().Present() {
		return (&diagnostic.Problem{Msg: fmt.Sprintf("%s takes no argument, not %q", c.Command.Name, c.Args().First())}).
			WithHint("%s --help shows what it takes", c.Command.HelpName)
	}
	return nil
}

// takesAtMostOne refuses more than one argument.
func takesAtMostOne(c *cli.Context) error {
	if c.NArg() > 1 {
		return (&diagnostic.Problem{Msg: fmt.Sprintf("%s takes at most one argument, not %q", c.Command.Name, c.Args().Get(1))}).
			WithHint("%s --help shows what it takes", c.Command.HelpName)
	}
	return nil
}

// takesPlaybook refuses all but the name of one playbook.
func takesPlaybook(c *cli.Context) error {
	return takesOne(c, "one playbook", "PROJECT/PATH, such as runner fleet %s shop/site.yml")
}

// takesPlay refuses all but one play.
func takesPlay(c *cli.Context) error {
	return takesOne(c, "one play", "runner fleet %s RUN, with an id that runner fleet status lists, or the name of a playbook")
}

func takesOne(c *cli.Context, what, example string) error {
	if c.NArg() == 1 && c.Args().First() != "" {
		return nil
	}
	given := "none is given"
	if c.NArg() > 1 {
		given = ui.Count(c.NArg(), "argument") + " are given"
	}
	return (&diagnostic.Problem{Msg: fmt.Sprintf("%s takes %s: %s", c.Command.Name, what, given)}).WithHint(example, c.Command.Name)
}

// formatFlag declares the flag that chooses text or JSON.
func formatFlag(field *string) cli.Flag {
	*field = "text"
	return flags.String(field, "format,F", "write `FORMAT`: text or json").Of("text", "json")
}

// write writes a value as JSON, where that is the format, else as text does.
func (p *program) write(format string, value any, text func()) error {
	if format != "json" {
		text()
		return nil
	}
	e := json.NewEncoder(p.Out)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
