package emulator

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
)

func open(t testing.TB, path string) (*Emulator, *client) {
	t.Helper()
	e, err := New(Options{State: path, LockWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return e, inProcessClient(t, e)
}

func shut(t testing.TB, e *Emulator) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestStateOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "state.json")
	e, c := open(t, path)
	user := e.User()
	a := c.order("/v2/self", order("kept"))
	c.order("/v2/organisations/orga_0b1d2c3e-4f50-4a61-8b72-9c83ad94be05", order("adopted"))
	gone := c.order("/v2/self", order("gone"))
	c.must("PUT", "/v2/self/addons/"+a.ID+"/tags", []string{"mine"}, nil)
	c.must("DELETE", "/v2/self/addons/"+gone.ID, nil, nil)
	vars := env(t, c, "/v2/self/addons/"+a.ID)
	var before clever.Summary
	c.must("GET", "/v2/summary", nil, &before)
	shut(t, e)
	shut(t, e)
	if status, m := c.refused("POST", "/v2/self/addons", order("late")); status != 500 || m.ID != 90050 {
		t.Errorf("after Close: %d %+v", status, m)
	}

	for name, want := range map[string]os.FileMode{path: 0o600, path + ".lock": 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	e, c = open(t, path)
	defer shut(t, e)
	var after clever.Summary
	c.must("GET", "/v2/summary", nil, &after)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(vars, env(t, c, "/v2/self/addons/"+a.ID)); diff != "" {
		t.Error(diff)
	}
	if e.User() != user {
		t.Errorf("user %s became %s", user, e.User())
	}
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".state.json.*")); names != nil {
		t.Errorf("left behind: %v", names)
	}
}

func TestStateInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	e, _ := open(t, path)
	_, err := New(Options{State: path, LockWait: time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("second: %v", err)
	}
	shut(t, e)
	e, _ = open(t, path)
	shut(t, e)
}

func TestStateThatCannotBeRead(t *testing.T) {
	const user = `"user":{"id":"user_1","name":"x","created":1}`
	const addon = `{"id":"addon_1","realId":"kv_1","owner":"user_1","provider":"kv","plan":"plan_310a853e-ec9a-42f2-8ea9-877af376bc25","region":"par"}`
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "damaged"},
		{"half", `{"version":1,` + user + `,"addons":[`, "damaged"},
		{"other JSON", `[]`, "damaged"},
		{"no version", `{}`, "no version"},
		{"newer", `{"version":4}`, "version 4"},
		{"cut in its first line", `{"version":2,"head":{` + user + `}}`, "line 1"},
		{"no user", `{"version":1}`, "no user"},
		{"null addon", `{"version":1,` + user + `,"addons":[null]}`, "no id"},
		{"twice", `{"version":1,` + user + `,"addons":[` + addon + `,` + addon + `]}`, "of another"},
		{"token", `{"version":1,` + user + `,"tokens":[{"token":"t"}],"addons":[]}`, "no secret"},
		{"owner", `{"version":1,` + user + `,"addons":[` + strings.Replace(addon, "user_1", "user_2", 1) + `]}`, "owner"},
		{"plan", `{"version":1,` + user + `,"addons":[` + strings.Replace(addon, "310a", "310b", 1) + `]}`, "catalogue"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.json")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the lock is let go
				_, err := New(Options{State: path, LockWait: time.Millisecond})
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("got %v", err)
				}
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != tt.text {
				t.Errorf("the file became %q, %v", after, err)
			}
		})
	}
}

// A folder in the place of the file lets nothing be renamed onto it.
func TestStateThatCannotBeSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	e, c := open(t, path)
	defer shut(t, e)
	kept := c.order("/v2/self", order("kept"))
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block(t, path)
	if status, m := c.refused("POST", "/v2/self/addons", order("lost")); status != 500 || m.ID != 90050 || !strings.Contains(m.Message, "nothing was changed") {
		t.Errorf("order: %d %+v", status, m)
	}
	if status, _ := c.refused("DELETE", "/v2/self/addons/"+kept.ID, nil); status != 500 {
		t.Errorf("removal: %d", status)
	}
	if list := e.Addons(e.User()); len(list) != 1 || list[0].ID != kept.ID {
		t.Errorf("the world became %v", list)
	}
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".state.json.*")); names != nil {
		t.Errorf("left behind: %v", names)
	}
	unblock(t, path, file)
	c.must("DELETE", "/v2/self/addons/"+kept.ID, nil, nil)
}

func block(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "x"), 0o700)); err != nil {
		t.Fatal(err)
	}
}

func unblock(t *testing.T, path string, file []byte) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(path), os.WriteFile(path, file, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// Whatever happens at once, the file holds what was answered.
func TestConcurrentChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	e, c := open(t, path)
	org := "/v2/organisations/" + e.Organisations()[0]
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for n := range 5 {
				a := c.order(org, order(fmt.Sprintf("a-%d-%d", i, n)))
				c.must("PUT", org+"/addons/"+a.ID, map[string]string{"name": a.Name + "-renamed"}, nil)
				c.must("GET", org+"/addons", nil, nil)
				if n == 0 {
					c.must("DELETE", org+"/addons/"+a.ID, nil, nil)
				}
			}
		})
	}
	all.Wait()
	list := e.Addons(e.Organisations()[0])
	if len(list) != 16*4 {
		t.Errorf("%d add-ons", len(list))
	}
	shut(t, e)
	e, _ = open(t, path)
	defer shut(t, e)
	if diff := cmp.Diff(list, e.Addons(e.Organisations()[0])); diff != "" {
		t.Error(diff)
	}
	for _, a := range list {
		if !strings.HasSuffix(a.Name, "-renamed") {
			t.Errorf("%s was not renamed", a.Name)
		}
	}
}

func BenchmarkOrders(b *testing.B) {
	for _, kept := range []bool{false, true} {
		for _, n := range []int{100, 1000} {
			b.Run(fmt.Sprintf("kept=%v/n=%d", kept, n), func(b *testing.B) {
				for b.Loop() {
					o := Options{}
					if kept {
						o.State = filepath.Join(b.TempDir(), "state.json")
					}
					_, c := newEmulator(b, o)
					for i := range n {
						c.order("/v2/self", order(fmt.Sprint(i)))
					}
				}
			})
		}
	}
}
