package tasks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr/value"
	"runner/marketplace/manifest"
)

func providerRegister(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "provider_register",
		Full: "noa.clevercloud.provider_register",
		Doc: "Sees to it that an organisation sells an add-on of its own, as declared: its provider, features and plans. " +
			"The provider is found by the manifest's id; one that is not there is registered, and is ALPHA: only its organisation sees it and can order it, " +
			"until the platform's staff links its plans to zones and opens it. " +
			"Texts are changed in place, and plans too, found by their slugs; missing features and plans are added. " +
			"What is not declared is left alone. " +
			"The platform returns neither the secrets nor the URLs nor the variables' names, and has no call that changes them: " +
			"they are sent when the provider is registered, never shown and never compared. " +
			"Nor can the type of a feature be changed: where it differs, the task fails.",
		New: func() engine.Task { return &ProviderRegister{cloud: cloud} },
		Example: `- name: Sell the key-value store
  noa.clevercloud.provider_register:
    manifest: "{{ lookup('file', 'addon-manifest.json') }}"
    organisation: Example Organisation
    short_desc: Keys and values, without a server of your own
    features:
      - {name: connections, type: NUMBER}
    plans:
      - {name: Small, slug: small, price: 5, features: {connections: 10}}
      - {name: Large, slug: large, price: 20, features: {connections: 100}}
  register: tinykv

- name: Order the first one
  noa.clevercloud.addon_register:
    name: trial-kv
    provider: "{{ tinykv.id }}"
    organisation: Example Organisation
    details:
      plan: small
`,
		Returns: []engine.Return{
			{Name: "id", Type: engine.TextParam, Doc: "its id, which is the manifest's: what provider says to order it"},
			{Name: "name", Type: engine.TextParam, Doc: "its name"},
			{Name: "status", Type: engine.TextParam, Doc: "ALPHA, BETA_PRIV, BETA_PUB, RELEASE or DELETED"},
			{Name: "organisation", Type: engine.TextParam, Doc: "who sells it"},
			{Name: "regions", Type: engine.ListParam, Doc: "where it can be ordered"},
			{Name: "features", Type: engine.NestedListParam, Doc: "its features", Fields: []engine.Return{
				{Name: "name", Type: engine.TextParam, Doc: "what it is called"},
				{Name: "type", Type: engine.TextParam, Doc: "what its values are"},
			}},
			{Name: "plans", Type: engine.NestedListParam, Doc: "its plans", Fields: []engine.Return{
				{Name: "id", Type: engine.TextParam, Doc: "its id"},
				{Name: "slug", Type: engine.TextParam, Doc: "what it is ordered by"},
				{Name: "name", Type: engine.TextParam, Doc: "what customers read"},
				{Name: "price", Type: engine.FloatParam, Null: true, Doc: "euros a month"},
				{Name: "zones", Type: engine.ListParam, Doc: "where it can be ordered"},
				{Name: "features", Type: engine.TextMapParam, Doc: "the values of its features, by name"},
			}},
		},
	}
}

var (
	_ engine.ResourceUser = (*ProviderRegister)(nil)
	_ engine.Preflighter  = (*ProviderRegister)(nil)
	_ engine.Checker      = (*ProviderRegister)(nil)
)

// ProviderRegister sells an add-on.
type ProviderRegister struct {
	Manifest     engine.Value      `arg:"manifest" required:"true" doc:"what the vendor's back-end is: the path of a manifest (runner vendor init writes one), from the playbook's folder on; or the manifest itself, as a map or as JSON text"`
	Organisation string            `arg:"organisation" required:"true" doc:"who sells it: orga_…, or an organisation's name; a personal space sells nothing"`
	Auth         Auth              `arg:"auth" doc:"the credentials; the run's own if left out"`
	Name         *string           `arg:"name" doc:"its name in the catalogue; the manifest's if left out"`
	Website      *string           `arg:"website" doc:"its website; this and the texts below stay as they are if left out"`
	SupportEmail *string           `arg:"support_email" doc:"where customers get help"`
	ShortDesc    *string           `arg:"short_desc" doc:"what it is, in a line"`
	LongDesc     *string           `arg:"long_desc" doc:"what it is, at length"`
	LogoURL      *string           `arg:"logo_url" doc:"its logo"`
	TwitterName  *string           `arg:"twitter_name" doc:"its name there"`
	AnalyticsID  *string           `arg:"analytics_id" doc:"by what its page is measured"`
	Features     []ProviderFeature `arg:"features" doc:"the features that its plans differ in"`
	Plans        []ProviderPlan    `arg:"plans" doc:"what can be ordered; without a plan, nothing can"`
	PrunePlans   bool              `arg:"prune_plans" default:"false" doc:"whether plans that are not listed are removed, which needs consent (delete); they are left alone, and reported, otherwise"`

	cloud *Cloud
}

