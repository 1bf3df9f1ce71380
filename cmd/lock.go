package cmd

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"runner/clever"
	"runner/clever/emulator/store"
	"runner/cmd/exit"
	"runner/diagnostic"
)

// A holder is the run that has a lock, as the lock's file tells it. A run that
// was killed lets go of the lock, though its words stay in the file.
type holder struct {
	Run       string    `json:"run"`
	PID       int       `json:"pid"`
	Since     time.Time `json:"since"`
	Playbooks []string  `json:"playbooks"`
}

func (h holder) String() string {
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

// lockName names the lock of those who speak to one platform as one user. The
// token is in it as a digest only.
func lockName(endpoint, token string) string {
	sum := sha256.Sum256([]byte(strings.TrimRight(strings.ToLower(endpoint), "/") + "\x00" + token))
	return hex.EncodeToString(sum[:16]) + ".lock"
}

// guard lets one run at a time play against a platform, from this machine and
// user. It gives what lets go of the lock. Where no lock can be had at all (a home
// that cannot be written to), it warns, and the run goes on without.
func (p *play) guard(ctx context.Context, j *journal) (free func(), err error) {
	if p.cli.Bool("check") && p.platform.state == "" { // an emulator's file is one process's at a time
		return func() {}, nil
	}
	name := lockName("emulator", p.platform.state)
	if p.platform.state == "" {
		creds, _ := p.credentials() // whoever needs them is told what is wrong with them
		name = lockName(cmp.Or(p.platform.endpointFor(creds), clever.DefaultEndpoint), creds.Token)
	}
	lock, err := p.openLock(name)
	if err == nil {
		err = p.take(ctx, lock)
	}
	switch {
	case errors.As(err, new(*exit.Error)):
		return nil, err
	case err != nil:
		p.platform.warn(fmt.Sprintf("nothing keeps another run from playing at the same time: %v", err))
		return func() {}, nil
	}
	writeHolder(lock.Path(), holder{Run: j.run, PID: os.Getpid(), Since: time.Now(), Playbooks: p.cli.Args().Slice()})
	return func() {
		writeHolder(lock.Path(), holder{})
		_ = lock.Close()
	}, nil
}

func (p *play) openLock(name string) (*flock.Flock, error) {
	dir, err := p.locks()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return flock.New(filepath.Join(dir, name), flock.SetPermissions(0o600)), nil
}

// locks gives the folder of the locks.
func (p *Program) locks() (string, error) {
	dir, err := p.stateDir()
	return filepath.Join(dir, "locks"), err
}

// take takes a lock, waiting for it as long as --lock-timeout says. An *exit says
// that another run has it.
func (p *play) take(ctx context.Context, lock *flock.Flock) error {
	ok, err := lock.TryLock()
	if ok || err != nil {
		return err
	}
	wait := p.cli.Duration("lock-timeout")
	if wait > 0 {
		fmt.Fprintf(p.Err, "%s; waiting for it, %v at most\n", readHolder(lock.Path()), wait)
		within, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		if ok, err = lock.TryLockContext(within, 50*time.Millisecond); ok {
			return nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return &exit.Error{Code: exit.Interrupted}
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return err
	}
	problem := &diagnostic.Problem{Msg: readHolder(lock.Path()).String()}
	return &exit.Error{Code: exit.Locked, Err: problem.WithHint("nothing was touched; --lock-timeout 10m waits for its end")}
}

// readHolder gives who has a lock, the zero holder where its file does not say.
func readHolder(path string) (h holder) {
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &h) != nil {
		return holder{}
	}
	return h
}

// writeHolder says who has a lock. It is for people to read: where it cannot be
// written, the lock holds all the same.
func writeHolder(path string, h holder) {
	text, err := json.Marshal(h)
	if err == nil {
		_ = os.WriteFile(path, append(text, '\n'), 0o600)
	}
}

// locked reports whether an error is that another process is at work.
func locked(err error) bool {
	_, ok := errors.AsType[*store.InUseError](err)
	return ok
}
