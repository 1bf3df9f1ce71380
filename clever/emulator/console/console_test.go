package console

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator"
)

// A site is a console that is served.
type site struct {
	t testing.TB
	*emulator.Emulator
	*httptest.Server
}

// start starts an emulator that ends with the test.
func start(t testing.TB, o emulator.Options) *emulator.Emulator {
	t.Helper()
	e, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func newSite(t testing.TB, o emulator.Options) *site {
	t.Helper()
	e := start(t, o)
	console := New(e, "127.0.0.1:0")
	server := httptest.NewServer(console)
	t.Cleanup(func() {
		console.Close()
		console.Close() // does no harm
		server.Close()
	})
	return &site{t, e, server}
}

// call does a request as a client of the platform does, and reads its response.
func (s *site) call(method, path string, body, into any) int {
	s.t.Helper()
	sent, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	status, _, text := s.ask(method, path, string(sent), "Authorization", "Bearer anything")
	if into != nil && status/100 == 2 {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			s.t.Fatalf("%s %s: %d %s: %v", method, path, status, text, err)
		}
	}
	return status
}

// database is a small one.
func database(name string) clever.CreateRequest {
	return clever.CreateRequest{Name: name, ProviderID: "postgresql-addon", Plan: "plan_c32d00fb-6c06-48a9-a0a3-9d808937ec68", Region: "par"}
}

func (s *site) order(base, name string) (a clever.Addon) {
	s.t.Helper()
	if status := s.call("POST", base+"/addons", database(name), &a); status != 200 {
		s.t.Fatalf("an order: %d", status)
	}
	return a
}

// ask does a request as the page does, unless headers say otherwise.
func (s *site) ask(method, path, body string, headers ...string) (int, http.Header, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	res, err := s.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}

func (s *site) world(q string) (w consoleWorld) {
	s.t.Helper()
	_, _, text := s.ask("GET", "/console/world?q="+q, "")
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		s.t.Fatalf("%v: %s", err, text)
	}
	return w
}

func TestConsolePages(t *testing.T) {
	s := newSite(t, emulator.Options{})
	for path, kind := range map[string]string{
		"/": "text/html", "/console/page.css": "text/css", "/console/page.js": "text/javascript",
		"/console/orders.js": "text/javascript",
		"/console/icon.svg":  "image/svg+xml", "/console/": "text/html", "/console": "text/html",
	} {
		status, header, text := s.ask("GET", path, "")
		if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), kind) || text == "" {
			t.Errorf("%s: %d %s", path, status, header.Get("Content-Type"))
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if strings.Contains(text, "style=") || strings.Contains(text, " onclick") || strings.Contains(text, "innerHTML") {
			t.Errorf("%s has something in it that the policy forbids", path)
		}
	}
	if status, _, text := s.ask("GET", "//v2/self/", ""); status != 401 || !json.Valid([]byte(text)) {
		t.Errorf("the platform's own: %d %s", status, text)
	}
	if status, _, _ := s.ask("GET", "/console/else", ""); status != 404 {
		t.Errorf("no page: %d", status)
	}
	if list := s.Journal(); len(list) != 1 {
		t.Errorf("the page's requests are in the journal: %+v", list)
	}
}

func TestConsoleWorld(t *testing.T) {
	s := newSite(t, emulator.Options{Faults: []emulator.Fault{{Path: "/env", Kind: emulator.TooMany, Wait: time.Second}}})
	org := s.Organisations()[0]
	a := s.order("/v2/self", "Shop")
	s.order("/v2/organisations/"+org, "other")
	w := s.world("")
	want := consoleWorld{User: "Example Operator", Email: "ops@example.test", Total: 2, Found: 2,
		Faults: []string{"/env=429,1s"}}
	owners := w.Owners
	w.Owners = nil
	if diff := cmp.Diff(want, w); diff != "" {
		t.Error(diff)
	}
	if len(owners) != 2 || owners[0].ID != s.User() || owners[1].ID != org || len(owners[1].Addons) != 1 {
		t.Fatalf("owners: %+v", owners)
	}
	shown := consoleAddon{ID: a.ID, RealID: a.RealID, Name: "Shop", Provider: a.Provider.Name, Plan: a.Plan.Name, Zone: "par",
		ProviderID: a.Provider.ID, PlanID: a.Plan.ID, CanChange: true, State: "active", Variables: a.ConfigKeys}
	if diff := cmp.Diff([]consoleAddon{shown}, owners[0].Addons); diff != "" {
		t.Error(diff)
	}
	for q, found := range map[string]int{"shop": 1, "SHOP": 1, a.RealID: 1, "postgresql": 2, "nowhere": 0} {
		if w := s.world(q); w.Found != found || w.Total != 2 {
			t.Errorf("%s: found %d of %d", q, w.Found, w.Total)
		}
	}
}

