package differ_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var record = flag.Bool("differ.record", false, "write what Ansible makes of the kept playbooks into their folders")

// recorded are the files of a kept playbook's folder that are not the playbook's.
var recorded = []string{"cmd", "rc", "stdout"}

// TestKept plays the playbooks of testdata/kept, each of which was once played differently:
// `cmd` holds the arguments, `stdout` and `rc` what ansible-core 2.19 printed and returned.
func TestKept(t *testing.T) {
	folders, err := filepath.Glob("testdata/kept/*")
	if err != nil || len(folders) < 10 {
		t.Fatalf("%d folders, %v", len(folders), err)
	}
	if *record {
		recordAll(t, folders)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			code, err := strconv.Atoi(strings.TrimSpace(read(t, folder, "rc")))
			if err != nil {
				t.Fatal(err)
			}
			theirs := played{code: code, stdout: read(t, folder, "stdout")}
			args := words(read(t, folder, "cmd"))
			dir := copied(t, folder, t.TempDir())
			t.Chdir(dir)
			mine := ours(dir, args)
			if d := differ(mine, theirs); d != nil {
				t.Errorf("%s (-Ansible +runner)\n%s\n%s", d.kind, cmp.Diff(normalised(theirs.stdout), normalised(mine.stdout)), mine.messages)
			}
		})
	}
}

// recordAll plays all kept playbooks by Ansible, and writes what it makes of them.
func recordAll(t *testing.T, folders []string) {
	a := startAnsible(t)
	for _, folder := range folders {
		if err := os.RemoveAll(a.Dir); err != nil {
			t.Fatal(err)
		}
		copied(t, folder, a.Dir)
		p := theirs(t, a, words(read(t, folder, "cmd")))
		if p.code < 0 {
			t.Fatal(p.messages)
		}
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("rc", fmt.Sprintln(p.code))
		write("stdout", p.stdout)
	}
}

// copied copies a kept playbook into a folder, and returns that.
func copied(t *testing.T, folder, into string) string {
	t.Helper()
	if err := os.CopyFS(into, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	for _, name := range recorded {
		if err := os.Remove(filepath.Join(into, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return into
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// words cuts a command line at its blanks, those within '…' aside.
func words(line string) []string {
	var all []string
	for i, part := range strings.Split(strings.TrimSpace(line), "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}
