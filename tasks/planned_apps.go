package tasks

import (
	"context"
	"fmt"
	"slices"

	"runner/clever"
	"runner/engine"
)

// This file is the planned world of applications: what they are linked to, their variables,
// those of configuration providers, and network groups.

// LinkedAddons lists the add-ons that an application is linked to; see
// [clever.Client.LinkedAddons].
func (p platform) LinkedAddons(ctx context.Context, owner, app string) ([]clever.Addon, error) {
	linked, err := p.Client.LinkedAddons(ctx, owner, app)
	var there []clever.Addon
	for _, a := range linked { // one that would be gone takes its links along
		if _, is, noted := p.planned.addons.find(p.space(owner), a.ID); !noted || is {
			there = append(there, a)
		}
	}
	return p.planned.links.over(app, there, func(a clever.Addon) string { return a.ID }), err
}

// AppEnv returns an application's own variables; see [clever.Client.AppEnv].
func (p platform) AppEnv(ctx context.Context, owner, app string) ([]clever.EnvVar, error) {
	if env, _, noted := p.planned.variables.find("application", app); noted {
		return env, nil
	}
	return p.Client.AppEnv(ctx, owner, app)
}

// Config returns the variables of a configuration provider; see [clever.Client.Config]. One
// that is not there yet has none.
func (p platform) Config(ctx context.Context, a clever.Addon) ([]clever.EnvVar, error) {
	if env, _, noted := p.planned.variables.find("add-on", a.ID); noted || isMadeUp(a.ID) {
		return env, nil
	}
	return p.Client.Config(ctx, a)
}

// assumeConfig notes what a task of a check would make of a configuration provider's variables.
func (p platform) assumeConfig(id string, env []clever.EnvVar) {
	p.willChange(id)
	p.planned.variables.put("add-on", id, env)
}

// Groups lists the network groups of an owner; see [clever.Client.Groups].
func (p platform) Groups(ctx context.Context, owner string) ([]clever.Group, error) {
	groups, err := p.Client.Groups(ctx, owner)
	return p.planned.groups.over(p.space(owner), groups, func(g clever.Group) string { return g.ID }), p.aboutOwner(ctx, owner, err)
}

// Applications lists the applications of an owner; see [clever.Client.Applications].
func (p platform) Applications(ctx context.Context, owner string) ([]clever.Application, error) {
	list, err := p.Client.Applications(ctx, owner)
	return list, p.aboutOwner(ctx, owner, err)
}

// aboutOwner returns an error of a list of an owner's; where there is no such owner among
// the user's, what says so, with those that there are.
func (p platform) aboutOwner(ctx context.Context, owner string, err error) error {
	if err == nil || owner == "" || !clever.IsNotFound(err) && !clever.IsForbidden(err) {
		return err
	}
	unknown, readErr := p.UnknownOwner(ctx, owner)
	if readErr != nil || unknown == nil {
		return err
	}
	return engine.About("organisation", unknown)
}

// An application is one that a task names, with its owner.
type application struct {
	clever.Application
	client platform
	owner  string
}

// findApplication returns the application that a word means, of an organisation or, where
// none is named, of the personal space, and else of any that the user may see.
func (c *Cloud) findApplication(ctx context.Context, h *engine.Host, auth Auth, organisation, word string) (application, error) {
	client, err := c.client(h, auth)
	if err != nil {
		return application{}, err
	}
	owner, err := client.Owner(ctx, organisation)
	if err != nil {
		return application{}, engine.About("organisation", err)
	}
	list, err := client.Applications(ctx, owner)
	if err != nil {
		return application{}, err
	}
	app, err := clever.ApplicationIn(list, owner, word)
	if err == nil || owner != "" {
		return application{app, client, owner}, engine.About("application", err)
	}
	found, findErr := client.LocateApplications(ctx, word)
	switch {
	case findErr != nil:
		return application{}, findErr
	case len(found) == 1:
		return application{found[0].Application, client, found[0].Owner}, nil
	case len(found) > 1:
		return application{}, engine.About("application", severalApplications(word, found))
	}
	return application{}, engine.About("application", err)
}

func severalApplications(word string, found []clever.LocatedApplication) error {
	var ids []string
	for _, f := range found {
		ids = append(ids, f.ID+" of "+ownerName(f.Owner))
	}
	slices.Sort(ids)
	return &clever.AmbiguousError{What: "application", Word: word, All: ids}
}

// object is an application in plain words.
func (a application) object() string { return fmt.Sprintf("application %q (%s)", a.Name, a.ID) }
