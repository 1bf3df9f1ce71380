package tasks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr"
)

// order plans an add-on that is not there. Everything is resolved from the
// catalogue, and refused where it is unknown, before anything is sent.
func (r *registration) order(ctx context.Context, h *engine.Host) (engine.Change, error) {
	if r.Details.Plan == "" {
		return engine.Change{}, engine.About("details", fmt.Errorf("there is no add-on %q yet, and to order it details.plan is needed", r.Name))
	}
	b, err := r.choose(ctx)
	if err != nil {
		return engine.Change{}, err
	}
	return engine.Change{
		Action: engine.Create,
		Object: fmt.Sprintf("add-on %q", r.Name),
		Attrs:  b.attrs(),
		Result: b.expected(h.Task, r.owner),
		Do:     func(ctx context.Context, h *engine.Host) (engine.Value, error) { return r.buy(ctx, h, b.request) },
	}, nil
}

// A basket is what will be ordered.
type basket struct {
	request  clever.CreateRequest
	provider *clever.Provider
	plan     *clever.Plan
	version  string // "" where the platform chooses
}

// choose finds what the playbook means in the catalogue. The versions are read
// along with it where one is declared.
func (r *registration) choose(ctx context.Context) (basket, error) {
	var catalogue *clever.Catalogue
	var info *clever.ProviderInfo
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		catalogue, err = r.client.Catalogue(gctx, r.owner)
		return err
	})
	if id := clever.ProviderAlias(r.Provider); r.Details.Version != "" {
		group.Go(func() (err error) {
			info, err = r.client.Versions(gctx, id)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return basket{}, err
	}
	provider, err := catalogue.Provider(r.Provider)
	if err != nil {
		return basket{}, engine.About("provider", err)
	}
	plan, err := catalogue.Plan(provider, r.Details.Plan)
	if err != nil {
		return basket{}, engine.About("details.plan", err)
	}
	if r.Details.Version != "" && provider.ID != clever.ProviderAlias(r.Provider) { // given by its display name
		if info, err = r.client.Versions(ctx, provider.ID); err != nil {
			return basket{}, err
		}
	}
	b := basket{provider: provider, plan: plan}
	if b.version, err = catalogue.Version(provider, info, plan, r.Details.Version); err != nil {
		return basket{}, engine.About("details.version", err)
	}
	region, err := r.zone(ctx, catalogue, b)
	b.request = clever.CreateRequest{Name: r.Name, Plan: plan.ID, ProviderID: provider.ID, Region: region, Options: r.options(b.version)}
	return b, err
}

// zone finds where it will run. The list of zones is read only for a word that
// is not simply the name of one.
func (r *registration) zone(ctx context.Context, catalogue *clever.Catalogue, b basket) (string, error) {
	word := r.Details.Region
	if word == "" {
		word = defaultRegion
	}
	var zones []clever.Zone
	if catalogue.NeedsZones(b.plan, word) {
		var err error
		if zones, err = r.client.Zones(ctx); err != nil {
			return "", err
		}
	}
	region, err := catalogue.Region(b.provider, b.plan, zones, word)
	return region, engine.About("details.region", err)
}

// options are sent as text, the version among them (§4.3).
func (r *registration) options(version string) map[string]string {
	options := map[string]string{}
	maps.Copy(options, r.Details.Options)
	if r.Details.Encryption != nil {
		options["encryption"] = strconv.FormatBool(*r.Details.Encryption)
	}
	if version != "" {
		options["version"] = version
	}
	return options
}

func (b basket) attrs() []engine.Attr {
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
	return attrs
}

// expected is what is known of an add-on before it is there.
func (b basket) expected(task, owner string) *expr.Map {
	unknown := &expr.Unknown{Task: task}
	m := expr.MapOf("addon_id", unknown, "real_id", unknown, "name", b.request.Name, "provider", b.provider.ID,
		"organisation", orNothing(owner), "plan", planResult(*b.plan), "version", unknown, "region", b.request.Region, "env", unknown)
	if b.version != "" {
		m.Set("version", b.version)
	}
	return m
}

// buy orders the add-on and waits until its variables are there.
func (r *registration) buy(ctx context.Context, h *engine.Host, request clever.CreateRequest) (engine.Value, error) {
	client := via(r.client, h)
	a, err := client.Create(ctx, r.owner, request)
	if err != nil {
		return nil, err
	}
	r.cloud.remember(r.client, r.owner, a)
	env, err := client.WaitEnv(ctx, r.owner, a)
	if err != nil {
		return nil, err
	}
	if env == nil {
		env = []clever.EnvVar{}
	}
	return r.registered(h, a, env), nil
}
