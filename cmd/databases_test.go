package cmd_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// realPrograms skips where the programs behind --real are missing.
func realPrograms(t *testing.T) {
	t.Helper()
	for _, name := range []string{"initdb", "psql", "redis-server", "redis-cli"} {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
		if _, err := exec.LookPath(name); err != nil && len(found) == 0 {
			t.Skipf("there is no %s: apt-get install postgresql redis-server", name)
		}
	}
}

// realEmulator starts `runner emulator --real` as a process of its own.
func (s *shell) realEmulator(t *testing.T) *exec.Cmd {
	t.Helper()
	// Where tests run as root, the servers' user has to get there.
	if err := os.Chmod(filepath.Dir(s.dir), 0o711); err != nil {
		t.Fatal(err)
	}
	c := s.process(t, "emulator", "--listen", "127.0.0.1:0", "--real", "--state", filepath.Join(s.dir, "state.json"))
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		s.env[name] = value
	}
	return c
}

// children returns the processes behind the emulator, by the files that name them.
func (s *shell) children(t *testing.T) []int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "state.json.databases", "*.pid"))
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var pid int
		if _, err := fmt.Sscan(string(text), &pid); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// variables returns an add-on's.
func (s *shell) variables(t *testing.T, addon string) map[string]string {
	t.Helper()
	code, out, stderr := s.run("env", addon, "--format", "json")
	var env map[string]string
	if err := json.Unmarshal([]byte(out), &env); err != nil || code != 0 {
		t.Fatalf("exit %d, %v\n%s", code, err, stderr)
	}
	return env
}

// bothSay asks both databases, as a user would.
func bothSay(t *testing.T, uri, url string) string {
	t.Helper()
	database, _ := exec.CommandContext(t.Context(), "psql", "-X", "-w", "-A", "-t", uri, "-c", "select 1").CombinedOutput()
	cache, _ := exec.CommandContext(t.Context(), "redis-cli", "--no-auth-warning", "-u", url, "PING").CombinedOutput()
	return string(database) + string(cache)
}

// TestRealDatabases: the variables of examples/site.yml work, survive the emulator's
// being killed, and end with the add-ons.
func TestRealDatabases(t *testing.T) {
	t.Parallel()
	realPrograms(t)
	s := newShell(t)
	c := s.realEmulator(t)
	play := func(file string) {
		t.Helper()
		if code, out, stderr := s.run("play", file); code != 0 {
			t.Fatalf("exit %d\n%s%s", code, out, stderr)
		}
	}
	play("../examples/site.yml")
	uri, url := s.variables(t, "shop-db")["POSTGRESQL_ADDON_URI"], s.variables(t, "shop-cache")["REDIS_URL"]
	if got := bothSay(t, uri, url); got != "1\nPONG\n" {
		t.Errorf("after the play they say %q", got)
	}
	before := s.children(t)
	if len(before) != 2 {
		t.Fatalf("%d children", len(before))
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()

	c = s.realEmulator(t)
	gone(t, before)
	if got := bothSay(t, s.variables(t, "shop-db")["POSTGRESQL_ADDON_URI"], s.variables(t, "shop-cache")["REDIS_URL"]); got != "1\nPONG\n" {
		t.Errorf("after the emulator was killed and started they say %q", got)
	}
	uri, url = s.variables(t, "shop-db")["POSTGRESQL_ADDON_URI"], s.variables(t, "shop-cache")["REDIS_URL"]
	play(s.file(t, "remove.yml", "- addon_remove: {addon: shop-db}\n- addon_remove: {addon: shop-cache}\n"))
	if got := bothSay(t, uri, url); strings.Contains(got, "1\n") && !strings.Contains(got, "FATAL") || !strings.Contains(got, "Connection refused") {
		t.Errorf("after the removal they say %q", got)
	}
	last := s.children(t)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("the emulator ended with %v", err)
	}
	gone(t, last)
	if left := s.children(t); len(left) > 0 {
		t.Errorf("%v are noted as running", left)
	}
}

// gone checks that processes have ended.
func gone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, after, _ := strings.Cut(string(state), ") "); err == nil && !strings.HasPrefix(after, "Z") {
			t.Errorf("process %d runs: %s", pid, state)
		}
	}
}

// TestRealPlay: a play with --real meets databases that work while it plays, and
// leaves no process behind.
func TestRealPlay(t *testing.T) {
	t.Parallel()
	realPrograms(t)
	s := newShell(t)
	if err := os.Chmod(filepath.Dir(s.dir), 0o711); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(s.dir, "state.json")
	file := s.file(t, "site.yml", `- addon_register: {name: db, provider: pg, details: {plan: dev}}
  register: db
- debug: {msg: "{{ lookup('pipe', 'psql -X -w -A -t ' ~ db.env.POSTGRESQL_ADDON_URI ~ ' -c \"select 6 * 7\"') }}"}
`)
	code, out, stderr := s.run("play", "--emulator", "--emulator-state", state, "--real", "--allow", "pipe", file)
	if code != 0 || !strings.Contains(out, `"msg": "42"`) {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
	if left := s.children(t); len(left) > 0 {
		t.Errorf("%v are noted as running", left)
	}
}

// TestRealFlags: what goes together, and what does not.
func TestRealFlags(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.file(t, "site.yml", orders(1))
	for want, args := range map[string][]string{
		"--real goes with --emulator":           {"play", "--real", file},
		"--postgres goes with --real":           {"play", "--emulator", "--postgres", "postgresql://localhost", file},
		"--postgres takes a URL such as":        {"play", "--emulator", "--real", "--postgres", "localhost", file},
		"emulator: --postgres goes with --real": {"emulator", "--postgres", "postgresql://localhost"},
	} {
		want, emulator := strings.CutPrefix(want, "emulator: ") // which prints lines that make a shell's commands fail
		if code, out, stderr := s.run(args...); code != 1 || (out != "") != emulator || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit %d, %q, want %q", args, code, stderr, want)
		}
	}
}
