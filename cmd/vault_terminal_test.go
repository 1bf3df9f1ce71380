//go:build linux

package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A user at a terminal: what the program prints is read, what it asks is answered.
type terminalUser struct {
	screen *os.File
	seen   strings.Builder
}

// sit starts a program on a terminal of its own.
func sit(t *testing.T, c *exec.Cmd) *terminalUser {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	if err := screen.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil { // rather than to hang
		t.Fatal(err)
	}
	var number, unlocked int32
	ioctl(t, screen, syscall.TIOCSPTLCK, &unlocked)
	ioctl(t, screen, syscall.TIOCGPTN, &number)
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	if c.Stdin == nil {
		c.Stdin = tty
	}
	c.Stdout, c.Stderr = tty, tty
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	_ = tty.Close()
	return &terminalUser{screen: screen}
}

func ioctl(t *testing.T, f *os.File, request uintptr, value *int32) {
	t.Helper()
	conn, err := f.SyscallConn() // Fd would make reads that nothing can end
	if err != nil {
		t.Fatal(err)
	}
	var errno syscall.Errno
	err = conn.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(value)))
	})
	if err != nil || errno != 0 {
		t.Skip("no terminals here:", err, errno)
	}
}

// waitFor reads until a text was printed after what was read before.
func (p *terminalUser) waitFor(t *testing.T, text string) {
	t.Helper()
	before := p.seen.Len()
	for buf := make([]byte, 1); !strings.HasSuffix(p.seen.String()[before:], text); {
		if _, err := p.screen.Read(buf); err != nil {
			t.Fatalf("%v, before %q was printed; seen\n%s", err, text, p.seen.String())
		}
		p.seen.Write(buf)
	}
}

func (p *terminalUser) types(t *testing.T, text string) {
	t.Helper()
	if _, err := p.screen.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// leaves reads what is printed up to the end.
func (p *terminalUser) leaves(c *exec.Cmd) (code int, seen string) {
	for buf := make([]byte, 1024); ; {
		n, err := p.screen.Read(buf)
		p.seen.Write(buf[:n])
		if err != nil {
			break // the program is gone, or too slow
		}
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	return c.ProcessState.ExitCode(), strings.ReplaceAll(p.seen.String(), "\r\n", "\n")
}

func TestPasswordsAreTyped(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	path := s.file(t, "secrets.yml", "a: b\n")
	c := s.process(t, "vault", "encrypt", "secrets.yml")
	p := sit(t, c)
	p.waitFor(t, "New vault password: ")
	p.types(t, "correct horse\n")
	p.waitFor(t, "Confirm new vault password: ")
	p.types(t, "correct horse\n")
	code, seen := p.leaves(c)
	if want := "New vault password: \nConfirm new vault password: \n1 text encrypted\n"; code != 0 || seen != want {
		t.Errorf("exit %d, seen\n%s\nwant\n%s", code, seen, want)
	}
	if plain, _ := opened(t, path); string(plain) != "a: b\n" {
		t.Errorf("it holds %q", plain)
	}

	s.env["PAGER"] = "sed s/^/paged:/"
	c = s.process(t, "vault", "view", "--vault-id", "prod@prompt", "secrets.yml")
	p = sit(t, c)
	p.waitFor(t, "Vault password (prod): ")
	p.types(t, "correct horse\n")
	code, seen = p.leaves(c)
	if want := "Vault password (prod): \npaged:a: b\n"; code != 0 || seen != want {
		t.Errorf("exit %d, seen\n%s\nwant\n%s", code, seen, want)
	}
}

func TestTypedPasswordsThatDiffer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ first, second, want string }{
		"two":     {"correct horse\n", "battery staple\n", "error: the two passwords differ; nothing was done\n"},
		"nothing": {"\n", "", "error: the vault password must not be empty\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			path := s.file(t, "secrets.yml", "a: b\n")
			c := s.process(t, "vault", "encrypt", "-J", "secrets.yml")
			p := sit(t, c)
			p.waitFor(t, "New vault password: ")
			p.types(t, test.first)
			if test.second != "" {
				p.waitFor(t, "Confirm new vault password: ")
				p.types(t, test.second)
			}
			code, seen := p.leaves(c)
			if code != 1 || !strings.HasSuffix(seen, "\n"+test.want) {
				t.Errorf("exit %d, seen\n%s\nwant\n%s", code, seen, test.want)
			}
			if text, err := os.ReadFile(path); string(text) != "a: b\n" {
				t.Errorf("the file holds %q, %v", text, err)
			}
		})
	}
}

// TestPasswordIsTypedBesideAPipe: standard input is the text, the terminal is for
// the password.
func TestPasswordIsTypedBesideAPipe(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	c := s.process(t, "vault", "encrypt", "--output", "sealed")
	c.Stdin = strings.NewReader("a: b\n")
	p := sit(t, c)
	for _, question := range []string{"New vault password: ", "Confirm new vault password: "} {
		p.waitFor(t, question)
		p.types(t, "correct horse\n")
	}
	if code, seen := p.leaves(c); code != 0 {
		t.Fatalf("exit %d, seen\n%s", code, seen)
	}
	if plain, _ := opened(t, filepath.Join(s.dir, "sealed")); string(plain) != "a: b\n" {
		t.Errorf("it holds %q", plain)
	}
}

// TestInterruptedQuestion: the terminal shows again what is typed, and the exit code says why.
func TestInterruptedQuestion(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"control-C": "\x03", "control-D": "\x04"} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			s.file(t, "secrets.yml", "a: b\n")
			shell := s.process(t)
			shell.Path = "/bin/sh"
			shell.Args = []string{"sh", "-c", `trap : INT; "$@"; echo "exit $?"; stty -a | grep -o -- '-*echo\b'`,
				"sh", s.link(t), "vault", "encrypt", "secrets.yml"}
			p := sit(t, shell)
			p.waitFor(t, "New vault password: ")
			p.types(t, key)
			_, seen := p.leaves(shell)
			if want := "New vault password: \nerror: interrupted; nothing was done\nexit 130\necho\n"; seen != want {
				t.Errorf("seen\n%s\nwant\n%s", seen, want)
			}
		})
	}
}
