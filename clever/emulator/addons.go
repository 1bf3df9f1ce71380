package emulator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"runner/clever"
)

// view gives an add-on as v2 shows it.
func (e *Emulator) view(a *addon) clever.Addon {
	p := e.store.world().providerOf(a)
	provider := p.view
	provider.Plans, provider.Features = nil, nil
	return clever.Addon{
		ID: a.ID, Name: a.Name, RealID: a.RealID, Region: a.Region, ZoneID: e.catalogue.zone(a.Region).ID,
		Provider: provider, Plan: p.plan(a.Plan).view, CreationDate: a.Created, ConfigKeys: variables(p, a),
	}
}

func (e *Emulator) views(list []*addon) []clever.Addon {
	views := make([]clever.Addon, 0, len(list))
	for _, a := range list {
		views = append(views, e.view(a))
	}
	return views
}

// addon finds what a v2 path names, below the owner that it names. v2 took real
// ids for years; StrictIDs does as it does since.
func (e *Emulator) addon(c *call) (*addon, error) {
	owner, err := e.owner(c)
	if err != nil {
		return nil, err
	}
	return e.addonOf(e.store.world(), owner, c.path["addon"])
}

func (e *Emulator) addonOf(w *world, owner, id string) (*addon, error) {
	a := w.addon(id)
	switch {
	case a == nil, e.options.StrictIDs && a.ID != id:
		return nil, noSuchAddon()
	case a.Owner != owner:
		return nil, foreignAddon()
	}
	return a, nil
}

// alter changes a copy of the add-on that a v2 path names, and gives it back
// once it is kept.
func (e *Emulator) alter(c *call, change func(*addon) error) (*addon, error) {
	owner, err := e.owner(c)
	if err != nil {
		return nil, err
	}
	var changed addon
	err = e.store.change(func(d *draft) error {
		a, err := e.addonOf(&d.world, owner, c.path["addon"])
		if err != nil {
			return err
		}
		changed = *a
		if err := change(&changed); err != nil {
			return err
		}
		d.replace(&changed)
		return nil
	})
	return &changed, err
}

func (e *Emulator) listAddons(c *call) (answer, error) {
	owner, err := e.owner(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: e.views(e.store.world().of(owner))}, nil
}

func (e *Emulator) getAddon(c *call) (answer, error) {
	a, err := e.addon(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: e.view(a)}, nil
}

// createAddon takes an order. Two add-ons may have one name: nothing says that
// the platform forbids it.
func (e *Emulator) createAddon(c *call) (answer, error) {
	owner, err := e.owner(c)
	if err != nil {
		return answer{}, err
	}
	var order clever.CreateRequest
	if err := c.decode(&order); err != nil {
		return answer{}, err
	}
	p, pl, err := e.match(order, owner)
	if err == nil && e.options.StrictOptions && e.store.world().partner(p.ID) == nil { // what vendors take is theirs to say
		err = checkOptions(p, order.Options)
	}
	if err != nil {
		return answer{}, err
	}
	uuid := newUUID()
	a := &addon{
		ID: "addon_" + newUUID(), RealID: p.RealPrefix + uuid, Owner: owner, Name: order.Name,
		Provider: p.ID, Plan: pl.ID, Region: order.Region, Created: e.options.Now().UnixMilli(),
		Version: p.version(pl, order.Region, order.Options["version"]), Options: order.Options, Facts: p.draw(),
	}
	if its := e.store.world().partner(p.ID); its != nil {
		made, err := e.market.order(c, its, a)
		if err != nil {
			return answer{}, err
		}
		return answer{body: e.view(made)}, nil
	}
	if err := e.ensure(a); err != nil {
		return answer{}, noDatabase(err)
	}
	err = e.store.change(func(d *draft) error {
		d.add(a)
		return nil
	})
	if err != nil {
		e.discard(a)
		return answer{}, err
	}
	return answer{body: e.view(a)}, nil
}

// preorder is what command lines did before an order until 2021.
func (e *Emulator) preorder(c *call) (answer, error) {
	if _, err := e.owner(c); err != nil {
		return answer{}, err
	}
	return answer{}, discontinued()
}

// match finds what an owner's order asks for, or says which member is wrong. Options
// that nobody knows are passed over.
func (e *Emulator) match(order clever.CreateRequest, owner string) (*provider, *plan, error) {
	if err := checkName(order.Name); err != nil {
		return nil, nil, err
	}
	p := e.store.world().offered(order.ProviderID, owner)
	if p == nil {
		return nil, nil, wrongField(90021, "emulator.unknown-provider", "providerId",
			fmt.Sprintf("there is no provider %q", order.ProviderID))
	}
	pl, err := choosePlan(p, order.Plan, order.Region)
	if err != nil {
		return nil, nil, err
	}
	return p, pl, checkVersion(p, pl, order.Options["version"])
}

