package emulator

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"runner/marketplace/manifest"
)

// TestResetWhileVendorsWork: the page's reset takes back what is made, what is being
// made or changed, and what the vendor took its time for, and floods nobody.
func TestResetWhileVendorsWork(t *testing.T) {
	s := newShop(t, manifest.Clever, nil)
	f := newFair(t, Options{}, s)
	for i := range 100 {
		f.kv(fmt.Sprint("made", i), "small")
	}
	_, slow := f.kv("slow", "small")
	s.set("", once("PUT", 1, accept(f.e.store.World().VendorAddon(slow.ID).Vendor.ID)))
	if got, _ := f.change(slow.ID, "large"); got != "RUNNING" {
		t.Errorf("the slow change is %s", got)
	}
	_, changed := f.kv("changed", "small")

	wanted, well := make(chan struct{}, 2), make(chan struct{})
	var now, most atomic.Int32
	s.set("", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method != "DELETE" { // under way, until the reset is over
			wanted <- struct{}{}
			<-well
		}
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			continue
		}
		next.ServeHTTP(w, r)
	})
	done := make(chan struct{}, 2)
	go func() {
		f.kv("ordered", "small")
		done <- struct{}{}
	}()
	go func() {
		f.ask("POST", "/v2/organisations/"+f.e.User()+"/addons/"+changed.ID+"/migrations", map[string]string{"planId": f.offered["large"], "region": "par"}, nil)
		done <- struct{}{}
	}()
	<-wanted
	<-wanted
	if err := f.e.Reset(); err != nil || len(f.e.Addons(f.e.User())) != 0 {
		t.Errorf("the reset: %v", err)
	}
	close(well)
	<-done
	<-done
	soon(t, "the vendor still has some", func() bool { return len(s.plans()) == 0 && len(f.e.store.World().Leaving) == 0 })
	if most.Load() > 64 {
		t.Errorf("%d calls at once", most.Load())
	}
}
