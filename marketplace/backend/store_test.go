package backend_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/marketplace/backend"
	"runner/marketplace/manifest"
)

func addon(key string) backend.Addon {
	return backend.Addon{ID: "id" + key, State: backend.Ready, Plan: "small", Order: manifest.Order{Key: key, Plan: "small", Options: map[string]string{"a": "1"}},
		Result: backend.Result{Config: map[string]string{"TINYKV_URL": "kv://" + key}}}
}

// file opens a store that is closed at the end.
func file(t *testing.T, path string) *backend.File {
	t.Helper()
	f, err := backend.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // twice where the test did
	return f
}

// kept returns everything that a file holds, and closes it.
func kept(t *testing.T, path string) []backend.Addon {
	t.Helper()
	f := file(t, path)
	all, err := f.All(t.Context())
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return all
}

func put(t *testing.T, f *backend.File, all ...backend.Addon) {
	t.Helper()
	for _, a := range all {
		if err := f.Put(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFileKeeps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addons")
	f := file(t, path)
	changed := addon("b")
	changed.Plan = "large"
	put(t, f, addon("b"), addon("a"), changed, addon("c"))
	if err := f.Delete(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	for _, again := range []bool{false, true} {
		if again {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			f = file(t, path)
		}
		all, _ := f.All(t.Context())
		if diff := cmp.Diff([]backend.Addon{addon("a"), changed}, all); diff != "" {
			t.Errorf("opened again %t: %s", again, diff)
		}
		found, ok, _ := f.Find(t.Context(), "idb")
		if diff := cmp.Diff(changed, found); !ok || diff != "" {
			t.Errorf("by the vendor's id: %t, %s", ok, diff)
		}
		for _, id := range []string{"idc", "", "a"} {
			if a, ok, _ := f.Find(t.Context(), id); ok {
				t.Errorf("%q is %s", id, a.ID)
			}
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := backend.OpenFile(path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("a second process: %v", err)
	}
}

// TestFileIsItsOwn: what the caller changes later does not change what is kept.
func TestFileIsItsOwn(t *testing.T) {
	f := file(t, filepath.Join(t.TempDir(), "addons"))
	a := addon("a")
	put(t, f, a)
	a.Result.Config["TINYKV_URL"], a.Order.Options["a"] = "other", "other"
	if got, _, _ := f.Get(t.Context(), "a"); cmp.Diff(addon("a"), got) != "" {
		t.Errorf("it is %v", got)
	}
}

// TestFileCutOff: wherever a crash cuts the file, what was answered for before is
// there, and the next change is kept behind it.
func TestFileCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addons")
	f := file(t, path)
	var ends []int
	for _, key := range []string{"a", "b", "c"} {
		put(t, f, addon(key))
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(info.Size()))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range append([]int{0, 1, ends[0] - 1, ends[0], ends[0] + 1}, cuts(ends[1], len(text))...) {
		if err := os.WriteFile(path, text[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		want := []backend.Addon{}
		for i, key := range []string{"a", "b", "c"} {
			if ends[i] <= size {
				want = append(want, addon(key))
			}
		}
		f := file(t, path)
		put(t, f, addon("d"))
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(append(want, addon("d")), kept(t, path)); diff != "" {
			t.Fatalf("cut after %d bytes: %s", size, diff)
		}
	}
}

// cuts returns all numbers of a range.
func cuts(from, to int) []int {
	var all []int
	for size := from; size <= to; size++ {
		all = append(all, size)
	}
	return all
}

// TestFileDamaged: what is wrong inside is reported, and nothing is lost over it.
func TestFileDamaged(t *testing.T) {
	for _, text := range []string{"{\n", "nonsense\n", "\n", "{}\n", "null\n", "[]\n", `{"put":{"id":"a"` + "\n" + `{"delete":"x"}` + "\n"} {
		path := filepath.Join(t.TempDir(), "addons")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := backend.OpenFile(path)
		if err == nil || !strings.Contains(err.Error(), "line 1 of "+path+" is damaged") {
			t.Errorf("%q: %v", text, err)
		}
		if after, _ := os.ReadFile(path); string(after) != text {
			t.Errorf("%q became %q", text, after)
		}
	}
	if _, err := backend.OpenFile(filepath.Join(t.TempDir(), "none", "addons")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// TestFileIsTidied: a file does not grow for ever, though changes come at once.
func TestFileIsTidied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addons")
	f := file(t, path)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for range 200 {
				if err := f.Put(context.Background(), addon(fmt.Sprint(worker))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Put(t.Context(), addon("late")); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after it was closed: %v", err)
	}
	text, err := os.ReadFile(path)
	if lines := strings.Count(string(text), "\n"); err != nil || lines > 1040 {
		t.Errorf("%d lines for 8 add-ons, %v", lines, err)
	}
	if all := kept(t, path); len(all) != 8 {
		t.Errorf("%d add-ons", len(all))
	}
	if left, _ := filepath.Glob(path + ".new"); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
