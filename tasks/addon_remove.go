package tasks

import (
	"context"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr/value"
)

func addonRemove(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "addon_remove",
		Full: "noa.clevercloud.addon_remove",
		Doc: "Removes an add-on, its data included. One that is gone already is fine. " +
			"Naming it in a playbook is consent enough. It is removed only after all that stands above it ended well.",
		New: func() engine.Task { return &AddonRemove{cloud: cloud} },
		Example: `- name: Remove the trial database
  noa.clevercloud.addon_remove:
    addon: trial-db
    provider: postgresql-addon
`,
		Returns: removedReturns(),
	}
}

// removedReturns documents what is known of an add-on that was removed.
func removedReturns() []engine.Return {
	fields := plainReturns()
	for i := range fields {
		if fields[i].Name != "name" {
			fields[i].Null, fields[i].Doc = true, fields[i].Doc+"; null if it was gone already"
		}
	}
	return fields
}

// gone returns the result for an add-on that is there no more.
func gone(name string) *value.Map {
	m := &value.Map{}
	for _, f := range plainReturns() {
		m.Set(f.Name, nil)
	}
	m.Set("name", idValue(name, ""))
	return m
}

var (
	_ engine.ResourceUser = (*AddonRemove)(nil)
	_ engine.Preflighter  = (*AddonRemove)(nil)
	_ engine.Checker      = (*AddonRemove)(nil)
)

// AddonRemove removes an add-on.
type AddonRemove struct {
	Addon         string `arg:"addon" planned:"true" required:"true" doc:"the add-on's id, real id or name"`
	Organisation  string `arg:"organisation" doc:"who owns it: orga_…, user_…, or an organisation's name; looked up if left out"`
	Provider      string `arg:"provider" doc:"its provider, where a name alone is not enough"`
	RequireBackup string `arg:"require_backup" doc:"refuse unless the platform has a backup of it that is younger: 24h, 7d"`
	Auth          Auth   `arg:"auth" doc:"the credentials; if left out those that registered the add-on in this run, else the run's own"`

	cloud *Cloud
}

// Resources names the add-on, or all of them where only an id is given: a task
// that orders says the name, and nobody knows yet whether it is the same one.
func (t *AddonRemove) Resources() []engine.Resource {
	return addonResources(t.Addon, false)
}

// Check reports an add-on that is not named.
func (t *AddonRemove) Check(c *engine.Checking) {
	named(c, "addon", t.Addon, "an add-on's id or name")
	notBlank(c, "organisation", t.Organisation, "an organisation's name")
	notBlank(c, "provider", t.Provider, "a provider's name")
	checkBackupAge(c, t.RequireBackup)
	t.Auth.check(c)
}

// Plan finds the add-on.
func (t *AddonRemove) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	f := finder{cloud: t.cloud, word: t.Addon, organisation: t.Organisation, provider: t.Provider, auth: t.Auth}
	found, err := f.find(ctx, h)
	if err != nil {
		return engine.Change{}, err
	}
	switch len(found) {
	case 0:
		return engine.Change{Result: gone(t.Addon)}, nil
	case 1:
		if err := requireBackup(ctx, found[0].client, found[0].owner, found[0].addon, t.RequireBackup); err != nil {
			return engine.Change{}, err
		}
		return t.removal(found[0]), nil
	}
	var addons []clever.Addon
	for _, f := range found {
		addons = append(addons, f.addon)
	}
	return engine.Change{}, engine.About("addon", several(t.Addon, addons))
}

func (t *AddonRemove) removal(f location) engine.Change {
	a, part := f.addon, removal(f.addon)
	unsure := f.client.plan(f.owner, a.ID).unsure
	res := result(a, f.owner)
	return engine.Change{
		Action:  part.Action,
		Object:  part.Object,
		Attrs:   part.Attrs,
		Price:   part.Price,
		Risk:    "data is lost",
		Unknown: unsure,
		Result:  res,
		Assume:  func() { f.client.assumeGone(f.owner, a.ID) },
		Do: func(ctx context.Context, h *engine.Host) (engine.Value, error) {
			return res, via(f.client, h).Delete(ctx, f.owner, a.ID)
		},
	}
}

// whatIsLost says what an add-on was, as the attributes of its removal.
func whatIsLost(a clever.Addon) []engine.Attr {
	return []engine.Attr{
		{Path: "name", Before: a.Name}, {Path: "provider", Before: a.Provider.ID},
		{Path: "plan", Before: a.Plan.Slug}, {Path: "region", Before: a.Region},
	}
}

// costOf returns what an add-on of a plan costs a month in euros; nil where the catalogue has
// no price, or what is used is billed.
func costOf(providerID string, p clever.Plan) *float64 {
	if p.Monthly() == 0 && clever.BilledByUse(providerID) {
		return nil
	}
	return p.Price
}

// removal returns the part of a change in which an add-on is removed.
func removal(a clever.Addon) engine.Part {
	return engine.Part{Action: engine.Delete, Object: object(a), Attrs: whatIsLost(a),
		Price: &engine.Price{Before: costOf(a.Provider.ID, a.Plan), After: new(0.0)}}
}

// Preflight checks credentials and the owner.
func (t *AddonRemove) Preflight(ctx context.Context, h *engine.Host, c *engine.Checking) error {
	_, _, _, err := t.cloud.reach(ctx, h, c, t.Auth, t.Organisation)
	return err
}
