package backend_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/marketplace/backend"
	"runner/marketplace/manifest"
)

// A market is the marketplace of a slow vendor.
type market struct {
	*manifest.Market
	url   string
	heard chan string // keys, as the vendor changes them
}

// marketOf returns one that answers 503 as often as ails says.
func marketOf(t *testing.T, d manifest.Dialect, ails int) *market {
	t.Helper()
	k := &market{Market: manifest.NewMarket(newManifest(d)), heard: make(chan string, 16)}
	var mu sync.Mutex
	k.Watch(func(key string) { k.heard <- key }, func(string) bool {
		mu.Lock()
		defer mu.Unlock()
		ails--
		return ails >= 0
	})
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	k.url = server.URL
	return k
}

// order returns an order that this marketplace is to know.
func (k *market) order(d manifest.Dialect) manifest.Order {
	o := order(d, "small")
	o.Callback = k.url + "/vendor/apps/" + o.Key
	if d == manifest.HerokuV3 {
		o.Callback = k.url + "/addons/" + o.Key
	}
	return o
}

// state waits until the vendor said something of an order that makes it so.
func (k *market) state(t *testing.T, o manifest.Order, want string) manifest.App {
	t.Helper()
	for {
		if a, _ := k.Get(o.Key); a.State == want {
			return a
		}
		select {
		case <-k.heard:
		case <-t.Context().Done():
			t.Fatal("the vendor says nothing")
		}
	}
}

func slowly(c *backend.Config) { c.Slow = true }

// TestSlow: an order that was answered with 202 is made and reported once, though the
// marketplace is not well and the vendor is started again meanwhile.
func TestSlow(t *testing.T) {
	for _, d := range manifest.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			k, shop, dir := marketOf(t, d, 3), newShop(), t.TempDir()
			o := k.order(d)
			tried := make(chan struct{}, 64)
			shop.fail = func(name string) error {
				tried <- struct{}{}
				return errors.New("the machine is off")
			}
			s := open(t, d, dir, shop, slowly)
			first := s.buy(o)
			if first.status != http.StatusAccepted || first.ID == "" || first.Config != nil {
				t.Fatalf("%d %s", first.status, first.body)
			}
			<-tried // once at least
			s.close()
			shop.fail = nil

			k.Put(manifest.App{Order: o, ID: first.ID, State: "provisioning"})
			s = open(t, d, dir, shop, slowly)
			a := k.state(t, o, "provisioned")
			if a.Config["TINYKV_URL"] == "" || len(shop.existing) != 1 {
				t.Errorf("%v, %v", a.Config, shop.existing)
			}
			s.backend.Close() // until it has noted that the marketplace knows
			again := s.buy(o)
			if again.ID != first.ID || again.Config != nil && again.Config["TINYKV_URL"] != a.Config["TINYKV_URL"] {
				t.Errorf("the order came again: %s", again.body)
			}
			want(t, "a removal", s.remove(o, first.ID), 200)
		})
	}
}

// TestGrant: whoever tells the marketplace that a slow order is ready can buy a
// token for it, which is forgotten then.
func TestGrant(t *testing.T) {
	const code = "a-code-for-tests"
	k := marketOf(t, manifest.HerokuV3, 0)
	o := k.order(manifest.HerokuV3)
	o.Grant = code
	k.Put(manifest.App{Order: o, ID: "any", State: "provisioning"})
	kept := make(chan backend.Addon, 8)
	s := open(t, manifest.HerokuV3, t.TempDir(), newShop(), func(c *backend.Config) {
		c.Slow, c.Store = true, noting{c.Store, kept}
		c.Client.Authorize = func(r *http.Request, o manifest.Order) error {
			if o.Grant != code {
				return errors.New("nothing to buy a token with")
			}
			r.SetBasicAuth(c.Manifest.ID, c.Manifest.Password)
			return nil
		}
	})
	s.buy(o)
	k.state(t, o, "provisioned")
	for a := range kept { // until it has noted that the marketplace knows
		if !a.Slow {
			if a.Order.Grant != "" || strings.Contains(s.log.String(), code) {
				t.Errorf("%q is kept; log: %s", a.Order.Grant, s.log)
			}
			return
		}
	}
}

// A noting store tells what it keeps.
type noting struct {
	backend.Store
	kept chan backend.Addon
}

func (n noting) Put(ctx context.Context, a backend.Addon) error {
	err := n.Store.Put(ctx, a)
	n.kept <- a
	return err
}

