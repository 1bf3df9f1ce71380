package clever

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const listPath = "/v2/self/addons"

func TestAddonsAreReadOnceAndKeptTrue(t *testing.T) {
	w := &world{}
	w.create(CreateRequest{Name: "a", ProviderID: "kv"})
	c := newTestClient(t, w)
	ctx := t.Context()
	if _, err := c.Addons(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(ctx, "", CreateRequest{Name: "b", ProviderID: "kv"}, ""); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"addon_1", "addon_1"} { // the second time it is gone already
		if err := c.Delete(ctx, "", id); err != nil {
			t.Fatal(err)
		}
	}
	list, err := c.Via(w).Addons(ctx, "")
	if d := cmp.Diff([]string{"addon_2"}, idsOf(list)); d != "" || err != nil {
		t.Errorf("%s %v", d, err)
	}
	if w.gets[listPath] != 1 {
		t.Errorf("the list was read %d times, want once", w.gets[listPath])
	}
	// A list that was given out stays what it was, whatever is changed later.
	if err := c.Delete(ctx, "", "addon_2"); err != nil || list[0].ID != "addon_2" {
		t.Errorf("%v, %v", err, list)
	}
	if now, _ := c.Addons(ctx, ""); len(now) != 0 {
		t.Errorf("left: %v", now)
	}
}

func TestManyAskersReadTheListOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		c := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return w.RoundTrip(r)
		}))
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := c.Addons(t.Context(), ""); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if w.gets[listPath] != 1 {
			t.Errorf("the list was read %d times, want once", w.gets[listPath])
		}
	})
}

func TestAListUnderWayDoesNotUndoAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		w.create(CreateRequest{Name: "a", ProviderID: "kv"})
		slow := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
			resp, err := w.RoundTrip(r)
			if r.Method == http.MethodGet {
				time.Sleep(10 * time.Second) // what was read is old by the time it arrives
			}
			return resp, err
		}))
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := slow.Refresh(t.Context(), ""); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second)
		if err := slow.Delete(t.Context(), "", "addon_1"); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if list, err := slow.Addons(t.Context(), ""); len(list) != 0 || err != nil {
			t.Errorf("%v, %v; want an empty list", idsOf(list), err)
		}
	})
}

func TestThePersonalSpaceHasTwoNames(t *testing.T) {
	w := &world{}
	w.create(CreateRequest{Name: "a", ProviderID: "kv"})
	c := newTestClient(t, w)
	for _, owner := range []string{"", "user_1"} {
		if _, err := c.Addons(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Delete(t.Context(), "", "addon_1"); err != nil {
		t.Fatal(err)
	}
	if list, err := c.Addons(t.Context(), "user_1"); len(list) != 0 || err != nil {
		t.Errorf("%v, %v; want an empty list", idsOf(list), err)
	}
}

func TestAfterADoubtfulDeleteTheListIsReadAgain(t *testing.T) {
	t.Parallel()
	w := &world{}
	w.create(CreateRequest{Name: "a", ProviderID: "kv"})
	c := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
		resp, err := w.RoundTrip(r)
		if r.Method == http.MethodDelete {
			return reply{status: 500}.response()
		}
		return resp, err
	}))
	if _, err := c.Addons(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), "", "addon_1"); err == nil {
		t.Error("a 500 is no success")
	}
	if list, err := c.Addons(t.Context(), ""); len(list) != 0 || err != nil {
		t.Errorf("%v, %v; want what the platform has", idsOf(list), err)
	}
}

func TestIdsThatLeadElsewhereAreRefused(t *testing.T) {
	w := &world{}
	w.create(CreateRequest{Name: "a", ProviderID: "kv"})
	c := newTestClient(t, w)
	for _, id := range []string{"", ".", ".."} {
		if err := c.Delete(t.Context(), "", id); err == nil {
			t.Errorf("id %q is taken", id)
		}
	}
	if err := c.Delete(t.Context(), "", "x/../addon_1"); err != nil {
		t.Error(err) // escaped, it names nothing
	}
	if d := cmp.Diff([]string{"addon_1"}, w.there()); d != "" {
		t.Error(d)
	}
}

