package clever

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// This file is about applications as far as add-ons touch them: what they are linked to, and
// their variables (docs/platform.md §8). The platform deploys them; this client does not.

// An Application is an application as v2 shows it, without what only matters to deploy it.
type Application struct {
	ID    string `json:"id"` // "app_…"
	Name  string `json:"name"`
	Zone  string `json:"zone"`
	State string `json:"state"` // "SHOULD_BE_UP", "SHOULD_BE_DOWN", …
}

// Runs reports whether the application is to run, so that a change of its variables shows
// only after a restart.
func (a Application) Runs() bool { return strings.HasSuffix(a.State, "BE_UP") }

// Means reports whether a word means the application: its id or its name.
func (a Application) Means(word string) bool { return a.ID == word || a.Name == word }

// Applications reads the applications of an owner ("": the personal space), once per client.
// The slice is shared: leave it as it is.
func (c *Client) Applications(ctx context.Context, owner string) ([]Application, error) {
	return c.applications.get(ctx, owner, func() ([]Application, error) {
		path, err := ofApplication(owner)
		if err != nil {
			return nil, err
		}
		return read[[]Application](ctx, c, path)
	})
}

// ApplicationIn finds an application of a list by id or name; an id beats names. It fails with
// *UnknownError or *AmbiguousError.
func ApplicationIn(list []Application, owner, word string) (Application, error) {
	for _, fits := range []func(Application) bool{
		func(a Application) bool { return a.ID == word },
		func(a Application) bool { return a.Name == word },
	} {
		found := pick(list, func(a *Application) bool { return fits(*a) })
		switch {
		case len(found) == 1:
			return *found[0], nil
		case len(found) > 1:
			return Application{}, &AmbiguousError{What: "application", Word: word, Of: ownerName(owner), All: words(found, func(a *Application) string { return a.ID })}
		}
	}
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	return Application{}, Unknown("application", word, ownerName(owner), names)
}

// A LocatedApplication is an application with its owner.
type LocatedApplication struct {
	Application
	Owner string // "" for the personal space
}

// LocateApplications finds applications by id or name among all that the user may see, in
// the summary. Nothing found is no error.
func (c *Client) LocateApplications(ctx context.Context, word string) ([]LocatedApplication, error) {
	summary, err := c.Summary(ctx)
	if err != nil {
		return nil, err
	}
	var found []LocatedApplication
	for _, o := range summary.owners() {
		for _, text := range o.Applications {
			var a Application
			if err := json.Unmarshal(text, &a); err != nil {
				continue // of no form that is known, so not what is looked for
			}
			if a.ID == word {
				return []LocatedApplication{{a, o.ID}}, nil
			}
			if a.Name == word {
				found = append(found, LocatedApplication{a, o.ID})
			}
		}
	}
	return found, nil
}

// UnknownOwner returns what says that an owner's id is none of the user's, with those that
// there are; nil if it is one.
func (c *Client) UnknownOwner(ctx context.Context, owner string) (*UnknownError, error) {
	summary, err := c.Summary(ctx)
	if err != nil || owner == summary.User.ID {
		return nil, err
	}
	names := []string{fmt.Sprintf("%s (%s)", summary.User.Name, summary.User.ID)}
	for _, o := range summary.Organisations {
		if o.ID == owner {
			return nil, nil
		}
		names = append(names, fmt.Sprintf("%s (%s)", o.Name, o.ID))
	}
	return &UnknownError{What: "organisation", Word: owner, All: names}, nil
}

// ofApplication returns a path below an owner's applications.
func ofApplication(owner string, segments ...string) (string, error) {
	base, err := space(owner)
	if err != nil {
		return "", err
	}
	return pathOf(base+"/applications", segments...)
}

// LinkedAddons reads the add-ons that an application is linked to.
func (c *Client) LinkedAddons(ctx context.Context, owner, app string) ([]Addon, error) {
	path, err := ofApplication(owner, app, "addons")
	if err != nil {
		return nil, err
	}
	return read[[]Addon](ctx, c, path)
}

