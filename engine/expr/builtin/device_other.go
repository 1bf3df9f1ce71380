//go:build !unix

package builtin

import "io/fs"

// deviceOf returns 0: devices have no numbers here.
func deviceOf(fs.FileInfo) uint64 { return 0 }
