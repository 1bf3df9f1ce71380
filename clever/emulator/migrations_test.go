package emulator

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

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
	if m.Status != "RUNNING" || len(m.Steps) != 1 || m.Steps[0].Status != "RUNNING" {
		t.Errorf("started: %+v", m)
	}
	c.must("GET", path+"/migrations/"+m.ID, nil, &seen)
	if seen.Status != "OK" || seen.ID != m.ID || len(seen.Steps) != 11 {
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
	for _, name := range []string{"POSTGRESQL_ADDON_HOST", "POSTGRESQL_ADDON_PASSWORD", "POSTGRESQL_ADDON_URI"} {
		if before[name] == after[name] || after[name] == "" {
			t.Errorf("after the migration %s is %q still", name, after[name])
		}
		delete(before, name)
	}
	uri := fmt.Sprintf("postgresql://%s:%s@%s:5432/%s", after["POSTGRESQL_ADDON_USER"], after["POSTGRESQL_ADDON_PASSWORD"], after["POSTGRESQL_ADDON_HOST"], after["POSTGRESQL_ADDON_DB"])
	if after["POSTGRESQL_ADDON_URI"] != uri {
		t.Errorf("the URI is %s, want %s", after["POSTGRESQL_ADDON_URI"], uri)
	}
	for name, value := range before {
		if after[name] != value {
			t.Errorf("%s became %q", name, after[name])
		}
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

// A traveller watches an add-on that is migrated, on a clock of its own.
type traveller struct {
	*client
	path string // of the add-on
	now  time.Time
}

func (tr *traveller) start(wanted clever.MigrationRequest) (m clever.Migration) {
	tr.t.Helper()
	tr.must("POST", tr.path+"/migrations", wanted, &m)
	return m
}

// see returns how a migration looks from outside after a while, and which plan the
// add-on has.
func (tr *traveller) see(id string, after time.Duration) (m clever.Migration, plan string) {
	tr.t.Helper()
	tr.now = tr.now.Add(after)
	var a clever.Addon
	tr.must("GET", tr.path+"/migrations/"+id, nil, &m)
	tr.must("GET", tr.path, nil, &a)
	return m, a.Plan.ID
}

func TestMigrationTakesItsTime(t *testing.T) {
	tr := &traveller{now: time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)}
	o := Options{MigrationTime: 11 * time.Second, State: filepath.Join(t.TempDir(), "state.json"), Now: func() time.Time { return tr.now }}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	tr.client = inProcessClient(t, e)
	org := "/v2/organisations/" + e.User()
	tr.path = org + "/addons/" + tr.order(org, order("x")).ID
	wanted := clever.MigrationRequest{PlanID: bigPostgres, Region: "par"}
	m := tr.start(wanted)
	for done := range 11 {
		if done == 5 { // it goes on though the emulator is started anew
			shut(t, e)
			if e, err = New(o); err != nil {
				t.Fatal(err)
			}
			tr.client = inProcessClient(t, e)
		}
		seen, plan := tr.see(m.ID, 0)
		if seen.Status != "RUNNING" || plan != smallPostgres || len(seen.Steps) != done+1 {
			t.Errorf("after %d s: %s with %d steps, plan %s", done, seen.Status, len(seen.Steps), plan)
		}
		for i, s := range seen.Steps {
			ended := tr.now.Add(time.Duration(i+1-done) * time.Second)
			want := clever.MigrationStep{Value: s.Value, Status: "OK", StartDate: ended.Add(-time.Second).Format(time.RFC3339), EndDate: ended.Format(time.RFC3339)}
			if i == done {
				want.Status, want.EndDate = "RUNNING", ""
			}
			if diff := cmp.Diff(want, s); diff != "" {
				t.Errorf("after %d s, step %d: %s", done, i, diff)
			}
		}
		if status, m := tr.refused("POST", tr.path+"/migrations", wanted); status != 400 || m.ID != 90025 {
			t.Errorf("another one after %d s: %d %+v", done, status, m)
		}
		tr.now = tr.now.Add(time.Second)
	}
	if seen, plan := tr.see(m.ID, 0); seen.Status != "OK" || plan != bigPostgres || seen.Steps[10].Value != "UPDATE_ADDON" {
		t.Errorf("at the end: %+v, plan %s", seen, plan)
	}
	shut(t, e)
}

// What ends a migration before its time, and leaves the add-on what it was.
func TestMigrationThatDoesNotArrive(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault []Fault
		end   func(tr *traveller, id string)
		want  string
		last  clever.MigrationStep
	}{
		{"aborted", nil, func(tr *traveller, id string) {
			tr.now = tr.now.Add(4 * time.Second)
			var m clever.Migration
			tr.must("DELETE", tr.path+"/migrations/"+id, nil, &m)
			if m.Status != "ABORTED" {
				tr.t.Errorf("answered %+v", m)
			}
			if status, m := tr.refused("DELETE", tr.path+"/migrations/"+id, nil); status != 400 || m.ID != 90025 {
				tr.t.Errorf("the second time: %d %+v", status, m)
			}
		}, "ABORTED", clever.MigrationStep{Value: "ASK_MIGRATION_INSTANCE_BOOT", Status: "ABORTED", StartDate: "2026-01-10T09:00:04Z", EndDate: "2026-01-10T09:00:04Z"}},
		{"failed", []Fault{{Method: "POST", Path: "/migrations$", To: 1, Kind: MigrationFailed}}, func(tr *traveller, id string) {
			if m, _ := tr.see(id, 10*time.Second); m.Status != "RUNNING" {
				tr.t.Errorf("before the end: %+v", m)
			}
			tr.now = tr.now.Add(time.Second)
		}, "FAILED", clever.MigrationStep{Value: "DUMP_AND_RESTORE", Status: "FAILED", Message: "the data could not be copied",
			StartDate: "2026-01-10T09:00:09Z", EndDate: "2026-01-10T09:00:11Z"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := &traveller{now: time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)}
			var e *Emulator
			e, tr.client = newEmulator(t, Options{MigrationTime: 11 * time.Second, Now: func() time.Time { return tr.now }, Faults: tt.fault})
			org := "/v2/organisations/" + e.User()
			tr.path = org + "/addons/" + tr.order(org, order("x")).ID
			wanted := clever.MigrationRequest{PlanID: bigPostgres, Region: "par"}
			id := tr.start(wanted).ID
			tt.end(tr, id)
			m, plan := tr.see(id, time.Hour)
			if m.Status != tt.want || plan != smallPostgres {
				t.Errorf("%s, plan %s", m.Status, plan)
			}
			if diff := cmp.Diff(tt.last, m.Steps[len(m.Steps)-1]); diff != "" {
				t.Error(diff)
			}
			id = tr.start(wanted).ID // now there may be another one
			if m, plan := tr.see(id, time.Minute); m.Status != "OK" || plan != bigPostgres {
				t.Errorf("the next one: %s, plan %s", m.Status, plan)
			}
		})
	}
}

// The last migrations are remembered, not all.
func TestMigrationsAreBounded(t *testing.T) {
	e, c := newEmulator(t, Options{})
	a := c.order("/v2/self", order("x"))
	path := "/v2/organisations/" + e.User() + "/addons/" + a.ID + "/migrations"
	var last clever.Migration
	for i := range 25 {
		plan := []string{bigPostgres, smallPostgres}[i%2]
		c.must("POST", path, clever.MigrationRequest{PlanID: plan, Region: "par"}, &last)
	}
	var list []clever.Migration
	c.must("GET", path, nil, &list)
	if len(list) != 20 || list[19].ID != last.ID || list[19].Status != "OK" {
		t.Errorf("%d are remembered, the last is %+v", len(list), list[len(list)-1])
	}
}
