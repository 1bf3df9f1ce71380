package emulator

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A stream of logs ends where it was asked to, and says why; one without an end says
// that it stands.
func TestLogs(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	e, c := newEmulator(t, Options{Now: func() time.Time { return noon }})
	server := httptest.NewServer(e)
	defer server.Close()
	a, shop := c.order("/v2/self", order("db")), c.app("/v2/self", "shop")
	read := func(path string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/v4/logs/organisations/"+e.User()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer x")
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if kind := res.Header.Get("Content-Type"); res.StatusCode == 200 && kind != "text/event-stream" {
			t.Errorf("%s: %s", path, kind)
		}
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	at := "/resources/" + a.RealID + "/logs"
	for path, want := range map[string][2]int{
		at + "?until=2026-05-01T12:00:00Z": {1, 1},
		at + "?limit=2":                    {2, 1},
		at + "?until=2026-04-01T12:00:00Z": {0, 1},
		at + "?limit=1&filter=ready":       {1, 1},
		"/applications/" + shop.ID + "/logs?until=2026-05-01T12:00:00Z&since=2026-05-01": {0, 0},
		"/applications/" + shop.ID + "/logs?until=2026-05-01T12:00:00Z":                  {1, 1},
		"/resources/" + a.ID + "/logs?limit=1":                                           {0, 0},
	} {
		text := read(path)
		if lines, ends := strings.Count(text, "_LOG\n"), strings.Count(text, "event: END_OF_STREAM"); lines != want[0] || ends != want[1] {
			t.Errorf("%s: %d lines, %d ends\n%s", path, lines, ends, text)
		}
	}
}

// Drains and hooks are kept as they were sent, by whom they belong to.
func TestDrainsAndHooks(t *testing.T) {
	e, c := newEmulator(t, Options{})
	org := e.Organisations()[0]
	a := c.order("/v2/organisations/"+org, order("db"))
	base := "/v4/drains/organisations/" + org + "/resources/" + a.RealID + "/drains"
	var made struct {
		ID, ResourceID, Kind string
		Recipient            struct{ Type, URL, Username string }
		Status               struct{ Status string }
	}
	c.must("POST", base, `{"recipient":{"type":"RAW_HTTP","url":"https://a.example.com","username":"u"}}`, &made)
	if made.ResourceID != a.RealID || made.Kind != "LOG" || made.Recipient.Username != "u" || made.Status.Status != "ENABLED" {
		t.Errorf("made %+v", made)
	}
	for _, body := range []string{`{}`, `{"recipient":{"type":"PIGEON","url":"https://a"}}`, `{"recipient":{"type":"RAW_HTTP"}}`, `{"kind":"X","recipient":{"type":"RAW_HTTP","url":"https://a"}}`} {
		if status := c.ask("POST", base, body, nil); status != 400 {
			t.Errorf("%s: %d", body, status)
		}
	}
	c.must("PUT", base+"/"+made.ID+"/disable", nil, &made)
	var list []any
	c.must("GET", base+"?status=ENABLED", nil, &list)
	if made.Status.Status != "DISABLED" || len(list) != 0 {
		t.Errorf("disabled: %+v, enabled %v", made, list)
	}
	if status := c.ask("GET", "/v4/drains/organisations/"+e.User()+"/resources/"+a.RealID+"/drains", nil, nil); status != 404 {
		t.Errorf("by another owner: %d", status)
	}
	c.must("DELETE", base+"/"+made.ID, nil, &made)
	if status := c.ask("GET", base+"/"+made.ID, nil, nil); status != 404 {
		t.Errorf("after its removal: %d", status)
	}
	hooks := "/v2/notifications/webhooks/" + org
	var hook struct {
		ID, Name, OwnerID string
		URLs              []struct{ URL string }
	}
	c.must("POST", hooks, `{"name":"chat","urls":[{"url":"https://c.example.com","format":"slack"}]}`, &hook)
	if hook.Name != "chat" || hook.OwnerID != org || len(hook.URLs) != 1 {
		t.Errorf("the hook is %+v", hook)
	}
	c.must("PUT", hooks+"/"+hook.ID, `{"name":"talk"}`, &hook)
	if status := c.ask("GET", "/v2/notifications/emailhooks/"+org, nil, &list); status != 200 || len(list) != 0 {
		t.Errorf("e-mail hooks: %d %v", status, list)
	}
	c.must("DELETE", hooks+"/"+hook.ID, nil, nil)
	c.must("GET", hooks, nil, &list)
	if len(list) != 0 {
		t.Errorf("left: %v", list)
	}
}
