package tasks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"runner/clever"
	"runner/engine"
)

// order plans an add-on that is not there. Everything is resolved from the
// catalogue, and refused where it is unknown, before anything is sent.
func (r *registration) order(ctx context.Context, h *engine.Host) (engine.Change, error) {
	if r.Details.Plan == "" {
		return engine.Change{}, engine.About("details", fmt.Errorf("there is no add-on %q yet, and to order it details.plan is needed", r.Name))
	}
	b, err := r.choose(ctx, nil)
	if err != nil {
		return engine.Change{}, err
	}
	if b.links, err = r.applications(ctx); err != nil {
		return engine.Change{}, err
	}
	b.tags = r.retag(nil)
	fresh := r.fresh(h, b)
	r.cloud.scopes.order(r.scope, ordered{r.place, b.request.Name, b.provider.ID, b.plan.Slug, b.request.Region, usersTags(b.tags), time.Now(), "", true})
	return engine.Change{
		Action: engine.Create,
		Object: fmt.Sprintf("add-on %q", r.Name),
		Attrs:  b.attrs(),
		Price:  &engine.Price{Before: new(0.0), After: costOf(b.provider.ID, *b.plan)},
		Result: r.expected(h, fresh),
		Assume: func() {
			r.assume(fresh)
			r.assumeLinks(fresh.Addon, b.links)
		},
		Do: func(ctx context.Context, h *engine.Host) (engine.Value, error) { return r.create(ctx, h, b) },
	}, nil
}

// A target is what an add-on is to be.
type target struct {
	request  clever.CreateRequest
	provider *clever.Provider
	plan     *clever.Plan
	version  string // "" where the platform chooses, or nothing changes
	tags     []string
	links    []clever.Application // that are not linked yet
}

// migration asks for the target's plan, version and region.
func (b target) migration() clever.MigrationRequest {
	m := clever.MigrationRequest{PlanID: b.plan.ID, Region: b.request.Region}
	if b.version != "" {
		m.Version = &b.version
	}
	return m
}

// choose finds what the playbook means in the catalogue, for an add-on that is
// there or, where now is nil, is to be ordered. All that is unknown is reported at once.
func (r *registration) choose(ctx context.Context, now *existing) (target, error) {
	versions := len(r.options("")) > 0 ||
		r.Details.Version != "" && (now == nil || !ofProvider(now.Addon, r.Provider) || r.newVersion(*now))
	catalogue, info, err := r.offers(ctx, versions)
	if err != nil {
		return target{}, err
	}
	provider, err := catalogue.Provider(r.Provider)
	if err != nil {
		return target{}, engine.About("provider", err)
	}
	if versions && provider.ID != clever.ProviderAlias(r.Provider) { // given by its display name
		if info, err = r.client.Versions(ctx, provider.ID); err != nil {
			return target{}, err
		}
	}
	same := now != nil && now.Provider.ID == provider.ID
	var wrong engine.Mistakes
	b := target{provider: provider}
	if b.plan, err = r.planFor(catalogue, provider, now, same); err != nil {
		wrong.Add("details.plan", err)
		b.plan = &clever.Plan{Slug: r.Details.Plan, Zones: provider.Regions} // so that the rest can be judged
	}
	region, regionErr := r.zone(ctx, catalogue, b, now)
	if regionErr != nil && !isWord(regionErr) {
		return target{}, regionErr
	}
	if !same || r.newVersion(*now) {
		b.version, err = catalogue.Version(provider, info, b.plan, region, r.Details.Version)
		wrong.Add("details.version", err)
	}
	wrong.Add("details.region", regionErr)
	for _, err := range clever.CheckOptions(provider, info, b.plan, region, r.options("")) {
		wrong.Add(r.optionPath(err.Name), err)
	}
	b.request = clever.CreateRequest{Name: r.Name, Plan: b.plan.ID, ProviderID: provider.ID, Region: region, Options: r.options(b.version)}
	if now != nil {
		b.request.Name = r.nameFor(now.Addon)
	}
	if same {
		b.request.Options = r.options(r.versionAgain(*now, b.version))
	}
	return b, wrong.Err()
}

