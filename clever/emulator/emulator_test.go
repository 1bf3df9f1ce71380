package emulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator/rest"
)

const (
	smallPostgres = "plan_c32d00fb-6c06-48a9-a0a3-9d808937ec68" // xxs_sml
	devPostgres   = "plan_d2ada71a-aa8e-4ead-8cb9-28314664437e" // dev, shared
)

// The pair that a strict emulator takes.
var consumerKey, consumerSecret, tokenName, tokenSecret = (*Emulator)(nil).Credentials()

// allRights are all that a login can allow.
func allRights() []string {
	return []string{
		"access_organisations", "access_organisations_bills", "access_organisations_consumption_statistics",
		"access_organisations_credit_count", "access_personal_information", "manage_organisations",
		"manage_organisations_applications", "manage_organisations_members", "manage_organisations_services",
		"manage_personal_information", "manage_ssh_keys",
	}
}

// A client asks one emulator, as a lax user unless auth says otherwise.
type client struct {
	t    testing.TB
	http *http.Client
	base string
	auth string
}

func newEmulator(t testing.TB, o Options) (*Emulator, *client) {
	t.Helper()
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e, inProcessClient(t, e)
}

func inProcessClient(t testing.TB, e *Emulator) *client {
	return &client{t: t, http: &http.Client{Transport: e.Transport()}, base: "http://emulator.test", auth: "Bearer anything"}
}

// ask sends a body (a string as it is, anything else as JSON) and reads the
// answer into what is given, if it is not nil. It returns the status.
func (c *client) ask(method, path string, body, into any) int {
	c.t.Helper()
	var sent []byte
	switch b := body.(type) {
	case nil:
	case string:
		sent = []byte(b)
	default:
		var err error
		if sent, err = json.Marshal(b); err != nil {
			c.t.Fatal(err)
		}
	}
	r, err := http.NewRequest(method, c.base+path, bytes.NewReader(sent))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.auth != "" {
		r.Header.Set("Authorization", c.auth)
	}
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(text) > 0 && res.Header.Get("Content-Type") != "application/json" {
		c.t.Errorf("%s %s: Content-Type %q", method, path, res.Header.Get("Content-Type"))
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			c.t.Fatalf("%s %s: %d %s: %v", method, path, res.StatusCode, text, err)
		}
	}
	return res.StatusCode
}

// must is ask for what has to succeed.
func (c *client) must(method, path string, body, into any) {
	c.t.Helper()
	if status := c.ask(method, path, body, into); status/100 != 2 {
		c.t.Fatalf("%s %s: %d", method, path, status)
	}
}

// refused is ask for what has to fail, and gives the platform's message.
func (c *client) refused(method, path string, body any) (int, clever.Message) {
	c.t.Helper()
	var m clever.Message
	status := c.ask(method, path, body, &m)
	return status, m
}

func order(name string) clever.CreateRequest {
	return clever.CreateRequest{Name: name, ProviderID: "postgresql-addon", Plan: smallPostgres, Region: "par"}
}

func (c *client) order(base string, o clever.CreateRequest) clever.Addon {
	c.t.Helper()
	var a clever.Addon
	c.must("POST", base+"/addons", o, &a)
	return a
}

func env(t testing.TB, c *client, path string) map[string]string {
	t.Helper()
	var list []clever.EnvVar
	c.must("GET", path+"/env", nil, &list)
	m := map[string]string{}
	for _, v := range list {
		m[v.Name] = v.Value
	}
	return m
}

