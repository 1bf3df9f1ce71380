package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"runner/clever/emulator"
)

// historyOf returns where the shell's history is.
func (s *shell) historyOf(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(s.env["HOME"], ".local", "state", "runner")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "history.jsonl")
}

// TestHistoryHoldsNoSecrets: names only, and not those that no_log hides.
func TestHistoryHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	book := s.file(t, "site.yml", `
- addon_register: {name: db, provider: pg, details: {plan: dev}}
  register: db
- name: Order {{ db.env.POSTGRESQL_ADDON_PASSWORD }}
  addon_register: {name: "x-{{ db.env.POSTGRESQL_ADDON_PASSWORD }}", provider: pg, details: {plan: dev}}
- addon_register: {name: hidden-name, provider: pg, details: {plan: dev}}
  no_log: true
- addon_register: {name: "y-{{ db.env.POSTGRESQL_ADDON_PASSWORD }}", provider: nothing, details: {plan: dev}}
`)
	if code, out, stderr := s.run("play", book); code != 2 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	text, err := os.ReadFile(s.historyOf(t))
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := s.run("history")
	_, asJSON, _ := s.run("history", "--format", "json")
	for _, secret := range append(secretsOf(t, s, e), "hidden-name") {
		if strings.Contains(string(text)+shown+asJSON, secret) {
			t.Errorf("%q is in the history:\n%s%s%s", secret, text, shown, asJSON)
		}
	}
	for _, want := range []string{`create add-on "db" (addon_`, "ok=3 changed=3 failed=1, exit 2", "********", "site.yml:"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
}

// TestDamagedHistory: what stands in the file already stops nothing; what can be
// read is reported, what cannot is counted.
func TestDamagedHistory(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"cut":      `{"run":"a","event":"start","time":"2026-01-02T03:04:05Z","playbooks":["old.yml"]}` + "\n" + `{"run":"a","ev`,
		"binary":   "\x00\xff\xfe\n\n\x1b[2J\n",
		"other":    "[1, 2, 3]\n\"x\"\n{}\n",
		"types":    `{"run":5,"event":[]}` + "\n",
		"halves":   strings.Repeat(`{"run":"b","event":"done","number":7,"outcome":"changed"}`+"\n", 3),
		"one line": strings.Repeat("x", 3<<20),
		"empty":    "",
	} {
		s := newShell(t)
		s.on(t, emulator.Options{})
		if err := os.WriteFile(s.historyOf(t), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if code, out, stderr := s.run("play", s.file(t, "site.yml", orders(1))); code != 0 || introduced.ReplaceAllString(stderr, "") != "" {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, stderr)
		}
		code, out, stderr := s.run("history")
		if code != 0 || !strings.Contains(out, "ok=1 changed=1 failed=0, exit 0") {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, stderr)
		}
		if damaged := name != "halves" && name != "empty"; damaged != strings.Contains(stderr, "cannot be read") {
			t.Errorf("%s: printed %q", name, stderr)
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("%s: control characters in %q", name, out)
		}
		if info, err := os.Stat(s.historyOf(t)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// TestHistoryThatCannotBeWritten: something else at its place is reported once and left
// as it is, and the play goes on.
func TestHistoryThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	other := filepath.Join(t.TempDir(), "other")
	if err := errors.Join(os.WriteFile(other, []byte("another's"), 0o600), os.Chmod(other, 0o644)); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(path string) error{
		"a link to a device": func(path string) error { return os.Symlink(os.DevNull, path) },
		"a link to a file":   func(path string) error { return os.Symlink(other, path) },
		"a link to nothing":  func(path string) error { return os.Symlink(other+".new", path) },
		"a folder":           func(path string) error { return os.Mkdir(path, 0o700) },
		"a fifo":             func(path string) error { return exec.Command("mkfifo", path).Run() },
	} {
		s := newShell(t)
		e := s.on(t, emulator.Options{})
		path := s.historyOf(t)
		if err := make(path); err != nil {
			t.Skip(name, err)
		}
		before, device := whatIs(t, path), whatIs(t, os.DevNull)
		code, out, stderr := s.run("play", s.file(t, "site.yml", orders(3)))
		if n := len(e.Addons(e.User())); code != 0 || n != 3 || strings.Count(stderr, "warning: the history of runs cannot be written") != 1 {
			t.Errorf("%s: exit %d, %d add-ons\n%s%s", name, code, n, out, stderr)
		}
		if now := whatIs(t, path); now != before {
			t.Errorf("%s became %s of %s", name, now, before)
		}
		if now := whatIs(t, os.DevNull); now != device {
			t.Errorf("%s: %s became %s of %s", name, os.DevNull, now, device)
		}
		if code, out, stderr := s.run("history"); code != 1 || !strings.Contains(stderr, "is not a regular file") {
			t.Errorf("%s: history: exit %d\n%s%s", name, code, out, stderr)
		}
	}
	if text, err := os.ReadFile(other); err != nil || string(text) != "another's" || !strings.HasPrefix(whatIs(t, other), "-rw-r--r--") {
		t.Errorf("what a link led to holds %q (%v) and is %s", text, err, whatIs(t, other))
	}
	if _, err := os.Lstat(other + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a link to nothing leads to something")
	}
}

