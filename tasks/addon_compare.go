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
	"runner/engine/expr/value"
)

// An existing is an add-on that exists, as far as the playbook asks about it.
type existing struct {
	clever.Addon
	env     []clever.EnvVar // nil: nobody reads them
	detail  *clever.Detail  // nil: no option is declared, or the platform shows none
	tags    []string        // nil: none are declared
	version string          // "": not known, or not needed
}

// compare returns how an existing add-on differs from what the playbook says, and
// the change that makes it as declared.
func (r *registration) compare(ctx context.Context, h *engine.Host, a clever.Addon) (engine.Change, error) {
	r.cloud.remember(r.client, r.owner, a)
	now, err := r.look(ctx, h, a)
	if err != nil {
		return engine.Change{}, err
	}
	b := r.asItIs(now)
	if !r.asDeclared(now) || len(r.doubtfulOptions(now)) > 0 || len(optionDifferences(now, b)) > 0 {
		if b, err = r.choose(ctx, &now); err != nil {
			return engine.Change{}, err
		}
	}
	if err := r.adopt(ctx, a, now.tags); err != nil {
		return engine.Change{}, err
	}
	if err := r.noteDeclared(ctx, r.client, a.ID); err != nil {
		return engine.Change{}, err
	}
	b.tags = r.retag(now.tags)
	if from := scopesOf(now.tags); r.scope != "" && len(from) > 0 && !slices.Equal(from, []string{r.scope}) {
		h.Warn(fmt.Sprintf("%s moves from the scope %s to %s", object(a), strings.Join(from, " and "), r.scope))
	}
	if b.links, err = r.unlinked(ctx, a); err != nil {
		return engine.Change{}, err
	}
	attrs := append(r.differences(now, b), linkAttr(b.links)...)
	change := engine.Change{Object: object(a), Attrs: attrs, Result: r.registered(h, r.client, a, now.env, now.tags)}
	if unknown := r.unknownAttrs(now, b); len(unknown) > 0 {
		change.Attrs = append(change.Attrs, unknown...)
		if len(attrs) == 0 {
			change.Action, change.Unknown = engine.Update, true
			change.Assume = func() { r.client.doubt(r.owner, a.ID) }
			return change, nil
		}
	}
	if r.warnUnverified(h, now) {
		if h.Check && len(attrs) == 0 {
			change.Action, change.Unknown = engine.Update, true
		}
	}
	if r.client.plan(r.owner, a.ID).unsure {
		change.Action, change.Unknown = engine.Update, true
	}
	if len(attrs) == 0 {
		return change, nil
	}
	unknown := change.Attrs[len(attrs):]
	change.Attrs = attrs
	change, err = r.planUpdate(ctx, h, change, now, b)
	change.Attrs = append(slices.Clip(attrs), unknown...)
	if err != nil && len(unknown) > 0 { // what was refused may not be what it comes to
		change.Assume, err = func() { r.client.doubt(r.owner, now.ID) }, nil
	}
	change.Unknown = change.Unknown || len(unknown) > 0
	if assume := change.Assume; change.Unknown && assume != nil {
		change.Assume = func() {
			assume()
			r.client.doubt(r.owner, now.ID)
		}
	}
	return change, err
}

// planned reports whether an earlier task of this check would order the add-on, or move it.
func (r *registration) planned(now existing) bool { return r.client.plan(r.owner, now.ID).moved }

// unknownAttrs returns what of an add-on that this check would order, or move, is declared
// and only known when that is done: its version, and options that were not ordered.
func (r *registration) unknownAttrs(now existing, b target) []engine.Attr {
	if !r.planned(now) || !ofProvider(now.Addon, r.Provider) {
		return nil
	}
	unknown := &value.Unknown{Task: r.client.plan(r.owner, now.ID).task}
	var attrs []engine.Attr
	if r.unverified(now) {
		attrs = append(attrs, engine.Attr{Path: "version", Before: unknown, After: r.Details.Version})
	}
	for _, name := range slices.Sorted(maps.Keys(r.options(""))) {
		if now.detail == nil {
			break
		}
		if _, known := now.detail.Option(name); !known {
			attrs = append(attrs, engine.Attr{Path: "options." + name, Before: unknown, After: b.request.Options[name]})
		}
	}
	return attrs
}

