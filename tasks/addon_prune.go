package tasks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr/value"
)

func addonPrune(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "addon_prune",
		Full: "noa.clevercloud.addon_prune",
		Doc: "Removes the add-ons of a scope that nothing declares any more. " +
			"A play that says `prune: {scope: NAME}` ends with it, and marks what its tasks register with a tag of that scope; " +
			"whatever bears the tag and was neither registered in this run nor is to be kept is removed, and so is what was ordered from this machine " +
			"for the scope by a run that was cut off before it set the tag; never anything else. An add-on is known by provider and name. " +
			"What a task would have declared that was skipped counts as not declared. " +
			"It needs consent (delete, or --prune), and is done only after all that stands above it ended well.",
		New: func() engine.Task { return &AddonPrune{cloud: cloud} },
		Example: `- name: Remove what the shop no longer declares
  noa.clevercloud.addon_prune:
    scope: shop
    keep: [shop-archive]
`,
		Returns: []engine.Return{{Name: "removed", Doc: "a list with addon_id, name, provider and organisation of each"}},
	}
}

var (
	_ engine.Guard        = (*AddonPrune)(nil)
	_ engine.Pruner       = (*AddonPrune)(nil)
	_ engine.ResourceUser = (*AddonPrune)(nil)
)

// AddonPrune removes what a scope no longer declares.
type AddonPrune struct {
	Scope string   `arg:"scope" required:"true" doc:"what the add-ons were ordered for: the name under a play's prune"`
	Keep  []string `arg:"keep" doc:"ids or names of add-ons that stay though nothing registers them"`
	Auth  Auth     `arg:"auth" doc:"the credentials; if left out those of all tasks of this run"`

	cloud    *Cloud
	untagged []string // ids of what was ordered for the scope and never tagged
}

// Guard holds back what stands below: it may use what is removed.
func (*AddonPrune) Guard() {}

// Prunes says that it is the task with which a play ends that says prune.
func (*AddonPrune) Prunes() {}

// Resources names all add-ons.
func (t *AddonPrune) Resources() []engine.Resource { return []engine.Resource{{Path: "addons"}} }

// Plan lists what is to be removed.
func (t *AddonPrune) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	if err := checkScope(t.Scope); err != nil {
		return engine.Change{}, engine.About("scope", err)
	}
	clients, err := t.clients(h)
	if err != nil {
		return engine.Change{}, err
	}
	t.untagged = nil
	var gone []location
	for _, client := range clients {
		found, err := t.undeclared(ctx, via(client, h))
		if err != nil {
			return engine.Change{}, err
		}
		for _, at := range found {
			if !slices.ContainsFunc(gone, func(g location) bool { return g.addon.ID == at.Addon.ID }) {
				gone = append(gone, location{client, at.Owner, at.Addon})
			}
		}
	}
	slices.SortFunc(gone, func(a, b location) int {
		return cmp.Or(cmp.Compare(a.addon.Name, b.addon.Name), compareIDs(a.addon, b.addon))
	})
	return t.removal(gone), nil
}

func (t *AddonPrune) clients(h *engine.Host) ([]platform, error) {
	if !t.Auth.given() {
		return t.cloud.used(h)
	}
	client, err := t.cloud.client(h, t.Auth)
	return []platform{client}, err
}

// undeclared returns the add-ons of the scope that nothing sees to: those with its tag,
// and those that were ordered from this machine for it by a run that was cut off before
// it could tag them. Who has any is seen in the summary; what is there now, in the lists.
func (t *AddonPrune) undeclared(ctx context.Context, client platform) ([]clever.Located, error) {
	found, err := client.Tagged(ctx, scopeTag(t.Scope))
	if err != nil {
		return nil, err
	}
	unmarked, err := client.Unmarked(ctx, t.Scope)
	if err != nil {
		return nil, err
	}
	for _, l := range unmarked {
		if !slices.ContainsFunc(found, func(o clever.Located) bool { return o.Addon.ID == l.Addon.ID }) {
			found = append(found, l)
			t.untagged = append(t.untagged, l.Addon.ID)
		}
	}
	return slices.DeleteFunc(found, func(l clever.Located) bool {
		return t.cloud.declared(l.Addon) || slices.ContainsFunc(t.Keep, l.Addon.Means)
	}), nil
}

func (t *AddonPrune) removal(gone []location) engine.Change {
	removed := []engine.Value{}
	var names []string
	var attrs []engine.Attr
	for _, at := range gone {
		a := at.addon
		removed = append(removed, result(a, at.owner))
		names = append(names, fmt.Sprintf("%q (%s)", a.Name, a.ID))
		attrs = append(attrs, engine.Attr{Path: a.Name, Before: fmt.Sprintf("%s, %s %s in %s", a.ID, a.Provider.ID, a.Plan.Slug, a.Region)})
	}
	res := value.MapOf("removed", removed)
	if len(gone) == 0 {
		return engine.Change{Object: "scope " + t.Scope, Result: res}
	}
	return engine.Change{
		Action: engine.Delete,
		Object: fmt.Sprintf("what scope %s no longer declares: %s", t.Scope, strings.Join(names, ", ")),
		Attrs:  attrs,
		Risk:   "all data in it is lost",
		Allow:  "delete",
		Result: res,
		Assume: func() {
			for _, at := range gone {
				at.client.assumeGone(at.owner, at.addon.ID)
			}
		},
		Do: func(ctx context.Context, h *engine.Host) (engine.Value, error) {
			return res, t.remove(ctx, h, gone)
		},
	}
}

// remove removes what was listed, as far as it still bears the tag, and goes on
// after a failure: each is reported.
func (t *AddonPrune) remove(ctx context.Context, h *engine.Host, gone []location) error {
	var failed []error
	for _, at := range gone {
		client := via(at.client, h)
		tags, err := client.Tags(ctx, at.owner, at.addon.ID)
		switch {
		case clever.IsNotFound(err):
			continue
		case err == nil && !slices.Contains(tags, scopeTag(t.Scope)) && !slices.Contains(t.untagged, at.addon.ID):
			h.Warn(fmt.Sprintf("%s bears the tag of scope %s no longer, and is left alone", object(at.addon), t.Scope))
			continue
		case err == nil:
			h.Progress("removing " + object(at.addon))
			err = client.Delete(ctx, at.owner, at.addon.ID)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s was not removed: %w", object(at.addon), err))
		}
	}
	return errors.Join(failed...)
}
