package tasks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr/value"
)

func addonLink(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "addon_link",
		Full: "noa.clevercloud.addon_link",
		Doc: "Links an application to an add-on of its owner, or ends a link. The application gains the add-on's variables with its next start: " +
			"one that runs goes on with those that it had, and is restarted only with restart: true. " +
			"A link that is there already, or gone already, is fine.",
		New: func() engine.Task { return &AddonLink{State: "present", cloud: cloud} },
		Example: `- name: Give the shop its database
  noa.clevercloud.addon_link:
    addon: shop-db
    application: shop
    restart: true
`,
		Returns: []engine.Return{
			{Name: "addon_id", Type: engine.TextParam, Doc: "the add-on's id"},
			{Name: "application_id", Type: engine.TextParam, Doc: "the application's id"},
			{Name: "application", Type: engine.TextParam, Doc: "its name"},
			{Name: "linked", Type: engine.BoolParam, Doc: "whether it is linked to the add-on"},
			{Name: "variables", Type: engine.ListParam, Doc: "the names of the variables that it has by the link"},
			{Name: "restart_needed", Type: engine.BoolParam, Doc: "whether the application runs, and with the variables that it had before"},
			{Name: "restarted", Type: engine.BoolParam, Doc: "whether it was restarted"},
		},
	}
}

// AddonLink links an application to an add-on.
type AddonLink struct {
	Addon        string `arg:"addon" planned:"true" required:"true" doc:"the add-on's id, real id or name"`
	Application  string `arg:"application" alias:"app" required:"true" doc:"the application's id or name; it belongs to the add-on's owner"`
	State        string `arg:"state" choices:"present,absent" default:"present" doc:"whether the link is to be there"`
	Restart      bool   `arg:"restart" default:"false" doc:"restart the application when the link was made or ended; one that was never deployed is left alone"`
	Organisation string `arg:"organisation" doc:"who owns both: orga_…, user_…, or an organisation's name; looked up if left out"`
	Provider     string `arg:"provider" doc:"the add-on's provider, where a name alone is not enough"`
	Auth         Auth   `arg:"auth" doc:"the credentials; if left out those that registered the add-on in this run, else the run's own"`

	cloud *Cloud
}

var (
	_ engine.ResourceUser = (*AddonLink)(nil)
	_ engine.Checker      = (*AddonLink)(nil)
)

// Resources names the application, and the add-on, which is only read.
func (t *AddonLink) Resources() []engine.Resource {
	return append(addonResources(t.Addon, true), applicationResource(t.Application))
}

// applicationResource names an application that may change: all of them where only an id is
// given, since another task may know the same one by its name.
func applicationResource(word string) engine.Resource {
	if strings.HasPrefix(word, "app_") {
		return engine.Resource{Path: "applications"}
	}
	return engine.Resource{Path: "applications/" + word}
}

// Check notes what is wrong with the parameters.
func (t *AddonLink) Check(c *engine.Checking) {
	named(c, "addon", t.Addon, "an add-on's id or name")
	named(c, "application", t.Application, "an application's id or name")
	notBlank(c, "organisation", t.Organisation, "an organisation's name")
	notBlank(c, "provider", t.Provider, "a provider's name")
	t.Auth.check(c)
}

// Plan looks whether the link is there.
func (t *AddonLink) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	at, err := t.addon(ctx, h)
	if err != nil || at == nil {
		return engine.Change{Result: t.result(clever.Addon{}, clever.Application{Name: t.Application}, h.Task)}, err
	}
	if err := knowKeys(ctx, at); err != nil {
		return engine.Change{}, err
	}
	l := link{client: at.client, owner: at.owner, addon: at.addon, restart: t.Restart}
	list, err := at.client.Applications(ctx, at.owner)
	if err != nil {
		return engine.Change{}, err
	}
	l.app, err = clever.ApplicationIn(list, at.owner, t.Application)
	if _, gone := err.(*clever.UnknownError); gone && t.State == "absent" {
		return engine.Change{Result: t.result(at.addon, clever.Application{Name: t.Application}, h.Task)}, nil
	}
	if err != nil {
		return engine.Change{}, engine.About("application", err)
	}
	linked, err := at.client.LinkedAddons(ctx, at.owner, l.app.ID)
	if err != nil {
		return engine.Change{}, err
	}
	l.others = slices.DeleteFunc(slices.Clone(linked), func(a clever.Addon) bool { return a.ID == at.addon.ID })
	there := len(l.others) < len(linked)
	change := engine.Change{Object: l.object(), Result: t.result(l.addon, l.app, h.Task)}
	switch {
	case t.State == "present" && !there:
		return l.make(h, change), nil
	case t.State == "absent" && there:
		return l.end(change), nil
	}
	return change, nil
}

// knowKeys sees to it that the names of an add-on's variables are known: those of a
// configuration provider may be others than when the add-ons were listed.
func knowKeys(ctx context.Context, at *location) error {
	if at.addon.Provider.ID != clever.ConfigProvider {
		return nil
	}
	env, err := at.client.Config(ctx, at.addon)
	at.addon.ConfigKeys = nil
	for _, v := range env {
		at.addon.ConfigKeys = append(at.addon.ConfigKeys, v.Name)
	}
	return err
}

// addon returns the add-on that is meant; nil if it is gone and so is the link.
func (t *AddonLink) addon(ctx context.Context, h *engine.Host) (*location, error) {
	f := finder{cloud: t.cloud, word: t.Addon, organisation: t.Organisation, provider: t.Provider, auth: t.Auth}
	found, err := f.find(ctx, h)
	if err == nil && len(found) == 0 && t.State == "absent" {
		return nil, nil
	}
	return oneAddon(t.Addon, found, err)
}

