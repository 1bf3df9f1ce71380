package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

// A target is what stands at a path.
type target struct {
	path       string      // as it was named
	place      string      // where it really is, links followed
	info       fs.FileInfo // of what is there; nil: nothing
	linked     bool        // the path is a link
	descriptor int         // of this process, that the path stands for; -1: none
}

// descriptors are the names of what this process has open.
var descriptors = regexp.MustCompile(`^/(?:dev|proc/(?:self|thread-self|[0-9]+))/fd/([0-9]+)$`)

// mostLinks is how many links may follow on each other, as in the system.
const mostLinks = 40

// look finds out what stands at a path.
func look(path string) (target, error) {
	t := target{path: path, place: path, descriptor: -1}
	if path == "" {
		return t, errors.New("a file needs a name")
	}
	for range mostLinks {
		if fd, ok := descriptorOf(t.place); ok {
			t.descriptor = fd
			return t, nil
		}
		info, err := os.Lstat(t.place)
		if errors.Is(err, fs.ErrNotExist) {
			return t, t.checkFolder()
		}
		if err != nil {
			return t, writing(path, err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			t.info = info
			return t, nil
		}
		next, err := os.Readlink(t.place)
		if err != nil {
			return t, writing(path, err)
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(t.place), next)
		}
		t.place, t.linked = next, true
	}
	return t, writing(path, errors.New("its links lead in a circle"))
}

// descriptorOf returns the descriptor of this process that a path names.
func descriptorOf(path string) (int, bool) {
	if !filepath.IsAbs(path) {
		return 0, false
	}
	m := descriptors.FindStringSubmatch(filepath.Clean(path))
	if m == nil {
		return 0, false
	}
	if pid := filepath.Base(filepath.Dir(filepath.Dir(filepath.Clean(path)))); pid != strconv.Itoa(os.Getpid()) && pid != "self" &&
		pid != "thread-self" && pid != "dev" {
		return 0, false // another process's
	}
	fd, err := strconv.Atoi(m[1])
	return fd, err == nil
}

// checkFolder says what is wrong with the folder of a file that is to be made.
func (t target) checkFolder() error {
	dir := filepath.Dir(t.place)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return writing(t.path, fmt.Errorf("there is no folder %q", dir))
	case err != nil:
		return writing(t.path, err)
	case !info.IsDir():
		return writing(t.path, fmt.Errorf("%q is no folder", dir))
	}
	return nil
}

// isStream reports whether the target takes what is written to it as it comes.
func (t target) isStream() bool {
	return t.descriptor >= 0 || t.info != nil && t.info.Mode()&(fs.ModeCharDevice|fs.ModeNamedPipe) != 0
}

// what names the kind of file that the target is.
func (t target) what() string {
	switch {
	case t.descriptor >= 0:
		return "descriptor of this process"
	case t.info == nil:
		return "new file"
	case t.info.IsDir():
		return "folder"
	case t.info.Mode()&fs.ModeCharDevice != 0:
		return "device"
	case t.info.Mode()&fs.ModeDevice != 0:
		return "disk"
	case t.info.Mode()&fs.ModeNamedPipe != 0:
		return "FIFO"
	case t.info.Mode()&fs.ModeSocket != 0:
		return "socket"
	case t.info.Mode().IsRegular():
		return "regular file"
	}
	return "special file"
}

// refuse says why a target cannot be written to.
func (t target) refuse(o Options) error {
	switch {
	case t.info != nil && t.info.IsDir():
		return writing(t.path, errors.New("it is a folder: name a file in it"))
	case t.info != nil && !t.info.Mode().IsRegular() && !t.isStream():
		return writing(t.path, fmt.Errorf("it is a %s: name another file", t.what()))
	case o.Regular && t.isStream():
		return writing(t.path, fmt.Errorf("it is a %s, not a regular file: name another file", t.what()))
	case o.New && (t.info != nil || t.linked):
		return &fs.PathError{Op: "create", Path: t.path, Err: fs.ErrExist}
	}
	return nil
}

// readerWait is how long somebody may take to open a FIFO for reading.
const readerWait = 5 * time.Second

// openStream opens a device, a FIFO or a descriptor, and changes nothing about it.
func (t target) openStream() (*os.File, error) {
	if t.descriptor >= 0 {
		fd, err := duplicate(t.descriptor)
		if err != nil {
			return nil, writing(t.path, err)
		}
		return os.NewFile(uintptr(fd), t.path), nil
	}
	for until := time.Now().Add(readerWait); ; time.Sleep(20 * time.Millisecond) {
		f, err := os.OpenFile(t.place, os.O_WRONLY|nonblocking, 0)
		switch {
		case err == nil:
			return f, nil
		case !errors.Is(err, syscall.ENXIO) || t.info.Mode()&fs.ModeNamedPipe == 0:
			return nil, writing(t.path, err)
		case time.Now().After(until):
			return nil, writing(t.path, errors.New("nobody reads from this FIFO"))
		}
	}
}
