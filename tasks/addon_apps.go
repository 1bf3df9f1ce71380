package tasks

import (
	"context"
	"fmt"
	"slices"

	"runner/clever"
	"runner/engine"
)

// This file links applications to the add-on that a task registers: its link.

// applications returns those that are to be linked. All that are unknown are reported at once.
func (r *registration) applications(ctx context.Context) ([]clever.Application, error) {
	if len(r.Link) == 0 {
		return nil, nil
	}
	list, err := r.client.Applications(ctx, r.owner)
	if err != nil {
		return nil, err
	}
	var apps []clever.Application
	var wrong engine.Mistakes
	for i, word := range r.Link {
		app, err := clever.ApplicationIn(list, r.owner, word)
		wrong.Add(fmt.Sprintf("link[%d]", i), err)
		if !slices.Contains(apps, app) {
			apps = append(apps, app)
		}
	}
	return apps, wrong.Err()
}

// unlinked returns the applications that are to be linked to an add-on, and are not.
func (r *registration) unlinked(ctx context.Context, a clever.Addon) ([]clever.Application, error) {
	apps, err := r.applications(ctx)
	if err != nil {
		return nil, err
	}
	var missing []clever.Application
	for _, app := range apps {
		linked, err := r.client.LinkedAddons(ctx, r.owner, app.ID)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(linked, func(l clever.Addon) bool { return l.ID == a.ID }) {
			missing = append(missing, app)
		}
	}
	return missing, nil
}

// linkAttr returns the difference that applications are not linked yet.
func linkAttr(missing []clever.Application) []engine.Attr {
	if len(missing) == 0 {
		return nil
	}
	var names []string
	for _, app := range missing {
		names = append(names, app.Name)
	}
	return []engine.Attr{{Path: "link", After: texts(names)}}
}

// linkAll links applications to an add-on. They gain its variables with their next start.
func (r *registration) linkAll(ctx context.Context, h *engine.Host, client platform, a clever.Addon, apps []clever.Application) error {
	for _, app := range apps {
		h.Progress("linking application " + app.Name)
		if err := client.LinkAddon(ctx, r.owner, app.ID, a.ID); err != nil {
			return fmt.Errorf("%s is there, but application %q was not linked to it: %w", object(a), app.Name, err)
		}
		if app.Runs() {
			h.Warn(fmt.Sprintf("application %q runs with the variables that it had: restart it", app.Name))
		}
	}
	return nil
}

// assumeLinks notes, in a check, that applications would be linked to an add-on.
func (r *registration) assumeLinks(a clever.Addon, apps []clever.Application) {
	for _, app := range apps {
		r.client.planned.links.put(app.ID, a.ID, a)
	}
}
