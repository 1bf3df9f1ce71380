package cmd

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/urfave/cli/v2"

	"runner/clever/emulator"
	"runner/clever/emulator/databases"
)

const (
	realFlag     = "real"
	postgresFlag = "postgres"
)

// databaseFlags are those of an emulator whose databases work.
func databaseFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: realFlag, Usage: "let the emulator's PostgreSQL and Redis add-ons work, with this machine's programs, until the command ends"},
		&cli.StringFlag{Name: postgresFlag, Usage: "with --real, make PostgreSQL databases in the server at `URL` instead of an own one"},
	}
}

// checkDatabases checks the flags together.
func checkDatabases(c *cli.Context) error {
	if c.IsSet(postgresFlag) && !c.Bool(realFlag) {
		return errors.New("--postgres goes with --real")
	}
	return nil
}

// An emulation is an emulator, and the databases behind it.
type emulation struct {
	*emulator.Emulator
	databases *databases.Databases // nil: all is pretended
}

// newEmulation starts an emulator. Its databases, if it has some, are kept beside
// its state.
func (p *Program) newEmulation(ctx context.Context, o emulator.Options, genuine bool, postgres string) (*emulation, error) {
	e := &emulation{}
	o.Warn = p.warner()
	if !genuine {
		var err error
		e.Emulator, err = emulator.New(o)
		return e, err
	}
	if err := e.open(ctx, o, databases.Options{Dir: databaseFolder(o.State), Postgres: postgres, Warn: o.Warn}); err != nil {
		return nil, err
	}
	fmt.Fprintf(p.Err, "its databases work until this command ends; they are in %s\n", e.databases.Dir())
	return e, nil
}

// warner tells what goes wrong behind an emulator, by and by.
func (p *Program) warner() func(string) {
	var mu sync.Mutex
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		p.Warn(text)
	}
}

func databaseFolder(state string) string {
	if state == "" {
		return ""
	}
	return state + ".databases"
}

// open takes the state file before the databases beside it: whoever has the one
// has the other.
func (e *emulation) open(ctx context.Context, o emulator.Options, d databases.Options) error {
	o.Behind = func() (map[string]emulator.Backing, error) {
		var err error
		if e.databases, err = databases.Open(ctx, d); err != nil {
			return nil, err
		}
		return e.databases.Backings(), nil
	}
	var err error
	if e.Emulator, err = emulator.New(o); err != nil && e.databases != nil {
		err = errors.Join(err, e.databases.Close())
	}
	return err
}

// Close ends what is behind the emulator, then lets go of the state file.
func (e *emulation) Close() error {
	var err error
	if e.databases != nil {
		err = e.databases.Close()
	}
	return errors.Join(err, e.Emulator.Close())
}
