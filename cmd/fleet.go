package cmd

import (
	"context"
	"errors"
	"os/exec"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"runner/cmd/completion"
	"runner/cmd/exit"
	"runner/cmd/help"
)

// fleetProgram is a program of its own, so that nobody with one machine pays for what it
// is built of.
const fleetProgram = "runner-fleet"

func (p *Program) fleetCommand() *cli.Command {
	return &cli.Command{
		Name: "fleet", Usage: "play many playbooks, on schedules and on many machines",
		ArgsUsage: "COMMAND…", SkipFlagParsing: true,
		Description: "Hands over to " + fleetProgram + ", which is beside this program or in a folder of $PATH: packages and archives\n" +
			"hold both. From the sources, go -C fleet build -o ~/bin/" + fleetProgram + " ./runner-fleet makes it.\n" +
			"runner fleet --help lists its commands.",
		Action: func(c *cli.Context) error { return p.handOver(c, c.Args().Slice()) },
	}
}

// handOver runs the program of fleets with the streams of this one, and ends as it does.
func (p *Program) handOver(c *cli.Context, args []string) error {
	path, err := p.findFleet()
	if err != nil && len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		return help.Print(c.App, c.Command, c.Command.HelpName)
	}
	if err != nil {
		return err
	}
	child := exec.CommandContext(c.Context, path, args...)
	child.Stdin, child.Stdout, child.Stderr, child.Env = p.In, p.Out, p.Err, p.Environment()
	child.Cancel = func() error {
		if err := child.Process.Signal(syscall.SIGTERM); err != nil {
			return child.Process.Kill() // a system without such signals
		}
		return nil
	}
	child.WaitDelay = time.Minute
	err = child.Run()
	if child.ProcessState != nil && child.ProcessState.Success() { // after a signal, too
		return nil
	}
	if ended, ok := errors.AsType[*exec.ExitError](err); ok && ended.ExitCode() > 0 {
		return &exit.Error{Code: ended.ExitCode()}
	}
	return err
}

// completeFleet lets the program of fleets complete its own part of a command line.
func (p *Program) completeFleet(args []string) error {
	path, err := p.findFleet()
	if err != nil {
		return nil //nolint:nilerr // it is reported when the line is run
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionWait)
	defer cancel()
	child := exec.CommandContext(ctx, path, append([]string{completion.Command}, args...)...)
	child.Stdout, child.Env = p.Out, p.Environment()
	return child.Run()
}

// findFleet returns the path of the program of fleets.
func (p *Program) findFleet() (string, error) {
	return p.FindProgram(fleetProgram, "packages and archives hold it beside runner; from the sources: go -C fleet build -o FOLDER/"+fleetProgram+" ./runner-fleet, with a FOLDER of $PATH")
}
