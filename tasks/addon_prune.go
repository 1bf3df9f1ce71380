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
			"A play that says `prune: {scope: NAME}` marks what its tasks register with a tag of that scope, and prunes it at the end of the run; " +
			"what bears the tag of that scope alone, and was neither registered in this run nor is to be kept, is removed, and so is what was ordered from this machine " +
			"for the scope by a run that was cut off before it set the tag; never anything else. An add-on is known by provider and name. " +
			"What a task would have declared that was skipped counts as not declared. " +
			"Only owners for whom this run declares something in the scope are looked at, or those that organisation names. " +
			"It needs consent (delete, or --prune), and is done only after all that stands above it ended well. " +
			"Where it is doubtful whether an add-on is declared nowhere it needs a consent of its own (delete-doubtful): " +
			"a run with other variables declared it (-e), or a playbook without a scope; it was there before a playbook with a scope declared it; or it looks as if it was renamed.",
		New: func() engine.Task { return &AddonPrune{cloud: cloud} },
		Example: `- name: Remove all that the old shop had, but for its archive
  noa.clevercloud.addon_prune:
    scope: old-shop
    everything: true
    keep: [shop-archive]
`,
		Returns: []engine.Return{{Name: "removed", Type: engine.NestedListParam, Doc: "what was removed", Fields: plainReturns()}},
	}
}

// AddonPrune removes what a scope no longer declares.
type AddonPrune struct {
	Scope         string   `arg:"scope" required:"true" doc:"what the add-ons were ordered for: the name under a play's prune"`
	Organisation  []string `arg:"organisation" doc:"whose add-ons are pruned: orga_…, user_…, or names of organisations; if left out those for whom this run declares something in the scope, else the run's own"`
	Keep          []string `arg:"keep" doc:"ids or names of add-ons that stay though nothing registers them"`
	RequireBackup string   `arg:"require_backup" doc:"refuse to remove anything unless the platform has a backup of each that is younger: 24h, 7d"`
	Everything    bool     `arg:"everything" default:"false" doc:"remove all that the scope holds and no task of this run registers, with whatever variables it was declared; of all owners if organisation is left out"`
	Auth          Auth     `arg:"auth" doc:"the credentials; if left out those of all tasks of this run"`

	cloud *Cloud
}

var (
	_ engine.Guard        = (*AddonPrune)(nil)
	_ engine.Preflighter  = (*AddonPrune)(nil)
	_ engine.Pruner       = (*AddonPrune)(nil)
	_ engine.ResourceUser = (*AddonPrune)(nil)
	_ engine.Checker      = (*AddonPrune)(nil)
)

// Guard holds back what stands below: it may use what is removed.
func (*AddonPrune) Guard() {}

// Prunes says that it is the task with which a play ends that says prune.
func (*AddonPrune) Prunes() {}

// Resources names all add-ons.
func (t *AddonPrune) Resources() []engine.Resource { return []engine.Resource{{Path: "addons"}} }

// Check reports a scope that cannot be one.
func (t *AddonPrune) Check(c *engine.Checking) {
	c.Add("scope", engine.CheckScope(t.Scope))
	allNamed(c, "keep", t.Keep, "an add-on's id or name")
	checkBackupAge(c, t.RequireBackup)
	t.Auth.check(c)
}

// Plan lists what is to be removed.
func (t *AddonPrune) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	p := &pruning{AddonPrune: t, h: h}
	if err := p.look(ctx); err != nil {
		return engine.Change{}, err
	}
	var wrong engine.Mistakes
	for _, g := range p.gone {
		if err := requireBackup(ctx, via(g.client, h), g.owner, g.addon, t.RequireBackup); err != nil {
			wrong = append(wrong, err)
		}
	}
	if err := wrong.Err(); err != nil {
		return engine.Change{}, err
	}
	p.report()
	slices.SortFunc(p.gone, func(a, b undeclared) int {
		return cmp.Or(cmp.Compare(a.addon.Name, b.addon.Name), compareIDs(a.addon, b.addon))
	})
	return p.removal(), nil
}

// A pruning is a prune being planned.
type pruning struct {
	*AddonPrune
	h         *engine.Host
	gone      []undeclared
	left      []undeclared // what moved to another scope, and is declared in this one no longer
	elsewhere []string     // owners that are not pruned, and have add-ons with the tag
	found     bool         // something bears the tag
}

// An undeclared is an add-on that is to be removed.
type undeclared struct {
	location
	untagged bool   // it was ordered for the scope, and never tagged
	doubt    string // why it may be declared somewhere all the same; "": no reason is known
	last     string // who declared it last, as far as this machine knows
}