func TestLifeOfAnAddon(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	e, c := newEmulator(t, Options{Now: func() time.Time { return noon }})
	made := c.order("/v2/self", order("shop-db"))
	if made.Name != "shop-db" || made.Region != "par" || made.Plan.Slug != "xxs_sml" || made.Provider.ID != "postgresql-addon" ||
		!made.Created().Equal(noon) || made.Provider.Plans != nil {
		t.Errorf("made %+v", made)
	}
	path := "/v2/organisations/" + e.User() + "/addons/" + made.ID
	var seen clever.Addon
	c.must("GET", path, nil, &seen)
	if diff := cmp.Diff(made, seen); diff != "" {
		t.Error(diff)
	}
	vars := env(t, c, path)
	want := "postgresql://" + vars["POSTGRESQL_ADDON_USER"] + ":" + vars["POSTGRESQL_ADDON_PASSWORD"] + "@" +
		vars["POSTGRESQL_ADDON_HOST"] + ":5432/" + vars["POSTGRESQL_ADDON_DB"]
	if vars["POSTGRESQL_ADDON_URI"] != want || vars["POSTGRESQL_ADDON_VERSION"] != "15" {
		t.Errorf("env %v, want the URI %s", vars, want)
	}
	c.must("PUT", path, map[string]any{"name": "shop", "plan": "other"}, &seen)
	if seen.Name != "shop" || seen.Plan.Slug != "xxs_sml" {
		t.Errorf("renamed to %+v", seen)
	}
	var m clever.Message
	c.must("DELETE", path, nil, &m)
	if m.ID != 318 || m.Type != "success" {
		t.Errorf("removed: %+v", m)
	}
	for _, after := range []string{path, path + "/env"} {
		if status, m := c.refused("GET", after, nil); status != 404 || m.ID != 11001 {
			t.Errorf("GET %s: %d %+v", after, status, m)
		}
	}
	if left := e.Addons(e.User()); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestOwners(t *testing.T) {
	e, c := newEmulator(t, Options{})
	org := "/v2/organisations/" + e.Organisations()[0]
	a := c.order(org, order("theirs"))
	for _, other := range []string{"/v2/self", "/v2/organisations/orga_9a3b0000-0000-4000-8000-000000000000"} {
		if status, m := c.refused("DELETE", other+"/addons/"+a.ID, nil); status != 403 || m.ID != 10300 {
			t.Errorf("by %s: %d %+v", other, status, m)
		}
	}
	if status, m := c.refused("GET", "/v2/organisations/user_other/addons", nil); status != 404 || m.ID != 90010 {
		t.Errorf("unknown user: %d %+v", status, m)
	}
	var s clever.Summary
	c.must("GET", "/v2/summary", nil, &s)
	if s.User.ID != e.User() || len(s.User.Addons) != 0 || len(s.Organisations) != 2 || s.Organisations[0].Addons[0].ID != a.ID {
		t.Errorf("summary %+v", s)
	}
	strict, _ := newEmulator(t, Options{Strict: true})
	sc := inProcessClient(t, strict)
	sc.auth = plain(consumerSecret, tokenSecret)
	if status, m := sc.refused("GET", "/v2/organisations/orga_9a3b0000-0000-4000-8000-000000000000", nil); status != 404 || m.ID != 90010 {
		t.Errorf("strict adopts: %d %+v", status, m)
	}
}

func TestRefusals(t *testing.T) {
	_, c := newEmulator(t, Options{})
	change := func(f func(*clever.CreateRequest)) clever.CreateRequest {
		o := order("x")
		f(&o)
		return o
	}
	for _, tt := range []struct {
		name, method, path string
		body               any
		status, id         int
	}{
		{"path", "GET", "/v2/nothing", nil, 404, 90003},
		{"method", "PATCH", "/v2/self", nil, 405, 90004},
		{"json", "POST", "/v2/self/addons", "{", 400, 90005},
		{"two values", "POST", "/v2/self/addons", "{} {}", 400, 90005},
		{"utf-8", "POST", "/v2/self/addons", "{\"name\":\"\xff\"}", 400, 90005},
		{"type", "POST", "/v2/self/addons", `{"name":5}`, 400, 90005},
		{"option type", "POST", "/v2/self/addons", `{"name":"x","options":{"version":15}}`, 400, 90005},
		{"size", "POST", "/v2/self/addons", strings.Repeat(" ", rest.BodyLimit+1), 413, 90006},
		{"no name", "POST", "/v2/self/addons", change(func(o *clever.CreateRequest) { o.Name = " " }), 400, 90020},
		{"long name", "POST", "/v2/self/addons", change(func(o *clever.CreateRequest) { o.Name = strings.Repeat("é", 256) }), 400, 90020},
		{"provider", "POST", "/v2/self/addons", change(func(o *clever.CreateRequest) { o.ProviderID = "postgres" }), 400, 90021},
		{"slug for an id", "POST", "/v2/self/addons", change(func(o *clever.CreateRequest) { o.Plan = "dev" }), 400, 90022},
		{"other's plan", "POST", "/v2/self/addons", change(func(o *clever.CreateRequest) { o.ProviderID = "mysql-addon" }), 400, 90022},
		{"retired plan", "POST", "/v2/self/addons", clever.CreateRequest{Name: "x", ProviderID: "mongodb-addon",
			Plan: "plan_847dd55f-0847-4497-9e53-7eef4281e068", Region: "par"}, 400, 90022},
		{"region", "POST", "/v2/self/addons", change(func(o *clever.CreateRequest) { o.Region = "eu" }), 400, 90023},
		{"version", "POST", "/v2/self/addons", change(func(o *clever.CreateRequest) { o.Options = map[string]string{"version": "9"} }), 400, 90024},
		{"no addon", "GET", "/v2/self/addons/addon_x", nil, 404, 11001},
		{"no addon to rename", "PUT", "/v2/self/addons/addon_x", `{"name":"y"}`, 404, 11001},
		{"cli token", "GET", "/v2/self/cli_tokens?cli_token=x", nil, 404, 90011},
		{"v2 provider", "GET", "/v2/products/addonproviders/pg", nil, 404, 90011},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, m := c.refused(tt.method, tt.path, tt.body); status != tt.status || m.ID != tt.id || m.Type != "error" || m.Message == "" {
				t.Errorf("got %d %+v", status, m)
			}
		})
	}
	if status := c.ask("GET", "/v2/self", nil, nil); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
	var m clever.MessageV4
	if status := c.ask("GET", "/v4/addon-providers/cellar-addon", nil, &m); status != 404 || m.Code != "emulator.not-found" || m.APIRequestID == "" {
		t.Errorf("v4: %d %+v", status, m)
	}
}

