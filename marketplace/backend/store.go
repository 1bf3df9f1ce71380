package backend

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"runner/atomicfile"

	"github.com/gofrs/flock"
)

// A Store keeps add-ons. What was put is there after a crash of process or
// machine: its methods return when that is so. It is used by many goroutines; a
// Backend sees to it that there is one at a time for each key.
type Store interface {
	// Get returns the add-on of a market's key; false: there is none.
	Get(ctx context.Context, key string) (Addon, bool, error)
	// Find returns the add-on of a vendor's id; false: there is none.
	Find(ctx context.Context, id string) (Addon, bool, error)
	// Put keeps an add-on in place of what was known of its key.
	Put(ctx context.Context, a Addon) error
	// Delete forgets a key. It is no error if there is no such one.
	Delete(ctx context.Context, key string) error
	// All returns all add-ons in the order of their keys.
	All(ctx context.Context) ([]Addon, error)
}

const (
	// slack is how many lines a file may hold beside those that count.
	slack = 1024
)

// A File is a Store in one file: a line of JSON for each change, on the disk
// before Put returns. Lines that later ones replaced are left out when there are
// too many of them. It holds the variables of customers, their passwords too, and
// is for its owner only.
type File struct {
	path string
	lock *flock.Flock

	mu    sync.Mutex
	file  *os.File
	size  int64 // of the lines that are good
	lines int
	byKey map[string]Addon
	keys  map[string]string // by the vendor's id
	fault error             // the file cannot be trusted until it is opened again
}

// A record is one line of the file: one of the two is set.
type record struct {
	Put    *Addon `json:"put,omitempty"`
	Delete string `json:"delete,omitempty"`
}

// OpenFile opens a store, or makes an empty one. No two processes have it at
// once. The end of a line that a crash cut off is dropped: nobody was answered
// for it. Any other damage is an error, and the file stays as it is.
func OpenFile(path string) (*File, error) {
	f := &File{path: path, lock: flock.New(path + ".lock"), byKey: map[string]Addon{}, keys: map[string]string{}}
	ok, err := f.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("the add-ons cannot be kept: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("%s is in use by another process: stop it, or give another file", path)
	}
	if err := f.load(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *File) load() error {
	var err error
	if f.file, err = os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("the add-ons cannot be kept: %w", err)
	}
	in := bufio.NewReader(f.file)
	for {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what stands behind the last end of a line was never answered for
		}
		if err != nil {
			return err
		}
		var l record
		if err := json.Unmarshal(text, &l); err != nil || l.Put == nil && l.Delete == "" {
			return fmt.Errorf("line %d of %s is damaged: put back a copy", f.lines+1, f.path)
		}
		f.apply(l)
		f.size += int64(len(text))
	}
	return errors.Join(f.file.Chmod(0o600), f.file.Truncate(f.size), atomicfile.SyncFolder(filepath.Dir(f.path)), f.tidy())
}

func (f *File) apply(l record) {
	f.lines++
	if l.Put != nil {
		f.byKey[l.Put.Order.Key], f.keys[l.Put.ID] = *l.Put, l.Put.Order.Key
		return
	}
	delete(f.keys, f.byKey[l.Delete].ID)
	delete(f.byKey, l.Delete)
}

// Get implements Store.
func (f *File) Get(_ context.Context, key string) (Addon, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, ok := f.byKey[key]
	return a, ok, nil
}

// Find implements Store.
func (f *File) Find(_ context.Context, id string) (Addon, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, ok := f.byKey[f.keys[id]]
	return a, ok && a.ID == id, nil
}

// All implements Store.
func (f *File) All(context.Context) ([]Addon, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Addon
	for _, key := range slices.Sorted(maps.Keys(f.byKey)) {
		all = append(all, f.byKey[key])
	}
	return all, nil
}

// Put implements Store. It keeps nothing of what the caller may still change.
func (f *File) Put(_ context.Context, a Addon) error {
	a.Result.Config, a.Order.Options = maps.Clone(a.Result.Config), maps.Clone(a.Order.Options)
	return f.change(record{Put: &a})
}

// Delete implements Store.
func (f *File) Delete(_ context.Context, key string) error { return f.change(record{Delete: key}) }

func (f *File) change(l record) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.append(append(text, '\n')); err != nil {
		return fmt.Errorf("the add-on cannot be kept: %w", err)
	}
	f.apply(l)
	return f.tidy()
}

// append writes a line to the disk. One that did not get there whole is cut off
// again; after that, or a failed sync, nobody knows what the disk has.
func (f *File) append(text []byte) error {
	if f.fault != nil {
		return f.fault
	}
	if _, err := f.file.WriteAt(text, f.size); err != nil {
		f.fault = f.file.Truncate(f.size)
		return err
	}
	if err := f.file.Sync(); err != nil {
		f.fault = err
		return err
	}
	f.size += int64(len(text))
	return nil
}

// tidy writes the file anew when most of its lines count no more. If the new one
// cannot be written, the old one goes on, and it is tried again later.
func (f *File) tidy() error {
	if f.lines <= 2*len(f.byKey)+slack {
		return nil
	}
	f.lines = len(f.byKey)
	var text bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(f.byKey)) {
		a := f.byKey[key]
		if err := json.NewEncoder(&text).Encode(record{Put: &a}); err != nil {
			return err
		}
	}
	fresh, err := atomicfile.Create(f.path, atomicfile.Options{Mode: 0o600, Exact: true, Regular: true})
	if err != nil {
		return nil //nolint:nilerror // the old file is as good
	}
	if _, err := fresh.Write(text.Bytes()); err != nil {
		fresh.Discard()
		return nil //nolint:nilerror // the old file is as good
	}
	if f.fault = f.replace(fresh); f.fault != nil {
		return fmt.Errorf("the add-ons cannot be kept: %w", f.fault)
	}
	f.size = int64(text.Len())
	return nil
}

// replace puts a fresh file in the place of the old one.
func (f *File) replace(fresh *atomicfile.File) error {
	err := f.file.Close() // or some systems do not let it go
	if err == nil {
		err = fresh.Commit()
	}
	fresh.Discard()
	if err == nil {
		f.file, err = os.OpenFile(f.path, os.O_RDWR, 0o600)
	}
	return err
}

// Close lets another process have the file.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.lock.Close()
	if f.file != nil {
		err = errors.Join(f.file.Close(), err)
	}
	if f.fault == nil {
		f.fault = fs.ErrClosed
	}
	return err
}
