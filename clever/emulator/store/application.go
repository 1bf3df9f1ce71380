package store

import (
	"slices"

	"runner/clever"
)

// An Application is one that never deploys: what its owner says of it is kept, and
// nothing is built or run.
type Application struct {
	ID             string            `json:"id"`
	Owner          string            `json:"owner"`
	Name           string            `json:"name"`
	Description    string            `json:"description,omitempty"`
	Zone           string            `json:"zone"`
	Variant        string            `json:"variant"` // the slug of what it is written for: "node"
	Lifetime       string            `json:"lifetime"`
	MinInstances   int               `json:"minInstances"`
	MaxInstances   int               `json:"maxInstances"`
	MinFlavor      string            `json:"minFlavor"`
	MaxFlavor      string            `json:"maxFlavor"`
	BuildFlavor    string            `json:"buildFlavor,omitempty"` // "": as it runs
	StickySessions bool              `json:"stickySessions,omitempty"`
	Homogeneous    bool              `json:"homogeneous,omitempty"`
	CancelOnPush   bool              `json:"cancelOnPush,omitempty"`
	ForceHTTPS     string            `json:"forceHttps"`
	Branch         string            `json:"branch,omitempty"`
	Env            []clever.EnvVar   `json:"env,omitempty"`     // by name
	Exposed        map[string]string `json:"exposed,omitempty"` // to the applications that depend on it
	Domains        []string          `json:"domains,omitempty"` // each ends with its path: "a.example.com/"
	Favourite      string            `json:"favourite,omitempty"`
	Addons         []string          `json:"addons,omitempty"`       // ids of those that it is linked to
	Dependencies   []string          `json:"dependencies,omitempty"` // ids of applications
	Tags           []string          `json:"tags,omitempty"`
	Ports          []Redirection     `json:"ports,omitempty"`
	Created        int64             `json:"created"` // milliseconds
}

// A Redirection leads a TCP port of the platform to an application.
type Redirection struct {
	Namespace string `json:"namespace"`
	Port      int    `json:"port"`
}

// Key returns the id.
func (a *Application) Key() string { return a.ID }

// ApplicationsOf returns an owner's applications, the oldest first.
func (w *World) ApplicationsOf(owner string) []*Application {
	return ownedBy(w.Applications.All(), func(a *Application) bool { return a.Owner == owner })
}

// LinkedTo returns the applications that are linked to an add-on.
func (w *World) LinkedTo(addon string) []*Application {
	return ownedBy(w.Applications.All(), func(a *Application) bool { return slices.Contains(a.Addons, addon) })
}

func ownedBy[T any](all []T, its func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(x T) bool { return !its(x) })
}

// RemoveApplication removes an application, and what others say of it.
func (d *Draft) RemoveApplication(id string) {
	d.Applications.Remove(id)
	for _, a := range d.Applications.All() {
		if i := slices.Index(a.Dependencies, id); i >= 0 {
			b := *a
			b.Dependencies = slices.Delete(slices.Clone(a.Dependencies), i, i+1)
			d.Applications.Put(&b)
		}
	}
	d.forgetResource(id)
}

// unlink removes what applications and others say of an add-on that is gone.
func (d *Draft) unlink(a *Addon) {
	for _, app := range d.LinkedTo(a.ID) {
		b := *app
		b.Addons = slices.DeleteFunc(slices.Clone(app.Addons), func(id string) bool { return id == a.ID })
		d.Applications.Put(&b)
	}
	d.forgetResource(a.RealID)
	d.Buckets.RemoveFunc(func(b *Bucket) bool { return b.Addon == a.ID })
}

// forgetResource removes a resource from its network groups, and its drains.
func (d *Draft) forgetResource(id string) {
	d.Drains.RemoveFunc(func(r *Drain) bool { return r.Resource == id })
	for _, g := range d.Groups.All() {
		if g.Member(id) != nil {
			d.Groups.Put(g.without(id))
		}
	}
}
