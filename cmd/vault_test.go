package cmd_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/playbooks/vault"
)

var (
	oldSecret = vault.Secret{Label: vault.DefaultLabel, Password: []byte("correct horse")}
	newSecret = vault.Secret{Label: vault.DefaultLabel, Password: []byte("battery staple")}
)

// sealedFile makes a vaulted file in the shell's folder, with both passwords beside it.
func (s *shell) sealedFile(t *testing.T, name string, plain []byte) string {
	t.Helper()
	s.file(t, "old", string(oldSecret.Password))
	s.file(t, "new", string(newSecret.Password))
	sealed, err := vault.Encrypt(plain, oldSecret)
	if err != nil {
		t.Fatal(err)
	}
	return s.file(t, name, string(sealed))
}

// opened returns what a vaulted file holds, and which password opened it.
func opened(t *testing.T, path string) (plain []byte, by string) {
	t.Helper()
	sealed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	plain, with, err := vault.NewKeyring(oldSecret, newSecret).Decrypt(sealed)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return plain, string(with.Password)
}

// TestKilledRekey kills a rekey at points from its start to after its end: the file
// is the old one or the new one.
func TestKilledRekey(t *testing.T) {
	t.Parallel()
	plain := bytes.Repeat([]byte("password: hunter2\n"), 100_000)
	s := newShell(t)
	path := s.sealedFile(t, "secrets.yml", plain)
	sealed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	beside := func() []os.FileInfo {
		var all []os.FileInfo
		names, _ := filepath.Glob(filepath.Join(s.dir, ".secrets.yml.*"))
		for _, name := range names {
			if info, err := os.Stat(name); err == nil {
				all = append(all, info)
			}
		}
		return all
	}
	points := map[string]func() bool{
		"at once":               func() bool { return true },
		"as it begins to write": func() bool { return len(beside()) > 0 },
		"while it writes":       func() bool { b := beside(); return len(b) > 0 && b[0].Size() > 0 },
		"having written all":    func() bool { b := beside(); return len(b) > 0 && b[0].Size() >= int64(len(sealed)) },
		"having replaced it": func() bool {
			now, err := os.Stat(path)
			return err == nil && !os.SameFile(now, first)
		},
	}
	for name, reached := range points {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, sealed, 0o600); err != nil {
				t.Fatal(err)
			}
			if first, err = os.Stat(path); err != nil {
				t.Fatal(err)
			}
			c := s.process(t, "vault", "rekey", "--vault-password-file", "old", "--new-vault-password-file", "new", "secrets.yml")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() { defer close(ended); _ = c.Wait() }()
			for running := true; running && !reached(); {
				select {
				case <-ended:
					running = false
				default:
					runtime.Gosched()
				}
			}
			_ = c.Process.Kill()
			<-ended
			got, by := opened(t, path)
			if !bytes.Equal(got, plain) {
				t.Errorf("it holds %d bytes, want %d", len(got), len(plain))
			}
			t.Logf("killed, the file is of %q, with %d files beside it", by, len(beside()))
			for _, b := range beside() {
				if err := os.Remove(filepath.Join(s.dir, b.Name())); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestKilledEdit kills vault edit while its editor runs, with and without something
// written: the file stays the old one, and the next edit clears what was left.
func TestKilledEdit(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	path := s.sealedFile(t, "secrets.yml", []byte("a: b\n"))
	memory := filepath.Join(s.dir, "memory")
	if err := os.Mkdir(memory, 0o700); err != nil {
		t.Fatal(err)
	}
	s.env["XDG_RUNTIME_DIR"] = memory
	for _, editor := range []string{"kill -9 $PPID", "echo c: d >>\"$1\"; kill -9 $PPID"} {
		s.env["EDITOR"] = s.script(t, "editor", editor)
		c := s.process(t, "vault", "edit", "--vault-password-file", "old", "secrets.yml")
		_ = c.Run()
		if status := c.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
			t.Fatalf("it was not killed: %v", c.ProcessState)
		}
		if plain, _ := opened(t, path); string(plain) != "a: b\n" {
			t.Errorf("the file holds %q", plain)
		}
	}
	s.env["EDITOR"] = "true"
	if out, err := s.process(t, "vault", "edit", "--vault-password-file", "old", "secrets.yml").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if left, err := os.ReadDir(memory); len(left) > 0 || err != nil {
		t.Errorf("left %v, %v", left, err)
	}
}

// script makes a program for /bin/sh.
func (s *shell) script(t *testing.T, name, text string) string {
	t.Helper()
	path := s.file(t, name, "#!/bin/sh\n"+text+"\n")
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEditSignals: a signal ends the editing; the file is as it was, and the plain
// copy is gone, even if the editor does not care.
func TestEditSignals(t *testing.T) {
	t.Parallel()
	for name, editor := range map[string]string{
		"an editor that ends": `echo c: d >>"$1"; echo ready; exec sleep 600`,
		"one that goes on":    `trap "" TERM HUP INT; echo c: d >>"$1"; echo ready; while :; do sleep 600; done`,
	} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
			t.Run(name+" "+sig.String(), func(t *testing.T) {
				t.Parallel()
				s := newShell(t)
				path := s.sealedFile(t, "secrets.yml", []byte("a: b\n"))
				s.env["XDG_RUNTIME_DIR"] = t.TempDir()
				s.env["EDITOR"] = s.script(t, "editor", editor)
				c := s.process(t, "vault", "edit", "--vault-password-file", "old", "secrets.yml")
				out, err := c.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				var stderr bytes.Buffer
				c.Stderr = &stderr
				c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
				if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
					t.Fatalf("%q, %v", line, err)
				}
				if err := c.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				state, err := c.Process.Wait()
				if err != nil {
					t.Fatal(err)
				}
				if state.ExitCode() != 130 {
					t.Errorf("ended with %v", state)
				}
				if plain, _ := opened(t, path); string(plain) != "a: b\n" {
					t.Errorf("the file holds %q", plain)
				}
				if left, err := os.ReadDir(s.env["XDG_RUNTIME_DIR"]); len(left) > 0 || err != nil {
					t.Errorf("left %v, %v", left, err)
				}
			})
		}
	}
}

