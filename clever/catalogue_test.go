package clever

import (
	"errors"
	"strings"
	"testing"
)

func testCatalogue() *Catalogue {
	pgZones := []string{"par", "parhds", "scw", "mtl", "rbx", "rbxhds", "tyo1", "tyo2"}
	return &Catalogue{Providers: []Provider{
		{ID: "postgresql-addon", Name: "PostgreSQL", Plans: []Plan{
			{ID: "plan_1", Slug: "dev", Name: "DEV", Zones: []string{"par"}, Features: []Feature{{Name: "Type", Value: "Shared"}}},
			{ID: "plan_2", Slug: "xxs_sml", Name: "XXS Small Space", Zones: pgZones, Features: []Feature{{Name: "Type", Value: "Dedicated"}}},
			{ID: "plan_3", Slug: "xs_sml", Name: "Small", Zones: pgZones},
			{ID: "plan_4", Slug: "s_sml", Name: "Small", Zones: pgZones},
		}},
		{ID: "mysql-addon", Name: "MySQL"},
		{ID: "cellar-addon", Name: "Cellar S3 storage", Plans: []Plan{{ID: "plan_5", Slug: "S", Name: "S", Zones: []string{"par"}}}},
		{ID: "addon-matomo", Name: "Matomo Analytics"},
		{ID: "kv", Name: "Materia KV"},
	}}
}

func testZones() []Zone {
	return []Zone{
		{Name: "par", City: "Paris", Country: "France", CountryCode: "FR", Tags: []string{"for:applications", "infra:clever-cloud"}},
		{Name: "parhds", City: "Paris", Country: "France", CountryCode: "FR", Tags: []string{"certification:hds", "infra:clever-cloud"}},
		{Name: "scw", City: "Paris", Country: "France", CountryCode: "FR", Tags: []string{"infra:scaleway"}},
		{Name: "rbx", City: "Roubaix", Country: "France", CountryCode: "FR", Tags: []string{"infra:ovh"}},
		{Name: "rbxhds", City: "Roubaix", Country: "France", CountryCode: "FR", Tags: []string{"infra:ovh", "certification:hds"}},
		{Name: "mtl", City: "Montreal", Country: "Canada", CountryCode: "CA", Tags: []string{"infra:ovh"}},
		{Name: "ldn", City: "London", Country: "United Kingdom", CountryCode: "GB", Tags: []string{"infra:ionos"}},
		{Name: "tyo1", City: "Tokyo", Country: "Japan", CountryCode: "JP", Tags: []string{"infra:ovh"}},
		{Name: "tyo2", City: "Tokyo", Country: "Japan", CountryCode: "JP", Tags: []string{"infra:ovh"}},
		{Name: "nowhere"},
	}
}

// withHint returns an error with its hint, as a user sees it.
func withHint(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		text += "; " + h.Hint()
	}
	return text
}

func TestProvider(t *testing.T) {
	all := "available: postgresql-addon, mysql-addon, cellar-addon, addon-matomo, kv"
	tests := []struct{ word, want, err string }{
		{"postgresql-addon", "postgresql-addon", ""},
		{"postgres", "postgresql-addon", ""},
		{"PG", "postgresql-addon", ""},
		{"PostgreSQL", "postgresql-addon", ""},
		{"Kv", "kv", ""},
		{"materia kv", "kv", ""},
		{"s3", "cellar-addon", ""},
		{"matomo analytics", "addon-matomo", ""},
		{"mongo", "", `unknown provider "mongo"; ` + all},
		{"mariadb", "", `unknown provider "mariadb"; ` + all},
		{"postgresql-adon", "", `unknown provider "postgresql-adon"; did you mean "postgresql-addon"?`},
		{"postgers", "", `unknown provider "postgers"; did you mean "postgresql-addon"?`},
		{"motomo", "", `unknown provider "motomo"; did you mean "addon-matomo"?`},
		{"", "", `unknown provider ""; ` + all},
	}
	for _, tt := range tests {
		t.Run(tt.word, func(t *testing.T) {
			got, err := testCatalogue().Provider(tt.word)
			if withHint(err) != tt.err {
				t.Fatalf("error %q, want %q", withHint(err), tt.err)
			}
			if err == nil && got.ID != tt.want {
				t.Errorf("provider %q, want %q", got.ID, tt.want)
			}
		})
	}
}

func TestPlan(t *testing.T) {
	tests := []struct{ provider, word, want, err string }{
		{"pg", "xxs_sml", "plan_2", ""},
		{"pg", "XXS_SML", "plan_2", ""},
		{"pg", "plan_3", "plan_3", ""},
		{"pg", "xxs small space", "plan_2", ""},
		{"cellar", "s", "plan_5", ""},
		{"pg", "small", "", `plan "small" of postgresql-addon is ambiguous: there are 2; say which: xs_sml, s_sml`},
		{"pg", "xxs_sm", "", `unknown plan "xxs_sm" of postgresql-addon; did you mean "xxs_sml"?`},
		{"pg", "enormous", "", `unknown plan "enormous" of postgresql-addon; available: dev, xxs_sml, xs_sml, s_sml`},
		{"mysql", "dev", "", `unknown plan "dev" of mysql-addon`},
	}
	for _, tt := range tests {
		t.Run(tt.provider+" "+tt.word, func(t *testing.T) {
			c := testCatalogue()
			p, err := c.Provider(tt.provider)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Plan(p, tt.word)
			if withHint(err) != tt.err {
				t.Fatalf("error %q, want %q", withHint(err), tt.err)
			}
			if err == nil && got.ID != tt.want {
				t.Errorf("plan %q, want %q", got.ID, tt.want)
			}
		})
	}
}

