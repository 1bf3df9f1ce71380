package emulator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// view returns an add-on as v2 shows it.
func (e *Emulator) view(a *store.Addon) clever.Addon {
	p := e.store.World().ProviderOf(a)
	provider := p.View
	provider.Plans, provider.Features = nil, nil
	return clever.Addon{
		ID: a.ID, Name: a.Name, RealID: a.RealID, Region: a.Region, ZoneID: e.catalogue.Zone(a.Region).ID,
		Provider: provider, Plan: p.Plan(a.Plan).View, CreationDate: a.Created, ConfigKeys: variables(p, a),
	}
}

func (e *Emulator) views(list []*store.Addon) []clever.Addon {
	views := make([]clever.Addon, 0, len(list))
	for _, a := range list {
		views = append(views, e.view(a))
	}
	return views
}

// addon finds what a v2 path names, below the owner that it names. v2 took real
// ids for years; StrictIDs does as it does since.
func (e *Emulator) addon(c *rest.Call) (*store.Addon, error) {
	owner, err := e.owner(c)
	if err != nil {
		return nil, err
	}
	return e.addonOf(e.store.World(), owner, c.Path["addon"])
}

func (e *Emulator) addonOf(w *store.World, owner, id string) (*store.Addon, error) {
	a := w.Addon(id)
	switch {
	case a == nil, e.options.StrictIDs && a.ID != id:
		return nil, rest.NoSuchAddon()
	case a.Owner != owner:
		return nil, rest.ForeignAddon()
	}
	return a, nil
}

// alter changes a copy of the add-on that a v2 path names, and returns it
// once it is kept.
func (e *Emulator) alter(c *rest.Call, change func(*store.Addon) error) (*store.Addon, error) {
	owner, err := e.owner(c)
	if err != nil {
		return nil, err
	}
	var changed store.Addon
	err = e.store.Change(func(d *store.Draft) error {
		a, err := e.addonOf(&d.World, owner, c.Path["addon"])
		if err != nil {
			return err
		}
		changed = *a
		if err := change(&changed); err != nil {
			return err
		}
		d.Replace(&changed)
		return nil
	})
	return &changed, err
}

func (e *Emulator) listAddons(c *rest.Call) (rest.Response, error) {
	owner, err := e.owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: e.views(e.store.World().AddonsOf(owner))}, nil
}

func (e *Emulator) getAddon(c *rest.Call) (rest.Response, error) {
	a, err := e.addon(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: e.view(a)}, nil
}

// createAddon takes an order. Two add-ons may have one name: nothing says that
// the platform forbids it.
func (e *Emulator) createAddon(c *rest.Call) (rest.Response, error) {
	owner, err := e.owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	var order clever.CreateRequest
	if err := c.Decode(&order); err != nil {
		return rest.Response{}, err
	}
	p, pl, err := e.match(order, owner)
	if err == nil && e.options.StrictOptions && e.store.World().Registration(p.ID) == nil { // what vendors take is theirs to say
		err = checkOptions(p, order.Options)
	}
	if err != nil {
		return rest.Response{}, err
	}
	uuid := catalogue.NewUUID()
	a := &store.Addon{
		ID: "addon_" + catalogue.NewUUID(), RealID: p.RealPrefix + uuid, Owner: owner, Name: order.Name,
		Provider: p.ID, Plan: pl.ID, Region: order.Region, Created: e.options.Now().UnixMilli(),
		Version: p.Version(pl, order.Region, order.Options["version"]), Options: order.Options, Facts: p.NewFacts(),
	}
	if its := e.store.World().Registration(p.ID); its != nil {
		made, err := e.market.Order(c, its, a)
		if err != nil {
			return rest.Response{}, err
		}
		return rest.Response{Body: e.view(made)}, nil
	}
	if err := e.ensure(a); err != nil {
		return rest.Response{}, notMade(err)
	}
	err = e.store.Change(func(d *store.Draft) error {
		d.Add(a)
		return nil
	})
	if err != nil {
		e.discard(a)
		return rest.Response{}, err
	}
	return rest.Response{Body: e.view(a)}, nil
}

// preorder is what command lines did before an order until 2021.
func (e *Emulator) preorder(c *rest.Call) (rest.Response, error) {
	if _, err := e.owner(c); err != nil {
		return rest.Response{}, err
	}
	return rest.Response{}, rest.Discontinued()
}

// match finds what an owner's order asks for, or says which member is wrong. Options
// that nobody knows are passed over.
func (e *Emulator) match(order clever.CreateRequest, owner string) (*catalogue.Provider, *catalogue.Plan, error) {
	if err := rest.CheckName(order.Name); err != nil {
		return nil, nil, err
	}
	p := e.store.World().Offered(order.ProviderID, owner)
	if p == nil {
		return nil, nil, rest.BadField(90021, "emulator.unknown-provider", "providerId",
			fmt.Sprintf("there is no provider %q", order.ProviderID))
	}
	pl, err := choosePlan(p, order.Plan, order.Region)
	if err != nil {
		return nil, nil, err
	}
	return p, pl, checkVersion(p, pl, order.Options["version"])
}

