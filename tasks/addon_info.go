package tasks

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr/value"
)

func addonInfo(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "addon_info",
		Full: "noa.clevercloud.addon_info",
		Doc: "Lists the add-ons that there are, and changes nothing. Without addon it lists all of an owner. " +
			"Nothing found is no failure: the list is empty.",
		New:    func() engine.Task { return &AddonInfo{cloud: cloud} },
		Hidden: []string{"env", "addons.env"},
		Example: `- name: Look for the databases
  noa.clevercloud.addon_info:
    provider: postgresql-addon
  register: databases

- name: Show what they are called
  ansible.builtin.debug:
    msg: "{{ databases.addons | map(attribute='name') | join(', ') }}"
`,
		Returns: append([]engine.Return{{Name: "addons", Doc: "what was found, by id; each has what follows. Where just one was found, the result has it too"}},
			addonReturns()...),
	}
}

// AddonInfo lists the add-ons that there are.
type AddonInfo struct {
	Addon        string `arg:"addon" alias:"name" doc:"an add-on's id, real id or name; all of the owner if left out"`
	Organisation string `arg:"organisation" doc:"the owner: orga_…, user_…, or an organisation's name; if left out, looked up for addon, else the personal space"`
	Provider     string `arg:"provider" doc:"only those of this provider"`
	Tag          string `arg:"tag" doc:"only those with this tag"`
	Env          bool   `arg:"env" default:"false" doc:"read the variables of all that are found; those of a single add-on are read anyway where a template mentions them"`
	Auth         Auth   `arg:"auth" doc:"the credentials; if left out those that registered the add-on in this run, else the run's own"`

	cloud *Cloud
}

// Resources names what is read.
func (t *AddonInfo) Resources() []engine.Resource {
	if t.Addon == "" || byID(t.Addon) {
		return []engine.Resource{{Path: "addons", Read: true}}
	}
	return []engine.Resource{{Path: "addons/" + t.Addon, Read: true}, {Path: "addons/by-id", Read: true}}
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
		for k, v := range facts[0].(*value.Map).All() {
			res.Set(k, v)
		}
	}
	res.Set("addons", append([]engine.Value{}, facts...))
	return engine.Change{Result: res}, nil
}

// facts returns what is wanted of each add-on that has the tag.
func (t *AddonInfo) facts(ctx context.Context, h *engine.Host, found []location) ([]engine.Value, error) {
	slices.SortStableFunc(found, func(a, b location) int { return compareIDs(a.addon, b.addon) })
	var facts []engine.Value
	var readers []func(context.Context) error
	for _, at := range found {
		fact := result(at.addon, at.owner)
		if t.Tag != "" || h.Wants("tags") {
			tags, err := via(at.client, h).TagsOf(ctx, at.owner, at.addon.ID)
			if err != nil {
				return nil, err
			}
			if t.Tag != "" && !slices.Contains(tags, t.Tag) {
				continue
			}
			fact.Set("tags", texts(tags))
		}
		facts = append(facts, fact)
		readers = append(readers, func(ctx context.Context) error { return readEnv(ctx, h, at, fact) })
	}
	if !t.Env && (len(facts) != 1 || !h.Wants("env") && !h.Wants("version")) {
		return facts, nil
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, read := range readers {
		group.Go(func() error { return read(ctx) })
	}
	return facts, group.Wait()
}

// readEnv adds the variables of an add-on, and the version that they show.
func readEnv(ctx context.Context, h *engine.Host, at location, fact *value.Map) error {
	env, err := via(at.client, h).Env(ctx, at.owner, at.addon.ID)
	if clever.IsNotFound(err) { // removed between the list and now
		env, err = nil, nil
	}
	if err == nil {
		fact.Set("version", orNothing(versionOf(env)))
		fact.Set("env", envResult(h.Secrets, env))
	}
	return err
}
