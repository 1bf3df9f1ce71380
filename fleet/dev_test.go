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

// TestOneMachine: one command runs a fleet, a second plays; Ctrl-C ends all of it; the
// next time schedules and plays are there again.
func TestOneMachine(t *testing.T) {
	s := newStage(t)
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	platform := httptest.NewServer(e)
	t.Cleanup(platform.Close)
	s.commit(map[string]string{"site.yml": "- hosts: localhost\n  tasks:\n    - addon_register: {name: db, provider: pg, details: {plan: dev}}\n"})
	home := t.TempDir()
	address, ui := freeAddress(t), freeAddress(t)
	write := func(name, text string) string {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	settings := write("fleet.yml", fmt.Sprintf("server: {address: %q, namespace: acme}\nprojects:\n  shop: {git: %q, credentials: shop, endpoint: %q}\nplaybooks:\n  - {project: shop, files: \"*.yml\", every: 6h}\n",
		address, s.repo, platform.URL))
	write(".local/state/runner/fleet/secrets/shop.env", "CLEVER_TOKEN=emulator-token\nCLEVER_SECRET=emulator-token-secret\nOAUTH_CONSUMER_KEY=emulator-consumer\nOAUTH_CONSUMER_SECRET=emulator-consumer-secret\n")
	command := func(args ...string) *exec.Cmd {
		c := exec.Command(s.program, append([]string{"--file", settings}, args...)...)
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}
		return c
	}
	begin := func() (*exec.Cmd, *console) {
		c, said := command("dev", "--server", devserver(t), "--ui", ui), &console{}
		c.Stdout, c.Stderr = said, said
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { kill(c) })
		s.eventually(time.Minute, "the worker plays", func() bool {
			return strings.Contains(said.String(), "a worker plays shop, 4 at a time")
		})
		return c, said
	}
	end := func(c *exec.Cmd, said *console) {
		t.Helper()
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err != nil {
			t.Errorf("it ended with %v:\n%s", err, said)
		}
		s.eventually(10*time.Second, "its server has ended", func() bool {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				conn.Close()
			}
			return err != nil
		})
	}

	first, said := begin()
	if out, err := command("run", "shop/site.yml").CombinedOutput(); err != nil || !strings.Contains(string(out), "1 changed") {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(said.String(), "+ create play/shop/site.yml every 6h") {
		t.Errorf("it did not apply fleet.yml:\n%s", said)
	}
	again, other := command("dev", "--server", devserver(t), "--ui", ui), &console{}
	again.Stdout, again.Stderr = other, other
	if err := again.Run(); err == nil || !strings.Contains(other.String(), "another program listens at "+address) {
		t.Errorf("a second one: %v\n%s", err, other)
	}
	end(first, said)

	second, said := begin()
	if !strings.Contains(said.String(), "0 to create, 0 to update, 0 to delete") {
		t.Errorf("the schedules were forgotten:\n%s", said)
	}
	s.eventually(10*time.Second, "the play of the last time is there", func() bool {
		out, err := command("status").CombinedOutput()
		return err == nil && strings.Contains(string(out), "play/shop/site.yml/")
	})
	end(second, said)
}
