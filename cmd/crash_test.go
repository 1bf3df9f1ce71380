package cmd_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"runner/clever/emulator"
)

// TestKilledAtEveryRequest kills a play before and after each of its requests, and
// plays again: what is declared is there, once.
func TestKilledAtEveryRequest(t *testing.T) {
	t.Parallel()
	n := requestsOf(t, "-j1")
	for _, jobs := range []string{"-j1", "-j10"} {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("done=%v%s", done, jobs), func(t *testing.T) {
				t.Parallel()
				for at := 1; at <= n; at += pace {
					killed(t, at, done, jobs)
				}
			})
		}
	}
}

// A killer passes requests on until one, at which it kills the process that asks.
type killer struct {
	next    http.Handler
	process *exec.Cmd
	started chan struct{}
	at      int64
	done    bool // after the work of that request, else before it
	seen    atomic.Int64
	struck  chan string // the method of that request
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if k.seen.Add(1) != k.at {
		k.next.ServeHTTP(w, r)
		return
	}
	<-k.started
	k.struck <- r.Method
	if k.done {
		k.next.ServeHTTP(httptest.NewRecorder(), r)
	}
	_ = k.process.Process.Kill()
	panic(http.ErrAbortHandler)
}

func killed(t *testing.T, at int, done bool, jobs string) {
	tr := newTrial(t)
	k := &killer{next: tr.e, started: make(chan struct{}), at: int64(at), done: done, struck: make(chan string, 1)}
	server := httptest.NewServer(k)
	defer server.Close()
	tr.env["API_HOST"] = server.URL
	k.process = tr.process(t, "play", "--allow", "migrate", jobs, tr.book)
	var printed strings.Builder
	k.process.Stdout, k.process.Stderr = &printed, &printed
	if err := k.process.Start(); err != nil {
		t.Fatal(err)
	}
	close(k.started)
	err := k.process.Wait()
	what := fmt.Sprintf("killed at request %d (%v)\n%s", at, err, &printed)
	under := tr.underWay(t)
	select {
	case method := <-k.struck:
		if !isRead(method) && len(under) == 0 {
			t.Errorf("the history does not say what was under way in what was %s", what)
		}
	default: // with fewer requests than usual it was over before
		if err != nil {
			t.Errorf("not %s", what)
		}
	}
	// The next play looks for what may still be at work: here, for less than a second.
	if code, out, stderr := tr.play(t.Context(), "--settle", "100ms", jobs, tr.book); code != 0 {
		t.Errorf("%s\nthe next play: exit %d\n%s%s", what, code, out, stderr)
	}
	if err := tr.declared(); err != nil {
		t.Errorf("%s\nthe next play left %v", what, err)
	}
}

// underWay returns what the history says was under way in the last run.
func (s *shell) underWay(t *testing.T) []string {
	t.Helper()
	code, out, stderr := s.run("history", "--last", "1", "--format", "json")
	var runs []struct {
		State   string
		Changes []struct{ Action, Object, Outcome string }
	}
	if err := json.Unmarshal([]byte(out), &runs); err != nil || code != 0 || len(runs) != 1 {
		t.Fatalf("history: exit %d, %v\n%s%s", code, err, out, stderr)
	}
	var list []string
	for _, c := range runs[0].Changes {
		if c.Outcome == "under way" {
			list = append(list, c.Action+" "+c.Object)
		}
	}
	if len(list) > 0 && runs[0].State != "cut off" {
		t.Errorf("something is under way in a run that is %s", runs[0].State)
	}
	return list
}

// TestKilledWhileItMigrates: the next play waits for the migration that runs, and
// asks for no other.
func TestKilledWhileItMigrates(t *testing.T) {
	t.Parallel()
	var hours atomic.Int64 // on the emulator's clock
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	tr := newTrialOn(t, emulator.Options{
		Now:    func() time.Time { return now.Add(time.Duration(hours.Load()) * time.Hour) },
		Faults: []emulator.Fault{{Method: "POST", Path: "/migrations$", Kind: emulator.MigrationLate, Wait: time.Hour}},
	})
	requested := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tr.e.ServeHTTP(w, r)
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/migrations") {
			requested <- struct{}{}
		}
	}))
	defer server.Close()
	tr.env["API_HOST"] = server.URL
	c := tr.process(t, "play", "--allow", "migrate", tr.book)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	<-requested
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	again := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tr.e.ServeHTTP(w, r)
		if strings.Contains(r.URL.Path, "/migrations/") { // it was seen to run: now it ends
			hours.Add(1)
		}
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/migrations") {
			t.Error("another migration was asked for")
		}
	}))
	defer again.Close()
	tr.env["API_HOST"] = again.URL
	if code, out, stderr := tr.run("play", "--allow", "migrate", tr.book); code != 0 {
		t.Errorf("the next play: exit %d\n%s%s", code, out, stderr)
	}
	if err := tr.declared(); err != nil {
		t.Error(err)
	}
}

// TestHistoryOfAKilledRun: it names what was under way, and the lock of the run
// that is gone keeps nobody away.
func TestHistoryOfAKilledRun(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	if err := tr.e.Fail(emulator.Fault{Method: "POST", Path: "/addons$", Kind: emulator.HangAfter}); err != nil {
		t.Fatal(err)
	}
	arrived := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			arrived <- struct{}{}
		}
		tr.e.ServeHTTP(w, r)
	}))
	defer server.Close()
	defer server.CloseClientConnections()
	tr.env["API_HOST"] = server.URL
	c := tr.process(t, "play", tr.file(t, "order.yml", orders(1)))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	<-arrived
	if _, out, _ := tr.run("history"); !strings.Contains(out, fmt.Sprintf("is running (pid %d)", c.Process.Pid)) {
		t.Errorf("the history does not know that it is running:\n%s", out)
	}
	code, _, stderr := tr.play(t.Context(), tr.book)
	if want := fmt.Sprintf("another run holds the lock: pid %d since ", c.Process.Pid); code != 6 || !strings.Contains(stderr, want) || !strings.Contains(stderr, "order.yml") {
		t.Errorf("exit %d, want %q\n%s", code, want, stderr)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if under := tr.underWay(t); !slices.Equal(under, []string{`create add-on "db-0"`}) {
		t.Errorf("under way were %q", under)
	}
	tr.e.Recover()
	if code, out, stderr := tr.play(t.Context(), tr.file(t, "order.yml", orders(1))); code != 0 || tr.twice() != "" {
		t.Errorf("the next play: exit %d\n%s%s", code, out, stderr)
	}
}
