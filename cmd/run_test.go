package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"runner/clever/emulator"
	"runner/cmd"
	"runner/cmd/ui"
)

// A shell runs the program in this process.
type shell struct {
	env map[string]string
	dir string
}

// newShell returns a shell with an empty home and nothing else.
func newShell(t testing.TB) *shell {
	return &shell{env: map[string]string{"HOME": t.TempDir()}, dir: t.TempDir()}
}

// on points the shell at an emulator behind a socket.
func (s *shell) on(t testing.TB, o emulator.Options) *emulator.Emulator {
	t.Helper()
	e, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	s.env["CLEVER_TOKEN"], s.env["CLEVER_SECRET"] = "emulator-token", "emulator-token-secret"
	s.env["OAUTH_CONSUMER_KEY"], s.env["OAUTH_CONSUMER_SECRET"] = "emulator-consumer", "emulator-consumer-secret"
	s.env["API_HOST"] = server.URL
	return e
}

// file writes a file and returns its path.
func (s *shell) file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (s *shell) run(args ...string) (code int, out, err string) {
	return s.runIn(context.Background(), args...)
}

func (s *shell) runIn(ctx context.Context, args ...string) (code int, out, err string) {
	var stdout, stderr bytes.Buffer
	p := cmd.Program{Streams: ui.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr,
		Getenv: func(name string) string { return s.env[name] }}, Args: append([]string{"runner"}, args...),
	}
	code = p.Run(ctx)
	return code, stdout.String(), stderr.String()
}

// orders is a playbook of n databases and caches.
func orders(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "- addon_register: {name: db-%d, provider: pg, details: {plan: dev}}\n", i)
	}
	return b.String()
}

// introduced matches the line by which a run says where it is.
var introduced = regexp.MustCompile(`(?m)^playing on https?://.*\n`)

func isRead(method string) bool { return method == "GET" || method == "HEAD" }

