package tasks

import (
	"context"
	"fmt"

	"runner/engine"
	"runner/engine/expr/value"
)

func providerRemove(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "provider_remove",
		Full: "noa.clevercloud.provider_remove",
		Doc: "Removes a provider that an organisation sells, its plans included. One that is gone already is fine. " +
			"Naming it in a playbook is consent enough. It is removed only after all that stands above it ended well. " +
			"While there are add-ons of it, the platform refuses.",
		New: func() engine.Task { return &ProviderRemove{cloud: cloud} },
		Example: `- name: Sell the key-value store no longer
  noa.clevercloud.provider_remove:
    provider: tinykv
    organisation: Example Organisation
`,
		Returns: []engine.Return{
			{Name: "id", Type: engine.TextParam, Doc: "the id that was named"},
			{Name: "name", Type: engine.TextParam, Null: true, Doc: "the name that it had; null if it was gone already"},
		},
	}
}

var (
	_ engine.ResourceUser = (*ProviderRemove)(nil)
	_ engine.Preflighter  = (*ProviderRemove)(nil)
	_ engine.Checker      = (*ProviderRemove)(nil)
)

// ProviderRemove removes a provider.
type ProviderRemove struct {
	Provider     string `arg:"provider" alias:"id" required:"true" doc:"the provider's id, which is its manifest's"`
	Organisation string `arg:"organisation" required:"true" doc:"who sells it: orga_…, or an organisation's name"`
	Auth         Auth   `arg:"auth" doc:"the credentials; the run's own if left out"`

	cloud *Cloud
}

// Resources names all add-ons: what is ordered elsewhere in the playbook may be of
// this provider.
func (t *ProviderRemove) Resources() []engine.Resource { return []engine.Resource{{Path: "addons"}} }

// Check reports a provider that is not named, and who sells nothing.
func (t *ProviderRemove) Check(c *engine.Checking) {
	named(c, "provider", t.Provider, "a provider's id")
	checkSeller(c, t.Organisation)
	t.Auth.check(c)
}

// Plan looks whether the provider is there.
func (t *ProviderRemove) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	client, err := t.cloud.client(h, t.Auth)
	if err != nil {
		return engine.Change{}, err
	}
	owner, err := seller(ctx, client, t.Organisation)
	if err != nil {
		return engine.Change{}, err
	}
	found, err := client.OwnProvider(ctx, owner, t.Provider)
	if err != nil {
		return engine.Change{}, engine.About("provider", err)
	}
	if found == nil {
		return engine.Change{Result: value.MapOf("id", t.Provider, "name", nil)}, nil
	}
	attrs := []engine.Attr{{Path: "name", Before: found.Name}, {Path: "status", Before: found.Status}}
	for _, p := range found.Plans {
		attrs = append(attrs, engine.Attr{Path: "plans." + p.Slug, Before: p.Name})
	}
	res := value.MapOf("id", found.ID, "name", found.Name)
	return engine.Change{
		Action: engine.Delete,
		Object: fmt.Sprintf("provider %q", found.ID),
		Attrs:  attrs,
		Result: res,
		Assume: func() { client.planned.providers.remove(client.space(owner), found.ID) },
		Do: func(ctx context.Context, h *engine.Host) (engine.Value, error) {
			return res, engine.About("provider", via(client, h).RemoveProvider(ctx, owner, found.ID))
		},
	}, nil
}

// Preflight checks credentials and who sells.
func (t *ProviderRemove) Preflight(ctx context.Context, h *engine.Host, c *engine.Checking) error {
	_, _, _, err := t.cloud.reach(ctx, h, c, t.Auth, t.Organisation)
	return err
}
