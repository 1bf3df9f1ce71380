package emulator

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// snapshotVersion is what this program writes; it reads nothing newer.
const snapshotVersion = 1

// freshInfix stands between the name of the file and random digits in the name of
// one that is being written.
const freshInfix = ".new-"

// A snapshot is the file in which a world outlives the process: JSON, a line for
// each add-on, replaced whole at every change. A lock beside it keeps a second
// process away; it holds on one machine.
type snapshot struct {
	path string
	lock *flock.Flock
}

// header is the snapshot without the lines of its add-ons.
type header struct {
	Version       int        `json:"version"`
	User          account    `json:"user"`
	Organisations []account  `json:"organisations"`
	Tokens        []token    `json:"tokens,omitempty"`
	Partners      []*partner `json:"partners,omitempty"`
	Leaving       []*addon   `json:"leaving,omitempty"`
}

// openSnapshot makes the folder and takes the lock, waiting for it.
func openSnapshot(path string, wait time.Duration) (*snapshot, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the state file %s is no file: give another one", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the state file %s cannot be made: %w", path, err)
	}
	s := &snapshot{path: path, lock: flock.New(path+".lock", flock.SetPermissions(0o600))}
	ok, err := s.take(wait)
	switch {
	case ok:
		s.sweep()
		return s, nil
	case err == nil, errors.Is(err, context.DeadlineExceeded):
		return nil, &InUseError{path}
	default:
		return nil, fmt.Errorf("the state file %s cannot be locked: %w", path, err)
	}
}

// An InUseError says that another process has the state file.
type InUseError struct{ Path string }

func (e *InUseError) Error() string {
	return fmt.Sprintf("the state file %s is in use by another process: stop it, or give another file", e.Path)
}

// take tries for the lock once at least, however short the wait.
func (s *snapshot) take(wait time.Duration) (bool, error) {
	if ok, err := s.lock.TryLock(); ok || err != nil {
		return ok, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	return s.lock.TryLockContext(ctx, 20*time.Millisecond)
}

// sweep removes what a process left that was killed while it saved. What cannot
// be removed does no harm.
func (s *snapshot) sweep() {
	folder := filepath.Dir(s.path)
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(s.path)+freshInfix) {
			_ = os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}

// read gives the world in the file, or nil if there is no file yet. It never
// changes the file: one that is damaged is left for a person to look at.
func (s *snapshot) read(c *catalogue) (*world, error) {
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the state file cannot be read: %w", err)
	}
	var data struct {
		header
		Addons []*addon `json:"addons"`
	}
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, s.damaged(err)
	}
	if data.Version > snapshotVersion {
		return nil, fmt.Errorf("the state file %s is of version %d, and this program reads %d: use a newer one, or give another file",
			s.path, data.Version, snapshotVersion)
	}
	if data.Version < 1 {
		return nil, s.damaged(errors.New("it has no version"))
	}
	w := &world{user: data.User, organisations: data.Organisations, addons: data.Addons, tokens: data.Tokens, partners: data.Partners, leaving: data.Leaving}
	if err := w.check(c); err != nil {
		return nil, s.damaged(err)
	}
	return w, nil
}

func (s *snapshot) damaged(err error) error {
	return fmt.Errorf("the state file %s is damaged (%w): put back a copy, or move it away to begin anew", s.path, err)
}

// write replaces the file at once: whoever reads it finds the old world or the
// new one, and after a failure the old one.
func (s *snapshot) write(w *world) error {
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+freshInfix+"*") // mode 0600
	if err != nil {
		return fmt.Errorf("the state cannot be saved: %w", err)
	}
	err = w.writeTo(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		return fmt.Errorf("the state cannot be saved: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

func (s *snapshot) release() error { return s.lock.Close() }

// writeTo writes the header and a line for each add-on. The lines are kept, so
// that a save costs little more than what changed.
func (w *world) writeTo(out io.Writer) error {
	head, err := json.Marshal(header{snapshotVersion, w.user, w.organisations, w.tokens, w.partners, w.leaving})
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(out, 1<<16)
	_, _ = b.Write(head[:len(head)-1]) // errors come again with Flush
	_, _ = b.WriteString(",\"addons\":[")
	for i, a := range w.addons {
		line, err := a.encoded()
		if err != nil {
			return err
		}
		if i > 0 {
			_ = b.WriteByte(',')
		}
		_ = b.WriteByte('\n')
		_, _ = b.Write(line)
	}
	_, _ = b.WriteString("\n]}\n")
	return b.Flush()
}
