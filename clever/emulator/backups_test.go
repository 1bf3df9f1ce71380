package emulator

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
)

func TestBackups(t *testing.T) {
	born := time.Date(2026, 1, 1, 6, 0, 0, 0, time.UTC)
	now := born
	e, c := newEmulator(t, Options{Now: func() time.Time { return now }})
	small := order("x")
	off := order("off")
	off.Options = map[string]string{"do-backup": "false"}
	dev := order("dev")
	dev.Plan = devPostgres
	with := c.order("/v2/self", small)
	without := []clever.Addon{c.order("/v2/self", off), c.order("/v2/self", dev), c.first(e, "cellar-addon", nil)}
	list := func(owner string, a clever.Addon) (all []backup) {
		t.Helper()
		c.must("GET", "/v2/backups/"+owner+"/"+a.RealID, nil, &all)
		if all == nil {
			t.Errorf("%s: null", a.Name)
		}
		return all
	}
	var seen []backup
	for _, tt := range []struct {
		after       time.Duration
		count, from int // the days of those that are kept
	}{{0, 0, 0}, {24*time.Hour - 1, 0, 0}, {24 * time.Hour, 1, 1}, {7 * 24 * time.Hour, 7, 1}, {20*24*time.Hour + time.Hour, 7, 14}} {
		now = born.Add(tt.after)
		all := list(e.User(), with)
		if len(all) != tt.count {
			t.Fatalf("after %v: %d backups", tt.after, len(all))
		}
		for i, b := range all {
			at := born.Add(time.Duration(tt.from+i) * 24 * time.Hour)
			if !b.Created.Equal(at) || !b.Until.Equal(at.Add(7*24*time.Hour)) || b.Entity != with.RealID || !uuid4.MatchString(b.ID) || b.URL == "" {
				t.Errorf("after %v: %+v", tt.after, b)
			}
		}
		if tt.count == 7 && tt.from == 1 {
			seen = all
		}
	}
	now = born.Add(7 * 24 * time.Hour)
	if diff := cmp.Diff(seen, list(e.User(), with)); diff != "" {
		t.Errorf("they are others now: %s", diff)
	}
	for i, a := range without {
		owner := e.User()
		if i == 2 {
			owner = e.Organisations()[0]
		}
		if all := list(owner, a); len(all) != 0 {
			t.Errorf("%s has %v", a.Name, all)
		}
	}
	if status, m := c.refused("GET", "/v2/backups/"+e.Organisations()[0]+"/"+with.RealID, nil); status != 404 || m.ID != 11001 {
		t.Errorf("of another owner: %d %+v", status, m)
	}
}

func TestInstances(t *testing.T) {
	e, c := newEmulator(t, Options{MigrationTime: time.Hour})
	base := "/v2/organisations/" + e.User()
	dev := order("dev")
	dev.Plan = devPostgres
	a := c.order(base, order("x"))
	list := func(id string) (all []instance) {
		t.Helper()
		c.must("GET", base+"/addons/"+id+"/instances", nil, &all)
		return all
	}
	all := list(a.ID)
	if len(all) != 1 || all[0].State != "UP" || all[0].App != a.ID || all[0].Port != 5432 || !uuid4.MatchString(all[0].ID) {
		t.Fatalf("there are %+v", all)
	}
	if diff := cmp.Diff(flavor{Name: "xxs_sml", Mem: 512, CPUs: 1, Price: 5.25}, all[0].Flavor); diff != "" {
		t.Error(diff)
	}
	c.must("POST", base+"/addons/"+a.ID+"/migrations", clever.MigrationRequest{PlanID: bigPostgres, Region: "par"}, nil)
	if now := list(a.ID); len(now) != 1 || now[0].State != "MIGRATION_IN_PROGRESS" || now[0].ID != all[0].ID {
		t.Errorf("while it is migrated: %+v", now)
	}
	if shared := list(c.order(base, dev).ID); shared == nil || len(shared) != 0 {
		t.Errorf("on a shared plan: %+v", shared)
	}
}

func TestStoragePolicies(t *testing.T) {
	e, c := newEmulator(t, Options{})
	a := c.first(e, "addon-pulsar", nil)
	path := "/v4/addon-providers/addon-pulsar/addons/" + a.RealID + "/storage-policies"
	const sized, both = `{"retentionPolicies":{"sizeInMB":5,"durationInDays":6},"offloadPolicies":null}`, `{"retentionPolicies":{"sizeInMB":5,"durationInDays":6},"offloadPolicies":{"sizeInMB":7,"durationInDays":8}}`
	for _, step := range []struct {
		method, body, want string
	}{
		{"GET", "", `{"retentionPolicies":null,"offloadPolicies":null}`},
		{"PATCH", `{"retentionPolicies":{"sizeInMB":5,"durationInDays":6}}`, sized},
		{"PATCH", `{"offloadPolicies":{"sizeInMB":7,"durationInDays":8},"retentionPolicies":null}`, both},
		{"GET", "", both},
	} {
		var got json.RawMessage
		c.must(step.method, path, step.body, &got)
		if diff := cmp.Diff(step.want, string(got)); diff != "" {
			t.Errorf("%s %s: %s", step.method, step.body, diff)
		}
	}
	other := c.first(e, "keycloak", nil)
	for _, id := range []string{a.ID, other.RealID} {
		if status := c.ask("PATCH", "/v4/addon-providers/addon-pulsar/addons/"+id+"/storage-policies", `{}`, nil); status != 404 {
			t.Errorf("%s: %d", id, status)
		}
	}
}

// What the platform refuses with numbers that are known, or gave up.
func TestKnownNumbers(t *testing.T) {
	e, c := newEmulator(t, Options{})
	org := "/v2/organisations/" + e.Organisations()[0]
	theirs, mine := c.order(org, order("x")), c.app("/v2/self", "mine")
	for _, tt := range []struct {
		name, method, path, body string
		status, id               int
	}{
		{"no such add-on", "GET", "/v2/self/addons/addon_x", "", 404, 11001},
		{"no such add-on to remove", "DELETE", "/v2/self/addons/addon_x", "", 404, 11001},
		{"an add-on of another owner", "GET", "/v2/self/addons/" + theirs.ID, "", 403, 10300},
		{"an add-on of another owner, by its real id", "DELETE", "/v2/self/addons/" + theirs.RealID, "", 403, 10300},
		{"an application of another owner", "POST", org + "/applications/" + mine.ID + "/addons", `"` + theirs.ID + `"`, 403, 4002},
		{"its add-ons", "GET", org + "/applications/" + mine.ID + "/addons", "", 403, 4002},
		{"their variables", "GET", org + "/applications/" + mine.ID + "/addons/env", "", 403, 4002},
		{"to take one away", "DELETE", org + "/applications/" + mine.ID + "/addons/" + theirs.ID, "", 403, 4002},
		{"an order of old", "POST", org + "/addons/preorders", `{}`, 410, 90012},
		{"removed", "DELETE", org + "/addons/" + theirs.ID, "", 200, 318},
	} {
		status, m := c.refused(tt.method, tt.path, tt.body)
		kind := map[bool]string{true: "success", false: "error"}[status == 200]
		if status != tt.status || m.ID != tt.id || m.Type != kind || m.Message == "" {
			t.Errorf("%s: %d %+v", tt.name, status, m)
		}
	}
}
