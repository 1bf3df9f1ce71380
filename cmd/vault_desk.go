package cmd

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// A desk is a folder for a plain copy while it is edited. Its lock is held as long
// as its process lives, so that another one can tell what a killed one left.
type desk struct {
	dir  string
	lock *flock.Flock
}

const (
	deskPattern = "runner-vault-*"
	deskLock    = ".lock"
)

// deskBases are the folders that a desk may be in, those in memory first.
func (p *Program) deskBases() []string {
	var all []string
	if dir := p.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		all = append(all, dir)
	}
	return append(all, "/dev/shm", os.TempDir())
}

// openDesk makes a desk in the first folder that allows it, and clears those that
// killed processes left there.
func openDesk(bases []string) (*desk, error) {
	var failed error
	for _, base := range bases {
		clearAbandoned(base)
		dir, err := os.MkdirTemp(base, deskPattern) // 0700
		if err != nil {
			failed = err
			continue
		}
		d := deskAt(dir)
		locked, err := d.lock.TryLock()
		if locked && err == nil {
			return d, nil
		}
		failed = errors.Join(err, d.close())
	}
	return nil, failed
}

func deskAt(dir string) *desk {
	return &desk{dir, flock.New(filepath.Join(dir, deskLock), flock.SetPermissions(0o600))}
}

// clearAbandoned clears desks whose process is no more. One that is empty may be
// somebody's who is about to lock it.
func clearAbandoned(base string) {
	dirs, _ := filepath.Glob(filepath.Join(base, deskPattern))
	for _, dir := range dirs {
		if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
			continue
		}
		d := deskAt(dir)
		if locked, err := d.lock.TryLock(); locked && err == nil {
			_ = d.close() // the next one tries again
		}
	}
}

// close scrubs the desk and takes it away.
func (d *desk) close() error {
	return errors.Join(d.scrub(), os.RemoveAll(d.dir), d.lock.Unlock())
}

// scrub overwrites what lies on the desk, an editor's own copies too, and removes it.
func (d *desk) scrub() error {
	return filepath.WalkDir(d.dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !entry.Type().IsRegular() || entry.Name() == deskLock:
			return nil
		}
		return errors.Join(overwrite(path), os.Remove(path))
	})
}

func overwrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = io.CopyN(f, zeros{}, info.Size())
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// zeros is endless.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
