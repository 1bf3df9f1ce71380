//go:build linux || darwin

package emulator

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
	e, c := open(t, path)
	kept := c.order("/v2/self", order("kept"))
	for _, bytesLeft := range []int64{0, 1, 100} {
		file, world := contents(t, path), names(e)
		restore := room(t, int64(len(file))+bytesLeft)
		for range 2 {
			if status, m := c.refused("POST", "/v2/self/addons", order("lost")); status != 500 || m.ID != 90050 || !strings.Contains(m.Message, "nothing was changed") {
				t.Errorf("order: %d %+v", status, m)
			}
		}
		if status, _ := c.refused("PUT", "/v2/self/addons/"+kept.ID, map[string]string{"name": "lost"}); status != 500 {
			t.Errorf("renaming: %d", status)
		}
		if diff := cmp.Diff(world, names(e)); diff != "" {
			t.Error(diff)
		}
		if after := contents(t, path); !bytes.Equal(file, after) {
			t.Errorf("the file became\n%s", after)
		}
		restore()
		c.order("/v2/self", order(fmt.Sprint("with room again ", bytesLeft)))
	}
	shut(t, e)
	again, _ := open(t, path)
	defer shut(t, again)
	if diff := cmp.Diff(names(e), names(again)); diff != "" {
		t.Error(diff)
	}
}

// TestNoRoomForAFreshFile: a file that cannot be made smaller goes on growing, and
// somebody is told.
func TestNoRoomForAFreshFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	var told []string
	e, err := New(Options{State: path, Warn: func(text string) { told = append(told, text) }})
	if err != nil {
		t.Fatal(err)
	}
	c := inProcessClient(t, e)
	var a struct{ ID string }
	for i := range 3 {
		a.ID = c.order("/v2/self", order(fmt.Sprint(i))).ID
	}
	f := e.store.file
	restore := room(t, f.size/2)
	e.store.commit.take()
	f.fresh, f.slack = 0, 0
	e.store.compact()
	e.store.commit.pass()
	e.store.background.Wait()
	restore()
	if len(told) != 1 || !strings.Contains(told[0], path) {
		t.Errorf("told %q", told)
	}
	if left, _ := filepath.Glob(path + ".new-*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
	c.must("DELETE", "/v2/self/addons/"+a.ID, nil, nil)
	shut(t, e)
	again, _ := open(t, path)
	defer shut(t, again)
	if diff := cmp.Diff(names(e), names(again)); diff != "" {
		t.Error(diff)
	}
}
