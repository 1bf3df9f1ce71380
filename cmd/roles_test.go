package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRoles plays three roles, with dependencies, handlers, defaults and templates, in a run and in a
// check: the output is what ansible-core 2.19.11 printed, run.txt and check.txt, and what the Ansible of
// the tree that ANSIBLE_TREE names prints now; no file is there afterwards that was not before.
func TestRoles(t *testing.T) {
	t.Parallel()
	for recorded, flags := range map[string][]string{"run.txt": nil, "check.txt": {"--check", "--diff"}} {
		t.Run(recorded, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			if err := os.CopyFS(s.dir, os.DirFS("testdata/roles")); err != nil {
				t.Fatal(err)
			}
			before := filesIn(t, s.dir)
			code, out, stderr := s.run(append([]string{"play", "--jobs", "1", filepath.Join(s.dir, "site.yml")}, flags...)...)
			if code != 0 {
				t.Errorf("exit %d\n%s%s", code, out, stderr)
			}
			got := rolesGround(out, s.dir)
			want, err := os.ReadFile(filepath.Join("testdata/roles", recorded))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(rolesGround(string(want), ""), got); diff != "" {
				t.Errorf("standard output (-recorded +runner):\n%s", diff)
			}
			if diff := cmp.Diff(before, filesIn(t, s.dir)); diff != "" {
				t.Errorf("files (-before +after):\n%s", diff)
			}
			if tree := os.Getenv("ANSIBLE_TREE"); tree != "" {
				if diff := cmp.Diff(rolesByAnsible(t, tree, flags), got); diff != "" {
					t.Errorf("standard output (-Ansible +runner):\n%s", diff)
				}
			}
		})
	}
}

// rolesGround is what both programs print, failures' own words aside.
func rolesGround(out, dir string) string {
	if dir != "" {
		out = strings.ReplaceAll(out, dir, "{DIR}")
	}
	return aboutFailures.ReplaceAllString(excerpt.ReplaceAllString(commonGround(out), ""), "$1{…}")
}

// excerpt is what Ansible shows of the file in which a task failed.
var excerpt = regexp.MustCompile(`(?m)^Origin: .*\n\n(?:.*\n)+?\n`)

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func rolesByAnsible(t *testing.T, tree string, flags []string) string {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Join(tree, "tmp"), "roles")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.CopyFS(filepath.Join(dir, "case"), os.DirFS("testdata/roles")); err != nil {
		t.Fatal(err)
	}
	inside := "/" + strings.TrimPrefix(strings.TrimPrefix(dir, tree), "/")
	command := exec.CommandContext(t.Context(), "chroot", append([]string{tree, "/usr/bin/ansible-playbook", "-i", "localhost,",
		inside + "/case/site.yml"}, flags...)...)
	command.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + inside, "LC_ALL=C.UTF-8", "COLUMNS=80", "ANSIBLE_LOCALHOST_WARNING=False",
		"PYTHONDONTWRITEBYTECODE=1"}
	out, err := command.Output()
	if err != nil {
		t.Fatalf("ansible-playbook: %v\n%s", err, out)
	}
	return rolesGround(string(out), inside+"/case")
}
