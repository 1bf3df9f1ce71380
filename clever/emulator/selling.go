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
func (m *market) sellersRoutes(add func(method, path string, serve func(*call) (answer, error))) {
	const selling = "/v2/organisations/{owner}/addonproviders"
	add("GET", selling, m.listSold)
	add("POST", selling, m.registerProvider)
	add("GET", selling+"/{provider}", m.getSold)
	add("PUT", selling+"/{provider}", m.editProvider)
	add("DELETE", selling+"/{provider}", m.unregisterProvider)
	add("GET", selling+"/{provider}/features", m.listFeatures)
	add("POST", selling+"/{provider}/features", m.addFeature)
	add("DELETE", selling+"/{provider}/features/{feature}", m.removeFeature)
	add("GET", selling+"/{provider}/plans", m.listPlans)
	add("POST", selling+"/{provider}/plans", m.addPlan)
	add("PUT", selling+"/{provider}/plans/{plan}", m.changePlan)
	add("DELETE", selling+"/{provider}/plans/{plan}", m.removePlan)
}

// seller gives the organisation that the path names.
func (m *market) seller(c *call) (string, error) {
	owner, err := m.options.Owner(c)
	if err == nil && owner == m.store.world().user.ID {
		return "", notSelling()
	}
	return owner, err
}

// sold gives the provider that the path names.
func (m *market) sold(c *call) (*partner, error) {
	owner, err := m.seller(c)
	if err != nil {
		return nil, err
	}
	return sells(m.store.world(), owner, c)
}

// sells finds the provider that the path names.
func sells(w *world, owner string, c *call) (*partner, error) {
	if p := w.sells(owner, c.path["provider"]); p != nil {
		return p, nil
	}
	return nil, notFound("provider")
}

// resell changes a copy of the provider that the path names, and gives it back
// once it is kept. The lists of what is shown are the copy's own.
func (m *market) resell(c *call, change func(p *partner) error) (*partner, error) {
	owner, err := m.seller(c)
	if err != nil {
		return nil, err
	}
	var changed partner
	err = m.store.change(func(d *draft) error {
		p, err := sells(&d.world, owner, c)
		if err != nil {
			return err
		}
		changed = *p
		changed.Shown.Plans, changed.Shown.Features = slices.Clone(p.Shown.Plans), slices.Clone(p.Shown.Features)
		changed.Retired = slices.Clone(p.Retired)
		if err := change(&changed); err != nil {
			return err
		}
		return d.changePartner(&changed)
	})
	return &changed, err
}

// summary returns a provider as those who sell it see it, without plans and features.
func summary(p *partner) clever.Provider {
	view := p.provider.view
	view.Plans, view.Features = nil, nil
	return view
}

func (m *market) listSold(c *call) (answer, error) {
	owner, err := m.seller(c)
	list := []clever.Provider{}
	for _, p := range m.store.world().partners {
		if p.Owner == owner {
			list = append(list, summary(p))
		}
	}
	return answer{body: list}, err
}

func (m *market) getSold(c *call) (answer, error) {
	p, err := m.sold(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: summary(p)}, nil
}

// registerProvider takes a manifest. Its rules are the vendor package's; regions may
// be left out, as the platform's Terraform provider does.
func (m *market) registerProvider(c *call) (answer, error) {
	owner, err := m.seller(c)
	if err != nil {
		return answer{}, err
	}
	var sent clever.ProviderRegistration
	if err := c.decode(&sent); err != nil {
		return answer{}, err
	}
	p, err := partnerOf(sent)
	if err != nil {
		return answer{}, err
	}
	p.Owner, p.Shown.Status = owner, "ALPHA"
	err = m.store.change(func(d *draft) error {
		if err := d.adoptPartner(p); err != nil {
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
func (m *market) editProvider(c *call) (answer, error) {
	p, err := m.resell(c, func(p *partner) error {
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
	return answer{body: summary(p)}, nil
}

func (m *market) unregisterProvider(c *call) (answer, error) {
	owner, err := m.seller(c)
	if err != nil {
		return answer{}, err
	}
	return answer{}, m.store.change(func(d *draft) error {
		p, err := sells(&d.world, owner, c)
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

func (m *market) listFeatures(c *call) (answer, error) {
	p, err := m.sold(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: append([]clever.Feature{}, p.Shown.Features...)}, nil
}

func (m *market) addFeature(c *call) (answer, error) {
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
	_, err := m.resell(c, func(p *partner) error {
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
func (m *market) removeFeature(c *call) (answer, error) {
	name, err := base64.StdEncoding.DecodeString(c.path["feature"])
	if err != nil {
		return answer{}, notFound("feature")
	}
	its := func(f clever.Feature) bool { return f.Name == string(name) }
	_, err = m.resell(c, func(p *partner) error {
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

func (m *market) listPlans(c *call) (answer, error) {
	p, err := m.sold(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: p.provider.view.Plans}, nil
}

func (m *market) addPlan(c *call) (answer, error) {
	return m.putPlan(c, func(p *partner, pl clever.Plan) (clever.Plan, error) {
		pl.ID = newPlan(pl.Slug, pl.Name).ID
		p.Shown.Plans = append(p.Shown.Plans, pl)
		return pl, nil
	})
}

// changePlan writes a plan anew: features that are left out are dropped.
func (m *market) changePlan(c *call) (answer, error) {
	return m.putPlan(c, func(p *partner, pl clever.Plan) (clever.Plan, error) {
		at, err := planAt(p, c.path["plan"])
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
func (m *market) putPlan(c *call, put func(*partner, clever.Plan) (clever.Plan, error)) (answer, error) {
	var asked clever.PlanRequest
	if err := c.decode(&asked); err != nil {
		return answer{}, err
	}
	var plan clever.Plan
	_, err := m.resell(c, func(p *partner) error {
		pl, err := priced(p, asked)
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
func priced(p *partner, asked clever.PlanRequest) (clever.Plan, error) {
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
func (m *market) removePlan(c *call) (answer, error) {
	_, err := m.resell(c, func(p *partner) error {
		at, err := planAt(p, c.path["plan"])
		if err != nil {
			return err
		}
		p.Retired = append(p.Retired, p.Shown.Plans[at])
		p.Shown.Plans = slices.Delete(p.Shown.Plans, at, at+1)
		return nil
	})
	return answer{}, err
}

func planAt(p *partner, id string) (int, error) {
	at := slices.IndexFunc(p.Shown.Plans, func(pl clever.Plan) bool { return pl.ID == id })
	if at < 0 {
		return 0, notFound("plan")
	}
	return at, nil
}
