package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"runner/clever/emulator"
	"runner/clever/emulator/databases"
	"runner/cmd"
	"runner/cmd/ui"
	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

// asVendor makes this test program the vendor's.
const asVendor = "VENDOR_POSTGRES_TEST_PROCESS"

// A host is the PostgreSQL of all tests.
type host struct {
	databases *databases.Databases
	dir       string
	admin     string // its URL
	lacks     string // why there is none; "": there is
}

var shared = sync.OnceValues(startHost)

func TestMain(m *testing.M) {
	switch name := filepath.Base(os.Args[0]); {
	case os.Getenv(asVendor) != "", name == "vendor-postgres":
		main()
		os.Exit(0)
	case name == "runner":
		os.Exit(cmd.Main())
	}
	code := m.Run()
	if h, err := shared(); err == nil && h.databases != nil {
		if err := errors.Join(h.databases.Close(), os.RemoveAll(h.dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// startHost starts a server with the emulator's means: it has them for add-ons of
// its own.
func startHost() (*host, error) {
	ctx := context.Background()
	h := &host{}
	var err error
	// Making a database is making three hundred files: in memory, where there is such
	// a place, it takes a twentieth of the time.
	if h.dir, err = os.MkdirTemp("/dev/shm", "vendor-postgres-"); err != nil {
		h.dir, err = os.MkdirTemp("", "vendor-postgres-")
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(h.dir, 0o711); err != nil {
		return nil, err
	}
	data := filepath.Join(h.dir, "databases")
	h.databases, err = databases.Open(ctx, databases.Options{Dir: data, Warn: func(text string) {
		if strings.Contains(text, "PostgreSQL") {
			h.lacks = text
		}
	}})
	if err != nil || h.lacks != "" {
		return h, err
	}
	facts, err := h.databases.Backings()["postgresql-addon"].Ensure(ctx, emulator.Instance{
		Facts: map[string]string{"user": "ufirst", "database": "bfirst", "password": "none"}})
	if err != nil {
		return nil, err
	}
	line, err := os.ReadFile(filepath.Join(data, "postgres.pgpass"))
	if err != nil {
		return nil, err
	}
	password := strings.TrimSpace(strings.TrimPrefix(string(line), "*:*:*:*:"))
	h.admin = "postgresql://postgres:" + password + "@" + facts["host"] + ":" + facts["port"] + "/postgres?sslmode=require"
	return h, nil
}

// server returns the server's URL, and skips where there is none.
func server(t *testing.T) string {
	t.Helper()
	h, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	if h.lacks != "" {
		t.Skip(h.lacks)
	}
	return h.admin
}

// ask asks a server for one value, as a text.
func ask(t *testing.T, url, query string) (string, error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.Background())
	var value string
	err = conn.QueryRow(t.Context(), query).Scan(&value)
	return value, err
}

// A stall is a vendor's program that runs, and the manifest that leads to it.
type stall struct {
	*exec.Cmd
	dir      string
	manifest string // the file
	m        *manifest.Manifest
	stderr   *bytes.Buffer
}

// written writes the manifest of a dialect, whose back-end is at an address.
func written(t *testing.T, d manifest.Dialect, dir, address string) string {
	t.Helper()
	file := filepath.Join(dir, "addon-manifest.json")
	text, err := os.ReadFile(file)
	if err != nil {
		if text, err = manifest.Create(d, "pgshop"); err != nil {
			t.Fatal(err)
		}
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	api := v["api"].(map[string]any)
	api["config_vars"] = []string{"PGSHOP_URL", "PGSHOP_HOST", "PGSHOP_PORT", "PGSHOP_USER", "PGSHOP_PASSWORD", "PGSHOP_DATABASE"}
	for site, root := range map[string]string{"production": "https://pgshop.example.com", "test": "http://" + address} {
		api[site] = map[string]string{"base_url": root + "/market/resources", "sso_url": root + "/market/sso"}
	}
	if d.Heroku() {
		api["requires"] = []string{"many_per_app"}
	}
	if text, err = json.MarshalIndent(v, "", "  "); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// start starts the vendor's program in a folder, where its manifest and its data
// stay.
func start(t *testing.T, d manifest.Dialect, dir, postgres string, flags ...string) *stall {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &stall{dir: dir, manifest: written(t, d, dir, "127.0.0.1:1"), stderr: &bytes.Buffer{}}
	s.Cmd = exec.Command(self, append([]string{"--listen", "127.0.0.1:0", "--env", "test", "--dialect", string(d)}, flags...)...)
	s.Dir, s.Stderr = dir, s.stderr
	s.Env = append(os.Environ(), asVendor+"=1", "VENDOR_POSTGRES="+postgres)
	stdout, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.end(t) })
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	_, address, ok := strings.Cut(strings.TrimSpace(line), "http://")
	if !ok {
		_ = s.Wait()
		t.Fatalf("the vendor's program says %q\n%s", line, s.stderr)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	text, err := os.ReadFile(written(t, d, dir, address))
	if err != nil {
		t.Fatal(err)
	}
	s.m, _ = manifest.Read(text, manifest.Options{Dialect: d, Loopback: true})
	return s
}

// end ends it as a vendor does, and holds it to end well.
func (s *stall) end(t *testing.T) {
	t.Helper()
	if s.ProcessState != nil {
		return
	}
	_ = s.Process.Signal(syscall.SIGTERM)
	if err := s.Wait(); err != nil {
		t.Errorf("it ended with %v\n%s", err, s.stderr)
	}
}

// runner runs a command of runner's.
func runner(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	p := cmd.Program{Streams: ui.Streams{In: strings.NewReader(""), Out: &out, Err: &problems, Getenv: func(string) string { return "" }}, Args: append([]string{"runner"}, args...)}
	code = p.Run(t.Context())
	return code, out.String(), problems.String()
}

// TestVendorTest: runner's tester finds nothing in any dialect, and afterwards
// there is nothing left in the server.
func TestVendorTest(t *testing.T) {
	t.Parallel()
	admin := server(t)
	t.Run("dialects", func(t *testing.T) {
		t.Run("slow", func(t *testing.T) { // the longest first
			t.Parallel()
			tested(t, manifest.HerokuV3, admin, true)
		})
		for _, d := range manifest.Dialects() {
			t.Run(string(d), func(t *testing.T) {
				t.Parallel()
				tested(t, d, admin, false)
			})
		}
	})
	if n, err := ask(t, admin, left); err != nil || n != "0 0" {
		t.Errorf("roles and databases that are left: %s, %v", n, err)
	}
}

// skipped are the checks that make no sense here, with the words that say why.
var skipped = map[string]string{
	"K19": "this back-end is not slow", "N94": "this back-end is not slow", "N95": "this back-end is not slow", "K29": "does not require", "K30": "does not require",
	"K40": "not asked for", "K41": "not asked for", "N86": "not asked for",
	"N44": "on this machine", "N90": "on this machine", "N58": "cannot be repeated after a change",
}

// skippedSlow are those that need at once what a slow provider delivers later.
var skippedSlow = map[string]string{
	"N43": "no variables to compare", "N45": "no variables to compare", "N46": "no variables to compare", "N96": "this back-end is slow", "N59": "this back-end is slow",
}

// notFollowed are the advices that this back-end does not follow, with the reason.
var notFollowed = map[string]string{
	"K12": "it is tested on this machine, over http", "K13": "it is tested on this machine, over http",
	"N37": "how long answers take says more of this machine",
}

func tested(t *testing.T, d manifest.Dialect, admin string, slow bool) {
	t.Helper()
	var flags []string
	args := []string{"vendor", "test", "", "--dialect", string(d), "--plan", "small", "--other-plan", "large", "--report", "json",
		"--callback-listen", "127.0.0.1:0", "--run", `test "$(psql -X -w -A -t "$PGSHOP_URL" -c 'select current_user')" = "$PGSHOP_USER"`}
	if slow {
		flags = []string{"--slow"}
	}
	s := start(t, d, t.TempDir(), admin, flags...)
	args[2] = s.manifest
	code, out, stderr := runner(t, args...)
	var report conformance.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 {
		t.Errorf("exit %d, %v\n%s", code, err, stderr)
	}
	for _, r := range report.Breaches() {
		if reason, known := notFollowed[r.ID]; known && r.Status == conformance.Advised {
			t.Logf("%s: %s: %s", r.ID, r.Came, reason)
			continue
		}
		t.Errorf("%s %s: %s: want %s, came %s, sent %v", r.ID, r.Title, r.Status, r.Expected, r.Came, r.Sent)
	}
	for _, r := range report.Results {
		reason, known := skipped[r.ID]
		if !known && slow {
			reason, known = skippedSlow[r.ID]
		}
		if r.Status == conformance.Skipped && (!known || !strings.Contains(r.Came, reason)) {
			t.Errorf("%s %s is skipped: %s", r.ID, r.Title, r.Came)
		}
	}
	s.end(t)
	for _, secret := range s.m.Secrets() {
		if strings.Contains(s.stderr.String(), secret) {
			t.Error("the log holds a secret of the manifest")
		}
	}
}
