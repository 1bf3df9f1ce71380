package apps

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// defaultDomain is what follows an application's UUID in the domain that it begins with.
const defaultDomain = ".cleverapps.io/"

// A domain is how one is shown.
type domain struct {
	FQDN string `json:"fqdn"`
}

func domainViews(a *store.Application) []domain {
	list := []domain{}
	for _, d := range a.Domains {
		list = append(list, domain{d})
	}
	return list
}

func (s *Server) listDomains(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(_ *store.World, a *store.Application) any { return domainViews(a) })
}

// domainForm is a host, perhaps with a wildcard before it, and a path.
var domainForm = regexp.MustCompile(`^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+/\S*$`)

// fullDomain returns a domain as it is kept: in small letters, with its path.
func fullDomain(text string) string {
	host, path, _ := strings.Cut(text, "/")
	return strings.ToLower(host) + "/" + path
}

// addDomain leads a domain to an application; only one can have it.
func (s *Server) addDomain(c *rest.Call) (rest.Response, error) {
	name := fullDomain(c.Path["domain"])
	if !domainForm.MatchString(name) {
		return rest.Response{}, rest.BadField(90082, "emulator.bad-domain", "domain", fmt.Sprintf("%q is no domain", c.Path["domain"]))
	}
	a, err := s.change(c, func(w *store.World, a *store.Application) error {
		for _, other := range w.Applications.All() {
			if other.ID != a.ID && slices.Contains(other.Domains, name) {
				return rest.AlreadyThere("domain", name)
			}
		}
		if !slices.Contains(a.Domains, name) {
			a.Domains = append(slices.Clone(a.Domains), name)
		}
		return nil
	})
	return changed(a, err, func(a *store.Application) any { return domainViews(a) })
}

func (s *Server) removeDomain(c *rest.Call) (rest.Response, error) {
	name := fullDomain(c.Path["domain"])
	a, err := s.change(c, func(_ *store.World, a *store.Application) error {
		if !slices.Contains(a.Domains, name) {
			return rest.NotFound("domain")
		}
		a.Domains = slices.DeleteFunc(slices.Clone(a.Domains), func(d string) bool { return d == name })
		if a.Favourite == name {
			a.Favourite = ""
		}
		return nil
	})
	return changed(a, err, func(a *store.Application) any { return domainViews(a) })
}

func (s *Server) getFavourite(c *rest.Call) (rest.Response, error) {
	a, err := s.find(s.store.World(), c)
	switch {
	case err != nil:
		return rest.Response{}, err
	case a.Favourite == "":
		return rest.Response{}, rest.NoFavourite()
	}
	return rest.Response{Body: domain{a.Favourite}}, nil
}

func (s *Server) putFavourite(c *rest.Call) (rest.Response, error) {
	var body domain
	if err := c.Decode(&body); err != nil {
		return rest.Response{}, err
	}
	name := fullDomain(body.FQDN)
	a, err := s.change(c, func(_ *store.World, a *store.Application) error {
		if !slices.Contains(a.Domains, name) {
			return rest.NotFound("domain")
		}
		a.Favourite = name
		return nil
	})
	return changed(a, err, func(a *store.Application) any { return domain{a.Favourite} })
}

func (s *Server) deleteFavourite(c *rest.Call) (rest.Response, error) {
	_, err := s.change(c, func(_ *store.World, a *store.Application) error {
		if a.Favourite == "" {
			return rest.NoFavourite()
		}
		a.Favourite = ""
		return nil
	})
	return done(err, "There is no favourite domain any more.")
}

func portsView(a *store.Application) any { return append([]store.Redirection{}, a.Ports...) }

func (s *Server) listPorts(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(_ *store.World, a *store.Application) any { return portsView(a) })
}

// firstPort is the first that is given away in a namespace.
const firstPort = 5000

// addPort leads the next free port of a namespace to an application.
func (s *Server) addPort(c *rest.Call) (rest.Response, error) {
	var body struct{ Namespace string }
	if err := c.Decode(&body); err != nil {
		return rest.Response{}, err
	}
	if err := rest.CheckName(body.Namespace); err != nil {
		return rest.Response{}, err
	}
	given := store.Redirection{Namespace: body.Namespace, Port: firstPort}
	_, err := s.change(c, func(w *store.World, a *store.Application) error {
		for _, other := range w.Applications.All() {
			for _, p := range other.Ports {
				if p.Namespace == given.Namespace {
					given.Port = max(given.Port, p.Port+1)
				}
			}
		}
		a.Ports = append(slices.Clone(a.Ports), given)
		return nil
	})
	return rest.Response{Body: given}, err
}

func (s *Server) removePort(c *rest.Call) (rest.Response, error) {
	port, _ := strconv.Atoi(c.Path["port"])
	namespace := c.Request.URL.Query().Get("namespace")
	_, err := s.change(c, func(_ *store.World, a *store.Application) error {
		left := slices.DeleteFunc(slices.Clone(a.Ports), func(p store.Redirection) bool {
			return p.Port == port && (namespace == "" || p.Namespace == namespace)
		})
		if len(left) == len(a.Ports) {
			return rest.NotFound("redirection")
		}
		a.Ports = left
		return nil
	})
	return done(err, "The redirection has been removed.")
}
