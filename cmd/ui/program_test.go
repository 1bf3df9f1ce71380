package ui_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"runner/cmd/ui"
	"runner/diagnostic"
)

// TestFindProgram: a program is found in the first folder of $PATH that holds one which can
// be run, and never in the working folder.
func TestFindProgram(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode that says whether they can be run")
	}
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"a/tool": 0o600, "b/tool": 0o700, "c/tool": 0o700, "tool": 0o700} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, nil, 0o600), os.Chmod(name, mode)); err != nil {
			t.Fatal(err)
		}
	}
	in := func(dir string) string { return string(os.PathListSeparator) + filepath.Join(here, dir) }
	for path, want := range map[string]string{
		in("a") + in("b") + in("c"): filepath.Join(here, "b", "tool"),
		in("none") + in("c"):        filepath.Join(here, "c", "tool"),
		".":                         "", "b": "", "": "", in("a"): "",
	} {
		s := ui.Streams{Getenv: func(string) string { return path }}
		got, err := s.FindProgram("tool", "make it: 100% easy")
		problem, missing := errors.AsType[*diagnostic.Problem](err)
		if got != want || missing != (want == "") || missing && (problem.Msg != "there is no tool" || problem.Hint != "make it: 100% easy") {
			t.Errorf("in %q: %q, %v", path, got, err)
		}
	}
}
