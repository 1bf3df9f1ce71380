package emulator

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator/market"
	"runner/marketplace/backend"
	"runner/marketplace/manifest"
)

// A shop is a vendor with a real back-end: what it provided, by its own ids, with the
// plans.
type shop struct {
	manifest []byte
	address  string
	prefix   string // of its variables

	mu       sync.Mutex
	provided map[string]string
	refuse   string // what it says to whoever orders or changes; "": it does it
	// between may answer instead of the back-end, and lose its answer; nil: it does not.
	between func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

func (s *shop) Order(_ context.Context, a backend.Addon) (backend.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != "" {
		return backend.Result{}, &backend.Refusal{Message: s.refuse}
	}
	s.provided[a.ID] = a.Plan
	return s.answer(a, a.Plan), nil
}

func (s *shop) answer(a backend.Addon, plan string) backend.Result {
	return backend.Result{Config: map[string]string{s.prefix + "_URL": "kv://" + a.ID, s.prefix + "_PORT": fmt.Sprint(len(plan))}}
}

func (s *shop) ChangePlan(_ context.Context, a backend.Addon, plan string) (backend.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != "" {
		return backend.Result{}, &backend.Refusal{Message: s.refuse}
	}
	s.provided[a.ID] = plan
	return s.answer(a, plan), nil
}

func (s *shop) Remove(_ context.Context, a backend.Addon) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.provided, a.ID)
	return nil
}

func (s *shop) Dashboard(w http.ResponseWriter, _ *http.Request, a backend.Addon, by backend.Visitor) {
	fmt.Fprintf(w, "%s of %s", a.ID, by.Email)
}

// plans returns the plans of what it provided.
func (s *shop) plans() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Values(s.provided))
}

func (s *shop) set(refuse string, between func(http.ResponseWriter, *http.Request, http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse, s.between = refuse, between
}

// newShop opens a shop that sells tinykv. What change makes of its configuration
// holds.
func newShop(t testing.TB, d manifest.Dialect, change func(*backend.Config)) *shop {
	t.Helper()
	return newShopOf(t, d, "tinykv", change)
}

func newShopOf(t testing.TB, d manifest.Dialect, id string, change func(*backend.Config)) *shop {
	t.Helper()
	s := &shop{prefix: strings.ToUpper(id), provided: map[string]string{}}
	server := httptest.NewUnstartedServer(nil)
	s.address = "http://" + server.Listener.Addr().String()
	s.manifest = manifestText(t, d, id, s.address)
	s.manifest = []byte(strings.Replace(string(s.manifest), `"small"`, `"large", "name": "large", "description": "Large"}, {"id": "small"`, 1))
	m, problems := manifest.Read(s.manifest, manifest.Options{Dialect: d, Loopback: true})
	if m == nil || len(manifest.Errors(problems)) > 0 {
		t.Fatal(problems)
	}
	store, err := backend.OpenFile(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	client := backend.NewClient(m, true)
	client.Pause = time.Millisecond
	config := backend.Config{Manifest: m, Site: m.Test, Plans: []string{"small", "large"}, Service: s, Store: store, Client: client}
	if change != nil {
		change(&config)
	}
	b, err := backend.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		between := s.between
		s.mu.Unlock()
		if between == nil {
			b.ServeHTTP(w, r)
			return
		}
		between(w, r, b)
	})
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		b.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A fair is an emulator that sells what shops make, and is reached by them.
type fair struct {
	*client
	e       *Emulator
	offered map[string]string // plan ids by slug
	now     *clock
}

// A clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newFair(t testing.TB, o Options, shops ...*shop) *fair {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	now := &clock{at: time.Now()}
	o.URL, o.Now = "http://"+server.Listener.Addr().String(), now.now
	for _, s := range shops {
		o.Vendors = append(o.Vendors, market.Vendor{Manifest: s.manifest})
	}
	e, c := newEmulator(t, o)
	server.Config.Handler = e
	server.Start()
	t.Cleanup(server.Close)
	return &fair{c, e, c.slugs("/v2/products/addonproviders/tinykv"), now}
}

// kv orders an add-on of the vendor's, and gives it with the status.
func (f *fair) kv(name, plan string) (int, clever.Addon) {
	f.t.Helper()
	var a clever.Addon
	status := f.ask("POST", "/v2/self/addons", clever.CreateRequest{Name: name, ProviderID: "tinykv", Plan: f.offered[plan], Region: "par"}, &a)
	return status, a
}

// env returns the values of an add-on's variables.
func (f *fair) env(id string) map[string]string {
	f.t.Helper()
	return env(f.t, f.client, "/v2/self/addons/"+id)
}

// change asks for another plan, and gives how that ended, with what was said.
func (f *fair) change(id, plan string) (status, said string) {
	f.t.Helper()
	var m clever.Migration
	path := "/v2/organisations/" + f.e.User() + "/addons/" + id + "/migrations"
	f.must("POST", path, clever.MigrationRequest{PlanID: f.offered[plan], Region: "par"}, &m)
	f.must("GET", path+"/"+m.ID, nil, &m)
	return m.Status, m.Steps[len(m.Steps)-1].Message
}

// soon waits for what goes on without a request.
func soon(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func TestVendorSells(t *testing.T) {
	for _, d := range manifest.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s := newShop(t, d, nil)
			f := newFair(t, Options{}, s)
			status, a := f.kv("db", "small")
			if status != 200 || len(f.env(a.ID)) != 2 || f.env(a.ID)["TINYKV_PORT"] != "5" || a.Provider.ID != "tinykv" || len(a.ConfigKeys) != 2 {
				t.Fatalf("%d %+v %v", status, a, f.env(a.ID))
			}
			f.kv("other", "large")
			if diff := cmp.Diff([]string{"large", "small"}, s.plans()); diff != "" {
				t.Error("the vendor provided", diff)
			}
			if got, said := f.change(a.ID, "large"); got != "OK" {
				t.Errorf("the plan: %s %s", got, said)
			}
			if diff := cmp.Diff([]string{"large", "large"}, s.plans()); diff != "" {
				t.Error("after the change", diff)
			}
			s.set("there is no room left", nil)
			if got, said := f.change(a.ID, "small"); got != "FAILED" || !strings.Contains(said, "no room left") {
				t.Errorf("a refused plan: %s %q", got, said)
			}
			status, m := f.refused("POST", "/v2/self/addons", clever.CreateRequest{Name: "no", ProviderID: "tinykv", Plan: f.offered["small"], Region: "par"})
			if status != 422 || m.ID != 90060 || !strings.Contains(m.Message, "there is no room left") {
				t.Errorf("a refused order: %d %+v", status, m)
			}
			var list []clever.Addon
			f.must("GET", "/v2/self/addons", nil, &list)
			if len(list) != 2 || list[0].Plan.Slug != "large" {
				t.Errorf("listed are %+v", list)
			}
			s.set("", nil)
			for _, a := range list {
				f.must("DELETE", "/v2/self/addons/"+a.ID, nil, nil)
			}
			if left := s.plans(); len(left) > 0 || len(f.e.store.World().Leaving) > 0 {
				t.Errorf("the vendor has %v, and the world %v", left, f.e.store.World().Leaving)
			}
		})
	}
}

// collected are texts that came from many goroutines.
type collected struct {
	mu  sync.Mutex
	all []string
}

func (c *collected) add(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, text)
}

func (c *collected) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.all, "\n")
}
