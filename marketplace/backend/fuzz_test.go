package backend_test

import (
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"runner/marketplace/backend"
	"runner/marketplace/manifest"
)

// FuzzCalls: whatever an authorized caller sends, it is answered without a fault,
// and nothing is made that no answer names.
func FuzzCalls(f *testing.F) {
	for _, seed := range []struct{ method, path, kind, body string }{
		{"POST", "", "application/json", `{"uuid":"u","plan":"small","region":"x","options":{"a":"1"}}`},
		{"POST", "", "application/json", `{"uuid":"u\u0000","plan":"small","oauth_grant":{"code":1,"expires_at":"x"}}`},
		{"POST", "/", "application/vnd.heroku-addons+json; version=3", `{"uuid":{},"plan":["small"],"clc":{"account":{}}}`},
		{"PUT", "/u", "application/json", `{"plan":"large"}`},
		{"DELETE", "/..%2f..", "", ""},
		{"DELETE", "/%00", "", ""},
		{"GET", "/sso/dashboard/x/%zz", "", ""},
	} {
		f.Add(seed.method, seed.path, seed.kind, seed.body)
	}
	store, err := backend.OpenFile(filepath.Join(f.TempDir(), "addons"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = store.Close() })
	m, shop := newManifest(manifest.HerokuV3), newShop()
	b, err := backend.New(backend.Config{Manifest: m, Site: manifest.Site{BaseURL: "https://kv.example.test/r", SSOURL: "https://kv.example.test/r/sso"},
		Plans: []string{"small", "large"}, Service: shop, Store: store})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(b.Close)
	f.Fuzz(func(t *testing.T, method, path, kind, body string) {
		u, err := url.Parse("https://kv.example.test/r" + path)
		if err != nil || strings.ContainsAny(method, " \r\n") || method == "" {
			t.Skip("no request")
		}
		r := httptest.NewRequest("POST", "https://kv.example.test/r", strings.NewReader(body))
		r.Method, r.URL = method, u
		r.Header.Set("Content-Type", kind)
		r.SetBasicAuth(m.ID, m.Password)
		before, w := len(shop.existing), httptest.NewRecorder()
		b.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code < 200 {
			t.Errorf("%s %s %q: %d %s", method, path, body, w.Code, w.Body)
		}
		if existing := len(shop.existing) - before; existing > 0 && w.Code != 200 {
			t.Errorf("%s %s %q: %d, and %d existing", method, path, body, w.Code, existing)
		}
		if strings.Contains(w.Body.String(), password) || strings.Contains(w.Body.String(), salt) {
			t.Errorf("%s %s %q: a secret is printed", method, path, body)
		}
	})
}
