package apps

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"runner/clever"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// A request is what is sent of an application, new or changed; what is left out
// stays.
type request struct {
	Name             *string           `json:"name"`
	Description      *string           `json:"description"`
	Zone             *string           `json:"zone"`
	InstanceType     string            `json:"instanceType"`
	InstanceVariant  string            `json:"instanceVariant"`
	InstanceLifetime *string           `json:"instanceLifetime"`
	MinInstances     *int              `json:"minInstances"`
	MaxInstances     *int              `json:"maxInstances"`
	MinFlavor        *string           `json:"minFlavor"`
	MaxFlavor        *string           `json:"maxFlavor"`
	SeparateBuild    *bool             `json:"separateBuild"`
	BuildFlavor      *string           `json:"buildFlavor"`
	StickySessions   *bool             `json:"stickySessions"`
	Homogeneous      *bool             `json:"homogeneous"`
	CancelOnPush     *bool             `json:"cancelOnPush"`
	ForceHTTPS       *string           `json:"forceHttps"`
	Branch           *string           `json:"branch"`
	Env              map[string]string `json:"env"`
}

// maxInstances is the most that an application can have.
const maxInstances = 40

// take puts what was sent into an application, or returns which member is wrong.
func (s *Server) take(a *store.Application, r request) error {
	set(&a.Name, r.Name)
	set(&a.Description, r.Description)
	set(&a.Zone, r.Zone)
	set(&a.Lifetime, r.InstanceLifetime)
	set(&a.MinInstances, r.MinInstances)
	set(&a.MaxInstances, r.MaxInstances)
	set(&a.MinFlavor, r.MinFlavor)
	set(&a.MaxFlavor, r.MaxFlavor)
	set(&a.StickySessions, r.StickySessions)
	set(&a.Homogeneous, r.Homogeneous)
	set(&a.CancelOnPush, r.CancelOnPush)
	set(&a.Branch, r.Branch)
	if r.ForceHTTPS != nil && *r.ForceHTTPS != "" {
		a.ForceHTTPS = strings.ToUpper(*r.ForceHTTPS)
	}
	if r.Env != nil {
		a.Env = sortedEnv(r.Env)
	}
	if err := takeVariant(a, r); err != nil {
		return err
	}
	takeBuild(a, r)
	return s.check(a)
}

func set[T any](to *T, sent *T) {
	if sent != nil {
		*to = *sent
	}
}

// takeVariant takes what an application is written for. It stays what it was ordered
// as: the type that clients send along with every change is not looked at again.
func takeVariant(a *store.Application, r request) error {
	if a.Variant != "" {
		return nil
	}
	v, err := variantByID(r.InstanceVariant, r.InstanceType)
	a.Variant = v.Slug
	return err
}

// takeBuild takes on what builds are to run; an application that is not built apart
// has no flavor for it.
func takeBuild(a *store.Application, r request) {
	set(&a.BuildFlavor, r.BuildFlavor)
	if r.SeparateBuild == nil {
		return
	}
	if !*r.SeparateBuild {
		a.BuildFlavor = ""
	}
	if *r.SeparateBuild && a.BuildFlavor == "" {
		a.BuildFlavor = defaultBuild
	}
}

const (
	defaultBuild  = "M"
	defaultFlavor = "XS"
)

