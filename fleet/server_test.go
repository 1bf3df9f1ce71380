//go:build unix

package fleet_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

// A server is the server of workflows.
type server struct {
	address string
	store   []string // where it keeps its state, as options
	cmd     *exec.Cmd
	said    bytes.Buffer
}

// shared is the server of the tests that are not about it.
var shared struct {
	sync.Mutex
	server     *server
	namespaces atomic.Int32
}

// namespaces are as many as there may be tests.
func namespaces() (all []string) {
	for i := range 60 {
		all = append(all, fmt.Sprintf("test-%d", i))
	}
	return all
}

// devserver returns the development server, which .ci/run builds into its cache.
func devserver(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts a server of workflows")
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
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

// newServer starts a server for one test.
func newServer(t *testing.T) *server {
	t.Helper()
	devserver(t)
	s := &server{address: freeAddress(t), store: newStore(t, t.TempDir())}
	s.start(t)
	t.Cleanup(s.kill)
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

// start starts the server with the state that it had, and waits until it responds. It
// has the namespaces, or those of the tests.
func (s *server) start(t *testing.T, has ...string) {
	t.Helper()
	if has == nil {
		has = namespaces()
	}
	s.cmd = exec.Command(devserver(t), append([]string{"-address", s.address, "-namespaces", strings.Join(has, ",")}, s.store...)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	s.cmd.SysProcAttr = ofTest()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if c, err := client.Dial(client.Options{HostPort: s.address, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))}); err == nil {
			c.Close()
			return
		}
		if time.Now().After(until) {
			s.kill()
			t.Fatalf("the server does not respond:\n%s", s.said.String())
		}
	}
}

func (s *server) kill() { kill(s.cmd) }
