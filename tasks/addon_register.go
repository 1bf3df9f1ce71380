package tasks

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

func addonRegister(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "addon_register",
		Full: "noa.clevercloud.addon_register",
		Doc: "Sees to it that an add-on exists and is as declared. It is found by owner, provider and name; one that is not there is ordered. " +
			"Name and tags are changed in place. Plan, version and region are changed by the platform's migration, which needs consent (migrate): " +
			"the add-on is read-only while it moves, and its host and password may change. " +
			"One whose task names another provider than before is replaced, unless another task declares it. " +
			"Another provider, another value of an option, and what the platform does not migrate take a new add-on in its place, " +
			"which needs consent too (replace): the new one is ordered, then the old one is removed, and its data is lost.",
		New: func() engine.Task { return &AddonRegister{cloud: cloud} },
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

var (
	_ engine.ResourceUser = (*AddonRegister)(nil)
	_ engine.Namer        = (*AddonRegister)(nil)
	_ engine.Declarer     = (*AddonRegister)(nil)
	_ engine.Checker      = (*AddonRegister)(nil)
	_ engine.Resulter     = (*AddonRegister)(nil)
)

// AddonRegister orders an add-on, or makes the one that is there as declared.
type AddonRegister struct {
	Name         string    `arg:"name" doc:"the add-on's name; the task's name, in lower case with dashes, if left out"`
	Provider     string    `arg:"provider" required:"true" doc:"what to order: a provider's id, display name or alias (postgres, redis, …)"`
	Organisation string    `arg:"organisation" doc:"who owns it: orga_…, user_…, or an organisation's name; the personal space if left out"`
	Auth         Auth      `arg:"auth" doc:"the credentials; the run's own if left out"`
	Details      Details   `arg:"details" doc:"what it is like"`
	Link         []string  `arg:"link" doc:"applications of its owner, by id or name, that are to be linked to it; others that are linked stay so. They have its variables with their next start"`
	Tags         *[]string `arg:"tags" doc:"its tags, just these; those that it has are left alone if left out"`
	Addon        string    `arg:"addon" planned:"true" doc:"the id of an existing add-on that is meant, whatever its name; it is renamed if name says otherwise"`
	Moved        []Moved   `arg:"moved" doc:"names that the add-on had before: where there is none of its name, but one of those, that one is meant and renamed; may stay for good"`

	RequireBackup string `arg:"require_backup" doc:"what destroys it, or moves it, is refused unless the platform has a backup of it that is younger: 24h, 7d"`

	cloud *Cloud
}

// Moved is a name that an add-on had before.
type Moved struct {
	From string `arg:"from" required:"true" doc:"the name"`
}

// Details say what an add-on is like.
type Details struct {
	Plan       string            `arg:"plan" required:"true" doc:"its size: a plan's slug, name or id; case does not matter"`
	Version    string            `arg:"version" doc:"the version of the database; the platform's default, or the one that it has, if left out"`
	Region     string            `arg:"region" alias:"zone" default:"par" doc:"where it runs: a zone's name, a city, or Country/City; one that exists stays where it is if left out"`
	Encryption *bool             `arg:"encryption" doc:"whether it is encrypted at rest"`
	Options    map[string]string `arg:"options" doc:"further options of the provider, by name, as far as the catalogue has them for the plan; of an add-on that exists those are compared that the platform shows"`
	Shrink     bool              `arg:"shrink" default:"false" doc:"whether a plan with less room for data than it has now is fine"`
}

// defaultRegion is the zone that every client of the platform falls back to (docs/platform.md §3.3).
const defaultRegion = "par"

// Declares marks the task as one that says what there is to be.
func (t *AddonRegister) Declares() {}

// TaskName names the add-on where the playbook does not.
func (t *AddonRegister) TaskName(name string) {
	if t.Name == "" && t.Addon == "" {
		t.Name = slug(name)
	}
}

// Resources names the add-on.
func (t *AddonRegister) Resources() []engine.Resource {
	if t.Addon != "" {
		return []engine.Resource{{Path: "addons"}}
	}
	all := []engine.Resource{{Path: "addons/" + t.Name}}
	for _, m := range t.Moved {
		all = append(all, engine.Resource{Path: "addons/" + m.From})
	}
	return all
}

// Result says which variables there are.
func (*AddonRegister) Result(returns []engine.Return, args *expr.Node) []engine.Return {
	return withVariables(returns, args)
}

// Check reports names, tags and options that cannot be.
func (t *AddonRegister) Check(c *engine.Checking) {
	if t.Name == "" && t.Addon == "" && c.Known("name", "addon") {
		c.Add("", errNoName)
	}
	notBlank(c, "name", t.Name, "an add-on's name")
	notBlank(c, "addon", t.Addon, "an add-on's id")
	notBlank(c, "organisation", t.Organisation, "an organisation's name")
	named(c, "provider", t.Provider, "a provider's name")
	t.Auth.check(c)
	t.Details.check(c)
	allNamed(c, "link", t.Link, "an application's id or name")
	checkBackupAge(c, t.RequireBackup)
	if t.Tags != nil {
		checkTags(c, *t.Tags)
	}
}

// check reports what is said twice, or says nothing.
func (d Details) check(c *engine.Checking) {
	notBlank(c, "details.plan", d.Plan, "a plan")
	notBlank(c, "details.version", d.Version, "a version")
	notBlank(c, "details.region", d.Region, "a region")
	for _, name := range slices.Sorted(maps.Keys(d.Options)) {
		path := "details.options." + name
		switch {
		case strings.TrimSpace(name) == "":
			c.Addf("details.options", "an option's name cannot be empty")
		case name == "version" && d.Version != "", name == "encryption" && d.Encryption != nil:
			c.Addf(path, "%s is said twice: details.%s says it already", name, name)
		}
	}
}

// Plan looks whether the add-on is there and as it should be.
func (t *AddonRegister) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	t.cloud.declare(declaration{t.Provider, cmp.Or(t.Addon, t.Name)})
	t.cloud.declare(declaration{t.Provider, cmp.Or(t.Name, t.Addon)})
	for _, m := range t.Moved {
		t.cloud.declare(declaration{t.Provider, m.From}) // so that it is not pruned before it is renamed
	}
	client, err := t.cloud.client(h, t.Auth)
	if err != nil {
		return engine.Change{}, err
	}
	owner, err := client.Owner(ctx, t.Organisation)
	if err != nil {
		return engine.Change{}, engine.About("organisation", err)
	}
	r := &registration{AddonRegister: t, client: client, owner: owner, scope: h.Scope, with: h.With, playbook: h.Playbook}
	if err := r.enter(ctx); err != nil {
		return engine.Change{}, err
	}
	addons, err := client.Addons(ctx, owner)
	if err != nil {
		return engine.Change{}, err
	}
	meant, left, err := r.find(ctx, h, addons)
	switch {
	case err != nil:
		return engine.Change{}, err
	case meant == nil:
		return r.order(ctx, h)
	}
	change, err := r.compare(ctx, h, *meant)
	if err == nil && left != nil {
		if err := requireBackup(ctx, r.client, owner, *left, t.RequireBackup); err != nil {
			return engine.Change{}, err
		}
		change = r.finishReplacing(change, *left)
	}
	return change, err
}

