package market

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"runner/clever"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
)

// An organisation registers a provider, which it
// alone sees and orders from (ALPHA), and adds features and plans. Nothing of
// what is below a manifest's "api" is ever answered.

// SellersRoutes adds the routes of this file.
func (m *Market) SellersRoutes(add func(method, path string, serve func(*rest.Call) (rest.Response, error))) {
	const base = "/v2/organisations/{owner}/addonproviders"
	add("GET", base, m.listOwn)
	add("POST", base, m.registerProvider)
	add("GET", base+"/{provider}", m.getOwn)
	add("PUT", base+"/{provider}", m.editProvider)
	add("DELETE", base+"/{provider}", m.unregisterProvider)
	add("GET", base+"/{provider}/features", m.listFeatures)
	add("POST", base+"/{provider}/features", m.addFeature)
	add("DELETE", base+"/{provider}/features/{feature}", m.removeFeature)
	add("GET", base+"/{provider}/plans", m.listPlans)
	add("POST", base+"/{provider}/plans", m.addPlan)
	add("PUT", base+"/{provider}/plans/{plan}", m.changePlan)
	add("DELETE", base+"/{provider}/plans/{plan}", m.removePlan)
}

// organisation returns the organisation that the path names.
func (m *Market) organisation(c *rest.Call) (string, error) {
	owner, err := m.options.Owner(c)
	if err == nil && owner == m.store.World().User.ID {
		return "", rest.NotSelling()
	}
	return owner, err
}

// own returns the provider that the path names.
func (m *Market) own(c *rest.Call) (*store.Registration, error) {
	owner, err := m.organisation(c)
	if err != nil {
		return nil, err
	}
	return find(m.store.World(), owner, c)
}

// find returns the provider that the path names.
func find(w *store.World, owner string, c *rest.Call) (*store.Registration, error) {
	if p := w.RegistrationOf(owner, c.Path["provider"]); p != nil {
		return p, nil
	}
	return nil, rest.NotFound("provider")
}

// edit changes a copy of the provider that the path names, and returns it
// once it is kept. The lists of what is shown are the copy's own.
func (m *Market) edit(c *rest.Call, change func(p *store.Registration) error) (*store.Registration, error) {
	owner, err := m.organisation(c)
	if err != nil {
		return nil, err
	}
	var changed store.Registration
	err = m.store.Change(func(d *store.Draft) error {
		p, err := find(&d.World, owner, c)
		if err != nil {
			return err
		}
		changed = *p
		changed.Shown.Plans, changed.Shown.Features = slices.Clone(p.Shown.Plans), slices.Clone(p.Shown.Features)
		changed.Retired = slices.Clone(p.Retired)
		if err := change(&changed); err != nil {
			return err
		}
		return d.ReplaceRegistration(&changed)
	})
	return &changed, err
}

// withoutPlans returns a provider as its organisation sees it, without plans and features.
func withoutPlans(p *store.Registration) clever.Provider {
	view := p.Provider.View
	view.Plans, view.Features = nil, nil
	return view
}

func (m *Market) listOwn(c *rest.Call) (rest.Response, error) {
	owner, err := m.organisation(c)
	list := []clever.Provider{}
	for _, p := range m.store.World().Registrations {
		if p.Owner == owner {
			list = append(list, withoutPlans(p))
		}
	}
	return rest.Response{Body: list}, err
}

func (m *Market) getOwn(c *rest.Call) (rest.Response, error) {
	p, err := m.own(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: withoutPlans(p)}, nil
}

