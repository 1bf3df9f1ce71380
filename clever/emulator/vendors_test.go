package emulator

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator/market"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
)

// manifest returns one of a dialect, whose back-end is at an address.
func manifestText(t testing.TB, d manifest.Dialect, id, address string) []byte {
	t.Helper()
	text, err := manifest.Create(d, id)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ToUpper(id)
	text = []byte(strings.NewReplacer("https://addon.example.com", address,
		fmt.Sprintf("%q", name+"_URL"), fmt.Sprintf("%q, %q", name+"_URL", name+"_PORT")).Replace(string(text)))
	return text
}

// slugs returns the plans of a provider that a call shows, with their ids.
func (c *client) slugs(path string) map[string]string {
	c.t.Helper()
	var p clever.Provider
	c.must("GET", path, nil, &p)
	plans := map[string]string{}
	for _, pl := range p.Plans {
		plans[pl.Slug] = pl.ID
	}
	return plans
}

func TestVendorInTheCatalogue(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	const path = "/v2/products/addonproviders/tinykv"
	v := market.Vendor{Manifest: manifestText(t, manifest.Clever, "tinykv", "https://kv.example.com"), Plans: []string{"xs", "xl"}}
	e, err := New(Options{State: state, Vendors: []market.Vendor{v}})
	if err != nil {
		t.Fatal(err)
	}
	c := inProcessClient(t, e)
	first := c.slugs(path)
	var all []clever.Provider
	c.must("GET", "/v2/products/addonproviders", nil, &all)
	last := all[len(all)-1]
	if len(first) != 2 || first["xs"] == "" || first["xs"] == first["xl"] || last.ID != "tinykv" || len(last.Plans) != 2 || len(last.Regions) == 0 {
		t.Errorf("it sells %v, and the list ends with %+v", first, last)
	}
	shut(t, e)

	e, c = open(t, state) // without the vendor
	if diff := cmp.Diff(first, c.slugs(path)); diff != "" {
		t.Error("after a restart", diff)
	}
	shut(t, e)

	v.Plans = []string{"xl", "xxl"}
	e, err = New(Options{State: state, Vendors: []market.Vendor{v}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c = inProcessClient(t, e)
	now := c.slugs(path)
	if len(now) != 2 || now["xl"] != first["xl"] || now["xxl"] == "" {
		t.Errorf("with other plans it sells %v, and before %v", now, first)
	}
	if status, m := c.refused("POST", "/v2/self/addons", clever.CreateRequest{Name: "a", ProviderID: "tinykv", Plan: first["xs"], Region: "par"}); status != 400 || m.ID != 90022 {
		t.Errorf("a plan that is no longer offered: %d %+v", status, m)
	}
}

func TestWrongVendors(t *testing.T) {
	good := manifestText(t, manifest.Clever, "tinykv", "https://kv.example.com")
	for name, c := range map[string]struct {
		vendors []market.Vendor
		says    string
	}{
		"no manifest":       {[]market.Vendor{{Manifest: []byte("{")}}, "manifest"},
		"a wrong one":       {[]market.Vendor{{Manifest: []byte(`{"id":"tinykv"}`)}}, "manifest is wrong"},
		"the platform's id": {[]market.Vendor{{Manifest: manifestText(t, manifest.Clever, "kv", "https://kv.example.com")}}, `the provider "kv": there is one`},
		"an id twice":       {[]market.Vendor{{Manifest: good}, {Manifest: good}}, "given twice"},
		"a bad slug":        {[]market.Vendor{{Manifest: good, Plans: []string{"a b"}}}, "no slug"},
		"a slug twice":      {[]market.Vendor{{Manifest: good, Plans: []string{"a", "a"}}}, "twice"},
		"AppFog's plans":    {[]market.Vendor{{Manifest: manifestText(t, manifest.AppFog, "tinykv", "https://kv.example.com"), Plans: []string{"a"}}}, "its manifest has plans"},
	} {
		e, err := New(Options{Vendors: c.vendors})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if err == nil {
			shut(t, e)
		}
	}
}

// TestPrivateProvider: what an organisation sells before it was released, only
// the organisation sees.
func TestPrivateProvider(t *testing.T) {
	e, c := newEmulator(t, Options{})
	org := e.Organisations()[0]
	err := e.store.Change(func(d *store.Draft) error {
		p, err := market.Vendor{Manifest: manifestText(t, manifest.Clever, "tinykv", "https://kv.example.com"), Plans: []string{"small"}}.Provider()
		if err != nil {
			return err
		}
		p.Owner, p.Shown.Status = org, "ALPHA"
		return d.AddRegistration(p)
	})
	if err != nil {
		t.Fatal(err)
	}
	listed := func(query string) bool {
		var all []clever.Provider
		c.must("GET", "/v2/products/addonproviders"+query, nil, &all)
		return all[len(all)-1].ID == "tinykv"
	}
	if listed("") || listed("?orgaId="+e.User()) || !listed("?orgaId="+org) {
		t.Error("the list shows it to others, or not to its owner")
	}
	if status, _ := c.refused("GET", "/v2/products/addonproviders/tinykv", nil); status != 404 {
		t.Errorf("read by anybody: %d", status)
	}
	plan := c.slugs("/v2/products/addonproviders/tinykv?orgaId=" + org)["small"]
	if status, m := c.refused("POST", "/v2/self/addons", clever.CreateRequest{Name: "a", ProviderID: "tinykv", Plan: plan, Region: "par"}); status != 400 || m.ID != 90021 {
		t.Errorf("ordered by somebody else: %d %+v", status, m)
	}
	err = e.store.Change(func(d *store.Draft) error { return d.RemoveRegistration("tinykv") })
	if err != nil || listed("?orgaId="+org) {
		t.Errorf("it cannot be taken off: %v", err)
	}
}

// TestRegisteredByAnother: what an organisation registered is not offered to
// everybody by a manifest of the same id, and stays as it is.
func TestRegisteredByAnother(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	e, c := open(t, state)
	base := "/v2/organisations/" + e.Organisations()[0] + "/addonproviders"
	c.must("POST", base, kv(t, "tinykv"), nil)
	c.must("PUT", base+"/tinykv", map[string]string{"shortDesc": "Keys"}, nil)
	var before, after clever.Provider
	c.must("GET", base+"/tinykv", nil, &before)
	shut(t, e)
	v := market.Vendor{Manifest: manifestText(t, manifest.Clever, "tinykv", "https://kv.example.com")}
	if _, err := New(Options{State: state, Vendors: []market.Vendor{v}}); err == nil || !strings.Contains(err.Error(), "registered it") {
		t.Errorf("it is taken over: %v", err)
	}
	e, c = open(t, state)
	defer shut(t, e)
	c.must("GET", base+"/tinykv", nil, &after)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

// TestOtherCatalogue: a state file from where other things are offered is known as such,
// and left as it is.
func TestOtherCatalogue(t *testing.T) {
	v := market.Vendor{Manifest: manifestText(t, manifest.Clever, "kv", "https://kv.example.com")}
	for name, c := range map[string]struct {
		first, then Options
		says        string
	}{
		"the platform's add-on": {Options{}, Options{VendorsOnly: true}, `of "postgresql-addon", which is not offered here`},
		"the platform's id":     {Options{VendorsOnly: true, Vendors: []market.Vendor{v}}, Options{}, `offers "kv" in it, which is the platform's own here`},
	} {
		state := filepath.Join(t.TempDir(), "state")
		c.first.State, c.then.State = state, state
		e, err := New(c.first)
		if err != nil {
			t.Fatal(err)
		}
		if !c.first.VendorsOnly {
			inProcessClient(t, e).order("/v2/self", order("cache"))
		}
		shut(t, e)
		before := textOf(t, state)
		if e, err = New(c.then); err == nil {
			shut(t, e)
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "damaged") || string(textOf(t, state)) != string(before) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnotherDialect: a back-end that has add-ons is not spoken to in words that it
// would misunderstand.
func TestAnotherDialect(t *testing.T) {
	s, state := newShop(t, manifest.HerokuV1, nil), filepath.Join(t.TempDir(), "state")
	f := newFair(t, Options{State: state}, s)
	_, a := f.kv("db", "small")
	shut(t, f.e)
	o := Options{State: state, Vendors: []market.Vendor{{Manifest: manifestText(t, manifest.Clever, "tinykv", s.address)}}}
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "ordered as heroku-v1 has it") {
		t.Fatalf("with an add-on: %v", err)
	}
	e, c := open(t, state)
	c.must("DELETE", "/v2/self/addons/"+a.ID, nil, nil)
	shut(t, e)
	e, err := New(o)
	if err != nil || len(s.plans()) > 0 {
		t.Fatalf("without: %v, and the vendor has %v", err, s.plans())
	}
	shut(t, e)
}
