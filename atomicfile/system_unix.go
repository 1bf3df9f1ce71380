//go:build unix

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

const (
	nonblocking = syscall.O_NONBLOCK
	noFollow    = syscall.O_NOFOLLOW
)

// duplicate returns another descriptor of the same open file.
func duplicate(fd int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	again, err := syscall.Dup(fd)
	if err == nil {
		syscall.CloseOnExec(again)
	}
	return again, err
}

// lock marks a file as one that is being written, until it is closed or its
// process ends. It is false where another process has it. Where a file system
// has no locks, it is true for whoever made the file and for those who clear it;
// so there a file may be cleared under its writer, who then fails.
func lock(f *os.File) bool {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return err == nil || unsupported(err)
}

func rename(f *os.File, place string) error { return os.Rename(f.Name(), place) }

func removeOpen(_ *os.File, name string) { _ = os.Remove(name) }

func isBusy(err error) bool { return errors.Is(err, syscall.EBUSY) }

func unsupported(err error) bool {
	return errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EINVAL)
}

// alike sets on the new file what the one at its place has: owner, group, access
// list and mode, but for what the options say otherwise. Where the system does not
// let it, it returns why the place has to be filled instead.
func (f *File) alike() (reason string, err error) {
	was, isThere := owner(f.at.info)
	uid, gid := -1, -1
	if isThere {
		mine, err := f.file.Stat()
		if err != nil {
			return "", err
		}
		is, _ := owner(mine)
		if uid, gid = was.uid, was.gid; is == was {
			uid, gid = -1, -1
		}
	}
	if f.o.UID != nil {
		uid = *f.o.UID
	}
	if f.o.GID != nil {
		gid = *f.o.GID
	}
	if uid >= 0 || gid >= 0 {
		err := f.file.Chown(uid, gid)
		if errors.Is(err, fs.ErrPermission) && isThere && f.o.UID == nil && f.o.GID == nil {
			return "its owner or group would change", nil
		}
		if err != nil {
			return "", err
		}
	}
	mode := f.o.mode()
	if isThere {
		if err := copyAttributes(f.at.place, f.file); err != nil {
			return "", err
		}
		if !f.o.Exact {
			mode = f.at.info.Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
		}
	}
	return "", f.file.Chmod(mode)
}

type owners struct{ uid, gid int }

func owner(info fs.FileInfo) (owners, bool) {
	if info == nil {
		return owners{}, false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return owners{}, false
	}
	return owners{int(s.Uid), int(s.Gid)}, true
}

// Owner returns the numbers of the user and of the group that own a file.
func Owner(info fs.FileInfo) (uid, gid int) {
	o, ok := owner(info)
	if !ok {
		return -1, -1
	}
	return o.uid, o.gid
}
