package tasks

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

func addonInfo(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "addon_info",
		Full: "noa.clevercloud.addon_info",
		Doc: "Lists the add-ons that there are, and changes nothing. Without addon it lists all of an owner. " +
			"Nothing found is no failure: the list is empty.",
		New: func() engine.Task { return &AddonInfo{cloud: cloud} },
		Example: `- name: Look for the databases
  noa.clevercloud.addon_info:
    provider: postgresql-addon
  register: databases

- name: Show what they are called
  ansible.builtin.debug:
    msg: "{{ databases.addons | map(attribute='name') | join(', ') }}"
`,
		Returns: append([]engine.Return{{Name: "addons", Type: engine.NestedListParam, Fields: infoReturns(),
			Doc: "what was found, by id; each has what follows. Where just one was found, the result has it too"}},
			maybe(infoReturns())...),
	}
}

// infoReturns documents what is known of an add-on.
func infoReturns() []engine.Return {
	return append(addonReturns(), engine.Return{Name: "backups", Type: engine.NestedListParam, Maybe: true,
		Doc: "with backups: true, its backups, the newest first", Fields: backupReturns()})
}

var (
	_ engine.ResourceUser = (*AddonInfo)(nil)
	_ engine.Preflighter  = (*AddonInfo)(nil)
	_ engine.Checker      = (*AddonInfo)(nil)
	_ engine.Resulter     = (*AddonInfo)(nil)
)

// AddonInfo lists the add-ons that there are.
type AddonInfo struct {
	Addon        string `arg:"addon" planned:"true" alias:"name" doc:"an add-on's id, real id or name; all of the owner if left out"`
	Organisation string `arg:"organisation" doc:"the owner: orga_…, user_…, or an organisation's name; if left out, looked up for addon, else the personal space"`
	Provider     string `arg:"provider" doc:"only those of this provider"`
	Tag          string `arg:"tag" doc:"only those with this tag"`
	Env          bool   `arg:"env" default:"false" doc:"read the variables of all that are found at once, instead of when they are used"`
	Backups      bool   `arg:"backups" default:"false" doc:"read the backups of all that are found"`
	Auth         Auth   `arg:"auth" doc:"the credentials; if left out those that registered the add-on in this run, else the run's own"`

	cloud *Cloud
}

// Resources names what is read.
func (t *AddonInfo) Resources() []engine.Resource {
	return addonResources(t.Addon, true)
}

// Result says which variables there are.
func (*AddonInfo) Result(returns []engine.Return, args *expr.Node) []engine.Return {
	return withVariables(returns, args)
}

// Check reports blank words: they would find nothing.
func (t *AddonInfo) Check(c *engine.Checking) {
	notBlank(c, "addon", t.Addon, "an add-on's id or name")
	notBlank(c, "organisation", t.Organisation, "an organisation's name")
	notBlank(c, "provider", t.Provider, "a provider's name")
	notBlank(c, "tag", t.Tag, "a tag")
	t.Auth.check(c)
}

// Plan reads; there is never anything to do.
func (t *AddonInfo) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	f := finder{cloud: t.cloud, word: t.Addon, organisation: t.Organisation, provider: t.Provider, auth: t.Auth}
	look := f.all
	if t.Addon != "" {
		look = f.find
	}
	found, err := look(ctx, h)
	if err != nil {
		return engine.Change{}, err
	}
	facts, err := t.facts(ctx, h, found)
	if err != nil {
		return engine.Change{}, err
	}
	res := &value.Map{}
	if len(facts) == 1 {
		for k, v := range facts[0].(*value.Map).Stored() {
			res.Set(k, v)
		}
	}
	res.Set("addons", append([]engine.Value{}, facts...))
	return engine.Change{Result: res}, nil
}

// facts returns what is known of each add-on that has the tag.
func (t *AddonInfo) facts(ctx context.Context, h *engine.Host, found []location) ([]engine.Value, error) {
	slices.SortStableFunc(found, func(a, b location) int { return compareIDs(a.addon, b.addon) })
	facts := []engine.Value{}
	for _, at := range found {
		at.client = via(at.client, h)
		var tags []string
		if t.Tag != "" {
			var err error
			if tags, err = at.client.TagsOf(ctx, at.owner, at.addon.ID); err != nil {
				return nil, err
			}
			if !slices.Contains(tags, t.Tag) {
				continue
			}
		}
		fact := details(h, at, nil, tags)
		if err := t.readBackups(ctx, h, at, fact); err != nil {
			return nil, err
		}
		facts = append(facts, fact)
	}
	if !t.Env && (len(facts) != 1 || !h.Mentioned("env") && !h.Mentioned("version")) {
		return facts, nil
	}
	return facts, readEnvs(facts)
}

// readBackups adds the backups of an add-on to what is known of it.
func (t *AddonInfo) readBackups(ctx context.Context, h *engine.Host, at location, fact *value.Map) error {
	switch {
	case !t.Backups:
		return nil
	case isMadeUp(at.addon.ID):
		fact.Set("backups", &value.Unknown{Task: h.Task})
		return nil
	}
	list, err := at.client.Backups(ctx, at.owner, at.addon)
	if err != nil {
		return fmt.Errorf("the backups of %s cannot be read: %w", object(at.addon), err)
	}
	fact.Set("backups", backupsResult(list))
	return nil
}

// readEnvs reads the variables of all add-ons at once.
func readEnvs(facts []engine.Value) error {
	var group errgroup.Group
	for _, fact := range facts {
		group.Go(func() error {
			m := fact.(*value.Map)
			_, err := value.Complete(m)
			if clever.IsNotFound(err) {
				m.Set("version", nil) // it was removed after it was listed
				m.Set("env", nil)
				return nil
			}
			return err
		})
	}
	return group.Wait()
}

// Preflight checks credentials and the owner.
func (t *AddonInfo) Preflight(ctx context.Context, h *engine.Host, c *engine.Checking) error {
	_, _, _, err := t.cloud.reach(ctx, h, c, t.Auth, t.Organisation)
	return err
}
