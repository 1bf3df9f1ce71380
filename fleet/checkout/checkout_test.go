package checkout_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"runner/fleet/checkout"
)

var environ = []string{"PATH=" + os.Getenv("PATH"), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.test", "GIT_COMMITTER_NAME=a",
	"GIT_COMMITTER_EMAIL=a@example.test", "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file:https", "HOME=/nonexistent"}

// sh runs commands in a folder and returns what they print.
func sh(t *testing.T, dir, script string) string {
	t.Helper()
	c := exec.Command("/bin/sh", "-ec", script)
	c.Dir, c.Env = dir, environ
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return strings.TrimSpace(string(out))
}

// origin makes a repository with two commits, a tag on the first, and a submodule.
func origin(t *testing.T) (dir, first, second string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	dir = t.TempDir()
	sub := t.TempDir()
	sh(t, sub, "git init -q -b main . && echo shared >shared.yml && git add . && git commit -qm one")
	sh(t, dir, `git init -q -b main . && mkdir playbooks && echo one >playbooks/a.yml && git add . && git commit -qm one && git tag -am v1 v1`)
	first = sh(t, dir, "git rev-parse HEAD")
	sh(t, dir, "git -c protocol.file.allow=always submodule --quiet add "+sub+" roles && echo two >playbooks/a.yml && echo b >playbooks/b.yml && git add . && git commit -qm two")
	return dir, first, sh(t, dir, "git rev-parse HEAD")
}

func TestWorktrees(t *testing.T) {
	from, first, second := origin(t)
	env := append(slices.Clone(environ), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always")
	r := &checkout.Repositories{Dir: t.TempDir(), Env: env}
	for ref, want := range map[string]string{"main": second, "v1": first, first: first} {
		if got, err := r.Resolve(t.Context(), from, ref); err != nil || got != want {
			t.Errorf("%s is %s, want %s: %v", ref, got, want, err)
		}
	}
	for _, ref := range []string{"gone", "--upload-pack=touch", ""} {
		if _, err := r.Resolve(t.Context(), from, ref); !errors.As(err, new(*checkout.GoneError)) {
			t.Errorf("%q: %v", ref, err)
		}
	}
	var wg sync.WaitGroup
	for commit, want := range map[string]string{first: "one\n", second: "two\n"} {
		for range 3 {
			wg.Go(func() {
				dir, err := r.Worktree(t.Context(), from, commit)
				if err != nil {
					t.Error(err)
					return
				}
				if text, err := os.ReadFile(filepath.Join(dir, "playbooks/a.yml")); err != nil || string(text) != want {
					t.Errorf("%s holds %q: %v", commit, text, err)
				}
			})
		}
	}
	wg.Wait()
	dir, err := r.Worktree(t.Context(), from, second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "roles/shared.yml")); err != nil {
		t.Errorf("the submodule is missing: %v", err)
	}
	if files, err := checkout.Match(dir, "playbooks/*.yml"); err != nil || strings.Join(files, " ") != "playbooks/a.yml playbooks/b.yml" {
		t.Errorf("%v, %v", files, err)
	}
	if _, err := r.Worktree(t.Context(), from, strings.Repeat("0", 40)); !errors.As(err, new(*checkout.GoneError)) {
		t.Errorf("a commit that is not there: %v", err)
	}
	if err := r.Prune(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if again, err := r.Worktree(t.Context(), from, second); err != nil || again != dir {
		t.Errorf("after its worktree was removed: %s, %v", again, err)
	}
}

// TestPasswordsInAddressesAreNotShown.
func TestPasswordsInAddressesAreNotShown(t *testing.T) {
	r := &checkout.Repositories{Dir: t.TempDir(), Env: environ}
	_, err := r.Resolve(t.Context(), "https://me:hunter2@127.0.0.1:1/shop.git", "main")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

// TestWhatAKilledGitLeftBehind: a worker that is killed while git fetches or checks out
// leaves git's locks, which keep nobody from checking out later.
func TestWhatAKilledGitLeftBehind(t *testing.T) {
	from, first, second := origin(t)
	env := append(slices.Clone(environ), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always")
	r := &checkout.Repositories{Dir: t.TempDir(), Env: env}
	dir, err := r.Worktree(t.Context(), from, first)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(filepath.Join(r.Dir, "repositories", "*.git"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("%v, %v", kept, err)
	}
	for path, text := range map[string]string{
		filepath.Join(kept[0], "worktrees", first, "locked"): "initializing", // as git worktree add writes it, and removes it at its end
		filepath.Join(kept[0], "shallow.lock"):               "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, ".complete")); err != nil {
		t.Fatal(err)
	}
	for commit, want := range map[string]string{first: "one\n", second: "two\n"} {
		dir, err := r.Worktree(t.Context(), from, commit)
		if err != nil {
			t.Error(err)
			continue
		}
		if text, err := os.ReadFile(filepath.Join(dir, "playbooks/a.yml")); err != nil || string(text) != want {
			t.Errorf("%q, %v", text, err)
		}
	}
}

// TestPrune removes what nobody asked for since a time, finished or not, whatever the
// folder is called, and nothing else.
func TestPrune(t *testing.T) {
	from, first, second := origin(t)
	env := append(slices.Clone(environ), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always")
	r := &checkout.Repositories{Dir: filepath.Join(t.TempDir(), "a [folder]"), Env: env}
	old, err := r.Worktree(t.Context(), from, first)
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(filepath.Dir(old), strings.Repeat("1", 40))
	if err := os.Mkdir(half, 0o700); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-2 * time.Hour)
	for _, path := range []string{filepath.Join(old, ".complete"), half} {
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
	}
	recent, err := r.Worktree(t.Context(), from, second)
	if err != nil {
		t.Fatal(err)
	}
	prune := func(before time.Time, want ...string) {
		t.Helper()
		if err := r.Prune(t.Context(), before); err != nil {
			t.Error(err)
		}
		var left []string
		for _, dir := range []string{half, old, recent} {
			if _, err := os.Stat(dir); err == nil {
				left = append(left, dir)
			}
		}
		if !slices.Equal(left, want) {
			t.Errorf("there is %v, want %v", left, want)
		}
	}
	prune(past.Add(-time.Hour), half, old, recent)
	if _, err := r.Worktree(t.Context(), from, first); err != nil { // somebody asks for it
		t.Fatal(err)
	}
	prune(past.Add(time.Hour), old, recent)
	prune(time.Now().Add(time.Hour))
	prune(time.Now().Add(time.Hour))
	if err := (&checkout.Repositories{Dir: t.TempDir()}).Prune(t.Context(), time.Now()); err != nil {
		t.Errorf("where there is nothing: %v", err)
	}
}
