package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// aboutFailures is what a failure says of itself, in whose words the two differ.
var aboutFailures = regexp.MustCompile(`(?m)^((?:fatal|failed): \[.*?=> )\{(?:.*\}|\n(?: .*\n)*\})$`)

// TestRecorded plays the folders of testdata/recorded: what ansible-core 2.19.11 printed
// and returned is in them, without what failures say of themselves. `cmd` holds the
// arguments. Where the installed Ansible is older it may print something else.
func TestRecorded(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("testdata/recorded/*")
	if err != nil || len(folders) < 15 {
		t.Fatalf("%d folders, %v", len(folders), err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			if err := os.CopyFS(s.dir, os.DirFS(folder)); err != nil {
				t.Fatal(err)
			}
			args := []string{"play", "--jobs", "1"}
			for i, part := range strings.Split(strings.TrimSpace(recorded(t, folder, "cmd")), "'") {
				words := []string{part}
				if i%2 == 0 {
					words = strings.Fields(part)
				}
				for _, w := range words {
					if path, ok := strings.CutPrefix(w, "@"); ok {
						w = "@" + filepath.Join(s.dir, path)
					} else if strings.HasSuffix(w, ".yml") {
						w = filepath.Join(s.dir, w)
					}
					args = append(args, w)
				}
			}
			code, out, stderr := s.run(args...)
			if want := strings.TrimSpace(recorded(t, folder, "rc")); want != strconv.Itoa(code) {
				t.Errorf("exit %d, and Ansible %s\n%s%s", code, want, out, stderr)
			}
			out = aboutFailures.ReplaceAllString(commonGround(strings.ReplaceAll(out, s.dir, "{DIR}")), "$1{…}")
			lines := strings.Split(out, "\n")
			for i := range lines {
				lines[i] = strings.TrimRight(lines[i], " ")
			}
			if diff := cmp.Diff(recorded(t, folder, "stdout"), strings.Join(lines, "\n")); diff != "" {
				t.Errorf("standard output (-Ansible +runner):\n%s", diff)
			}
		})
	}
}

func recorded(t *testing.T, folder, name string) string {
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
