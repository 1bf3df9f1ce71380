package tasks

import (
	"context"
	"fmt"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr/value"
)

func addonConfig(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "addon_config",
		Full: "noa.clevercloud.addon_config",
		Doc: "Fills a configuration provider: sets its variables, which all applications that are linked to it have. " +
			"Variables that are not named stay as they are; with exact: true there are just those that are declared, and removing others needs consent (delete). " +
			"Values of variables whose names say that they are secrets, and vaulted ones, are hidden in diffs. " +
			"Applications have new values with their next start.",
		New: func() engine.Task { return &AddonConfig{cloud: cloud} },
		Example: `- name: Order a place for settings
  noa.clevercloud.addon_register:
    name: shop-settings
    provider: config-provider
    details:
      plan: std

- name: Fill it
  noa.clevercloud.addon_config:
    addon: shop-settings
    vars:
      LOG_LEVEL: info
      FEATURES: cart,search
`,
		Returns: []engine.Return{
			{Name: "addon_id", Type: engine.TextParam, Doc: "the configuration provider's id"},
			{Name: "name", Type: engine.TextParam, Doc: "its name"},
			{Name: "names", Type: engine.ListParam, Doc: "the names of all its variables"},
		},
	}
}

// AddonConfig sets the variables of a configuration provider.
type AddonConfig struct {
	Addon        string       `arg:"addon" planned:"true" required:"true" doc:"the configuration provider's id, real id or name"`
	Organisation string       `arg:"organisation" doc:"who owns it: orga_…, user_…, or an organisation's name; looked up if left out"`
	Vars         engine.Value `arg:"vars" written:"true" marks:"kept" doc:"names and values; a scalar counts as it is written. Others stay as they are, unless exact says otherwise"`
	Absent       []string     `arg:"absent" doc:"names of variables that are not to be there"`
	Exact        bool         `arg:"exact" default:"false" doc:"whether there are to be just these variables: others are removed, which needs consent (delete)"`
	Auth         Auth         `arg:"auth" doc:"the credentials; if left out those that registered the add-on in this run, else the run's own"`

	cloud *Cloud
}

var (
	_ engine.ResourceUser = (*AddonConfig)(nil)
	_ engine.Checker      = (*AddonConfig)(nil)
)

// Resources names the configuration provider.
func (t *AddonConfig) Resources() []engine.Resource {
	return addonResources(t.Addon, false)
}

func (t *AddonConfig) variables() variables { return variables{t.Vars, t.Absent, t.Exact} }

// Check notes what is wrong with the parameters.
func (t *AddonConfig) Check(c *engine.Checking) {
	named(c, "addon", t.Addon, "an add-on's id or name")
	notBlank(c, "organisation", t.Organisation, "an organisation's name")
	t.Auth.check(c)
	t.variables().checkArguments(c)
}

// Plan compares its variables with what is declared.
func (t *AddonConfig) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	f := finder{cloud: t.cloud, word: t.Addon, organisation: t.Organisation, auth: t.Auth}
	found, err := f.find(ctx, h)
	at, err := oneAddon(t.Addon, found, err)
	if err != nil {
		return engine.Change{}, err
	}
	if at.addon.Provider.ID != clever.ConfigProvider {
		return engine.Change{}, engine.About("addon", fmt.Errorf("%s is of %s: only a configuration provider has variables that can be set", object(at.addon), at.addon.Provider.ID))
	}
	now, err := at.client.Config(ctx, at.addon)
	if err != nil {
		return engine.Change{}, err
	}
	note(h.Secrets, now)
	r, err := t.variables().revise(now)
	if err != nil {
		return engine.Change{}, err
	}
	change := r.plan("variables of " + object(at.addon))
	change.Result = value.MapOf("addon_id", idValue(at.addon.ID, h.Task), "name", at.addon.Name, "names", names(r.after))
	if len(r.attrs) > 0 {
		change.Assume = func() { at.client.assumeConfig(at.addon.ID, r.after) }
		change.Do = func(ctx context.Context, h *engine.Host) (engine.Value, error) {
			return t.apply(ctx, h, *at, change.Result)
		}
	}
	return change, nil
}

// apply reads the variables again, as they can only be written all at once.
func (t *AddonConfig) apply(ctx context.Context, h *engine.Host, at location, result engine.Value) (engine.Value, error) {
	client := via(at.client, h)
	now, err := client.Config(ctx, at.addon)
	if err != nil {
		return nil, err
	}
	r, err := t.variables().revise(now)
	if err != nil {
		return nil, err
	}
	result.(*value.Map).Set("names", names(r.after))
	return result, client.SetConfig(ctx, at.addon, r.after)
}