func TestWaitEnv(t *testing.T) {
	whole := reply{status: 200, body: `[{"name":"KV_HOST","value":"h"},{"name":"KV_PORT","value":"1"},{"name":"KV_TOKEN","value":"t"},{"name":"X","value":""}]`}
	part := reply{status: 200, body: `[{"name":"KV_HOST","value":"h"},{"name":"X","value":""}]`}
	fewerVars := reply{status: 200, body: `[{"name":"KV_HOST","value":"h"},{"name":"KV_PORT","value":"1"},{"name":"KV_TOKEN","value":"t"}]`}
	none := reply{status: 404, body: `{"id":11001,"message":"This addon does not exist.","type":"error"}`}
	kept, fewer := []string{"X", "KV_HOST"}, []string{"KV_HOST"}
	tests := []struct {
		name    string
		replies []reply
		keys    []string // that the add-on has when it is read again; nil: it is gone
		vars    int
		err     string
	}{
		{"at once", []reply{whole}, kept, 4, ""},
		{"late", []reply{none, part, part, part, part, part, part, whole}, kept, 4, ""},
		{"late, with fewer keys", []reply{none, fewerVars}, fewer, 3, ""},
		{"never", []reply{part}, kept, 2, `add-on "cache" exists, but not all of its variables: KV_PORT, KV_TOKEN; play again: the add-on is found and nothing is ordered twice`},
		{"never at all", []reply{none}, kept, 0, `add-on "cache" exists, but not all of its variables: KV_HOST, KV_PORT, KV_TOKEN, X; play again: the add-on is found and nothing is ordered twice`},
		{"gone", []reply{none}, nil, 0, `add-on "cache" was ordered, and is not there any more; somebody removed it, or its vendor could not make it; play again to order it anew`},
		{"not allowed", []reply{{status: 403}}, kept, 0, "the platform refused GET /v2/self/addons/addon_1/env: 403, not allowed; the token from environment may lack a right: log in again with `runner login`, and leave the rights ticked that it takes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{env: func(n int) reply { return tt.replies[min(n, len(tt.replies))-1] }}
				addon := Addon{ID: "addon_1", Name: "cache", Provider: Provider{ID: "kv"}, ConfigKeys: kept}
				if tt.keys != nil {
					later := addon
					later.ConfigKeys = tt.keys
					w.addons = []Addon{later}
				}
				vars, err := newTestClient(t, w).WaitEnv(t.Context(), "", addon)
				if len(vars) != tt.vars || withHint(err) != tt.err {
					t.Errorf("%d variables, %q; want %d, %q", len(vars), withHint(err), tt.vars, tt.err)
				}
			})
		})
	}
}

func TestStartMigration(t *testing.T) {
	running := `{"migrationId":"migration_1","status":"RUNNING","steps":[{"value":"DUMP_AND_RESTORE","status":"RUNNING"}]}`
	ended := `{"migrationId":"migration_0","status":"OK"}`
	tests := []struct {
		name   string
		before string
		post   reply
		after  string
		want   string
		err    string
	}{
		{"started", "[" + ended + "]", reply{status: 200, body: running}, "", "migration_1", ""},
		{"answer lost, but started", "[" + ended + "]", reply{err: io.EOF}, "[" + ended + "," + running + "]", "migration_1", ""},
		{"answer lost, not started", "[]", reply{err: io.EOF}, "[]", "",
			"no answer from http://platform.test to POST /v2/organisations/orga_1/addons/addon_1/migrations: the connection was closed too early"},
		{"refused as busy, then started", "[]", reply{status: 503, body: "once"}, "[]", "migration_1", ""},
		{"one runs", "[" + running + "]", reply{err: errors.New("must not be sent")}, "", "",
			"add-on addon_1 is being migrated already (migration_1)"},
		{"refused", "[]", reply{status: 400}, "", "",
			"the platform refused POST /v2/organisations/orga_1/addons/addon_1/migrations: 400, bad request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, inBubble(func(t *testing.T) {
			lists := []string{tt.before, tt.after}
			c := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPost {
					post := tt.post
					if post.body == "once" {
						tt.post = reply{status: 200, body: running}
					}
					return post.response()
				}
				list := lists[0]
				lists = lists[min(1, len(lists)-1):]
				return reply{status: 200, body: list}.response()
			}))
			m, err := c.StartMigration(t.Context(), "orga_1", "addon_1", MigrationRequest{PlanID: "plan_2", Region: "par"})
			text := ""
			if err != nil {
				text = err.Error()
			}
			if m.ID != tt.want || text != tt.err {
				t.Errorf("%q, %q; want %q, %q", m.ID, text, tt.want, tt.err)
			}
		}))
	}
}

// inBubble makes a test whose clock is its own.
func inBubble(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) { synctest.Test(t, test) }
}
