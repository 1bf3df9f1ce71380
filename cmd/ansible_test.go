package cmd_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAnsible plays testdata/ansible/*.yml by Ansible and by runner: the exit code
// and the standard output must be the same. A playbook may name its arguments in a
// first line, `# args: …`, one by one between blanks, or quoted by '.
//
// The playbooks keep to what Ansible has done the same since its core 2.14, and
// the environment makes a 2.14 do as later ones do.
func TestAnsible(t *testing.T) {
	if testing.Short() {
		t.Skip("Ansible takes a second to start")
	}
	ansible, err := exec.LookPath("ansible-playbook")
	if err != nil {
		t.Skip("ansible-playbook is not there: install ansible-core")
	}
	books, err := filepath.Glob("testdata/ansible/*.yml")
	if err != nil || len(books) < 40 {
		t.Fatalf("%d playbooks, %v", len(books), err)
	}
	var turn sync.Mutex // the command line's library keeps flags of its own, for all who run at once
	for _, book := range books {
		t.Run(strings.TrimSuffix(filepath.Base(book), ".yml"), func(t *testing.T) {
			t.Parallel()
			args := append([]string{book}, bookArgs(t, book)...)
			wantCode, want := playByAnsible(t, ansible, args)
			turn.Lock()
			defer turn.Unlock()
			code, got, stderr := newShell(t).run(append([]string{"play", "--jobs", "1"}, args...)...)
			if code != wantCode {
				t.Errorf("exit %d, and Ansible %d\n%s%s", code, wantCode, got, stderr)
			}
			if diff := cmp.Diff(commonGround(want), commonGround(got)); diff != "" {
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

func playByAnsible(t *testing.T, ansible string, args []string) (code int, out string) {
	command := exec.CommandContext(t.Context(), ansible, args...)
	home := t.TempDir()
	config := filepath.Join(home, "ansible.cfg") // empty, so that no other one is found
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	command.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ANSIBLE_") }),
		"HOME="+home, "ANSIBLE_HOME="+home, "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1", "COLUMNS=80",
		"ANSIBLE_CONFIG="+config, "PYTHONDONTWRITEBYTECODE=1",
		// Values keep their types in templates, as they do without asking since 2.19.
		"ANSIBLE_JINJA2_NATIVE=1")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		code = e.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if stdout.Len() == 0 {
		t.Fatalf("Ansible said nothing, and on standard error\n%s", stderr.String())
	}
	return code, stdout.String()
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
