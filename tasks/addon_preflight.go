package tasks

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
)

var _ engine.Preflighter = (*AddonRegister)(nil)

// Preflight checks credentials, the owner, and the words that only the catalogue can judge.
func (t *AddonRegister) Preflight(ctx context.Context, h *engine.Host, c *engine.Checking) error {
	client, owner, ok, err := t.cloud.reach(ctx, h, c, t.Auth, t.Organisation)
	if !ok || !c.Known("provider", "name", "addon") {
		return err
	}
	r := &registration{AddonRegister: t, client: client, owner: owner, scope: h.Scope}
	addons, noCatalogue, err := r.ahead(ctx)
	if clever.IsNotFound(err) || isWord(err) {
		c.Add("organisation", err)
		return nil
	}
	if err != nil {
		return err
	}
	if r.place, err = t.cloud.placeOf(ctx, client, t.Auth, owner); err != nil {
		return err
	}
	t.conflicts(c, r.place)
	if t.Name != "" && h.Scope != "" {
		c.Add("name", t.cloud.foreseen.enter(r.place, t.Provider, t.Name, h.Scope))
	}
	return r.words(ctx, c, addons, noCatalogue)
}

// ahead reads the owner's add-ons and, where the task is likely to order one, the catalogue
// at the same time; noCatalogue is why that could not be read. It is of no use, and its
// reading ends, where the add-on is there after all.
func (r *registration) ahead(ctx context.Context) (addons []clever.Addon, noCatalogue, err error) {
	if !r.client.ExpectsOrder(ctx, r.owner, r.Name) {
		addons, err = r.client.Addons(ctx, r.owner)
		return addons, nil, err
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	var reading sync.WaitGroup
	reading.Go(func() { _, noCatalogue = r.client.Catalogue(within, r.owner) })
	addons, err = r.client.Addons(ctx, r.owner)
	if err != nil || slices.ContainsFunc(addons, func(a clever.Addon) bool { return r.means(&a) }) {
		cancel()
	}
	reading.Wait()
	return addons, noCatalogue, err
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
func (r *registration) words(ctx context.Context, c *engine.Checking, addons []clever.Addon, noCatalogue error) error {
	var now *existing
	for i := range addons { // by index: add-ons are large
		if r.means(&addons[i]) {
			now = &existing{Addon: addons[i]}
			break
		}
	}
	switch {
	case now != nil && r.asDeclared(*now), now == nil && (r.Addon != "" || r.Details.Plan == ""):
		return nil
	case !c.Known("details.plan") || r.cloud.OwnProviders && clever.Complete(clever.ProviderAlias(r.Provider)) == nil:
		return nil
	case noCatalogue != nil && ctx.Err() == nil && now == nil:
		return noCatalogue
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

// means reports whether the task is about an add-on, under its name or one that it had before.
func (r *registration) means(a *clever.Addon) bool {
	named := a.Name == r.Name || slices.ContainsFunc(r.Moved, func(m Moved) bool { return m.From == a.Name })
	return a.ID == r.Addon || a.RealID == r.Addon || named && ofProvider(*a, r.Provider)
}