// registerProvider takes a manifest. Its rules are the vendor package's; regions may
// be left out, as the platform's Terraform provider does.
func (m *Market) registerProvider(c *rest.Call) (rest.Response, error) {
	owner, err := m.organisation(c)
	if err != nil {
		return rest.Response{}, err
	}
	var sent clever.ProviderRegistration
	if err := c.Decode(&sent); err != nil {
		return rest.Response{}, err
	}
	p, err := registrationFrom(sent)
	if err != nil {
		return rest.Response{}, err
	}
	p.Owner, p.Shown.Status = owner, "ALPHA"
	err = m.store.Change(func(d *store.Draft) error {
		if err := d.AddRegistration(p); err != nil {
			return providerRefused(err)
		}
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: p.Provider.View}, nil
}

// registrationFrom makes a provider of a manifest, or tells all that is wrong with it.
func registrationFrom(m clever.ProviderRegistration) (*store.Registration, error) {
	if m.API.Regions == nil {
		m.API.Regions = []string{"eu"}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	_, problems := manifest.Read(text, manifest.Options{Dialect: manifest.Clever, Loopback: true})
	if wrong := manifest.Errors(problems); len(wrong) > 0 {
		f := rest.BadField(90071, "emulator.bad-manifest", "manifest", wrong[0].Code+" "+wrong[0].Message)
		f.Fields = map[string]string{}
		for _, w := range wrong {
			f.Fields[w.Pointer] = w.Code + " " + w.Message
		}
		return nil, f
	}
	return newRegistration(string(text), manifest.Clever, "test")
}

// editProvider changes texts; those that are left out stay.
func (m *Market) editProvider(c *rest.Call) (rest.Response, error) {
	p, err := m.edit(c, func(p *store.Registration) error {
		texts := p.Shown.Texts()
		if err := c.Decode(&texts); err != nil {
			return err
		}
		if err := rest.CheckName(texts.Name); err != nil {
			return err
		}
		p.Shown.Name, p.Shown.Website, p.Shown.SupportEmail = texts.Name, texts.Website, texts.SupportEmail
		p.Shown.GooglePlusName, p.Shown.TwitterName, p.Shown.AnalyticsID = texts.GooglePlusName, texts.TwitterName, texts.AnalyticsID
		p.Shown.ShortDesc, p.Shown.LongDesc, p.Shown.LogoURL = texts.ShortDesc, texts.LongDesc, texts.LogoURL
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: withoutPlans(p)}, nil
}

func (m *Market) unregisterProvider(c *rest.Call) (rest.Response, error) {
	owner, err := m.organisation(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{}, m.store.Change(func(d *store.Draft) error {
		p, err := find(&d.World, owner, c)
		if err != nil {
			return err
		}
		if err := d.RemoveRegistration(p.Shown.ID); err != nil {
			return providerRefused(err)
		}
		return nil
	})
}

// providerRefused returns why a provider was not registered or removed.
func providerRefused(err error) error {
	e, ok := errors.AsType[*store.ProviderError](err)
	switch {
	case !ok:
		return err
	case e.Live:
		return rest.ProviderInUse(e.Why)
	}
	return rest.AlreadyThere("provider", e.ID)
}

func (m *Market) listFeatures(c *rest.Call) (rest.Response, error) {
	p, err := m.own(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: append([]clever.Feature{}, p.Shown.Features...)}, nil
}

func (m *Market) addFeature(c *rest.Call) (rest.Response, error) {
	var f clever.FeatureRequest
	if err := c.Decode(&f); err != nil {
		return rest.Response{}, err
	}
	if err := rest.CheckName(f.Name); err != nil {
		return rest.Response{}, err
	}
	if !slices.Contains(clever.FeatureTypes(), f.Type) {
		return rest.Response{}, rest.BadField(90075, "emulator.bad-feature", "type", fmt.Sprintf("%q is none of %s", f.Type, strings.Join(clever.FeatureTypes(), ", ")))
	}
	feature := clever.Feature{Name: f.Name, Type: f.Type}
	_, err := m.edit(c, func(p *store.Registration) error {
		if slices.ContainsFunc(p.Shown.Features, func(g clever.Feature) bool { return g.Name == f.Name }) {
			return rest.AlreadyThere("feature", f.Name)
		}
		p.Shown.Features = append(p.Shown.Features, feature)
		return nil
	})
	return rest.Response{Body: feature}, err
}

// removeFeature takes a feature off, which the path names in base64; plans that
// say a value of it say it no longer.
func (m *Market) removeFeature(c *rest.Call) (rest.Response, error) {
	name, err := base64.StdEncoding.DecodeString(c.Path["feature"])
	if err != nil {
		return rest.Response{}, rest.NotFound("feature")
	}
	its := func(f clever.Feature) bool { return f.Name == string(name) }
	_, err = m.edit(c, func(p *store.Registration) error {
		if !slices.ContainsFunc(p.Shown.Features, its) {
			return rest.NotFound("feature")
		}
		p.Shown.Features = slices.DeleteFunc(p.Shown.Features, its)
		for i, pl := range p.Shown.Plans {
			p.Shown.Plans[i].Features = slices.DeleteFunc(slices.Clone(pl.Features), its)
		}
		return nil
	})
	return rest.Response{}, err
}

func (m *Market) listPlans(c *rest.Call) (rest.Response, error) {
	p, err := m.own(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: p.Provider.View.Plans}, nil
}

func (m *Market) addPlan(c *rest.Call) (rest.Response, error) {
	return m.putPlan(c, func(p *store.Registration, pl clever.Plan) (clever.Plan, error) {
		pl.ID = newPlan(pl.Slug, pl.Name).ID
		p.Shown.Plans = append(p.Shown.Plans, pl)
		return pl, nil
	})
}

// changePlan writes a plan anew: features that are left out are dropped.
func (m *Market) changePlan(c *rest.Call) (rest.Response, error) {
	return m.putPlan(c, func(p *store.Registration, pl clever.Plan) (clever.Plan, error) {
		at, err := planAt(p, c.Path["plan"])
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
func (m *Market) putPlan(c *rest.Call, put func(*store.Registration, clever.Plan) (clever.Plan, error)) (rest.Response, error) {
	var wanted clever.PlanRequest
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	var plan clever.Plan
	_, err := m.edit(c, func(p *store.Registration) error {
		pl, err := priced(p, wanted)
		if err != nil {
			return err
		}
		if plan, err = put(p, pl); err != nil {
			return err
		}
		for _, other := range p.Shown.Plans {
			if other.ID != plan.ID && (strings.EqualFold(other.Slug, plan.Slug) || other.Name == plan.Name) {
				return rest.AlreadyThere("plan", plan.Slug)
			}
		}
		return nil
	})
	return rest.Response{Body: plan}, err
}

// priced makes a plan of what is asked for, with the types of the provider's
// features.
func priced(p *store.Registration, wanted clever.PlanRequest) (clever.Plan, error) {
	if err := rest.CheckName(wanted.Name); err != nil {
		return clever.Plan{}, err
	}
	if !isSlug(wanted.Slug) {
		return clever.Plan{}, rest.BadField(90076, "emulator.bad-plan", "slug", fmt.Sprintf("%q is no slug", wanted.Slug))
	}
	if wanted.Price < 0 {
		return clever.Plan{}, rest.BadField(90076, "emulator.bad-plan", "price", "it is below zero")
	}
	pl := clever.Plan{Slug: wanted.Slug, Name: wanted.Name, Price: &wanted.Price, Zones: p.Provider.Zones, Features: []clever.Feature{}}
	for _, f := range wanted.Features {
		at := slices.IndexFunc(p.Shown.Features, func(g clever.Feature) bool { return g.Name == f.Name })
		if at < 0 {
			return clever.Plan{}, rest.BadField(90075, "emulator.bad-feature", "features", fmt.Sprintf("the provider has no feature %q", f.Name))
		}
		pl.Features = append(pl.Features, clever.Feature{Name: f.Name, Type: p.Shown.Features[at].Type, Value: f.Value})
	}
	return pl, nil
}

// removePlan takes a plan off the catalogue; who has it keeps it.
func (m *Market) removePlan(c *rest.Call) (rest.Response, error) {
	_, err := m.edit(c, func(p *store.Registration) error {
		at, err := planAt(p, c.Path["plan"])
		if err != nil {
			return err
		}
		p.Retired = append(p.Retired, p.Shown.Plans[at])
		p.Shown.Plans = slices.Delete(p.Shown.Plans, at, at+1)
		return nil
	})
	return rest.Response{}, err
}

func planAt(p *store.Registration, id string) (int, error) {
	at := slices.IndexFunc(p.Shown.Plans, func(pl clever.Plan) bool { return pl.ID == id })
	if at < 0 {
		return 0, rest.NotFound("plan")
	}
	return at, nil
}