// asItIs returns the target of an add-on whose provider, plan, version and region stay.
func (r *registration) asItIs(now existing) target {
	return target{provider: &now.Provider, plan: &now.Plan, request: clever.CreateRequest{
		Name: r.nameFor(now.Addon), Plan: now.Plan.ID, ProviderID: now.Provider.ID, Region: now.Region,
		Options: r.options(r.versionAgain(now, "")),
	}}
}

// versionAgain is the version that an add-on in the place of another gets: what
// was chosen or declared, else what the other one runs, as far as the platform
// tells it in words that can be ordered.
func (r *registration) versionAgain(now existing, chosen string) string {
	version := cmp.Or(chosen, r.Details.Version)
	if version == "" && now.detail != nil {
		return now.detail.Version
	}
	return version
}

// look reads what the playbook asks about.
func (r *registration) look(ctx context.Context, h *engine.Host, a clever.Addon) (existing, error) {
	now := existing{Addon: a}
	if len(r.options("")) > 0 && clever.HasDetail(a.Provider.ID) {
		d, err := r.client.Detail(ctx, r.owner, a)
		if err != nil {
			return now, err
		}
		now.detail, now.version = &d, d.Version
	}
	var err error
	if h.Mentioned("env") || h.Mentioned("version") || r.Details.Version != "" && now.version == "" {
		if now.env, err = r.client.Env(ctx, r.owner, a.ID); err != nil && unknownIn(err) == nil {
			return now, err
		}
		now.version = cmp.Or(now.version, r.client.plan(r.owner, a.ID).version, versionOf(now.env))
	}
	if r.Details.Version != "" && now.version == "" {
		if now.version, err = r.client.OperatorVersion(ctx, r.owner, a); err != nil {
			return now, err
		}
	}
	if r.saysTags() {
		if now.tags, err = r.client.TagsOf(ctx, r.owner, a.ID); err != nil {
			return now, err
		}
		now.tags = append([]string{}, now.tags...)
		slices.Sort(now.tags)
	}
	return now, nil
}

// asDeclared reports whether provider, plan, version and region are seen to be as
// declared without the catalogue.
func (r *registration) asDeclared(now existing) bool {
	region := r.Details.Region
	return ofProvider(now.Addon, r.Provider) && r.keepsPlan(now) && !r.newVersion(now) &&
		(region == "" || strings.EqualFold(region, now.Region))
}

// keepsPlan reports whether the playbook names the plan that an add-on has, or none.
func (r *registration) keepsPlan(now existing) bool {
	word := r.Details.Plan
	return word == "" || strings.EqualFold(word, now.Plan.Slug) || strings.EqualFold(word, now.Plan.Name) || word == now.Plan.ID
}

// newVersion reports whether an add-on runs another version than is declared.
// One whose version the platform does not show is left alone, see unverified.
func (r *registration) newVersion(now existing) bool {
	return r.Details.Version != "" && now.version != "" && !sameVersion(now.version, r.Details.Version)
}

// unverified reports whether a version is declared, and the one that runs is not shown:
// that is neither the same nor another.
func (r *registration) unverified(now existing) bool {
	return r.Details.Version != "" && now.version == "" && ofProvider(now.Addon, r.Provider)
}

// differences returns what is not as it is to be.
func (r *registration) differences(now existing, b target) []engine.Attr {
	var attrs []engine.Attr
	add := func(path, before, after string) {
		if before != after {
			attrs = append(attrs, engine.Attr{Path: path, Before: orNothing(before), After: orNothing(after)})
		}
	}
	add("name", now.Name, b.request.Name)
	add("provider", now.Provider.ID, b.provider.ID)
	add("plan", now.Plan.Slug, b.plan.Slug)
	if b.provider.ID != now.Provider.ID || r.newVersion(now) {
		add("version", now.version, b.version)
	}
	add("region", now.Region, b.request.Region)
	attrs = append(attrs, optionDifferences(now, b)...)
	if now.tags == nil {
		return attrs
	}
	return append(attrs, tagAttrs(now.tags, b.tags)...)
}