// TestVaultOnFullDisk: where there is no room the file stays as it was, nothing is
// left beside it, and what was edited is kept elsewhere.
func TestVaultOnFullDisk(t *testing.T) {
	t.Parallel()
	plain := bytes.Repeat([]byte("password: hunter2\n"), 1000)
	tests := map[string][]string{
		"encrypt": {"vault", "encrypt", "--vault-password-file", "old", "plain.yml"},
		"decrypt": {"vault", "decrypt", "--vault-password-file", "old", "secrets.yml"},
		"rekey":   {"vault", "rekey", "--vault-password-file", "old", "--new-vault-password-file", "new", "secrets.yml"},
		"output":  {"vault", "decrypt", "--vault-password-file", "old", "--output", "plain.yml", "secrets.yml"},
		"string":  {"vault", "encrypt_string", "--vault-password-file", "old", "--output", "plain.yml", strings.Repeat("x", 3000)},
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			s.sealedFile(t, "secrets.yml", plain)
			s.file(t, "plain.yml", string(plain))
			before := s.files(t)
			out, err := s.cramped(t, args...).CombinedOutput()
			if err == nil {
				t.Errorf("succeeded\n%s", out)
			}
			if !strings.Contains(string(out), "cannot be written and stays as it was: file too large") || strings.Count(string(out), "\n") != 1 {
				t.Errorf("printed\n%s", out)
			}
			if diff := cmp.Diff(before, s.files(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// cramped makes a process that can write no file larger than a few blocks: to it, a
// disk that is nearly full.
func (s *shell) cramped(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	c := s.process(t, args...)
	c.Args = append([]string{"sh", "-c", `ulimit -f 4; exec "$@"`, "sh", s.link(t)}, args...)
	c.Path = "/bin/sh"
	return c
}

// link returns a path of this program that has runner's name.
func (s *shell) link(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "runner")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// files returns what the shell's folder holds.
func (s *shell) files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(s.dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = fmt.Sprintf("%s %s", info.Mode(), data)
	}
	return all
}

// TestEditOnFullDisk mounts a disk that is too small, where that is allowed.
func TestEditOnFullDisk(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", s.dir).CombinedOutput(); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", s.dir).Run() })
	path := s.sealedFile(t, "secrets.yml", []byte("a: b\n"))
	before := s.files(t)
	elsewhere := t.TempDir()
	s.env["XDG_RUNTIME_DIR"] = elsewhere
	much := strings.Repeat("password: hunter2\n", 2000)
	text := filepath.Join(elsewhere, "text")
	if err := os.WriteFile(text, []byte(much), 0o600); err != nil {
		t.Fatal(err)
	}
	s.env["EDITOR"] = "cp " + text
	out, err := s.process(t, "vault", "edit", "--vault-password-file", "old", "secrets.yml").CombinedOutput()
	_, kept, ok := strings.Cut(strings.TrimSpace(string(out)), "; what you wrote is kept, vaulted, in ")
	if err == nil || !ok || !strings.Contains(string(out), "no space left on device") {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(before, s.files(t)); diff != "" {
		t.Error(diff)
	}
	if plain, _ := opened(t, path); string(plain) != "a: b\n" {
		t.Errorf("the file holds %q", plain)
	}
	if plain, _ := opened(t, kept); string(plain) != much {
		t.Errorf("kept %d bytes, want %d", len(plain), len(much))
	}
}