func TestRegion(t *testing.T) {
	const of = "plan xxs_sml of postgresql-addon"
	zones := "available: par, parhds, scw, mtl, rbx, rbxhds, tyo1, tyo2"
	tests := []struct{ word, want, err string }{
		{"par", "par", ""},
		{"PARHDS", "parhds", ""},
		{"Paris", "par", ""},
		{"paris", "par", ""},
		{"France/Paris", "par", ""},
		{"FR / Paris", "par", ""},
		{"Roubaix", "rbx", ""},
		{"Canada/Montreal", "mtl", ""},
		{"Canada/Paris", "", `unknown region "Canada/Paris" of ` + of + "; " + zones},
		{"tokyo", "", `region "tokyo" of ` + of + " is ambiguous: there are 2; say which: tyo1, tyo2"},
		{"ldn", "", `region "ldn" is not offered for ` + of + "; " + zones},
		{"London", "", `region "London" is not offered for ` + of + "; " + zones},
		{"Monteal", "", `unknown region "Monteal" of ` + of + `; did you mean "Montreal"?`},
		{"parhd", "", `unknown region "parhd" of ` + of + `; did you mean "parhds"?`},
		{"", "", `unknown region "" of ` + of + "; " + zones},
	}
	c := testCatalogue()
	p := &c.Providers[0]
	for _, tt := range tests {
		t.Run(tt.word, func(t *testing.T) {
			got, err := c.Region(p, &p.Plans[1], testZones(), tt.word)
			if withHint(err) != tt.err || got != tt.want {
				t.Errorf("region %q, error %q; want %q, %q", got, withHint(err), tt.want, tt.err)
			}
		})
	}
}

func TestRegionOfAPlanWithFewerZones(t *testing.T) {
	c := testCatalogue()
	p := &c.Providers[0]
	_, err := c.Region(p, &p.Plans[0], testZones(), "mtl")
	want := `region "mtl" is not offered for plan dev of postgresql-addon; available: par`
	if withHint(err) != want {
		t.Errorf("%q, want %q", withHint(err), want)
	}
	if c.NeedsZones(&p.Plans[0], "Par") || !c.NeedsZones(&p.Plans[0], "mtl") {
		t.Error("the zones are needed exactly for words that are no zone of the plan")
	}
}

func TestVersion(t *testing.T) {
	info := &ProviderInfo{
		Clusters:  []Cluster{{Version: "15"}, {Version: "15"}, {Version: "-1"}},
		Dedicated: map[string]Dedicated{"9": {}, "14": {}, "15": {}, "7.2.4": {}},
	}
	c := testCatalogue()
	p := &c.Providers[0]
	dev, dedicated := &p.Plans[0], &p.Plans[1]
	tests := []struct {
		name string
		info *ProviderInfo
		plan *Plan
		word string
		want string
		err  string
	}{
		{"one of them", info, dedicated, "14", "14", ""},
		{"none asked", info, dedicated, "", "", ""},
		{"shared", info, dev, "15", "15", ""},
		{"not on the cluster", info, dev, "14", "", `unknown version "14" of postgresql-addon; available: 15`},
		{"too exact", info, dedicated, "15.10", "", `unknown version "15.10" of postgresql-addon; did you mean "15"?`},
		{"not exact enough", info, dedicated, "7", "", `unknown version "7" of postgresql-addon; did you mean "7.2.4"?`},
		{"in order", info, dedicated, "16", "", `unknown version "16" of postgresql-addon; available: 7.2.4, 9, 14, 15`},
		{"no versions", nil, dedicated, "16", "", `unknown version "16" of postgresql-addon`},
		{"no versions, none asked", nil, dedicated, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Version(p, tt.info, tt.plan, "par", tt.word)
			if got != tt.want || withHint(err) != tt.err {
				t.Errorf("version %q, error %q; want %q, %q", got, withHint(err), tt.want, tt.err)
			}
		})
	}
}

func TestHintOfManyIsShortAndDetailWhole(t *testing.T) {
	all := strings.Split("a1 b2 c3 d4 e5 f6 g7 h8 i9 j10", " ")
	e := Unknown("plan", "zzzzz", "x", all)
	if want := "available: 10, among them a1, b2, c3, d4, e5, f6, g7, h8"; e.Hint() != want {
		t.Errorf("hint %q, want %q", e.Hint(), want)
	}
	if want := strings.Join(all, ", "); e.Detail() != want {
		t.Errorf("detail %q, want %q", e.Detail(), want)
	}
}
