package backend_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"runner/marketplace/backend"
	"runner/marketplace/manifest"
)

// A reply is what came of a call.
type reply struct {
	status int
	header http.Header
	body   string
	ID     string            `json:"id"`
	Config map[string]string `json:"config"`
	Words  string            `json:"message"`
}

// call makes a call as the marketplace does; edits may spoil it.
func (s *stand) call(method, id string, body any, edits ...func(*http.Request)) reply {
	s.t.Helper()
	r, err := (&manifest.Backend{Manifest: s.m, Site: s.m.Test}).Request(s.t.Context(), method, id, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, edit := range edits {
		edit(r)
	}
	return s.send(r)
}

// send sends a request, and follows nothing.
func (s *stand) send(r *http.Request) reply {
	s.t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	got := reply{status: resp.StatusCode, header: resp.Header, body: string(text)}
	_ = json.Unmarshal(text, &got)
	return got
}

// order returns an order as it comes from a dialect's marketplace.
func order(d manifest.Dialect, plan string) manifest.Order {
	return manifest.Order{Key: manifest.NewKey(d), Plan: plan, Region: d.DefaultRegion(), OwnerName: "Zoë", Callback: "https://callback.invalid/x"}
}

func (s *stand) buy(o manifest.Order) reply { s.t.Helper(); return s.call("POST", "", o.Body(s.m)) }

func (s *stand) change(o manifest.Order, id, plan string) reply {
	s.t.Helper()
	return s.call("PUT", s.name(o, id), o.PlanBody(s.m.Dialect, plan))
}

func (s *stand) remove(o manifest.Order, id string) reply {
	s.t.Helper()
	return s.call("DELETE", s.name(o, id), nil)
}

// name returns what a path names an add-on by.
func (s *stand) name(o manifest.Order, id string) string {
	if s.m.Dialect == manifest.HerokuV3 {
		return o.Key
	}
	return id
}

// want holds a reply to a status, and refusals to say why.
func want(t *testing.T, what string, r reply, status int) reply {
	t.Helper()
	if r.status != status || status >= 400 && r.Words == "" {
		t.Errorf("%s: %d %s, want %d", what, r.status, r.body, status)
	}
	return r
}

// TestALife: what comes of an order in each dialect, across restarts.
func TestALife(t *testing.T) {
	for _, d := range manifest.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			shop, dir, o := newShop(), t.TempDir(), order(d, "small")
			s := open(t, d, dir, shop, nil)
			first := want(t, "an order", s.buy(o), 200)
			if first.Config["TINYKV_URL"] == "" || first.Config["OTHER"] != "" {
				t.Errorf("variables: %v", first.Config)
			}
			want(t, "a change", s.change(o, first.ID, "large"), 200)
			if got := shop.existing[first.ID]; got != "large" {
				t.Errorf("the plan is %q", got)
			}
			s.close()

			s = open(t, d, dir, shop, nil)
			again := want(t, "the order, late", s.buy(o), 200)
			if again.ID != first.ID || again.Config["TINYKV_URL"] != first.Config["TINYKV_URL"] || shop.calls != 1 {
				t.Errorf("the order came again: %+v, not %+v, after %d calls", again, first, shop.calls)
			}
			other := o
			other.Plan = "large"
			want(t, "the key with another plan", s.buy(other), 409)
			other = o
			other.Region = "the moon"
			want(t, "the key with another region", s.buy(other), 409)
			want(t, "a removal", s.remove(o, first.ID), 200)
			s.close()

			s = open(t, d, dir, shop, nil)
			want(t, "the order, later", s.buy(o), 410)
			want(t, "a second removal", s.remove(o, first.ID), 410)
			if r := s.change(o, first.ID, "small"); r.status != 410 {
				t.Errorf("a change of what is gone: %d", r.status)
			}
			s.close()
			text, err := os.ReadFile(filepath.Join(dir, "addons"))
			if all := kept(t, filepath.Join(dir, "addons")); err != nil || len(all) != 1 || all[0].Result.Config != nil || all[0].Order.OwnerName != "" {
				t.Errorf("the tombstone tells more than the key: %s, %v", text, err)
			}
			if len(shop.existing) > 0 {
				t.Errorf("left: %v", shop.existing)
			}
		})
	}
}

