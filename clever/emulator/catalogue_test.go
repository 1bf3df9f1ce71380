package emulator

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator/catalogue"
)

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestUUID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := catalogue.NewUUID()
		if !uuid4.MatchString(id) || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
}

func TestCatalogueData(t *testing.T) {
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Providers) != 17 || len(c.Zones) != 12 {
		t.Errorf("%d providers, %d zones", len(c.Providers), len(c.Zones))
	}
	seen := map[string]bool{}
	once := func(id, prefix string) {
		if seen[id] || !uuid4.MatchString(strings.TrimPrefix(id, prefix)) {
			t.Errorf("id %q is no UUID, or there twice", id)
		}
		seen[id] = true
	}
	for _, z := range c.Zones {
		once(z.ID, "")
	}
	for _, p := range c.Providers {
		if p.RealPrefix == "" || len(p.Plans) == 0 || len(p.Zones) == 0 || p.Short == "" {
			t.Errorf("%s is not complete", p.ID)
		}
		for _, z := range p.Zones {
			if c.Zone(z) == nil {
				t.Errorf("%s: no zone %q", p.ID, z)
			}
		}
		slugs := map[string]bool{}
		for _, pl := range p.Plans {
			once(pl.ID, "plan_")
			if slugs[strings.ToLower(pl.Slug)] || pl.Name == "" || pl.Price < 0 {
				t.Errorf("%s: plan %+v", p.ID, pl)
			}
			slugs[strings.ToLower(pl.Slug)] = true
			if pl.Shared != (pl.Shared && len(p.Clusters) > 0) && !pl.Retired {
				t.Errorf("%s: %s is shared, on no cluster", p.ID, pl.Slug)
			}
		}
		for _, k := range p.Clusters {
			once(k.ID, "cluster_")
		}
		if len(p.Versions) > 0 && !slices.Contains(p.Versions, p.DefaultVersion) {
			t.Errorf("%s: default version %q", p.ID, p.DefaultVersion)
		}
	}
}

func TestProducts(t *testing.T) {
	_, c := newEmulator(t, Options{})
	var offered []clever.Provider
	c.must("GET", "/v2/products/addonproviders?orgaId=orga_x", nil, &offered)
	for _, p := range offered {
		var one clever.Provider
		c.must("GET", "/v2/products/addonproviders/"+p.ID, nil, &one)
		if diff := cmp.Diff(p, one); diff != "" {
			t.Error(diff)
		}
		for _, pl := range p.Plans {
			checkPlan(t, p.ID, pl)
		}
		if slices.ContainsFunc(p.Plans, func(pl clever.Plan) bool { return pl.Slug == "dev" }) != (p.ID == "postgresql-addon" || p.ID == "mysql-addon") {
			t.Errorf("%s: dev", p.ID)
		}
	}
	plan := offered[0].Plans[1]
	want := []string{"Type=Dedicated/dedicated", "Memory=512 MB/536870912", "vCPUs=1/1", "Disk size=1 GB/1073741824", "Max connection limit=45/45"}
	var got []string
	for _, f := range plan.Features[:5] {
		got = append(got, f.Name+"="+f.Value+"/"+*f.ComputableValue)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if plan.ID != smallPostgres || plan.Name != "XXS Small Space" || plan.Monthly() != 5.25 || *plan.PriceID != "postgresql.xxs_sml" {
		t.Errorf("plan %+v", plan)
	}
}

// checkPlan holds plans to what clients of the vendor need.
func checkPlan(t *testing.T, provider string, pl clever.Plan) {
	t.Helper()
	if pl.Features == nil || len(pl.Zones) == 0 || pl.PriceID == nil {
		t.Errorf("%s: %+v", provider, pl)
	}
	for _, f := range pl.Features {
		if f.Value == "" {
			t.Errorf("%s %s: %s has no value", provider, pl.Slug, f.Name)
		}
		if f.Type == "BYTES" && f.ComputableValue != nil {
			if _, err := strconv.ParseUint(*f.ComputableValue, 10, 64); err != nil {
				t.Errorf("%s %s: %s is not a number of bytes", provider, pl.Slug, f.Name)
			}
		}
		if f.Type == "OBJECT" && !json.Valid([]byte(*f.ComputableValue)) {
			t.Errorf("%s %s: %s is not JSON", provider, pl.Slug, f.Name)
		}
	}
}

// Where v4 answers, every plan says Dedicated or Shared, and the other way round.
func TestVersions(t *testing.T) {
	e, c := newEmulator(t, Options{})
	var with, without []string
	for _, p := range e.catalogue.Providers {
		var info clever.ProviderInfo
		if c.ask("GET", "/v4/addon-providers/"+p.ID, nil, &info) != 200 {
			without = append(without, p.ID)
			continue
		}
		with = append(with, p.ID)
		if info.ProviderID != p.ID || info.Clusters == nil || info.Dedicated == nil {
			t.Errorf("%+v", info)
		}
		for _, pl := range p.View.Plans {
			typed := func(f clever.Feature) bool {
				return f.Name == "Type" && (f.Value == "Dedicated" || f.Value == "Shared")
			}
			if !slices.ContainsFunc(pl.Features, typed) {
				t.Errorf("%s %s has no type", p.ID, pl.Slug)
			}
		}
	}
	if diff := cmp.Diff([]string{"postgresql-addon", "mysql-addon", "mongodb-addon", "redis-addon", "es-addon",
		"keycloak", "addon-matomo", "metabase", "otoroshi", "addon-pulsar", "jenkins"}, with); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"cellar-addon", "fs-bucket", "config-provider", "kv", "mailpace", "azimutt"}, without); diff != "" {
		t.Error(diff)
	}
	var info clever.ProviderInfo
	c.must("GET", "/v4/addon-providers/postgresql-addon", nil, &info)
	if info.DefaultDedicatedVersion != "15" || len(info.Dedicated) != 8 || len(info.Clusters) != 11 {
		t.Errorf("%+v", info)
	}
	want := []clever.FeatureSwitch{{Name: "direct-host-only"}, {Name: "do-backup", Enabled: true}, {Name: "encryption"}}
	if diff := cmp.Diff(want, info.Dedicated["17"].Features); diff != "" {
		t.Error(diff)
	}
}

func TestZones(t *testing.T) {
	_, c := newEmulator(t, Options{})
	names := func(path string) (names []string) {
		var zones []clever.Zone
		c.must("GET", path, nil, &zones)
		for _, z := range zones {
			names = append(names, z.Name)
		}
		return names
	}
	if diff := cmp.Diff([]string{"par", "parhds", "scw", "fr-north-hds", "grahds", "rbx", "rbxhds", "ldn", "wsw", "mtl", "sgp", "syd"},
		names("/v4/products/zones?ownerId=x")); diff != "" {
		t.Error(diff)
	}
	if got := names("/v4/products/zones?tag=certification:hds"); len(got) != 4 {
		t.Errorf("certified: %v", got)
	}
	if got := names("/v2/products/zones"); len(got) != 12 {
		t.Errorf("old: %v", got)
	}
	var z clever.Zone
	c.must("GET", "/v4/products/zones/mtl", nil, &z)
	if z.City != "Montreal" || z.Lat != 45.5 || z.Lon != -73.61 || z.CountryCode != "CA" || len(z.Tags) == 0 {
		t.Errorf("%+v", z)
	}
	if status := c.ask("GET", "/v4/products/zones/eu", nil, nil); status != 404 {
		t.Errorf("no zone: %d", status)
	}
}
