package tasks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"runner/clever"
	"runner/engine"
)

// update changes an add-on that stays the same one. What may fail for reasons of
// the platform goes first, so that its failure leaves all as it was.
func (r *registration) update(ctx context.Context, h *engine.Host, now existing, b target, d delta) (engine.Value, error) {
	client := via(r.client, h)
	if d.moves {
		if err := r.migrate(ctx, h, client, now, b); err != nil {
			return nil, err
		}
	}
	if d.upgrades {
		if err := client.UpdateVersion(ctx, now.Addon, b.version); err != nil {
			return nil, err
		}
	}
	if d.renames {
		if err := client.Rename(ctx, r.owner, now.ID, b.request.Name); err != nil {
			return nil, err
		}
	}
	tags := now.tags
	if d.retags {
		var err error
		if tags, err = client.Retag(ctx, r.owner, now.ID, r.retag); err != nil {
			return nil, err
		}
		if err := client.Marked(ctx, r.owner, now.ID); err != nil {
			return nil, err
		}
	}
	if err := r.linkAll(ctx, h, client, now.Addon, b.links); err != nil {
		return nil, err
	}
	env := now.env
	if d.moves || d.upgrades {
		env = nil // hosts, passwords and versions may be others now
	}
	return r.result(ctx, h, client, now.ID, env, tags)
}

// result returns what register holds of an add-on after a change, read again.
func (r *registration) result(ctx context.Context, h *engine.Host, client platform, id string, env []clever.EnvVar, tags []string) (engine.Value, error) {
	a, err := r.current(ctx, client, id)
	if err != nil {
		return nil, err
	}
	r.cloud.remember(r.client, r.owner, a)
	if env == nil && (h.Mentioned("env") || h.Mentioned("version")) {
		if env, err = client.WaitEnv(ctx, r.owner, a); err != nil {
			return nil, err
		}
	}
	return r.registered(h, client, a, env, tags), nil
}

// current finds an add-on on the list, which is read again where it is no longer
// to be relied on.
func (r *registration) current(ctx context.Context, client platform, id string) (clever.Addon, error) {
	addons, err := client.Addons(ctx, r.owner)
	if err != nil {
		return clever.Addon{}, err
	}
	i := slices.IndexFunc(addons, func(a clever.Addon) bool { return a.ID == id })
	if i < 0 {
		return clever.Addon{}, fmt.Errorf("add-on %s of %s is there no longer: somebody else removed it", id, ownerName(r.owner))
	}
	return addons[i], nil
}

// migrate changes plan, version and region. A migration that is under way is
// waited for first: it may be the very one, of a run that was cut off.
func (r *registration) migrate(ctx context.Context, h *engine.Host, client platform, now existing, b target) error {
	m, err := client.StartMigration(ctx, r.owner, now.ID, b.migration())
	if other, ok := errors.AsType[*clever.MigratingError](err); ok {
		h.Progress(fmt.Sprintf("waiting for the migration %s, which was under way already", other.Migration.ID))
		done, waitErr := r.awaitOther(ctx, h, client, now, b, other.Migration)
		if waitErr != nil || done {
			return waitErr
		}
		m, err = client.StartMigration(ctx, r.owner, now.ID, b.migration())
	}
	if err != nil {
		return err
	}
	h.Progress(fmt.Sprintf("migration %s started", m.ID))
	if err := client.WaitMigration(ctx, r.owner, now.ID, m, progressOf(h)); err != nil {
		return r.afterFailure(ctx, client, now.ID, err)
	}
	return nil
}

// awaitOther waits for a migration that this task did not start, and reports
// whether it made of the add-on what is wanted. How it ended does not matter.
func (r *registration) awaitOther(ctx context.Context, h *engine.Host, client platform, now existing, b target, m clever.Migration) (bool, error) {
	err := client.WaitMigration(ctx, r.owner, now.ID, m, progressOf(h))
	if ended, ok := errors.AsType[*clever.MigrationError](err); err != nil && (!ok || ended.Migration.Running()) {
		return false, err
	}
	a, err := r.current(ctx, client, now.ID)
	if err != nil || a.Plan.ID != b.plan.ID || a.Region != b.request.Region {
		return false, err
	}
	if !r.newVersion(now) {
		return true, nil
	}
	env, err := client.Env(ctx, r.owner, now.ID)
	return sameVersion(versionOf(env), r.Details.Version), err
}

func progressOf(h *engine.Host) func(clever.MigrationStep) {
	return func(s clever.MigrationStep) {
		text := "migration: " + s.Value + " " + s.Status
		if s.Message != "" {
			text += ", " + s.Message
		}
		h.Progress(text)
	}
}

// afterFailure adds to a failed migration's error what the add-on is like now.
func (r *registration) afterFailure(ctx context.Context, client platform, id string, failed error) error {
	a, err := r.current(ctx, client, id)
	if err != nil {
		return failed
	}
	return fmt.Errorf("%w; %s is on plan %s in %s now", failed, object(a), a.Plan.Slug, a.Region)
}

// replace orders an add-on in the place of another, and removes that one when the
// new one is complete. The old one is marked first: should this be cut off
// half-way, the next run finds both and knows which one is to go.
func (r *registration) replace(ctx context.Context, h *engine.Host, now existing, b target) (engine.Value, error) {
	client := via(r.client, h)
	mark := func(tags []string) []string { return append(tags, replacedTag) }
	tags, err := client.Retag(ctx, r.owner, now.ID, mark)
	if err != nil {
		return nil, err
	}
	h.Progress("ordering the new one")
	b.tags = r.retag(slices.DeleteFunc(tags, func(t string) bool { return t == replacedTag || t == adoptedTag }))
	res, err := r.create(ctx, h, b)
	if err != nil {
		return nil, fmt.Errorf("%w; the old one, %s, was not touched", err, now.ID)
	}
	return res, r.dispose(ctx, h, client, now.Addon)
}

// dispose removes the add-on whose place another took.
func (r *registration) dispose(ctx context.Context, h *engine.Host, client platform, old clever.Addon) error {
	h.Progress("removing the old one, " + old.ID)
	if err := client.Delete(ctx, r.owner, old.ID); err != nil {
		return fmt.Errorf("the new add-on is there, but the old one, %s, was not removed: %w", old.ID, err)
	}
	return nil
}

// finishReplacing adds to a change that the add-on whose place was taken is to
// be removed, as a run that was cut off did not come to it.
func (r *registration) finishReplacing(change engine.Change, old clever.Addon) engine.Change {
	do, result, assume := change.Do, change.Result, change.Assume
	change.Assume = func() {
		if assume != nil {
			assume()
		}
		r.client.assumeGone(r.owner, old.ID)
	}
	change.Parts = append(change.Each(), removal(old))
	change.Action = engine.Replace
	change.Object = object(old)
	change.Risk, change.Allow = "data is lost", "replace"
	change.Attrs = append(change.Attrs, engine.Attr{Path: "addon_id", Before: old.ID})
	change.Do = func(ctx context.Context, h *engine.Host) (engine.Value, error) {
		var err error
		if do != nil {
			if result, err = do(ctx, h); err != nil {
				return nil, err
			}
		}
		return result, r.dispose(ctx, h, via(r.client, h), old)
	}
	return change
}
