package main_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestModuleMoves runs CONTRIBUTING's command, which changes the module's path,
// on a copy, and looks whether Go still finds all packages.
func TestModuleMoves(t *testing.T) {
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("needs perl")
	}
	guide, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile("(?m)^export MODULE=[^`]*").FindString(string(guide))
	if command == "" {
		t.Fatal("CONTRIBUTING.md has no command that begins with export MODULE=")
	}
	dir := t.TempDir()
	copyGo(t, dir)
	for _, line := range [][]string{{"sh", "-c", command}, {"go", "list", "-mod=mod", "-deps", "./..."}} {
		run := exec.Command(line[0], line[1:]...)
		run.Dir, run.Env = dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
		out, err := run.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", line, err, out)
		}
		for name := range strings.FieldsSeq(string(out)) {
			if strings.HasPrefix(name, "runner/") {
				t.Errorf("%s is still imported", name)
			}
		}
	}
}

// copyGo copies what makes the module: Go files with what they embed, and go.mod.
func copyGo(t *testing.T, to string) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		case strings.HasSuffix(name, "_test.go") || !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}