func ownerName(owner string) string {
	if owner == "" {
		return "the personal space"
	}
	return owner
}

// A registration is one task with its client, its owner and its play's scope at
// hand.
type registration struct {
	*AddonRegister
	client   platform
	owner    string
	place    place // where the scope of the play is bound to; unset without one
	scope    string
	with     map[string]string // the variables that decided what is declared
	playbook string
	adopts   bool // the add-on comes into the scope, and was not ordered for it
}

// find returns the add-on that is meant, nil if it is not there yet; and the one
// whose place it took, if a replacement was cut off before that was removed.
func (r *registration) find(ctx context.Context, h *engine.Host, addons []clever.Addon) (meant, left *clever.Addon, err error) {
	var adopted *clever.Addon
	var named []clever.Addon
	for i := range addons { // by index: lists are long, and so are add-ons
		switch a := &addons[i]; {
		case r.Addon != "" && (a.ID == r.Addon || a.RealID == r.Addon):
			adopted = a
		case r.Name != "" && a.Name == r.Name && ofProvider(*a, r.Provider):
			named = append(named, *a)
		}
	}
	switch {
	case adopted != nil && len(named) == 1:
		return r.replacedBy(ctx, *adopted, named[0])
	case adopted != nil && len(named) > 1 && adopted.Name != r.Name:
		return nil, nil, r.taken(*adopted, named[0])
	case adopted != nil:
		return adopted, nil, nil
	case r.Addon != "" && len(named) == 0:
		return nil, nil, engine.About("addon", fmt.Errorf("there is no add-on %s of %s", r.Addon, ownerName(r.owner)))
	case r.Addon != "":
		h.Warn(fmt.Sprintf("there is no add-on %s any more; the one called %q is meant: leave addon out", r.Addon, r.Name))
	}
	if meant, left, err = r.only(ctx, named); err != nil {
		return nil, nil, err
	}
	return r.before(ctx, h, addons, meant, left)
}

// replacedBy reports whether one add-on was to take the place of the other, which
// is adopted by its id.
func (r *registration) replacedBy(ctx context.Context, adopted, other clever.Addon) (meant, left *clever.Addon, err error) {
	gone := !ofProvider(adopted, r.Provider)
	if !gone {
		if gone, err = r.isReplaced(ctx, adopted); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case gone:
		return &other, &adopted, nil
	case adopted.Name != r.Name:
		return nil, nil, r.taken(adopted, other)
	}
	return &adopted, nil, nil
}

// taken is the problem of a name that another add-on has.
func (r *registration) taken(adopted, other clever.Addon) error {
	return engine.About("name", &diagnostic.Problem{Msg: fmt.Sprintf("%s cannot be called %q: %s is", object(adopted), r.Name, other.ID),
		Hint: "take another name, or rename that one first"})
}

// only returns the one add-on of a list that is not on its way out.
func (r *registration) only(ctx context.Context, named []clever.Addon) (meant, left *clever.Addon, err error) {
	switch len(named) {
	case 0:
		return nil, nil, nil
	case 1:
		return &named[0], nil, nil
	}
	var staying, going []clever.Addon
	for _, a := range named {
		gone, err := r.isReplaced(ctx, a)
		if err != nil {
			return nil, nil, err
		}
		if gone {
			going = append(going, a)
		} else {
			staying = append(staying, a)
		}
	}
	if len(staying) == 1 && len(going) == 1 {
		return &staying[0], &going[0], nil
	}
	return nil, nil, engine.About("name", several(r.Name, named))
}

func (r *registration) isReplaced(ctx context.Context, a clever.Addon) (bool, error) {
	tags, err := r.client.TagsOf(ctx, r.owner, a.ID)
	return slices.Contains(tags, replacedTag), err
}

// nameFor is what an add-on is to be called.
func (r *registration) nameFor(a clever.Addon) string {
	if r.Name == "" {
		return a.Name
	}
	return r.Name
}

// registered returns what register holds. Variables and tags that are nil are read
// when they are used.
func (r *registration) registered(h *engine.Host, client platform, a clever.Addon, env []clever.EnvVar, tags []string) *value.Map {
	return details(h, location{client, r.owner, a}, env, tags)
}
