package cmd_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"runner/clever/emulator"
	kit "runner/marketplace/backend" // what vendors build on
	"runner/marketplace/manifest"
)

// A stall sells key-value stores: by their ids, with their plans.
type stall struct {
	manifest string // the text, with its secrets and its addresses

	mu      sync.Mutex
	offered map[string]string
	between func(w http.ResponseWriter, r *http.Request, next http.Handler) // nil: nothing is
}

func (s *stall) Order(_ context.Context, a kit.Addon) (kit.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered[a.ID] = a.Plan
	return kit.Result{Config: map[string]string{"TINYKV_URL": "kv://" + a.ID}}, nil
}

func (s *stall) ChangePlan(_ context.Context, a kit.Addon, plan string) (kit.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered[a.ID] = plan
	return kit.Result{}, nil
}

func (s *stall) Remove(_ context.Context, a kit.Addon) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.offered, a.ID)
	return nil
}

func (s *stall) Dashboard(http.ResponseWriter, *http.Request, kit.Addon, kit.Visitor) {}

func (s *stall) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	s.mu.Lock()
	between := s.between
	s.mu.Unlock()
	if between == nil {
		next.ServeHTTP(w, r)
		return
	}
	between(w, r, next)
}

// has returns the plans of what is offered, by the variables of those who have it.
func (s *stall) has() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for id, plan := range s.offered {
		all["kv://"+id] = plan
	}
	return all
}

// newStall opens a back-end, and tells the shell its secrets.
func newStall(t *testing.T, sh *shell) (s *stall, address string) {
	t.Helper()
	text, err := manifest.Create(manifest.Clever, "tinykv")
	if err != nil {
		t.Fatal(err)
	}
	m, _ := manifest.Read(text, manifest.Options{})
	sh.env["TINYKV_PASSWORD"], sh.env["TINYKV_SSO_SALT"] = m.Password, m.SSOSalt
	store, err := kit.OpenFile(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	address = "http://" + server.Listener.Addr().String()
	s = &stall{offered: map[string]string{}}
	s.manifest = strings.ReplaceAll(string(text), "https://addon.example.com/marketplace", address)
	site := manifest.Site{BaseURL: address + "/resources", SSOURL: address + "/sso"}
	b, err := kit.New(kit.Config{Manifest: m, Site: site, Plans: []string{"small", "large"}, Service: s, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, b) })
	server.Start()
	t.Cleanup(func() {
		server.Close()
		b.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, address
}

// One playbook puts an add-on on offer and orders it, from a back-end that is real;
// it is not taken off under those who have it.
func TestSellAndOrder(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	e := sh.on(t, emulator.Options{Strict: true})
	stall, address := newStall(t, sh)
	play := func(want int, args ...string) (printed string) {
		t.Helper()
		code, out, problems := sh.run(append([]string{"play", "--diff", "-vv"}, args...)...)
		if code != want {
			t.Fatalf("exit code %d, want %d\n%s%s", code, want, out, problems)
		}
		for _, secret := range []string{sh.env["TINYKV_PASSWORD"], sh.env["TINYKV_SSO_SALT"]} {
			if strings.Contains(out+problems, secret) {
				t.Errorf("a secret is printed:\n%s%s", out, problems)
			}
		}
		return out
	}
	example := []string{"../examples/provider.yml", "-e", "backend=" + address, "-e", "trial=yes"}
	play(0, append(example, "--check")...)
	if len(e.Providers()) != 0 || len(stall.has()) != 0 {
		t.Fatalf("a check sells %v, %v", e.Providers(), stall.has())
	}
	play(0, example...)
	if again := play(0, example...); !strings.Contains(again, "changed=0 ") {
		t.Errorf("again: %s", again)
	}
	_, env, _ := sh.run("env", "trial-kv", "--format", "json")
	had := stall.has()
	for url, plan := range had {
		if plan != "small" || !strings.Contains(env, url) {
			t.Errorf("the vendor has %v, and the customer %s", had, env)
		}
	}
	if len(had) != 1 || len(e.Providers()) != 1 || len(e.Addons(e.Organisations()[0])) != 1 {
		t.Errorf("there is %v, %v", had, e.Providers())
	}

	remove := "- provider_remove: {provider: tinykv, organisation: Example Organisation}\n"
	out := play(2, sh.file(t, "remove.yml", remove))
	for _, want := range []string{"remove.yml:1:31: the platform refused DELETE", "there are add-ons of it: remove them first (90073)"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q: %s", want, out)
		}
	}
	play(0, sh.file(t, "all.yml", "- addon_remove: {addon: trial-kv, provider: tinykv}\n"+remove))
	if len(stall.has()) != 0 || len(e.Providers()) != 0 {
		t.Errorf("there is still %v, %v", stall.has(), e.Providers())
	}
}
