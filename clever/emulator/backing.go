package emulator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"time"

	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// A Backing puts a server of this machine behind the add-ons of a provider, so
// that the variables that are handed out work.
type Backing interface {
	// Ensure makes what the instance names, unless it is there, lets it have what
	// its plan allows, and returns the facts that are to be shown instead of the
	// instance's own: "host", "port".
	Ensure(ctx context.Context, i Instance) (map[string]string, error)
	// Remove ends the connections to what the instance names, and deletes it with
	// its data. What is not there is no error.
	Remove(ctx context.Context, i Instance) error
}

// An OptionError says that a Backing cannot do what an option of an order asks for.
type OptionError struct{ Option, Why string }

func (e *OptionError) Error() string { return "the option " + e.Option + ": " + e.Why }

// notMade returns the refusal of an order whose server could not be made.
func notMade(err error) error {
	if wrong, ok := errors.AsType[*OptionError](err); ok {
		return rest.BadField(90026, "emulator.unknown-option", "options."+wrong.Option, wrong.Why)
	}
	return rest.NoDatabase(err)
}

// Measured is a Backing that knows how much an instance keeps.
type Measured interface {
	// Size returns how many bytes of data there are.
	Size(ctx context.Context, i Instance) (int64, error)
}

// An Instance is what a Backing knows of an add-on.
type Instance struct {
	Addon       string            // its id
	Facts       map[string]string // as its variables have them: "database", "user", "password", "host", "port"
	Options     map[string]string // as it was ordered: "locale"
	Connections int               // how many its plan allows at once; 0 does not say
	Room        int64             // how many bytes its plan allows; 0 does not say
	Renewed     bool              // its password was changed just now: who is connected is cut off
}

// backingTime is how long a server may take for an order.
const backingTime = time.Minute

// behind returns what stands behind an add-on; nil if that is pretended.
func (e *Emulator) behind(a *store.Addon) Backing { return e.backings[a.Provider] }

func (e *Emulator) instance(a *store.Addon) Instance {
	plan := e.store.World().ProviderOf(a).Plan(a.Plan)
	return Instance{Addon: a.ID, Facts: maps.Clone(a.Facts), Options: maps.Clone(a.Options), Connections: plan.Connections, Room: plan.Room()}
}

// ensure puts what is real behind an add-on, and notes where it is. It goes on
// when the client goes: what is begun is made, and found by the next look.
func (e *Emulator) ensure(a *store.Addon) error { return e.ensureInstance(a, e.instance(a)) }

func (e *Emulator) ensureInstance(a *store.Addon, i Instance) error {
	b := e.behind(a)
	if b == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), backingTime)
	defer cancel()
	facts, err := b.Ensure(ctx, i)
	if err != nil {
		return fmt.Errorf("no database for the add-on %q: %w", a.Name, err)
	}
	known := maps.Clone(a.Facts)
	if a.Facts = known; known == nil { // an add-on of an early version has none
		a.Facts = map[string]string{}
	}
	maps.Copy(a.Facts, facts)
	if host := facts["host"]; host != "" && a.Facts["direct"] != "" {
		a.Facts["direct"] = host
	}
	return nil
}

// discard removes what is behind an add-on. The add-on is gone by then: a
// failure is a warning to whoever runs the emulator.
func (e *Emulator) discard(a *store.Addon) {
	b := e.behind(a)
	if b == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), backingTime)
	defer cancel()
	if err := b.Remove(ctx, e.instance(a)); err != nil {
		e.warn(fmt.Errorf("the database of the removed add-on %q is left: %w", a.Name, err))
	}
}

func (e *Emulator) warn(err error) {
	if e.options.Warn != nil {
		e.options.Warn(err.Error())
	}
}

// follow does behind the add-ons what has just happened to them: it removes what
// is behind those that are gone, and lets the others have what their new plan
// allows.
func (e *Emulator) follow(before, after *store.World) {
	e.market.RemoveDeparted(before, after)
	if len(e.backings) == 0 {
		return
	}
	now := make(map[string]*store.Addon, len(after.Addons))
	for _, a := range after.Addons {
		now[a.ID] = a
	}
	for _, old := range before.Addons {
		a := now[old.ID]
		switch {
		case a == nil:
			e.discard(old)
		case a.Plan != old.Plan, a.Facts["password"] != old.Facts["password"]:
			moved := *a
			i := e.instance(a)
			i.Renewed = a.Facts["password"] != old.Facts["password"]
			if err := e.ensureInstance(&moved, i); err != nil {
				e.warn(err)
			}
		}
	}
}

// announced is the Backing of what is only pretended where there is an address that
// answers for it: nobody waits for a name that leads nowhere.
type announced struct{ host, port string }

// Ensure has nothing to make.
func (b announced) Ensure(context.Context, Instance) (map[string]string, error) {
	return map[string]string{"host": b.host, "port": b.port}, nil
}

// Remove has nothing to remove.
func (b announced) Remove(context.Context, Instance) error { return nil }

// storage is announced with host and port in one, as Cellar's variables have it.
type storage struct{ announced }

// Ensure has nothing to make.
func (b storage) Ensure(context.Context, Instance) (map[string]string, error) {
	return map[string]string{"host": net.JoinHostPort(b.host, b.port)}, nil
}

// announce puts Options.Services behind the providers that have nothing else.
func (e *Emulator) announce() error {
	if e.options.Services == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(e.options.Services)
	if err != nil {
		return fmt.Errorf("the address of the services: %w", err)
	}
	if e.backings == nil {
		e.backings = map[string]Backing{}
	}
	for _, id := range []string{"postgresql-addon", "mysql-addon", "mongodb-addon", "redis-addon", "kv"} {
		if e.backings[id] == nil {
			e.backings[id] = announced{host, port}
		}
	}
	e.backings["cellar-addon"] = storage{announced{host, port}}
	return nil
}

// resume puts servers behind the add-ons of an earlier start, and notes where
// they are now.
func (e *Emulator) resume() error {
	if e.options.Behind != nil {
		var err error
		if e.backings, err = e.options.Behind(); err != nil {
			return err
		}
	}
	if err := e.announce(); err != nil {
		return err
	}
	return e.store.Change(func(d *store.Draft) error {
		for _, a := range d.World.Draft().Addons {
			again := *a
			if err := e.putBack(&again); err != nil {
				e.warn(err)
				continue
			}
			if !maps.Equal(a.Facts, again.Facts) {
				d.Replace(&again)
			}
		}
		return nil
	})
}

// putBack puts behind an add-on what is there now. What was on this machine at an
// earlier start, and has nothing behind it now, is named as the platform names it.
func (e *Emulator) putBack(a *store.Addon) error {
	if e.behind(a) != nil {
		return e.ensure(a)
	}
	host, _, _ := strings.Cut(a.Facts["host"], ":")
	if ip := net.ParseIP(host); ip == nil || a.Vendor != nil {
		return nil
	}
	facts := maps.Clone(a.Facts)
	for name, value := range e.store.World().ProviderOf(a).Derived(facts) {
		if name == "host" || name == "direct" || name == "port" {
			facts[name] = value
		}
	}
	a.Facts = facts
	return nil
}