// check returns what is wrong with an application.
func (s *Server) check(a *store.Application) error {
	a.MinFlavor, a.MaxFlavor = cmp.Or(a.MinFlavor, defaultFlavor), cmp.Or(a.MaxFlavor, a.MinFlavor, defaultFlavor)
	if err := rest.CheckName(a.Name); err != nil {
		return err
	}
	if err := s.zone(a.Zone); err != nil {
		return err
	}
	for field, name := range map[string]string{"minFlavor": a.MinFlavor, "maxFlavor": a.MaxFlavor, "buildFlavor": cmp.Or(a.BuildFlavor, defaultBuild)} {
		if flavorRank(name) < 0 {
			return badFlavor(field, name)
		}
	}
	bad := func(field, why string) error { return rest.BadField(90080, "emulator.bad-application", field, why) }
	switch {
	case flavorRank(a.MinFlavor) > flavorRank(a.MaxFlavor):
		return bad("minFlavor", fmt.Sprintf("%s is larger than maxFlavor, %s", a.MinFlavor, a.MaxFlavor))
	case a.MinInstances < 1 || a.MaxInstances > maxInstances || a.MinInstances > a.MaxInstances:
		return bad("minInstances", fmt.Sprintf("%d to %d instances are not between 1 and %d", a.MinInstances, a.MaxInstances, maxInstances))
	case !slices.Contains([]string{"ENABLED", "DISABLED"}, a.ForceHTTPS):
		return bad("forceHttps", fmt.Sprintf("%q is neither ENABLED nor DISABLED", a.ForceHTTPS))
	case !slices.Contains([]string{"REGULAR", "TASK"}, a.Lifetime):
		return bad("instanceLifetime", fmt.Sprintf("%q is neither REGULAR nor TASK", a.Lifetime))
	}
	return nil
}

// sortedEnv returns variables by name.
func sortedEnv(vars map[string]string) []clever.EnvVar {
	env := []clever.EnvVar{}
	for name, value := range vars {
		env = append(env, clever.EnvVar{Name: name, Value: value})
	}
	slices.SortFunc(env, func(a, b clever.EnvVar) int { return strings.Compare(a.Name, b.Name) })
	return env
}

// newView returns an application as v2 shows it.
func newView(a *store.Application) map[string]any {
	v := variantOf(a.Variant)
	uuid := strings.TrimPrefix(a.ID, "app_")
	build := any(nil)
	if a.BuildFlavor != "" {
		build = flavorView(a.BuildFlavor)
	} else {
		build = flavorView(defaultBuild)
	}
	return map[string]any{
		"id": a.ID, "name": a.Name, "description": a.Description, "zone": a.Zone, "zoneId": a.Zone, "instance": instanceView(a, v),
		"deployment": map[string]any{
			"shutdownable": false, "type": "GIT", "repoState": "CREATED",
			"url":     "git+ssh://git@push-n1-par-clevercloud-customers.services.clever-cloud.com/" + a.ID + ".git",
			"httpUrl": "https://push-n1-par-clevercloud-customers.services.clever-cloud.com/" + a.ID + ".git",
		},
		"vhosts": domainViews(a), "creationDate": a.Created, "last_deploy": 0, "archived": false, "stickySessions": a.StickySessions,
		"homogeneous": a.Homogeneous, "favourite": false, "cancelOnPush": a.CancelOnPush, "webhookUrl": nil, "webhookSecret": nil,
		"separateBuild": a.BuildFlavor != "", "buildFlavor": build, "ownerId": a.Owner, "state": state, "commitId": nil,
		"appliance": nil, "branch": cmp.Or(a.Branch, "master"), "forceHttps": a.ForceHTTPS, "env": append([]clever.EnvVar{}, a.Env...),
		"deployUrl": "git+ssh://git@push-n1-par-clevercloud-customers.services.clever-cloud.com/app_" + uuid + ".git",
	}
}

func instanceView(a *store.Application, v variant) map[string]any {
	return map[string]any{
		"type": v.Type, "version": instanceVersion, "variant": v.view(), "minInstances": a.MinInstances, "maxInstances": a.MaxInstances,
		"maxAllowedInstances": maxInstances, "minFlavor": flavorView(a.MinFlavor), "maxFlavor": flavorView(a.MaxFlavor),
		"flavors": flavorViews(), "defaultEnv": map[string]string{}, "lifetime": a.Lifetime, "instanceAndVersion": v.Type + "-" + instanceVersion,
	}
}

func views(list []*store.Application) []any {
	all := []any{}
	for _, a := range list {
		all = append(all, newView(a))
	}
	return all
}