// A ProviderFeature is something that the plans of a provider say a value of.
type ProviderFeature struct {
	Name string `arg:"name" required:"true" doc:"what it is called"`
	Type string `arg:"type" required:"true" choices:"BOOLEAN,INTERVAL,FILESIZE,NUMBER,PERCENTAGE,STRING,OBJECT,BYTES,BOOLEAN_SHARED" doc:"what its values are"`
}

// A ProviderPlan is a size of what a provider sells.
type ProviderPlan struct {
	Slug     string            `arg:"slug" required:"true" doc:"what the back-end gets as plan, and what the plan is found by; case does not matter"`
	Name     string            `arg:"name" required:"true" doc:"what customers read"`
	Price    float64           `arg:"price" required:"true" doc:"euros a month"`
	Features map[string]string `arg:"features" doc:"values of features, by their names; those that are left out stay as they are"`
}

// Resources names all add-ons: whatever is ordered after this one may be of this
// provider, and what is said before may be of its plans.
func (t *ProviderRegister) Resources() []engine.Resource { return []engine.Resource{{Path: "addons"}} }

// Plan looks whether the provider is there and as it should be.
func (t *ProviderRegister) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	if u, ok := value.HasUnknown(t.Manifest); ok { // a check, and what it is made of is not there yet
		return engine.Change{Action: engine.Create, Object: "a provider", Attrs: []engine.Attr{{Path: "manifest", After: u}},
			Result: value.MapOf("id", u, "name", u, "status", u, "organisation", u, "regions", u, "features", u, "plans", u)}, nil
	}
	text, err := paperOf(t.Manifest, h.Dir)
	if err != nil {
		return engine.Change{}, engine.About("manifest", err)
	}
	h.Secrets.Add(text.secrets()...)
	client, err := t.cloud.client(h, t.Auth)
	if err != nil {
		return engine.Change{}, err
	}
	m, wrong := text.read(local(client.Endpoint()), h.Warn)
	if err := wrong.Err(); err != nil {
		return engine.Change{}, err
	}
	owner, err := seller(ctx, client, t.Organisation)
	if err != nil {
		return engine.Change{}, err
	}
	s := &providerTask{ProviderRegister: t, client: client, owner: owner, manifest: m}
	found, err := client.OwnProvider(ctx, owner, m.ID)
	switch {
	case err != nil:
		return engine.Change{}, err
	case found == nil:
		return s.register(ctx, h)
	}
	return s.compare(h, *found)
}

// seller returns the organisation that a word names.
func seller(ctx context.Context, client platform, word string) (string, error) {
	owner, err := client.Owner(ctx, word)
	if err == nil && !strings.HasPrefix(owner, "orga_") {
		err = notSelling(word)
	}
	return owner, engine.About("organisation", err)
}

func notSelling(word string) error {
	return fmt.Errorf("only organisations sell add-ons, and %q is none: give an organisation's name, or its id, orga_…", word)
}

// A providerTask is one task with its client, its organisation and its manifest at hand.
type providerTask struct {
	*ProviderRegister
	client   platform
	owner    string
	manifest *manifest.Manifest
}

// register plans a provider that is not there.
func (s *providerTask) register(ctx context.Context, h *engine.Host) (engine.Change, error) {
	catalogue, err := s.client.Catalogue(ctx, s.owner)
	if err != nil {
		return engine.Change{}, err
	}
	id := s.manifest.ID
	if i := slices.IndexFunc(catalogue.Providers, func(p clever.Provider) bool { return p.ID == id }); i >= 0 {
		return engine.Change{}, engine.About("manifest",
			fmt.Errorf("the id %q is taken: %s is the provider of somebody else; ids are the platform's over, so choose another", id, catalogue.Providers[i].Name))
	}
	d, err := s.differences(clever.Provider{ID: id, Name: s.named()})
	if err != nil {
		return engine.Change{}, err
	}
	s.warnOfNoPlans(h, d.after)
	return engine.Change{
		Action: engine.Create,
		Object: fmt.Sprintf("provider %q", id),
		Attrs:  append(s.attrs(), d.attrs...),
		Result: s.expected(h.Task, d.after),
		Assume: func() { s.client.assumeProvider(s.owner, d.after) },
		Do:     s.open,
	}, nil
}

// open registers the provider, and then sees to the rest: what the platform made
// of it is read, not guessed.
func (s *providerTask) open(ctx context.Context, h *engine.Host) (engine.Value, error) {
	client := via(s.client, h)
	if err := client.RegisterProvider(ctx, s.owner, s.request()); err != nil {
		return nil, engine.About("manifest", err)
	}
	now, err := s.again(ctx, client)
	if err != nil {
		return nil, err
	}
	d, err := s.differences(*now)
	if err != nil {
		return nil, err
	}
	return s.update(ctx, h, d)
}

