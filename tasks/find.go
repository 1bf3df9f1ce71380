package tasks

import (
	"context"
	"slices"

	"runner/clever"
	"runner/engine"
)

// A finder looks for add-ons that a task names without saying all about them.
type finder struct {
	cloud        *Cloud
	word         string // an id, a real id or a name
	organisation string // "": looked up
	provider     string // "": any
	auth         Auth
}

// find returns what the word means: an add-on of this run before all others.
func (f finder) find(ctx context.Context, h *engine.Host) ([]location, error) {
	if !f.auth.given() && f.organisation == "" {
		found, err := f.findIn(ctx, h, f.cloud.locations(f.word))
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	client, err := f.cloud.client(h, f.auth)
	if err != nil {
		return nil, err
	}
	if f.organisation != "" {
		owner, err := client.Owner(ctx, f.organisation)
		if err != nil {
			return nil, engine.About("organisation", err)
		}
		return f.findIn(ctx, h, []location{{client: client, owner: owner}})
	}
	found, err := client.Locate(ctx, f.word)
	return f.ours(client, found), err
}

// findIn looks among the add-ons of some owners.
func (f finder) findIn(ctx context.Context, h *engine.Host, places []location) ([]location, error) {
	var found []location
	for i, p := range places {
		if slices.ContainsFunc(places[:i], p.same) {
			continue
		}
		addons, err := via(p.client, h).LocateIn(ctx, p.owner, f.word)
		if err != nil {
			return nil, err
		}
		found = append(found, f.ours(p.client, addons)...)
	}
	return found, nil
}

// all returns every add-on of one owner, the personal space if none is named.
func (f finder) all(ctx context.Context, h *engine.Host) ([]location, error) {
	client, err := f.cloud.client(h, f.auth)
	if err != nil {
		return nil, err
	}
	owner, err := client.Owner(ctx, f.organisation)
	if err != nil {
		return nil, engine.About("organisation", err)
	}
	addons, err := client.Addons(ctx, owner)
	if err != nil {
		return nil, err
	}
	var found []clever.Located
	for _, a := range addons {
		found = append(found, clever.Located{Owner: owner, Addon: a})
	}
	return f.ours(client, found), nil
}

// ours leaves out what is of another provider than the playbook says.
func (f finder) ours(client platform, found []clever.Located) []location {
	var list []location
	for _, l := range found {
		if f.provider == "" || ofProvider(l.Addon, f.provider) {
			list = append(list, location{client, l.Owner, l.Addon})
		}
	}
	return list
}