// LinkAddon links an application to an add-on of its owner. One that is linked already stays so.
func (c *Client) LinkAddon(ctx context.Context, owner, app, addon string) error {
	path, err := ofApplication(owner, app, "addons")
	if err != nil {
		return err
	}
	q, err := jsonCall(http.MethodPost, path, addon)
	if err != nil {
		return err
	}
	return c.postSeen(ctx, q, func(ctx context.Context) (bool, error) {
		linked, err := c.LinkedAddons(ctx, owner, app)
		return slices.ContainsFunc(linked, func(a Addon) bool { return a.ID == addon }), err
	})
}

// UnlinkAddon ends a link. One that is gone already is no error.
func (c *Client) UnlinkAddon(ctx context.Context, owner, app, addon string) error {
	path, err := ofApplication(owner, app, "addons", addon)
	if err != nil {
		return err
	}
	return c.remove(ctx, path)
}

// remove sends a DELETE; what is gone already is no error.
func (c *Client) remove(ctx context.Context, path string) error {
	err := c.do(ctx, call{method: http.MethodDelete, path: path, decode: anyJSON})
	if IsNotFound(err) {
		return nil
	}
	return err
}

// AppEnv reads an application's own variables, without those of what it is linked to.
func (c *Client) AppEnv(ctx context.Context, owner, app string) ([]EnvVar, error) {
	path, err := ofApplication(owner, app, "env")
	if err != nil {
		return nil, err
	}
	return read[[]EnvVar](ctx, c, path)
}

// SetAppVar sets one of an application's own variables, and leaves the others alone.
func (c *Client) SetAppVar(ctx context.Context, owner, app string, v EnvVar) error {
	path, err := ofApplication(owner, app, "env", v.Name)
	if err != nil {
		return err
	}
	return c.put(ctx, path, map[string]string{"value": v.Value})
}

// RemoveAppVar removes one of an application's own variables. One that is gone already is no error.
func (c *Client) RemoveAppVar(ctx context.Context, owner, app, name string) error {
	path, err := ofApplication(owner, app, "env", name)
	if err != nil {
		return err
	}
	return c.remove(ctx, path)
}

// SetAppEnv replaces all of an application's own variables.
func (c *Client) SetAppEnv(ctx context.Context, owner, app string, env []EnvVar) error {
	path, err := ofApplication(owner, app, "env")
	if err != nil {
		return err
	}
	all := map[string]string{}
	for _, v := range env {
		all[v.Name] = v.Value
	}
	return c.put(ctx, path, all)
}

// neverDeployed is the platform's number for what was never deployed (docs/platform.md §5.2).
const neverDeployed = "4014"

// Restart restarts an application. False: it was never deployed, so there is nothing to restart.
func (c *Client) Restart(ctx context.Context, owner, app string) (bool, error) {
	path, err := ofApplication(owner, app, "instances")
	if err != nil {
		return false, err
	}
	err = c.do(ctx, call{method: http.MethodPost, path: path, decode: anyJSON})
	if e, ok := errors.AsType[*Error](err); ok && e.ID == neverDeployed {
		return false, nil
	}
	return err == nil, err
}

// Config reads the variables of a configuration provider.
func (c *Client) Config(ctx context.Context, addon Addon) ([]EnvVar, error) {
	path, err := configPath(addon)
	if err != nil {
		return nil, err
	}
	return read[[]EnvVar](ctx, c, path)
}

// SetConfig replaces all variables of a configuration provider.
func (c *Client) SetConfig(ctx context.Context, addon Addon, env []EnvVar) error {
	path, err := configPath(addon)
	if err != nil {
		return err
	}
	if env == nil {
		env = []EnvVar{}
	}
	return c.put(ctx, path, env)
}

// ConfigProvider is the id of the provider whose add-ons hold variables of their owner's.
const ConfigProvider = "config-provider"

// configPath returns where v4 has the variables of a configuration provider, by its real id.
func configPath(addon Addon) (string, error) {
	return pathOf("/v4/addon-providers/"+ConfigProvider+"/addons", addon.RealID, "env")
}
