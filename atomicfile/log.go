package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// OpenLog opens a file that only grows, to read it and to append to it, and makes
// it if there is none. Only a regular file is one: neither a link is followed nor
// a device opened, and nothing about the file is changed.
func OpenLog(path string, mode fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|noFollow|nonblocking, mode)
	if err != nil {
		return nil, writing(path, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err == nil && !sameFile(f) {
		err = errors.New("it is a link")
	}
	if err != nil {
		_ = f.Close()
		return nil, writing(path, err)
	}
	return f, nil
}
