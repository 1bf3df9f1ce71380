package tasks

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
)

var (
	_ engine.Preflighter = (*AddonRegister)(nil)
	_ engine.Preflighter = (*AddonRemove)(nil)
	_ engine.Preflighter = (*AddonInfo)(nil)
	_ engine.Preflighter = (*AddonPrune)(nil)
	_ engine.Preflighter = (*ProviderRegister)(nil)
	_ engine.Preflighter = (*ProviderRemove)(nil)
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

// Preflight checks credentials, the owner, and the words that only the catalogue can judge.
func (t *AddonRegister) Preflight(ctx context.Context, h *engine.Host, c *engine.Checking) error {
	client, owner, ok, err := t.cloud.reach(ctx, h, c, t.Auth, t.Organisation)
	if !ok || !c.Known("provider", "name", "addon") {
		return err
	}
	addons, err := client.Addons(ctx, owner)
	if clever.IsNotFound(err) || isWord(err) {
		c.Add("organisation", err)
		return nil
	}
	if err != nil {
		return err
	}
	r := &registration{AddonRegister: t, client: client, owner: owner, scope: h.Scope}
	if r.place, err = t.cloud.placeOf(ctx, client, t.Auth, owner); err != nil {
		return err
	}
	t.conflicts(c, r.place)
	if t.Name != "" && h.Scope != "" {
		c.Add("name", t.cloud.foreseen.enter(r.place, t.Provider, t.Name, h.Scope))
	}
	return r.words(ctx, c, addons)
}

// conflicts notes what another task declares otherwise of the same add-on.
func (t *AddonRegister) conflicts(c *engine.Checking, at place) {
	if t.Name == "" {
		return
	}
	first := t.cloud.declares.first(inScope{at, strings.ToLower(clever.ProviderAlias(t.Provider)), t.Name}, t)
	differs := func(path string, a, b any) {
		if x, y := reflect.ValueOf(a), reflect.ValueOf(b); !x.IsZero() && !y.IsZero() && !reflect.DeepEqual(a, b) {
			c.Add(path, &diagnostic.Problem{Msg: fmt.Sprintf("add-on %q is declared twice, with %s %s and %s", t.Name, strings.TrimPrefix(path, "details."), plain(a), plain(b)),
				Hint: "declare it once, or give the two different names"})
		}
	}
	differs("details.plan", strings.ToLower(first.Details.Plan), strings.ToLower(t.Details.Plan))
	differs("details.version", first.Details.Version, t.Details.Version)
	differs("details.region", strings.ToLower(first.Details.Region), strings.ToLower(t.Details.Region))
	differs("details.encryption", first.Details.Encryption, t.Details.Encryption)
	differs("tags", first.Tags, t.Tags)
}

// plain returns a declared value as text.
func plain(v any) string {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer {
		return fmt.Sprint(p.Elem().Interface())
	}
	return fmt.Sprint(v)
}

// words notes the words that the catalogue does not know. What an add-on that is there has
// already is not judged: it keeps even a plan that can no longer be ordered.
func (r *registration) words(ctx context.Context, c *engine.Checking, addons []clever.Addon) error {
	i := slices.IndexFunc(addons, func(a clever.Addon) bool {
		before := slices.ContainsFunc(r.Moved, func(m Moved) bool { return m.From == a.Name })
		return a.ID == r.Addon || a.RealID == r.Addon || (before || a.Name == r.Name) && ofProvider(a, r.Provider)
	})
	var now *existing
	if i >= 0 {
		now = &existing{Addon: addons[i]}
	}
	switch {
	case now != nil && r.asDeclared(*now), now == nil && (r.Addon != "" || r.Details.Plan == ""):
		return nil
	case !c.Known("details.plan") || r.cloud.OwnProviders && clever.Complete(clever.ProviderAlias(r.Provider)) == nil:
		return nil
	}
	_, err := r.choose(ctx, now)
	if !isMistake(err) {
		return err
	}
	if several, ok := errors.AsType[engine.Mistakes](err); ok {
		for _, one := range several {
			c.Add("", one)
		}
		return nil
	}
	c.Add("", err)
	return nil
}

// isMistake reports whether an error is about arguments; nil is none.
func isMistake(err error) bool {
	if _, ok := errors.AsType[engine.Mistakes](err); ok {
		return true
	}
	_, ok := errors.AsType[*engine.ArgError](err)
	return ok
}

// Preflight checks credentials and the owner.
func (t *AddonRemove) Preflight(ctx context.Context, h *engine.Host, c *engine.Checking) error {
	_, _, _, err := t.cloud.reach(ctx, h, c, t.Auth, t.Organisation)
	return err
}

// Preflight checks credentials and the owner.
func (t *AddonInfo) Preflight(ctx context.Context, h *engine.Host, c *engine.Checking) error {
	_, _, _, err := t.cloud.reach(ctx, h, c, t.Auth, t.Organisation)
	return err
}

// Preflight checks credentials and the owners.
func (t *AddonPrune) Preflight(ctx context.Context, h *engine.Host, c *engine.Checking) error {
	client, _, ok, err := t.cloud.reach(ctx, h, c, t.Auth, "")
	for i, word := range t.Organisation {
		if !ok {
			break
		}
		if _, err := client.Owner(ctx, word); isWord(err) {
			c.Add(fmt.Sprintf("organisation[%d]", i), err)
		} else if err != nil {
			return err
		}
	}
	return err
}

// Preflight checks credentials. Who sells is looked up when the manifest is known to be right.
func (t *ProviderRegister) Preflight(_ context.Context, h *engine.Host, c *engine.Checking) error {
	if !c.Known("auth") {
		return nil
	}
	_, err := t.cloud.client(h, t.Auth)
	return err
}

// Preflight checks credentials and who sells.
func (t *ProviderRemove) Preflight(ctx context.Context, h *engine.Host, c *engine.Checking) error {
	_, _, _, err := t.cloud.reach(ctx, h, c, t.Auth, t.Organisation)
	return err
}

// Preflight checks that the file is not the one that the run's own credentials are in.
func (t *EnvFile) Preflight(_ context.Context, h *engine.Host, c *engine.Checking) error {
	if c.Known("dest") {
		c.Add("dest", t.spares(h.Dir))
	}
	return nil
}

// spares refuses to write the file that the credentials of the run are in.
func (t *EnvFile) spares(dir string) error {
	path := t.Dest
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if t.taken == nil || !t.taken(path) {
		return nil
	}
	return &diagnostic.Problem{Msg: fmt.Sprintf("%s holds the credentials of this run, and would lose them", t.Dest), Hint: "write another file, such as app.env"}
}

// Foreseen takes over what is known of the tasks of a program before it runs; all: there
// are no others that declare anything.
func (c *Cloud) Foreseen(list []*engine.Preview, all bool) {
	var known []*AddonRegister
	for _, p := range list {
		switch t := p.Task.(type) {
		case *AddonRegister:
			all = all && p.Known("name", "addon", "provider")
			known = append(known, t)
		case *ProviderRegister:
			c.OwnProviders = true
		}
	}
	c.Declares = func(name string, meant func(string) bool) bool {
		return !all || slices.ContainsFunc(known, func(t *AddonRegister) bool { return t.Name == name && meant(t.Provider) })
	}
}