// compare reports how a provider differs from what the playbook says.
func (s *providerTask) compare(h *engine.Host, now clever.Provider) (engine.Change, error) {
	d, err := s.differences(now)
	if err != nil {
		return engine.Change{}, err
	}
	s.tellLeftAlone(h, now, d)
	change := engine.Change{Object: fmt.Sprintf("provider %q", now.ID), Attrs: d.attrs, Result: s.expected(h.Task, now)}
	if len(d.attrs) == 0 {
		return change, nil
	}
	change.Action = engine.Update
	change.Assume = func() { s.client.assumeProvider(s.owner, d.after) }
	change.Result = s.expected(h.Task, d.after)
	if len(d.gone) > 0 {
		change.Risk, change.Allow = "plans that are not listed can be ordered no longer", "delete"
	}
	change.Do = func(ctx context.Context, h *engine.Host) (engine.Value, error) { return s.update(ctx, h, d) }
	return change, nil
}

// update makes the provider as declared: what plans need comes first.
func (s *providerTask) update(ctx context.Context, h *engine.Host, d difference) (engine.Value, error) {
	client, id := via(s.client, h), s.manifest.ID
	for _, f := range d.features {
		if err := client.AddFeature(ctx, s.owner, id, f); err != nil {
			return nil, fmt.Errorf("feature %q was not added: %w", f.Name, err)
		}
	}
	for _, p := range d.plans {
		if err := client.AddPlan(ctx, s.owner, id, p); err != nil {
			return nil, fmt.Errorf("plan %q was not added: %w", p.Slug, err)
		}
	}
	for _, p := range d.changed {
		if err := client.ChangePlan(ctx, s.owner, id, p.id, p.PlanRequest); err != nil {
			return nil, fmt.Errorf("plan %q was not changed: %w", p.Slug, err)
		}
	}
	if d.texts != nil {
		if err := client.EditProvider(ctx, s.owner, id, *d.texts); err != nil {
			return nil, err
		}
	}
	for _, p := range d.gone {
		if err := client.RemovePlan(ctx, s.owner, id, p.ID); err != nil {
			return nil, fmt.Errorf("plan %q was not removed: %w", p.Slug, err)
		}
	}
	return s.waitUntilShown(ctx, client)
}

// waitUntilShown reads what there is now, and says what the platform did not do though it
// said so: it has been seen to.
func (s *providerTask) waitUntilShown(ctx context.Context, client platform) (engine.Value, error) {
	now, err := s.again(ctx, client)
	if err != nil {
		return nil, err
	}
	left, err := s.differences(*now)
	if err == nil && len(left.attrs) > 0 {
		var names []string
		for _, a := range left.attrs {
			names = append(names, a.Path)
		}
		err = fmt.Errorf("the platform took every change of provider %q, but these are still not as declared: %s", now.ID, strings.Join(names, ", "))
	}
	return s.result(*now), err
}

// again reads the provider, which has to be there.
func (s *providerTask) again(ctx context.Context, client platform) (*clever.Provider, error) {
	now, err := client.OwnProvider(ctx, s.owner, s.manifest.ID)
	if err == nil && now == nil {
		err = fmt.Errorf("provider %q is there no longer: somebody else removed it, or the platform does not show it yet; play again", s.manifest.ID)
	}
	return now, err
}

// tellLeftAlone warns of what the provider has and the playbook does not name.
func (s *providerTask) tellLeftAlone(h *engine.Host, now clever.Provider, d difference) {
	var plans, features []string
	for _, p := range now.Plans {
		if s.Plans != nil && s.plan(p.Slug) < 0 {
			plans = append(plans, p.Slug)
		}
	}
	for _, f := range now.Features {
		if s.Features != nil && s.feature(f.Name) < 0 {
			features = append(features, f.Name)
		}
	}
	if len(plans) > 0 && !s.PrunePlans {
		h.Warn(fmt.Sprintf("provider %q has plans that are not listed, and keeps them: %s; prune_plans: true removes them", now.ID, strings.Join(plans, ", ")))
	}
	if len(features) > 0 {
		h.Warn(fmt.Sprintf("provider %q has features that are not listed, and keeps them: %s", now.ID, strings.Join(features, ", ")))
	}
	s.warnOfNoPlans(h, d.after)
}

func (s *providerTask) warnOfNoPlans(h *engine.Host, after clever.Provider) {
	if len(after.Plans) == 0 {
		h.Warn(fmt.Sprintf("provider %q has no plan: nobody can order it", after.ID))
	}
}

// Preflight checks credentials. Who sells is looked up when the manifest is known to be right.
func (t *ProviderRegister) Preflight(_ context.Context, h *engine.Host, c *engine.Checking) error {
	if !c.Known("auth") {
		return nil
	}
	_, err := t.cloud.client(h, t.Auth)
	return err
}
