package emulator

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator/store"
	"runner/marketplace/backend"
	"runner/marketplace/manifest"
)

// between is what happens to the first requests of a method on their way.
type between func(w http.ResponseWriter, r *http.Request, next http.Handler)

// once lets something happen to the first so many requests of a method.
func once(method string, many int32, do between) between {
	var seen atomic.Int32
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == method && seen.Add(1) <= many {
			do(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// lose does the work and loses the answer.
func lose(_ http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// ignore loses the request.
func ignore(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }

func busy(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.WriteHeader(http.StatusBadGateway)
}

func garble(w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	w.WriteHeader(http.StatusNoContent)
}

// TestLostAnswers: a call whose answer does not come is made again, and comes to
// one add-on at the vendor's, or none.
func TestLostAnswers(t *testing.T) {
	for name, do := range map[string]between{"done": lose, "not done": ignore, "busy": busy} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			t.Run(method+" "+name, func(t *testing.T) {
				t.Parallel()
				d := manifest.Dialects()[len(method+name)%4] // each gets its turn
				s := newShop(t, d, nil)
				f := newFair(t, Options{}, s)
				s.set("", once(method, 1, do))
				status, a := f.kv("db", "small")
				if status != 200 || len(f.env(a.ID)) != 2 {
					t.Fatalf("%d %v", status, f.env(a.ID))
				}
				if got, said := f.change(a.ID, "large"); got != "OK" {
					t.Errorf("the plan: %s %s", got, said)
				}
				if diff := cmp.Diff([]string{"large"}, s.plans()); diff != "" {
					t.Error(diff)
				}
				f.must("DELETE", "/v2/self/addons/"+a.ID, nil, nil)
				soon(t, "the vendor still has it", func() bool { return len(s.plans()) == 0 && len(f.e.store.World().Leaving) == 0 })
			})
		}
	}
}

// TestHopelessOrders end with no add-on, here or there, and without a secret in
// what anybody hears.
func TestHopelessOrders(t *testing.T) {
	for name, c := range map[string]struct {
		do     between
		status int
		says   string // to whoever runs the emulator
	}{
		"wrong secrets": {func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.SetBasicAuth("tinykv", "another password")
			next.ServeHTTP(w, r)
		}, 424, "refused the credentials"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		}, 424, "redirects are not followed"},
		"no answer that can be used": {once("POST", 2, garble), 424, "cannot be understood"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said collected
			s := newShop(t, manifest.Clever, nil)
			f := newFair(t, Options{Warn: said.add}, s)
			s.set("", c.do)
			status, m := f.refused("POST", "/v2/self/addons", clever.CreateRequest{Name: "db", ProviderID: "tinykv", Plan: f.offered["small"], Region: "par"})
			if status != c.status || m.ID != 90061 || strings.Contains(m.Message, "password") {
				t.Errorf("%d %+v", status, m)
			}
			if !strings.Contains(said.text(), c.says) {
				t.Errorf("whoever runs it hears %q, want %q", said.text(), c.says)
			}
			soon(t, "something is left", func() bool {
				return len(s.plans()) == 0 && len(f.e.store.World().Leaving) == 0 && len(f.e.Addons(f.e.User())) == 0
			})
			secret := f.e.store.World().Registrations[0].Parsed
			for _, word := range secret.Secrets() {
				if strings.Contains(said.text()+m.Message, word) {
					t.Error("it hears a secret")
				}
			}
		})
	}
}

// TestRemovedWhileOrdered: the vendor is not well, and whoever ordered thinks
// better of it.
func TestRemovedWhileOrdered(t *testing.T) {
	for _, d := range manifest.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s := newShop(t, d, nil)
			f := newFair(t, Options{}, s)
			var well atomic.Bool
			made := make(chan struct{}, 100)
			s.set("", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if well.Load() {
					next.ServeHTTP(w, r)
					return
				}
				made <- struct{}{}
				lose(w, r, next)
			})
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				f.kv("db", "small") // it is answered when it is gone, or later
			}()
			<-made
			<-made // the second try is over at once; from now on there are seconds between them
			var list []clever.Addon
			f.must("GET", "/v2/self/addons", nil, &list)
			if len(list) != 1 || len(f.env(list[0].ID)) != 0 || len(list[0].ConfigKeys) != 2 {
				t.Fatalf("while it is ordered: %+v", list)
			}
			well.Store(true)
			f.must("DELETE", "/v2/self/addons/"+list[0].ID, nil, nil)
			soon(t, "the vendor still has it", func() bool { return len(s.plans()) == 0 && len(f.e.store.World().Leaving) == 0 })
			<-answered
		})
	}
}

