package tasks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"runner/clever"
)

// assume notes what a task of a check would make of an add-on.
func (p platform) assume(owner string, after plannedAddon) {
	p.willChange(after.ID)
	p.planned.addons.put(p.space(owner), after.ID, after)
}

// providerPlanned reports whether a task of a check would register or change a provider of
// an owner: where its add-ons run shows when it is there.
func (p platform) providerPlanned(owner, id string) bool {
	_, there, _ := p.planned.providers.find(p.space(owner), id)
	return there
}

// assumeGone notes that a task of a check would remove an add-on.
func (p platform) assumeGone(owner, id string) {
	p.willChange(id)
	p.planned.addons.remove(p.space(owner), id)
}

// doubt notes that an earlier task of a check may change an add-on, or replace it: nothing
// about it is known any more but that there is one.
func (p platform) doubt(owner, id string) {
	if a, there, noted := p.planned.addons.find(p.space(owner), id); noted && there {
		a.unsure, a.moved = true, true
		p.assume(owner, a)
	}
}

// plan returns what earlier tasks of a check would have made of an add-on; the zero value
// if none would have touched it.
func (p platform) plan(owner, id string) plannedAddon {
	a, _, _ := p.planned.addons.find(p.space(owner), id)
	return a
}

// Addons lists the add-ons of an owner; see [clever.Client.Addons].
func (p platform) Addons(ctx context.Context, owner string) ([]clever.Addon, error) {
	list, err := p.Client.Addons(ctx, owner)
	if err != nil || p.planned.addons.empty() {
		return list, p.aboutOwner(ctx, owner, err)
	}
	kept, _ := p.planned.lists.LoadOrStore(p.space(owner), &plannedList{})
	return kept.(*plannedList).over(list, &p.planned.addons, p.space(owner)), nil
}

// A plannedList is the list of an owner's add-ons as the tasks of a check would leave it.
// It is kept, and brought up to date by what was noted since it was last asked for: a check
// that would order ten thousand add-ons would otherwise make ten thousand lists of them.
// Lists that were returned do not change: what is new is appended, and what differs is
// changed in a copy.
type plannedList struct {
	mu      sync.Mutex
	from    []clever.Addon // the platform's own list, which it began with
	list    []clever.Addon
	at      map[string]int // of an id in list
	applied int            // how many of the noted changes
}

// over returns the platform's list with what was noted about it.
func (p *plannedList) over(from []clever.Addon, noted *layer[plannedAddon], space string) []clever.Addon {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil || !sameList(p.from, from) {
		p.from, p.list, p.at, p.applied = from, slices.Clone(from), map[string]int{}, 0
		p.index()
	}
	shared, gone := true, false
	own := func() {
		if shared {
			p.list, shared = slices.Clone(p.list), false
		}
	}
	for _, id := range noted.since(&p.applied, space) {
		a, there, _ := noted.find(space, id)
		i, listed := p.at[id]
		switch {
		case !there && listed:
			own()
			p.list[i].ID, gone = "", true
		case there && listed:
			own()
			p.list[i] = a.Addon
		case there:
			p.at[id] = len(p.list)
			p.list = append(p.list, a.Addon)
		}
	}
	if gone {
		p.list = slices.DeleteFunc(p.list, func(a clever.Addon) bool { return a.ID == "" })
		p.index()
	}
	return slices.Clip(p.list)
}

func (p *plannedList) index() {
	clear(p.at)
	for i := range p.list {
		p.at[p.list[i].ID] = i
	}
}

// sameList reports whether two lists are one: the same memory, as lists are shared.
func sameList(a, b []clever.Addon) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// LocateIn finds add-ons of an owner; see [clever.Client.LocateIn].
func (p platform) LocateIn(ctx context.Context, owner, word string) ([]clever.Located, error) {
	addons, err := p.Addons(ctx, owner)
	return clever.LocatedIn(addons, owner, word), err
}

// Locate finds add-ons of all owners; see [clever.Client.Locate]. Those that would be gone are
// left out; those that would be new were declared by a task, which knows whose they are.
func (p platform) Locate(ctx context.Context, word string) ([]clever.Located, error) {
	found, err := p.Client.Locate(ctx, word)
	return p.asPlanned(found), err
}

// Tagged finds the add-ons with a tag; see [clever.Client.Tagged].
func (p platform) Tagged(ctx context.Context, tag string) ([]clever.Located, error) {
	found, err := p.Client.Tagged(ctx, tag)
	return p.asPlanned(found), err
}

// Unmarked finds what was ordered for a scope and never tagged; see [clever.Client.Unmarked].
func (p platform) Unmarked(ctx context.Context, scope string) ([]clever.Located, error) {
	found, err := p.Client.Unmarked(ctx, scope)
	return p.asPlanned(found), err
}

// asPlanned returns what of some add-ons would be there, as it would be.
func (p platform) asPlanned(found []clever.Located) []clever.Located {
	var list []clever.Located
	for _, l := range found {
		a, there, noted := p.planned.addons.find(p.space(l.Owner), l.Addon.ID)
		if noted && there {
			l.Addon = a.Addon
		}
		if !noted || there {
			list = append(list, l)
		}
	}
	return list
}

