//go:build unix

package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// node is what a device node is, so that a test can see that it stayed.
func node(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	s := info.Sys().(*syscall.Stat_t)
	return fmt.Sprint(info.Mode(), s.Ino, s.Rdev, s.Uid, s.Gid, s.Nlink)
}

func TestDevicesStay(t *testing.T) {
	dir := t.TempDir()
	before := node(t, "/dev/null")
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/dev/null", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/dev/null", link} {
		if err := WriteFile(path, []byte("text"), Options{Mode: 0o600, Exact: true}); err != nil {
			t.Error(err)
		}
	}
	if after := node(t, "/dev/null"); after != before || names(t, dir) != "link" {
		t.Errorf("the device became %s of %s; there is %s", after, before, names(t, dir))
	}
}

func TestAFullDeviceIsAnErrorAndStays(t *testing.T) {
	if err := syscall.Access("/dev/full", 2); err != nil {
		t.Skip("/dev/full cannot be written to here: ", err)
	}
	before := node(t, "/dev/full")
	f, err := Create("/dev/full", Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, first := f.WriteString("text")
	if err := f.Commit(); !errors.Is(first, syscall.ENOSPC) || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), `"/dev/full" cannot be written`) {
		t.Errorf("write: %v, end: %v", first, err)
	}
	if after := node(t, "/dev/full"); after != before {
		t.Errorf("the device became %s of %s", after, before)
	}
}

func TestAFIFOIsWrittenTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	came := make(chan string)
	go func() {
		in, err := os.Open(path)
		if err != nil {
			came <- err.Error()
			return
		}
		text, _ := io.ReadAll(in)
		came <- string(text)
	}()
	long := strings.Repeat("text", 100_000) // more than a FIFO holds
	if err := WriteFile(path, []byte(long), Options{}); err != nil {
		t.Error(err)
	}
	if got := <-came; got != long || node(t, path)[0] != 'p' {
		t.Errorf("%.40q… came, of %d; the FIFO is %s", got, len(got), node(t, path))
	}
	if err := WriteFile(path, nil, Options{Regular: true}); err == nil || !strings.Contains(err.Error(), "it is a FIFO") {
		t.Errorf("as a regular file: %v", err)
	}
}

// TestDescriptors: /dev/stdout is what this process has there, be it a file that
// others write to as well.
func TestDescriptors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	_, _ = out.WriteString("one ")
	for _, name := range []string{"/dev/fd/%d", "/proc/self/fd/%d"} {
		if err := WriteFile(fmt.Sprintf(name, out.Fd()), []byte("two "), Options{}); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = out.WriteString("three")
	if got := read(t, path); got != "one two two three" {
		t.Errorf("there is %q", got)
	}
	if err := WriteFile("/dev/fd/9999", []byte("text"), Options{}); !errors.Is(err, syscall.EBADF) {
		t.Errorf("a descriptor that is not open: %v", err)
	}
}

