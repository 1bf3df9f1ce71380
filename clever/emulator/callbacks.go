package emulator

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"slices"
	"strings"

	"runner/marketplace/manifest"
)

// order takes an order that a vendor is to do, and returns the add-on as it is then. It is kept before the vendor is
// called, so that a crash in between neither loses it nor makes two of it.
func (m *market) order(c *call, p *partner, a *addon) (*addon, error) {
	a.Sale = newSale(p, a, m.reached(c.r), c.user)
	err := m.store.change(func(d *draft) error {
		if now := d.partner(a.Provider); now == nil || !now.seenBy(a.Owner) || now.provider.plan(a.Plan) == nil {
			return notFound("provider") // it was taken off a moment ago, and another may have its id
		}
		d.add(a)
		return nil
	})
	if err == nil {
		err = m.settle(c, a.ID, false)
	}
	if err != nil {
		return nil, err
	}
	if now := m.store.world().sold(a.ID); now != nil {
		a = now
	}
	return a, nil
}

// reached gives where this emulator is for a vendor.
func (m *market) reached(r *http.Request) string {
	return cmp.Or(strings.TrimSuffix(m.options.URL, "/"), "http://"+r.Host)
}

// signIn gives the signed form that opens the dashboard of a vendor's add-on for
// the user, once. The error says why there is none: no such add-on, none of a
// vendor's, not ready, or no dashboard.
func (m *market) signIn(addonID string) (*manifest.SignIn, error) {
	w := m.store.world()
	a := w.addon(addonID)
	if a == nil {
		return nil, noSuchAddon()
	}
	p := w.partner(a.Provider)
	if a.Sale == nil || p == nil {
		return nil, notReady("no vendor runs it, so it has no dashboard")
	}
	if a.Sale.State == provisioning {
		return nil, notReady("its vendor has not made it yet")
	}
	o := m.vendorOrder(w, p, a)
	login := manifest.Login{ID: a.Sale.ID, ResourceID: a.Sale.Key, UserID: w.user.ID, Email: w.user.Email, App: strings.TrimSuffix(o.App, "@heroku.com")}
	in, err := p.deal.SignIn(p.site(), login, m.options.Now())
	if err != nil {
		return nil, notReady(err.Error())
	}
	return in, nil
}

// saleSSO gives the fields of the form beside its address, as the platform does.
func (m *market) saleSSO(a *addon) (answer, error) {
	in, err := m.signIn(a.ID)
	if err != nil {
		return answer{}, err
	}
	fields := map[string]string{"url": in.URL}
	for name := range in.Form {
		fields[name] = in.Form.Get(name)
	}
	if in.Method == http.MethodGet {
		fields["url"] = in.Address()
	}
	return answer{body: fields, headers: map[string]string{"Cache-Control": "no-store"}}, nil
}

// vendorRoutes adds those of back-ends, which show the credentials of their manifests.
func (m *market) vendorRoutes(open func(method, path string, serve func(*call) (answer, error))) {
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
func (m *market) fromVendor(c *call) (answer, error) {
	back := manifest.OpenMarket(&manifest.Manifest{}, nil) // lets nobody in
	if p := m.caller(c); p != nil {
		back = manifest.OpenMarket(p.deal, ledger{m, p})
	}
	r := c.r.Clone(c.r.Context())
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	w := newRecorder()
	back.ServeHTTP(w, r)
	a := answer{status: w.result(), body: w.content(), headers: map[string]string{}}
	for name := range w.Header() {
		a.headers[name] = w.Header().Get(name)
	}
	return a, nil
}

// caller gives the vendor that a call says it is from; nil where it says none that
// is known. Whether it is true is not asked here. With a bearer token, a call says
// it by the add-on that it is about.
func (m *market) caller(c *call) *partner {
	w := m.store.world()
	if user, _, ok := c.r.BasicAuth(); ok {
		return w.partner(user)
	}
	if a := w.keyed(c.path["key"]); a != nil {
		return w.partner(a.Provider)
	}
	return nil
}

// A ledger is a vendor's part of the world.
type ledger struct {
	m *market
	p *partner
}

// app gives an add-on as its vendor sees it.
func (l ledger) app(w *world, a *addon) manifest.App {
	app := manifest.App{Order: l.m.vendorOrder(w, l.p, a), ID: a.Sale.ID, Config: a.Sale.Config, State: "provisioned"}
	if a.Sale.State != active {
		app.State = "provisioning"
	}
	return app
}

// Apps gives the vendor's add-ons.
func (l ledger) Apps() []manifest.App {
	w := l.m.store.world()
	var apps []manifest.App
	for _, a := range w.addons {
		if a.Sale != nil && a.Provider == l.p.Shown.ID {
			apps = append(apps, l.app(w, a))
		}
	}
	slices.SortFunc(apps, func(a, b manifest.App) int { return cmp.Compare(a.Order.Key, b.Order.Key) })
	return apps
}

// App gives one of the vendor's add-ons.
func (l ledger) App(key string) (manifest.App, bool) {
	w := l.m.store.world()
	a := w.keyed(key)
	if a == nil || a.Provider != l.p.Shown.ID {
		return manifest.App{}, false
	}
	return l.app(w, a), true
}

// Change keeps what the vendor says of one of its add-ons. That it is done ends
// what it was waited for; that it came to nothing too, and only that.
func (l ledger) Change(key string, do func(*manifest.App) error) error {
	return l.m.store.change(func(d *draft) error {
		a := d.keyed(key)
		if a == nil || a.Provider != l.p.Shown.ID {
			return manifest.ErrNoApp
		}
		app := l.app(&d.world, a)
		if err := do(&app); err != nil {
			return err
		}
		a = a.sold()
		a.Sale.Config = app.Config
		return d.heard(a, app.State)
	})
}
