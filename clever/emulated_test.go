package clever_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator"
)

// emulated returns an emulator that verifies signatures, and a client of it.
func emulated(t *testing.T, change ...func(*clever.Config)) (*emulator.Emulator, *clever.Client) {
	t.Helper()
	e, err := emulator.New(emulator.Options{Strict: true, StrictIDs: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := configOf(e)
	for _, f := range change {
		f(&cfg)
	}
	c, err := clever.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e, c
}

func configOf(e *emulator.Emulator) clever.Config {
	cfg := clever.Config{Endpoint: "http://emulator.test", Transport: e.Transport()}
	cfg.Credentials.ConsumerKey, cfg.Credentials.ConsumerSecret, cfg.Credentials.Token, cfg.Credentials.Secret = e.Credentials()
	return cfg
}

// order resolves words by the catalogue and orders what they name.
func order(t *testing.T, c *clever.Client, owner, provider, plan, region, name string) clever.Addon {
	t.Helper()
	cat, err := c.Catalogue(t.Context(), owner)
	must(t, err)
	p, err := cat.Provider(provider)
	must(t, err)
	pl, err := cat.Plan(p, plan)
	must(t, err)
	var zones []clever.Zone
	if cat.NeedsZones(pl, region) {
		zones, err = c.Zones(t.Context())
		must(t, err)
	}
	zone, err := cat.Region(p, pl, zones, region)
	must(t, err)
	a, err := c.Create(t.Context(), owner, clever.CreateRequest{Name: name, ProviderID: p.ID, Plan: pl.ID, Region: zone}, "")
	must(t, err)
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheLifeOfAnAddon(t *testing.T) {
	for _, m := range []clever.Method{clever.HMACSHA512, clever.HMACSHA1, clever.Plaintext} {
		t.Run(string(m), func(t *testing.T) {
			e, c := emulated(t, func(cfg *clever.Config) { cfg.Method = m })
			ctx := t.Context()
			owner := e.Organisations()[0]

			a := order(t, c, owner, "postgres", "XXS_SML", "France/Paris", "shop-db")
			if a.Region != "par" || a.Plan.Slug != "xxs_sml" || a.Provider.ID != "postgresql-addon" {
				t.Errorf("ordered %s %s in %s", a.Provider.ID, a.Plan.Slug, a.Region)
			}
			env, err := c.WaitEnv(ctx, owner, a)
			must(t, err)
			for _, name := range clever.Complete("postgresql-addon") {
				if !slices.ContainsFunc(env, func(v clever.EnvVar) bool { return v.Name == name && v.Value != "" }) {
					t.Errorf("%s is not among the variables", name)
				}
			}
			must(t, c.Rename(ctx, owner, a.ID, "shop-base"))
			must(t, c.SetTags(ctx, owner, a.ID, []string{"by:runner", "play:site"}))
			tags, err := c.Tags(ctx, owner, a.ID)
			must(t, err)
			if d := cmp.Diff([]string{"by:runner", "play:site"}, tags); d != "" {
				t.Error(d)
			}
			if got := names(t, c, owner); !slices.Equal(got, []string{"shop-base"}) {
				t.Errorf("the list is %v", got)
			}
			must(t, c.Delete(ctx, owner, a.ID))
			must(t, c.Delete(ctx, owner, a.ID))
			if got := e.Addons(owner); len(got) != 0 || len(names(t, c, owner)) != 0 {
				t.Errorf("there is still %v", got)
			}
		})
	}
}

func names(t *testing.T, c *clever.Client, owner string) []string {
	t.Helper()
	list, err := c.Addons(t.Context(), owner)
	must(t, err)
	names := []string{}
	for _, a := range list {
		names = append(names, a.Name)
	}
	return names
}

func TestManyOrdersAtOnceReadTheWorldOnce(t *testing.T) {
	e, c := emulated(t, func(cfg *clever.Config) { cfg.MaxInFlight = 4 })
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		wg.Go(func() { order(t, c, "", "redis", "s_mono", "Paris", name) })
	}
	wg.Wait()
	if got := len(e.Addons(e.User())); got != 8 {
		t.Errorf("there are %d add-ons, want 8", got)
	}
	reads := map[string]int{}
	for _, x := range e.Journal() {
		if x.Method == http.MethodGet {
			reads[x.Path]++
		}
	}
	want := map[string]int{"/v2/products/addonproviders": 1, "/v4/products/zones": 1, "/v2/self/addons": 1}
	if d := cmp.Diff(want, reads); d != "" {
		t.Error(d)
	}
	if e.Peak() > 4 {
		t.Errorf("%d requests at once, want 4 at most", e.Peak())
	}
}

func TestMigrationOfThePersonalSpace(t *testing.T) {
	_, c := emulated(t)
	ctx := t.Context()
	a := order(t, c, "", "pg", "xxs_sml", "par", "shop-db")
	cat, err := c.Catalogue(ctx, "")
	must(t, err)
	p, err := cat.Provider("pg")
	must(t, err)
	larger, err := cat.Plan(p, "xs_med")
	must(t, err)
	m, err := c.StartMigration(ctx, "", a.ID, clever.MigrationRequest{PlanID: larger.ID, Region: "par"})
	must(t, err)
	m, err = c.Migration(ctx, "", a.ID, m.ID)
	must(t, err)
	if !m.Succeeded() || m.Running() {
		t.Errorf("the migration is %s", m.Status)
	}
	list, err := c.Addons(ctx, "")
	must(t, err)
	if len(list) != 1 || list[0].Plan.Slug != "xs_med" {
		t.Errorf("the list does not show the new plan: %+v", list)
	}
}

func TestVersionsOfTheCatalogue(t *testing.T) {
	_, c := emulated(t)
	info, err := c.Versions(t.Context(), "postgresql-addon")
	must(t, err)
	if info == nil || info.DefaultDedicatedVersion == "" {
		t.Fatalf("no versions: %+v", info)
	}
	cat, err := c.Catalogue(t.Context(), "")
	must(t, err)
	p, err := cat.Provider("pg")
	must(t, err)
	plan, err := cat.Plan(p, "xxs_sml")
	must(t, err)
	if v, err := cat.Version(p, info, plan, "par", info.DefaultDedicatedVersion); err != nil || v != info.DefaultDedicatedVersion {
		t.Errorf("%q, %v", v, err)
	}
	if info, err := c.Versions(t.Context(), "cellar-addon"); info != nil || err != nil {
		t.Errorf("cellar has versions: %v, %v", info, err)
	}
}

func TestRefusedCredentials(t *testing.T) {
	_, c := emulated(t, func(cfg *clever.Config) { cfg.Credentials.Secret = "another-secret" })
	_, err := c.Self(t.Context())
	if !clever.IsAuth(err) || strings.Contains(err.Error(), "another-secret") {
		t.Errorf("%v, want an error of authentication", err)
	}
}

func TestWhoAndWhose(t *testing.T) {
	e, c := emulated(t)
	me, err := c.Self(t.Context())
	must(t, err)
	orgs, err := c.Organisations(t.Context())
	must(t, err)
	if me.ID != e.User() || len(orgs) != 1 {
		t.Fatalf("%s with %d organisations", me.ID, len(orgs))
	}
	id, err := c.Owner(t.Context(), strings.ToUpper(orgs[0].Name))
	must(t, err)
	if id != orgs[0].ID {
		t.Errorf("%q is %s, want %s", orgs[0].Name, id, orgs[0].ID)
	}
}

func TestOverASocketConnectionsAreKept(t *testing.T) {
	e, _ := emulated(t)
	var mu sync.Mutex
	from := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		from[r.RemoteAddr] = true
		mu.Unlock()
		e.ServeHTTP(w, r)
	}))
	defer s.Close()
	cfg := clever.Config{Endpoint: s.URL}
	cfg.Credentials.ConsumerKey, cfg.Credentials.ConsumerSecret, cfg.Credentials.Token, cfg.Credentials.Secret = e.Credentials()
	c, err := clever.New(cfg)
	must(t, err)
	for range 5 {
		_, err := c.Refresh(t.Context(), "")
		must(t, err)
	}
	if len(from) != 1 {
		t.Errorf("%d connections for requests that follow each other", len(from))
	}
}

func TestVariablesOfEveryProviderAreComplete(t *testing.T) {
	e, c := emulated(t)
	cat, err := c.Catalogue(t.Context(), "")
	must(t, err)
	for _, p := range cat.Providers {
		a := order(t, c, "", p.ID, p.Plans[0].Slug, p.Plans[0].Zones[0], "one-"+p.ID)
		e.ResetJournal()
		if _, err := c.WaitEnv(t.Context(), "", a); err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
		if n := len(e.Journal()); n != 1 {
			t.Errorf("%s: the variables were read %d times, want once", p.ID, n)
		}
	}
}
