//go:build unix

package fleet_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"runner/clever/emulator"
)

// A console is what a program wrote until now.
type console struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// A devMachine is one on which `runner fleet dev` runs.
type devMachine struct {
	*stage
	home, address, ui string
}

func newDevMachine(t *testing.T) *devMachine {
	t.Helper()
	s := newStage(t)
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	platform := httptest.NewServer(e)
	t.Cleanup(platform.Close)
	m := &devMachine{stage: s, home: t.TempDir(), address: freeAddress(t), ui: freeAddress(t)}
	s.settings = filepath.Join(m.home, "fleet.yml")
	s.write(s.settings, fmt.Sprintf("server: {address: %q, namespace: acme}\nprojects:\n  shop: {git: %q, credentials: shop, endpoint: %q}\nplaybooks:\n  - {project: shop, files: \"*.yml\", every: 6h}\n",
		m.address, s.repo, platform.URL))
	s.write(filepath.Join(m.home, ".local/state/runner/fleet/secrets/shop.env"), emulatorCredentials)
	return m
}

// command returns a command of runner fleet.
func (m *devMachine) command(args ...string) *exec.Cmd {
	c := exec.Command(m.program, append([]string{"--file", m.settings}, args...)...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + m.home}
	return c
}

func (m *devMachine) dev() (*exec.Cmd, *console) {
	c, said := m.command("dev", "--server", devserver(m.t), "--ui", m.ui), &console{}
	c.Stdout, c.Stderr = said, said
	return c, said
}

// begin starts `runner fleet dev`, and waits until it plays.
func (m *devMachine) begin() (*exec.Cmd, *console) {
	m.t.Helper()
	c, said := m.dev()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { kill(c) })
	m.eventually(time.Minute, "the worker plays", func() bool {
		return strings.Contains(said.String(), "a worker plays shop, 4 at a time")
	})
	return c, said
}

// end ends it as Ctrl-C does, and checks that its server ends with it.
func (m *devMachine) end(c *exec.Cmd, said *console) {
	m.t.Helper()
	if err := c.Process.Signal(os.Interrupt); err != nil {
		m.t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		m.t.Errorf("it ended with %v:\n%s", err, said)
	}
	m.eventually(10*time.Second, "its server has ended", func() bool {
		conn, err := net.Dial("tcp", m.address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

// TestOneMachine: one command runs a fleet, a second plays; Ctrl-C ends all of it; the
// next time schedules and plays are there again.
func TestOneMachine(t *testing.T) {
	m := newDevMachine(t)
	m.commit(map[string]string{"site.yml": "- hosts: localhost\n  tasks:\n    - addon_register: {name: db, provider: pg, details: {plan: dev}}\n"})
	first, said := m.begin()
	if out, err := m.command("run", "shop/site.yml").CombinedOutput(); err != nil || !strings.Contains(string(out), "1 changed") {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(said.String(), "+ create play/shop/site.yml every 6h") {
		t.Errorf("it did not apply fleet.yml:\n%s", said)
	}
	again, other := m.dev()
	if err := again.Run(); err == nil || !strings.Contains(other.String(), "another program listens at "+m.address) {
		t.Errorf("a second one: %v\n%s", err, other)
	}
	m.end(first, said)

	second, said := m.begin()
	if !strings.Contains(said.String(), "0 to create, 0 to update, 0 to delete") {
		t.Errorf("the schedules were forgotten:\n%s", said)
	}
	m.eventually(10*time.Second, "the play of the last time is there", func() bool {
		out, err := m.command("status").CombinedOutput()
		return err == nil && strings.Contains(string(out), "play/shop/site.yml/")
	})
	m.end(second, said)
}
