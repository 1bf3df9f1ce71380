//go:build unix

package fleet_test

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

var onPostgres = flag.Bool("postgres", false, "let servers of workflows keep their state in the PostgreSQL that is installed, as Debian has it")

// debian is the PostgreSQL of this machine, of which each server gets two databases.
var debian struct {
	sync.Mutex
	dir       string
	port      string
	process   *exec.Cmd
	databases int
}

// newStore returns the options of the development server that say where a new server
// keeps its state: in a folder, or in databases of its own.
func newStore(t *testing.T, dir string) []string {
	t.Helper()
	if !*onPostgres {
		return []string{"-state", filepath.Join(dir, "fleet.db")}
	}
	debian.Lock()
	defer debian.Unlock()
	if debian.process == nil {
		if err := startPostgres(); err != nil {
			t.Fatalf("PostgreSQL does not start: %v", err)
		}
	}
	debian.databases++
	return []string{"-postgres", fmt.Sprintf("postgres://postgres@127.0.0.1:%s/fleet_%d?sslmode=disable", debian.port, debian.databases)}
}

// startPostgres makes a cluster and starts its server, which may not run as root.
func startPostgres() error {
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || programs == nil {
		return errors.New("there is none in /usr/lib/postgresql: apt-get install postgresql")
	}
	bin := programs[len(programs)-1]
	if debian.dir, err = os.MkdirTemp("", "fleet-postgres-"); err != nil {
		return err
	}
	as, err := notRoot(debian.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(debian.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--no-sync", "-D", data, "-A", "trust", "-U", "postgres")
	initdb.Dir, initdb.SysProcAttr = debian.dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, debian.port, _ = net.SplitHostPort(l.Addr().String())
	l.Close()
	debian.process = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-h", "127.0.0.1", "-p", debian.port, "-k", debian.dir, "-c", "max_connections=400")
	debian.process.Dir, debian.process.SysProcAttr = debian.dir, as
	if err := debian.process.Start(); err != nil {
		return err
	}
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		ready := exec.Command(filepath.Join(bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", debian.port)
		if ready.Run() == nil {
			return nil
		}
	}
	return errors.New("it is not ready after a minute")
}

// notRoot returns how a program is started in a process group of its own by somebody who
// is not root, and hands a folder over to them.
func notRoot(dir string) (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return as, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as, os.Chown(dir, uid, gid)
}

// stopPostgres ends the PostgreSQL of the tests and removes what it had.
func stopPostgres() {
	if debian.process != nil {
		_ = debian.process.Process.Signal(syscall.SIGINT) // a fast shutdown
		_ = debian.process.Wait()
	}
	if debian.dir != "" {
		_ = os.RemoveAll(debian.dir)
	}
}
