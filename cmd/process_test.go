package cmd_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"runner/clever/emulator"
)

// process makes runner a process of its own: this test program under that name.
func (s *shell) process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self)
	c.Args = append([]string{"runner"}, args...)
	c.Dir = s.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range s.env {
		c.Env = append(c.Env, name+"="+value)
	}
	return c
}

// TestInterruptTwice: the first interrupt lets an order finish, the second ends
// the process at once.
func TestInterruptTwice(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	ordering, release := make(chan struct{}), make(chan struct{})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			close(ordering)
			<-release
		}
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	t.Cleanup(func() { close(release) })
	s.env["API_HOST"] = proxy.URL
	c := s.process(t, "play", s.file(t, "site.yml", orders(1)))
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	<-ordering
	if line, _ := lines.ReadString('\n'); !introduced.MatchString(line) {
		t.Fatalf("it begins with %q", line)
	}
	var printed []string
	for _, want := range []string{"a second interrupt stops at once", "stopped at once"} {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		line, _ := lines.ReadString('\n')
		if printed = append(printed, line); !strings.Contains(line, want) {
			break
		}
	}
	left, _ := io.ReadAll(lines)
	if want := `it may have been done or not: create add-on "db-0" [`; !strings.Contains(string(left), want) {
		t.Errorf("at last it says %q, want %q", left, want)
	}
	err = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 || len(printed) != 2 {
		t.Errorf("exit %d (%v), printed %q", code, err, printed)
	}
}

// TestEmulatorCommand: its five lines are all that a shell needs, and standard
// output ends with them.
func TestEmulatorCommand(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	state := filepath.Join(s.dir, "state.json")
	c := s.process(t, "emulator", "--listen", "127.0.0.1:0", "--strict", "--state", state)
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		export := regexp.MustCompile(`^export ([A-Z_]+)=([-.:/a-z0-9]+)$`).FindStringSubmatch(lines.Text())
		if export == nil {
			t.Fatalf("printed %q", lines.Text())
		}
		s.env[export[1]] = export[2]
	}
	if len(s.env) != 9 { // HOME and eight more
		t.Fatalf("set %v", s.env)
	}
	if code, out, stderr := s.run("play", s.file(t, "site.yml", orders(2))); code != 0 {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
	page, err := http.Get(s.env["API_HOST"] + "/console/events") // the page's, which would stay open
	if err != nil || page.StatusCode != http.StatusOK {
		t.Fatalf("the console's page: %v", err)
	}
	defer page.Body.Close()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("the emulator ended with %v", err)
	}
	info, err := os.Stat(state)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its state: %v, %v", info, err)
	}
}

// TestClosedPipe: `runner … | head` ends quietly, and a play with a word on what it
// left undone.
func TestClosedPipe(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, args := range [][]string{
		{"catalog", "plans", "--emulator"},
		{"play", "--emulator", s.file(t, "site.yml", strings.Repeat("- debug: {msg: hello}\n", 5000))},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		c := s.process(t, args...)
		c.Stdout, c.Stderr = w, &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if _, err := bufio.NewReader(r).ReadByte(); err != nil {
			t.Fatal(err)
		}
		r.Close()
		_ = c.Wait()
		if strings.Contains(strings.Replace(stderr.String(), "error: nobody reads standard output any more", "", 1), "error") || strings.Contains(stderr.String(), "goroutine") || !c.ProcessState.Exited() {
			t.Errorf("%s: %v\n%s", args[0], c.ProcessState, stderr.String())
		}
	}
}