// TestFaults: whatever a Service fails at after it did its work, as a crash would
// have it, the repeat ends it: after a restart or without.
func TestFaults(t *testing.T) {
	for _, at := range []string{"order", "change", "remove"} {
		for _, restart := range []bool{false, true} {
			for _, d := range manifest.Dialects() {
				shop, dir, o := newShop(), t.TempDir(), order(d, "small")
				s := open(t, d, dir, shop, nil)
				broken := func(err error) {
					shop.mu.Lock()
					defer shop.mu.Unlock()
					shop.fail = func(name string) error {
						if name == at {
							return err
						}
						return nil
					}
				}
				again := func() {
					broken(nil)
					if restart {
						s.close()
						s = open(t, d, dir, shop, nil)
					}
				}
				broken(errors.New("the plug was pulled on " + password))
				r := s.buy(o)
				if at == "order" {
					if want(t, at, r, 503).header.Get("Retry-After") == "" || strings.Contains(r.body, "plug") {
						t.Errorf("it says %q, %v", r.body, r.header)
					}
					for id := range shop.existing {
						r.ID = id
					}
					again()
					if second := want(t, at+" again", s.buy(o), 200); second.ID != r.ID || len(shop.existing) != 1 {
						t.Errorf("%s became %s, of %v", r.ID, second.ID, shop.existing)
					}
				}
				if at == "change" {
					want(t, at, s.change(o, r.ID, "large"), 503)
					again()
					want(t, "back to the plan before", s.change(o, r.ID, "small"), 200)
					if shop.existing[r.ID] != "small" {
						t.Errorf("the plan is %v", shop.existing)
					}
					want(t, at+" again", s.change(o, r.ID, "large"), 200)
				}
				if at == "remove" {
					want(t, at, s.remove(o, r.ID), 503)
					want(t, "an order of what is being removed", s.buy(o), 410)
					again()
				}
				if last := s.remove(o, r.ID); last.status != 200 && (at != "remove" || last.status != 410) {
					t.Errorf("%s, removal: %d", at, last.status)
				}
				if strings.Contains(s.log.String(), password) || len(shop.existing) > 0 {
					t.Errorf("left: %v; log: %s", shop.existing, s.log)
				}
				s.close()
			}
		}
	}
}

// A failing store loses its disk after some changes, and has it back when it is
// mended.
type failing struct {
	*backend.File
	left int // changes that go well
}

func (f *failing) Put(ctx context.Context, a backend.Addon) error {
	if f.left--; f.left < 0 {
		return errors.New("the disk is full")
	}
	return f.File.Put(ctx, a)
}

// TestFullDisk: whichever change cannot be kept, its call is not answered as if it
// were, and the repeat ends it.
func TestFullDisk(t *testing.T) {
	for good := range 6 { // an order, a change and a removal are two changes each
		shop, o, disk := newShop(), order(manifest.HerokuV1, "small"), &failing{left: good}
		s := open(t, manifest.HerokuV1, t.TempDir(), shop, func(c *backend.Config) {
			disk.File = c.Store.(*backend.File)
			c.Store = disk
		})
		var full int
		repeated := func(what string, call func() reply) reply {
			r := call()
			if r.status == 503 {
				full++
				disk.left = 100
				r = call()
			}
			return want(t, what, r, 200)
		}
		id := repeated("an order", func() reply { return s.buy(o) }).ID
		repeated("a change", func() reply { return s.change(o, id, "large") })
		if len(shop.existing) != 1 || shop.existing[id] != "large" {
			t.Errorf("after %d: %v", good, shop.existing)
		}
		repeated("a removal", func() reply { return s.remove(o, id) })
		if len(shop.existing) > 0 || full != 1 {
			t.Errorf("after %d the disk was full %d times; left: %v", good, full, shop.existing)
		}
		s.close()
	}
}

