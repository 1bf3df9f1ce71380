package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator"
	"runner/clever/emulator/market"
	"runner/marketplace/manifest"
)

// The page orders as a client does, on a strict emulator too: what it does is in
// the list of requests, and faults strike it.
func TestConsoleOrders(t *testing.T) {
	s := newSite(t, emulator.Options{Strict: true})
	org := s.Organisations()[0]
	_, _, text := s.ask("GET", "/console/catalogue", "")
	var offered []consoleProvider
	if err := json.Unmarshal([]byte(text), &offered); err != nil || len(offered) != len(s.Catalogue().Providers) {
		t.Fatalf("%v: %s", err, text)
	}
	redis := offered[3]
	if diff := cmp.Diff(consoleZone{"par", "Paris"}, redis.Zones[0]); diff != "" || redis.ID != "redis-addon" || redis.Switches[0].Name != "encryption" {
		t.Errorf("%+v %s", redis, diff)
	}
	order := func(owner, name, options string) string {
		return fmt.Sprintf(`{"owner":%q,"order":{"name":%q,"providerId":"redis-addon","plan":%q,"region":"par","options":%s}}`,
			owner, name, redis.Plans[0].ID, options)
	}
	said := func(method, path, body string) string {
		t.Helper()
		status, _, text := s.ask(method, path, body)
		if status == 204 {
			return "done"
		}
		var answer struct{ ID, Error string }
		if err := json.Unmarshal([]byte(text), &answer); err != nil || status != 200 {
			t.Errorf("%s %s: %d %s", method, path, status, text)
		}
		if answer.Error != "" {
			return answer.Error
		}
		return answer.ID
	}
	id := said("POST", "/console/addons", order(org, "cache", `{"encryption":"true"}`))
	a := s.World().Addon(id)
	if a == nil || a.Owner != org || a.Options["encryption"] != "true" || a.Plan != redis.Plans[0].ID {
		t.Fatalf("ordered %s: %+v", id, a)
	}
	other, at := redis.Plans[len(redis.Plans)-1].ID, "/console/addons/"+id
	for _, tt := range [][4]string{
		{"POST", "/console/addons", order("orga_x", "x", "null"), "This owner does not exist."},
		{"POST", "/console/addons", order("../self", "x", "null"), "This owner does not exist."},
		{"POST", "/console/addons", order(org, " ", "null"), "The name is wrong: it is empty."},
		{"POST", at + "/plan", `{"plan":"x"}`, `The plan is wrong: "x" is not the id of a plan of redis-addon.`},
		{"POST", at + "/plan", `{"plan":"` + other + `"}`, "done"},
		{"POST", "/console/addons/addon_x/plan", `{"plan":"x"}`, "This addon does not exist."},
		{"DELETE", "/console/addons/addon_x", "", "This addon does not exist."},
		{"DELETE", at, "", "done"},
	} {
		if got := said(tt[0], tt[1], tt[2]); got != tt[3] {
			t.Errorf("%s %s: %q", tt[1], tt[2], got)
		}
		if b := s.World().Addon(id); tt[3] == "done" && tt[0] == "POST" && b.Plan != other {
			t.Errorf("the plan is %s", b.Plan)
		}
	}
	if s.World().Addon(id) != nil {
		t.Error("it was not removed")
	}
	if status, _, _ := s.ask("POST", "/console/addons", "{"); status != 400 {
		t.Errorf("half an order: %d", status)
	}
	var wanted []string
	for _, x := range s.Journal() {
		if x.Status < 300 && x.User == s.User() {
			wanted = append(wanted, x.Method+" "+strings.ReplaceAll(strings.ReplaceAll(x.Path, id, "ID"), org, "ORG"))
		}
	}
	want := []string{"POST /v2/organisations/ORG/addons", "POST /v2/organisations/ORG/addons/ID/migrations", "DELETE /v2/organisations/ORG/addons/ID"}
	if diff := cmp.Diff(want, wanted); diff != "" {
		t.Error(diff)
	}
	for fault, want := range map[string]string{
		"=cut-before": "the connection ended without an answer: it may have been done or not", "=429": "There are too many requests.",
		"=html-503": "the platform answered 503 Service Unavailable, and does not say why", "=expired": "",
	} {
		s.Recover()
		s.ask("POST", "/console/faults", `{"fault":"`+fault+`"}`)
		if got := said("POST", "/console/addons", order(org, "x", "{}")); want != "" && got != want || want == "" && s.World().Addon(got) == nil {
			t.Errorf("%s: %q", fault, got)
		}
	}
}

