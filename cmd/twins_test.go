package cmd_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"runner/clever/emulator"
)

// TestTwoMachinesOrderTheSame: each has a home of its own, so no lock keeps them
// apart. Both find nothing, and both order; one of them says so, with both ids.
func TestTwoMachinesOrderTheSame(t *testing.T) {
	one, two := newShell(t), newShell(t)
	e := one.on(t, emulator.Options{})
	both := make(chan struct{})
	var arrived sync.WaitGroup
	arrived.Add(2)
	go func() { arrived.Wait(); close(both) }()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			arrived.Done()
			<-both // neither order is taken before the other machine has looked
		}
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	for name, value := range one.env {
		if name != "HOME" {
			two.env[name] = value
		}
	}
	one.env["API_HOST"], two.env["API_HOST"] = proxy.URL, proxy.URL
	type ending struct {
		code   int
		stderr string
	}
	endings := make(chan ending, 2)
	for _, s := range []*shell{one, two} {
		book := s.file(t, "site.yml", orders(1))
		go func() {
			code, _, stderr := s.run("play", book)
			endings <- ending{code, stderr}
		}()
	}
	first, second := <-endings, <-endings
	list := e.Addons(e.User())
	if len(list) != 2 {
		t.Fatalf("%d add-ons", len(list))
	}
	told := first.stderr + second.stderr
	if first.code+second.code < 2 || !strings.Contains(told, "ordered twice") ||
		!strings.Contains(told, list[0].ID) || !strings.Contains(told, list[1].ID) {
		t.Errorf("exit %d and %d, told\n%s", first.code, second.code, told)
	}
	if code, out, _ := one.run("play", one.file(t, "site.yml", orders(1))); code != 2 || !strings.Contains(out, `2 add-ons are called "db-0"`) {
		t.Errorf("the next play: exit %d\n%s", code, out)
	}
}