// TestRefusals: what a Service refuses costs nothing, and leaves all as it was.
func TestRefusals(t *testing.T) {
	for _, d := range manifest.Dialects() {
		shop, o := newShop(), order(d, "small")
		s := open(t, d, t.TempDir(), shop, nil)
		shop.fail = func(string) error { return &backend.Refusal{Message: "the cellar is full"} }
		if r := want(t, "an order", s.buy(o), 422); r.Words != "the cellar is full" || len(shop.existing) > 0 {
			t.Errorf("%q, %v", r.Words, shop.existing)
		}
		shop.fail = nil
		other := o
		other.Plan = "large"
		r := want(t, "the key with another plan, as it is free", s.buy(other), 200)
		shop.fail = func(string) error { return &backend.Refusal{Message: "not today"} }
		refused, status := s.change(o, r.ID, "small"), 422
		if d == manifest.AppFog { // shows its customers the body as it is
			status = 400
			if refused.body != "not today" || !strings.HasPrefix(refused.header.Get("Content-Type"), "text/plain") {
				t.Errorf("%q, %v", refused.body, refused.header)
			}
		}
		if refused.status != status {
			t.Errorf("%s: a change: %d, want %d", d, refused.status, status)
		}
		shop.fail = nil
		want(t, "the plan that it still has", s.change(o, r.ID, "large"), 200)
		want(t, "a removal", s.remove(o, r.ID), 200)
		s.close()
	}
}

// TestBadRequests: what is no order is refused before anything is made of it.
func TestBadRequests(t *testing.T) {
	shop := newShop()
	s := open(t, manifest.Clever, t.TempDir(), shop, func(c *backend.Config) { c.Regions = []string{"eu"} })
	good := order(manifest.Clever, "small").Body(s.m)
	with := func(name string, value any) map[string]any {
		b := map[string]any{}
		for k, v := range good {
			b[k] = v
		}
		b[name] = value
		return b
	}
	raw := func(text string) func(*http.Request) {
		return func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte(text))), int64(len(text))
			r.Header.Set("Content-Type", "application/json")
		}
	}
	for _, c := range []struct {
		what         string
		method, path string
		body         any
		edit         func(*http.Request)
		status       int
	}{
		{"no plan", "POST", "", with("plan", nil), nil, 422},
		{"a plan that is a number", "POST", "", with("plan", 1), nil, 422},
		{"another plan", "POST", "", with("plan", "huge"), nil, 422},
		{"another region", "POST", "", with("region", "US"), nil, 422},
		{"no key", "POST", "", with("addon_id", ""), nil, 422},
		{"a key of two lines", "POST", "", with("addon_id", "a\nb"), nil, 422},
		{"an endless key", "POST", "", with("addon_id", strings.Repeat("x", 256)), nil, 422},
		{"another type", "POST", "", good, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
		{"no type", "POST", "", good, func(r *http.Request) { r.Header.Del("Content-Type") }, 415},
		{"much", "POST", "", nil, raw(`{"x":"` + strings.Repeat("x", 64<<10) + `"}`), 413},
		{"nothing", "POST", "", nil, raw(``), 400},
		{"a list", "POST", "", nil, raw(`[]`), 400},
		{"null", "POST", "", nil, raw(`null`), 400},
		{"two objects", "POST", "", nil, raw(`{}{}`), 400},
		{"another method", "PATCH", "", good, nil, 405},
		{"another method for one", "POST", "x", good, nil, 405},
		{"nobody", "PUT", "nobody", good, nil, 404},
		{"hostile", "DELETE", "../../x", nil, nil, 404},
		{"hostile, unescaped", "DELETE", "x", nil, func(r *http.Request) { r.URL.Path += "/../.." }, 404},
		{"a NUL", "DELETE", "\x00", nil, nil, 404},
		{"elsewhere", "DELETE", "x", nil, func(r *http.Request) { r.URL.Path = "/other" }, 404},
		{"beside", "POST", "", good, func(r *http.Request) { r.URL.Path += "-more" }, 404},
	} {
		var edits []func(*http.Request)
		if c.edit != nil {
			edits = append(edits, c.edit)
		}
		want(t, c.what, s.call(c.method, c.path, c.body, edits...), c.status)
	}
	if shop.calls > 0 {
		t.Errorf("%d orders came through", shop.calls)
	}
	for what, fields := range map[string]map[string]any{
		"unknown fields": with("x_future", []int{1}), "another region's case": with("region", "eu"), "odd options": with("options", []int{1}),
		"no owner": with("owner_name", 7),
	} {
		fields["addon_id"] = manifest.NewKey(manifest.Clever)
		want(t, what, s.call("POST", "", fields), 200)
	}
}

