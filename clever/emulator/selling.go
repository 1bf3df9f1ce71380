package emulator

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"runner/clever"
	"runner/marketplace/manifest"
)

// This file answers those who sell: an organisation registers a provider, which it
// alone sees and orders from (ALPHA), and gives it features and plans. Nothing of
// what is below a manifest's "api" is ever answered.

// sellersRoutes adds the routes of this file.
func (e *Emulator) sellersRoutes(add func(method, path string, serve func(*call) (answer, error))) {
	const selling = "/v2/organisations/{owner}/addonproviders"
	add("GET", selling, e.listSold)
	add("POST", selling, e.registerProvider)
	add("GET", selling+"/{provider}", e.getSold)
	add("PUT", selling+"/{provider}", e.editProvider)
	add("DELETE", selling+"/{provider}", e.unregisterProvider)
	add("GET", selling+"/{provider}/features", e.listFeatures)
	add("POST", selling+"/{provider}/features", e.addFeature)
	add("DELETE", selling+"/{provider}/features/{feature}", e.removeFeature)
	add("GET", selling+"/{provider}/plans", e.listPlans)
	add("POST", selling+"/{provider}/plans", e.addPlan)
	add("PUT", selling+"/{provider}/plans/{plan}", e.changePlan)
	add("DELETE", selling+"/{provider}/plans/{plan}", e.removePlan)
}

// seller gives the organisation that the path names.
func (e *Emulator) seller(c *call) (string, error) {
	owner, err := e.owner(c)
	if err == nil && owner == e.store.world().user.ID {
		return "", notSelling()
	}
	return owner, err
}

// sells finds what an organisation sells under the id of the path.
func (w *world) sells(owner, id string) (*partner, error) {
	p := w.partner(id)
	if p == nil || p.Owner != owner {
		return nil, notFound("provider")
	}
	return p, nil
}

// sold gives the provider that the path names.
func (e *Emulator) sold(c *call) (*partner, error) {
	owner, err := e.seller(c)
	if err != nil {
		return nil, err
	}
	return e.store.world().sells(owner, c.path["provider"])
}

// resell changes a copy of the provider that the path names, and gives it back
// once it is kept. The lists of what is shown are the copy's own.
func (e *Emulator) resell(c *call, change func(p *partner) error) (*partner, error) {
	owner, err := e.seller(c)
	if err != nil {
		return nil, err
	}
	var changed partner
	err = e.store.change(func(d *draft) error {
		p, err := d.sells(owner, c.path["provider"])
		if err != nil {
			return err
		}
		changed = *p
		changed.Shown.Plans, changed.Shown.Features = slices.Clone(p.Shown.Plans), slices.Clone(p.Shown.Features)
		changed.Retired = slices.Clone(p.Retired)
		if err := change(&changed); err != nil {
			return err
		}
		return d.changePartner(&changed, e.catalogue)
	})
	return &changed, err
}

// card gives a provider as those who sell it see it, without plans and features.
func (p *partner) card() clever.Provider {
	view := p.provider.view
	view.Plans, view.Features = nil, nil
	return view
}

func (e *Emulator) listSold(c *call) (answer, error) {
	owner, err := e.seller(c)
	list := []clever.Provider{}
	for _, p := range e.store.world().partners {
		if p.Owner == owner {
			list = append(list, p.card())
		}
	}
	return answer{body: list}, err
}

func (e *Emulator) getSold(c *call) (answer, error) {
	p, err := e.sold(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: p.card()}, nil
}