// offers reads the catalogue, and along with it the versions if they are wanted.
func (r *registration) offers(ctx context.Context, versions bool) (*clever.Catalogue, *clever.ProviderInfo, error) {
	var catalogue *clever.Catalogue
	var info *clever.ProviderInfo
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		catalogue, err = r.client.Catalogue(ctx, r.owner)
		return err
	})
	if id := clever.ProviderAlias(r.Provider); versions {
		group.Go(func() (err error) {
			info, err = r.client.Versions(ctx, id)
			return err
		})
	}
	return catalogue, info, group.Wait()
}

// planFor finds the plan: an add-on keeps its own, even one that can no longer be
// ordered, unless the playbook names another.
func (r *registration) planFor(catalogue *clever.Catalogue, provider *clever.Provider, now *existing, same bool) (*clever.Plan, error) {
	switch {
	case same && r.keepsPlan(*now):
		return &now.Plan, nil
	case r.Details.Plan == "":
		return nil, fmt.Errorf("to order from %s in the place of %s a plan is needed", provider.ID, now.Provider.ID)
	}
	return catalogue.Plan(provider, r.Details.Plan)
}

// zone finds where it will run: an add-on stays where it is unless the playbook
// names another place. The list of zones is read only for a word that is not
// simply the name of one.
func (r *registration) zone(ctx context.Context, catalogue *clever.Catalogue, b target, now *existing) (string, error) {
	word := r.Details.Region
	switch {
	case word == "" && now != nil:
		word = now.Region
	case word == "":
		word = defaultRegion
	}
	if now != nil && b.plan.ID == now.Plan.ID && strings.EqualFold(word, now.Region) {
		return now.Region, nil
	}
	if r.client.providerPlanned(r.owner, b.provider.ID) {
		return word, nil
	}
	var zones []clever.Zone
	if catalogue.NeedsZones(b.plan, word) {
		var err error
		if zones, err = r.client.Zones(ctx); err != nil {
			return "", err
		}
	}
	if now != nil && slices.Contains(b.plan.Zones, now.Region) {
		for _, z := range zones { // of several zones in a city the one where it runs is meant
			if z.Name == now.Region && z.IsIn(word) {
				return now.Region, nil
			}
		}
	}
	return catalogue.Region(b.provider, b.plan, zones, word)
}

// isWord reports whether an error is about a word that the playbook says.
func isWord(err error) bool {
	if _, ok := errors.AsType[*clever.UnknownError](err); ok {
		return true
	}
	_, ok := errors.AsType[*clever.AmbiguousError](err)
	return ok
}

func (b target) attrs() []engine.Attr {
	attrs := []engine.Attr{
		{Path: "name", After: b.request.Name}, {Path: "provider", After: b.provider.ID},
		{Path: "plan", After: b.plan.Slug}, {Path: "region", After: b.request.Region},
	}
	for _, name := range slices.Sorted(maps.Keys(b.request.Options)) {
		path := "options." + name
		if name == "version" {
			path = name
		}
		attrs = append(attrs, engine.Attr{Path: path, After: b.request.Options[name]})
	}
	return slices.Concat(attrs, tagAttrs(nil, b.tags), linkAttr(b.links))
}

// create orders an add-on, tags it, and waits until its variables are there.
func (r *registration) create(ctx context.Context, h *engine.Host, b target) (engine.Value, error) {
	client := via(r.client, h)
	h.Status("ordering it")
	a, err := client.Create(ctx, r.owner, b.request, r.scope)
	if err != nil {
		return nil, err
	}
	r.cloud.remember(r.client, r.owner, a)
	if err := r.noteDeclared(ctx, client, a.ID); err != nil {
		return nil, err
	}
	if len(b.tags) > 0 {
		if err := client.SetTags(ctx, r.owner, a.ID, b.tags); err != nil {
			return nil, fmt.Errorf("%s was ordered, but not tagged: %w", object(a), err)
		}
		if err := client.Marked(ctx, r.owner, a.ID); err != nil {
			return nil, err
		}
	}
	h.Status("waiting for its variables")
	env, err := client.WaitEnv(ctx, r.owner, a)
	if err != nil {
		return nil, err
	}
	if env == nil {
		env = []clever.EnvVar{}
	}
	if err := r.asOrdered(ctx, client, a, env, b); err != nil {
		return nil, err
	}
	if err := r.linkAll(ctx, h, client, a, b.links); err != nil {
		return nil, err
	}
	return r.registered(h, client, a, env, append([]string{}, b.tags...)), nil
}
