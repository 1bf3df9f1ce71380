package emulator

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator/market"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
)

// TestVendorsStateIsReadable: whatever is done with vendors and their add-ons, the
// next start takes the state file, and knows the plan of what was ordered.
func TestVendorsStateIsReadable(t *testing.T) {
	for name, do := range map[string]func(f *fair, a clever.Addon){
		"a provider is called as an add-on is": func(f *fair, a clever.Addon) {
			f.must("POST", "/v2/organisations/"+f.e.Organisations()[0]+"/addonproviders", kv(t, a.ID), nil)
		},
		"a migration fails on purpose": func(f *fair, a clever.Addon) {
			if err := f.e.Fail(Fault{Path: "/migrations$", Kind: MigrationFailed}); err != nil {
				t.Fatal(err)
			}
			if got, _ := f.change(a.ID, "large"); got != "FAILED" {
				t.Errorf("the migration is %s", got)
			}
		},
		"a seller is gone before the order is kept": func(f *fair, a clever.Addon) {
			other, err := market.Vendor{Manifest: manifestText(t, manifest.Clever, "otherkv", "http://127.0.0.1:1"), Plans: []string{"small"}}.Provider()
			if err != nil {
				t.Fatal(err)
			}
			err = f.e.store.Change(func(d *store.Draft) error { return d.AddRegistration(other) })
			if err != nil {
				t.Fatal(err)
			}
			late := &store.Addon{ID: "addon_late", RealID: "otherkv_late", Owner: f.e.User(), Name: "late", Provider: "otherkv", Plan: a.Plan.ID, Region: "par"}
			if _, err := f.e.market.Order(&rest.Call{Request: httptest.NewRequest("POST", "/v2/self/addons", nil), User: f.e.User()}, other, late); err == nil {
				t.Error("ordered of a plan that the provider never had")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, state := newShop(t, manifest.Clever, nil), filepath.Join(t.TempDir(), "state")
			f := newFair(t, Options{State: state, MigrationTime: time.Hour}, s)
			_, a := f.kv("db", "small")
			do(f, a)
			shut(t, f.e)
			again, c := open(t, state)
			defer shut(t, again)
			var now clever.Addon
			c.must("GET", "/v2/self/addons/"+a.ID, nil, &now)
			if now.Plan.Slug != "small" {
				t.Errorf("its plan is %+v", now.Plan)
			}
		})
	}
}

// TestRenewedPlans: a plan that was offered is known for ever, though another one has
// its slug.
func TestRenewedPlans(t *testing.T) {
	plans := func(ids ...string) (list []clever.Plan) {
		for _, id := range ids {
			list = append(list, clever.Plan{ID: id, Slug: id[:1]})
		}
		return list
	}
	old := &store.Registration{Shown: clever.Provider{Plans: plans("a2", "b1")}, Retired: plans("a1", "c1")}
	p := &store.Registration{Shown: clever.Provider{Plans: plans("a9", "c9", "d9")}}
	p.KeepFrom(old)
	for _, c := range []struct{ got, want []clever.Plan }{{p.Shown.Plans, plans("a2", "c1", "d9")}, {p.Retired, plans("b1", "a1")}} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Error(diff)
		}
	}
}
