package tasks

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr/value"
	"runner/suggest"
)

// slugForm is what a plan's slug is made of: it goes to the vendor, and into the
// command lines of customers.
var slugForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// checkOffer notes what is wrong with features and plans in themselves.
func checkOffer(c *engine.Checking, features []ProviderFeature, plans []ProviderPlan) {
	names := map[string]bool{}
	for i, f := range features {
		at := fmt.Sprintf("features[%d].", i)
		named(c, at+"name", f.Name, "a feature's name")
		if f.Name != "" && names[f.Name] {
			c.Addf(at+"name", "feature %q is declared twice", f.Name)
		}
		named(c, at+"type", f.Type, "a feature's type")
		names[f.Name] = true
	}
	slugs, titles := map[string]bool{}, map[string]bool{}
	for i, p := range plans {
		p.check(c, fmt.Sprintf("plans[%d].", i), slugs, titles)
		if features != nil && c.Known("features") {
			for _, err := range p.checkFeatures(fmt.Sprintf("plans[%d].features.", i), slices.Sorted(maps.Keys(names)), "this task") {
				c.Add("", err)
			}
		}
	}
}

// check notes what is wrong with a plan. The platform refuses a second one of a
// name, and of two slugs that differ in case only nobody could say which is meant.
func (p ProviderPlan) check(c *engine.Checking, at string, slugs, titles map[string]bool) {
	switch slug := strings.ToLower(p.Slug); {
	case !slugForm.MatchString(p.Slug):
		c.Addf(at+"slug", "%q is no slug: write letters, digits, dots, dashes and underscores", p.Slug)
	case slugs[slug]:
		c.Addf(at+"slug", "there are two plans with the slug %q", p.Slug)
	default:
		slugs[slug] = true
	}
	named(c, at+"name", p.Name, "a plan's name")
	if p.Name != "" && titles[p.Name] {
		c.Addf(at+"name", "there are two plans called %q: the platform refuses the second", p.Name)
	}
	titles[p.Name] = true
	if p.Price < 0 || math.IsNaN(p.Price) || math.IsInf(p.Price, 0) {
		c.Addf(at+"price", "%v is no price: write euros a month, 0 for none", p.Price)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Features)) {
		if strings.TrimSpace(p.Features[name]) == "" {
			c.Addf(at+"features."+name, "feature %q has no value: leave it out", name)
		}
	}
}

// checkFeatures reports which of a plan's features are none of those that there are.
func (p ProviderPlan) checkFeatures(at string, known []string, of string) engine.Mistakes {
	var wrong engine.Mistakes
	for _, name := range slices.Sorted(maps.Keys(p.Features)) {
		if !slices.Contains(known, name) {
			wrong.Add(at+name, &clever.UnknownError{What: "feature", Word: name, Of: of, Near: suggest.Nearest(name, known), All: known})
		}
	}
	return wrong
}

func (t *ProviderRegister) feature(name string) int {
	return slices.IndexFunc(t.Features, func(f ProviderFeature) bool { return f.Name == name })
}

func (t *ProviderRegister) plan(slug string) int {
	return slices.IndexFunc(t.Plans, func(p ProviderPlan) bool { return strings.EqualFold(p.Slug, slug) })
}

// A difference is what a provider lacks to be as declared.
type difference struct {
	texts    *clever.ProviderTexts // nil: as they are
	features []clever.FeatureRequest
	plans    []clever.PlanRequest
	changed  []planChange
	gone     []clever.Plan
	attrs    []engine.Attr
	after    clever.Provider // as it will be, as far as is known
}

// A planChange is what a plan that is there is to say.
type planChange struct {
	id string
	clever.PlanRequest
}

// differences compares. What cannot be changed is an error: a feature's type, and
// a plan's feature that the provider does not have.
func (s *providerTask) differences(now clever.Provider) (difference, error) {
	d := difference{after: now}
	d.after.Features, d.after.Plans = slices.Clone(now.Features), slices.Clone(now.Plans)
	s.compareTexts(&d, now)
	wrong := s.compareFeatures(&d, now)
	for i, p := range s.Plans {
		var names []string
		for _, f := range d.after.Features {
			names = append(names, f.Name)
		}
		unknown := p.checkFeatures(fmt.Sprintf("plans[%d].features.", i), names, "provider "+now.ID)
		if wrong = append(wrong, unknown...); len(unknown) == 0 {
			s.comparePlan(&d, p)
		}
	}
	if s.PrunePlans {
		s.comparePruned(&d, now)
	}
	return d, wrong.Err()
}

