package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// withMounts runs a test again in a process whose mounts are its own, and reports
// whether this is that process.
func withMounts(t *testing.T) bool {
	t.Helper()
	if os.Getenv("ATOMICFILE_MOUNTS") != "" {
		return true
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(exe, "-test.run", "^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), "ATOMICFILE_MOUNTS=1")
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
	out, err := child.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSPC) {
		t.Skip("this system lets nobody have mounts of his own: ", err)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	} else if strings.Contains(string(out), "--- SKIP") {
		t.Skipf("%s", out)
	}
	return false
}

func mount(t *testing.T, from, to, kind string, flags uintptr, data string) {
	t.Helper()
	if err := unix.Mount(from, to, kind, flags, data); err != nil {
		t.Skip("no mount can be made: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(to, unix.MNT_DETACH) })
}

func TestAMountPointIsWrittenInPlace(t *testing.T) {
	if !withMounts(t) {
		return
	}
	dir := t.TempDir()
	path, other := filepath.Join(dir, "file"), filepath.Join(t.TempDir(), "other")
	put(t, path, "hidden below", 0o600)
	put(t, other, "what was there before", 0o640)
	mount(t, other, path, "", unix.MS_BIND, "")
	before := node(t, path)
	var warnings bytes.Buffer
	o := Options{Warn: func(text string) { fmt.Fprintln(&warnings, text) }}
	if err := WriteFile(path, []byte("after"), o); err != nil {
		t.Fatal(err)
	}
	if got := warnings.String(); got != fmt.Sprintf("%q was written in place, not replaced at once: it is a mount point\n", path) {
		t.Errorf("warned %q", got)
	}
	if read(t, other) != "after" || node(t, path) != before || names(t, dir) != "file" {
		t.Errorf("there is %q, %s of %s, and %s", read(t, other), node(t, path), before, names(t, dir))
	}
	f, err := Create(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteString("longer than there is room")
	restore := room(t, 7)
	err = f.Commit()
	restore()
	if !errors.Is(err, syscall.EFBIG) || read(t, other) != "after" {
		t.Errorf("%v, and there is %q", err, read(t, other))
	}
}

func TestAFullDisk(t *testing.T) {
	if !withMounts(t) {
		return
	}
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, "size=64k")
	path := filepath.Join(dir, "file")
	put(t, path, "before", 0o600)
	for _, o := range []Options{{}, {Mode: 0o644, Exact: true}} {
		err := WriteFile(path, bytes.Repeat([]byte("x"), 1<<20), o)
		if !errors.Is(err, syscall.ENOSPC) || read(t, path) != "before" || modeOf(t, path) != 0o600 || names(t, dir) != "file" {
			t.Errorf("%v; there is %q of mode %o, and %s", err, read(t, path), modeOf(t, path), names(t, dir))
		}
	}
	if err := WriteFile(path, []byte("after"), Options{}); err != nil || read(t, path) != "after" {
		t.Errorf("with room again: %v, and %q", err, read(t, path))
	}
}

func TestAReadOnlyDisk(t *testing.T) {
	if !withMounts(t) {
		return
	}
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, "size=64k")
	path := filepath.Join(dir, "file")
	put(t, path, "before", 0o600)
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{path, filepath.Join(dir, "new")} {
		if err := WriteFile(name, []byte("after"), Options{}); !errors.Is(err, syscall.EROFS) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if read(t, path) != "before" || names(t, dir) != "file" {
		t.Errorf("there is %q, and %s", read(t, path), names(t, dir))
	}
}

// accessEntries are: the owner rw, user 65534 r, the group nothing, the mask r,
// others nothing.
var accessEntries = []byte{
	2, 0, 0, 0,
	1, 0, 6, 0, 255, 255, 255, 255,
	2, 0, 4, 0, 254, 255, 0, 0,
	4, 0, 0, 0, 255, 255, 255, 255,
	16, 0, 4, 0, 255, 255, 255, 255,
	32, 0, 0, 0, 255, 255, 255, 255,
}

func TestAccessListsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "before", 0o600)
	if err := unix.Setxattr(path, accessList, accessEntries, 0); err != nil {
		t.Skip("this file system has no access lists: ", err)
	}
	_ = unix.Setxattr(path, "user.note", []byte("mine"), 0)
	note, _ := attribute(path, "user.note")
	mode := modeOf(t, path)
	if err := WriteFile(path, []byte("after"), Options{}); err != nil {
		t.Fatal(err)
	}
	list, err := attribute(path, accessList)
	if err != nil || !bytes.Equal(list, accessEntries) || modeOf(t, path) != mode || read(t, path) != "after" {
		t.Errorf("%v: the list is %v, the mode %o of %o", err, list, modeOf(t, path), mode)
	}
	if kept, _ := attribute(path, "user.note"); !bytes.Equal(kept, note) {
		t.Errorf("a user's attribute became %q", kept)
	}
}
