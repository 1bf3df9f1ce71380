package cmd_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"runner/clever/emulator"
)

// A held run is a process that has its lock, and waits for the answer to an order.
type held struct {
	*shell
	e       *emulator.Emulator
	process *exec.Cmd
	book    string
	release func() // lets the order be answered
}

func hold(t *testing.T) *held {
	t.Helper()
	h := &held{shell: newShell(t)}
	h.e = h.on(t, emulator.Options{})
	arrived, answer := make(chan struct{}, 10), make(chan struct{})
	h.release = sync.OnceFunc(func() { close(answer) })
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			arrived <- struct{}{}
			<-answer
		}
		h.e.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	t.Cleanup(h.release)
	h.env["API_HOST"] = proxy.URL
	h.book = h.file(t, "site.yml", orders(1))
	h.process = h.shell.process(t, "play", h.book)
	if err := h.process.Start(); err != nil {
		t.Fatal(err)
	}
	<-arrived
	return h
}

// TestOneRunWaitsForAnother: two runs together, of which one waits. There is one
// add-on, which the second one finds.
func TestOneRunWaitsForAnother(t *testing.T) {
	t.Parallel()
	h := hold(t)
	second := h.shell.process(t, "play", "--lock-timeout", "1m", h.book)
	var out bytes.Buffer
	second.Stdout = &out
	stderr, err := second.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil || !strings.Contains(line, "another run holds the lock: pid ") || !strings.Contains(line, "(site.yml)") && !strings.Contains(line, h.book) {
		t.Errorf("printed %q (%v)", line, err)
	}
	h.release()
	_, _ = io.Copy(io.Discard, stderr)
	for _, c := range []*exec.Cmd{h.process, second} {
		if err := c.Wait(); err != nil {
			t.Errorf("%v: %v", c.Args, err)
		}
	}
	if n := len(h.e.Addons(h.e.User())); n != 1 || !strings.Contains(out.String(), "changed=0 ") {
		t.Errorf("%d add-ons; the second run says\n%s", n, &out)
	}
}

// TestWhoIsKeptAway: while a run is at work, another one with the same token is.
// A check, another token and another home are not.
func TestWhoIsKeptAway(t *testing.T) {
	t.Parallel()
	h := hold(t)
	for _, test := range []struct {
		what string
		args []string
		env  map[string]string
		code int
	}{
		{"the same", nil, nil, 6},
		{"the same, waiting a little", []string{"--lock-timeout", "60ms"}, nil, 6},
		{"a check", []string{"--check"}, nil, 0},
		{"another token", nil, map[string]string{"CLEVER_TOKEN": "another-word"}, 0},
		{"another home", nil, map[string]string{"XDG_STATE_HOME": filepath.Join(t.TempDir(), "state")}, 0},
	} {
		s := &shell{env: map[string]string{}, dir: h.dir}
		for _, env := range []map[string]string{h.env, test.env} {
			for name, value := range env {
				s.env[name] = value
			}
		}
		book := s.file(t, "nothing.yml", "- addon_info: {name: something, provider: pg}\n  ignore_errors: true\n")
		code, out, stderr := s.run(append([]string{"play", book}, test.args...)...)
		if code != test.code || (code == 6) != strings.Contains(stderr, "another run holds the lock: pid ") {
			t.Errorf("%s: exit %d\n%s%s", test.what, code, out, stderr)
		}
		if code == 6 && (out != "" || strings.Contains(stderr, "emulator-token")) {
			t.Errorf("%s: printed\n%s%s", test.what, out, stderr)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, _, stderr := h.runIn(ctx, "play", "--lock-timeout", "1h", h.book); code != 130 {
		t.Errorf("interrupted while it waits: exit %d\n%s", code, stderr)
	}
	h.release()
	if err := h.process.Wait(); err != nil {
		t.Error(err)
	}
	if code, out, stderr := h.run("play", h.book); code != 0 {
		t.Errorf("afterwards: exit %d\n%s%s", code, out, stderr)
	}
}

// TestLockFiles: they are their user's alone, and hold no token.
func TestLockFiles(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.on(t, emulator.Options{})
	if code, out, stderr := s.run("play", s.file(t, "site.yml", orders(1))); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	state := filepath.Join(s.env["HOME"], ".local", "state", "runner")
	for path, want := range map[string]os.FileMode{"": 0o700, "locks": 0o700, "history.jsonl": 0o600} {
		info, err := os.Stat(filepath.Join(state, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	locks, err := filepath.Glob(filepath.Join(state, "locks", "*"))
	if err != nil || len(locks) != 1 {
		t.Fatalf("%v, %v", locks, err)
	}
	text, err := os.ReadFile(locks[0])
	if info, _ := os.Stat(locks[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if strings.Contains(locks[0]+string(text), "emulator") {
		t.Errorf("%s holds %s", locks[0], text)
	}
}

// TestEmulatorInUse: an emulator's file is one process's at a time, too.
func TestEmulatorInUse(t *testing.T) {
	s := newShell(t)
	state := filepath.Join(s.dir, "state.json")
	e, err := emulator.New(emulator.Options{State: state})
	if err != nil {
		t.Fatal(err)
	}
	book := s.file(t, "site.yml", orders(1))
	s.run("version") // starts the runtime's goroutine for signals, outside of all bubbles
	for _, args := range [][]string{{"play", book}, {"play", "--check", book}, {"catalog", "plans"}} {
		synctest.Test(t, func(t *testing.T) {
			code, out, stderr := s.run(append(args, "--emulator", "--emulator-state", state)...)
			if code != 6 || out != "" || !strings.Contains(stderr, "is in use by another process") {
				t.Errorf("%v: exit %d\n%s%s", args, code, out, stderr)
			}
		})
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if code, out, stderr := s.run("play", book, "--emulator", "--emulator-state", state); code != 0 {
		t.Errorf("afterwards: exit %d\n%s%s", code, out, stderr)
	}
}

// TestNoHomeToWriteTo: without a place for locks and history a play goes on, and
// says what it lacks.
func TestNoHomeToWriteTo(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	s.env["HOME"] = filepath.Join(s.file(t, "file", ""), "home")
	code, out, stderr := s.run("play", s.file(t, "site.yml", orders(2)))
	if n := len(e.Addons(e.User())); code != 0 || n != 2 || strings.Count(stderr, "warning: ") != 2 {
		t.Errorf("exit %d, %d add-ons\n%s%s", code, n, out, stderr)
	}
}