// named is what the provider is to be called.
func (s *providerTask) named() string {
	switch {
	case s.Name != nil:
		return *s.Name
	case strings.TrimSpace(s.manifest.Name) != "":
		return s.manifest.Name
	}
	return s.manifest.ID
}

// A declaredText is a text of the catalogue with the argument that says it.
type declaredText struct {
	path   string
	now    *string
	wanted *string // nil: nobody says
}

// texts pairs what the catalogue shows with what the playbook says.
func (s *providerTask) texts(now *clever.ProviderTexts) []declaredText {
	name := s.named()
	list := []declaredText{{"name", &now.Name, &name}, {"website", &now.Website, s.Website},
		{"support_email", &now.SupportEmail, s.SupportEmail}, {"short_desc", &now.ShortDesc, s.ShortDesc},
		{"long_desc", &now.LongDesc, s.LongDesc}, {"logo_url", &now.LogoURL, s.LogoURL},
		{"twitter_name", &now.TwitterName, s.TwitterName}, {"analytics_id", &now.AnalyticsID, s.AnalyticsID}}
	return list
}

func (s *providerTask) compareTexts(d *difference, now clever.Provider) {
	texts := now.Texts()
	for _, t := range s.texts(&texts) {
		if t.wanted == nil || *t.now == *t.wanted {
			continue
		}
		d.attrs = append(d.attrs, engine.Attr{Path: t.path, Before: orNothing(*t.now), After: orNothing(*t.wanted)})
		*t.now = *t.wanted
		d.texts = &texts
	}
	d.after.Name = texts.Name
}

func (s *providerTask) compareFeatures(d *difference, now clever.Provider) engine.Mistakes {
	var wrong engine.Mistakes
	for i, f := range s.Features {
		at := slices.IndexFunc(now.Features, func(g clever.Feature) bool { return g.Name == f.Name })
		switch {
		case at < 0:
			d.features = append(d.features, clever.FeatureRequest{Name: f.Name, Type: f.Type})
			d.attrs = append(d.attrs, engine.Attr{Path: "features." + f.Name, After: f.Type})
			d.after.Features = append(d.after.Features, clever.Feature{Name: f.Name, Type: f.Type})
		case now.Features[at].Type != f.Type:
			wrong.Add(fmt.Sprintf("features[%d].type", i), fmt.Errorf("feature %q of %s is of the type %s, and the platform has no call that changes it to %s: "+
				"declare it as it is, or take another name", f.Name, now.ID, now.Features[at].Type, f.Type))
		}
	}
	return wrong
}

// comparePlan compares a plan with the one of its slug, or adds it.
func (s *providerTask) comparePlan(d *difference, p ProviderPlan) {
	at := slices.IndexFunc(d.after.Plans, func(q clever.Plan) bool { return strings.EqualFold(q.Slug, p.Slug) })
	before := clever.Plan{}
	if at >= 0 {
		before = d.after.Plans[at]
	}
	path := "plans." + p.Slug + "."
	var attrs []engine.Attr
	if at < 0 || before.Name != p.Name {
		attrs = append(attrs, engine.Attr{Path: path + "name", Before: orNothing(before.Name), After: p.Name})
	}
	switch {
	case at < 0:
		attrs = append(attrs, engine.Attr{Path: path + "price", After: euros(p.Price)})
	case before.Price == nil || *before.Price != p.Price:
		attrs = append(attrs, engine.Attr{Path: path + "price", Before: priceOf(before), After: euros(p.Price)})
	}
	after := clever.Plan{ID: before.ID, Name: p.Name, Slug: p.Slug, Price: &p.Price, Zones: before.Zones, Features: slices.Clone(before.Features)}
	for _, name := range slices.Sorted(maps.Keys(p.Features)) {
		if a, differs := say(&after, name, p.Features[name], d.after.Features); differs {
			a.Path = path + "features." + name
			attrs = append(attrs, a)
		}
	}
	switch {
	case at < 0:
		d.plans = append(d.plans, requestOf(after))
		d.after.Plans = append(d.after.Plans, after)
	case len(attrs) > 0:
		after.Slug = before.Slug // found without regard to case, and known to the vendor as it is
		d.changed = append(d.changed, planChange{before.ID, requestOf(after)})
		d.after.Plans[at] = after
	}
	d.attrs = append(d.attrs, attrs...)
}

func (s *providerTask) comparePruned(d *difference, now clever.Provider) {
	for _, p := range now.Plans {
		if s.plan(p.Slug) >= 0 {
			continue
		}
		d.gone = append(d.gone, p)
		d.attrs = append(d.attrs, engine.Attr{Path: "plans." + p.Slug, Before: p.Name})
		d.after.Plans = slices.DeleteFunc(d.after.Plans, func(q clever.Plan) bool { return q.ID == p.ID })
	}
}