// choose finds a plan that is on sale in a region.
func choosePlan(p *provider, id, region string) (*plan, error) {
	pl := p.plan(id)
	if pl == nil {
		return nil, wrongField(90022, "emulator.unknown-plan", "plan",
			fmt.Sprintf("%q is not the id of a plan of %s", id, p.ID))
	}
	if pl.Retired {
		return nil, wrongField(90022, "emulator.unknown-plan", "plan", fmt.Sprintf("%q is no longer sold", pl.Slug))
	}
	if !slices.Contains(p.Zones, region) {
		return nil, wrongField(90023, "emulator.unknown-region", "region",
			fmt.Sprintf("%q is none of %s", region, strings.Join(p.Zones, ", ")))
	}
	return pl, nil
}

// checkOptions refuses what the provider does not have, the first in their order.
func checkOptions(p *provider, options map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		_, isSwitch := p.Options[name]
		value := options[name]
		switch {
		case isSwitch && value != "true" && value != "false":
			return wrongField(90026, "emulator.unknown-option", "options."+name, fmt.Sprintf("%q is neither true nor false", value))
		case isSwitch, slices.Contains(p.Settings, name):
		case name == "version" && p.typed(): // clever-tools sends it to whom v4 knows, though there be none
		default:
			return wrongField(90026, "emulator.unknown-option", "options."+name, "the addons of "+p.ID+" have no such option")
		}
	}
	return nil
}

// checkVersion refuses a version that the provider does not have. On a shared
// plan anything goes, as its clusters decide; clients send the default there.
func checkVersion(p *provider, pl *plan, version string) error {
	if version == "" || pl.Shared || len(p.Versions) == 0 || slices.Contains(p.Versions, version) {
		return nil
	}
	return wrongField(90024, "emulator.unknown-version", "options.version",
		fmt.Sprintf("%q is none of %s", version, strings.Join(p.Versions, ", ")))
}

// renameAddon changes the name, and nothing else that a body may hold.
func (e *Emulator) renameAddon(c *call) (answer, error) {
	var body struct {
		Name string `json:"name"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if err := checkName(body.Name); err != nil {
		return answer{}, err
	}
	a, err := e.alter(c, func(a *addon) error {
		a.Name = body.Name
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return answer{body: e.view(a)}, nil
}

func (e *Emulator) deleteAddon(c *call) (answer, error) {
	owner, err := e.owner(c)
	if err != nil {
		return answer{}, err
	}
	var sold string
	err = e.store.change(func(d *draft) error {
		a, err := e.addonOf(&d.world, owner, c.path["addon"])
		if err != nil {
			return err
		}
		if a.Sale != nil {
			sold = a.ID
		}
		d.remove(a.ID)
		return nil
	})
	if err == nil && sold != "" {
		_ = e.market.settle(c, sold, true) // for its owner it is gone, whatever the vendor says
	}
	return answer{body: clever.Message{ID: 318, Message: "The addon has been removed.", Type: "success"}}, err
}

func (e *Emulator) getEnv(c *call) (answer, error) {
	a, err := e.addon(c)
	if err != nil {
		return answer{}, err
	}
	env := environment(e.store.world().providerOf(a), a)
	if f := faultOf(c); f.Kind == EnvLate && e.options.Now().Sub(time.UnixMilli(a.Created)) < f.Wait {
		env = env[:len(env)/2]
	}
	return answer{body: env}, nil
}

// emptyOfAddon answers for what an add-on could have here, and never has.
func (e *Emulator) emptyOfAddon(c *call) (answer, error) {
	_, err := e.addon(c)
	return answer{body: []any{}}, err
}

// getSSO gives what a browser would post to the vendor's dashboard. The platform's
// own add-ons have no dashboard behind it.
func (e *Emulator) getSSO(c *call) (answer, error) {
	a, err := e.addon(c)
	if err != nil {
		return answer{}, err
	}
	if a.Sale != nil {
		return e.market.saleSSO(a)
	}
	u := e.store.world().user
	return answer{body: map[string]string{
		"url": "https://dashboard.example.test/" + a.Provider + "/sso", "id": a.RealID,
		"timestamp": fmt.Sprint(e.options.Now().Unix()), "token": pick(lower, 40), "signature": pick(lower, 40),
		"email": u.Email, "user_id": u.ID, "userinfo_signature": pick(lower, 40), "name": u.Name, "nav-data": "",
	}}, nil
}
