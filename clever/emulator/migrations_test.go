package emulator

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
)

const bigPostgres = "plan_9ce0a025-f5bd-4ac4-a5be-e2da37c87583" // xxs_med

func TestMigration(t *testing.T) {
	e, c := newEmulator(t, Options{})
	org := "/v2/organisations/" + e.Organisations()[0]
	o := order("x")
	o.Plan = devPostgres
	a := c.order(org, o)
	path := org + "/addons/" + a.ID
	before := env(t, c, path)
	var list []clever.Migration
	c.must("GET", path+"/migrations", nil, &list)
	if list == nil || len(list) != 0 {
		t.Errorf("at first: %v", list)
	}
	version := "17"
	var m, seen clever.Migration
	c.must("POST", path+"/migrations", clever.MigrationRequest{PlanID: bigPostgres, Region: "rbx", Version: &version}, &m)
	if m.Status != "RUNNING" || len(m.Steps) != 2 {
		t.Errorf("started: %+v", m)
	}
	c.must("GET", path+"/migrations/"+m.ID, nil, &seen)
	if seen.Status != "OK" || seen.ID != m.ID || len(seen.Steps) != 5 {
		t.Errorf("polled: %+v", seen)
	}
	c.must("GET", path+"/migrations", nil, &list)
	if diff := cmp.Diff([]clever.Migration{seen}, list); diff != "" {
		t.Error(diff)
	}
	var moved clever.Addon
	c.must("GET", path, nil, &moved)
	if moved.RealID != a.RealID || moved.Plan.ID != bigPostgres || moved.Region != "rbx" || moved.ZoneID == a.ZoneID {
		t.Errorf("moved: %+v", moved)
	}
	after := env(t, c, path)
	before["POSTGRESQL_ADDON_VERSION"] = "17"
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if status, _ := c.refused("DELETE", path+"/migrations/"+m.ID, nil); status != 400 {
		t.Errorf("aborted: %d", status)
	}
	c.must("POST", path+"/migrations", `{"planId":"`+smallPostgres+`","version":null}`, nil)
	c.must("GET", path, nil, &moved)
	if moved.Plan.ID != smallPostgres || moved.Region != "rbx" || env(t, c, path)["POSTGRESQL_ADDON_VERSION"] != "17" {
		t.Errorf("left out: %+v", moved)
	}
}

func TestMigrationRefused(t *testing.T) {
	e, c := newEmulator(t, Options{})
	org := "/v2/organisations/" + e.Organisations()[0]
	pg := org + "/addons/" + c.order(org, order("x")).ID + "/migrations"
	es := org + "/addons/" + c.first(e, "es-addon", nil).ID + "/migrations"
	for _, tt := range []struct {
		name, path, body string
		id               int
	}{
		{"plan", pg, `{"planId":"plan_x"}`, 90022},
		{"region", pg, `{"region":"moon"}`, 90023},
		{"version", pg, `{"version":"1"}`, 90024},
		{"type", pg, `{"version":1}`, 90005},
		{"provider", es, `{"version":"9"}`, 90025},
	} {
		if status, m := c.refused("POST", tt.path, tt.body); status != 400 || m.ID != tt.id {
			t.Errorf("%s: %d %+v", tt.name, status, m)
		}
	}
	if status, m := c.refused("GET", pg+"/migration_x", nil); status != 404 || m.ID != 90011 {
		t.Errorf("no migration: %d %+v", status, m)
	}
	var price map[string]any
	c.must("GET", pg+"/preorders?planId="+bigPostgres, nil, &price)
	if price["totalHT"] != 6.8 || price["totalTTC"] != 8.16 {
		t.Errorf("%v", price)
	}
}