// TestWhereNobodyIsCalled: an address to which the password would go in the clear,
// or which is none, is reported at once, without what may be secret in it.
func TestWhereNobodyIsCalled(t *testing.T) {
	c := backend.NewClient(newManifest(manifest.Clever), true)
	for _, address := range []string{"http://market.example.test/x?token=hidden", "https:", "/vendor/apps/x", "", "ftp://127.0.0.1/", "http://a b/"} {
		_, err := c.Config(t.Context(), manifest.Order{Callback: address})
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestSlowRefusal: an order that comes to nothing later is given up, though what
// it left cannot be removed the first time.
func TestSlowRefusal(t *testing.T) {
	k, shop := marketOf(t, manifest.HerokuV3, 0), newShop()
	o := k.order(manifest.HerokuV3)
	k.Put(manifest.App{Order: o, ID: "any", State: "provisioning"})
	failed := false
	shop.fail = func(name string) error {
		if name == "order" {
			return &backend.Refusal{Message: "the cellar is full"}
		}
		if failed {
			return nil
		}
		failed = true
		return errors.New("the door is stuck")
	}
	s := open(t, manifest.HerokuV3, t.TempDir(), shop, slowly)
	if r := s.buy(o); r.status != http.StatusAccepted {
		t.Fatalf("%d %s", r.status, r.body)
	}
	k.state(t, o, "deprovisioned")
	s.backend.Close()
	want(t, "the order again", s.buy(o), 410)
	if len(shop.existing) > 0 {
		t.Errorf("left: %v", shop.existing)
	}
}

// A sleeper is a shop that makes things only when it is woken.
type sleeper struct {
	*shop
	asleep chan struct{}
}

func (s *sleeper) Order(ctx context.Context, a backend.Addon) (backend.Result, error) {
	got, _ := s.shop.Order(ctx, a)
	s.asleep <- struct{}{}
	<-ctx.Done()
	return got, ctx.Err()
}

// TestSlowRemoval: who removes a slow add-on does not wait for it.
func TestSlowRemoval(t *testing.T) {
	k, shop := marketOf(t, manifest.HerokuV1, 0), newShop()
	o, asleep := k.order(manifest.HerokuV1), make(chan struct{}, 1)
	s := open(t, manifest.HerokuV1, t.TempDir(), shop, func(c *backend.Config) { c.Slow, c.Service = true, &sleeper{shop, asleep} })
	r := s.buy(o)
	<-asleep
	want(t, "a removal", s.remove(o, r.ID), 200)
	if len(shop.existing) > 0 {
		t.Errorf("left: %v", shop.existing)
	}
}

// TestBusy: a call about an add-on that is being made is refused for now before
// the marketplace gives up.
func TestBusy(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		m, asleep := newManifest(manifest.HerokuV3), make(chan struct{}, 1)
		m.Test = manifest.Site{BaseURL: "https://kv.example.test/r"}
		b, err := backend.New(backend.Config{Manifest: m, Site: m.Test, Plans: []string{"small", "large"}, Slow: true,
			Service: &sleeper{newShop(), asleep}, Store: file(t, filepath.Join(dir, "addons"))})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		o := order(manifest.HerokuV3, "small")
		call := func(method, id string, body any) int {
			r, err := (&manifest.Backend{Manifest: m, Site: m.Test}).Request(t.Context(), method, id, body)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			b.ServeHTTP(w, r)
			return w.Code
		}
		if got := call("POST", "", o.Body(m)); got != http.StatusAccepted {
			t.Fatalf("an order: %d", got)
		}
		<-asleep
		began := time.Now()
		if got := call("POST", "", o.Body(m)); got != http.StatusAccepted || time.Since(began) > time.Second {
			t.Errorf("the order again: %d after %s", got, time.Since(began))
		}
		if got := call("PUT", o.Key, o.PlanBody(m.Dialect, "large")); got != http.StatusServiceUnavailable || time.Since(began) > 25*time.Second {
			t.Errorf("a change: %d after %s", got, time.Since(began))
		}
		if got := call("DELETE", o.Key, nil); got != http.StatusOK {
			t.Errorf("a removal: %d", got)
		}
	})
}

// TestClient: what the marketplace has of the vendor's can be looked through.
func TestClient(t *testing.T) {
	for _, d := range manifest.Dialects() {
		k := marketOf(t, d, 2)
		c := backend.NewClient(newManifest(d), true)
		c.Pause = 1
		var want []backend.App
		for _, key := range []string{"a", "b"} {
			o := order(d, "small")
			o.Key, o.OwnerID = key, "orga_"+key
			o.Callback = k.url + "/vendor/apps/" + key
			if d == manifest.HerokuV3 {
				o.Callback = k.url + "/addons/" + key
			}
			k.Put(manifest.App{Order: o, ID: "id" + key, Config: map[string]string{"TINYKV_URL": "kv://" + key}})
			a := backend.App{Key: key, Plan: "small", Callback: o.Callback}
			if d == manifest.Clever {
				a.Owner = o.OwnerID
			}
			want = append(want, a)
			if err := c.SetConfig(t.Context(), o, map[string]string{"TINYKV_URL": "kv://new-" + key}); err != nil {
				t.Error(err)
			}
			if config, err := c.Config(t.Context(), o); err != nil || config["TINYKV_URL"] != "kv://new-"+key {
				t.Errorf("%v, %v", config, err)
			}
			if err := c.SetConfig(t.Context(), o, map[string]string{"UNKNOWN": "x"}); err == nil {
				t.Error("an undeclared variable was taken")
			}
		}
		got, err := c.List(t.Context(), k.url)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v, %s", d, err, diff)
		}
	}
}
