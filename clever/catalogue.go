package clever

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"runner/suggest"
)

// A Catalogue is what can be ordered. Everything that it is asked is answered
// from what was read; leave it as it is.
type Catalogue struct {
	Providers []Provider
}

// aliases are short words for provider ids (docs/platform.md §3.4). There is none for mariadb,
// which is another product than mysql.
func aliases() []struct{ word, id string } {
	return []struct{ word, id string }{
		{"postgres", "postgresql-addon"},
		{"postgresql", "postgresql-addon"},
		{"pg", "postgresql-addon"},
		{"mysql", "mysql-addon"},
		{"mongo", "mongodb-addon"},
		{"mongodb", "mongodb-addon"},
		{"redis", "redis-addon"},
		{"es", "es-addon"},
		{"elastic", "es-addon"},
		{"elasticsearch", "es-addon"},
		{"cellar", "cellar-addon"},
		{"s3", "cellar-addon"},
		{"bucket", "fs-bucket"},
		{"fs", "fs-bucket"},
		{"fsbucket", "fs-bucket"},
		{"config", "config-provider"},
		{"materia-kv", "kv"},
		{"materiakv", "kv"},
		{"materia", "kv"},
		{"matomo", "addon-matomo"},
		{"pulsar", "addon-pulsar"},
	}
}

// ProviderAlias returns the provider id that a short word stands for, whatever its
// case: "postgres" is "postgresql-addon". A word that is no alias is given back.
func ProviderAlias(word string) string {
	for _, a := range aliases() {
		if strings.EqualFold(a.word, word) {
			return a.id
		}
	}
	return word
}

// Provider finds a provider by id, alias or name, case mattering in none. It
// fails with *UnknownError or *AmbiguousError, as all of these do.
func (c *Catalogue) Provider(word string) (*Provider, error) {
	ways := []func(*Provider) bool{
		func(p *Provider) bool { return p.ID == word },
		func(p *Provider) bool { return p.ID == ProviderAlias(word) },
		func(p *Provider) bool { return strings.EqualFold(p.ID, word) },
		func(p *Provider) bool { return strings.EqualFold(p.Name, word) },
	}
	for _, way := range ways {
		found := pick(c.Providers, way)
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return nil, &AmbiguousError{What: "provider", Word: word, All: words(found, func(p *Provider) string { return p.ID })}
		}
	}
	return nil, c.unknownProvider(word)
}

// unknownProvider suggests the provider whose id, name or alias is near.
func (c *Catalogue) unknownProvider(word string) *UnknownError {
	var ids, known []string
	means := map[string]string{}
	for _, p := range c.Providers {
		ids, known = append(ids, p.ID), append(known, p.ID, p.Name)
		means[p.ID], means[p.Name] = p.ID, p.ID
	}
	for _, a := range aliases() {
		if slices.Contains(ids, a.id) {
			known, means[a.word] = append(known, a.word), a.id
		}
	}
	return &UnknownError{What: "provider", Word: word, Near: means[suggest.Nearest(word, known)], All: ids}
}

// Plan finds a plan of a provider by slug, id or name, case mattering in none.
func (c *Catalogue) Plan(p *Provider, word string) (*Plan, error) {
	ways := []func(*Plan) bool{
		func(pl *Plan) bool { return pl.Slug == word || pl.ID == word },
		func(pl *Plan) bool { return strings.EqualFold(pl.Slug, word) || strings.EqualFold(pl.ID, word) },
		func(pl *Plan) bool { return strings.EqualFold(pl.Name, word) },
	}
	slug := func(pl *Plan) string { return pl.Slug }
	for _, way := range ways {
		found := pick(p.Plans, way)
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return nil, &AmbiguousError{What: "plan", Word: word, Of: p.ID, All: words(found, slug)}
		}
	}
	all := pick(p.Plans, func(*Plan) bool { return true })
	return nil, Unknown("plan", word, p.ID, words(all, slug))
}

