package tasks

import (
	"context"
	"fmt"
	"strings"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr"
)

func addonRegister(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name:   "addon_register",
		Full:   "noa.clevercloud.addon_register",
		Doc:    "Sees to it that an add-on exists. It is found by owner, provider and name; one that is not there is ordered.",
		New:    func() engine.Task { return &AddonRegister{cloud: cloud} },
		Hidden: []string{"env"},
		Example: `- name: Order the database
  noa.clevercloud.addon_register:
    name: shop-db
    provider: postgresql-addon
    details:
      plan: xxs_sml
      version: 16
      region: par
  register: db

- name: Show where it is
  ansible.builtin.debug:
    msg: "{{ db.env.POSTGRESQL_ADDON_HOST }}:{{ db.env.POSTGRESQL_ADDON_PORT }}"
`,
		Returns: addonReturns(),
	}
}

// AddonRegister orders an add-on, or finds the one that is there.
type AddonRegister struct {
	Name         string  `arg:"name" doc:"the add-on's name; the task's name, in lower case with dashes, if left out"`
	Provider     string  `arg:"provider" required:"true" doc:"what to order: a provider's id, display name or alias (postgres, redis, …)"`
	Organisation string  `arg:"organisation" doc:"who owns it: orga_…, user_…, or an organisation's name; the personal space if left out"`
	Auth         Auth    `arg:"auth" doc:"the credentials; the run's own if left out"`
	Details      Details `arg:"details" doc:"what it is like"`
	Addon        string  `arg:"addon" doc:"the id of an existing add-on that is meant, whatever its name"`

	cloud *Cloud
}

// Details say what an add-on is like.
type Details struct {
	Plan       string            `arg:"plan" required:"true" doc:"its size: a plan's slug, name or id; case does not matter"`
	Version    string            `arg:"version" doc:"the version of the database; the platform's default if left out"`
	Region     string            `arg:"region" alias:"zone" default:"par" doc:"where it runs: a zone's name, a city, or Country/City"`
	Encryption *bool             `arg:"encryption" doc:"whether it is encrypted at rest"`
	Options    map[string]string `arg:"options" doc:"further options of the provider, by name"`
}

// defaultRegion is the zone that every client of the platform falls back to (§3.3).
const defaultRegion = "par"

// TaskName gives the add-on a name where the playbook gives none.
func (t *AddonRegister) TaskName(name string) {
	if t.Name == "" {
		t.Name = slug(name)
	}
}

// Touches names the add-on.
func (t *AddonRegister) Touches() []string {
	if t.Addon != "" {
		return []string{"addons"}
	}
	return []string{"addons/" + t.Name}
}

// Plan looks whether the add-on is there and as it should be.
func (t *AddonRegister) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	if t.Name == "" && t.Addon == "" {
		return engine.Change{}, errNoName
	}
	client, err := t.cloud.client(h, t.Auth)
	if err != nil {
		return engine.Change{}, err
	}
	owner, err := client.Owner(ctx, t.Organisation)
	if err != nil {
		return engine.Change{}, engine.About("organisation", err)
	}
	r := &registration{AddonRegister: t, client: client, owner: owner}
	addons, err := client.Addons(ctx, owner)
	if err != nil {
		return engine.Change{}, err
	}
	found := t.match(addons)
	switch {
	case len(found) == 0 && t.Addon != "":
		return engine.Change{}, engine.About("addon", fmt.Errorf("there is no add-on %s of %s", t.Addon, ownerName(owner)))
	case len(found) == 0:
		return r.order(ctx, h)
	case len(found) > 1:
		return engine.Change{}, engine.About("name", several(t.Name, found))
	}
	return r.compare(ctx, h, found[0])
}

func ownerName(owner string) string {
	if owner == "" {
		return "the personal space"
	}
	return owner
}

func (t *AddonRegister) match(addons []clever.Addon) []clever.Addon {
	var found []clever.Addon
	for _, a := range addons {
		if t.Addon != "" && (a.ID == t.Addon || a.RealID == t.Addon) ||
			t.Addon == "" && a.Name == t.Name && ofProvider(a, t.Provider) {
			found = append(found, a)
		}
	}
	return found
}

// A registration is one task with its client and owner at hand.
type registration struct {
	*AddonRegister
	client *clever.Client
	owner  string
}