// registerProvider takes a manifest. Its rules are the vendor package's; regions may
// be left out, as the platform's Terraform provider does.
func (e *Emulator) registerProvider(c *call) (answer, error) {
	owner, err := e.seller(c)
	if err != nil {
		return answer{}, err
	}
	var m clever.ProviderRegistration
	if err := c.decode(&m); err != nil {
		return answer{}, err
	}
	p, err := partnerOf(m)
	if err != nil {
		return answer{}, err
	}
	p.Owner, p.Shown.Status = owner, "ALPHA"
	err = e.store.change(func(d *draft) error {
		if err := d.adoptPartner(p, e.catalogue); err != nil {
			return providerRefused(err)
		}
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return answer{body: p.provider.view}, nil
}

// partnerOf makes a provider of a manifest, or tells all that is wrong with it.
func partnerOf(m clever.ProviderRegistration) (*partner, error) {
	if m.API.Regions == nil {
		m.API.Regions = []string{"eu"}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	_, problems := manifest.Read(text, manifest.Options{Dialect: manifest.Clever, Loopback: true})
	if wrong := manifest.Errors(problems); len(wrong) > 0 {
		f := wrongField(90071, "emulator.bad-manifest", "manifest", wrong[0].Code+" "+wrong[0].Message)
		f.fields = map[string]string{}
		for _, w := range wrong {
			f.fields[w.Pointer] = w.Code + " " + w.Message
		}
		return nil, f
	}
	return newPartner(string(text), manifest.Clever, "test")
}

// editProvider changes texts; those that are left out stay.
func (e *Emulator) editProvider(c *call) (answer, error) {
	p, err := e.resell(c, func(p *partner) error {
		texts := p.Shown.Texts()
		if err := c.decode(&texts); err != nil {
			return err
		}
		if err := checkName(texts.Name); err != nil {
			return err
		}
		p.Shown.Name, p.Shown.Website, p.Shown.SupportEmail = texts.Name, texts.Website, texts.SupportEmail
		p.Shown.GooglePlusName, p.Shown.TwitterName, p.Shown.AnalyticsID = texts.GooglePlusName, texts.TwitterName, texts.AnalyticsID
		p.Shown.ShortDesc, p.Shown.LongDesc, p.Shown.LogoURL = texts.ShortDesc, texts.LongDesc, texts.LogoURL
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return answer{body: p.card()}, nil
}

func (e *Emulator) unregisterProvider(c *call) (answer, error) {
	owner, err := e.seller(c)
	if err != nil {
		return answer{}, err
	}
	return answer{}, e.store.change(func(d *draft) error {
		p, err := d.sells(owner, c.path["provider"])
		if err != nil {
			return err
		}
		if err := d.removePartner(p.Shown.ID); err != nil {
			return providerRefused(err)
		}
		return nil
	})
}

// providerRefused tells why a provider was not put on sale or taken off.
func providerRefused(err error) error {
	e, ok := errors.AsType[*ProviderError](err)
	switch {
	case !ok:
		return err
	case e.Live:
		return providerInUse(e.Why)
	}
	return alreadyThere("provider", e.ID)
}

func (e *Emulator) listFeatures(c *call) (answer, error) {
	p, err := e.sold(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: append([]clever.Feature{}, p.Shown.Features...)}, nil
}

func (e *Emulator) addFeature(c *call) (answer, error) {
	var f clever.FeatureRequest
	if err := c.decode(&f); err != nil {
		return answer{}, err
	}
	if err := checkName(f.Name); err != nil {
		return answer{}, err
	}
	if !slices.Contains(clever.FeatureTypes(), f.Type) {
		return answer{}, wrongField(90075, "emulator.bad-feature", "type", fmt.Sprintf("%q is none of %s", f.Type, strings.Join(clever.FeatureTypes(), ", ")))
	}
	feature := clever.Feature{Name: f.Name, Type: f.Type}
	_, err := e.resell(c, func(p *partner) error {
		if slices.ContainsFunc(p.Shown.Features, func(g clever.Feature) bool { return g.Name == f.Name }) {
			return alreadyThere("feature", f.Name)
		}
		p.Shown.Features = append(p.Shown.Features, feature)
		return nil
	})
	return answer{body: feature}, err
}

// removeFeature takes a feature off, which the path names in base64; plans that
// say a value of it say it no longer.
func (e *Emulator) removeFeature(c *call) (answer, error) {
	name, err := base64.StdEncoding.DecodeString(c.path["feature"])
	if err != nil {
		return answer{}, notFound("feature")
	}
	its := func(f clever.Feature) bool { return f.Name == string(name) }
	_, err = e.resell(c, func(p *partner) error {
		if !slices.ContainsFunc(p.Shown.Features, its) {
			return notFound("feature")
		}
		p.Shown.Features = slices.DeleteFunc(p.Shown.Features, its)
		for i, pl := range p.Shown.Plans {
			p.Shown.Plans[i].Features = slices.DeleteFunc(slices.Clone(pl.Features), its)
		}
		return nil
	})
	return answer{}, err
}

func (e *Emulator) listPlans(c *call) (answer, error) {
	p, err := e.sold(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: p.provider.view.Plans}, nil
}

func (e *Emulator) addPlan(c *call) (answer, error) {
	return e.putPlan(c, func(p *partner, pl clever.Plan) (clever.Plan, error) {
		pl.ID = newPlan(pl.Slug, pl.Name).ID
		p.Shown.Plans = append(p.Shown.Plans, pl)
		return pl, nil
	})
}

// changePlan writes a plan anew: features that are left out are dropped.
func (e *Emulator) changePlan(c *call) (answer, error) {
	return e.putPlan(c, func(p *partner, pl clever.Plan) (clever.Plan, error) {
		at, err := p.planAt(c.path["plan"])
		if err != nil {
			return pl, err
		}
		pl.ID = p.Shown.Plans[at].ID
		p.Shown.Plans[at] = pl
		return pl, nil
	})
}

// putPlan reads a plan and lets it be put among those of a provider, whose slugs
// and names are there once.
func (e *Emulator) putPlan(c *call, put func(*partner, clever.Plan) (clever.Plan, error)) (answer, error) {
	var asked clever.PlanRequest
	if err := c.decode(&asked); err != nil {
		return answer{}, err
	}
	var plan clever.Plan
	_, err := e.resell(c, func(p *partner) error {
		pl, err := p.priced(asked)
		if err != nil {
			return err
		}
		if plan, err = put(p, pl); err != nil {
			return err
		}
		for _, other := range p.Shown.Plans {
			if other.ID != plan.ID && (strings.EqualFold(other.Slug, plan.Slug) || other.Name == plan.Name) {
				return alreadyThere("plan", plan.Slug)
			}
		}
		return nil
	})
	return answer{body: plan}, err
}

// priced makes a plan of what is asked for, with the types of the provider's
// features.
func (p *partner) priced(asked clever.PlanRequest) (clever.Plan, error) {
	if err := checkName(asked.Name); err != nil {
		return clever.Plan{}, err
	}
	if !isSlug(asked.Slug) {
		return clever.Plan{}, wrongField(90076, "emulator.bad-plan", "slug", fmt.Sprintf("%q is no slug", asked.Slug))
	}
	if asked.Price < 0 {
		return clever.Plan{}, wrongField(90076, "emulator.bad-plan", "price", "it is below zero")
	}
	pl := clever.Plan{Slug: asked.Slug, Name: asked.Name, Price: asked.Price, Zones: p.provider.Zones, Features: []clever.Feature{}}
	for _, f := range asked.Features {
		at := slices.IndexFunc(p.Shown.Features, func(g clever.Feature) bool { return g.Name == f.Name })
		if at < 0 {
			return clever.Plan{}, wrongField(90075, "emulator.bad-feature", "features", fmt.Sprintf("the provider has no feature %q", f.Name))
		}
		pl.Features = append(pl.Features, clever.Feature{Name: f.Name, Type: p.Shown.Features[at].Type, Value: f.Value})
	}
	return pl, nil
}

// removePlan takes a plan off the catalogue; who has it keeps it.
func (e *Emulator) removePlan(c *call) (answer, error) {
	_, err := e.resell(c, func(p *partner) error {
		at, err := p.planAt(c.path["plan"])
		if err != nil {
			return err
		}
		p.Retired = append(p.Retired, p.Shown.Plans[at])
		p.Shown.Plans = slices.Delete(p.Shown.Plans, at, at+1)
		return nil
	})
	return answer{}, err
}

func (p *partner) planAt(id string) (int, error) {
	at := slices.IndexFunc(p.Shown.Plans, func(pl clever.Plan) bool { return pl.ID == id })
	if at < 0 {
		return 0, notFound("plan")
	}
	return at, nil
}