// say makes a plan say a value of a feature, if it does not yet. What the platform
// shows may be worded otherwise than what it was given: then the computable value
// is the same.
func say(p *clever.Plan, name, value string, types []clever.Feature) (engine.Attr, bool) {
	at := slices.IndexFunc(p.Features, func(f clever.Feature) bool { return f.Name == name })
	if at < 0 {
		i := slices.IndexFunc(types, func(f clever.Feature) bool { return f.Name == name })
		p.Features = append(p.Features, clever.Feature{Name: name, Type: types[i].Type, Value: value})
		return engine.Attr{After: value}, true
	}
	f := &p.Features[at]
	before := f.Value
	if before == value || f.ComputableValue != nil && *f.ComputableValue == value {
		return engine.Attr{}, false
	}
	f.Value, f.ComputableValue = value, nil
	return engine.Attr{Before: orNothing(before), After: value}, true
}

// euros returns a price as users write it: 5, and 5.25.
func euros(price float64) engine.Value {
	if whole := int(price); float64(whole) == price {
		return whole
	}
	return price
}

// priceOf returns the price of a plan, nil where the catalogue has none.
func priceOf(p clever.Plan) engine.Value {
	if p.Price == nil {
		return nil
	}
	return euros(*p.Price)
}

// requestOf says all that a plan says, so that nothing is lost whichever way the
// platform takes what is left out.
func requestOf(p clever.Plan) clever.PlanRequest {
	r := clever.PlanRequest{Name: p.Name, Slug: p.Slug, Price: p.Monthly(), Features: []clever.FeatureValue{}}
	for _, f := range p.Features {
		if f.Value != "" {
			r.Features = append(r.Features, clever.FeatureValue{Name: f.Name, Type: f.Type, Value: f.Value})
		}
	}
	return r
}

// attrs are what a provider is registered with, beside what can be compared.
func (s *providerTask) attrs() []engine.Attr {
	m := s.manifest
	return []engine.Attr{
		{Path: "id", After: m.ID}, {Path: "name", After: s.named()}, {Path: "api.config_vars", After: texts(m.ConfigVars)},
		{Path: "api.regions", After: texts(m.Regions)}, {Path: "api.production.base_url", After: m.Production.BaseURL},
		{Path: "api.password", After: engine.Masked, Secret: true}, {Path: "api.sso_salt", After: engine.Masked, Secret: true},
	}
}

// request is what registers the provider.
func (s *providerTask) request() clever.ProviderRegistration {
	m := s.manifest
	return clever.ProviderRegistration{ID: m.ID, Name: s.named(), API: clever.ProviderAPI{
		ConfigVars: slices.Concat([]string{}, m.ConfigVars), Regions: m.Regions, Password: m.Password, SSOSalt: m.SSOSalt,
		Production: clever.ProviderSite{BaseURL: m.Production.BaseURL, SSOURL: m.Production.SSOURL},
		Test:       clever.ProviderSite{BaseURL: m.Test.BaseURL, SSOURL: m.Test.SSOURL},
	}}
}

// result is what register holds of a provider.
func (s *providerTask) result(p clever.Provider) *value.Map {
	features, plans := []engine.Value{}, []engine.Value{}
	for _, f := range p.Features {
		features = append(features, value.MapOf("name", f.Name, "type", f.Type))
	}
	for _, plan := range p.Plans {
		values := &value.Map{}
		for _, f := range plan.Features {
			values.Set(f.Name, f.Value)
		}
		plans = append(plans, value.MapOf("id", plan.ID, "slug", plan.Slug, "name", plan.Name, "price", priceOf(plan),
			"zones", texts(plan.Zones), "features", values))
	}
	return value.MapOf("id", p.ID, "name", p.Name, "status", p.Status, "organisation", s.owner,
		"regions", texts(p.Regions), "features", features, "plans", plans)
}

// expected is what is known of a provider before it is changed.
func (s *providerTask) expected(task string, after clever.Provider) *value.Map {
	unknown := &value.Unknown{Task: task}
	m := s.result(after)
	if after.Status == "" { // it is not registered yet
		m.Set("status", unknown)
		m.Set("regions", unknown)
	}
	plans, _ := m.Get("plans")
	for _, p := range plans.([]engine.Value) {
		if id, _ := p.(*value.Map).Get("id"); id == "" {
			p.(*value.Map).Set("id", unknown)
			p.(*value.Map).Set("zones", unknown)
		}
	}
	return m
}