// planUpdate says how differences are carried out: in place, by a migration, or by an
// add-on that takes the place of the old one.
func (r *registration) planUpdate(ctx context.Context, h *engine.Host, change engine.Change, now existing, b target) (engine.Change, error) {
	d := deltaOf(change.Attrs, now.Addon)
	change.Action = engine.Update
	after := r.changed(h, now, b, d)
	if d.moves || d.replaces {
		change.Price = &engine.Price{Before: costOf(now.Provider.ID, now.Plan), After: costOf(b.provider.ID, *b.plan)}
	}
	if d.moves || d.replaces {
		if err := requireBackup(ctx, r.client, r.owner, now.Addon, r.RequireBackup); err != nil {
			return change, err
		}
	}
	switch {
	case d.replaces:
		var err error
		if b.links, err = r.applications(ctx); err != nil {
			return change, err
		}
		fresh, err := r.replacement(ctx, h, now, b)
		if err != nil {
			return change, err
		}
		change.Result = r.expected(h, fresh)
		change.Assume = func() {
			r.client.assumeGone(r.owner, now.ID)
			r.assume(fresh)
			r.assumeLinks(fresh.Addon, b.links)
		}
		change.Action = engine.Replace
		change.Risk, change.Allow = "data is lost", "replace"
		change.Do = func(ctx context.Context, h *engine.Host) (engine.Value, error) { return r.replace(ctx, h, now, b) }
		return change, nil
	case d.moves:
		if err := r.room(now, b); err != nil {
			return change, err
		}
		change.Action = engine.Migrate
		change.Risk, change.Allow = "read-only meanwhile; host and password may change", "migrate"
	}
	change.Result = r.expected(h, after)
	change.Assume = func() {
		r.assume(after)
		r.assumeLinks(after.Addon, b.links)
	}
	change.Do = func(ctx context.Context, h *engine.Host) (engine.Value, error) { return r.update(ctx, h, now, b, d) }
	return change, nil
}

// A delta says what has to be done about differences.
type delta struct {
	replaces bool // an add-on in its place
	moves    bool // a migration
	upgrades bool // an operator's version
	renames  bool
	retags   bool
}

func deltaOf(attrs []engine.Attr, a clever.Addon) delta {
	var d delta
	for _, attr := range attrs {
		switch {
		case attr.Path == "name":
			d.renames = true
		case attr.Path == "link":
		case attr.Path == "tags", attr.Path == "scope", attr.Path == "variables":
			d.retags = true
		case attr.Path == "version" && clever.UpdatesVersion(a.Provider.ID):
			d.upgrades = true
		case attr.Path == "version" && a.Provider.ID == "es-addon": // docs/platform.md §4.7
			d.replaces = true
		case (attr.Path == "plan" || attr.Path == "region" || attr.Path == "version") && a.Migratable():
			d.moves = true
		default:
			d.replaces = true
		}
	}
	return d
}

// room refuses a plan with less room for data than there is now: how much of it
// is in use the platform does not say.
func (r *registration) room(now existing, b target) error {
	lost := clever.Shrinks(now.Plan, *b.plan)
	if r.Details.Shrink || len(lost) == 0 {
		return nil
	}
	var figures []string
	for _, s := range lost {
		figures = append(figures, fmt.Sprintf("%s %s, not %s", s.What, s.After, s.Before))
	}
	return engine.About("details.plan", &diagnostic.Problem{
		Msg:  fmt.Sprintf("plan %s has less room than %s has now: %s", b.plan.Slug, object(now.Addon), strings.Join(figures, ", ")),
		Hint: "how much is in use the platform does not say; if its data fits, write shrink: true beside the plan",
	})
}