// Values are shown when they are asked for, one add-on at a time.
func TestConsoleVariables(t *testing.T) {
	s := newSite(t, emulator.Options{})
	a := s.order("/v2/self", "x")
	var everything strings.Builder
	for _, path := range []string{"/", "/console/world", "/console/page.js"} {
		_, _, text := s.ask("GET", path, "")
		everything.WriteString(text)
	}
	_, _, text := s.ask("GET", "/console/variables/"+a.ID, "")
	var list []clever.EnvVar
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) != 7 {
		t.Fatalf("%v: %s", err, text)
	}
	for _, v := range list {
		if len(v.Value) > 4 && strings.Contains(everything.String(), v.Value) {
			t.Errorf("the value of %s is there before anybody asks", v.Name)
		}
	}
	if status, _, text := s.ask("GET", "/console/variables/addon_x", ""); status != 404 || !strings.Contains(text, "does not exist") {
		t.Errorf("no add-on: %d %s", status, text)
	}
}

func TestConsoleFaultsAndReset(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	e := start(t, emulator.Options{State: state})
	s := &site{t: t, Emulator: e, Server: httptest.NewServer(New(e, "127.0.0.1:0"))}
	defer s.Server.Close()
	for body, want := range map[string]int{`{"fault":"POST:/addons$:1=503"}`: 204, `{"fault":"nonsense"}`: 200, `{"fault":7}`: 400, ``: 400} {
		if status, _, text := s.ask("POST", "/console/faults", body); status != want || status != 204 && !strings.Contains(text, "error") {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if status := s.call("POST", "/v2/self/addons", database("x"), nil); status != 503 {
		t.Errorf("the fault does not strike: %d", status)
	}
	s.order("/v2/self", "x")
	if status, _, _ := s.ask("DELETE", "/console/faults", ""); status != 204 || len(s.world("").Faults) != 0 {
		t.Errorf("faults remain: %d", status)
	}
	org := s.Organisations()
	if status, _, _ := s.ask("POST", "/console/reset", "{}"); status != 204 {
		t.Errorf("reset: %d", status)
	}
	w := s.world("")
	if w.Total != 0 || len(s.Journal()) != 0 || !slices.Equal(org, s.Organisations()) {
		t.Errorf("after the reset: %+v", w)
	}
	s.Server.Close()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, emulator.Options{State: state})
	if len(again.Addons(again.User())) != 0 || !slices.Equal(org, again.Organisations()) {
		t.Error("the reset was not kept")
	}
}

// Whatever page a browser shows, and by whatever name it came here: only the
// console's own page may use the console.
func TestConsoleIsItsOwn(t *testing.T) {
	s := newSite(t, emulator.Options{})
	a := s.order("/v2/self", "x")
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	strangers := [][]string{
		{"Host", "evil.test" + port},
		{"Host", "evil.test" + port, "Origin", "http://evil.test" + port},
		{"Host", "127.0.0.1.evil.test"},
		{"Host", "192.0.2.1" + port},
		{"Origin", "http://evil.test"},
		{"Origin", "null"},
		{"Origin", "http://127.0.0.1:1"},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
	}
	paths := [][3]string{
		{"GET", "/console/world"}, {"GET", "/console/variables/" + a.ID}, {"GET", "/console/events"}, {"GET", "/console/page.js"},
		{"POST", "/console/faults", `{"fault":"=refuse"}`}, {"DELETE", "/console/faults"}, {"POST", "/console/reset", "{}"},
		{"POST", "/v2/self/addons", "{}"}, {"DELETE", "/v2/self/addons/" + a.ID}, {"GET", "/console/catalogue"},
		{"POST", "/console/addons", "{}"}, {"POST", "/console/addons/" + a.ID + "/plan", "{}"}, {"DELETE", "/console/addons/" + a.ID},
	}
	for _, from := range strangers {
		for _, p := range paths {
			status, _, text := s.ask(p[0], p[1], p[2], append(from, "Authorization", "Bearer anything")...)
			if status != 403 || !json.Valid([]byte(text)) {
				t.Errorf("%s %s from %v: %d %s", p[0], p[1], from, status, text)
			}
		}
	}
	if status, _, _ := s.ask("GET", "/v2/self/addons/"+a.ID+"/env", "", "Host", "evil.test", "Authorization", "Bearer x"); status != 403 {
		t.Errorf("a read by another name: %d", status)
	}
	if w := s.world(""); w.Total != 1 || len(w.Faults) != 0 {
		t.Errorf("something was done: %+v", w)
	}
	for _, host := range []string{"localhost" + port, "127.0.0.1" + port, "127.0.0.2", "[::1]" + port, "LOCALHOST"} {
		if status, _, _ := s.ask("GET", "/console/world", "", "Host", host, "Sec-Fetch-Site", "same-origin"); status != 200 {
			t.Errorf("%s: %d", host, status)
		}
	}
	if status, _, _ := s.ask("GET", "/", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"); status != 200 {
		t.Errorf("a link to the page: %d", status)
	}
}

func TestConsoleKnowsItsNames(t *testing.T) {
	e := start(t, emulator.Options{})
	for _, tt := range []struct {
		listen, host string
		page, call   bool
	}{
		{"127.0.0.1:80", "127.0.0.1", true, true},
		{"127.0.0.1:80", "emulator:80", false, false},
		{"localhost:80", "emulator:80", false, false},
		{":80", "192.0.2.1", true, true},
		{":80", "emulator:80", false, true}, // a container's name: good for programs, no page for browsers
		{"0.0.0.0:80", "192.0.2.1:80", true, true},
		{"[::]:80", "[2001:db8::1]:80", true, true},
		{"192.0.2.1:80", "192.0.2.1:80", true, true},
		{"192.0.2.1:80", "192.0.2.2:80", false, true},
		{"emulator:80", "Emulator:80", true, true},
		{"emulator:80", "", false, true},
	} {
		r := httptest.NewRequest("GET", "/console/world", nil)
		r.Host = tt.host
		c := New(e, tt.listen)
		if page, call := c.own(r), !c.foreign(r); page != tt.page || call != tt.call {
			t.Errorf("on %s as %q: page %t, call %t", tt.listen, tt.host, page, call)
		}
	}
}

// nextEvent reads one event, skipping what only says that the connection stands.
func nextEvent(t *testing.T, from *bufio.Scanner) (name, data string) {
	t.Helper()
	for from.Scan() {
		line := from.Text()
		if line == "" && name != "" {
			return name, data
		}
		if text, ok := strings.CutPrefix(line, "event: "); ok {
			name = text
		}
		if text, ok := strings.CutPrefix(line, "data: "); ok {
			data = text
		}
	}
	t.Fatalf("the events end: %v", from.Err())
	return "", ""
}

func TestConsoleEvents(t *testing.T) {
	s := newSite(t, emulator.Options{})
	s.call("GET", "/v2/self", nil, nil)
	res, err := s.Client().Get(s.URL + "/console/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := bufio.NewScanner(res.Body)
	// What happens at once may come in either order.
	expect := func(what string, world, fresh bool, lines ...string) {
		t.Helper()
		for wanted := lines != nil; wanted || world; {
			name, data := nextEvent(t, events)
			if name == "world" {
				world = false
				continue
			}
			wanted = false
			var batch struct {
				Fresh bool
				List  []consoleRequest
			}
			if err := json.Unmarshal([]byte(data), &batch); err != nil {
				t.Fatal(err)
			}
			have := []string{}
			for _, q := range batch.List {
				have = append(have, fmt.Sprintf("%s %s %d %s", q.Method, q.Path, q.Status, q.Who))
			}
			if diff := cmp.Diff(lines, have); diff != "" || batch.Fresh != fresh {
				t.Fatalf("%s: fresh %t %s", what, batch.Fresh, diff)
			}
		}
	}
	expect("at first", true, true, "GET /v2/self 200 Example Operator")
	s.order("/v2/self", "x")
	expect("an order", true, false, "POST /v2/self/addons 200 Example Operator")
	s.ask("GET", "/v2/self?a_token=t&q=1", "")
	expect("nobody", false, false, "GET /v2/self?a_token=%2A%2A%2A&q=1 401 ")
	s.ask("POST", "/console/faults", `{"fault":"=cut-before"}`)
	expect("a fault", true, false)
	s.ask("POST", "/console/reset", "{}")
	expect("a reset", true, true, []string{}...)
}

// A page that nobody reads any more does not take the place of another.
func TestConsoleEventsAreBounded(t *testing.T) {
	s := newSite(t, emulator.Options{})
	var open []io.Closer
	for range streamLimit {
		res, err := s.Client().Get(s.URL + "/console/events")
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, res.Body)
		nextEvent(t, bufio.NewScanner(res.Body))
	}
	if status, _, text := s.ask("GET", "/console/events", ""); status != 503 || !strings.Contains(text, "too many") {
		t.Errorf("one more: %d %s", status, text)
	}
	for _, o := range open {
		o.Close()
	}
	for status := 0; status != 200; {
		res, err := s.Client().Get(s.URL + "/console/events")
		if err != nil {
			t.Fatal(err)
		}
		status = res.StatusCode
		res.Body.Close()
	}
}

// TestConsoleThings makes one of each that an owner can have beside add-ons; the page shows it, finds it
// by a word, and shows no secret of it.
func TestConsoleThings(t *testing.T) {
	s := newSite(t, emulator.Options{})
	a := s.order("/v2/self", "shop-db")
	must := func(method, path string, body, into any) {
		t.Helper()
		if status := s.call(method, path, body, into); status > 299 {
			t.Fatalf("%s %s: %d", method, path, status)
		}
	}
	var app struct{ ID string }
	must("POST", "/v2/self/applications", map[string]any{"name": "shop", "zone": "par", "instanceType": "node", "instanceVariant": "395103fb-d6e2-4fdd-93bc-bc99146f1ea2",
		"env": map[string]string{"TOKEN": "hidden-1"}}, &app)
	must("POST", "/v2/self/applications/"+app.ID+"/addons", a.ID, nil)
	must("POST", "/v4/networkgroups/organisations/"+s.User()+"/networkgroups", map[string]any{"id": "ng_0f8f8b5e-6a3c-4f6e-9d0b-7d1c52a1b001", "label": "backbone",
		"members": []map[string]string{{"id": a.RealID}, {"id": app.ID}}}, nil)
	must("POST", "/v4/drains/organisations/"+s.User()+"/resources/"+a.RealID+"/drains", map[string]any{"kind": "LOG",
		"recipient": map[string]string{"type": "RAW_HTTP", "url": "https://u:hidden-2@logs.example.com/hidden-3"}}, nil)
	must("POST", "/v2/notifications/webhooks/"+s.User(), map[string]any{"name": "chat", "urls": []map[string]string{{"format": "raw", "url": "https://chat.example.com/hidden-4"}}}, nil)
	must("POST", "/v2/self/consumers", map[string]any{"name": "store", "description": "d", "url": "https://shop.example.com", "baseUrl": "https://shop.example.com",
		"picture": "https://shop.example.com/p.png", "rights": map[string]bool{"access_organisations": true}}, nil)
	var shown []string
	for _, thing := range s.world("").Owners[0].Things {
		shown = append(shown, thing.Kind+": "+thing.Name+": "+thing.About)
	}
	want := []string{"Application: shop: linked to shop-db; 1 variable", "Network group: backbone: shop-db, shop", "Drain: LOG of shop-db: to RAW_HTTP logs.example.com; enabled",
		"Notification hook: chat: webhooks", "OAuth consumer: store: https://shop.example.com; 1 right"}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Error(diff)
	}
	if _, _, text := s.ask("GET", "/console/world?q=", ""); strings.Contains(text, "hidden") {
		t.Errorf("a secret is shown: %s", text)
	}
	if found := s.world("backbone").Owners[0].Things; len(found) != 1 || found[0].Kind != "Network group" {
		t.Errorf("found %v", found)
	}
}
