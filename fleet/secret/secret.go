// Package secret reads files of secrets, which nobody but their owner may read. It knows
// where they are and who may read them, and nothing of what they are for.
package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// An Error says why a file of secrets is not used, and what to do.
type Error struct {
	Path string
	Why  string
}

func (e *Error) Error() string { return "the secret file " + e.Path + " " + e.Why }

// Path returns the file that a word of fleet.yml names: file:PATH, or the NAME of a file
// in the folder of secrets, which has an ending such as ".env".
func Path(word, folder, ending string) string {
	if path, ok := strings.CutPrefix(word, "file:"); ok {
		return path
	}
	return filepath.Join(folder, word+ending)
}

// Check returns an *Error where a file cannot be used: it is missing, no file, or others
// can read it.
func Check(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{path, "is missing: create it, for its owner alone (chmod 600)"}
	case err != nil:
		return unreadable(path, err)
	case info.IsDir():
		return &Error{path, "is a folder"}
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0: // Windows has no such bits
		return &Error{path, "can be used by others than its owner: chmod 600 " + path}
	}
	return nil
}

// Read returns what a file holds that passes Check.
func Read(path string) ([]byte, error) {
	if err := Check(path); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return text, nil
}

func unreadable(path string, err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		err = of.Err // the path stands there already
	}
	return &Error{path, fmt.Sprintf("cannot be read: %v", err)}
}
