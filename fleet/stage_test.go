//go:build unix

package fleet_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"runner/clever/emulator"
	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/settings"
)

// A stage is a server of workflows, the emulator as the platform, a repository of
// playbooks, and workers, each a process of its own.
type stage struct {
	t        *testing.T
	dir      string
	address  string // of the server
	server   *exec.Cmd
	store    []string // where the server keeps its state, as options
	platform *platform
	repo     string
	settings string // fleet.yml
	program  string
}

// programs builds runner-fleet and finds the development server, once.
var programs = sync.OnceValues(func() (map[string]string, error) {
	dir, err := os.MkdirTemp("", "fleet-test-")
	if err != nil {
		return nil, err
	}
	built := filepath.Join(dir, "runner-fleet")
	if out, err := exec.Command("go", "build", "-o", built, "./runner-fleet").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return map[string]string{"runner-fleet": built, "dir": dir}, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	stopPostgres()
	if found, err := programs(); err == nil {
		_ = os.RemoveAll(found["dir"])
	}
	os.Exit(code)
}

// devserver returns the development server, which .ci/run builds into its cache.
func devserver(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	for _, path := range []string{os.Getenv("RUNNER_FLEET_DEVSERVER"), filepath.Join(cache, "runner-ci", "fleet-devserver")} {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	t.Skip("there is no development server: go -C devserver build -o ~/.cache/runner-ci/fleet-devserver .")
	return ""
}

func newStage(t *testing.T) *stage {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts a server of workflows")
	}
	server := devserver(t)
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	found, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, dir: t.TempDir(), program: found["runner-fleet"]}
	s.address = freeAddress(t)
	s.platform = newPlatform(t)
	s.repo = filepath.Join(s.dir, "shop.git")
	s.git("init", "-q", "-b", "main", s.repo)
	s.store = newStore(t, s.dir)
	s.startServer(server)
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startServer starts the server of workflows with the state that it had.
func (s *stage) startServer(path string) {
	s.t.Helper()
	s.server = exec.Command(path, append([]string{"-address", s.address}, s.store...)...)
	var said bytes.Buffer
	s.server.Stdout, s.server.Stderr = &said, &said
	s.start(s.server)
	s.eventually(time.Minute, "the server answers", func() bool {
		c, err := net.DialTimeout("tcp", s.address, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// start starts a process that ends with the test.
func (s *stage) start(c *exec.Cmd) {
	s.t.Helper()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { kill(c) })
}

// kill ends a process at once.
func kill(c *exec.Cmd) {
	if c.ProcessState == nil {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		_ = c.Wait()
	}
}

func (s *stage) eventually(within time.Duration, what string, holds func() bool) {
	s.t.Helper()
	for until := time.Now().Add(within); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			s.t.Fatalf("after %v it does not hold that %s", within, what)
		}
	}
}

// git runs git, as somebody.
func (s *stage) git(args ...string) {
	s.t.Helper()
	c := exec.Command("git", args...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.test",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.test"}
	if out, err := c.CombinedOutput(); err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// commit writes playbooks and commits them.
func (s *stage) commit(files map[string]string) {
	s.t.Helper()
	for name, text := range files {
		path := filepath.Join(s.repo, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	s.git("-C", s.repo, "add", ".")
	s.git("-C", s.repo, "commit", "-qm", "playbooks")
}

// declare writes fleet.yml, with what stands below playbooks, and the worker's secrets.
func (s *stage) declare(playbooks string) {
	s.t.Helper()
	secrets := filepath.Join(s.dir, "secrets")
	if err := os.MkdirAll(secrets, 0o700); err != nil {
		s.t.Fatal(err)
	}
	credentials := "CLEVER_TOKEN=emulator-token\nCLEVER_SECRET=emulator-token-secret\nOAUTH_CONSUMER_KEY=emulator-consumer\nOAUTH_CONSUMER_SECRET=emulator-consumer-secret\n"
	text := fmt.Sprintf("server: {address: %q}\nprojects:\n  shop: {git: %q, credentials: shop, endpoint: %q}\nworker: {folder: %q, secrets: %q}\nplaybooks:\n%s",
		s.address, s.repo, s.platform.URL, filepath.Join(s.dir, "worker"), secrets, playbooks)
	s.settings = filepath.Join(s.dir, "fleet.yml")
	for path, text := range map[string]string{filepath.Join(secrets, "shop.env"): credentials, s.settings: text} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

// worker starts a worker; it has a folder of its own, as on a machine of its own.
func (s *stage) worker(name string, slots int) *exec.Cmd {
	s.t.Helper()
	c := exec.Command(s.program, "--file", s.settings, "worker", "--queue", "shop", "--name", name, "--slots", fmt.Sprint(slots))
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
	log, err := os.Create(filepath.Join(s.dir, name+".log"))
	if err != nil {
		s.t.Fatal(err)
	}
	c.Stdout, c.Stderr = log, log
	s.start(c)
	s.t.Cleanup(func() {
		if s.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			s.t.Logf("%s:\n%s", name, text)
		}
	})
	return c
}

// run runs a command of runner fleet and returns its exit code and what it prints.
func (s *stage) run(args ...string) (int, string) {
	s.t.Helper()
	c := exec.Command(s.program, append([]string{"--file", s.settings}, args...)...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
	out, _ := c.CombinedOutput()
	return c.ProcessState.ExitCode(), string(out)
}

// fleet connects with the server.
func (s *stage) fleet() *control.Fleet {
	s.t.Helper()
	c, data, err := control.Dial(context.Background(), settings.Server{Address: s.address, Namespace: "default"}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return &control.Fleet{Client: c, Data: data}
}

// job is a playbook of the repository, played now.
func job(playbook string) flow.Job {
	return flow.Job{Project: "shop", Playbook: playbook, Ref: "main", Queue: "shop"}
}

// outcome waits for the end of a play.
func (s *stage) outcome(c client.Client, id string) flow.Outcome {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var o flow.Outcome
	if err := c.GetWorkflow(ctx, id, "").Get(ctx, &o); err != nil {
		s.t.Errorf("%s: %v", id, err)
	}
	return o
}

// A platform is the emulator behind a socket, with a record of who wrote when.
type platform struct {
	*emulator.Emulator
	URL string

	mu     sync.Mutex
	writes []write
}

// A write is a request that may have changed something.
type write struct {
	began, ended time.Time
	path, body   string
}

// thinks is how long the platform takes for each response.
const thinks = 150 * time.Millisecond

func newPlatform(t *testing.T) *platform {
	t.Helper()
	e, err := emulator.New(emulator.Options{Latency: thinks})
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{Emulator: e}
	server := httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

func (p *platform) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		p.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	began := time.Now()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.writes = append(p.writes, write{began, time.Now(), r.URL.Path, string(body)})
	}()
	p.ServeHTTP(w, r)
}

// names returns the names of all add-ons, sorted.
func (p *platform) names() []string {
	var names []string
	for _, a := range p.Addons(p.User()) {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	return names
}

// countWrites returns how many writes there were.
func (p *platform) countWrites() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.writes)
}

// orders is a playbook of n databases, one after the other.
func orders(name string, n int) string {
	var b strings.Builder
	b.WriteString("- hosts: localhost\n  strategy: linear\n  tasks:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - addon_register: {name: %s-%d, provider: pg, details: {plan: dev}}\n", name, i)
	}
	return b.String()
}
