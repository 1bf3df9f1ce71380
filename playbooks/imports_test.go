package playbooks

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"runner/engine"
)

// Files that import each other twice, level after level, would make more tasks
// than there is room for. That is reported, once, before they do.
func TestImportsAreBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 25 {
		write(t, dir, fmt.Sprintf("%d.yml", i), strings.Repeat(fmt.Sprintf("- import_tasks: %d.yml\n", i+1), 2))
	}
	write(t, dir, "25.yml", "- debug:\n")
	program, problems := Load([]string{filepath.Join(dir, "0.yml")}, options())
	if program != nil || len(problems) != 1 || !strings.Contains(problems[0].Msg, "larger than") {
		t.Errorf("reported %v", problems)
	}
	deep := t.TempDir()
	for i := range 60 {
		write(t, deep, fmt.Sprintf("%d.yml", i), fmt.Sprintf("- import_tasks: %d.yml\n", i+1))
	}
	_, problems = Load([]string{filepath.Join(deep, "0.yml")}, options())
	if len(problems) != 1 || !strings.Contains(problems[0].Msg, "deeper than 50 levels") {
		t.Errorf("reported %v", problems)
	}
}

// What a file brings in while the play runs inherits what stands around it and what
// its apply says, not what the include itself says.
func TestFilesLoad(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "tasks/more.yml", "- debug: {msg: more}\n  tags: own\n- import_tasks: deeper.yml\n- include_vars: vars.yml\n")
	write(t, dir, "tasks/deeper.yml", "- debug:\n")
	write(t, dir, "vars.yml", "colour: red\n")
	write(t, dir, "wrong.yml", "- debug: {mgs: x}\n- dbug:\n")
	site := write(t, dir, "site.yml", `- hosts: localhost
  tags: play
  vars: {a: true, b: true, c: true, file: tasks/more.yml}
  tasks:
    - block:
        - include_tasks:
            file: "{{ file }}"
            apply: {tags: applied, when: a}
          when: b
          tags: include
          no_log: true
      when: c
`)
	program, problems := Load([]string{site}, options())
	if program == nil {
		t.Fatal(problems)
	}
	by := program.Plays[0].Tasks[0].(*engine.Step)
	files := Files{Options: options()}
	included, err := files.Load(t.Context(), by, "tasks/more.yml")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range included.Items {
		s := item.(*engine.Step)
		var when []string
		for _, c := range s.When {
			when = append(when, c.Text)
		}
		got = append(got, fmt.Sprintf("%s %v %v %v", s.ID, s.Tags, when, s.NoLog != nil))
	}
	want := []string{
		"1.1.1.1 [play applied own] [c a] false",
		"1.1.1.2.1 [play applied] [c a] false",
		"1.1.1.3 [play applied] [c a] false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || included.File != filepath.Join(dir, "tasks/more.yml") {
		t.Errorf("%s gives\n%s\nwant\n%s", included.File, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, said := range map[string][]string{
		"wrong.yml":  {`wrong.yml:2:3: unknown task kind "dbug"`},
		"absent.yml": {"site.yml:7:19: ", "absent.yml: no such file"},
	} {
		_, err := files.Load(t.Context(), by, name)
		for _, text := range said {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v, want %s", name, err, text)
			}
		}
	}
	vars, err := files.ReadVars(t.Context(), engine.VarsQuery{From: by.Place, Paths: []string{"none.yml", "vars.yml"}})
	if err != nil || len(vars) != 1 || vars[0].Name != "colour" {
		t.Errorf("read %v, %v", vars, err)
	}
	if _, err := files.ReadVars(t.Context(), engine.VarsQuery{From: by.Place, Paths: []string{"none.yml"}}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("none.yml: %v", err)
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file that another folder's file names is looked for beside the playbook, too.
func TestFilesAreFoundBesideThePlaybook(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"site.yml":      "- hosts: localhost\n  tasks:\n    - import_tasks: parts/sub.yml\n",
		"parts/sub.yml": "- import_tasks: beside.yml\n",
		"beside.yml":    "- debug: {msg: beside}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program, problems := Load([]string{filepath.Join(dir, "site.yml")}, options())
	if program == nil {
		t.Fatal(problems)
	}
	var found []string
	for s := range program.Plays[0].Steps() {
		found = append(found, s.Args.Get("msg").Text)
	}
	if !slices.Equal(found, []string{"beside"}) {
		t.Errorf("found %v, problems %v", found, problems)
	}
}
