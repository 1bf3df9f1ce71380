package cmd

import (
	"io/fs"
	"os"
)

// atWork reports whether there is a process of that number.
func atWork(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = p.Release()
	return true
}

// giveTo does nothing: files inherit their owner from their folder.
func giveTo(*os.File, fs.FileInfo) error { return nil }
