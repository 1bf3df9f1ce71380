// Package version knows the version of the program, and nothing else.
package version

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// release is the version of the next release; a build may set it.
var release = "0.1.0-dev"

// String returns the release, and the commit where the build knows it.
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return release + "+" + s.Value[:12]
		}
	}
	return release
}

// Print writes the version, and what it was built with.
func Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "runner %s (%s %s/%s)\n", String(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
