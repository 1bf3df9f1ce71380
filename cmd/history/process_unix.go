//go:build unix

package history

import (
	"errors"
	"syscall"
)

// atWork reports whether there is a process of that number.
func atWork(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
