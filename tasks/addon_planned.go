package tasks

import (
	"cmp"
	"context"
	"slices"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr/value"
)

// fresh returns, for a check, an add-on that is not there yet as an order of a target would
// make it.
func (r *registration) fresh(h *engine.Host, b target) plannedAddon {
	id := r.client.planned.newID()
	return plannedAddon{
		Addon: clever.Addon{ID: id, RealID: id, Name: b.request.Name, Region: b.request.Region, Provider: *b.provider, Plan: *b.plan},
		task:  h.Task, tags: append([]string{}, b.tags...), moved: true,
		version: cmp.Or(b.version, b.request.Options["version"]), options: b.request.Options,
	}
}

// changed returns, for a check, an existing add-on as an update would make it.
func (r *registration) changed(h *engine.Host, now existing, b target, d delta) plannedAddon {
	after := r.client.plan(r.owner, now.ID)
	after.Addon, after.task = now.Addon, h.Task
	after.Name, after.Plan, after.Region = b.request.Name, *b.plan, b.request.Region
	if d.moves || d.upgrades {
		after.moved, after.version = true, cmp.Or(b.version, now.version)
	}
	if d.retags {
		after.tags = append([]string{}, b.tags...)
	}
	return after
}

// assume notes what a check would make of the add-on.
func (r *registration) assume(after plannedAddon) {
	r.client.assume(r.owner, after)
	r.cloud.remember(r.client, r.owner, after.Addon)
}

// replacement returns, for a check, the add-on that would take the place of another one,
// whose tags it gets.
func (r *registration) replacement(ctx context.Context, h *engine.Host, now existing, b target) (plannedAddon, error) {
	tags, err := r.client.TagsOf(ctx, r.owner, now.ID)
	b.tags = r.retag(slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return t == replacedTag || t == adoptedTag }))
	return r.fresh(h, b), err
}

// expected returns what register holds in a check of an add-on that would be created,
// changed or replaced: what only the run itself would show is unknown.
func (r *registration) expected(h *engine.Host, after plannedAddon) *value.Map {
	res := details(h, location{r.client, r.owner, after.Addon}, nil, after.tags)
	unknown := &value.Unknown{Task: after.task}
	if isMadeUp(after.ID) {
		res.Set("addon_id", idValue(after.ID, after.task))
		res.Set("real_id", idValue(after.RealID, after.task))
	}
	if after.moved {
		res.Set("version", orUnknown(after.version, unknown))
		if clever.UpdatesVersion(after.Provider.ID) { // which its variables do not tell
			res.Set("version", unknown)
		}
		res.Set("env", unknown)
	}
	return res
}