// compare tells how an existing add-on differs from what the playbook says.
func (r *registration) compare(ctx context.Context, h *engine.Host, a clever.Addon) (engine.Change, error) {
	r.cloud.remember(r.client, r.owner, a)
	env, err := r.env(ctx, h, a)
	if err != nil {
		return engine.Change{}, err
	}
	res := r.registered(h, a, env)
	attrs, err := r.differences(ctx, a, env)
	if err != nil || len(attrs) == 0 {
		return engine.Change{Object: object(a), Result: res}, err
	}
	change := engine.Change{Action: engine.Update, Object: object(a), Attrs: attrs, Result: res}
	return change, r.refuse(a, attrs)
}

// env reads the variables where somebody needs them: a template, or the version.
func (r *registration) env(ctx context.Context, h *engine.Host, a clever.Addon) ([]clever.EnvVar, error) {
	if !h.Wants("env") && !h.Wants("version") && r.Details.Version == "" {
		return nil, nil
	}
	return r.client.Env(ctx, r.owner, a.ID)
}

func (r *registration) registered(h *engine.Host, a clever.Addon, env []clever.EnvVar) *expr.Map {
	res := result(a, r.owner)
	if env != nil { // else nobody reads them
		res.Set("version", orNothing(versionOf(env)))
		res.Set("env", envResult(h.Secrets, env))
	}
	return res
}

// refuse names each difference. Nothing was changed.
func (r *registration) refuse(a clever.Addon, attrs []engine.Attr) error {
	var list []string
	for _, d := range attrs {
		list = append(list, fmt.Sprintf("%s is %v, not %v", d.Path, d.Before, d.After))
	}
	path := attrs[0].Path
	if path != "name" && path != "provider" {
		path = "details." + path
	}
	return engine.About(path, &engine.Problem{Msg: fmt.Sprintf("%s differs: %s", object(a), strings.Join(list, ", ")),
		Hint: "runner does not change what exists yet, and changed nothing; make the playbook say what is there, or remove the add-on first"})
}

func (r *registration) differences(ctx context.Context, a clever.Addon, env []clever.EnvVar) ([]engine.Attr, error) {
	var attrs []engine.Attr
	add := func(path, before, after string) {
		attrs = append(attrs, engine.Attr{Path: path, Before: before, After: after})
	}
	if r.Name != "" && r.Name != a.Name {
		add("name", a.Name, r.Name)
	}
	if !ofProvider(a, r.Provider) {
		add("provider", a.Provider.ID, clever.ProviderAlias(r.Provider))
		return attrs, nil // another provider has other plans
	}
	plan, err := r.planOf(ctx, a)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(plan, a.Plan.Slug) {
		add("plan", a.Plan.Slug, plan)
	}
	if v := r.Details.Version; v != "" {
		if running := versionOf(env); running != "" && !sameVersion(running, v) {
			add("version", running, v)
		}
	}
	region, err := r.regionOf(ctx, a)
	if err != nil {
		return nil, err
	}
	if region != a.Region {
		add("region", a.Region, region)
	}
	return attrs, nil
}

// planOf gives the slug of the plan that the playbook means. The catalogue is
// asked only where the word is not simply the add-on's own plan.
func (r *registration) planOf(ctx context.Context, a clever.Addon) (string, error) {
	word := r.Details.Plan
	if word == "" || strings.EqualFold(word, a.Plan.Slug) || strings.EqualFold(word, a.Plan.Name) || word == a.Plan.ID {
		return a.Plan.Slug, nil
	}
	catalogue, provider, err := r.catalogue(ctx, a)
	if err != nil {
		return "", err
	}
	plan, err := catalogue.Plan(provider, word)
	if err != nil {
		return "", engine.About("details.plan", err)
	}
	return plan.Slug, nil
}

// regionOf gives the zone that the playbook means; where it names none, any is fine.
func (r *registration) regionOf(ctx context.Context, a clever.Addon) (string, error) {
	word := r.Details.Region
	if word == "" || strings.EqualFold(word, a.Region) {
		return a.Region, nil
	}
	catalogue, provider, err := r.catalogue(ctx, a)
	if err != nil {
		return "", err
	}
	zones, err := r.client.Zones(ctx)
	if err != nil {
		return "", err
	}
	for _, z := range zones { // of several zones in a city the one where it runs is meant
		if z.Name == a.Region && z.IsIn(word) {
			return a.Region, nil
		}
	}
	region, err := catalogue.Region(provider, &a.Plan, zones, word)
	return region, engine.About("details.region", err)
}

func (r *registration) catalogue(ctx context.Context, a clever.Addon) (*clever.Catalogue, *clever.Provider, error) {
	catalogue, err := r.client.Catalogue(ctx, r.owner)
	if err != nil {
		return nil, nil, err
	}
	provider, err := catalogue.Provider(a.Provider.ID)
	return catalogue, provider, engine.About("provider", err)
}
