package cmd

import (
	"context"
	"errors"
	"syscall"

	"github.com/urfave/cli/v2"

	"runner/cmd/completion"
	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/cmd/help"
	"runner/cmd/session"
	"runner/cmd/ui"
	"runner/cmd/version"
)

// Run runs the program and returns its exit code. When the context ends, what is
// under way is finished and nothing more is started.
func (p *Program) Run(ctx context.Context) int {
	p.Err = ui.Shared(p.Err)
	app := p.app()
	out := &ui.Output{Writer: p.Out}
	app.Writer = out
	if len(p.Args) > 1 && p.Args[1] == completion.Command {
		return p.end(p.complete(app, p.Args[2:]))
	}
	line, err := flags.Parse(app, p.Args)
	if err == nil && !line.Help {
		err = p.configure(app, line)
	}
	if err != nil && servesEmulator(p.Args) {
		p.announceFailure()
	}
	switch {
	case err == nil && line.Help:
		err = help.Print(app, line.Command, line.Path)
	case err == nil:
		err = app.RunContext(ctx, line.Args)
	case line.Command != nil && line.Command.Name == "play":
		err = p.misread(err)
	}
	if err == nil {
		err = out.Err() // which the library passes over
	}
	return p.end(err)
}

// end prints an error that was not printed yet, and chooses the exit code.
func (p *Program) end(err error) int {
	code := session.ExitCode(err)
	if e, ok := errors.AsType[*exit.Error](err); ok {
		err = e.Err
	}
	if err != nil && !errors.Is(err, syscall.EPIPE) { // whose reader has gone, which ends quietly
		p.PrintError(err)
	}
	return code
}

func (p *Program) app() *cli.App {
	app := &cli.App{
		Name:        "runner",
		Usage:       "makes Clever Cloud match what a playbook declares",
		HelpName:    "runner",
		HideHelp:    true, // helpful adds it
		UsageText:   "runner COMMAND [OPTIONS] [ARGUMENTS]",
		Description: "Start with `runner play --emulator examples/site.yml`: it needs no account.",
		Version:     version.String(),
		HideVersion: true, // the library's flag would be -v, too
		Flags:       []cli.Flag{&cli.BoolFlag{Name: "version", Usage: "print the version", DisableDefaultText: true}, help.Flag()},
		Reader:      p.In,
		Writer:      p.Out,
		ErrWriter:   p.Err,
		// Text with commas belongs to flags such as -e '{"a": 1, "b": 2}'.
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {}, // end does it
		OnUsageError:              help.UsageError,
		Action:                    p.noCommand,
		Commands: []*cli.Command{
			p.playCommand(),
			p.validateCommand(),
			p.graphCommand(),
			p.schemaCommand(),
			p.lspCommand(),
			p.docCommand(p.app),
			p.catalogCommand(),
			p.envCommand(),
			p.importCommand(),
			p.listCommand(),
			p.destroyCommand(),
			p.loginCommand(),
			p.logoutCommand(),
			p.whoamiCommand(),
			p.historyCommand(),
			p.configCommand(),
			p.vaultCommand(),
			p.vendorCommand(),
			p.emulatorCommand(),
			p.fleetCommand(),
			p.completionCommand(),
			p.manCommand(),
			p.collectionCommand(),
			p.moduleCommand(),
			p.versionCommand(),
		},
	}
	help.Add(app.Commands)
	app.Commands = append(app.Commands, help.Command())
	return app
}

// noCommand helps where no command was given, and refuses one that is unknown.
func (p *Program) noCommand(c *cli.Context) error {
	if c.Bool("version") {
		return version.Print(c.App.Writer)
	}
	if !c.Args().Present() {
		return help.Print(c.App, nil, c.App.Name)
	}
	return help.Unknown(c.Command, c.Args().First())
}
