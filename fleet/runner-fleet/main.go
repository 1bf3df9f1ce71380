// Runner-fleet plays many playbooks, on schedules and on many machines: `runner fleet`
// hands over to it. It knows the packages of the fleet, and nothing of what they know.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"runner/fleet/settings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}
	code := p.run(ctx, os.Args)
	stop()
	os.Exit(code)
}

// A program is runner-fleet with the world around it.
type program struct {
	Out, Err io.Writer
	Getenv   func(string) string
	file     string // fleet.yml
}

// An exitError ends the program with a code, and says nothing more.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

func (p *program) run(ctx context.Context, args []string) int {
	err := p.app().RunContext(ctx, args)
	code, isExit := errors.AsType[exitError](err)
	mistakes, isMistakes := errors.AsType[*settings.MistakesError](err)
	switch {
	case err == nil:
		return 0
	case isExit:
		return int(code)
	case isMistakes:
		for _, problem := range mistakes.Problems {
			fmt.Fprintf(p.Err, "%s\n%s", problem.Error(), problem.Excerpt())
		}
		return 4
	}
	fmt.Fprintf(p.Err, "error: %v\n", err)
	return 1
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
	return &cli.App{
		Name: "runner fleet", HelpName: "runner fleet", Usage: "plays committed playbooks on schedules and on many machines",
		Description: "A server of Temporal keeps the schedules and what became of each play; workers play. fleet.yml declares\n" +
			"projects and schedules, and `runner fleet apply` makes the server match it. See docs/fleet.md.",
		Writer: p.Out, ErrWriter: p.Err, HideVersion: true, ExitErrHandler: func(*cli.Context, error) {},
		Flags: []cli.Flag{&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Value: "fleet.yml", Usage: "read the settings from `FILE`", Destination: &p.file}},
		Commands: []*cli.Command{
			p.devCommand(), p.applyCommand(), p.workerCommand(), p.serveCommand(), p.runCommand(), p.statusCommand(),
			p.consentCommand("approve", false), p.consentCommand("deny", true), p.cancelCommand(),
			p.pauseCommand("pause"), p.pauseCommand("resume"), p.logsCommand(), p.validateCommand(),
		},
	}
}
