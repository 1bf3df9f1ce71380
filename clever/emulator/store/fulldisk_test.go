//go:build linux || darwin

package store

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// room lets no file of this process grow beyond a size: the last writing ends where
// the disk would be full. Other tests must not run meanwhile.
func room(t *testing.T, size int64) (restore func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limit := before
	limit.Cur = uint64(size)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	restore = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(restore)
	return restore
}

// TestFullDisk: what cannot be written is refused whole, and nothing else is lost.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	k := openKept(t, path, nil)
	first := k.order("kept")
	for _, bytesLeft := range []int64{0, 1, 100} {
		file, world := contents(t, path), k.names()
		restore := room(t, int64(len(file))+bytesLeft)
		for range 2 {
			err := k.try(func(d *Draft) { d.Add(k.fresh("lost")) })
			if err == nil || !strings.Contains(err.Error(), "nothing was changed") {
				t.Errorf("order: %v", err)
			}
		}
		if k.try(func(d *Draft) { renameIn(d, first.ID, "lost") }) == nil {
			t.Error("renamed without room")
		}
		if diff := cmp.Diff(world, k.names()); diff != "" {
			t.Error(diff)
		}
		if after := contents(t, path); !bytes.Equal(file, after) {
			t.Errorf("the file became\n%s", after)
		}
		restore()
		k.order(fmt.Sprint("with room again ", bytesLeft))
	}
	k.shut()
	again := openKept(t, path, nil)
	defer again.shut()
	if diff := cmp.Diff(k.names(), again.names()); diff != "" {
		t.Error(diff)
	}
}

// TestNoRoomForAFreshFile: a file that cannot be made smaller goes on growing, and
// there is a warning.
func TestNoRoomForAFreshFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	var warned []string
	k := openKept(t, path, func(err error) { warned = append(warned, err.Error()) })
	var a *Addon
	for i := range 3 {
		a = k.order(fmt.Sprint(i))
	}
	f := k.file
	restore := room(t, f.size/2)
	k.commit.acquire()
	f.fresh, f.slack = 0, 0
	k.Store.compact()
	k.commit.release()
	k.background.Wait()
	restore()
	if len(warned) != 1 || !strings.Contains(warned[0], path) {
		t.Errorf("warned %q", warned)
	}
	if left, _ := filepath.Glob(path + ".new-*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
	k.do(func(d *Draft) { d.Remove(a.ID) })
	k.shut()
	again := openKept(t, path, nil)
	defer again.shut()
	if diff := cmp.Diff(k.names(), again.names()); diff != "" {
		t.Error(diff)
	}
}
