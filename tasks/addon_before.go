package tasks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/orderlog"
)

// before returns what is meant where the add-on had another name before, or another
// provider. Meant is the one that has its name and provider now, nil if none has; left one
// whose place it took.
func (r *registration) before(ctx context.Context, h *engine.Host, addons []clever.Addon, meant, left *clever.Addon) (*clever.Addon, *clever.Addon, error) {
	moved, err := r.movedFrom(h, addons, meant)
	if err != nil || moved != nil {
		return moved, left, err
	}
	if left != nil {
		return meant, left, nil
	}
	for i := range addons {
		a := &addons[i]
		if r.Name == "" || a.Name != r.Name || ofProvider(*a, r.Provider) {
			continue
		}
		ours, err := r.wasOfOther(ctx, *a, meant != nil)
		switch {
		case err != nil:
			return nil, nil, err
		case ours && meant == nil:
			return a, nil, nil // and its provider is what differs
		case ours:
			return meant, a, nil
		}
	}
	return meant, nil, nil
}

// movedFrom returns the add-on that has a name of moved, where none has the name that is
// declared.
func (r *registration) movedFrom(h *engine.Host, addons []clever.Addon, meant *clever.Addon) (*clever.Addon, error) {
	var found []clever.Addon
	for _, m := range r.Moved {
		if strings.TrimSpace(m.From) == "" || m.From == r.Name {
			return nil, engine.About("moved", &diagnostic.Problem{Msg: fmt.Sprintf("%q is no name that the add-on can have had before %q", m.From, r.Name)})
		}
		for _, a := range addons {
			if a.Name == m.From && ofProvider(a, r.Provider) {
				found = append(found, a)
			}
		}
	}
	switch {
	case len(found) == 0:
		return nil, nil
	case meant != nil:
		h.Warn(fmt.Sprintf("%s is there beside %s, so that it cannot be renamed to %q: remove the one that is not needed, or leave moved out", object(found[0]), object(*meant), r.Name))
		return nil, nil
	case len(found) > 1:
		return nil, engine.About("moved", &diagnostic.Problem{Msg: fmt.Sprintf("both %s and %s have a name that %q is to have had before", object(found[0]), object(found[1]), r.Name),
			Hint: "say which one is meant: addon: " + found[0].ID})
	}
	return &found[0], nil
}

// wasOfOther reports whether an add-on of that name and another provider is what the task
// declared before: the playbook did, or the scope has it, and no other task declares it
// now. Replacing: a replacement of it was cut off.
func (r *registration) wasOfOther(ctx context.Context, a clever.Addon, replacing bool) (bool, error) {
	if r.cloud.Declares == nil || r.cloud.Declares(a.Name, func(provider string) bool { return ofProvider(a, provider) }) {
		return false, nil
	}
	if replacing {
		return r.isReplaced(ctx, a)
	}
	declared, err := r.client.Declarations(ctx, r.owner, a.ID)
	playbook := absolute(r.playbook)
	if err != nil || slices.ContainsFunc(declared, func(d orderlog.Declaration) bool { return d.Playbook == playbook && d.Scope == r.scope }) {
		return err == nil, err
	}
	if r.scope == "" {
		return false, nil
	}
	tags, err := r.client.TagsOf(ctx, r.owner, a.ID)
	return slices.Equal(scopesOf(tags), []string{r.scope}), err
}
