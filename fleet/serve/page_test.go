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

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
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

// TestWhoMayLookAndConsent: by password, by a proxy's word, or nobody.
func TestWhoMayLookAndConsent(t *testing.T) {
	form := url.Values{"play": {fleetOf(1).Waiting[0].ID}, "shown": {control.Digest([]flow.Change{replaceDB})}, "say": {"approve"}}
	bob := func(r *http.Request) { r.Header.Set("X-User", "bob") }
	for name, c := range map[string]struct {
		serve         settings.Serve
		as            func(*http.Request)
		look, consent int
		by            string
	}{
		"nobody":                           {settings.Serve{}, nil, 200, 403, ""},
		"nobody, with a password":          {settings.Serve{}, ann, 200, 403, ""},
		"nobody, with a header":            {settings.Serve{}, bob, 200, 403, ""},
		"a user":                           {settings.Serve{Users: "ann"}, ann, 200, 303, "ann"},
		"no user":                          {settings.Serve{Users: "ann"}, nil, 401, 401, ""},
		"a wrong password":                 {settings.Serve{Users: "ann"}, func(r *http.Request) { r.SetBasicAuth("ann", "a passwort") }, 401, 401, ""},
		"an unknown user":                  {settings.Serve{Users: "ann"}, func(r *http.Request) { r.SetBasicAuth("eve", "a password") }, 401, 401, ""},
		"a header where there is no proxy": {settings.Serve{Users: "ann"}, bob, 401, 401, ""},
		"a proxy":                          {settings.Serve{UserHeader: "X-User"}, bob, 200, 303, "bob"},
		"a proxy that names two":           {settings.Serve{UserHeader: "X-User"}, func(r *http.Request) { bob(r); r.Header.Add("X-User", "eve") }, 403, 403, ""},
		"a proxy that says nothing":        {settings.Serve{UserHeader: "X-User"}, nil, 403, 403, ""},
		"somebody who is no proxy":         {settings.Serve{UserHeader: "X-User", Proxies: []string{"10.0.0.1"}}, bob, 403, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPageTest(t, 1, c.serve)
			for range 2 {
				for _, path := range []string{"/", "/metrics"} {
					if response, text := p.send("GET", path, nil, c.as); response.StatusCode != c.look || c.look != 200 && strings.Contains(text, "p0000") {
						t.Errorf("%s: %d", path, response.StatusCode)
					}
				}
			}
			response, _ := p.send("POST", "/consent", form, c.as)
			if response.StatusCode != c.consent {
				t.Errorf("consent: %d", response.StatusCode)
			}
			var want []control.Consent
			if c.by != "" {
				want = []control.Consent{{By: c.by, Shown: form.Get("shown")}}
				if _, text := p.send("GET", response.Header.Get("Location"), nil, c.as); !strings.Contains(text, "Approved: it goes on.") || !strings.Contains(text, "approved by "+c.by) {
					t.Errorf("the page does not say that it was approved:\n%s", text)
				}
			}
			if d := cmp.Diff(want, p.said); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestFromElsewhere: without users only this machine may look.
func TestFromElsewhere(t *testing.T) {
	p := newPageTest(t, 1, settings.Serve{})
	for path, want := range map[string]int{"/": 403, "/metrics": 403, "/hook/shop": 405} {
		w := httptest.NewRecorder() // a request that did not come by a loopback address
		p.Config.Handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestConsentIsForWhatWasShown: another list than that which is needed is refused, and so
// is a form of another site.
func TestConsentIsForWhatWasShown(t *testing.T) {
	p := newPageTest(t, 2, settings.Serve{Users: "ann"})
	id, shown := p.o.Waiting[1].ID, control.Digest(p.o.Waiting[1].Needs)
	other := control.Digest(p.o.Waiting[0].Needs)
	for name, c := range map[string]struct {
		form   url.Values
		change func(*http.Request)
		code   int
		text   string
	}{
		"another list":      {url.Values{"play": {id}, "shown": {other}, "say": {"approve"}}, ann, 409, "has changed since it was shown"},
		"no such play":      {url.Values{"play": {"x"}, "shown": {shown}, "say": {"approve"}}, ann, 404, "there is no play"},
		"no list":           {url.Values{"play": {id}, "say": {"approve"}}, ann, 400, "lacks"},
		"another word":      {url.Values{"play": {id}, "shown": {shown}, "say": {"yes"}}, ann, 400, "lacks"},
		"nothing":           {url.Values{}, ann, 400, "lacks"},
		"by another site":   {url.Values{"play": {id}, "shown": {shown}, "say": {"approve"}}, func(r *http.Request) { ann(r); r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403, ""},
		"by a subdomain":    {url.Values{"play": {id}, "shown": {shown}, "say": {"approve"}}, func(r *http.Request) { ann(r); r.Header.Set("Sec-Fetch-Site", "same-site") }, 403, ""},
		"by another origin": {url.Values{"play": {id}, "shown": {shown}, "say": {"approve"}}, func(r *http.Request) { ann(r); r.Header.Set("Origin", "https://evil.example") }, 403, ""},
		"too large":         {url.Values{"play": {strings.Repeat("x", 1<<17)}}, ann, 400, "cannot be read"},
		"in the address": {nil, func(r *http.Request) {
			ann(r)
			r.URL.RawQuery = url.Values{"play": {id}, "shown": {shown}, "say": {"approve"}}.Encode()
		}, 400, "lacks"},
		"without a password": {url.Values{"play": {id}, "shown": {shown}, "say": {"approve"}}, nil, 401, ""},
	} {
		response, text := p.send("POST", "/consent", c.form, c.change)
		if response.StatusCode != c.code || !strings.Contains(text, c.text) || strings.Contains(text, `http-equiv="refresh"`) {
			t.Errorf("%s: %d %s", name, response.StatusCode, text)
		}
	}
	if len(p.said) > 0 {
		t.Fatalf("taken: %+v", p.said)
	}
	response, _ := p.send("POST", "/consent", url.Values{"play": {id}, "shown": {shown}, "say": {"deny"}}, func(r *http.Request) {
		ann(r)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", p.URL)
	})
	if d := cmp.Diff([]control.Consent{{By: "ann", Denied: true, Shown: shown}}, p.said); response.StatusCode != 303 || d != "" {
		t.Errorf("%d %s", response.StatusCode, d)
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

// TestTheFileOfUsers: what is wrong with it, all at once, without a hash.
func TestTheFileOfUsers(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	good := "ann:" + string(hash)
	for text, want := range map[string]string{
		"":                           "users names no user: htpasswd -nB NAME prints a line",
		"ann:$apr1$x$y\nbob\n:x":     "users:1: a line is NAME:HASH with a hash of bcrypt: htpasswd -nB NAME prints one\nusers:2: a line is NAME:HASH with a hash of bcrypt: htpasswd -nB NAME prints one\nusers:3: a line is NAME:HASH with a hash of bcrypt: htpasswd -nB NAME prints one",
		good + "\n\n# x\n" + good:    `users:4: the user "ann" is there twice`,
		good + "\r\nbob:" + good[4:]: "",
	} {
		_, err := readUsers("users", text)
		if got := fmt.Sprint(err); got != want && (want != "" || err != nil) {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// TestMetrics: they are as Prometheus's own linter wants them, and say what the fleet is.
func TestMetrics(t *testing.T) {
	p := newPageTest(t, 10, settings.Serve{})
	response, text := p.send("GET", "/metrics", nil, nil)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if response.StatusCode != 200 || err != nil || len(problems) > 0 {
		t.Fatalf("%d %v %+v", response.StatusCode, err, problems)
	}
	for _, want := range []string{
		"runner_fleet_up 1", "runner_fleet_playbooks 10", "runner_fleet_playbooks_failed 2", "runner_fleet_playbooks_drifted 2",
		"runner_fleet_plays_waiting_for_consent 2", `runner_fleet_plays_active{phase="queued or playing"} 1`, `runner_fleet_plays_active{phase="resolving"} 0`,
		"runner_fleet_schedule_lag_seconds 1.5", `runner_fleet_schedules{state="active"} 20`,
		fmt.Sprintf(`runner_fleet_last_success_timestamp_seconds{playbook="shop/teams/p0001.yml"} %v`, float64(p.o.Playbooks[1].Success.UnixMilli())/1000),
	} {
		if !slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool { return sameSample(line, want) }) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(text, "p0000.yml\"") {
		t.Error("a playbook that never ended well has a time of success")
	}
}

// sameSample compares samples, whose values may be written with an exponent.
func sameSample(line, want string) bool {
	name, value, _ := strings.Cut(line, "} ")
	if name == line {
		name, value, _ = strings.Cut(line, " ")
	}
	wantName, wantValue, _ := strings.Cut(want, "} ")
	if wantName == want {
		wantName, wantValue, _ = strings.Cut(want, " ")
	}
	var a, b float64
	_, errA := fmt.Sscan(value, &a)
	_, errB := fmt.Sscan(wantValue, &b)
	return name == wantName && errA == nil && errB == nil && a == b
}

// TestDeliveriesAndEndsAreCounted: made-up projects do not become labels.
func TestDeliveriesAndEndsAreCounted(t *testing.T) {
	h := newHookTest(t)
	body := `{"ref": "main"}`
	h.send("shop", body, map[string]string{"X-Runner-Signature": signed(body)})
	h.send("shop", body, map[string]string{"X-Runner-Signature": "x"})
	h.send("made-up", body, map[string]string{"X-Runner-Signature": signed(body)})
	one, two := 0, 2
	h.counts.count(control.PlayInfo{Name: "shop/site.yml", Exit: &one})
	h.counts.count(control.PlayInfo{Name: "shop/site.yml", Exit: &two, Check: true})
	h.counts.count(control.PlayInfo{Name: "shop/other.yml"})
	want := `# HELP runner_fleet_webhooks_total Deliveries of web hooks, by project and the status of the response; "" is one without a hook.
# TYPE runner_fleet_webhooks_total counter
runner_fleet_webhooks_total{project="",status="401"} 1
runner_fleet_webhooks_total{project="shop",status="202"} 1
runner_fleet_webhooks_total{project="shop",status="401"} 1
# HELP runner_fleet_plays_ended_total Plays that ended since this process began, by project and exit code; without one they were ended from outside.
# TYPE runner_fleet_plays_ended_total counter
runner_fleet_plays_ended_total{exit="",kind="play",project="shop"} 1
runner_fleet_plays_ended_total{exit="0",kind="play",project="shop"} 1
runner_fleet_plays_ended_total{exit="2",kind="check",project="shop"} 1
`
	if err := testutil.GatherAndCompare(h.counts.registry, strings.NewReader(want), "runner_fleet_webhooks_total", "runner_fleet_plays_ended_total"); err != nil {
		t.Error(err)
	}
}