// choosePlan returns a plan that is offered in a region.
func choosePlan(p *catalogue.Provider, id, region string) (*catalogue.Plan, error) {
	pl := p.Plan(id)
	if pl == nil {
		return nil, rest.BadField(90022, "emulator.unknown-plan", "plan",
			fmt.Sprintf("%q is not the id of a plan of %s", id, p.ID))
	}
	if pl.Retired {
		return nil, rest.BadField(90022, "emulator.unknown-plan", "plan", fmt.Sprintf("%q is no longer offered", pl.Slug))
	}
	if !slices.Contains(p.Zones, region) {
		return nil, rest.BadField(90023, "emulator.unknown-region", "region",
			fmt.Sprintf("%q is none of %s", region, strings.Join(p.Zones, ", ")))
	}
	return pl, nil
}

// checkOptions refuses what the provider does not have, the first in their order.
func checkOptions(p *catalogue.Provider, options map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		_, isSwitch := p.Options[name]
		value := options[name]
		switch {
		case isSwitch && value != "true" && value != "false":
			return rest.BadField(90026, "emulator.unknown-option", "options."+name, fmt.Sprintf("%q is neither true nor false", value))
		case isSwitch, slices.Contains(p.Settings, name):
		case name == "version" && p.Typed(): // clever-tools sends it to whom v4 knows, though there be none
		default:
			return rest.BadField(90026, "emulator.unknown-option", "options."+name, "the addons of "+p.ID+" have no such option")
		}
	}
	return nil
}

// checkVersion refuses a version that the provider does not have. On a shared
// plan anything goes, as its clusters decide; clients send the default there.
func checkVersion(p *catalogue.Provider, pl *catalogue.Plan, version string) error {
	if version == "" || pl.Shared || len(p.Versions) == 0 || slices.Contains(p.Versions, version) {
		return nil
	}
	return rest.BadField(90024, "emulator.unknown-version", "options.version",
		fmt.Sprintf("%q is none of %s", version, strings.Join(p.Versions, ", ")))
}

// renameAddon changes the name, and nothing else that a body may hold.
func (e *Emulator) renameAddon(c *rest.Call) (rest.Response, error) {
	var body struct {
		Name string `json:"name"`
	}
	if err := c.Decode(&body); err != nil {
		return rest.Response{}, err
	}
	if err := rest.CheckName(body.Name); err != nil {
		return rest.Response{}, err
	}
	a, err := e.alter(c, func(a *store.Addon) error {
		a.Name = body.Name
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: e.view(a)}, nil
}

func (e *Emulator) deleteAddon(c *rest.Call) (rest.Response, error) {
	owner, err := e.owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	var of string
	err = e.store.Change(func(d *store.Draft) error {
		a, err := e.addonOf(&d.World, owner, c.Path["addon"])
		if err != nil {
			return err
		}
		if a.Vendor != nil {
			of = a.ID
		}
		d.Remove(a.ID)
		return nil
	})
	if err == nil && of != "" {
		_ = e.market.Await(c, of, true) // for its owner it is gone, whatever the vendor says
	}
	return rest.Response{Body: clever.Message{ID: 318, Message: "The addon has been removed.", Type: "success"}}, err
}

func (e *Emulator) getEnv(c *rest.Call) (rest.Response, error) {
	a, err := e.addon(c)
	if err != nil {
		return rest.Response{}, err
	}
	env := environment(e.store.World().ProviderOf(a), a)
	if f := faultOf(c); f.Kind == EnvLate && e.options.Now().Sub(time.UnixMilli(a.Created)) < f.Wait {
		env = env[:len(env)/2]
	}
	return rest.Response{Body: env}, nil
}

// getSSO returns what a browser would post to the vendor's dashboard. The platform's
// own add-ons have no dashboard behind it.
func (e *Emulator) getSSO(c *rest.Call) (rest.Response, error) {
	a, err := e.addon(c)
	if err != nil {
		return rest.Response{}, err
	}
	if a.Vendor != nil {
		return e.market.SSO(a)
	}
	u := e.store.World().User
	return rest.Response{Body: map[string]string{
		"url": "https://dashboard.example.test/" + a.Provider + "/sso", "id": a.RealID,
		"timestamp": fmt.Sprint(e.options.Now().Unix()), "token": catalogue.RandomText(catalogue.LowerAlphanumeric, 40), "signature": catalogue.RandomText(catalogue.LowerAlphanumeric, 40),
		"email": u.Email, "user_id": u.ID, "userinfo_signature": catalogue.RandomText(catalogue.LowerAlphanumeric, 40), "name": u.Name, "nav-data": "",
	}}, nil
}
