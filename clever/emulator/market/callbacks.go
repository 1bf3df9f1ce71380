package market

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"slices"
	"strings"

	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
)

// Order takes an order that a vendor is to do, and returns the add-on as it is then. It is kept before the vendor is
// called, so that a crash in between neither loses it nor makes two of it.
func (m *Market) Order(c *rest.Call, p *store.Registration, a *store.Addon) (*store.Addon, error) {
	a.Vendor = newVendorRecord(p, a, m.reached(c.Request), c.User)
	err := m.store.Change(func(d *store.Draft) error {
		if now := d.Registration(a.Provider); now == nil || !now.VisibleTo(a.Owner) || now.Provider.Plan(a.Plan) == nil {
			return rest.NotFound("provider") // it was taken off a moment ago, and another may have its id
		}
		d.Add(a)
		return nil
	})
	if err == nil {
		err = m.Await(c, a.ID, false)
	}
	if err != nil {
		return nil, err
	}
	if now := m.store.World().VendorAddon(a.ID); now != nil {
		a = now
	}
	return a, nil
}

// reached returns where this emulator is for a vendor.
func (m *Market) reached(r *http.Request) string {
	return cmp.Or(strings.TrimSuffix(m.options.URL, "/"), "http://"+r.Host)
}

// SignIn returns the signed form that opens the dashboard of a vendor's add-on for
// the user, once. The error says why there is none: no such add-on, none of a
// vendor's, not ready, or no dashboard.
func (m *Market) SignIn(addonID string) (*manifest.SignIn, error) {
	w := m.store.World()
	a := w.Addon(addonID)
	if a == nil {
		return nil, rest.NoSuchAddon()
	}
	p := w.Registration(a.Provider)
	if a.Vendor == nil || p == nil {
		return nil, rest.NotReady("no vendor runs it, so it has no dashboard")
	}
	if a.Vendor.State == store.Provisioning {
		return nil, rest.NotReady("its vendor has not made it yet")
	}
	o := m.vendorOrder(w, p, a)
	login := manifest.Login{ID: a.Vendor.ID, ResourceID: a.Vendor.Key, UserID: w.User.ID, Email: w.User.Email, App: strings.TrimSuffix(o.App, "@heroku.com")}
	in, err := p.Parsed.SignIn(p.Site(), login, m.options.Now())
	if err != nil {
		return nil, rest.NotReady(err.Error())
	}
	return in, nil
}

// SSO returns the fields of the form beside its address, as the platform does.
func (m *Market) SSO(a *store.Addon) (rest.Response, error) {
	in, err := m.SignIn(a.ID)
	if err != nil {
		return rest.Response{}, err
	}
	fields := map[string]string{"url": in.URL}
	for name := range in.Form {
		fields[name] = in.Form.Get(name)
	}
	if in.Method == http.MethodGet {
		fields["url"] = in.Address()
	}
	return rest.Response{Body: fields, Headers: map[string]string{"Cache-Control": "no-store"}}, nil
}

// VendorRoutes adds those of back-ends, which show the credentials of their manifests.
func (m *Market) VendorRoutes(open func(method, path string, serve func(*rest.Call) (rest.Response, error))) {
	for _, base := range []string{"/v2/vendor/apps", "/vendor/apps"} {
		open("GET", base, m.fromVendor)
		open("GET", base+"/{key}", m.fromVendor)
		open("PUT", base+"/{key}", m.fromVendor)
	}
	open("GET", "/addons/{key}", m.fromVendor)
	open("PATCH", "/addons/{key}/config", m.fromVendor)
	open("POST", "/addons/{key}/actions/{action}", m.fromVendor)
}

// fromVendor answers a vendor's back-end, which shows the credentials of its
// manifest.
func (m *Market) fromVendor(c *rest.Call) (rest.Response, error) {
	back := manifest.OpenMarket(&manifest.Manifest{}, nil) // lets nobody in
	if p := m.caller(c); p != nil {
		back = manifest.OpenMarket(p.Parsed, vendorView{m, p})
	}
	r := c.Request.Clone(c.Request.Context())
	r.Body = io.NopCloser(bytes.NewReader(c.Body))
	w := rest.NewRecorder()
	back.ServeHTTP(w, r)
	a := rest.Response{Status: w.StatusCode(), Body: w.Content(), Headers: map[string]string{}}
	for name := range w.Header() {
		a.Headers[name] = w.Header().Get(name)
	}
	return a, nil
}

// caller returns the vendor that a call says it is from; nil where it says none that
// is known. Whether it is true is not asked here. With a bearer token, a call says
// it by the add-on that it is about.
func (m *Market) caller(c *rest.Call) *store.Registration {
	w := m.store.World()
	if user, _, ok := c.Request.BasicAuth(); ok {
		return w.Registration(user)
	}
	if a := w.ByVendorKey(c.Path["key"]); a != nil {
		return w.Registration(a.Provider)
	}
	return nil
}

// A vendorView is a vendor's part of the world.
type vendorView struct {
	m *Market
	p *store.Registration
}

// app returns an add-on as its vendor sees it.
func (l vendorView) app(w *store.World, a *store.Addon) manifest.App {
	app := manifest.App{Order: l.m.vendorOrder(w, l.p, a), ID: a.Vendor.ID, Config: a.Vendor.Config, State: "provisioned"}
	if a.Vendor.State != store.Active {
		app.State = "provisioning"
	}
	return app
}

// Apps returns the vendor's add-ons.
func (l vendorView) Apps() []manifest.App {
	w := l.m.store.World()
	var apps []manifest.App
	for _, a := range w.Addons {
		if a.Vendor != nil && a.Provider == l.p.Shown.ID {
			apps = append(apps, l.app(w, a))
		}
	}
	slices.SortFunc(apps, func(a, b manifest.App) int { return cmp.Compare(a.Order.Key, b.Order.Key) })
	return apps
}

// App returns one of the vendor's add-ons.
func (l vendorView) App(key string) (manifest.App, bool) {
	w := l.m.store.World()
	a := w.ByVendorKey(key)
	if a == nil || a.Provider != l.p.Shown.ID {
		return manifest.App{}, false
	}
	return l.app(w, a), true
}

// Change keeps what the vendor says of one of its add-ons. That it is done ends
// what it was waited for; that it came to nothing too, and only that.
func (l vendorView) Change(key string, do func(*manifest.App) error) error {
	return l.m.store.Change(func(d *store.Draft) error {
		a := d.ByVendorKey(key)
		if a == nil || a.Provider != l.p.Shown.ID {
			return manifest.ErrNoApp
		}
		app := l.app(&d.World, a)
		if err := do(&app); err != nil {
			return err
		}
		a = a.VendorCopy()
		a.Vendor.Config = app.Config
		return d.VendorReported(a, app.State)
	})
}
