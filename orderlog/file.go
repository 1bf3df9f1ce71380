package orderlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The events of a log.
const (
	intended = "order"    // Order
	ordered  = "ordered"  // Key, ID
	nothing  = "nothing"  // Key
	marked   = "marked"   // ID
	renamed  = "renamed"  // ID, Name
	removed  = "removed"  // ID
	declared = "declared" // Declaration, IDs
)

// An entry is a line of the file.
type entry struct {
	Event string    `json:"event"`
	Time  time.Time `json:"time"`
	Key   string    `json:"key,omitempty"`
	ID    string    `json:"id,omitempty"`
	Name  string    `json:"name,omitempty"`
	Order *Order    `json:"order,omitempty"`

	Declaration *Declaration `json:"declaration,omitempty"`
	IDs         []string     `json:"ids,omitempty"`
}

func (e entry) valid() bool {
	switch e.Event {
	case intended:
		return e.Order != nil && e.Order.Key != ""
	case ordered:
		return e.Key != "" && e.ID != ""
	case nothing:
		return e.Key != ""
	case marked, removed:
		return e.ID != ""
	case declared:
		return e.Declaration != nil
	case renamed:
		return e.ID != "" && e.Name != ""
	}
	return false
}

const (
	largest = 64 << 20           // no log is read that is larger, in bytes
	tidy    = 256 << 10          // a log that is larger is made smaller when it is opened
	kept    = 7 * 24 * time.Hour // how long what is closed is remembered
)

// Open opens the log in a file for reading and writing; one that is not there is
// made, readable by its user only. What is neither a file nor missing is refused.
func Open(path string) (*Log, error) {
	l, all, size, err := load(path)
	if err == nil && size > tidy {
		l, err = l.shrink(path, all)
	}
	if err != nil {
		return nil, err
	}
	l.file, err = os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the log of orders: %w", err)
	}
	l.torn = unfinished(l.file)
	return l, nil
}

// Read opens the log in a file for reading; one that is not there is empty.
func Read(path string) (*Log, error) {
	l, _, _, err := load(path)
	return l, err
}

func load(path string) (l *Log, all []entry, size int, err error) {
	l = &Log{}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l, nil, 0, nil
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("%s is no file", path)
	case err == nil && info.Size() > largest:
		err = fmt.Errorf("%s is larger than %d MiB", path, largest>>20)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, nil, 0, fmt.Errorf("the log of orders: %w", err)
	}
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var e entry
		if json.Unmarshal(line, &e) != nil || !e.valid() {
			l.damaged++
			continue
		}
		l.note(e)
		all = append(all, e)
	}
	l.left = len(l.orders)
	return l, all, len(text), nil
}

// unfinished reports whether a file's last line has no end: a disk was full, or a
// machine went down.
func unfinished(f *os.File) bool {
	last := make([]byte, 1)
	end, err := f.Seek(-1, io.SeekEnd)
	if err != nil || end < 0 {
		return false
	}
	_, err = f.ReadAt(last, end)
	return err == nil && last[0] != '\n'
}

// shrink leaves out what is closed and old, and all but the last declarations. The old file stays where the new one
// cannot be written.
func (l *Log) shrink(path string, all []entry) (*Log, error) {
	since := time.Now().Add(-kept)
	open := map[string]bool{}
	for _, o := range l.orders {
		if o.Open() || o.Unmarked() {
			open[o.Key] = true
			if o.ID != "" {
				open[o.ID] = true
			}
		}
	}
	var text bytes.Buffer
	short := &Log{damaged: l.damaged}
	all = slices.DeleteFunc(all, func(e entry) bool { return e.Event == declared })
	declarations := l.declarations()
	for i, e := range slices.Concat(all, declarations) {
		key := e.Key
		if e.Order != nil {
			key = e.Order.Key
		}
		if i >= len(all) || e.Time.After(since) || open[key] || open[e.ID] {
			line, err := json.Marshal(e)
			if err != nil {
				return nil, err
			}
			text.Write(append(line, '\n'))
			short.note(e)
		}
	}
	if err := replace(path, text.Bytes()); err != nil {
		return nil, fmt.Errorf("the log of orders cannot be made smaller: %w", err)
	}
	short.left = len(short.orders)
	return short, nil
}

// replace writes a file at once: whoever reads it finds the old text or the new.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// add notes an entry and appends it to the file, in one piece. With lasting it is
// on the disk when add returns; else it is with the system, and so outlives the
// process.
func (l *Log) add(e entry, lasting bool) error {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	number, err := l.write(e)
	if err != nil || !lasting {
		return err
	}
	// One sync is for all that was written before it: who waits here finds it done.
	l.syncing.Lock()
	defer l.syncing.Unlock()
	if l.synced >= number {
		return nil
	}
	l.mu.Lock()
	file, written := l.file, l.written
	l.mu.Unlock()
	if file == nil {
		return nil
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("the log of orders: %w", err)
	}
	l.synced = written
	return nil
}

func (l *Log) write(e entry) (number int, err error) {
	line, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		line = slices.Concat(line, []byte{'\n'})
		if l.torn {
			line = slices.Concat([]byte{'\n'}, line)
		}
		n, err := l.file.Write(line)
		l.torn = n > 0 && n < len(line) || l.torn && n == 0
		if err != nil {
			return 0, fmt.Errorf("the log of orders: %w", err)
		}
	}
	l.written++
	l.note(e)
	return l.written, nil
}

// Close lets go of the file. What is noted afterwards is remembered only as long
// as the process lives.
func (l *Log) Close() error {
	flushed := l.flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return errors.Join(flushed, err)
}