// gone returns the error of a read of what an earlier task of a check would have removed.
func (p platform) gone(owner, id string) error {
	if _, there, noted := p.planned.addons.find(p.space(owner), id); noted && !there {
		return fmt.Errorf("the add-on %s would be gone by then", id)
	}
	return nil
}

// TagsOf returns the tags of an add-on; see [clever.Client.TagsOf].
func (p platform) TagsOf(ctx context.Context, owner, id string) ([]string, error) {
	if err := p.gone(owner, id); err != nil {
		return nil, err
	}
	if a := p.plan(owner, id); a.tags != nil {
		return slices.Clone(a.tags), nil
	}
	return p.Client.TagsOf(ctx, owner, id)
}

// Env returns the variables of an add-on; see [clever.Client.Env]. Of one that would be new, or
// moved, they are not known.
func (p platform) Env(ctx context.Context, owner, id string) ([]clever.EnvVar, error) {
	if env, _, noted := p.planned.variables.find("add-on", id); noted {
		return env, nil
	}
	if err := p.gone(owner, id); err != nil {
		return nil, err
	}
	if a := p.plan(owner, id); a.moved {
		return nil, unknownUntil(a.task)
	}
	return p.Client.Env(ctx, owner, id)
}

// Detail returns the version and options of an add-on; see [clever.Client.Detail].
func (p platform) Detail(ctx context.Context, owner string, a clever.Addon) (clever.Detail, error) {
	plan := p.plan(owner, a.ID)
	if isMadeUp(a.ID) {
		return plannedDetail(plan), nil
	}
	d, err := p.Client.Detail(ctx, a)
	if plan.moved { // what its options come to elsewhere is not known
		d = clever.Detail{Version: plan.version}
	}
	return d, err
}

// plannedDetail is what is known of an add-on that is not there yet: what it is ordered with.
func plannedDetail(a plannedAddon) clever.Detail {
	d := clever.Detail{Version: a.version}
	for _, name := range slices.Sorted(maps.Keys(a.options)) {
		switch value := a.options[name]; {
		case name == "plugins":
			d.Plugins = strings.Split(value, ",")
		case value == "true" || value == "false":
			d.Features = append(d.Features, clever.FeatureSwitch{Name: name, Enabled: value == "true"})
		}
	}
	return d
}

// OperatorVersion returns the version of an operator; see [clever.Client.OperatorVersion].
func (p platform) OperatorVersion(ctx context.Context, owner string, a clever.Addon) (string, error) {
	if plan := p.plan(owner, a.ID); plan.moved {
		return plan.version, nil
	}
	return p.Client.OperatorVersion(ctx, a)
}

// assumeProvider notes what a task of a check would make of a provider.
func (p platform) assumeProvider(owner string, after clever.Provider) {
	p.planned.providers.put(p.space(owner), after.ID, after)
}

// OwnProvider returns a provider of an organisation; see [clever.Client.OwnProvider].
func (p platform) OwnProvider(ctx context.Context, owner, id string) (*clever.Provider, error) {
	if found, there, noted := p.planned.providers.find(p.space(owner), id); noted {
		if !there {
			return nil, nil
		}
		return &found, nil
	}
	return p.Client.OwnProvider(ctx, owner, id)
}

// Catalogue returns what an owner can order; see [clever.Client.Catalogue].
func (p platform) Catalogue(ctx context.Context, owner string) (*clever.Catalogue, error) {
	catalogue, err := p.Client.Catalogue(ctx, owner)
	if err != nil || p.planned.providers.empty() {
		return catalogue, err
	}
	all := *catalogue
	all.Providers = p.planned.providers.over(p.space(owner), catalogue.Providers, func(q clever.Provider) string { return q.ID })
	return &all, nil
}

// What follows stands between tasks and what changes the tags, the version or the variables of
// an add-on: what earlier tasks registered of it, and is read when it is used, is read before.
// What a result holds is what there was when its task ended.

// objectOf names an add-on to the engine.
func (p platform) objectOf(id string) string { return p.Endpoint() + " " + id }

// willChange reads what is pending of an add-on, as it is going to be another one.
func (p platform) willChange(id string) { p.pending.Read(p.objectOf(id)) }

// Delete removes an add-on; see [clever.Client.Delete].
func (p platform) Delete(ctx context.Context, owner, id string) error {
	p.willChange(id)
	return p.Client.Delete(ctx, owner, id)
}

// StartMigration starts a migration; see [clever.Client.StartMigration].
func (p platform) StartMigration(ctx context.Context, owner, id string, to clever.MigrationRequest) (clever.Migration, error) {
	p.willChange(id)
	return p.Client.StartMigration(ctx, owner, id, to)
}

// UpdateVersion changes a version; see [clever.Client.UpdateVersion].
func (p platform) UpdateVersion(ctx context.Context, a clever.Addon, version string) error {
	p.willChange(a.ID)
	return p.Client.UpdateVersion(ctx, a, version)
}

// Retag changes tags; see [clever.Client.Retag].
func (p platform) Retag(ctx context.Context, owner, id string, change func([]string) []string) ([]string, error) {
	p.willChange(id)
	return p.Client.Retag(ctx, owner, id, change)
}

// SetConfig sets the variables of a configuration provider; see [clever.Client.SetConfig].
func (p platform) SetConfig(ctx context.Context, a clever.Addon, env []clever.EnvVar) error {
	p.willChange(a.ID)
	return p.Client.SetConfig(ctx, a, env)
}
