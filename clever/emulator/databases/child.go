package databases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// pidSuffix ends the names of the files that say which children run.
	pidSuffix = ".pid"
	// stopTime is how long a child may take to end before it is killed.
	stopTime = 10 * time.Second
	// pause is between two looks at what another process does.
	pause = 10 * time.Millisecond
)

// An account is the user that servers run as; nil is the own one.
type account struct{ uid, gid int }

// servant returns the account for servers: another one if the own one is root.
func servant() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil {
			return &account{uid, gid}, nil
		}
	}
	return nil, errors.New("databases do not run as root, and there is no user postgres or nobody: run as another user")
}

// mode is that of folders which the account has to go through.
func (a *account) mode() fs.FileMode {
	if a == nil {
		return 0o700
	}
	return 0o711
}

// own makes the account the owner of files.
func (a *account) own(paths ...string) error {
	if a == nil {
		return nil
	}
	for _, p := range paths {
		if err := os.Chown(p, a.uid, a.gid); err != nil {
			return err
		}
	}
	return nil
}

// A child is a server that this process started and that ends with it.
type child struct {
	process *os.Process
	stop    syscall.Signal // asks it to end
	pid     string         // the file that says that it runs
	ended   chan struct{}
}

// start starts a server, and notes that it runs in a file from which a later
// process knows it. What it says goes to a file beside that one.
func start(c *exec.Cmd, a *account, pidFile string, stop syscall.Signal) (*child, error) {
	out, err := os.OpenFile(logOf(pidFile), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	c.Stdout, c.Stderr = out, out
	confine(c, a, stop)
	s := &child{stop: stop, pid: pidFile, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// A child ends with the thread that started it: this one stays until then.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.Start()
		s.process = c.Process
		started <- err
		if err == nil {
			_ = c.Wait() // the log has why it ended
			close(s.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", filepath.Base(c.Path), err)
	}
	if err := os.WriteFile(pidFile, []byte(note(s.process.Pid, born(s.process.Pid))), 0o600); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// note is what the file of a child says.
func note(pid int, since string) string { return fmt.Sprintf("%d %s\n", pid, since) }

func logOf(pidFile string) string { return strings.TrimSuffix(pidFile, pidSuffix) + ".log" }

// running reports whether a child has not ended. A nil child has.
func (s *child) running() bool {
	if s == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// end asks a child to end, kills it if it does not, and waits. A nil child has
// ended.
func (s *child) end() error {
	if s == nil {
		return nil
	}
	_ = s.process.Signal(s.stop)
	select {
	case <-s.ended:
	case <-time.After(stopTime):
		_ = s.process.Kill()
		<-s.ended
	}
	if err := os.Remove(s.pid); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// await waits until a server answers. One that ends instead is an error with what
// its log says of why.
func (s *child) await(ctx context.Context, ready func() bool) error {
	for !ready() {
		select {
		case <-s.ended:
			text, _ := os.ReadFile(logOf(s.pid))
			return fmt.Errorf("it ended at once: %s", cause(string(text)))
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
	return nil
}

// endOrphans ends the children of a process that was killed. A process that only
// has the number of one of them, and was started at another time, is left alone.
func endOrphans(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*"+pidSuffix))
	if err != nil {
		return err
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		var pid int
		var since string
		if n, _ := fmt.Sscan(string(text), &pid, &since); n == 2 && pid > 1 {
			endOrphan(pid, since)
		}
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	return nil
}

// endOrphan asks first, and kills after a while.
func endOrphan(pid int, since string) {
	p, err := os.FindProcess(pid)
	if err != nil {
		return
	}
	signal := syscall.SIGINT // both servers save and end
	for waited := time.Duration(0); born(pid) == since && waited < 2*stopTime; waited += pause {
		if waited == stopTime {
			signal = syscall.SIGKILL
		}
		_ = p.Signal(signal)
		time.Sleep(pause)
	}
}

// loopback is where servers listen, and nowhere else.
const loopback = "127.0.0.1"

// anyPort lets the system choose.
const anyPort = "0"

// freePort returns a loopback port: the wanted one if nobody listens there.
func freePort(wanted string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, wanted))
	if err != nil && wanted != anyPort {
		return freePort(anyPort)
	}
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// earlierPort is where an add-on's server was at an earlier start.
func earlierPort(facts map[string]string) string {
	if facts["host"] != loopback {
		return anyPort
	}
	return cmp.Or(facts["port"], anyPort)
}
