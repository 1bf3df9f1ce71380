package playbooks

import (
	"path/filepath"
	"strings"
	"testing"

	"runner/diagnostic"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, dir, name, text)
	}
	return dir
}

func TestUnsavedTextsCount(t *testing.T) {
	dir := folder(t, map[string]string{
		"site.yml":  "- hosts: localhost\n  vars_files: [vars.yml]\n  tasks:\n    - name: One\n      debug: {msg: '{{ who }}'}\n    - import_tasks: more.yml\n",
		"vars.yml":  "other: 1\n",
		"group.yml": "",
	})
	site := filepath.Join(dir, "site.yml")
	opt := options()
	opt.Unsaved = map[string]string{
		filepath.Join(dir, "vars.yml"): "who: world\n",
		filepath.Join(dir, "more.yml"): "- name: Two\n  debug: {mgs: x}\n", // it is not on the disk at all
	}
	a := Analyze([]string{site}, opt)
	if len(a.Problems) != 1 || a.Problems[0].Meant != "msg" || a.Problems[0].Wrong != "mgs" {
		t.Fatalf("got %v", a.Problems)
	}
	var files, links []string
	for _, f := range a.Files {
		files = append(files, filepath.Base(f.Source.Name))
	}
	for _, l := range a.Links {
		links = append(links, l.Text+" "+filepath.Base(l.Path))
	}
	if got := strings.Join(files, " ") + "; " + strings.Join(links, ", "); got != "site.yml vars.yml more.yml; vars.yml vars.yml, more.yml more.yml" {
		t.Errorf("got %s", got)
	}
	if steps := len(a.Program.Plays[0].Tasks); steps != 2 {
		t.Errorf("the program has %d tasks, for all that one is wrong", steps)
	}
}

func TestAPartIsNotBlamedForWhatStandsElsewhere(t *testing.T) {
	dir := folder(t, map[string]string{
		"tasks.yml":    "- name: One\n  debug: {msg: '{{ who }}'}\n  notify: Restart\n",
		"handlers.yml": "- name: Restart\n  listen: all\n  debug: {msg: hello}\n",
		"vars.yml":     "a: '{{ b }}'\n",
		"wrong.yml":    "a: '{{ b | uper }}'\n",
	})
	opt := options()
	opt.Part, opt.Lint = true, true
	for name, want := range map[string]string{"tasks.yml": "", "handlers.yml": "", "vars.yml": "", "wrong.yml": "upper"} {
		a := Analyze([]string{filepath.Join(dir, name)}, opt)
		if want == "" && len(a.Problems) > 0 || want != "" && (len(a.Problems) != 1 || a.Problems[0].Meant != want || a.Problems[0].Severity != diagnostic.Warning) {
			t.Errorf("%s: got %v", name, a.Problems)
		}
	}
}