// look finds what is to be removed, with all credentials of the run.
func (p *pruning) look(ctx context.Context) error {
	accesses, err := p.accesses()
	if err != nil {
		return err
	}
	for _, a := range accesses {
		if err := p.lookWith(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (p *pruning) accesses() ([]access, error) {
	if p.Auth.given() {
		return p.cloud.access(p.h, p.Auth)
	}
	return p.cloud.used(p.h)
}

// lookWith finds what is to be removed: add-ons with the tag of the scope, and those that
// were ordered from this machine for it by a run that was cut off before it could tag
// them. Who has any is seen in the summary; what is there now, in the lists.
func (p *pruning) lookWith(ctx context.Context, a access) error {
	client := via(a.client, p.h)
	owners, err := p.owners(ctx, a.creds, client)
	if err != nil {
		return err
	}
	found, err := client.Tagged(ctx, scopeTag(p.Scope))
	if err != nil {
		return err
	}
	p.found = p.found || len(found) > 0
	unmarked, err := client.Unmarked(ctx, p.Scope)
	if err != nil {
		return err
	}
	moved, err := client.Tagged(ctx, fromPrefix+p.Scope)
	if err != nil {
		return err
	}
	for _, l := range moved {
		if !p.cloud.declared(l.Addon) {
			p.left = append(p.left, undeclared{location: location{a.client, l.Owner, l.Addon}})
		}
	}
	for _, l := range slices.Concat(found, unmarked) {
		known := slices.ContainsFunc(p.gone, func(g undeclared) bool { return g.addon.ID == l.Addon.ID })
		if known || p.cloud.declared(l.Addon) || slices.ContainsFunc(p.Keep, l.Addon.Means) {
			continue
		}
		if !slices.Contains(owners, l.Owner) && (!p.Everything || len(p.Organisation) > 0) {
			p.elsewhere = append(p.elsewhere, ownerName(l.Owner))
			continue
		}
		if err := p.add(ctx, a, l); err != nil {
			return err
		}
	}
	return nil
}

// owners returns whose add-ons are pruned, of those that credentials reach.
func (p *pruning) owners(ctx context.Context, creds clever.Credentials, client platform) ([]string, error) {
	var owners []string
	for i, word := range p.Organisation {
		owner, err := client.Owner(ctx, word)
		if err != nil {
			return nil, engine.About(fmt.Sprintf("organisation[%d]", i), err)
		}
		at, err := p.cloud.placeOf(ctx, client, p.Auth, owner)
		if err != nil {
			return nil, err
		}
		owners = append(owners, at.owner)
	}
	if len(owners) > 0 {
		return owners, nil
	}
	places := p.cloud.scopes.owners(p.Scope)
	for _, at := range places {
		if at.owner != "" || at.creds == creds {
			owners = append(owners, at.owner)
		}
	}
	if len(places) > 0 {
		return owners, nil
	}
	own, err := client.Owner(ctx, "")
	return []string{own}, err
}

// add notes an add-on of the scope that nothing in this run declares, unless another
// scope has it.
func (p *pruning) add(ctx context.Context, a access, l clever.Located) error {
	client := via(a.client, p.h)
	tags, err := client.TagsOf(ctx, l.Owner, l.Addon.ID)
	if err != nil {
		return err
	}
	u := undeclared{location: location{a.client, l.Owner, l.Addon}, untagged: !slices.Contains(tags, scopeTag(p.Scope))}
	if others := p.otherScopes(tags); len(others) > 0 {
		if !u.untagged {
			p.h.Warn(fmt.Sprintf("%s bears the tags of the scopes %s and %s, and is left alone: the next play that declares it keeps it in its own",
				object(l.Addon), p.Scope, strings.Join(others, ", ")))
		}
		return nil
	}
	if u.doubt, u.last, err = p.doubt(ctx, client, placeFor(a.creds, l.Owner), l, tags); err != nil {
		return err
	}
	p.gone = append(p.gone, u)
	return nil
}

// otherScopes returns the scopes whose tags are among some tags, but for the one at hand.
func (p *pruning) otherScopes(tags []string) []string {
	return slices.DeleteFunc(scopesOf(tags), func(scope string) bool { return scope == p.Scope })
}

// report warns of what is not pruned though it might be meant.
func (p *pruning) report() {
	slices.Sort(p.elsewhere)
	for _, owner := range slices.Compact(slices.Clone(p.elsewhere)) {
		n := 0
		for _, o := range p.elsewhere {
			if o == owner {
				n++
			}
		}
		p.h.Warn(fmt.Sprintf("%d of the add-ons of %s bear the tag of the scope %s, and are left alone: this run declares nothing there; name the owner with organisation beside the scope to prune them too", n, owner, p.Scope))
	}
	if !p.found && len(p.gone) == 0 && p.Scope != p.h.Scope && len(p.cloud.scopes.owners(p.Scope)) == 0 {
		p.h.Warn(fmt.Sprintf("nothing bears the tag of the scope %s, and no play of this run says prune: {scope: %s}: there is nothing to prune", p.Scope, p.Scope))
	}
}

// removal returns the change that removes what was found.
func (p *pruning) removal() engine.Change {
	removed := []engine.Value{}
	var names, doubts []string
	var attrs []engine.Attr
	var parts []engine.Part
	for _, u := range p.gone {
		a := u.addon
		removed = append(removed, result(a, u.owner))
		names = append(names, fmt.Sprintf("%q (%s)", a.Name, a.ID))
		attrs = append(attrs, engine.Attr{Path: a.Name, Before: fmt.Sprintf("%s, %s %s in %s", a.ID, a.Provider.ID, a.Plan.Slug, a.Region)})
		part := removal(a)
		if u.last != "" {
			part.Attrs = append(part.Attrs, engine.Attr{Path: "declared last", Before: u.last})
			attrs = append(attrs, engine.Attr{Path: a.Name + ", declared last", Before: u.last})
		}
		if u.doubt != "" {
			part.Attrs = append(part.Attrs, engine.Attr{Path: "doubtful", Before: u.doubt})
			attrs = append(attrs, engine.Attr{Path: a.Name + ", doubtful", Before: u.doubt})
			doubts = append(doubts, fmt.Sprintf("%q %s", a.Name, u.doubt))
		}
		parts = append(parts, part)
	}
	res := value.MapOf("removed", removed)
	if len(p.gone) == 0 {
		return p.leaving(res)
	}
	change := engine.Change{
		Action: engine.Delete,
		Object: fmt.Sprintf("what scope %s no longer declares: %s", p.Scope, strings.Join(names, ", ")),
		Attrs:  attrs,
		Parts:  parts,
		Risk:   "data is lost",
		Allow:  "delete",
		Result: res,
		Assume: func() {
			for _, u := range p.gone {
				u.client.assumeGone(u.owner, u.addon.ID)
			}
		},
		Do: func(ctx context.Context, h *engine.Host) (engine.Value, error) {
			return res, p.remove(ctx, h)
		},
	}
	if len(doubts) > 0 {
		change.Risk += "; and it is doubtful that nothing declares it: " + strings.Join(doubts, "; ")
		change.Allow = "delete-doubtful"
	}
	return change
}

// leaving returns the change that notes, of what moved to another scope, that this one
// declares it no longer.
func (p *pruning) leaving(res engine.Value) engine.Change {
	change := engine.Change{Object: "scope " + p.Scope, Result: res}
	for _, u := range p.left {
		change.Action = engine.Update
		change.Attrs = append(change.Attrs, engine.Attr{Path: u.addon.Name + ", declared too in", Before: p.Scope})
	}
	if change.Action != engine.None {
		change.Object = "what moved from scope " + p.Scope + " to another"
		change.Do = func(ctx context.Context, h *engine.Host) (engine.Value, error) { return res, p.leave(ctx, h) }
	}
	return change
}

// leave notes that the scope declares no longer what moved to another one.
func (p *pruning) leave(ctx context.Context, h *engine.Host) error {
	var failed error
	for _, u := range p.left {
		_, err := via(u.client, h).Retag(ctx, u.owner, u.addon.ID, func(tags []string) []string {
			return slices.DeleteFunc(tags, func(t string) bool { return t == fromPrefix+p.Scope })
		})
		if err != nil && !clever.IsNotFound(err) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// remove removes what was listed, as far as it still bears the tag of the scope alone,
// and goes on after a failure: each is reported.
func (p *pruning) remove(ctx context.Context, h *engine.Host) error {
	failed := []error{p.leave(ctx, h)}
	for _, u := range p.gone {
		client := via(u.client, h)
		tags, err := client.Tags(ctx, u.owner, u.addon.ID)
		switch {
		case clever.IsNotFound(err):
			continue
		case err == nil && (!u.untagged && !slices.Contains(tags, scopeTag(p.Scope)) || len(p.otherScopes(tags)) > 0):
			h.Warn(fmt.Sprintf("%s bears the tag of scope %s alone no longer, and is left alone", object(u.addon), p.Scope))
			continue
		case err == nil:
			h.Progress("removing " + object(u.addon))
			err = client.Delete(ctx, u.owner, u.addon.ID)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s was not removed: %w", object(u.addon), err))
		}
	}
	return errors.Join(failed...)
}

// Preflight checks credentials and the owners.
func (t *AddonPrune) Preflight(ctx context.Context, h *engine.Host, c *engine.Checking) error {
	client, _, ok, err := t.cloud.reach(ctx, h, c, t.Auth, "")
	for i, word := range t.Organisation {
		if !ok {
			break
		}
		if _, err := client.Owner(ctx, word); isWord(err) {
			c.Add(fmt.Sprintf("organisation[%d]", i), err)
		} else if err != nil {
			return err
		}
	}
	return err
}
