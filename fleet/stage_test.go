//go:build unix

package fleet_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/settings"
)

// A stage is a server of workflows, the emulator as the platform, a repository of
// playbooks, and workers, each a process of its own with a folder of its own, as on a
// machine of its own. A stage has a namespace of the server to itself.
type stage struct {
	t         *testing.T
	dir       string
	server    *server
	namespace string
	platform  *platform
	repo      string
	settings  string            // fleet.yml of the commands
	more      string            // what stands in each fleet.yml below server
	end       string            // and at its end
	secrets   map[string]string // the files of the workers' folders of secrets
	program   string
}

// built are the programs that tests build, each once.
var built struct {
	mu   sync.Mutex
	dir  string
	path map[string]string
}

// program returns runner-fleet, built with tags.
func program(t *testing.T, tags string) string {
	t.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if built.path == nil {
		dir, err := os.MkdirTemp("", "fleet-test-")
		if err != nil {
			t.Fatal(err)
		}
		built.dir, built.path = dir, map[string]string{}
	}
	if built.path[tags] == "" {
		path := filepath.Join(built.dir, "runner-fleet"+tags)
		if out, err := exec.Command("go", "build", "-tags", tags, "-o", path, "./runner-fleet").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		built.path[tags] = path
	}
	return built.path[tags]
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		shared.server.kill()
	}
	stopPostgres()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// newStage returns a stage with the server that tests share.
func newStage(t *testing.T) *stage {
	t.Helper()
	devserver(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		program(t, "")
		shared.server = &server{address: freeAddress(t), store: newStore(t, built.dir)}
		shared.server.start(t)
	}
	return newStageOn(t, shared.server)
}

// newStageOn returns a stage with a server.
func newStageOn(t *testing.T, on *server) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), server: on, program: program(t, ""), secrets: map[string]string{"shop.env": emulatorCredentials}}
	s.namespace = namespaces()[shared.namespaces.Add(1)-1]
	s.platform = newPlatform(t)
	s.repo = filepath.Join(s.dir, "shop.git")
	s.git("init", "-q", "-b", "main", s.repo)
	s.declare("  []\n")
	return s
}

const emulatorCredentials = "CLEVER_TOKEN=emulator-token\nCLEVER_SECRET=emulator-token-secret\nOAUTH_CONSUMER_KEY=emulator-consumer\nOAUTH_CONSUMER_SECRET=emulator-consumer-secret\n"

// kill ends a process at once.
func kill(c *exec.Cmd) {
	if c.ProcessState == nil {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		_ = c.Wait()
	}
}

// bound returns how long something may take that is to take at most d, with the machine
// otherwise idle: where it is not, it is measured for the log only.
func bound(d time.Duration) time.Duration {
	var load float64
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(text), &load)
	}
	if load > 1.5*float64(runtime.NumCPU()) {
		return 4 * d
	}
	return d
}

func (s *stage) eventually(within time.Duration, what string, holds func() bool) {
	s.t.Helper()
	for until := time.Now().Add(within); !holds(); time.Sleep(20 * time.Millisecond) {
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
		s.write(filepath.Join(s.repo, name), text)
	}
	s.git("-C", s.repo, "add", ".")
	s.git("-C", s.repo, "commit", "--allow-empty", "-qm", "playbooks")
}

func (s *stage) write(path, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// declare writes the fleet.yml of the commands, with what stands below playbooks.
func (s *stage) declare(playbooks string) {
	s.t.Helper()
	s.settings = filepath.Join(s.dir, "fleet.yml")
	s.write(s.settings, s.fleetYAML(s.server.address, s.dir, playbooks))
}

// fleetYAML returns settings for a machine that keeps things in a folder.
func (s *stage) fleetYAML(server, dir, playbooks string) string {
	vault := ""
	if s.secrets["shop.vault"] != "" {
		vault = ", vault: [shop]"
	}
	return fmt.Sprintf("server: {address: %q, namespace: %s%s}\nprojects:\n  shop: {git: %q, credentials: shop, endpoint: %q%s}\nworker: {folder: %q, secrets: %q}\nplaybooks:\n%s%s",
		server, s.namespace, s.more, s.repo, platformURL, vault, filepath.Join(dir, "worker"), filepath.Join(dir, "worker", "secrets"), playbooks, s.end)
}

// A machine is a worker and where it keeps things.
type machine struct {
	*exec.Cmd
	name, dir string
	log       *os.File
}

// worker starts a worker, on a machine of its own.
func (s *stage) worker(name string, slots int) *machine {
	s.t.Helper()
	m := s.newMachine(name, s.server.address, s.platform.gateway(name, "127.0.0.1:0"))
	s.launch(m, s.program, slots)
	return m
}

// newMachine prepares a machine that reaches the server at an address, and the platform
// through a gateway.
func (s *stage) newMachine(name, server, gateway string) *machine {
	s.t.Helper()
	m := &machine{name: name, dir: filepath.Join(s.dir, name)}
	s.write(filepath.Join(m.dir, "fleet.yml"), s.fleetYAML(server, m.dir, "  []\n"))
	for file, text := range s.secrets {
		s.write(filepath.Join(m.dir, "worker", "secrets", file), text)
	}
	m.Cmd = &exec.Cmd{Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + m.dir, "HTTP_PROXY=http://" + gateway}}
	var err error
	if m.log, err = os.Create(filepath.Join(m.dir, "log")); err != nil {
		s.t.Fatal(err)
	}
	return m
}

// launch starts the worker of a machine, perhaps by another program.
func (s *stage) launch(m *machine, program string, slots int, by ...string) {
	s.t.Helper()
	s.launchFor(m, program, "shop", slots, by...)
}

// launchFor starts the worker of a machine for a queue.
func (s *stage) launchFor(m *machine, program, queue string, slots int, by ...string) {
	s.t.Helper()
	args := slices.Concat(by, []string{program, "--file", filepath.Join(m.dir, "fleet.yml"), "worker", "--queue", queue, "--name", m.name, "--slots", fmt.Sprint(slots)})
	c := exec.Command(args[0], args[1:]...)
	c.Env, c.Stdout, c.Stderr = m.Env, m.log, m.log
	s.start(c)
	m.Cmd = c
	s.t.Cleanup(func() {
		text, _ := os.ReadFile(m.log.Name())
		if strings.Contains(string(text), "unhandled signals") {
			s.t.Error("a workflow ended without taking a signal")
		}
		if s.t.Failed() {
			s.t.Logf("%s:\n%s", m.name, text)
		}
	})
}

// start starts a process that ends with the test.
func (s *stage) start(c *exec.Cmd) {
	s.t.Helper()
	c.SysProcAttr = ofTest()
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { kill(c) })
}

// signal sends a signal to the worker.
func (s *stage) signal(m *machine, sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(-m.Process.Pid, sig); err != nil {
		s.t.Fatal(err)
	}
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
	file, err := settings.Read(s.settings)
	if err != nil {
		s.t.Fatal(err)
	}
	c, data, err := control.Dial(context.Background(), file.Server, nil, slog.New(slog.DiscardHandler))
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

// play starts a play and returns its id.
func (s *stage) play(fleet *control.Fleet, j flow.Job) string {
	s.t.Helper()
	id, err := fleet.Start(context.Background(), j)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// outcome waits for the end of a play.
func (s *stage) outcome(c client.Client, id string) flow.Outcome {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var o flow.Outcome
	if err := c.GetWorkflow(ctx, id, "").Get(ctx, &o); err != nil {
		s.t.Errorf("%s: %v", id, err)
	}
	return o
}
