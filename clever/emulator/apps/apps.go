// Package apps knows the applications of the emulated platform: what their owners
// say of them, what they are linked to, and what variables come of it. They never
// deploy: nothing is built, and there is no instance.
package apps

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// A Server answers for applications.
type Server struct {
	store   *store.Store
	options Options
}

// Options are what a Server needs of the platform around it.
type Options struct {
	Owner     func(*rest.Call) (string, error)                             // the id of the owner that a path names
	Addon     func(w *store.World, owner, id string) (*store.Addon, error) // an owner's add-on
	View      func(*store.Addon) clever.Addon                              // an add-on as v2 shows it
	Variables func(*store.Addon) []clever.EnvVar                           // an add-on's variables
	Now       func() time.Time
}

// New returns a Server.
func New(s *store.Store, o Options) *Server { return &Server{store: s, options: o} }

type handler = func(*rest.Call) (rest.Response, error)

// Routes adds the routes of applications.
func (s *Server) Routes(add, open func(method, path string, serve func(*rest.Call) (rest.Response, error))) {
	open("GET", "/v2/products/instances", s.listInstanceTypes)
	const base = "{base}/applications"
	const one = base + "/{application}"
	for _, r := range []struct {
		route string
		serve handler
	}{
		{"GET " + base, s.list}, {"POST " + base, s.create},
		{"GET " + one, s.get}, {"PUT " + one, s.update}, {"DELETE " + one, s.remove},
		{"GET " + one + "/addons", s.listAddons}, {"POST " + one + "/addons", s.link},
		{"GET " + one + "/addons/env", s.addonsEnv}, {"DELETE " + one + "/addons/{addon}", s.unlink},
		{"GET " + one + "/dependencies", s.listDependencies}, {"GET " + one + "/dependencies/env", s.dependenciesEnv},
		{"PUT " + one + "/dependencies/{dependency}", s.depend}, {"DELETE " + one + "/dependencies/{dependency}", s.undepend},
		{"GET " + one + "/dependents", s.listDependents},
		{"GET " + one + "/env", s.getEnv}, {"PUT " + one + "/env", s.putEnv},
		{"PUT " + one + "/env/{name}", s.putVariable}, {"DELETE " + one + "/env/{name}", s.deleteVariable},
		{"GET " + one + "/exposed_env", s.getExposed}, {"PUT " + one + "/exposed_env", s.putExposed},
		{"GET " + one + "/vhosts", s.listDomains}, {"PUT " + one + "/vhosts/{domain}", s.addDomain}, {"DELETE " + one + "/vhosts/{domain}", s.removeDomain},
		{"GET " + one + "/vhosts/favourite", s.getFavourite}, {"PUT " + one + "/vhosts/favourite", s.putFavourite}, {"DELETE " + one + "/vhosts/favourite", s.deleteFavourite},
		{"GET " + one + "/tags", s.getTags}, {"PUT " + one + "/tags", s.putTags}, {"PUT " + one + "/tags/{tag}", s.putTag}, {"DELETE " + one + "/tags/{tag}", s.deleteTag},
		{"GET " + one + "/instances", s.empty}, {"POST " + one + "/instances", s.neverDeployed}, {"DELETE " + one + "/instances", s.stop},
		{"GET " + one + "/deployments", s.empty}, {"GET " + one + "/deployments/{deployment}", s.noDeployment},
		{"GET " + one + "/branches", s.empty}, {"PUT " + one + "/branch", s.putBranch}, {"PUT " + one + "/buildflavor", s.putBuildFlavor},
		{"GET " + one + "/tcpRedirs", s.listPorts}, {"POST " + one + "/tcpRedirs", s.addPort}, {"DELETE " + one + "/tcpRedirs/{port}", s.removePort},
	} {
		method, path, _ := strings.Cut(r.route, " ")
		add(method, path, r.serve)
	}
	add("GET", "{base}/addons/{addon}/applications", s.linkedTo)
}

// find returns the application that a path names. Without an owner in the path it is
// looked for among those of all organisations too, as the platform does.
func (s *Server) find(w *store.World, c *rest.Call) (*store.Application, error) {
	owner, err := s.options.Owner(c)
	if err != nil {
		return nil, err
	}
	_, named := c.Path["owner"]
	return application(w, owner, c.Path["application"], named)
}

// application returns an owner's application; where the owner was named, nobody
// else's.
func application(w *store.World, owner, id string, named bool) (*store.Application, error) {
	a := w.Applications.Find(id)
	switch {
	case a == nil:
		return nil, rest.NotFound("application")
	case named && a.Owner != owner:
		return nil, rest.ForeignApplication()
	}
	return a, nil
}

// change changes a copy of the application that a path names, and returns it once it
// is kept.
func (s *Server) change(c *rest.Call, change func(w *store.World, a *store.Application) error) (*store.Application, error) {
	owner, err := s.options.Owner(c)
	if err != nil {
		return nil, err
	}
	_, named := c.Path["owner"]
	var changed store.Application
	err = s.store.Change(func(d *store.Draft) error {
		a, err := application(&d.World, owner, c.Path["application"], named)
		if err != nil {
			return err
		}
		changed = *a
		if err := change(&d.World, &changed); err != nil {
			return err
		}
		d.Applications.Put(&changed)
		return nil
	})
	return &changed, err
}

// show answers with what is read of the application that a path names.
func (s *Server) show(c *rest.Call, of func(w *store.World, a *store.Application) any) (rest.Response, error) {
	w := s.store.World()
	a, err := s.find(w, c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: of(s.store.World(), a)}, nil
}

// changed answers with what is read of an application after a change.
func changed(a *store.Application, err error, of func(a *store.Application) any) (rest.Response, error) {
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: of(a)}, nil
}

