package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/settings"
)

// A pageTest is a server of a fleet that the test makes up.
type pageTest struct {
	*httptest.Server
	t  *testing.T
	mu sync.Mutex
	o  *control.Overview
	// err is what looking fails with.
	err  error
	said []control.Consent
}

var (
	replaceDB = flow.Change{Risk: "replace", Action: "replace", Object: `add-on "shop-db"`, Task: "Order the database"}
	deleteDB  = flow.Change{Risk: "delete", Action: "delete", Object: `add-on "<b>old</b>"`, Task: "Remove"}
)

// newPageTest serves n playbooks with what settings say, and passwords for ann.
func newPageTest(t *testing.T, n int, c settings.Serve) *pageTest {
	t.Helper()
	p := &pageTest{t: t, o: fleetOf(n)}
	if c.Users == "ann" {
		hash, err := bcrypt.GenerateFromPassword([]byte("a password"), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		c.Users = filepath.Join(t.TempDir(), "users")
		if err := os.WriteFile(c.Users, []byte("# who\nann:"+string(hash)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if c.UserHeader != "" && c.Proxies == nil {
		c.Proxies = []string{"127.0.0.0/8"}
	}
	s, err := New(Options{Settings: &settings.File{Serve: c, Server: settings.Server{Namespace: "acme"}}, Fleet: &control.Fleet{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s.look = func(context.Context) (*control.Overview, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.o, p.err
	}
	s.say = func(_ context.Context, id string, c control.Consent) ([]flow.Change, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, play := range p.o.Waiting {
			if play.ID == id && control.Digest(play.Needs) == c.Shown {
				p.said = append(p.said, c)
				return play.Needs, nil
			}
			if play.ID == id {
				return nil, &control.ChangedError{ID: id}
			}
		}
		return nil, &control.NoPlayError{Name: id}
	}
	p.Server = httptest.NewServer(s.Handler())
	t.Cleanup(p.Close)
	return p
}

// fleetOf makes up n playbooks in all states that there are.
func fleetOf(n int) *control.Overview {
	now := time.Now()
	o := &control.Overview{At: now, Phases: map[string]int{flow.Waiting: 2, flow.Queued: 1}, Schedules: 2 * n, Lag: 1500 * time.Millisecond}
	for i := range n {
		exit := []int{0, 0, 2, 0, 3}[i%5]
		play := control.PlayInfo{
			ID: fmt.Sprintf("play/shop/teams/p%04d.yml-2026-11-28T12:00:00Z", i), Run: fmt.Sprint("run", i), Name: fmt.Sprintf("shop/teams/p%04d.yml", i), Phase: flow.Ended,
			Exit: &exit, Changed: i % 3, Began: now.Add(-time.Duration(i+2) * time.Minute), Ended: now.Add(-time.Duration(i+1) * time.Minute), Status: "Completed", Commit: strings.Repeat("c0ffee", 6),
		}
		b := control.Playbook{Name: play.Name, Next: now.Add(time.Duration(i) * time.Minute), Paused: i == 7, Note: "paused by ann"}
		check := play
		check.Check, check.ID = true, "drift"+play.ID[4:]
		switch i % 5 {
		case 1:
			b.Success = play.Ended
		case 2:
			play.Status, play.Message = "Failed", "site.yml:12:5: the plan \"huge\" is not offered in par; available: s, m, l"
		case 3:
			play.Status, play.Exit, play.Phase = "Running", nil, flow.Queued
		case 4:
			b.Drift, play.Exit, check.Changed = true, new(int), 2
		}
		if b.Play = &play; i%5 > 0 {
			b.Check = &check
		}
		if i < 2 {
			w := play
			w.Phase, w.Status, w.Exit, w.Needs = flow.Waiting, "Running", nil, []flow.Change{replaceDB, deleteDB}[:i+1]
			b.Waiting = []control.PlayInfo{w}
			o.Waiting = append(o.Waiting, w)
		}
		o.Playbooks = append(o.Playbooks, b)
	}
	return o
}

// send sends a request and returns the response with its text.
func (p *pageTest) send(method, path string, form url.Values, change func(*http.Request)) (*http.Response, string) {
	p.t.Helper()
	r, err := http.NewRequest(method, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(r)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response, string(text)
}

func ann(r *http.Request) { r.SetBasicAuth("ann", "a password") }

// TestThePage: it shows each state, escapes what it shows, and has links to the server's
// own pages.
func TestThePage(t *testing.T) {
	p := newPageTest(t, 10, settings.Serve{UI: "https://temporal.example/"})
	response, text := p.send("GET", "/", nil, nil)
	if response.StatusCode != 200 || response.Header.Get("Content-Security-Policy") == "" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
	for _, want := range []string{
		"All 10", "Waiting 2", "Failed 2", "Drift 2", "failed (exit 2)", "queued or playing", `title="paused by ann"`, "2 to change", "read only",
		"replace add-on &#34;shop-db&#34;", "add-on &#34;&lt;b&gt;old&lt;/b&gt;&#34;", "the plan &#34;huge&#34; is not offered",
		`<code>runner fleet approve play/shop/teams/p0000.yml-2026-11-28T12:00:00Z</code>`,
		`"https://temporal.example/namespaces/acme/workflows/play%2Fshop%2Fteams%2Fp0000.yml-2026-11-28T12:00:00Z/run0/history"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(text, "<form method=\"post\"") || strings.Contains(text, "<b>old") || strings.Contains(text, "<script") {
		t.Errorf("the page has what it should not:\n%s", text)
	}
	if head, text := p.send("HEAD", "/", nil, nil); head.StatusCode != 200 || text != "" {
		t.Errorf("HEAD: %d %q", head.StatusCode, text)
	}
	for path, want := range map[string]int{"/nowhere": 404, "/consent": 405, "/hook/shop": 405, "/metrics/x": 404} {
		if response, _ := p.send("GET", path, nil, nil); response.StatusCode != want {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
	if response, _ := p.send("POST", "/", nil, nil); response.StatusCode != 405 || !strings.Contains(response.Header.Get("Allow"), "GET") {
		t.Errorf("POST /: %d %v", response.StatusCode, response.Header)
	}
}

// rows returns the names of the playbooks that a page lists.
func rows(text string) (names []string) {
	for _, part := range strings.Split(text, `<th scope="row">`)[1:] {
		name, _, _ := strings.Cut(part, "<")
		names = append(names, strings.TrimSpace(name))
	}
	return names
}

// TestPagesOfPlaybooks: whoever follows "Next" from each tab sees each playbook that it
// counts, once.
func TestPagesOfPlaybooks(t *testing.T) {
	const n = 1037
	p := newPageTest(t, n, settings.Serve{})
	for show, want := range map[string]int{"": n, "show=failed": 207, "show=drift": 207, "show=waiting": 2, "q=p00": 100, "q=SHOP+p001&show=failed": 2, "q=%3Cnone%3E": 0} {
		var seen []string
		for path := "/?" + show; path != ""; {
			_, text := p.send("GET", path, nil, nil)
			seen = append(seen, rows(text)...)
			path = ""
			if before, _, ok := strings.Cut(text, `" rel="next"`); ok {
				path = strings.ReplaceAll(before[strings.LastIndex(before, `"`)+1:], "&amp;", "&")
			}
		}
		if len(seen) != want || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != want {
			t.Errorf("%q shows %d, want %d", show, len(seen), want)
		}
	}
	for _, query := range []string{"page=0", "page=-1", "page=99999999999999999999", "page=x", "show=x", "show=failed&page=77"} {
		if response, text := p.send("GET", "/?"+query, nil, nil); response.StatusCode != 200 || len(rows(text)) == 0 {
			t.Errorf("%s: %d, %d rows", query, response.StatusCode, len(rows(text)))
		}
	}
}

// TestWhileTheServerIsAway: the page shows what it knew, and says so; metrics do not
// pretend.
func TestWhileTheServerIsAway(t *testing.T) {
	p := newPageTest(t, 3, settings.Serve{})
	p.err = errors.New("unavailable")
	response, text := p.send("GET", "/", nil, nil)
	if response.StatusCode != 200 || !strings.Contains(text, "does not respond") || len(rows(text)) != 3 {
		t.Errorf("%d\n%s", response.StatusCode, text)
	}
	p.o = nil
	if response, text = p.send("GET", "/", nil, nil); response.StatusCode != 503 || !strings.Contains(text, "does not respond") {
		t.Errorf("%d\n%s", response.StatusCode, text)
	}
	if response, text = p.send("GET", "/metrics", nil, nil); response.StatusCode != 200 || !strings.Contains(text, "\nrunner_fleet_up 0\n") || strings.Contains(text, "\nrunner_fleet_playbooks ") {
		t.Errorf("%d\n%s", response.StatusCode, text)
	}
	p.o, p.err = &control.Overview{Unreadable: `it was encrypted with the key "old"`}, nil
	if _, text = p.send("GET", "/", nil, nil); !strings.Contains(text, "Some plays cannot be read: it was encrypted with the key &#34;old&#34;.") {
		t.Error(text)
	}
}
