package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"runner/playbooks/keyword"
)

// TestReadme runs the commands that README shows, in its order and in one home,
// and holds it to what they print.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 5 || blocks[0][1] != "$ go run . play --emulator examples/site.yml\n$ go test ./...\n" {
		t.Fatal("README does not begin with its two commands")
	}
	home, bin := t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "runner")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, block := range blocks[1:] {
		for _, part := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			command, want, _ := strings.Cut(part, "\n")
			if !strings.HasPrefix(command, "runner ") {
				continue
			}
			ran++
			c := exec.CommandContext(t.Context(), "/bin/sh", "-c", command)
			c.Dir, c.Env = "..", []string{"HOME=" + home, "PATH=" + bin + ":/usr/bin:/bin"}
			out, _ := c.CombinedOutput()
			got := strings.ReplaceAll(string(out), home, "~")
			if normalized(strings.TrimSpace(got)) != normalized(strings.TrimSpace(want)) {
				t.Errorf("%s prints\n%s\nREADME says\n%s", command, got, want)
			}
		}
	}
	if ran < 4 {
		t.Errorf("only %d commands were run", ran)
	}
}

// TestReadmeNamesKeywords holds README to every keyword, those that do not work
// too.
func TestReadmeNamesKeywords(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keyword.Reference() {
		if !strings.Contains(string(text), "`"+k.Name+"`") {
			t.Errorf("README does not name %s", k.Name)
		}
	}
}