func TestTags(t *testing.T) {
	_, c := newEmulator(t, Options{})
	path := "/v2/self/addons/" + c.order("/v2/self", order("x")).ID + "/tags"
	for _, step := range []struct {
		method, path string
		body         any
		want         []string
	}{
		{"GET", "", nil, []string{}},
		{"PUT", "", []string{"b", "a", "b"}, []string{"a", "b"}},
		{"PUT", "/with%20space", nil, []string{"a", "b", "with space"}},
		{"PUT", "/a", nil, []string{"a", "b", "with space"}},
		{"DELETE", "/b", nil, []string{"a", "with space"}},
		{"DELETE", "/b", nil, []string{"a", "with space"}},
		{"PUT", "", []string{}, []string{}},
	} {
		var got []string
		c.must(step.method, path+step.path, step.body, &got)
		if !slices.Equal(got, step.want) {
			t.Errorf("%s %s: %q, want %q", step.method, step.path, got, step.want)
		}
	}
	if status, m := c.refused("PUT", path, `[""]`); status != 400 || m.ID != 90020 {
		t.Errorf("empty tag: %d %+v", status, m)
	}
}

func TestSelf(t *testing.T) {
	e, c := newEmulator(t, Options{})
	var self clever.Self
	c.must("GET", "//v2/self", nil, &self)
	if self.ID != e.User() || self.Name != "Example Operator" || self.Email != "ops@example.test" || self.OAuthApps == nil {
		t.Errorf("self %+v", self)
	}
	var id map[string]string
	c.must("GET", "/v2/self/id", nil, &id)
	if id["id"] != self.ID {
		t.Errorf("id %v", id)
	}
	var token clever.TokenInfo
	c.must("GET", "/v2/self/tokens/current", nil, &token)
	if token.ExpirationDate <= token.CreationDate {
		t.Errorf("token %+v", token)
	}
	var orgs []clever.Organisation
	c.must("GET", "/v2/organisations", nil, &orgs)
	if len(orgs) != 1 || orgs[0].ID != e.Organisations()[0] {
		t.Errorf("organisations %+v", orgs)
	}
	var org clever.Organisation
	c.must("GET", "/v2/organisations/"+e.User(), nil, &org)
	if org.ID != e.User() {
		t.Errorf("the personal space as an organisation: %+v", org)
	}
	for _, path := range []string{"/v2/self/applications", "/v4/networkgroups/organisations/" + orgs[0].ID + "/networkgroups"} {
		var none []any
		c.must("GET", path, nil, &none)
		if none == nil || len(none) != 0 {
			t.Errorf("%s: %v", path, none)
		}
	}
}

func TestOverASocket(t *testing.T) {
	e, _ := newEmulator(t, Options{})
	server := httptest.NewServer(e)
	defer server.Close()
	c := &client{t: t, http: server.Client(), base: server.URL, auth: `OAuth oauth_token="any"`}
	a := c.order("/v2/self", order("x"))
	c.must("GET", "/v2/self/addons/"+a.ID, nil, nil)
	if status, m := c.refused("POST", "/v2/self/addons", strings.Repeat("x", rest.BodyLimit+1)); status != 413 || m.ID != 90006 {
		t.Errorf("large body: %d %+v", status, m)
	}
	res, err := server.Client().Head(server.URL + "/v4/products/zones")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 200 || res.ContentLength <= 0 {
		t.Errorf("HEAD: %d, %d bytes", res.StatusCode, res.ContentLength)
	}
	res, err = server.Client().Post(server.URL+"/v4/products/zones", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 405 || res.Header.Get("Allow") != "GET" {
		t.Errorf("POST zones: %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
}

// plain returns a header as the vendor's command line writes it.
func plain(consumer, token string) string {
	return `OAuth oauth_consumer_key="` + consumerKey + `", oauth_token="` + tokenName +
		`", oauth_signature="` + consumer + `%26` + token + `"`
}