// A marketplace of vendors alone sells what they sell, to whom they sell it.
func TestVendorsOnly(t *testing.T) {
	wanted := 0
	s := newSite(t, emulator.Options{VendorsOnly: true, OnRequest: func(x emulator.Exchange) { wanted++ }})
	providers := func() (list []clever.Provider) {
		s.call("GET", "/v2/products/addonproviders", nil, &list)
		return list
	}
	if list := providers(); list == nil || len(list) != 0 {
		t.Errorf("without a vendor: %v", list)
	}
	s = newSite(t, emulator.Options{VendorsOnly: true, Vendors: []market.Vendor{
		{Manifest: manifestOf(t, "tinykv", "https://kv.example.com")},
		{Manifest: manifestOf(t, "other", "https://kv.example.com")},
	}})
	if list := providers(); len(list) != 2 || list[0].ID != "tinykv" || list[1].ID != "other" {
		t.Errorf("with two: %+v", list)
	}
	_, _, text := s.ask("GET", "/console/catalogue?owner="+s.User(), "")
	var offered []consoleProvider
	if err := json.Unmarshal([]byte(text), &offered); err != nil || len(offered) != 2 || !offered[0].Vendor || len(offered[0].Plans) != 2 || len(offered[0].Zones) == 0 {
		t.Errorf("%v: %s", err, text)
	}
	if wanted != 1 {
		t.Errorf("saw %d requests", wanted)
	}
}

// A vendor is a back-end that makes add-ons at once, or says that it will.
type vendor struct {
	*httptest.Server
	slow atomic.Bool
}

func newVendor(t testing.TB) *vendor {
	v := &vendor{}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case v.slow.Load():
			w.WriteHeader(http.StatusAccepted)
		}
		fmt.Fprint(w, `{"id":"kv\"1","config":{"TINYKV_URL":"x"}}`)
	}))
	t.Cleanup(v.Close)
	return v
}

// manifestOf returns a manifest with a back-end at an address.
func manifestOf(t testing.TB, id, address string) []byte {
	t.Helper()
	text, err := manifest.Create(manifest.Clever, id)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(text, []byte("https://addon.example.com"), []byte(address))
}

// A dashboard is opened by a page that posts, once for each click; where there is
// none, a page says why.
func TestConsoleDashboard(t *testing.T) {
	v := newVendor(t)
	s := newSite(t, emulator.Options{Vendors: []market.Vendor{{Manifest: manifestOf(t, "tinykv", v.URL)}}})
	own := s.order("/v2/self", "own")
	var offered clever.Provider
	s.call("GET", "/v2/products/addonproviders/tinykv", nil, &offered)
	kv := func() (a clever.Addon) {
		t.Helper()
		o := clever.CreateRequest{Name: `"><script>`, ProviderID: "tinykv", Plan: offered.Plans[0].ID, Region: "par"}
		if status := s.call("POST", "/v2/self/addons", o, &a); status != 200 {
			t.Fatalf("an order: %d", status)
		}
		return a
	}
	made := kv()
	v.slow.Store(true)
	coming := kv()
	at := "/console/addons/" + made.ID + "/dashboard"
	status, header, page := s.ask("POST", at, "")
	policy := header.Get("Content-Security-Policy")
	if status != 200 || !strings.Contains(page, `<form method="POST" action="`+v.URL) || !strings.Contains(page, `name="id" value="kv&#34;1"`) ||
		policy != manifest.PagePolicy() || header.Get("Cache-Control") != "no-store" || strings.Contains(policy, "unsafe-inline") {
		t.Errorf("%d %v\n%s", status, header, page)
	}
	for id, why := range map[string]string{own.ID: "no vendor runs it", "addon_x": "does not exist", coming.ID: "has not made it yet"} {
		status, header, page := s.ask("POST", "/console/addons/"+id+"/dashboard", "")
		if status != 409 || !strings.Contains(page, why) || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d\n%s", id, status, page)
		}
	}
	if status, _, page := s.ask("POST", at, "", "Origin", "http://evil.test"); status != 403 || strings.Contains(page, "form") {
		t.Errorf("from elsewhere: %d\n%s", status, page)
	}
	shown := func(id string) string {
		for _, a := range s.world("tinykv").Owners[0].Addons {
			if a.ID == id {
				return fmt.Sprint(a.State, a.Dashboard)
			}
		}
		return "gone"
	}
	states := []string{shown(coming.ID), shown(made.ID)}
	s.call("DELETE", "/v2/self/addons/"+made.ID, nil, nil)
	states = append(states, shown(made.ID))
	if diff := cmp.Diff([]string{"provisioningfalse", "activetrue", "removingfalse"}, states); diff != "" {
		t.Error(diff)
	}
}
