package playbooks

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"runner/playbooks/keyword"
)

// surplusAt holds texts with a place for one more key in each of the places of keywords. An
// entry of roles takes any key: what is no keyword is a parameter of the role.
var surplusAt = map[keyword.Place]string{
	keyword.Play:           "- hosts: localhost\n  %s: x\n  tasks: []\n",
	keyword.Block:          "- hosts: localhost\n  tasks:\n    - block: [{debug: }]\n      %s: x\n",
	keyword.Task:           "- hosts: localhost\n  tasks:\n    - debug:\n      %s: x\n",
	keyword.ImportTasks:    "- hosts: localhost\n  tasks:\n    - import_tasks: other.yml\n      %s: x\n",
	keyword.ImportPlaybook: "- import_playbook: site.yml\n  %s: x\n",
	keyword.LoopControl:    "- hosts: localhost\n  tasks:\n    - debug:\n      loop: [1]\n      loop_control:\n        %s: x\n",
	keyword.Prompt:         "- hosts: localhost\n  vars_prompt:\n    - name: a\n      %s: x\n  tasks: []\n",
}

// TestNoKeyIsIgnored: whatever stands where it means nothing is refused at its place: a key
// that nobody knows, and every keyword in each place that does not have it.
func TestNoKeyIsIgnored(t *testing.T) {
	names := []string{"nonsense"}
	for _, k := range keyword.Table() {
		if !slices.Contains(names, k.Name) && !strings.HasSuffix(k.Name, "*") {
			names = append(names, k.Name)
		}
	}
	for place, text := range surplusAt {
		for _, name := range names {
			known := slices.ContainsFunc(keyword.Table(), func(k keyword.Keyword) bool { return k.Name == name && k.In&place != 0 })
			if known || strings.Contains(text, " "+name+":") || isKind(name) {
				continue
			}
			book := fmt.Sprintf(text, name)
			if got := refusals(t, book); !strings.Contains(got, at(book, name)) {
				t.Errorf("%s takes %q without a word at %s:\n%s%s", place, name, at(book, name), book, got)
			}
		}
	}
}

// isKind reports whether a name is a task's kind, or what stands for one.
func isKind(name string) bool {
	return slices.ContainsFunc(keyword.Table(), func(k keyword.Keyword) bool {
		return k.Name == name && (k.Takes == keyword.Kind || k.Takes == keyword.Action)
	})
}

// at returns the line in which a key stands: play.yml:LINE:. A word of blocks makes a block of
// its task, which is refused at its value.
func at(book, name string) string {
	before, _, _ := strings.Cut(book, name+": x")
	return fmt.Sprintf("play.yml:%d:", strings.Count(before, "\n")+1)
}

// refusals returns the mistakes that a playbook has.
func refusals(t *testing.T, book string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"play.yml": book, "other.yml": "- debug:\n", "site.yml": "- hosts: localhost\n  tasks: []\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, problems := Load([]string{filepath.Join(dir, "play.yml")}, options())
	var all strings.Builder
	for _, p := range problems {
		all.WriteString(strings.ReplaceAll(p.Error(), dir+string(filepath.Separator), "") + "\n")
	}
	return all.String()
}