// NeedsZones reports whether finding a region by this word takes the list of zones,
// because it is not the name of one of the plan's.
func (c *Catalogue) NeedsZones(plan *Plan, word string) bool {
	return !slices.ContainsFunc(plan.Zones, func(z string) bool { return strings.EqualFold(z, word) })
}

// Region finds a zone of a plan by its name, its city, or "Country/City", case
// mattering in none. Of several zones in a city it takes the one of the platform
// itself: Paris is par, not parhds or scw. Zones may be nil where NeedsZones says
// so.
func (c *Catalogue) Region(p *Provider, plan *Plan, zones []Zone, word string) (string, error) {
	for _, name := range plan.Zones {
		if strings.EqualFold(name, word) {
			return name, nil
		}
	}
	named := pick(zones, func(z *Zone) bool { return strings.EqualFold(z.Name, word) || z.IsIn(word) })
	offered := pick(zones, func(z *Zone) bool { return slices.Contains(plan.Zones, z.Name) && z.IsIn(word) })
	of := "plan " + plan.Slug + " of " + p.ID
	switch best := plainest(offered); {
	case len(best) == 1:
		return best[0].Name, nil
	case len(best) > 1:
		return "", &AmbiguousError{What: "region", Word: word, Of: of, All: words(best, func(z *Zone) string { return z.Name })}
	case len(named) > 0:
		return "", &UnknownError{What: "region", Word: word, Of: of, All: plan.Zones, Elsewhere: true}
	}
	return "", unknownRegion(word, of, plan.Zones, zones)
}

func unknownRegion(word, of string, offered []string, zones []Zone) *UnknownError {
	e := Unknown("region", word, of, offered)
	if e.Near != "" {
		return e
	}
	var cities []string
	for _, z := range zones {
		if slices.Contains(offered, z.Name) {
			cities = append(cities, z.City)
		}
	}
	e.Near = suggest.Nearest(word, cities)
	return e
}

// IsIn reports whether a word names the place of a zone: its city, or
// "Country/City", case mattering in neither.
func (z Zone) IsIn(word string) bool {
	if z.City == "" {
		return false
	}
	country, city, both := strings.Cut(word, "/")
	if !both {
		return strings.EqualFold(z.City, strings.TrimSpace(word))
	}
	country, city = strings.TrimSpace(country), strings.TrimSpace(city)
	return strings.EqualFold(z.City, city) && (strings.EqualFold(z.Country, country) || strings.EqualFold(z.CountryCode, country))
}

// plainest leaves out the zones with a certification, then those on machines of
// another company, as long as some are left (docs/platform.md §3.3).
func plainest(zones []*Zone) []*Zone {
	for _, plain := range []func(*Zone) bool{
		func(z *Zone) bool {
			return !slices.ContainsFunc(z.Tags, func(t string) bool { return strings.HasPrefix(t, "certification:") })
		},
		func(z *Zone) bool { return slices.Contains(z.Tags, "infra:clever-cloud") },
	} {
		var left []*Zone
		for _, z := range zones {
			if plain(z) {
				left = append(left, z)
			}
		}
		if len(left) > 0 {
			zones = left
		}
	}
	return zones
}

// Shared reports whether the add-ons of a plan share a machine.
func (p Plan) Shared() bool {
	for _, f := range p.Features {
		if strings.EqualFold(f.Name, "type") {
			return strings.EqualFold(f.Value, "shared")
		}
	}
	return false
}

// Feature returns the text of the feature with a code ("memory"), "" where the plan
// has none.
func (p Plan) Feature(code string) string {
	for _, f := range p.Features {
		if f.NameCode != nil && *f.NameCode == code {
			return f.Value
		}
	}
	return ""
}

// Bytes returns the size that a plan tells under a code ("disk-size"); false where
// it tells none, as shared plans do for most.
func (p Plan) Bytes(code string) (int64, bool) {
	for _, f := range p.Features {
		if f.NameCode == nil || *f.NameCode != code || f.ComputableValue == nil {
			continue
		}
		n, err := strconv.ParseInt(*f.ComputableValue, 10, 64)
		return n, err == nil && n > 0
	}
	return 0, false
}

