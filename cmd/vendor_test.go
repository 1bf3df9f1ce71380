package cmd_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"runner/marketplace/manifest"
)

// startBackend starts a small back-end, and writes its manifest:
//
//	backend MANIFEST [open]   with open it asks nobody for credentials
func startBackend(ts *testscript.TestScript, _ bool, args []string) {
	b, err := newBackend(len(args) > 1)
	ts.Check(err)
	ts.Defer(b.server.Close)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.manifest, 0o600))
	ts.Setenv("BACKEND", b.server.URL)
	ts.Setenv("PASSWORD", b.m.Password)
}

// newBackend returns a back-end on a socket; open, it asks nobody for credentials.
func newBackend(open bool) (*backend, error) {
	text, err := manifest.Create(manifest.HerokuV1, "tinykv")
	if err != nil {
		return nil, err
	}
	m, _ := manifest.Read(text, manifest.Options{})
	b := &backend{m: m, open: open, ids: map[string]string{}, verifier: manifest.NewVerifier(manifest.HerokuV1, m.SSOSalt)}
	b.server = httptest.NewServer(b)
	b.manifest = []byte(strings.ReplaceAll(string(text), "https://addon.example.com/marketplace", b.server.URL))
	return b, nil
}

// A backend sells one plan, small.
type backend struct {
	server   *httptest.Server
	manifest []byte // its text
	m        *manifest.Manifest
	open     bool
	verifier *manifest.Verifier
	mu       sync.Mutex
	ids      map[string]string // key → id
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.URL.Path == "/sso" {
		l, err := b.verifier.Request(r)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, l.ID)
		return
	}
	if user, password, _ := r.BasicAuth(); !b.open && (user != b.m.ID || password != b.m.Password) {
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	var order struct{ UUID, Plan string }
	_ = json.NewDecoder(r.Body).Decode(&order)
	switch {
	case r.Method == http.MethodDelete:
		return
	case order.Plan != "small":
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": "there is only small, " + b.m.Password})
		return
	}
	if b.ids[order.UUID] == "" {
		b.ids[order.UUID] = "kv-" + order.UUID
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"id": b.ids[order.UUID], "config": map[string]string{"TINYKV_URL": "kv://u:hidden-value@kv.example.test/"}})
}
