package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
)

// platform asks the platform in the name of its user, as any client does: by its
// routes, through its faults, and seen in the list of requests. Only a token is not
// asked for, as the page has none. The error is for the page's reader.
func (c *Console) platform(r *http.Request, method, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	in, err := http.NewRequestWithContext(r.Context(), method, path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	in.Host = r.Host
	w := rest.NewRecorder()
	if c.e.ServeUser(w, in) != nil {
		return nil, errors.New("the connection ended without an answer: it may have been done or not")
	}
	if w.StatusCode()/100 == 2 {
		return w.Content(), nil
	}
	var said clever.Message
	if json.Unmarshal(w.Content(), &said) != nil || said.Message == "" {
		return nil, fmt.Errorf("the platform answered %d %s, and does not say why", w.StatusCode(), http.StatusText(w.StatusCode()))
	}
	return nil, errors.New(said.Message)
}

// pathOf returns where the platform has an add-on.
func pathOf(a *store.Addon) string { return addonsOf(a.Owner) + "/" + url.PathEscape(a.ID) }

func addonsOf(owner string) string { return "/v2/organisations/" + url.PathEscape(owner) + "/addons" }

// A orderBody is what the page sends for an order or a change.
type orderBody struct {
	Owner string               `json:"owner"`
	Order clever.CreateRequest `json:"order"`
	Plan  string               `json:"plan"`
}

// orderBody reads what the page sends; without it, it has answered.
func (c *Console) orderBody(w http.ResponseWriter, r *http.Request) (wanted orderBody, ok bool) {
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, rest.BodyLimit)).Decode(&wanted) != nil {
		refuse(w, http.StatusBadRequest, errors.New("the body is no JSON of an order or a change"))
		return wanted, false
	}
	return wanted, true
}

// postOrder orders an add-on. As for a fault that is mistyped, a refusal is
// answered with 200 and what it says.
func (c *Console) postOrder(w http.ResponseWriter, r *http.Request) {
	wanted, ok := c.orderBody(w, r)
	if !ok {
		return
	}
	text, err := c.platform(r, http.MethodPost, addonsOf(wanted.Owner), wanted.Order)
	if err != nil {
		refuse(w, http.StatusOK, err)
		return
	}
	var made struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(text, &made) // a fault can break it: then the page finds the add-on by itself
	respond(w, http.StatusOK, made)
}

// named returns the add-on in the path; without one, it has answered.
func (c *Console) named(w http.ResponseWriter, r *http.Request) *store.Addon {
	a := c.e.World().Addon(r.PathValue("addon"))
	if a == nil {
		refuse(w, http.StatusOK, rest.NoSuchAddon())
	}
	return a
}

// postPlan changes the plan of an add-on.
func (c *Console) postPlan(w http.ResponseWriter, r *http.Request) {
	wanted, ok := c.orderBody(w, r)
	if !ok {
		return
	}
	a := c.named(w, r)
	if a == nil {
		return
	}
	change := clever.MigrationRequest{PlanID: wanted.Plan, Region: a.Region}
	if _, err := c.platform(r, http.MethodPost, pathOf(a)+"/migrations", change); err != nil {
		refuse(w, http.StatusOK, err)
		return
	}
	if after := c.e.World().Addon(a.ID); after != nil && after.Trouble() != "" {
		refuse(w, http.StatusOK, errors.New(after.Trouble()))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (c *Console) deleteAddon(w http.ResponseWriter, r *http.Request) {
	a := c.named(w, r)
	if a == nil {
		return
	}
	if _, err := c.platform(r, http.MethodDelete, pathOf(a), nil); err != nil {
		refuse(w, http.StatusOK, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// postDashboard opens the dashboard of a vendor's add-on in the tab that it answers:
// the page sends the signed form by itself, so that the proof is in no address.
func (c *Console) postDashboard(w http.ResponseWriter, r *http.Request) {
	in, err := c.e.SignIn(r.PathValue("addon"))
	if err != nil {
		a := rest.MessagePage(http.StatusConflict, "No dashboard", err.Error())
		body, status := a.Result()
		_ = a.Write(w, r, status, body) // only slow answers fail
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", manifest.PagePolicy())
	w.Header().Set("Referrer-Policy", "no-referrer")
	_ = in.WritePage(w) // a browser that has gone needs no page
}

// A consoleProvider is what the page's forms have to know of a provider.
type consoleProvider struct {
	ID       string                 `json:"id"`
	Name     string                 `json:"name"`
	Vendor   bool                   `json:"vendor"` // it is not the platform's own
	Plans    []consolePlan          `json:"plans"`
	Zones    []consoleZone          `json:"zones"`
	Versions []string               `json:"versions"`
	Switches []clever.FeatureSwitch `json:"switches"` // options that are on or off, and what they are by default
}

type consolePlan struct {
	ID    string  `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

type consoleZone struct {
	Name string `json:"name"`
	City string `json:"city"`
}

// getCatalogue shows what the query's owner can order, what vendors offer first.
func (c *Console) getCatalogue(w http.ResponseWriter, r *http.Request) {
	now := c.e.World()
	offered := []consoleProvider{}
	for _, p := range now.Registrations {
		if p.VisibleTo(r.URL.Query().Get("owner")) {
			offered = append(offered, newConsoleProvider(now, c.e.Catalogue(), p.Provider))
		}
	}
	for _, p := range c.e.Catalogue().Providers {
		offered = append(offered, newConsoleProvider(now, c.e.Catalogue(), p))
	}
	respond(w, http.StatusOK, offered)
}

func newConsoleProvider(w *store.World, c *catalogue.Catalogue, p *catalogue.Provider) consoleProvider {
	view := consoleProvider{
		ID: p.ID, Name: p.Name, Vendor: w.Registration(p.ID) != nil, Plans: []consolePlan{}, Zones: []consoleZone{},
		Versions: append([]string{}, p.Versions...), Switches: p.Switches(),
	}
	for _, pl := range p.View.Plans {
		view.Plans = append(view.Plans, consolePlan{pl.ID, pl.Name, pl.Monthly()})
	}
	for _, name := range p.Zones {
		view.Zones = append(view.Zones, consoleZone{name, c.Zone(name).City})
	}
	return view
}