// TestTakenUp: what was under way when the emulator ended goes on at the next
// start, with the same key.
func TestTakenUp(t *testing.T) {
	for _, d := range manifest.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s := newShop(t, d, nil)
			state := filepath.Join(t.TempDir(), "state")
			// begun does something that the vendor never answers, and ends the emulator.
			begun := func(method string, do func(f *fair)) {
				made := make(chan struct{}, 100)
				s.set("", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					if r.Method != method {
						next.ServeHTTP(w, r)
						return
					}
					made <- struct{}{}
					lose(w, r, next)
				})
				f := newFair(t, Options{State: state}, s)
				done := make(chan struct{})
				go func() {
					defer close(done)
					do(f)
				}()
				<-made
				shut(t, f.e)
				<-done
				s.set("", nil)
			}
			begun("POST", func(f *fair) { f.kv("db", "small") })
			// A repeat says what was said before, whatever the manifest says by then.
			s.manifest = bytes.Replace(s.manifest, []byte(`"eu"`), []byte(`"eu", "par"`), 1)
			f := newFair(t, Options{State: state}, s)
			var id string
			soon(t, "the order was not taken up", func() bool {
				list := f.e.Addons(f.e.User())
				if len(list) != 1 {
					return false
				}
				id = list[0].ID
				return len(f.env(id)) == 2
			})
			shut(t, f.e)
			begun("PUT", func(f *fair) { f.change(id, "large") })
			if diff := cmp.Diff([]string{"large"}, s.plans()); diff != "" {
				t.Error(diff)
			}
			f = newFair(t, Options{State: state}, s)
			soon(t, "the plan was not taken up", func() bool { return f.e.Addons(f.e.User())[0].Plan.Slug == "large" })
			shut(t, f.e)
			begun("DELETE", func(f *fair) { f.must("DELETE", "/v2/self/addons/"+id, nil, nil) })
			f = newFair(t, Options{State: state}, s)
			soon(t, "the removal was not taken up", func() bool { return len(s.plans()) == 0 && len(f.e.store.World().Leaving) == 0 })
		})
	}
}

// TestSlowVendors answer with 202, and call back.
func TestSlowVendors(t *testing.T) {
	for _, d := range manifest.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s := newShop(t, d, func(c *backend.Config) { c.Slow = true })
			f := newFair(t, Options{}, s)
			status, a := f.kv("db", "small")
			if status != 200 || len(a.ConfigKeys) != 2 {
				t.Fatalf("%d %+v", status, a)
			}
			soon(t, "no variables came", func() bool { return len(f.env(a.ID)) == 2 })
			if vendorRecord := f.e.store.World().VendorAddon(a.ID).Vendor; vendorRecord.State != store.Active || vendorRecord.Waiting {
				t.Errorf("it is %+v", vendorRecord)
			}
		})
	}
}

// accept takes a request on and does nothing about it.
func accept(id string) between {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write([]byte(`{"id":"` + id + `"}`))
	}
}

// TestTooSlow: what takes more than half a day has failed.
func TestTooSlow(t *testing.T) {
	s := newShop(t, manifest.Clever, nil)
	f := newFair(t, Options{}, s)
	_, a := f.kv("db", "small")
	s.set("", once("PUT", 1, accept("slow-0")))
	if got, _ := f.change(a.ID, "large"); got != "RUNNING" {
		t.Errorf("the plan: %s", got)
	}
	s.set("", once("POST", 1, accept("slow-1")))
	status, late := f.kv("late", "small")
	if status != 200 {
		t.Fatal(status)
	}
	if status, m := f.refused("GET", "/v2/self/addons/"+late.ID+"/sso", nil); status != 409 || m.ID != 90062 {
		t.Errorf("a dashboard of what is not there: %d %+v", status, m)
	}
	f.now.move(12*time.Hour - time.Minute)
	if n := len(f.e.Addons(f.e.User())); n != 2 || f.env(late.ID)["TINYKV_URL"] != "" {
		t.Errorf("%d add-ons before the time is over", n)
	}
	f.now.move(2 * time.Minute)
	var list []clever.Addon
	f.must("GET", "/v2/self/addons", nil, &list)
	if len(list) != 1 || list[0].Plan.Slug != "small" {
		t.Errorf("afterwards there is %+v", list)
	}
	var all []clever.Migration
	f.must("GET", "/v2/organisations/"+f.e.User()+"/addons/"+a.ID+"/migrations", nil, &all)
	if len(all) != 1 || all[0].Status != "FAILED" {
		t.Errorf("its migrations: %+v", all)
	}
	soon(t, "the vendor was not called", func() bool { return len(f.e.store.World().Leaving) == 0 })
}

// TestReportedOnce: who hears of every call is not warned of the same again.
func TestReportedOnce(t *testing.T) {
	var called, warned collected
	s := newShop(t, manifest.Clever, nil)
	f := newFair(t, Options{Warn: warned.add, Called: func(a manifest.Attempt) { called.add(a.Err.Error()) }}, s)
	s.set("", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusUnauthorized) })
	if status, m := f.refused("POST", "/v2/self/addons", clever.CreateRequest{Name: "db", ProviderID: "tinykv", Plan: f.offered["small"], Region: "par"}); status != 424 {
		t.Errorf("the order: %d %+v", status, m)
	}
	if !strings.Contains(called.text(), "refused the credentials") || warned.text() != "" {
		t.Errorf("it heard %q and warned %q", called.text(), warned.text())
	}
}

// TestSellerLeavesTooEarly: a provider stays as long as its back-end is to be asked.
func TestSellerLeavesTooEarly(t *testing.T) {
	s := newShop(t, manifest.Clever, nil)
	f := newFair(t, Options{}, s)
	_, a := f.kv("db", "small")
	leave := func() error {
		return f.e.store.Change(func(d *store.Draft) error { return d.RemoveRegistration("tinykv") })
	}
	if err := leave(); err == nil || !strings.Contains(err.Error(), "remove them first") {
		t.Errorf("with an add-on: %v", err)
	}
	wanted, well, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s.set("", once("DELETE", 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		close(wanted)
		<-well
		next.ServeHTTP(w, r)
	}))
	go func() {
		defer close(done)
		f.must("DELETE", "/v2/self/addons/"+a.ID, nil, nil)
	}()
	<-wanted
	if err := leave(); err == nil || !strings.Contains(err.Error(), "not removed all of its add-ons yet") {
		t.Errorf("while it is removed: %v", err)
	}
	close(well)
	<-done
	if err := leave(); err != nil || len(s.plans()) > 0 {
		t.Errorf("afterwards: %v, and the vendor has %v", err, s.plans())
	}
}
