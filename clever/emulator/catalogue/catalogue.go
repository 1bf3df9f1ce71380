// Package catalogue knows what the emulated platform offers of its own: providers,
// plans, zones, and how the facts of a new add-on are made. It knows no owner and no
// add-on; what vendors offer beside it is in package store.
package catalogue

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"runner/clever"
)

//go:embed catalogue.json
var catalogueText string

// A Catalogue is what can be ordered. It is read once and never changed.
type Catalogue struct {
	Zones     []clever.Zone
	Providers []*Provider
}

// A Provider is a line of the catalogue with what the platform keeps to itself:
// how its add-ons are numbered, what is drawn for them, what v4 tells of them.
type Provider struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Short          string            `json:"short"`
	RealPrefix     string            `json:"realPrefix"` // "postgresql_"
	Zones          []string          `json:"zones"`
	Family         string            `json:"family"` // first half of a plan's price_id
	Detail         string            `json:"detail"` // which v4 detail its add-ons have; "" for none
	CanUpgrade     bool              `json:"canUpgrade"`
	DefaultVersion string            `json:"defaultVersion"`
	Versions       []string          `json:"versions"`
	Options        map[string]bool   `json:"options"`  // switches, with what they are by default
	Settings       []string          `json:"settings"` // options that are text, beside "version" (docs/platform.md §4.3)
	Features       []string          `json:"features"` // name_codes, in the order shown
	Text           [][3]string       `json:"text"`     // features without name_code: name, type, value
	Clusters       []clever.Cluster  `json:"clusters"`
	Access         string            `json:"access"`    // operators: what follows the URL in the one that people open
	Runtime        string            `json:"runtime"`   // operators: the member that holds the runtime's version
	Resources      []string          `json:"resources"` // operators: facts shown below "resources"
	Facts          map[string]string `json:"facts"`     // name → rule, see facts.go
	Env            [][]string        `json:"env"`       // name, template, option needed
	Promised       []string          `json:"-"`         // variables that a back-end will make
	Plans          []*Plan           `json:"plans"`

	View clever.Provider // as the catalogue shows it
}

// A Plan is a size that is offered, or once was.
type Plan struct {
	Slug        string  `json:"slug"`
	Name        string  `json:"name"`
	ID          string  `json:"id"`
	Price       float64 `json:"price"` // euros a month
	Memory      string  `json:"memory"`
	Disk        string  `json:"disk"`
	MaxDB       string  `json:"maxdb"`
	CPU         int     `json:"cpu"`
	Connections int     `json:"connections"`
	Shared      bool    `json:"shared"`  // lives on a cluster with others
	Retired     bool    `json:"retired"` // known, no longer offered

	View clever.Plan
}

// Load reads the copy of the platform's catalogue that is part of the program.
func Load() (*Catalogue, error) {
	var data struct {
		Zones     []clever.Zone `json:"zones"`
		Providers []*Provider   `json:"providers"`
	}
	if err := json.Unmarshal([]byte(catalogueText), &data); err != nil {
		return nil, fmt.Errorf("embedded catalogue: %w", err)
	}
	c := &Catalogue{Zones: data.Zones, Providers: data.Providers}
	for i := range c.Zones {
		c.Zones[i].Status = "ACTIVE"
	}
	for _, p := range c.Providers {
		p.complete()
	}
	return c, nil
}

// complete writes the views, which are the same for every request.
func (p *Provider) complete() {
	p.View = clever.Provider{
		ID: p.ID, Name: p.Name, ShortDesc: p.Short, Status: "RELEASE", CanUpgrade: p.CanUpgrade,
		LogoURL: "https://assets.example.test/logos/" + p.ID + ".svg", Regions: p.Zones,
	}
	for _, pl := range p.Plans {
		pl.View = p.planView(pl)
		if !pl.Retired {
			p.View.Plans = append(p.View.Plans, pl.View)
		}
	}
	for _, f := range p.planView(&Plan{}).Features {
		f.Value, f.ComputableValue = "", nil
		p.View.Features = append(p.View.Features, f)
	}
}

func (p *Provider) planView(pl *Plan) clever.Plan {
	priceID := strings.ToLower(p.Family + "." + pl.Slug)
	v := clever.Plan{
		ID: pl.ID, Name: pl.Name, Slug: pl.Slug, Price: &pl.Price, PriceID: &priceID,
		Zones: p.Zones, Features: []clever.Feature{},
	}
	for _, code := range p.Features {
		v.Features = append(v.Features, pl.feature(code))
	}
	for _, t := range p.Text {
		v.Features = append(v.Features, clever.Feature{Name: t[0], Type: t[1], Value: t[2]})
	}
	return v
}

// feature returns what a plan says under a name_code.
//
// MySQL's plans of a dated capture say "false" for dedicated and "true" for
// shared. Here they say "dedicated" and "shared" like all others: what a client
// may rely on is the word, and one that reads the old form would call every
// plan shared.
func (pl *Plan) feature(code string) clever.Feature {
	switch code {
	case "is-dedicated":
		if pl.Shared {
			return feature("Type", "BOOLEAN_SHARED", "Shared", "shared", code)
		}
		return feature("Type", "BOOLEAN_SHARED", "Dedicated", "dedicated", code)
	case "memory":
		return pl.size("Memory", pl.Memory, code)
	case "disk-size":
		return pl.size("Disk size", pl.Disk, code)
	case "max-db-size":
		return pl.size("Max DB size", pl.MaxDB, code)
	case "cpu":
		return pl.number("vCPUs", pl.CPU, code)
	case "connection-limit":
		return pl.number("Max connection limit", pl.Connections, code)
	case "cluster-nodes":
		return pl.number("Nodes", 1, code)
	case "backup":
		if pl.Shared {
			return feature("Backups", "OBJECT", "No", "null", code)
		}
		return feature("Backups", "OBJECT", "Daily - 7 Retained", `{"frequency_seconds":86400,"retention_seconds":604800}`, code)
	case "has-logs":
		return pl.onlyDedicated("Logs", code)
	case "has-metrics":
		return pl.onlyDedicated("Metrics", code)
	default: // is-migratable
		return feature("Migration Tool", "BOOLEAN", "Yes", "true", code)
	}
}

