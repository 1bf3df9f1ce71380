//go:build !unix

package tasks

import (
	"os"
	"runtime"
)

func readKernel() kernel {
	node, _ := os.Hostname()
	return kernel{system: map[string]string{"windows": "Win32NT"}[runtime.GOOS], machine: runtime.GOARCH, node: node}
}
