package ui

import (
	"os"
	"os/exec"
	"path/filepath"

	"runner/diagnostic"
)

// FindProgram returns the path of another program of ours: beside this one, or in a folder
// of $PATH. The error of one that is not there has a hint: how to get it.
func (s *Streams) FindProgram(name, hint string) (string, error) {
	var places []string
	if self, err := os.Executable(); err == nil {
		places = append(places, filepath.Dir(self))
	}
	for _, dir := range append(places, filepath.SplitList(s.Getenv("PATH"))...) {
		if !filepath.IsAbs(dir) { // not whatever lies in the working folder
			continue
		}
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", (&diagnostic.Problem{Msg: "there is no " + name}).WithHint("%s", hint)
}
