package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

const (
	nonblocking = 0
	noFollow    = 0
)

func duplicate(int) (int, error) { return 0, errors.ErrUnsupported }

// lock does nothing: an open file cannot be removed by another process.
func lock(*os.File) bool { return true }

// rename closes the file first, or the system does not let it go.
func rename(f *os.File, place string) error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), place)
}

func removeOpen(f *os.File, name string) {
	_ = f.Close()
	_ = os.Remove(name)
}

func isBusy(error) bool { return false }

func unsupported(error) bool { return true }

// alike does nothing: files take their access list from their folder.
func (f *File) alike() (string, error) { return "", nil }

// Owner returns -1 and -1: files are owned otherwise here.
func Owner(fs.FileInfo) (uid, gid int) { return -1, -1 }
