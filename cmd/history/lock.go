package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// A Holder is the run that has a lock, as the lock's file names it. The system
// releases the lock of a run that was killed, though its file still names it.
type Holder struct {
	Run       string    `json:"run"`
	PID       int       `json:"pid"`
	Since     time.Time `json:"since"`
	Playbooks []string  `json:"playbooks"`
}

func (h Holder) String() string {
	if h.PID == 0 {
		return "another run holds the lock"
	}
	since := h.Since.Local()
	format := time.TimeOnly
	if since.YearDay() != time.Now().YearDay() {
		format = time.DateTime
	}
	return fmt.Sprintf("another run holds the lock: pid %d since %s (%s)", h.PID, since.Format(format), listed(h.Playbooks))
}

// EmulatorLock returns the file name of the lock of an emulator's state file, which
// is one process's at a time.
func EmulatorLock(state string) string {
	sum := sha256.Sum256([]byte("emulator\x00" + state))
	return hex.EncodeToString(sum[:16]) + ".lock"
}

// A LockedError says which run holds a lock.
type LockedError struct{ Holder Holder }

func (e *LockedError) Error() string { return e.Holder.String() }

// A Lock is one that is to be taken.
type Lock struct {
	Dir  string        // the folder of [Dir]
	Name string        // the file's name in the folder of locks
	Wait time.Duration // how long to wait for another run to end
	Out  io.Writer     // where it is printed whom it waits for
}

// Take takes the lock and names its holder in it. A [LockedError] says that
// another run has it; the context's error that waiting was interrupted; any other
// error that no lock can be had at all.
func (l Lock) Take(ctx context.Context, h Holder) (release func(), err error) {
	dir := lockDir(l.Dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, l.Name)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file, so it cannot be the lock: remove it", path) // a link's target would be written to
	}
	lock := flock.New(path, flock.SetPermissions(0o600))
	if err := l.wait(ctx, lock); err != nil {
		return nil, err
	}
	writeHolder(lock.Path(), h)
	return func() {
		writeHolder(lock.Path(), Holder{})
		_ = lock.Close()
	}, nil
}

func lockDir(dir string) string { return filepath.Join(dir, "locks") }

// wait takes a lock, waiting for it if need be.
func (l Lock) wait(ctx context.Context, lock *flock.Flock) error {
	ok, err := lock.TryLock()
	if ok || err != nil {
		return err
	}
	if l.Wait > 0 {
		fmt.Fprintf(l.Out, "%s; waiting for it, %v at most\n", readHolder(lock.Path()), l.Wait)
		within, cancel := context.WithTimeout(ctx, l.Wait)
		defer cancel()
		if ok, err = lock.TryLockContext(within, 50*time.Millisecond); ok {
			return nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return &LockedError{readHolder(lock.Path())}
}

// readHolder returns who has a lock, the zero Holder where its file does not say.
func readHolder(path string) (h Holder) {
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &h) != nil {
		return Holder{}
	}
	return h
}

// writeHolder says who has a lock. It is for people to read: where it cannot be
// written, the lock holds all the same.
func writeHolder(path string, h Holder) {
	text, err := json.Marshal(h)
	if err == nil {
		_ = os.WriteFile(path, append(text, '\n'), 0o600)
	}
}
