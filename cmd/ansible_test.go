package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/ansible"
)

// TestAnsible plays testdata/ansible/*.yml and */play.yml by Ansible and by runner: the exit code
// and the standard output must be the same. A playbook may name its arguments in a
// first line, `# args: …`, one by one between blanks, or quoted by '.
//
// The playbooks keep to what Ansible has done the same since its core 2.14, and
// the environment makes a 2.14 do as later ones do.
func TestAnsible(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("Ansible takes a second to start")
	}
	books, err := filepath.Glob("testdata/ansible/*.yml")
	folders, _ := filepath.Glob("testdata/ansible/*/play.yml")
	if err != nil || len(books) < 40 || len(folders) < 10 {
		t.Fatalf("%d playbooks, %d folders of such, %v", len(books), len(folders), err)
	}
	books = append(books, folders...)
	server := ansible.Start(t, "")
	for _, book := range books {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(book, "testdata/ansible/"), ".yml"), func(t *testing.T) {
			t.Parallel()
			args := append([]string{book}, bookArgs(t, book)...)
			want := server.Play(t, "", args)
			if want.Out == "" {
				t.Fatalf("Ansible prints nothing, and on standard error\n%s", want.Err)
			}
			code, got, stderr := newShell(t).run(append([]string{"play", "--jobs", "1"}, args...)...)
			if code != want.Code {
				t.Errorf("exit %d, and Ansible %d\n%s%s", code, want.Code, got, stderr)
			}
			if diff := cmp.Diff(commonGround(want.Out), commonGround(got)); diff != "" {
				t.Errorf("standard output (-Ansible +runner):\n%s", diff)
			}
		})
	}
}

// bookArgs reads the arguments that a playbook wants to be played with.
func bookArgs(t *testing.T, book string) []string {
	text, err := os.ReadFile(book)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	line, ok := strings.CutPrefix(first, "# args: ")
	if !ok {
		return nil
	}
	var args []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			args = append(args, part)
		} else {
			args = append(args, strings.Fields(part)...)
		}
	}
	return args
}

// Where the two may differ.
var differences = []struct {
	pattern *regexp.Regexp
	instead string
}{
	// Ansible names its configuration file with -v; runner has none.
	{regexp.MustCompile(`(?m)^(?:Using .* as config file|No config file found; using defaults)\n`), ""},
	// The detail of an error: since 2.19 Ansible tells it before the result, with
	// its place and the lines around it, and so does runner, in its own form.
	{regexp.MustCompile(`(?m)^\[ERROR\]: .*\n(?: +\d* \| ?.*\n)*`), ""},
	// How an undefined name or a condition that cannot be tested is worded, and
	// with it whether the result says more than that.
	{regexp.MustCompile(`=> \{"msg": "(?:The task includes an option with an undefined|The conditional check|object of type|'\w+' is undefined).*\}\n`), "=> {undefined}\n"},
	// What a failure left undone, which Ansible does not count.
	{regexp.MustCompile(`(?m)^\d+ tasks? (?:was|were) not started: .*\n`), ""},
}

// commonGround takes out of an output what may differ.
func commonGround(out string) string {
	for _, d := range differences {
		out = d.pattern.ReplaceAllString(out, d.instead)
	}
	return strings.ReplaceAll(out, "\r", "")
}
