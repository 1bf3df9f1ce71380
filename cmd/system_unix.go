//go:build unix

package cmd

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// atWork reports whether there is a process of that number.
func atWork(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// giveTo makes a file the property of whoever owns another one.
func giveTo(f *os.File, was fs.FileInfo) error {
	s, ok := was.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return f.Chown(int(s.Uid), int(s.Gid))
}