func (pl *Plan) size(name, size, code string) clever.Feature {
	text, bytes := SizeText(size)
	return feature(name, "BYTES", text, bytes, code)
}

func (pl *Plan) number(name string, n int, code string) clever.Feature {
	if n == 0 {
		return feature(name, "NUMBER", "Shared", "", code)
	}
	return feature(name, "NUMBER", strconv.Itoa(n), strconv.Itoa(n), code)
}

func (pl *Plan) onlyDedicated(name, code string) clever.Feature {
	if pl.Shared {
		return feature(name, "BOOLEAN", "No", "false", code)
	}
	return feature(name, "BOOLEAN", "Yes", "true", code)
}

// feature makes one; an empty computable value is shown as null.
func feature(name, kind, value, computable, code string) clever.Feature {
	f := clever.Feature{Name: name, Type: kind, Value: value, NameCode: &code}
	if computable != "" {
		f.ComputableValue = &computable
	}
	return f
}

// SizeText reads "512M" or "2.5G" and returns "512 MB" and the bytes in decimal.
func SizeText(s string) (text, bytes string) {
	if s == "" {
		return "Shared", ""
	}
	digits, unit := s[:len(s)-1], s[len(s)-1:]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return s, ""
	}
	factor := float64(1 << 20)
	if unit == "G" {
		factor = 1 << 30
	}
	return digits + " " + unit + "B", strconv.FormatInt(int64(n*factor), 10)
}

// Room returns how many bytes an add-on of the plan may keep; 0 does not say.
func (pl *Plan) Room() int64 {
	size := pl.MaxDB
	if size == "" {
		size = pl.Disk
	}
	_, bytes := SizeText(size)
	n, _ := strconv.ParseInt(bytes, 10, 64) // 0 where the plan does not say
	return n
}

// Provider finds by exact id; nil if there is none.
func (c *Catalogue) Provider(id string) *Provider {
	i := slices.IndexFunc(c.Providers, func(p *Provider) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return c.Providers[i]
}

// Zone finds by name; nil if there is none.
func (c *Catalogue) Zone(name string) *clever.Zone {
	i := slices.IndexFunc(c.Zones, func(z clever.Zone) bool { return z.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Zones[i]
}

// Plan finds by exact id, retired ones too; nil if there is none.
func (p *Provider) Plan(id string) *Plan {
	i := slices.IndexFunc(p.Plans, func(pl *Plan) bool { return pl.ID == id })
	if i < 0 {
		return nil
	}
	return p.Plans[i]
}

// Typed reports whether every plan tells if it is shared. The vendor's command
// line cannot order from a provider with v4 details whose plans do not.
func (p *Provider) Typed() bool { return slices.Contains(p.Features, "is-dedicated") }

// Info returns what v4 knows of a provider with versions.
func (p *Provider) Info() clever.ProviderInfo {
	info := clever.ProviderInfo{
		ProviderID: p.ID, DefaultDedicatedVersion: p.DefaultVersion,
		Clusters: []clever.Cluster{}, Dedicated: map[string]clever.Dedicated{},
	}
	for _, c := range p.Clusters {
		c.Features = p.SwitchesOf(&Plan{Shared: true}, nil)
		info.Clusters = append(info.Clusters, c)
	}
	for _, v := range p.Versions {
		info.Dedicated[v] = clever.Dedicated{Features: p.Switches()}
	}
	return info
}

// Switches returns every option of the provider, by name, as it is by default.
func (p *Provider) Switches() []clever.FeatureSwitch { return p.SwitchesOf(&Plan{}, nil) }

// SwitchesOf returns every option of the provider, by name, as an add-on of a plan has it:
// as set or by default. A shared plan lives on a cluster where all are off, whatever was set;
// what is said of its backups is what was ordered, since a client of the platform sends that
// for every plan and expects to read it back (docs/platform.md §6.2).
func (p *Provider) SwitchesOf(pl *Plan, set map[string]string) []clever.FeatureSwitch {
	list := []clever.FeatureSwitch{}
	for name, on := range p.Options {
		text, given := set[name]
		switch {
		case pl.Shared:
			on = name == "do-backup" && text == "true"
		case given:
			on = text == "true"
		}
		list = append(list, clever.FeatureSwitch{Name: name, Enabled: on})
	}
	slices.SortFunc(list, func(a, b clever.FeatureSwitch) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Version returns what an add-on of the plan runs: on a shared plan what the
// zone's cluster runs, whatever was asked; "" where nothing has a version.
func (p *Provider) Version(pl *Plan, zone, wanted string) string {
	if pl.Shared {
		for _, c := range p.Clusters {
			if c.Zone == zone {
				return c.Version
			}
		}
	}
	if wanted == "" || len(p.Versions) == 0 {
		return p.DefaultVersion
	}
	return wanted
}