// room lets no file of this process grow beyond a size, as on a full disk.
func room(t *testing.T, size uint64) (restore func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	set := func(cur uint64) {
		limit := before
		limit.Cur = cur
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	set(size)
	return func() { set(before.Cur) }
}

func TestTheFirstErrorOfAWriteIsRemembered(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	put(t, path, "before", 0o600)
	f, err := Create(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	restore := room(t, 4)
	_, first := f.WriteString("too long for the room")
	restore()
	_, second := f.WriteString("with room again")
	if err := f.Commit(); first == nil || !errors.Is(second, first) || !errors.Is(err, first) {
		t.Errorf("errors %v, %v, %v", first, second, err)
	}
	if read(t, path) != "before" || names(t, dir) != "file" {
		t.Errorf("there is %q, and %s", read(t, path), names(t, dir))
	}
}

// TestKilledProcesses: what one left is cleared, and what another writes is not.
func TestKilledProcesses(t *testing.T) {
	if os.Getenv("ATOMICFILE_PATH") != "" { // before a folder is made that nobody would remove
		f, err := Create(os.Getenv("ATOMICFILE_PATH"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.WriteString("half")
		fmt.Println("writing")
		select {} // until it is killed
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(exe, "-test.run", "^TestKilledProcesses$")
	child.Env = append(os.Environ(), "ATOMICFILE_PATH="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("writing"))
	if _, err := io.ReadFull(out, line); err != nil {
		t.Fatal(err)
	}
	mine, err := Create(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(strings.Fields(names(t, dir))); got != 2 {
		t.Errorf("while two write there are %d files: %s", got, names(t, dir))
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	_ = child.Wait()
	_, _ = mine.WriteString("whole")
	if err := mine.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("again"), Options{}); err != nil {
		t.Fatal(err)
	}
	if names(t, dir) != "file" || read(t, path) != "again" {
		t.Errorf("there is %s, and %q", names(t, dir), read(t, path))
	}
}

func TestOwnersAreKept(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "before", 0o640)
	if err := os.Chown(path, 65534, 65533); err != nil {
		t.Fatal(err)
	}
	owned := func(o Options) string {
		if err := WriteFile(path, []byte("after"), o); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		s := info.Sys().(*syscall.Stat_t)
		return fmt.Sprintf("%d:%d %o", s.Uid, s.Gid, info.Mode().Perm())
	}
	if got := owned(Options{}); got != "65534:65533 640" {
		t.Errorf("kept %s", got)
	}
	if got := owned(Options{GID: new(1), Mode: 0o600, Exact: true}); got != "65534:1 600" {
		t.Errorf("with a group %s", got)
	}
	if got := owned(Options{UID: new(0)}); got != "0:1 600" {
		t.Errorf("with an owner %s", got)
	}
}

// TestAnOwnerThatCannotBeKept: a user who may write another's file, and no more,
// writes it in place.
func TestAnOwnerThatCannotBeKept(t *testing.T) {
	if path := os.Getenv("ATOMICFILE_PATH"); path != "" {
		var warnings bytes.Buffer
		err := WriteFile(path, []byte("new"), Options{Warn: func(s string) { warnings.WriteString(s) }})
		fmt.Println("error:", err, "warnings:", warnings.String())
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root makes another user's file, and becomes a user who may write it")
	}
	dir := t.TempDir()
	for d := dir; d != filepath.Dir(os.TempDir()) && d != "/"; d = filepath.Dir(d) {
		if info, err := os.Stat(d); err != nil || strings.HasPrefix(d, os.TempDir()+"/") && os.Chmod(d, info.Mode()|0o055) != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "file")
	put(t, path, "what was there before", 0o666)
	if err := errors.Join(os.Chown(path, 65533, 65533), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	was := node(t, path)
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Skip("the test cannot read itself")
	}
	exe := filepath.Join(dir, "exe") // where the user can run it
	if err := os.WriteFile(exe, self, 0o755); err != nil {
		t.Fatal(err)
	}
	out := asUser(t, exe, "^TestAnOwnerThatCannotBeKept$", path)
	if !strings.Contains(out, "error: <nil>") || !strings.Contains(out, "in place") || read(t, path) != "new" {
		t.Errorf("%s, and there is %q", out, read(t, path))
	}
	if now := node(t, path); now != was {
		t.Errorf("the file became %s of %s", now, was)
	}
}

func asUser(t *testing.T, exe, test, path string) string {
	t.Helper()
	child := exec.Command(exe, "-test.run", test)
	child.Dir = filepath.Dir(path)
	child.Env = append(os.Environ(), "ATOMICFILE_PATH="+path, "TMPDIR="+filepath.Dir(path))
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestAReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("nothing is read-only for root")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	put(t, path, "before", 0o600)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	err := WriteFile(path, []byte("after"), Options{})
	if err == nil || !strings.Contains(err.Error(), "no file can be made in its folder") || read(t, path) != "before" {
		t.Errorf("%v, and there is %q", err, read(t, path))
	}
}
