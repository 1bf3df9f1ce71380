package clever

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// moving returns a migration with one step, in JSON.
func moving(status, step string) reply {
	return reply{status: 200, body: fmt.Sprintf(
		`{"migrationId":"migration_1","status":%q,"steps":[{"value":"DUMP_AND_RESTORE","status":%q,"message":"disk full"}]}`, status, step)}
}

func TestWaitingForMigrations(t *testing.T) {
	broken := reply{status: 500, body: `{"id":1,"message":"no","type":"error"}`}
	for name, test := range map[string]struct {
		replies  []reply
		give     time.Duration // how long the caller waits; 0: for ever
		reported []string
		err      string
	}{
		"it goes well": {replies: []reply{moving("RUNNING", "RUNNING"), moving("RUNNING", "OK"), moving("OK", "OK")},
			reported: []string{"DUMP_AND_RESTORE RUNNING", "DUMP_AND_RESTORE OK"}},
		"it fails": {replies: []reply{moving("RUNNING", "RUNNING"), moving("FAILED", "FAILED")},
			reported: []string{"DUMP_AND_RESTORE RUNNING", "DUMP_AND_RESTORE FAILED"},
			err:      "the migration migration_1 of add-on addon_1 ended FAILED at the step DUMP_AND_RESTORE: disk full"},
		"it is aborted": {replies: []reply{moving("ABORTED", "OK")}, reported: []string{"DUMP_AND_RESTORE OK"},
			err: "the migration migration_1 of add-on addon_1 ended ABORTED"},
		"it is undone": {replies: []reply{moving("RECOVERING", "RECOVERING"), moving("RECOVERED", "RECOVERED")},
			reported: []string{"DUMP_AND_RESTORE RECOVERING", "DUMP_AND_RESTORE RECOVERED"},
			err:      "the migration migration_1 of add-on addon_1 ended RECOVERED at the step DUMP_AND_RESTORE: disk full"},
		"some looks fail": {replies: []reply{broken, broken, broken, moving("OK", "OK")}, reported: []string{"DUMP_AND_RESTORE OK"}},
		"all looks fail": {replies: []reply{broken},
			err: "where the migration migration_1 of add-on addon_1 stands is not known: the platform failed at GET /v2/organisations/orga_1/addons/addon_1/migrations/migration_1: 500"},
		"it never ends": {replies: []reply{moving("RUNNING", "RUNNING")}, reported: []string{"DUMP_AND_RESTORE RUNNING"},
			err: "the migration migration_1 of add-on addon_1 has not ended yet"},
		"nobody waits": {replies: []reply{moving("RUNNING", "RUNNING")}, reported: []string{"DUMP_AND_RESTORE RUNNING"}, give: time.Minute,
			err: "the migration migration_1 of add-on addon_1 goes on, but was not waited for: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				way := &scripted{replies: test.replies}
				c, err := New(Config{Endpoint: "http://platform.test", Transport: way, Credentials: Credentials{Token: "t", Secret: "s"}})
				if err != nil {
					t.Fatal(err)
				}
				ctx := t.Context()
				if test.give > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.give)
					defer cancel()
				}
				start := time.Now()
				var reported []string
				err = c.WaitMigration(ctx, "orga_1", "addon_1", Migration{ID: "migration_1", Status: "RUNNING"},
					func(s MigrationStep) { reported = append(reported, s.Value+" "+s.Status) })
				if test.err == "" && err != nil || err != nil && (test.err == "" || !strings.HasPrefix(err.Error(), test.err)) {
					t.Errorf("%v, want %q", err, test.err)
				}
				if test.err != "" && err == nil {
					t.Errorf("it ended well, want %q", test.err)
				}
				if diff := cmp.Diff(test.reported, reported); diff != "" {
					t.Errorf("reported: %s", diff)
				}
				if took := time.Since(start); took > 2*time.Hour+time.Minute || len(way.requests) > 2000 {
					t.Errorf("%d looks in %v", len(way.requests), took)
				}
			})
		})
	}
}

func TestTagsAreReadOnce(t *testing.T) {
	summary := `{"user":{"id":"user_1","addons":[{"id":"addon_1","customerTags":["b","a"]},{"id":"addon_2","customerTags":[]}]},"organisations":[]}`
	tags := map[string]string{"addon_1": `["b","a"]`, "addon_2": `[]`, "addon_3": `["young"]`}
	requests := map[string]int{}
	refuse := false
	way := roundTrip(func(r *http.Request) (*http.Response, error) {
		requests[r.Method+" "+r.URL.Path]++
		id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v2/self/addons/"), "/tags")
		switch {
		case r.URL.Path == "/v2/summary":
			return reply{status: 200, body: summary}.response()
		case r.Method == http.MethodPut && refuse:
			return reply{status: 400, body: `{"id":1,"message":"no","type":"error"}`}.response()
		}
		return reply{status: 200, body: tags[id]}.response()
	})
	c, err := New(Config{Endpoint: "http://platform.test", Transport: way, Credentials: Credentials{Token: "t", Secret: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	see := func(id string, want ...string) {
		t.Helper()
		if got, err := c.TagsOf(t.Context(), "", id); err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s has %v (%v), want %v", id, got, err, want)
		}
	}
	add := func(tag string) func([]string) []string {
		return func(tags []string) []string { return append(tags, tag) }
	}
	see("addon_1", "b", "a")
	see("addon_2")
	see("addon_3", "young") // it is not in the summary
	if got, err := c.Retag(t.Context(), "", "addon_1", add("c")); err != nil || strings.Join(got, " ") != "a b c" {
		t.Errorf("retagged: %v, %v", got, err)
	}
	see("addon_1", "a", "b", "c")
	if _, err := c.Retag(t.Context(), "", "addon_1", add("a")); err != nil { // changes nothing
		t.Error(err)
	}
	refuse = true
	if _, err := c.Retag(t.Context(), "", "addon_2", add("x")); err == nil {
		t.Error("a refusal was not reported")
	}
	see("addon_2") // in doubt it is read
	want := map[string]int{"GET /v2/summary": 1, "GET /v2/self/addons/addon_3/tags": 1,
		"GET /v2/self/addons/addon_1/tags": 2, "PUT /v2/self/addons/addon_1/tags": 1,
		"GET /v2/self/addons/addon_2/tags": 2, "PUT /v2/self/addons/addon_2/tags": 1}
	if diff := cmp.Diff(want, requests); diff != "" {
		t.Errorf("requests: %s", diff)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRoomOfPlans(t *testing.T) {
	size := func(code, text, bytes string) Plan {
		return Plan{Features: []Feature{{NameCode: &code, Value: text, ComputableValue: &bytes}}}
	}
	large, small := size("disk-size", "10 GB", "10737418240"), size("disk-size", "1 GB", "1073741824")
	for name, test := range map[string]struct {
		from, to Plan
		want     []Shrink
	}{
		"less":                {large, small, []Shrink{{"disk-size", "10 GB", "1 GB"}}},
		"more":                {small, large, nil},
		"the same":            {large, large, nil},
		"not reported before": {size("disk-size", "Shared", ""), small, nil},
		"not reported after":  {large, size("disk-size", "Shared", "many"), nil},
		"another size":        {large, size("max-db-size", "1 GB", "1073741824"), nil},
	} {
		if diff := cmp.Diff(test.want, Shrinks(test.from, test.to)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
