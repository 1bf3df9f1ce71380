package apps

import (
	"slices"

	"runner/clever"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// addonsOf returns the add-ons that an application is linked to.
func addonsOf(w *store.World, a *store.Application) []*store.Addon {
	var list []*store.Addon
	for _, id := range a.Addons {
		if b := w.Addon(id); b != nil {
			list = append(list, b)
		}
	}
	return list
}

func (s *Server) listAddons(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(w *store.World, a *store.Application) any {
		list := []clever.Addon{}
		for _, b := range addonsOf(w, a) {
			list = append(list, s.options.View(b))
		}
		return list
	})
}

// link links an application to an add-on of its owner. The body is the add-on's id
// alone; by a real id the platform finds none of its owner's (docs/platform.md §4.5).
func (s *Server) link(c *rest.Call) (rest.Response, error) {
	var id string
	if err := c.Decode(&id); err != nil {
		return rest.Response{}, err
	}
	_, err := s.change(c, func(w *store.World, a *store.Application) error {
		b := w.Addon(id)
		switch {
		case b == nil:
			return rest.NoSuchAddon()
		case b.ID != id, b.Owner != a.Owner:
			return rest.ForeignAddon()
		case !slices.Contains(a.Addons, b.ID):
			a.Addons = append(slices.Clone(a.Addons), b.ID)
		}
		return nil
	})
	return done(err, "The addon has been linked to the application.")
}

func (s *Server) unlink(c *rest.Call) (rest.Response, error) {
	_, err := s.change(c, func(_ *store.World, a *store.Application) error {
		i := slices.Index(a.Addons, c.Path["addon"])
		if i < 0 {
			return rest.NoSuchAddon()
		}
		a.Addons = slices.Delete(slices.Clone(a.Addons), i, i+1)
		return nil
	})
	return done(err, "The addon has been unlinked from the application.")
}

// addonEnv is what an application gains by an add-on.
type addonEnv struct {
	Provider string          `json:"provider_id"`
	ID       string          `json:"addon_id"`
	Name     string          `json:"addon_name"`
	Env      []clever.EnvVar `json:"env"`
}

func (s *Server) addonsEnv(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(w *store.World, a *store.Application) any {
		list := []addonEnv{}
		for _, b := range addonsOf(w, a) {
			list = append(list, addonEnv{Provider: b.Provider, ID: b.ID, Name: b.Name, Env: s.options.Variables(b)})
		}
		return list
	})
}

// dependenciesOf returns the applications that one depends on.
func dependenciesOf(w *store.World, a *store.Application) []*store.Application {
	var list []*store.Application
	for _, id := range a.Dependencies {
		if b := w.Applications.Find(id); b != nil {
			list = append(list, b)
		}
	}
	return list
}

func (s *Server) listDependencies(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(w *store.World, a *store.Application) any { return views(dependenciesOf(w, a)) })
}

func (s *Server) listDependents(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(w *store.World, a *store.Application) any {
		return views(slices.DeleteFunc(w.ApplicationsOf(a.Owner), func(b *store.Application) bool { return !slices.Contains(b.Dependencies, a.ID) }))
	})
}

// dependencyEnv is what an application gains by another one.
type dependencyEnv struct {
	ID   string          `json:"app_id"`
	Name string          `json:"app_name"`
	Env  []clever.EnvVar `json:"env"`
}

func (s *Server) dependenciesEnv(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(w *store.World, a *store.Application) any {
		list := []dependencyEnv{}
		for _, b := range dependenciesOf(w, a) {
			list = append(list, dependencyEnv{ID: b.ID, Name: b.Name, Env: sortedEnv(b.Exposed)})
		}
		return list
	})
}

func (s *Server) depend(c *rest.Call) (rest.Response, error) {
	id := c.Path["dependency"]
	_, err := s.change(c, func(w *store.World, a *store.Application) error {
		b, err := application(w, a.Owner, id, true)
		switch {
		case err != nil:
			return err
		case b.ID == a.ID:
			return rest.BadField(90080, "emulator.bad-application", "dependency", "an application cannot depend on itself")
		case !slices.Contains(a.Dependencies, id):
			a.Dependencies = append(slices.Clone(a.Dependencies), id)
		}
		return nil
	})
	return done(err, "The dependency has been added.")
}

func (s *Server) undepend(c *rest.Call) (rest.Response, error) {
	_, err := s.change(c, func(_ *store.World, a *store.Application) error {
		i := slices.Index(a.Dependencies, c.Path["dependency"])
		if i < 0 {
			return rest.NotFound("dependency")
		}
		a.Dependencies = slices.Delete(slices.Clone(a.Dependencies), i, i+1)
		return nil
	})
	return done(err, "The dependency has been removed.")
}
