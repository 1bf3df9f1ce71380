package platform

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"runner/clever/emulator"
	"runner/clever/emulator/databases"
	"runner/cmd/ui"
)

// Databases say whether an emulator's databases work.
type Databases struct {
	Real     bool   // PostgreSQL and Redis add-ons work, with this machine's programs
	Postgres string // the URL of a server to make databases in; "": one of our own
}

// Check refuses options that do not go together.
func (d Databases) Check() error {
	if d.Postgres != "" && !d.Real {
		return errors.New("--postgres goes with --real")
	}
	return nil
}

// An Emulation is an emulator, and the databases behind it.
type Emulation struct {
	*emulator.Emulator
	databases *databases.Databases // nil: all is pretended
}

// exampleApplication is there in an emulator's new world, so that there is something to link.
const exampleApplication = "shop"

// NewEmulation starts an emulator. Its databases, if it has some, are kept beside
// its state.
func NewEmulation(ctx context.Context, streams *ui.Streams, o emulator.Options, d Databases) (*Emulation, error) {
	e := &Emulation{}
	o.Warn, o.Applications = warner(streams), []string{exampleApplication}
	if !d.Real {
		var err error
		e.Emulator, err = emulator.New(o)
		return e, err
	}
	if err := e.open(ctx, o, databases.Options{Dir: databaseFolder(o.State), Postgres: d.Postgres, Warn: o.Warn}); err != nil {
		return nil, err
	}
	fmt.Fprintf(streams.Err, "its databases work until this command ends; they are in %s\n", e.databases.Dir())
	return e, nil
}

// warner returns what prints the warnings of an emulator, one at a time.
func warner(streams *ui.Streams) func(string) {
	var mu sync.Mutex
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		streams.Warn(text)
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
func (e *Emulation) open(ctx context.Context, o emulator.Options, d databases.Options) error {
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
func (e *Emulation) Close() error {
	var err error
	if e.databases != nil {
		err = e.databases.Close()
	}
	return errors.Join(err, e.Emulator.Close())
}
