package vaults

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// A workspace is a folder for a plain copy while it is editew. Its lock is held as long
// as its process lives, so that another one can find what a killed one left.
type workspace struct {
	dir  string
	lock *flock.Flock
}

const (
	workspacePattern = "runner-vault-*"
	workspaceLock    = ".lock"
)

// Bases returns the folders that plain copies may be in, those in memory first.
func Bases(getenv func(string) string) []string {
	var all []string
	if dir := getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		all = append(all, dir)
	}
	return append(all, "/dev/shm", os.TempDir())
}

// openWorkspace makes one in the first folder that allows it, and clears those that
// killed processes left there.
func openWorkspace(bases []string) (*workspace, error) {
	var failed error
	for _, base := range bases {
		clearAbandoned(base)
		dir, err := os.MkdirTemp(base, workspacePattern) // 0700
		if err != nil {
			failed = err
			continue
		}
		w := workspaceAt(dir)
		locked, err := w.lock.TryLock()
		if locked && err == nil {
			return w, nil
		}
		failed = errors.Join(err, w.close())
	}
	return nil, failed
}

func workspaceAt(dir string) *workspace {
	return &workspace{dir, flock.New(filepath.Join(dir, workspaceLock), flock.SetPermissions(0o600))}
}

// clearAbandoned clears workspaces whose process is no more. One that is empty may be
// another process's that is about to lock it.
func clearAbandoned(base string) {
	dirs, _ := filepath.Glob(filepath.Join(base, workspacePattern))
	for _, dir := range dirs {
		if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
			continue
		}
		w := workspaceAt(dir)
		if locked, err := w.lock.TryLock(); locked && err == nil {
			_ = w.close() // the next one tries again
		}
	}
}

// close scrubs the workspace and takes it away.
func (w *workspace) close() error {
	return errors.Join(w.scrub(), os.RemoveAll(w.dir), w.lock.Unlock())
}

// scrub overwrites what lies in the workspace, an editor's own copies too, and removes it.
func (w *workspace) scrub() error {
	return filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !entry.Type().IsRegular() || entry.Name() == workspaceLock:
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