// whatIs tells what the system knows of a path, but for what changes by itself.
func whatIs(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(info.Mode(), info.Size())
}

// TestHistoryOnAFullDisk: it is reported once, and the play goes on.
func TestHistoryOnAFullDisk(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	almost := strings.Repeat(`{"run":"1","event":"start","time":"2026-01-02T03:04:05Z"}`+"\n", 40)
	if err := os.WriteFile(s.historyOf(t), []byte(almost), 0o600); err != nil {
		t.Fatal(err)
	}
	c := s.cramped(t, "play", s.file(t, "site.yml", orders(3)))
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Run(); err != nil || len(e.Addons(e.User())) != 3 || strings.Count(stderr.String(), "warning: the history of runs cannot be written") != 1 {
		t.Errorf("%v, %d add-ons\n%s", err, len(e.Addons(e.User())), &stderr)
	}
}

// TestHistoryIsBounded: a full file becomes the old one, and what was reported there is
// still known.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.on(t, emulator.Options{})
	path := s.historyOf(t)
	for i := range 3 {
		var full bytes.Buffer
		for j := range 6000 {
			fmt.Fprintf(&full, `{"run":"%d-%d","event":"start","time":"2026-01-02T03:04:05Z","pid":0,"playbooks":["old-%d.yml"]}`+"\n", i, j, i)
		}
		if err := os.WriteFile(path, full.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, stderr := s.run("play", s.file(t, "site.yml", orders(1))); code != 0 {
			t.Fatalf("exit %d\n%s%s", code, out, stderr)
		}
		var size int64
		for _, file := range []string{path, path + ".1"} {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			size += info.Size()
		}
		if size > 1<<20 {
			t.Errorf("the history is %d bytes", size)
		}
		if _, out, _ := s.run("history", "-n", "2"); !strings.Contains(out, fmt.Sprintf("old-%d.yml: did not end", i)) || !strings.Contains(out, "exit 0") {
			t.Errorf("printed\n%s", out)
		}
	}
}

// TestRunsWriteTheHistoryTogether: their lines do not mix, though the file becomes
// full under them.
func TestRunsWriteTheHistoryTogether(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.on(t, emulator.Options{})
	path := s.historyOf(t)
	almost := strings.Repeat(`{"run":"old","event":"failed","time":"2026-01-02T03:04:05Z","name":"some task"}`+"\n", 6600)
	if err := os.WriteFile(path, []byte(almost), 0o600); err != nil {
		t.Fatal(err)
	}
	var runs []*exec.Cmd
	for i := range 4 {
		c := s.process(t, "play", s.file(t, fmt.Sprintf("%d.yml", i), strings.ReplaceAll(orders(20), "db-", fmt.Sprintf("db-%d-", i))))
		c.Env = append(c.Env, fmt.Sprintf("CLEVER_TOKEN=word-%d", i)) // each has a lock of its own
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, c)
	}
	for _, c := range runs {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
	_, out, stderr := s.run("history", "--format", "json", "--last", "4")
	var printed []struct {
		State   string
		Changes []struct{ Outcome, Addon string }
	}
	if err := json.Unmarshal([]byte(out), &printed); err != nil || len(printed) != 4 || stderr != "" {
		t.Fatalf("%d runs, %v, %s", len(printed), err, stderr)
	}
	for _, run := range printed {
		if run.State != "ended" || len(run.Changes) != 20 {
			t.Errorf("a run is %s, with %d changes", run.State, len(run.Changes))
		}
		for _, c := range run.Changes {
			if c.Outcome != "changed" || !strings.HasPrefix(c.Addon, "addon_") {
				t.Errorf("%+v", c)
			}
		}
	}
}
