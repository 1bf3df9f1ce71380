package ansible_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/ansible"
)

// TestCrash: a process that is killed while it plays has a result which says so, and the
// server plays the next playbook.
func TestCrash(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("Ansible takes a second to start")
	}
	s := ansible.Start(t, "")
	play := func(message string) ansible.Result {
		book := "- hosts: localhost\n  gather_facts: false\n  tasks:\n    - debug: {msg: \"" + message + "\"}\n"
		if err := os.WriteFile(filepath.Join(s.Dir, "play.yml"), []byte(book), 0o600); err != nil {
			t.Fatal(err)
		}
		return s.Play(t, s.Dir, []string{"-i", "localhost,", "-c", "local", "play.yml"})
	}
	if r := play("{{ lookup('pipe', 'kill -SEGV $(ps -o ppid= -p $PPID)') }}"); r.Code >= 0 || !strings.Contains(r.Err, "Ansible crashed: signal 11") {
		t.Errorf("one that is killed: %+v", r)
	}
	if r := play("{{ 1 + 1 }}"); r.Code != 0 || !strings.Contains(r.Out, `"msg": 2`) {
		t.Errorf("the next one: %+v", r)
	}
	if r := s.Play(t, filepath.Join(s.Dir, "none"), nil); r.Code >= 0 || !strings.Contains(r.Err, "Ansible crashed: exit 1") {
		t.Errorf("one in a folder that is not there: %+v", r)
	}
}