// A Shrink is room for data that a change of plan takes away.
type Shrink struct {
	What          string // the feature's code: "disk-size"
	Before, After string // in the platform's words: "10 GB"
}

// Shrinks returns what data would have less room for after a change of plan, as far
// as both plans tell. How much is in use the platform does not tell.
func Shrinks(from, to Plan) []Shrink {
	var list []Shrink
	for _, code := range []string{"disk-size", "max-db-size"} {
		before, ok := from.Bytes(code)
		after, known := to.Bytes(code)
		if ok && known && after < before {
			list = append(list, Shrink{What: code, Before: from.Feature(code), After: to.Feature(code)})
		}
	}
	return list
}

// Version finds a version of a provider for a plan in a zone. "" stays "": whatever the
// platform takes. Info is nil for a provider without versions. A version that only plans of
// their own can have fails with an *OptionError.
func (c *Catalogue) Version(p *Provider, info *ProviderInfo, plan *Plan, zone, word string) (string, error) {
	if word == "" {
		return "", nil
	}
	if cluster := info.cluster(zone); plan.Shared() && cluster.versioned() && word != cluster.Version && slices.Contains(info.Versions(), word) {
		return "", &OptionError{Name: "version", Value: word, Advice: "leave it out, or order a plan that is not shared, such as " + p.cheapest(func(*Plan) bool { return true }),
			Why: fmt.Sprintf("plan %s of %s is shared, and its cluster in %s runs version %s, not %s", plan.Slug, p.ID, zone, cluster.Version, word)}
	}
	all := info.versions(plan)
	if slices.Contains(all, word) {
		return word, nil
	}
	e := Unknown("version", word, p.ID, all)
	// "15.10" means the major that is offered; "7" may mean "7.2.4".
	e.Near = ""
	for _, v := range all {
		if strings.HasPrefix(word, v+".") || strings.HasPrefix(v, word+".") {
			e.Near = v
		}
	}
	return "", e
}

// Versions returns what the provider's dedicated add-ons can be had in, the lowest
// first. A nil ProviderInfo has none.
func (i *ProviderInfo) Versions() []string { return i.versions(&Plan{}) }

// versions returns what a plan can be had in, the lowest first. A shared plan runs
// the versions of the clusters, where they tell them.
func (i *ProviderInfo) versions(plan *Plan) []string {
	if i == nil {
		return nil
	}
	var all []string
	if plan.Shared() {
		for k := range i.Clusters {
			cl := &i.Clusters[k]
			if cl.versioned() {
				all = append(all, cl.Version)
			}
		}
	}
	if len(all) == 0 {
		all = sortedKeys(i.Dedicated)
	}
	slices.SortFunc(all, compareVersions)
	return slices.Compact(all)
}

// versioned reports whether a cluster tells the version that it runs: Redis' says "-1".
func (c *Cluster) versioned() bool {
	return c != nil && c.Version != "" && !strings.HasPrefix(c.Version, "-")
}

// cheapest returns the slug of the cheapest plan that is not shared and fits; "" if none does.
func (p *Provider) cheapest(fits func(*Plan) bool) string {
	var best *Plan
	for i := range p.Plans {
		if pl := &p.Plans[i]; !pl.Shared() && fits(pl) && (best == nil || pl.Monthly() < best.Monthly()) {
			best = pl
		}
	}
	if best == nil {
		return ""
	}
	return best.Slug
}

// compareVersions orders by the numbers between the dots, and words after numbers.
func compareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		m, errM := strconv.Atoi(x)
		n, errN := strconv.Atoi(y)
		switch {
		case errM == nil && errN == nil:
			return cmp.Compare(m, n)
		case errM == nil:
			return -1
		case errN == nil:
			return 1
		}
		return cmp.Compare(x, y)
	})
}

func pick[T any](from []T, fits func(*T) bool) []*T {
	var found []*T
	for i := range from {
		if fits(&from[i]) {
			found = append(found, &from[i])
		}
	}
	return found
}

func words[T any](of []*T, word func(*T) string) []string {
	list := make([]string, 0, len(of))
	for _, t := range of {
		list = append(list, word(t))
	}
	return list
}
