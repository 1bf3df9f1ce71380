// Package cmd is the command line: a file per command. It is the only package
// that knows all the others.
package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"runner/engine"
)

// A Program is runner with the world around it. It can be made by a test.
type Program struct {
	In     io.Reader
	Out    io.Writer
	Err    io.Writer
	Getenv func(string) string
	Args   []string // the program's name first

	transport http.RoundTripper // instead of the network; nil: none
	// browse opens a page, instead of the desktop; nil: nothing does.
	browse  func(ctx context.Context, page string) error
	flights flights

	secrets engine.Secrets // what must not be seen
	signals chan os.Signal // where those go that end the program
}

// The exit codes (design §7).
const (
	exitDone        = 0
	exitUsage       = 1 // wrong usage, or a fault of runner
	exitFailed      = 2 // a task failed
	exitToDo        = 3 // --check --detailed-exitcode: there is something to do
	exitPlaybook    = 4 // the playbook is wrong or missing
	exitCredentials = 5 // missing or refused
	exitLocked      = 6 // another run holds the lock
	exitInterrupted = 130
)

// An exit ends the program with a code. Its error, if any, is still to be told.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// Run runs the program and gives its exit code. The first interrupt (or SIGTERM)
// ends it in good order, the second at once.
func (p *Program) Run(ctx context.Context) int {
	log.SetOutput(discreet{os.Stderr})
	ctx, stop := p.interruptible(ctx)
	defer stop()
	app := p.app()
	args, err := arrange(app, p.Args)
	if err == nil {
		err = app.RunContext(ctx, args)
	}
	return p.end(err)
}

// A discreet writer keeps to itself what net/http tells the standard logger of
// what a server sent that nobody asked for: it may hold a secret.
type discreet struct{ io.Writer }

func (d discreet) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("Unsolicited response received on idle HTTP channel")) {
		return len(line), nil
	}
	return d.Writer.Write(line)
}

// end tells an error that nobody has told yet, and chooses the exit code.
func (p *Program) end(err error) int {
	if err == nil {
		return exitDone
	}
	code := codeOf(err)
	if e, ok := errors.AsType[*exit](err); ok {
		err = e.err
	}
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return code // told already; or nobody listens any more, which ends quietly
	}
	p.tell(engine.ProblemOf(err, engine.Place{}))
	return code
}

// codeOf gives the exit code of an error; done for none.
func codeOf(err error) int {
	e, ok := errors.AsType[*exit](err)
	switch {
	case err == nil:
		return exitDone
	case ok:
		return e.code
	case refused(err):
		return exitCredentials
	case locked(err):
		return exitLocked
	}
	return exitUsage
}

// also gives the first error, and tells the second one at once where there are two.
func (p *Program) also(first, second error) error {
	if first == nil {
		return second
	}
	if second != nil {
		p.tell(engine.ProblemOf(second, engine.Place{}))
	}
	return first
}

// interruptible gives a context that the first signal ends. The second one ends
// the process. A reader that goes away is told by the write that fails.
func (p *Program) interruptible(ctx context.Context) (context.Context, func()) {
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	p.signals = signals
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		fmt.Fprintln(p.Err, "interrupted: what is under way is finished, nothing more is started; a second interrupt stops at once")
		cancel()
		if _, ok := <-signals; ok {
			fmt.Fprintln(p.Err, "interrupted twice: stopped at once")
			for _, d := range p.flights.all() {
				fmt.Fprintf(p.Err, "it may have been done or not: %s\n", d)
			}
			os.Exit(exitInterrupted)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

func (p *Program) app() *cli.App {
	app := &cli.App{
		Name:                 "runner",
		Usage:                "makes Clever Cloud match what a playbook declares",
		HelpName:             "runner",
		HideHelp:             true, // helpful gives it
		UsageText:            "runner COMMAND [OPTIONS] [ARGUMENTS]",
		Description:          "Start with `runner play --emulator examples/site.yml`: it needs no account.",
		Version:              version(),
		HideVersion:          true, // the library's flag would be -v, too
		Flags:                []cli.Flag{&cli.BoolFlag{Name: "version", Usage: "print the version", DisableDefaultText: true}, helpFlag()},
		Reader:               p.In,
		Writer:               p.Out,
		ErrWriter:            p.Err,
		EnableBashCompletion: true,
		// Text with commas belongs to flags such as -e '{"a": 1, "b": 2}'.
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {}, // end does it
		OnUsageError:              usageError,
		Action:                    noCommand,
		Commands: []*cli.Command{
			p.playCommand(),
			p.validateCommand(),
			p.schemaCommand(),
			p.docCommand(),
			p.catalogCommand(),
			p.envCommand(),
			p.importCommand(),
			p.loginCommand(),
			p.logoutCommand(),
			p.whoamiCommand(),
			p.historyCommand(),
			p.vaultCommand(),
			p.vendorCommand(),
			p.emulatorCommand(),
			p.completionCommand(),
			p.versionCommand(),
		},
	}
	helpful(app.Commands)
	app.Commands = append(app.Commands, helpCommand())
	return app
}

// noCommand helps where no command was given, and refuses one that is unknown.
func noCommand(c *cli.Context) error {
	if c.Bool("version") {
		return printVersion(c.App.Writer)
	}
	if !c.Args().Present() {
		return cli.ShowAppHelp(c)
	}
	return unknownCommand(c.Command, c.Args().First())
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func usageError(c *cli.Context, err error, _ bool) error {
	name := "runner"
	if c.Command != nil && c.Command.HelpName != "" {
		name = c.Command.HelpName
	}
	return (&engine.Problem{Msg: err.Error()}).WithHint("%s --help shows what it takes", name)
}

// tell writes a problem to standard error: place, message, hint, and the line
// that it points at.
func (p *Program) tell(problem *engine.Problem) {
	mark := ""
	if problem.Warning {
		mark = "warning: "
	} else if problem.Place.IsZero() {
		mark = "error: "
	}
	fmt.Fprint(p.Err, p.secrets.Mask(fmt.Sprintf("%s%s\n%s", mark, problem.Error(), problem.Excerpt())))
}

// terminal reports whether a stream is one.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// color reports whether a stream gets colours (design §7).
func (p *Program) color(stream io.Writer) bool {
	switch {
	case p.Getenv("NO_COLOR") != "" || p.Getenv("ANSIBLE_NOCOLOR") != "":
		return false
	case p.Getenv("FORCE_COLOR") != "" || p.Getenv("ANSIBLE_FORCE_COLOR") != "":
		return true
	}
	return terminal(stream) && p.Getenv("CI") == "" && p.Getenv("TERM") != "dumb"
}
