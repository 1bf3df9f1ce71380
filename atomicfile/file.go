package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Options say what a file is to be. The zero value is a file for its owner only
// where there is none, and as it is where there is one.
type Options struct {
	// Mode is the permissions of a file that is new; 0 means 0600.
	Mode fs.FileMode
	// Exact sets Mode on an existing file too.
	Exact bool
	// UID and GID own the file; where nil, those that it has or that the system
	// chooses.
	UID, GID *int
	// Regular refuses what is no regular file: links are followed to one, but
	// devices and FIFOs are not written to.
	Regular bool
	// New refuses, with fs.ErrExist, to write where something stands already.
	New bool
	// Warn is called with a sentence when a file had to be written in place. It
	// may be nil.
	Warn func(text string)
}

func (o Options) mode() fs.FileMode {
	if o.Mode == 0 {
		return 0o600
	}
	return o.Mode
}

// A File is being written. It is at its place after Commit, and not before: only
// a device, a FIFO and a descriptor get what is written at once. It is for one
// goroutine at a time.
type File struct {
	path   string // as it was named
	at     target
	file   *os.File // beside the place, or the stream itself
	stream bool
	o      Options
	err    error // the first that a write met with
	done   bool
}

// WriteFile writes a text to a path, whole or not at all.
func WriteFile(path string, text []byte, o Options) error {
	f, err := Create(path, o)
	if err != nil {
		return err
	}
	_, _ = f.Write(text) // Commit returns what went wrong
	return f.Commit()
}

// Create begins a file. What cannot become one, a folder for example, is refused
// now. One of Commit and Discard has to follow.
func Create(path string, o Options) (*File, error) {
	at, err := look(path)
	if err != nil {
		return nil, err
	}
	if err := at.refuse(o); err != nil {
		return nil, err
	}
	f := &File{path: path, at: at, o: o, stream: at.isStream()}
	if f.stream {
		f.file, err = at.openStream()
	} else {
		f.file, err = beside(at.place)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// IsStream reports whether what is written goes out at once: to a device, a FIFO or
// a descriptor.
func (f *File) IsStream() bool { return f.stream }

// Write writes to the file. After an error it writes no more.
func (f *File) Write(text []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.file.Write(text)
	if err != nil {
		f.err = writing(f.path, err)
	}
	return n, f.err
}

// WriteString writes to the file, as Write does.
func (f *File) WriteString(text string) (int, error) { return f.Write([]byte(text)) }

// Stat returns what the system says of the file that is being written: of a
// regular one it is the file that will be at the place.
func (f *File) Stat() (fs.FileInfo, error) { return f.file.Stat() }

// Commit puts the file into its place and ends it. After an error, of a write
// before too, what stood at the place is as it was; only a file that had to be
// written in place may be damaged, if restoring it failed as well, and the error
// says so.
func (f *File) Commit() error {
	if f.done {
		return fs.ErrClosed
	}
	if f.stream {
		f.done = true
		return f.endStream()
	}
	defer f.Discard()
	if f.err != nil {
		return f.err
	}
	if err := f.put(); err != nil {
		return writing(f.path, err)
	}
	return nil
}

// Discard ends a file that is not wanted: its place stays as it was. After Commit
// it does nothing.
func (f *File) Discard() {
	if f.done {
		return
	}
	f.done = true
	name := f.file.Name()
	_ = f.file.Close()
	if !f.stream {
		_ = os.Remove(name) // not there any more after Commit
	}
}

func (f *File) endStream() error {
	err := f.file.Close()
	if f.err != nil {
		return f.err
	}
	if err != nil {
		return writing(f.path, err)
	}
	return nil
}

// put moves the file to its place, or fills the place where that cannot be.
func (f *File) put() error {
	at, err := look(f.path) // it may have changed since
	if err != nil {
		return err
	}
	if err := at.refuse(f.o); err != nil {
		return err
	}
	if at.isStream() {
		return fmt.Errorf("it became a %s meanwhile", at.what())
	}
	f.at = at
	reason, err := f.alike()
	if err != nil {
		return err
	}
	if err := f.file.Sync(); err != nil {
		return err
	}
	if reason == "" {
		err := f.move()
		if !isBusy(err) {
			return err
		}
		reason = "it is a mount point"
	}
	if err := f.inPlace(); err != nil {
		return err
	}
	if f.o.Warn != nil {
		f.o.Warn(fmt.Sprintf("%q was written in place, not replaced at once: %s", f.path, reason))
	}
	return nil
}

// move renames the file to its place.
func (f *File) move() error {
	if f.o.New {
		err := os.Link(f.file.Name(), f.at.place)
		if err == nil {
			return SyncFolder(filepath.Dir(f.at.place))
		}
		if errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := reserve(f.at.place); err != nil { // a file system without hard links
			return err
		}
	}
	if err := rename(f.file, f.at.place); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(f.at.place))
}

// reserve takes a name that nobody has.
func reserve(path string) error {
	r, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return r.Close()
}

// inPlace copies the file into the one at the place, which stays the same file. It
// has its old text again after an error.
func (f *File) inPlace() error {
	old, err := os.ReadFile(f.at.place)
	if err != nil {
		return err
	}
	there, err := os.OpenFile(f.at.place, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = there.Close() }()
	if _, err = f.file.Seek(0, io.SeekStart); err == nil {
		err = fill(there, f.file)
	}
	if err == nil && f.o.Exact {
		err = there.Chmod(f.o.mode())
	}
	if err == nil {
		return nil
	}
	if restored := fill(there, bytes.NewReader(old)); restored != nil {
		return fmt.Errorf("%w; and what it held before could not be put back (%w): it is damaged", err, restored)
	}
	return err
}

// fill writes a new text into a file from its beginning on, and cuts off what is behind it.
func fill(to *os.File, from io.Reader) error {
	if _, err := to.Seek(0, io.SeekStart); err != nil {
		return err
	}
	n, err := io.Copy(to, from)
	if err == nil {
		err = to.Truncate(n)
	}
	if err == nil {
		err = to.Sync()
	}
	return err
}

// An Error says which file could not be written.
type Error struct {
	Path string // as it was named
	Err  error  // why
}

func (e *Error) Error() string { return fmt.Sprintf("%q cannot be written: %v", e.Path, e.Err) }

// Unwrap returns why.
func (e *Error) Unwrap() error { return e.Err }

// writing makes an Error. An *fs.PathError would name the file beside the one that
// is meant.
func writing(path string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	} else if e, ok := errors.AsType[*os.LinkError](err); ok {
		err = e.Err
	}
	return &Error{path, err}
}
