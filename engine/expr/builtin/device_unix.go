//go:build unix

package builtin

import (
	"io/fs"
	"syscall"
)

// deviceOf returns the number of the device that a file is on.
func deviceOf(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev) //nolint:unconvert // it is an int32 on some systems
	}
	return 0
}
