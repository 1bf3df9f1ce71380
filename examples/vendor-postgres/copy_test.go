package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCopy builds a copy of this folder in a module of its own, which says with one
// replace where runner is: providers begin so.
func TestCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err == nil && !strings.HasSuffix(name, "_test.go") {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} { // what go mod tidy would write, had it a network
		text, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range [][]string{
		{"mod", "edit", "-module", "shop.example/database", "-require", "runner@v0.0.0", "-replace", "runner=" + root},
		{"build", "-mod=mod", "-o", filepath.Join(dir, "shop"), "."},
	} {
		run := exec.Command("go", line...)
		run.Dir, run.Env = dir, append(os.Environ(), "GOPROXY=off", "GOSUMDB=off", "GOFLAGS=", "GOWORK=off")
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", line, err, out)
		}
	}
}