// TestCronExamples runs what examples/cron would have cron and systemd run.
func TestCronExamples(t *testing.T) {
	t.Parallel()
	tab, err := os.ReadFile("../examples/cron/crontab")
	if err != nil {
		t.Fatal(err)
	}
	unit, err := os.ReadFile("../examples/cron/runner-play.service")
	if err != nil {
		t.Fatal(err)
	}
	nightly := regexp.MustCompile(`(?m)^\d+ \d+ \* \* \* (.+)$`).FindSubmatch(tab)
	path := regexp.MustCompile(`(?m)^PATH=(.+)$`).FindSubmatch(tab)
	start := regexp.MustCompile(`(?m)^ExecStart=(.+)$`).FindSubmatch(unit)
	unitPath := regexp.MustCompile(`(?m)^Environment=PATH=(.+)$`).FindSubmatch(unit)
	folder := regexp.MustCompile(`(?m)^WorkingDirectory=%h/(.+)$`).FindSubmatch(unit)
	if nightly == nil || path == nil || start == nil || unitPath == nil || folder == nil {
		t.Fatal("an example has no command")
	}
	s := newShell(t)
	e := s.on(t, emulator.Options{Strict: true})
	home := s.env["HOME"]
	infrastructure := filepath.Join(home, string(folder[1]))
	bin := filepath.Join(home, "go", "bin") // where `go install` puts it
	if err := os.MkdirAll(infrastructure, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "runner")); err != nil {
		t.Fatal(err)
	}
	var dotenv strings.Builder
	for _, name := range []string{"API_HOST", "CLEVER_TOKEN", "CLEVER_SECRET", "OAUTH_CONSUMER_KEY", "OAUTH_CONSUMER_SECRET"} {
		dotenv.WriteString(name + "=" + s.env[name] + "\n")
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(infrastructure, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".env", dotenv.String())
	run := func(command, path string) (string, error) {
		c := exec.CommandContext(t.Context(), "/bin/sh", "-c", command)
		c.Dir = home
		c.Env = []string{"HOME=" + home, "LOGNAME=user", "SHELL=/bin/sh", "PATH=" + path} // cron's, and no more
		out, err := c.CombinedOutput()
		return string(out), err
	}

	write("site.yml", orders(1))
	if out, err := run(string(nightly[1]), string(path[1])); err != nil || out != "" {
		t.Errorf("cron: %v, and a mail that says\n%s", err, out)
	}
	if out, err := run("cd "+infrastructure+" && "+string(start[1]), strings.ReplaceAll(string(unitPath[1]), "%h", home)); err != nil || !strings.Contains(out, "changed=0 ") {
		t.Errorf("systemd: %v\n%s", err, out)
	}
	if n := len(e.Addons(e.User())); n != 1 {
		t.Errorf("%d add-ons", n)
	}
	write("site.yml", "- addon_register: {name: x, provider: nothing, details: {plan: dev}}\n")
	if out, err := run(string(nightly[1]), string(path[1])); err == nil || !strings.Contains(out, `unknown provider "nothing"`) {
		t.Errorf("cron, after a failure: %v, and a mail that says\n%s", err, out)
	}
}

// TestSystemdExamples: systemd finds nothing wrong with the units of a user, and they
// work where he is not logged in.
func TestSystemdExamples(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../examples/cron/runner-play.service")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(unit, []byte("loginctl enable-linger")) {
		t.Error("the unit does not say that a user who is logged out needs lingering")
	}
	if regexp.MustCompile(`(?m)^(Wants|After|Requires)=.*network-online`).Match(unit) {
		t.Error("the unit waits for network-online.target, which the manager of a user does not have")
	}
	if wait := regexp.MustCompile(`(?m)^ExecStartPre=/bin/sh -c '(.+)'$`).FindSubmatch(unit); wait == nil {
		t.Error("the unit does not wait for the network")
	} else if out, err := exec.Command("sh", "-n", "-c", strings.ReplaceAll(string(wait[1]), "$$", "$")).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	verify := exec.Command("systemd-analyze", "--user", "verify", "../examples/cron/runner-play.service", "../examples/cron/runner-play.timer")
	verify.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "XDG_RUNTIME_DIR=" + t.TempDir()}
	out, err := verify.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("there is no systemd-analyze")
	}
	if err != nil || bytes.Contains(out, []byte("runner-play")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFleetUnits: systemd reads the units of examples/fleet, whose program is elsewhere here.
func TestFleetUnits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"runner-fleet-worker.service", "runner-fleet-serve.service"} {
		unit, err := os.ReadFile(filepath.Join("../examples/fleet", name))
		if err != nil {
			t.Fatal(err)
		}
		unit = bytes.ReplaceAll(unit, []byte("ExecStart=/usr/bin/runner "), []byte("ExecStart=/bin/true "))
		if err := os.WriteFile(filepath.Join(dir, name), unit, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "verify", filepath.Join(dir, name)).CombinedOutput()
		if errors.Is(err, exec.ErrNotFound) {
			t.Skip("there is no systemd-analyze")
		}
		if err != nil || bytes.Contains(out, []byte(name)) {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
