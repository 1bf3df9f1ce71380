package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"runner/clever"
	"runner/cmd/exit"
	"runner/cmd/history"
	"runner/cmd/platform"
	"runner/diagnostic"
	"runner/engine"
	"runner/orderlog"
	"runner/tasks"
)

// newOwners returns what takes the locks of the run and remembers its orders.
func (r *run) newOwners(j *history.Journal) *history.Owners {
	dir, err := history.Dir(r.Getenv)
	if err != nil {
		r.Warn(fmt.Sprintf("nothing keeps another run from playing at the same time: %v", err))
	}
	return &history.Owners{
		Lock:     history.Lock{Dir: dir, Wait: r.LockTimeout, Out: r.Err},
		Holder:   history.Holder{Run: j.Run(), PID: os.Getpid(), Since: time.Now(), Playbooks: r.Files},
		ReadOnly: r.Check, Warn: r.Warn,
	}
}

// lockState takes the lock of an emulator's state file, checks included: it is one
// process's at a time.
func (r *run) lockState(ctx context.Context, owners *history.Owners) (release func(), err error) {
	if r.platform.State() == "" || owners.Lock.Dir == "" {
		return func() {}, nil
	}
	lock := owners.Lock
	lock.Name = history.EmulatorLock(r.platform.State())
	release, err = lock.Take(ctx, owners.Holder)
	if err := r.locked(ctx, err); err != nil {
		return nil, err
	}
	if err != nil {
		r.Warn(fmt.Sprintf("nothing keeps another run from playing at the same time: %v", err))
		return func() {}, nil
	}
	return release, nil
}

// lockOwners takes, before anything is done, the locks of those owners whose add-ons
// the playbook is seen to touch: organisations that it names, and the personal space
// where it names none. The others are taken when a task comes to them.
func (r *run) lockOwners(ctx context.Context, owners *history.Owners) error {
	if r.Check {
		return nil
	}
	creds, err := r.credentials()
	if err != nil {
		return nil // whoever needs them learns what is wrong with them
	}
	owner := r.ownerOf(cmp.Or(r.platform.EndpointFor(creds), clever.DefaultEndpoint), creds)
	var all []history.Owner
	for _, word := range organisations(r.program) {
		id, err := r.cloud.Owner(ctx, r.out, word)
		if err != nil {
			continue // the task that names it reports it
		}
		owner.ID = id
		all = append(all, owner)
	}
	return r.locked(ctx, owners.Take(ctx, all))
}

// locked returns how a run ends that did not get a lock, for another run's sake or
// because it was interrupted; nil for any other error.
func (r *run) locked(ctx context.Context, err error) error {
	locked, ok := errors.AsType[*history.LockedError](err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return &exit.Error{Code: exit.Interrupted}
	case ok:
		problem := &diagnostic.Problem{Msg: locked.Error()}
		return &exit.Error{Code: exit.Locked, Err: problem.WithHint("nothing was touched; --lock-timeout 10m waits for its end")}
	}
	return nil
}

// organisations returns what the steps of a program name as organisations in so many
// words, each once; "" for the personal space, which is meant where a step names none.
func organisations(program *engine.Program) []string {
	var words []string
	for _, play := range program.Plays {
		for step := range play.Steps() {
			word, touches := "", ownsThings(step.Kind)
			if named := step.Args.Get("organisation"); named != nil {
				word, touches = named.Text, named.Tmpl == nil
			}
			if touches && step.Args.Get("auth") == nil && !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
	}
	return words
}

// ownsThings reports whether tasks of a kind are about things that an owner has.
func ownsThings(k *engine.Kind) bool {
	return slices.ContainsFunc(k.Params(), func(p engine.Param) bool { return p.Name == "organisation" })
}

// ownerOf returns the personal space of credentials at an endpoint.
func (r *run) ownerOf(endpoint string, creds clever.Credentials) history.Owner {
	if state := r.platform.State(); state != "" {
		endpoint = "emulator " + state
	}
	return history.Owner{Endpoint: endpoint, Token: creds.Token}
}

// A memory is what this machine remembers of orders with some credentials.
type memory struct {
	owners *history.Owners
	space  history.Owner
}

func (m memory) owner(id string) history.Owner {
	owner := m.space
	owner.ID = id
	return owner
}

// Open returns the log of an owner's orders.
func (m memory) Open(ctx context.Context, owner string) (*orderlog.Log, error) {
	log, err := m.owners.Open(ctx, m.owner(owner))
	if locked, ok := errors.AsType[*history.LockedError](err); ok {
		problem := &diagnostic.Problem{Msg: locked.Error(), Err: err}
		return nil, problem.WithHint("--lock-timeout 10m waits for its end; a playbook that names organisations by their ids waits before it does anything")
	}
	return log, err
}

// Unfinished reports whether the log of an owner holds anything unfinished.
func (m memory) Unfinished(owner string) bool { return m.owners.Unfinished(m.owner(owner)) }

// config returns how the clients of the run go out.
func (r *run) config(journal *history.Journal) clever.Config {
	settle := r.Settle
	if r.platform.State() != "" {
		settle = 0 // an emulator in this process is never behind
	}
	cfg := clever.Config{Owner: r.Platform.Organisation, Endpoint: r.platform.Endpoint(), Method: r.platform.Method(), MaxInFlight: r.Jobs,
		Settle: cmp.Or(settle, -1), LooksOnly: r.Check, Run: journal.Run(), Notice: r.Warn}
	if r.Verbosity >= 3 {
		cfg.Trace = r.trace
	}
	return cfg
}

// Owners returns the owners whose add-ons a spec's playbooks are seen to touch, as
// "ENDPOINT OWNER", sorted, for those who let one play at a time play for each. Of a
// playbook that does not compile the error says why. It asks the platform whose names
// the organisations are.
func Owners(ctx context.Context, world World, spec Spec) ([]string, error) {
	r := &run{World: world, Spec: spec, cloud: &tasks.Cloud{}}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	var err error
	if r.platform, err = platform.New(r.Streams, r.Platform, filepath.Dir(r.Files[0]), r.Transport); err != nil {
		return nil, err
	}
	creds, err := r.platform.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	endpoint := cmp.Or(r.platform.EndpointFor(creds), clever.DefaultEndpoint)
	client, err := clever.New(clever.Config{Owner: r.Platform.Organisation, Endpoint: endpoint, Credentials: creds,
		Method: r.platform.Method(), Transport: r.network()})
	if err != nil {
		return nil, err
	}
	self, err := client.Self(ctx)
	if err != nil {
		return nil, err
	}
	var owners []string
	for _, word := range organisations(r.program) {
		id, err := client.Owner(ctx, word)
		if err != nil {
			return nil, err
		}
		owners = append(owners, endpoint+" "+cmp.Or(id, self.ID))
	}
	if len(owners) == 0 {
		owners = []string{endpoint + " " + self.ID}
	}
	slices.Sort(owners)
	return slices.Compact(owners), nil
}
