package tasks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"runner/clever"
	"runner/orderlog"
)

// doubt returns why an add-on that bears the tag of a scope may be declared somewhere all
// the same, "" where nothing says so, and who declared it last. Tags say who declares it,
// whoever did; what this machine remembers says who ordered and declared it from here.
// Neither alone is leave to remove what the other one speaks for.
func (p *pruning) doubt(ctx context.Context, client platform, at place, l clever.Located, tags []string) (doubt, last string, err error) {
	declared, err := client.Declarations(ctx, l.Owner, l.Addon.ID)
	if err != nil {
		return "", "", err
	}
	var doubts []string
	add := func(text string) {
		if text != "" {
			doubts = append(doubts, text)
		}
	}
	here := lastIn(declared, p.Scope)
	if slices.Contains(tags, adoptedTag) {
		add("was there before a playbook with a scope declared it")
	}
	if from := tagged(tags, fromPrefix); len(from) > 0 {
		add("moved here from the scope " + strings.Join(from, " and ") + ", which was not pruned since and may declare it still")
	}
	add(p.byOthers(declared, here))
	if !p.Everything {
		add(p.withOthers(tags, here))
	}
	if name := p.cloud.scopes.like(p.Scope, at, l.Addon, tags, here); name != "" && len(doubts) == 0 {
		add(fmt.Sprintf("looks as if it was renamed to %q: to keep its data, write moved: [{from: %s}] in the task that orders that one", name, l.Addon.Name))
	}
	if len(declared) > 0 {
		last = declaredBy(declared[len(declared)-1])
	}
	return strings.Join(doubts, ", and "), last, nil
}

// lastIn returns the last declaration in a scope; the zero one if there is none.
func lastIn(declared []orderlog.Declaration, scope string) orderlog.Declaration {
	for _, d := range slices.Backward(declared) {
		if d.Scope == scope {
			return d
		}
	}
	return orderlog.Declaration{}
}

// byOthers says which other playbook declares it: one without a scope, whose declaration
// leaves no tag, or one of another scope, later.
func (p *pruning) byOthers(declared []orderlog.Declaration, here orderlog.Declaration) string {
	for _, d := range declared {
		if d.Scope == "" || d.Scope != p.Scope && d.Time.After(here.Time) {
			return "was declared outside of the scope " + declaredBy(d)
		}
	}
	return ""
}

// withOthers says that a run with other variables declared it.
func (p *pruning) withOthers(tags []string, here orderlog.Declaration) string {
	if others := p.others(withOf(withTags(here.With))); !here.Time.IsZero() && others != "" {
		return fmt.Sprintf("was declared by a run with other variables (%s) %s", others, declaredBy(here))
	}
	if others := p.others(withOf(tags)); slices.Contains(tags, scopeTag(p.Scope)) && others != "" {
		return fmt.Sprintf("was declared by a run with other variables (%s)", others)
	}
	return ""
}

// others returns the names of the variables that were not given, or not with that value,
// where something was declared; and those that decide what is declared now, and did not.
func (p *pruning) others(then map[string][]string) string {
	names := map[string]bool{}
	for name, digests := range then {
		for _, digest := range digests {
			if p.h.Given[name] != digest {
				names[name] = true
			}
		}
	}
	for name := range p.h.With {
		if _, ok := then[name]; !ok {
			names[name] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

// declaredBy returns a declaration in words. Of variables it has the names, and a digest
// by which the same value can be known again.
func declaredBy(d orderlog.Declaration) string {
	text := fmt.Sprintf("by %s on %s", d.Playbook, d.Time.UTC().Format(time.DateTime))
	if d.Run != "" {
		text += ", run " + d.Run
	}
	if len(d.With) == 0 {
		return text
	}
	var with []string
	for _, name := range slices.Sorted(maps.Keys(d.With)) {
		with = append(with, fmt.Sprintf("%s=#%s", name, d.With[name]))
	}
	return text + ", with " + strings.Join(with, " ")
}