func (s *Server) list(c *rest.Call) (rest.Response, error) {
	owner, err := s.options.Owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: views(s.store.World().ApplicationsOf(owner))}, nil
}

func (s *Server) get(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(_ *store.World, a *store.Application) any { return newView(a) })
}

// create takes a new application. Two may have one name.
func (s *Server) create(c *rest.Call) (rest.Response, error) {
	owner, err := s.options.Owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	var wanted request
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	a, err := s.make(owner, wanted)
	return changed(a, err, func(a *store.Application) any { return newView(a) })
}

// Make creates an application as an example: a small one for Node.
func (s *Server) Make(owner, name string) error {
	zone, node := "par", variantOf("node")
	_, err := s.make(owner, request{Name: &name, Zone: &zone, InstanceType: node.Type, InstanceVariant: node.id()})
	return err
}

// make creates an application with what was sent.
func (s *Server) make(owner string, wanted request) (*store.Application, error) {
	id := catalogue.NewUUID()
	a := &store.Application{
		ID: "app_" + id, Owner: owner, Created: s.options.Now().UnixMilli(), Lifetime: "REGULAR", ForceHTTPS: "DISABLED",
		MinInstances: 1, MaxInstances: 1, Domains: []string{"app-" + id + defaultDomain},
	}
	if err := s.take(a, wanted); err != nil {
		return nil, err
	}
	return a, s.store.Change(func(d *store.Draft) error {
		d.Applications.Put(a)
		return nil
	})
}

// update changes what is sent, and nothing else.
func (s *Server) update(c *rest.Call) (rest.Response, error) {
	var wanted request
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	a, err := s.change(c, func(_ *store.World, a *store.Application) error { return s.take(a, wanted) })
	return changed(a, err, func(a *store.Application) any { return newView(a) })
}

func (s *Server) remove(c *rest.Call) (rest.Response, error) {
	owner, err := s.options.Owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	_, named := c.Path["owner"]
	err = s.store.Change(func(d *store.Draft) error {
		a, err := application(&d.World, owner, c.Path["application"], named)
		if err != nil {
			return err
		}
		d.RemoveApplication(a.ID)
		return nil
	})
	return done(err, "The application has been removed.")
}

// done answers a change that has nothing to show. The number is our own: the
// platform's is not known.
func done(err error, message string) (rest.Response, error) {
	return rest.Response{Body: clever.Message{ID: 90101, Message: message, Type: "success"}}, err
}

func (s *Server) empty(c *rest.Call) (rest.Response, error) {
	return s.show(c, func(*store.World, *store.Application) any { return []any{} })
}

func (s *Server) noDeployment(c *rest.Call) (rest.Response, error) {
	if _, err := s.find(s.store.World(), c); err != nil {
		return rest.Response{}, err
	}
	return rest.Response{}, rest.NotFound("deployment")
}

// neverDeployed answers what would restart an application (docs/platform.md §5.2).
func (s *Server) neverDeployed(c *rest.Call) (rest.Response, error) {
	if _, err := s.find(s.store.World(), c); err != nil {
		return rest.Response{}, err
	}
	return rest.Response{}, rest.NeverDeployed()
}

func (s *Server) stop(c *rest.Call) (rest.Response, error) {
	_, err := s.find(s.store.World(), c)
	return done(err, "The application has been stopped.")
}

func (s *Server) putBranch(c *rest.Call) (rest.Response, error) {
	var body struct{ Branch string }
	if err := c.Decode(&body); err != nil {
		return rest.Response{}, err
	}
	a, err := s.change(c, func(_ *store.World, a *store.Application) error {
		a.Branch = body.Branch
		return nil
	})
	return changed(a, err, func(a *store.Application) any { return newView(a) })
}

func (s *Server) putBuildFlavor(c *rest.Call) (rest.Response, error) {
	var body struct{ FlavorName string }
	if err := c.Decode(&body); err != nil {
		return rest.Response{}, err
	}
	a, err := s.change(c, func(_ *store.World, a *store.Application) error {
		if flavorRank(body.FlavorName) < 0 {
			return badFlavor("flavorName", body.FlavorName)
		}
		a.BuildFlavor = body.FlavorName
		return nil
	})
	return changed(a, err, func(a *store.Application) any { return newView(a) })
}

// linkedTo answers which applications are linked to an add-on.
func (s *Server) linkedTo(c *rest.Call) (rest.Response, error) {
	owner, err := s.options.Owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	w := s.store.World()
	a, err := s.options.Addon(w, owner, c.Path["addon"])
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: views(w.LinkedTo(a.ID))}, nil
}

// Summaries returns an owner's applications as the platform's summary shows them.
func (s *Server) Summaries(w *store.World, owner string) []any {
	list := []any{}
	for _, a := range w.ApplicationsOf(owner) {
		v := variantOf(a.Variant)
		list = append(list, map[string]any{
			"id": a.ID, "name": a.Name, "instanceType": v.Type, "instanceVariant": v.Name, "variantSlug": v.Slug,
			"variantLogo": v.logo(), "variantLogoUrl": v.logo(), "creationDate": a.Created, "archived": false,
			"homogeneous": a.Homogeneous, "commit": "", "state": state, "tags": append([]string{}, a.Tags...),
		})
	}
	return list
}

// state is what is said of an application that was never deployed.
const state = "SHOULD_BE_DOWN"

func (s *Server) zone(name string) error {
	w := s.store.World()
	if z := w.Zone(name); z == nil || !slices.Contains(z.Tags, "for:applications") {
		return rest.BadField(90080, "emulator.bad-application", "zone", fmt.Sprintf("%q is no zone for applications", name))
	}
	return nil
}
