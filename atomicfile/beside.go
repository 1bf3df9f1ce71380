package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ending is that of the files beside their places.
const ending = ".runner-new"

// beside makes a file next to a place, for its owner only, and clears those that
// killed processes left there. A lock tells the ones that are being written.
func beside(place string) (*os.File, error) {
	dir, prefix := filepath.Dir(place), prefixOf(place)
	clearAbandoned(dir, prefix)
	for {
		f, err := os.CreateTemp(dir, prefix+"*"+ending) // 0600
		if err != nil {
			return nil, inFolder(place, err)
		}
		if lock(f) && sameFile(f) {
			return f, nil
		}
		_ = f.Close() // cleared by another process between two lines
	}
}

// prefixOf returns what the names of the files beside a place begin with.
func prefixOf(place string) string {
	const most = 200 // of 255 bytes that a name may have
	base := filepath.Base(place)
	return "." + base[:min(len(base), most)] + "."
}

func inFolder(place string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return &Error{place, fmt.Errorf("no file can be made in its folder: %w", fs.ErrPermission)}
	}
	return writing(place, err)
}

// clearAbandoned removes files beside a place that no process writes to.
func clearAbandoned(dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) || !strings.HasSuffix(e.Name(), ending) || !e.Type().IsRegular() {
			continue
		}
		name := filepath.Join(dir, e.Name())
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if lock(f) && sameFile(f) {
			removeOpen(f, name)
		}
		_ = f.Close()
	}
}

// sameFile reports whether a file still has its name.
func sameFile(f *os.File) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(mine, named)
}

// SyncFolder brings the names in a folder to the disk. Where a system cannot do
// that, it does nothing.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerror // a folder that may be written to but not read
	}
	err = d.Sync()
	if errors.Is(err, fs.ErrInvalid) || errors.Is(err, fs.ErrPermission) || unsupported(err) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
