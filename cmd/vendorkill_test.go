package cmd_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A fairground is an emulator in a process of its own that sells what a stall
// makes; it can be killed, and opened again at the same address.
type fairground struct {
	*shell
	stall   *stall
	listen  string
	process *exec.Cmd
}

// open starts the emulator, with what an earlier one left.
func (f *fairground) open(t *testing.T) {
	t.Helper()
	c := f.shell.process(t, "emulator", "--listen", f.listen, "--state", filepath.Join(f.dir, "state"), "--vendor", filepath.Join(f.dir, "kv.json"))
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	started := false
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		f.env[name], started = value, true
	}
	if !started {
		_ = c.Wait()
		t.Fatal(said.String())
	}
	f.process, f.listen = c, strings.TrimPrefix(f.env["API_HOST"], "http://")
}

// killAt kills the emulator at the first call of a method to the stall, before or
// after the stall's work. The stall is well again afterwards.
func (f *fairground) killAt(method string, done bool) {
	process, killed := f.process.Process, new(atomic.Bool)
	f.stall.mu.Lock()
	defer f.stall.mu.Unlock()
	f.stall.between = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method != method || killed.Swap(true) {
			next.ServeHTTP(w, r)
			return
		}
		if done {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		_ = process.Kill()
		panic(http.ErrAbortHandler)
	}
}

// begin starts a play, and gives what waits for its end: for its exit code, and
// what it said. Two commands of one process do not run side by side.
func (f *fairground) begin(t *testing.T, book string) func() (int, string) {
	t.Helper()
	c := f.shell.process(t, "play", "--allow", "migrate", "--timeout", "2m", book)
	var said strings.Builder
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (int, string) {
		_ = c.Wait() // the exit code says it
		return c.ProcessState.ExitCode(), said.String()
	}
}

// addons returns the plans of the add-ons that the emulator lists.
func (f *fairground) addons(t *testing.T) []string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.env["API_HOST"]+"/v2/self/addons", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer anything")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list []struct{ Plan struct{ Slug string } }
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	plans := []string{}
	for _, a := range list {
		plans = append(plans, a.Plan.Slug)
	}
	return plans
}

// TestKilledBetweenVendorAndAnswer kills the emulator while a vendor is at work on
// an order, a plan change or a removal, and when it has done it: what the playbook
// declares is there afterwards, once, and at the vendor's too.
func TestKilledBetweenVendorAndAnswer(t *testing.T) {
	t.Parallel()
	const kv = "- addon_register: {name: mine, provider: tinykv, details: {plan: %s}}\n"
	small, large := fmt.Sprintf(kv, "small"), fmt.Sprintf(kv, "large")
	for _, c := range []struct {
		method, before, book string
		plans                []string // that are there at last
	}{
		{http.MethodPost, "", small, []string{"small"}},
		{http.MethodPut, small, large, []string{"large"}},
		{http.MethodDelete, small, "- addon_remove: {addon: mine, provider: tinykv}\n", []string{}},
	} {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s done=%t", c.method, done), func(t *testing.T) {
				t.Parallel()
				f := &fairground{shell: newShell(t), listen: "127.0.0.1:0"}
				f.stall, _ = newStall(t, f.shell)
				f.file(t, "kv.json", f.stall.manifest)
				f.open(t)
				if c.before != "" {
					if code, said := f.begin(t, f.file(t, "before.yml", c.before))(); code != 0 {
						t.Fatal(said)
					}
				}
				book := f.file(t, "site.yml", c.book)
				f.killAt(c.method, done)
				first := f.begin(t, book)
				_ = f.process.Wait() // killed
				f.open(t)
				_, before := first() // it may have gone well by itself, or not
				if code, said := f.begin(t, book)(); code != 0 {
					t.Fatalf("after the restart: exit %d\n%s\nbefore, it said\n%s", code, said, before)
				}
				if code, said := f.begin(t, book)(); code != 0 || !strings.Contains(said, "changed=0 ") {
					t.Errorf("once more: exit %d\n%s", code, said)
				}
				existing := func() []string { return slices.AppendSeq([]string{}, maps.Values(f.stall.has())) }
				// A removal is over for its owner before the vendor has heard of it.
				for end := time.Now().Add(20 * time.Second); !slices.Equal(existing(), c.plans) && time.Now().Before(end); {
					time.Sleep(5 * time.Millisecond)
				}
				if diff := cmp.Diff(c.plans, f.addons(t)) + cmp.Diff(c.plans, existing()); diff != "" {
					t.Errorf("there is, and the vendor has, %s", diff)
				}
				_ = f.process.Process.Kill()
				_ = f.process.Wait()
			})
		}
	}
}
