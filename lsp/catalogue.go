package lsp

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"runner/clever"
	"runner/engine"
	"runner/lsp/cursor"
)

// A Catalogue is what can be ordered.
type Catalogue struct {
	clever.Catalogue
	Infos map[string]*clever.ProviderInfo // by provider; none for those without versions
	Zones []clever.Zone
}

// ofPlatform reports whether a kind is about what the platform offers.
func ofPlatform(k *engine.Kind) bool {
	return k != nil && strings.HasPrefix(k.Full, "noa.clevercloud.")
}

// provider returns the provider that the parameters around the cursor name; nil where
// they name none that is known.
func (c *Catalogue) provider(path []cursor.Frame) *clever.Provider {
	for _, f := range slices.Backward(path) {
		if word, ok := f.Get("provider"); ok {
			if p, err := c.Provider(word); err == nil {
				return p
			}
			return nil
		}
	}
	return nil
}

// A word is something that can be written, and what it means.
type word struct{ text, detail, doc string }

// words returns what the catalogue offers for a parameter; nothing for those that it does
// not know.
func (c *Catalogue) words(param string, path []cursor.Frame) []word {
	var all []word
	provider := c.provider(path)
	switch param {
	case "provider":
		for _, p := range c.Providers {
			all = append(all, word{p.ID, p.Name, p.ShortDesc})
		}
	case "plan":
		return c.plans(provider)
	case "version":
		if provider != nil {
			info := c.Infos[provider.ID]
			for _, v := range slices.Backward(info.Versions()) {
				detail := ""
				if info != nil && v == info.DefaultDedicatedVersion {
					detail = "the default"
				}
				all = append(all, word{v, detail, ""})
			}
		}
	case "region":
		for _, z := range c.Zones {
			if provider == nil || len(provider.Regions) == 0 || slices.Contains(provider.Regions, z.Name) {
				all = append(all, word{z.Name, z.City + ", " + z.Country, strings.Join(z.Tags, ", ")})
			}
		}
	}
	return all
}

// plans returns the plans of a provider, the cheapest first; of all where none is known.
func (c *Catalogue) plans(provider *clever.Provider) []word {
	var all []word
	for i := range c.Providers {
		p := &c.Providers[i]
		if provider != nil && provider.ID != p.ID {
			continue
		}
		plans := slices.Clone(p.Plans)
		slices.SortStableFunc(plans, func(a, b clever.Plan) int { return cmp.Compare(priceOf(a), priceOf(b)) })
		for _, plan := range plans {
			if !slices.ContainsFunc(all, func(w word) bool { return w.text == plan.Slug }) {
				all = append(all, word{plan.Slug, price(plan), planDoc(p, plan)})
			}
		}
	}
	return all
}

// priceOf returns what a plan costs, to compare it: one without a price comes last.
func priceOf(p clever.Plan) float64 {
	if p.Price == nil {
		return math.Inf(1)
	}
	return *p.Price
}

func price(p clever.Plan) string {
	if p.Price == nil {
		return "price unknown"
	}
	return fmt.Sprintf("%.2f € a month", *p.Price)
}

// planDoc returns what a plan is, in Markdown.
func planDoc(provider *clever.Provider, p clever.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** (`%s`) of %s: %s\n\n", p.Name, p.Slug, provider.Name, price(p))
	for _, f := range p.Features {
		if f.Value != "" {
			fmt.Fprintf(&b, "- %s: %s\n", f.Name, f.Value)
		}
	}
	if len(p.Zones) > 0 {
		fmt.Fprintf(&b, "- zones: %s\n", strings.Join(p.Zones, ", "))
	}
	return b.String()
}

// explain returns what a word of the catalogue is, in Markdown; "" where it is none.
func (c *Catalogue) explain(param, text string, path []cursor.Frame) string {
	switch param {
	case "provider":
		if p, err := c.Provider(text); err == nil {
			return fmt.Sprintf("**%s** (`%s`)\n\n%s\n\nplans: %s\n\nzones: %s", p.Name, p.ID, p.ShortDesc, planNames(p), strings.Join(p.Regions, ", "))
		}
	case "plan":
		return c.explainPlan(text, c.provider(path))
	case "version":
		if p := c.provider(path); p != nil {
			return fmt.Sprintf("%s can be had in %s", p.Name, strings.Join(c.Infos[p.ID].Versions(), ", "))
		}
	case "region":
		for _, z := range c.Zones {
			if z.Name == text || z.IsIn(text) {
				return fmt.Sprintf("`%s`: %s, %s\n\n%s", z.Name, z.City, z.Country, strings.Join(z.Tags, ", "))
			}
		}
	}
	return ""
}

func (c *Catalogue) explainPlan(text string, provider *clever.Provider) string {
	var found []string
	for i := range c.Providers {
		p := &c.Providers[i]
		if provider != nil && p.ID != provider.ID {
			continue
		}
		if plan, err := c.Plan(p, text); err == nil {
			found = append(found, planDoc(p, *plan))
		}
	}
	return strings.Join(found, "\n")
}

func planNames(p *clever.Provider) string {
	var names []string
	for _, plan := range p.Plans {
		names = append(names, plan.Slug)
	}
	return strings.Join(names, ", ")
}