// oneAddon returns the one add-on that was found by a word.
func oneAddon(word string, found []location, err error) (*location, error) {
	switch {
	case err != nil:
		return nil, err
	case len(found) == 1:
		return &found[0], nil
	case len(found) == 0:
		return nil, engine.About("addon", &clever.UnknownError{What: "add-on", Word: word})
	}
	var addons []clever.Addon
	for _, f := range found {
		addons = append(addons, f.addon)
	}
	return nil, engine.About("addon", several(word, addons))
}

// result returns what register holds where nothing is done.
func (t *AddonLink) result(a clever.Addon, app clever.Application, task string) *value.Map {
	linked := t.State == "present"
	names := []engine.Value{}
	if linked {
		names = variableNames(a, task)
	}
	return value.MapOf("addon_id", orNothing(a.ID), "application_id", orNothing(app.ID), "application", app.Name, "linked", linked,
		"variables", names, "restart_needed", false, "restarted", false)
}

// variableNames returns the names of an add-on's variables, as far as they are known.
func variableNames(a clever.Addon, task string) []engine.Value {
	known := a.ConfigKeys
	if isMadeUp(a.ID) && len(known) == 0 { // not there yet
		known = clever.Complete(a.Provider.ID)
	}
	names := []engine.Value{}
	for _, name := range slices.Sorted(slices.Values(known)) {
		names = append(names, name)
	}
	if isMadeUp(a.ID) && len(names) == 0 && a.Provider.ID != clever.ConfigProvider {
		return []engine.Value{&value.Unknown{Task: task}}
	}
	return names
}

// A link is an application and an add-on of one owner.
type link struct {
	client  platform
	owner   string
	addon   clever.Addon
	app     clever.Application
	others  []clever.Addon // that the application is linked to
	restart bool
}

func (l link) object() string {
	return fmt.Sprintf("link of application %q (%s) to add-on %q", l.app.Name, l.app.ID, l.addon.Name)
}

// make plans the link.
func (l link) make(h *engine.Host, change engine.Change) engine.Change {
	l.warnClashes(h)
	change.Action = engine.Create
	change.Attrs = []engine.Attr{{Path: "addon", After: l.addon.Name}, {Path: "variables", After: variableNames(l.addon, h.Task)}}
	change.Result = l.after(change.Result, h.Task, true)
	change.Assume = func() { l.client.planned.links.put(l.app.ID, l.addon.ID, l.addon) }
	change.Do = func(ctx context.Context, h *engine.Host) (engine.Value, error) {
		if err := via(l.client, h).LinkAddon(ctx, l.owner, l.app.ID, l.addon.ID); err != nil {
			return nil, err
		}
		return restarted(ctx, h, l.client, l.owner, l.app, l.restart, change.Result)
	}
	return change
}

// end plans that the link ends.
func (l link) end(change engine.Change) engine.Change {
	change.Action = engine.Delete
	change.Attrs = []engine.Attr{{Path: "addon", Before: l.addon.Name}, {Path: "variables", Before: variableNames(l.addon, "")}}
	change.Result = l.after(change.Result, "", false)
	change.Assume = func() { l.client.planned.links.remove(l.app.ID, l.addon.ID) }
	change.Do = func(ctx context.Context, h *engine.Host) (engine.Value, error) {
		if err := via(l.client, h).UnlinkAddon(ctx, l.owner, l.app.ID, l.addon.ID); err != nil {
			return nil, err
		}
		return restarted(ctx, h, l.client, l.owner, l.app, l.restart, change.Result)
	}
	return change
}

// after returns the result of a change, before it is made.
func (l link) after(result engine.Value, task string, linked bool) engine.Value {
	m := result.(*value.Map)
	m.Set("addon_id", idValue(l.addon.ID, task))
	m.Set("linked", linked)
	m.Set("restart_needed", l.app.Runs() && !l.restart)
	m.Set("restarted", l.app.Runs() && l.restart)
	return m
}

// warnClashes warns of variables that the application would have twice.
func (l link) warnClashes(h *engine.Host) {
	for _, other := range l.others {
		var twice []string
		for _, name := range l.addon.ConfigKeys {
			if slices.Contains(other.ConfigKeys, name) {
				twice = append(twice, name)
			}
		}
		if len(twice) > 0 {
			h.Warn(fmt.Sprintf("application %q is linked to add-on %q too, which has variables of the same names, and only one of each can hold: %s",
				l.app.Name, other.Name, strings.Join(slices.Sorted(slices.Values(twice)), ", ")))
		}
	}
}

// restarted restarts an application whose variables changed if that is wanted, and returns the
// result with what came of it.
func restarted(ctx context.Context, h *engine.Host, client platform, owner string, app clever.Application, wanted bool, result engine.Value) (engine.Value, error) {
	m := result.(*value.Map)
	if !wanted {
		if app.Runs() {
			h.Warn(fmt.Sprintf("application %q runs with the variables that it had: restart it, or write restart: true", app.Name))
		}
		return m, nil
	}
	h.Progress("restarting application " + app.Name)
	done, err := via(client, h).Restart(ctx, owner, app.ID)
	if err != nil {
		return nil, fmt.Errorf("the variables of application %q changed, but it was not restarted: %w", app.Name, err)
	}
	m.Set("restarted", done)
	return m, nil
}