func TestHundredOrdersAreFewRequests(t *testing.T) {
	s := newShell(t)
	e := s.on(t, emulator.Options{Latency: 20 * time.Millisecond})
	book := s.file(t, "site.yml", orders(100))
	if code, out, stderr := s.run("play", book); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	posts, envs, others := 0, 0, 0
	for _, r := range e.Journal() {
		switch {
		case !isRead(r.Method):
			posts++
		case strings.HasSuffix(r.Path, "/env"):
			envs++
		default:
			others++
		}
	}
	if posts != 100 || envs != 100 || posts+others > 105 {
		t.Errorf("%d orders, %d reads of variables, %d other requests", posts, envs, others)
	}
	if peak := e.Peak(); peak <= 10 || peak > 64 {
		t.Errorf("%d requests under way at once, want more than it begins with, and 64 at most", peak)
	}

	e.ResetJournal()
	if code, out, stderr := s.run("play", book); code != 0 || !strings.Contains(out, "changed=0 ") {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	if all := e.Journal(); len(all) != 1 || all[0].Path != "/v2/self/addons" {
		t.Errorf("a run without changes sent %d requests: %+v", len(all), all)
	}
}

func TestVariablesAreReadOnlyWhereSomebodyReadsThem(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	book := s.file(t, "site.yml", `
- addon_register: {name: a, provider: pg, details: {plan: dev}}
  register: a
- addon_register: {name: b, provider: pg, details: {plan: dev}}
  register: b
- addon_register: {name: c, provider: pg, details: {plan: xxs_sml, version: 15}}
- debug: {msg: "{{ a.addon_id }} {{ b.env.POSTGRESQL_ADDON_HOST }}"}
`)
	for range 2 {
		e.ResetJournal()
		if code, out, stderr := s.run("play", book); code != 0 {
			t.Fatalf("exit %d\n%s%s", code, out, stderr)
		}
	}
	lists, envs := 0, 0
	for _, r := range e.Journal() {
		if strings.HasSuffix(r.Path, "/env") {
			envs++
		} else {
			lists++
		}
	}
	if lists != 1 || envs != 2 {
		t.Errorf("%d lists and %d reads of variables, want 1 and 2: %+v", lists, envs, e.Journal())
	}
}

// TestNothingSecretIsShown plays with everything that can be asked for, and
// looks for values that nobody named.
func TestNothingSecretIsShown(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	book := s.file(t, "site.yml", `
- name: Order {{ 'it' }}
  addon_register: {name: db, provider: pg, details: {plan: dev}}
  register: db
- name: Order another, with credentials of its own
  addon_register:
    name: other
    provider: redis
    organisation: orga_test
    auth: {consumer_key: task-consumer, consumer_secret: task-consumer-secret, token: task-token, secret: task-token-secret}
    details: {plan: s_mono}
  register: other
- name: Show one
  debug: {msg: "host {{ db.env.POSTGRESQL_ADDON_HOST }}"}
- name: Fail with a secret at hand
  addon_register: {name: "x-{{ db.env.POSTGRESQL_ADDON_PASSWORD }}", provider: pg, details: {plan: "{{ other.env.REDIS_PASSWORD }}"}}
  ignore_errors: true
- name: Password {{ db.env.POSTGRESQL_ADDON_PASSWORD }}
  debug: {msg: nothing}
`)
	var all strings.Builder
	report := func(kind string) string { return kind + "=" + filepath.Join(s.dir, kind) }
	for _, args := range [][]string{{}, {"-v"}, {"-vv"}, {"-vvv"}, {"-vvvv", "--diff"}, {"--check", "--diff", "-vvvv"}} {
		args = append([]string{"play", book, "--report", report("json"), "--report", report("jsonl"), "--report", "text"}, args...)
		code, out, stderr := s.run(args...)
		if code != 0 {
			t.Fatalf("exit %d\n%s%s", code, out, stderr)
		}
		all.WriteString(out + stderr)
		for _, kind := range []string{"json", "jsonl"} {
			text, err := os.ReadFile(filepath.Join(s.dir, kind))
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
		for _, secret := range secretsOf(t, s, e) {
			if strings.Contains(all.String(), secret) {
				t.Fatalf("%v: %q is shown in\n%s", args, secret, all.String())
			}
		}
	}
	if !strings.Contains(all.String(), "********") {
		t.Error("nothing was masked, so nothing was tested")
	}
}

// secretsOf returns all credentials, and the values of all variables that the
// playbook does not name, as long as they are no common words.
func secretsOf(t *testing.T, s *shell, e *emulator.Emulator) []string {
	list := []string{"emulator-token-secret", "emulator-consumer-secret", "task-consumer-secret", "task-token-secret", "task-token", "emulator-token"}
	for _, owner := range append(e.Organisations(), e.User()) {
		for _, a := range e.Addons(owner) {
			_, out, _ := s.run("env", a.ID, "--format", "shell")
			_, named, _ := strings.Cut(out, "POSTGRESQL_ADDON_HOST='")
			named, _, _ = strings.Cut(named, "'")
			for line := range strings.Lines(out) {
				_, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				value = strings.Trim(value, "'")
				if len(value) >= 8 && !strings.Contains(named, value) {
					list = append(list, value)
				}
			}
		}
	}
	if len(list) < 10 {
		t.Fatalf("too little to look for: %v", list)
	}
	return list
}

// warned matches a warning with the lines that it points at.
var warned = regexp.MustCompile(`(?m)^warning: .*\n(?: +\d* \| ?.*\n)*`)

// TestBadPlaybooks holds validate and play to the same words, exit code 4 and no
// request, on every wrong playbook that there is. Only validate warns of all that
// could be better.
func TestBadPlaybooks(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../playbooks/testdata/bad/*.yml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d wrong playbooks: %v", len(files), err)
	}
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			code, out, validated := s.run("validate", file)
			if code != 4 || out != "" {
				t.Fatalf("validate: exit %d\n%s%s", code, out, validated)
			}
			validated = warned.ReplaceAllString(validated, "")
			code, out, played := s.run("play", file)
			played = warned.ReplaceAllString(played, "")
			if code != 4 || out != "" || played != validated {
				t.Errorf("play: exit %d\n%s%s\nvalidate says\n%s", code, out, played, validated)
			}
		})
	}
	if all := e.Journal(); len(all) != 0 {
		t.Errorf("requests were made: %+v", all)
	}
}
