package apps

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"runner/clever"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

func envView(a *store.Application) any { return append([]clever.EnvVar{}, a.Env...) }

func (s *Server) getEnv(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(_ *store.World, a *store.Application) any { return envView(a) })
}

// putEnv replaces all of an application's own variables.
func (s *Server) putEnv(c *rest.Call) (rest.Response, error) {
	vars, err := variablesIn(c)
	if err != nil {
		return rest.Response{}, err
	}
	a, err := s.change(c, func(_ *store.World, a *store.Application) error {
		a.Env = sortedEnv(vars)
		return nil
	})
	return changed(a, err, envView)
}

// variablesIn reads an object of names and values, whose names are those of
// variables.
func variablesIn(c *rest.Call) (map[string]string, error) {
	var vars map[string]string
	if err := c.Decode(&vars); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if err := checkVariable(name); err != nil {
			return nil, err
		}
	}
	return vars, nil
}

// checkVariable refuses what is no name of a variable; the number is the platform's.
func checkVariable(name string) error {
	letter := func(r rune) bool { return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
	wrong := name == "" || len(name) > 255 || !letter(rune(name[0])) || strings.ContainsFunc(name, func(r rune) bool {
		return !letter(r) && (r < '0' || r > '9') && r != '-' && r != '.'
	})
	if wrong {
		return rest.BadField(557, "emulator.bad-variable", name, fmt.Sprintf("%q is no name of a variable", name))
	}
	return nil
}

func (s *Server) putVariable(c *rest.Call) (rest.Response, error) {
	var body struct {
		Value string `json:"value"`
	}
	if err := c.Decode(&body); err != nil {
		return rest.Response{}, err
	}
	name := c.Path["name"]
	if err := checkVariable(name); err != nil {
		return rest.Response{}, err
	}
	a, err := s.change(c, func(_ *store.World, a *store.Application) error {
		vars := map[string]string{name: body.Value}
		for _, v := range a.Env {
			if v.Name != name {
				vars[v.Name] = v.Value
			}
		}
		a.Env = sortedEnv(vars)
		return nil
	})
	return changed(a, err, envView)
}

func (s *Server) deleteVariable(c *rest.Call) (rest.Response, error) {
	a, err := s.change(c, func(_ *store.World, a *store.Application) error {
		a.Env = slices.DeleteFunc(slices.Clone(a.Env), func(v clever.EnvVar) bool { return v.Name == c.Path["name"] })
		return nil
	})
	return changed(a, err, envView)
}

func exposedView(a *store.Application) any {
	vars := map[string]string{}
	maps.Copy(vars, a.Exposed)
	return vars
}

func (s *Server) getExposed(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(_ *store.World, a *store.Application) any { return exposedView(a) })
}

// putExposed replaces what an application shows to those that depend on it.
func (s *Server) putExposed(c *rest.Call) (rest.Response, error) {
	vars, err := variablesIn(c)
	if err != nil {
		return rest.Response{}, err
	}
	a, err := s.change(c, func(_ *store.World, a *store.Application) error {
		a.Exposed = vars
		return nil
	})
	return changed(a, err, exposedView)
}

func tagsView(a *store.Application) any { return append([]string{}, a.Tags...) }

func (s *Server) getTags(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(_ *store.World, a *store.Application) any { return tagsView(a) })
}

func (s *Server) putTags(c *rest.Call) (rest.Response, error) {
	var tags []string
	if err := c.Decode(&tags); err != nil {
		return rest.Response{}, err
	}
	return s.retag(c, tags, func([]string) []string { return tags })
}

func (s *Server) putTag(c *rest.Call) (rest.Response, error) {
	tag := c.Path["tag"]
	return s.retag(c, []string{tag}, func(tags []string) []string { return append(slices.Clone(tags), tag) })
}

func (s *Server) deleteTag(c *rest.Call) (rest.Response, error) {
	return s.retag(c, nil, func(tags []string) []string {
		return slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return t == c.Path["tag"] })
	})
}

// retag changes the tags, which are a set, once the new ones are known to be names.
func (s *Server) retag(c *rest.Call, fresh []string, change func([]string) []string) (rest.Response, error) {
	for _, t := range fresh {
		if err := rest.CheckName(t); err != nil {
			return rest.Response{}, err
		}
	}
	a, err := s.change(c, func(_ *store.World, a *store.Application) error {
		tags := slices.Clone(change(a.Tags))
		slices.Sort(tags)
		a.Tags = slices.Compact(tags)
		return nil
	})
	return changed(a, err, tagsView)
}