// TestPasswords: whoever knows neither learns nothing, whatever the request.
func TestPasswords(t *testing.T) {
	shop, o := newShop(), order(manifest.Clever, "small")
	s := open(t, manifest.Clever, t.TempDir(), shop, func(c *backend.Config) { c.OldPassword = "the-one-before" })
	as := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	for _, edit := range []func(*http.Request){
		as("tinykv", ""), as("tinykv", password[1:]), as("tinykv", password+"x"), as("", password), as("Tinykv", password), as("tinykv", "the-one"),
		func(r *http.Request) { r.Header.Del("Authorization") }, func(r *http.Request) { r.Header.Set("Authorization", "Basic !") },
	} {
		for _, method := range []string{"POST", "PUT", "DELETE", "GET"} {
			r := want(t, method, s.call(method, "", o.Body(s.m), edit), 401)
			if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%v", r.header)
			}
		}
	}
	if shop.calls > 0 {
		t.Errorf("%d orders came through", shop.calls)
	}
	want(t, "the new one", s.call("POST", "", o.Body(s.m), as("tinykv", password)), 200)
	want(t, "the old one", s.call("POST", "", o.Body(s.m), as("tinykv", "the-one-before")), 200)
}

// TestConfig: what a back-end cannot do without is an error when it is made.
func TestConfig(t *testing.T) {
	good := func() backend.Config {
		m := newManifest(manifest.Clever)
		return backend.Config{Manifest: m, Site: manifest.Site{BaseURL: "https://kv.example.test/a", SSOURL: "https://kv.example.test/b"},
			Plans: []string{"small"}, Service: newShop(), Store: file(t, filepath.Join(t.TempDir(), "addons"))}
	}
	for want, spoil := range map[string]func(*backend.Config){
		"":                                 func(*backend.Config) {},
		"needs a manifest":                 func(c *backend.Config) { c.Manifest = nil },
		"no api.password":                  func(c *backend.Config) { c.Manifest.Password = "" },
		"needs plans":                      func(c *backend.Config) { c.Plans = nil },
		"needs a service and a store":      func(c *backend.Config) { c.Store = nil },
		"base_url is no URL":               func(c *backend.Config) { c.Site.BaseURL = "" },
		"sso_url is no URL":                func(c *backend.Config) { c.Site.SSOURL = "/sso" },
		"base_url and sso_url are the sam": func(c *backend.Config) { c.Site.SSOURL = c.Site.BaseURL + "/" },
	} {
		c := good()
		spoil(&c)
		b, err := backend.New(c)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
		if err == nil {
			b.Close()
		}
	}
}

// TestTombstones: the key of a removed add-on is free after a good while.
func TestTombstones(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f := file(t, filepath.Join(dir, "addons"))
		put(t, f, addon("a"), backend.Addon{ID: "idold", State: backend.Removed, Order: manifest.Order{Key: "old"}, Ended: time.Now()})
		for _, want := range []int{2, 1} { // after a month, and after another one and more
			time.Sleep(31 * 24 * time.Hour)
			b, err := backend.New(backend.Config{Manifest: newManifest(manifest.Clever), Site: manifest.Site{BaseURL: "https://kv.example.test"},
				Plans: []string{"small"}, Service: newShop(), Store: f})
			if err != nil {
				t.Fatal(err)
			}
			b.Close()
			if all, _ := f.All(t.Context()); len(all) != want {
				t.Errorf("there are %d, want %d", len(all), want)
			}
		}
	})
}
