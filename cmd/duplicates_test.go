package cmd_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"runner/clever/emulator"
)

// TestTwoMachinesOrderTheSame: each has a home of its own, so no lock keeps them
// apart. Both find nothing, and both order; the one that
// ends later says so, with both ids, and the other one if it sees it by then.
func TestTwoMachinesOrderTheSame(t *testing.T) {
	t.Parallel()
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
	var printed [2]bytes.Buffer
	code := 0
	var runs []*exec.Cmd
	for i, s := range []*shell{one, two} {
		c := s.process(t, "play", s.file(t, "site.yml", orders(1)))
		c.Stderr = &printed[i]
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, c)
	}
	for _, c := range runs {
		_ = c.Wait()
		code = max(code, c.ProcessState.ExitCode())
	}
	list := e.Addons(e.User())
	if len(list) != 2 {
		t.Fatalf("%d add-ons", len(list))
	}
	all := printed[0].String() + printed[1].String()
	if code != 2 || strings.Count(all, "ordered twice") < 1 || !strings.Contains(all, list[0].ID) || !strings.Contains(all, list[1].ID) {
		t.Errorf("exit %d, printed\n%s", code, all)
	}
	if code, out, _ := one.run("play", one.file(t, "site.yml", orders(1))); code != 2 || !strings.Contains(out, `2 add-ons are called "db-0"`) {
		t.Errorf("the next play: exit %d\n%s", code, out)
	}
}
