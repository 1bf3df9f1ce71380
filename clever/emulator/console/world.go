package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"runner/clever/emulator"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// shownLimit is how many add-ons the page shows; it says how many there are.
const shownLimit = 200

// A consoleWorld is what the page shows: no value of a variable is in it.
type consoleWorld struct {
	User   string         `json:"user"`
	Email  string         `json:"email"`
	Strict bool           `json:"strict"`
	Market bool           `json:"market"` // only vendors offer here
	Total  int            `json:"total"`  // add-ons
	Found  int            `json:"found"`  // those that the page looks for
	Owners []consoleOwner `json:"owners"`
	Faults []string       `json:"faults"`
}

type consoleOwner struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Found  int            `json:"found"`
	Addons []consoleAddon `json:"addons"`
	Things []consoleThing `json:"things"` // what there is beside add-ons
}

type consoleAddon struct {
	ID         string   `json:"id"`
	RealID     string   `json:"realId"`
	Name       string   `json:"name"`
	Provider   string   `json:"provider"`
	Plan       string   `json:"plan"`
	ProviderID string   `json:"providerId"`
	PlanID     string   `json:"planId"`
	CanChange  bool     `json:"canChange"` // its plan
	Dashboard  bool     `json:"dashboard"` // its vendor has one, and lets its owner in
	Trouble    string   `json:"trouble"`   // why the last change failed
	Zone       string   `json:"zone"`
	State      string   `json:"state"`
	Variables  []string `json:"variables"` // their names
}

// getWorld tells of the add-ons in whose name, ids, provider, plan or zone the
// query's q is.
func (c *Console) getWorld(w http.ResponseWriter, r *http.Request) {
	_ = c.e.CompleteMigrations() // what cannot be saved now is still migrating
	respond(w, http.StatusOK, worldView(c.e, strings.ToLower(r.URL.Query().Get("q"))))
}

func worldView(e *emulator.Emulator, word string) consoleWorld {
	w := e.World()
	view := consoleWorld{
		User: w.User.Name, Email: w.User.Email, Strict: e.Options().Strict, Market: e.Options().VendorsOnly,
		Total: len(w.Addons), Faults: e.Faults(),
	}
	at := map[string]int{}
	for i, owner := range append([]store.Account{w.User}, w.Organisations...) {
		at[owner.ID] = i
		view.Owners = append(view.Owners, consoleOwner{ID: owner.ID, Name: owner.Name, Addons: []consoleAddon{}, Things: thingsOf(w, owner.ID, word)})
	}
	for _, a := range slices.Concat(w.Addons, w.Leaving) {
		p := e.World().ProviderOf(a)
		text := strings.Join([]string{a.Name, a.ID, a.RealID, p.ID, p.Name, p.Plan(a.Plan).Slug, a.Region}, "\n")
		if !strings.Contains(strings.ToLower(text), word) {
			continue
		}
		owner := &view.Owners[at[a.Owner]]
		owner.Found++
		if view.Found++; view.Found <= shownLimit {
			owner.Addons = append(owner.Addons, newConsoleAddon(e, p, a))
		}
	}
	return view
}

func newConsoleAddon(e *emulator.Emulator, p *catalogue.Provider, a *store.Addon) consoleAddon {
	plan := p.Plan(a.Plan)
	view := consoleAddon{
		ID: a.ID, RealID: a.RealID, Name: a.Name, Provider: p.Name, Plan: plan.Name, Zone: a.Region, State: state(a, p),
		ProviderID: p.ID, PlanID: plan.ID, CanChange: p.CanUpgrade, Trouble: a.Trouble(), Variables: e.VariableNames(a),
	}
	if s := a.Vendor; s != nil {
		its := e.World().Registration(a.Provider)
		view.Dashboard = its != nil && its.Site().SSOURL != "" && (s.State == store.Active || s.State == store.Changing)
	}
	return view
}

// state says what is under way with an add-on; "active": nothing.
func state(a *store.Addon, p *catalogue.Provider) string {
	switch m := a.Moving; {
	case a.Vendor != nil && a.Vendor.State == store.Changing && m != nil:
		return "changing to " + p.Plan(m.Plan).Name
	case a.Vendor != nil:
		return string(a.Vendor.State)
	case m != nil:
		return fmt.Sprintf("migrating to %s, %s", p.Plan(m.Plan).Name, m.Region)
	}
	return "active"
}

// getVariables tells an add-on's variables, which the page asks for only when
// somebody wants to see them.
func (c *Console) getVariables(w http.ResponseWriter, r *http.Request) {
	a := c.e.World().Addon(r.PathValue("addon"))
	if a == nil {
		refuse(w, http.StatusNotFound, rest.NoSuchAddon())
		return
	}
	respond(w, http.StatusOK, c.e.Variables(a))
}

// A consoleRequest is a line of the page's list.
type consoleRequest struct {
	Time   string  `json:"time"`
	Took   float64 `json:"took"` // milliseconds
	Method string  `json:"method"`
	Path   string  `json:"path"`
	Status int     `json:"status"` // 0: there was no answer
	Who    string  `json:"who"`    // "" for nobody
}

func requests(e *emulator.Emulator, list []emulator.Exchange) []consoleRequest {
	w := e.World()
	lines := make([]consoleRequest, 0, len(list))
	for _, x := range list {
		line := consoleRequest{
			Time: x.Time.Format(time.RFC3339Nano), Took: float64(x.Took.Microseconds()) / 1000,
			Method: x.Method, Path: x.Path, Status: x.Status,
		}
		if x.Query != "" {
			line.Path += "?" + x.Query
		}
		if who := w.Account(x.User); who != nil {
			line.Who = who.Name
		}
		lines = append(lines, line)
	}
	return lines
}
