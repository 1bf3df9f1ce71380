package store

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"runner/atomicfile"
	"runner/clever/emulator/catalogue"
)

// stateVersion is what this program writes. It reads version 2 too, which had
// nothing but add-ons, and version 1, which was one JSON value with everything in
// it, and nothing newer. What is of an older version is written anew with the first
// change.
const stateVersion = 3

// smallLog is how many bytes of the past no file is drawn anew for.
const smallLog = 1 << 20

// A stateFile is the file in which a world outlives the process. Each change
// appends a record to it; now and then a fresh file takes its place. A lock beside
// it keeps a second process away; it holds on one machine. All but draw is for one
// goroutine at a time.
type stateFile struct {
	path  string
	lock  *flock.Flock
	info  os.FileInfo // of the file that size and fresh are of; nil: of none, or of version 1
	size  int64       // of all records that were kept
	fresh int64       // what it had when it was fresh; 0 is not known
	slack int64       // how much more than twice that it may have
}

// openStateFile makes the folder and takes the lock, waiting for it.
func openStateFile(path string, wait time.Duration) (*stateFile, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the state file %s is no file: name another one", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the state file %s cannot be made: %w", path, err)
	}
	f := &stateFile{path: path, lock: flock.New(path+".lock", flock.SetPermissions(0o600)), slack: smallLog}
	ok, err := f.take(wait)
	switch {
	case ok:
		return f, nil
	case err == nil, errors.Is(err, context.DeadlineExceeded):
		return nil, &InUseError{path}
	default:
		return nil, fmt.Errorf("the state file %s cannot be locked: %w", path, err)
	}
}

// An InUseError says that another process has the state file.
type InUseError struct{ Path string }

func (e *InUseError) Error() string {
	return fmt.Sprintf("the state file %s is in use by another process: stop it, or name another file", e.Path)
}

// take tries for the lock once at least, however short the wait.
func (f *stateFile) take(wait time.Duration) (bool, error) {
	if ok, err := f.lock.TryLock(); ok || err != nil {
		return ok, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	return f.lock.TryLockContext(ctx, 20*time.Millisecond)
}

// read returns the world in the file, or nil if there is no file yet. It never
// changes the file: one that is damaged is left for its owner to look at.
func (f *stateFile) read(c *catalogue.Catalogue) (*World, error) {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the state file cannot be read: %w", err)
	}
	w, size, err := f.parse(text, c)
	if err == nil && size > 0 {
		f.size = size
		f.info, err = os.Stat(f.path)
	}
	return w, err
}

// parse returns the world in a text, and how many of its bytes are to stay; of one of
// version 1 none.
func (f *stateFile) parse(text []byte, c *catalogue.Catalogue) (*World, int64, error) {
	version, err := versionOf(text)
	if err != nil {
		return nil, 0, f.damaged(err)
	}
	read := replay
	switch {
	case version == 1:
		read = readVersion1
	case version > stateVersion:
		return nil, 0, fmt.Errorf("the state file %s is of version %d, and this program reads %d: use a newer one, or name another file",
			f.path, version, stateVersion)
	}
	w, size, err := read(text)
	if version < stateVersion {
		size = 0
	}
	if err == nil {
		w.catalogue = c
		err = w.check()
	}
	if _, other := errors.AsType[*otherCatalogueError](err); other {
		return nil, 0, fmt.Errorf("the state file %s is of another kind of emulator: %w: name another file", f.path, err)
	}
	if err != nil {
		return nil, 0, f.damaged(err)
	}
	return w, size, nil
}

// versionOf looks at the first JSON value: the first line, or in version 1 all.
func versionOf(text []byte) (int, error) {
	var first struct{ Version int }
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&first); err != nil {
		return 0, fmt.Errorf("line %d: %w", 1+bytes.Count(text[:d.InputOffset()], []byte("\n")), err)
	}
	if first.Version < 1 {
		return 0, errors.New("line 1: it has no version")
	}
	return first.Version, nil
}

func readVersion1(text []byte) (*World, int64, error) {
	var all struct {
		header
		Addons []*Addon `json:"addons"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, 0, err
	}
	d := (&World{}).Draft()
	err := d.take(record{Head: &all.header, Put: all.Addons})
	if err == nil && len(d.Addons) < len(all.Addons) {
		err = errors.New("an add-on has the id of another")
	}
	return &d.World, 0, err
}

func (f *stateFile) damaged(err error) error {
	return fmt.Errorf("the state file %s is damaged (%w): put back a copy, or move it away to begin anew", f.path, err)
}

// save appends what was made of a world, and returns once the disk has it. After a
// failure the file holds the world as it was.
func (f *stateFile) save(before *World, r record) error {
	err := f.append(r)
	if errors.Is(err, errOtherFile) {
		if err = f.rewrite(before); err == nil {
			err = f.append(r)
		}
	}
	if err != nil {
		return fmt.Errorf("the state cannot be saved: %w", err)
	}
	return nil
}

var errOtherFile = errors.New("it is not the file that was written last")

func (f *stateFile) append(r record) error {
	line, err := lineOf(r)
	if err != nil {
		return err
	}
	file, err := f.open()
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteAt(line, f.size)
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return errors.Join(err, file.Truncate(f.size))
	}
	f.size += int64(len(line))
	return nil
}

// open opens the file behind its last record. What is there beyond was not kept.
func (f *stateFile) open() (*os.File, error) {
	file, err := os.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return nil, errors.Join(errOtherFile, err)
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case !os.SameFile(info, f.info) || info.Size() < f.size:
		err = errOtherFile
	case info.Size() > f.size:
		err = file.Truncate(f.size)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// rewrite begins a fresh file. Whoever reads finds the old one or the new one, and
// after a failure the old one.
func (f *stateFile) rewrite(w *World) error {
	fresh, err := f.writeFresh(w)
	if err != nil {
		return err
	}
	return f.replaceWith(fresh)
}

// writeFresh writes a world to a file beside the state file.
func (f *stateFile) writeFresh(w *World) (*atomicfile.File, error) {
	fresh, err := atomicfile.Create(f.path, atomicfile.Options{Mode: 0o600, Exact: true, Regular: true})
	if err != nil {
		return nil, err
	}
	b := bufio.NewWriterSize(fresh, 1<<16)
	err = w.records(func(r record) error {
		line, err := lineOf(r)
		_, _ = b.Write(line) // errors come again with Flush
		return err
	})
	if err = errors.Join(err, b.Flush()); err != nil {
		fresh.Discard()
		return nil, err
	}
	return fresh, nil
}

// replaceWith puts a file that was drawn in the place of the state file.
func (f *stateFile) replaceWith(fresh *atomicfile.File) error {
	if err := fresh.Commit(); err != nil {
		return err
	}
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	f.info, f.size, f.fresh = info, info.Size(), info.Size()
	return nil
}

// grown reports whether most of the file is of the past.
func (f *stateFile) grown() bool { return f.size > 2*f.fresh+f.slack }

// compact puts a file that was drawn, of the world as it was when the state file
// had a size, in the place of the state file, with what has been kept since.
func (f *stateFile) compact(drawn *atomicfile.File, since int64) error {
	defer drawn.Discard()
	file, err := f.open()
	if err != nil {
		return err
	}
	_, err = io.Copy(drawn, io.NewSectionReader(file, since, f.size-since))
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return f.replaceWith(drawn)
}

func (f *stateFile) release() error { return f.lock.Close() }
