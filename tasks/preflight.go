package tasks

import (
	"context"
	"errors"
	"slices"
	"sync"

	"runner/engine"
)

// declarations are what the tasks of a program declare, as far as it is known before it runs.
type declarations struct {
	mu  sync.Mutex
	all map[inScope]*AddonRegister
}

// first returns the task that declared an add-on first; the task itself where none did.
func (d *declarations) first(key inScope, t *AddonRegister) *AddonRegister {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all == nil {
		d.all = map[inScope]*AddonRegister{}
	}
	if d.all[key] == nil {
		d.all[key] = t
	}
	return d.all[key]
}

// reach notes an owner that is not known, and returns why the platform cannot be asked;
// false where nothing more can be said.
func (c *Cloud) reach(ctx context.Context, h *engine.Host, check *engine.Checking, auth Auth, organisation string) (client platform, owner string, ok bool, err error) {
	if !check.Known("auth") {
		return platform{}, "", false, nil
	}
	if client, err = c.client(h, auth); err != nil {
		return client, "", false, err
	}
	if !check.Known("organisation") {
		return client, "", false, nil
	}
	owner, err = client.Owner(ctx, organisation)
	if isWord(err) {
		check.Add("organisation", err)
		return client, "", false, nil
	}
	return client, owner, err == nil, err
}

// isMistake reports whether an error is about arguments; nil is none.
func isMistake(err error) bool {
	if _, ok := errors.AsType[engine.Mistakes](err); ok {
		return true
	}
	_, ok := errors.AsType[*engine.ArgError](err)
	return ok
}

// Foreseen takes over what is known of the tasks of a program before it runs; all: there
// are no others that declare anything.
func (c *Cloud) Foreseen(list []*engine.Preview, all bool) {
	known := map[string][]string{} // providers by name
	for _, p := range list {
		switch t := p.Task.(type) {
		case *AddonRegister:
			all = all && p.Known("name", "addon", "provider")
			if p := t.Provider; !slices.Contains(known[t.Name], p) {
				known[t.Name] = append(known[t.Name], p)
			}
		case *ProviderRegister:
			c.OwnProviders = true
		}
	}
	c.Declares = func(name string, meant func(string) bool) bool {
		return !all || slices.ContainsFunc(known[name], meant)
	}
}

// PreflightDone forgets what only the preflight needs.
func (c *Cloud) PreflightDone() { c.declares, c.foreseen = declarations{}, scopes{} }
