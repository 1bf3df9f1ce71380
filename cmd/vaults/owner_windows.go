package vaults

import (
	"io/fs"
	"os"
)

// giveTo does nothing: files inherit their owner from their folder.
func giveTo(*os.File, fs.FileInfo) error { return nil }
