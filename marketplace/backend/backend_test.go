package backend_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"runner/marketplace/backend"
	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

const (
	password = "a-password-for-tests-of-forty-characters"
	salt     = "another-secret-for-tests-0123456789-abcd"
)

// A shop sells what it writes into a map: names of add-ons with their plans.
type shop struct {
	mu       sync.Mutex
	existing map[string]string
	calls    int                // of Order
	fail     func(string) error // what a method of that name comes to, after it did its work; nil: well
}

func newShop() *shop { return &shop{existing: map[string]string{}} }

func (s *shop) at(name string) error {
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	if fail == nil {
		return nil
	}
	return fail(name)
}

func (s *shop) Order(_ context.Context, a backend.Addon) (backend.Result, error) {
	s.mu.Lock()
	s.calls++
	s.existing[a.ID] = a.Plan
	s.mu.Unlock()
	err := s.at("order")
	if _, refused := errors.AsType[*backend.Refusal](err); refused {
		s.mu.Lock()
		delete(s.existing, a.ID)
		s.mu.Unlock()
	}
	return backend.Result{Config: map[string]string{"TINYKV_URL": "kv://" + a.ID + "@kv.example.test/" + a.ID, "OTHER": "x"}}, err
}

func (s *shop) ChangePlan(_ context.Context, a backend.Addon, plan string) (backend.Result, error) {
	s.mu.Lock()
	s.existing[a.ID] = plan
	s.mu.Unlock()
	return backend.Result{Message: "it is " + plan + " now"}, s.at("change")
}

func (s *shop) Remove(_ context.Context, a backend.Addon) error {
	s.mu.Lock()
	delete(s.existing, a.ID)
	s.mu.Unlock()
	return s.at("remove")
}

func (s *shop) Dashboard(w http.ResponseWriter, r *http.Request, a backend.Addon, by backend.Visitor) {
	if r.URL.Path == "/fault" {
		panic("a fault of the page: " + password)
	}
	fmt.Fprintf(w, "%s %s %s %t", r.Method, r.URL.Path, a.Plan, by.Proven)
}

// A stand is a back-end on a socket.
type stand struct {
	*httptest.Server
	t       *testing.T
	m       *manifest.Manifest
	shop    *shop
	backend *backend.Backend
	store   *backend.File
	log     *strings.Builder
}

func newManifest(d manifest.Dialect) *manifest.Manifest {
	return &manifest.Manifest{
		Dialect: d, ID: "tinykv", Password: password, SSOSalt: salt, ConfigVars: []string{"TINYKV_URL"}, Prefix: "TINYKV",
		PlanUpdateable: true, Requires: []string{"many_per_app"},
	}
}

// open opens a stand of a shop, whose add-ons are in a folder.
func open(t *testing.T, d manifest.Dialect, dir string, s *shop, change func(*backend.Config)) *stand {
	t.Helper()
	st := &stand{t: t, m: newManifest(d), shop: s, log: &strings.Builder{}}
	var handler http.Handler
	st.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	st.m.Test = manifest.Site{BaseURL: st.URL + "/market/resources", SSOURL: st.URL + "/market/sso"}
	var err error
	if st.store, err = backend.OpenFile(filepath.Join(dir, "addons")); err != nil {
		t.Fatal(err)
	}
	c := backend.Config{Manifest: st.m, Site: st.m.Test, Plans: []string{"small", "large"}, Service: s, Store: st.store,
		Log: slog.New(slog.NewTextHandler(&guardedWriter{w: st.log}, nil))}
	c.Client = backend.NewClient(st.m, true)
	c.Client.Pause = time.Millisecond
	if change != nil {
		change(&c)
	}
	st.m.Test = c.Site
	if st.backend, err = backend.New(c); err != nil {
		t.Fatal(err)
	}
	handler = st.backend
	t.Cleanup(st.close)
	return st
}

// close ends a stand as a vendor ends: what is there stays for the next one.
func (s *stand) close() {
	if s.backend == nil {
		return
	}
	s.Close()
	s.backend.Close()
	if err := s.store.Close(); err != nil {
		s.t.Error(err)
	}
	s.backend = nil
}

type guardedWriter struct {
	mu sync.Mutex
	w  *strings.Builder
}

func (g *guardedWriter) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.w.Write(p)
}

// TestConformance: a back-end of this package passes every check, in every
// dialect, at once and slowly, and in the old form.
func TestConformance(t *testing.T) {
	for _, d := range manifest.Dialects() {
		for _, slow := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, slow %t", d, slow), func(t *testing.T) {
				t.Parallel()
				s := open(t, d, t.TempDir(), newShop(), func(c *backend.Config) { c.Slow = slow })
				conforms(t, s, slow)
			})
		}
	}
	t.Run("old form", func(t *testing.T) {
		t.Parallel()
		s := open(t, manifest.HerokuV1, t.TempDir(), newShop(), func(c *backend.Config) {
			root := strings.TrimSuffix(c.Site.BaseURL, "/market/resources") + "/heroku/resources"
			c.Site = manifest.Site{BaseURL: root, SSOURL: root, Old: true}
		})
		conforms(t, s, false)
	})
}

func conforms(t *testing.T, s *stand, slow bool) {
	t.Helper()
	transport := manifest.NewTransport(manifest.TransportOptions{Loopback: true})
	defer transport.Close()
	market := manifest.NewMarket(s.m)
	server := httptest.NewServer(market)
	defer server.Close()
	callback := server.URL + "/vendor/apps"
	if s.m.Dialect == manifest.HerokuV3 {
		callback = server.URL + "/addons"
	}
	report, err := conformance.Run(t.Context(), conformance.Options{
		Backend: &manifest.Backend{Manifest: s.m, Site: s.m.Test, Transport: transport}, Plan: "small", OtherPlan: "large",
		Async: slow, Market: market, Callback: callback, Soft: 15 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		if r.Status == conformance.Failed || r.Status == conformance.Advised {
			t.Errorf("%s %s: want %s, came %s, sent %v", r.ID, r.Title, r.Expected, r.Came, r.Sent)
		}
	}
	if n := report.Count(conformance.Passed); n < 50 || len(report.Left) > 0 || len(s.shop.existing) > 0 {
		t.Errorf("%d passed; left: %v, %v", n, report.Left, s.shop.existing)
	}
	for _, secret := range []string{password, salt} {
		if strings.Contains(s.log.String(), secret) {
			t.Error("the log holds a secret")
		}
	}
}
