package playbooks

import (
	"strings"
	"testing"

	"runner/diagnostic"
	"runner/engine"
)

// valid are tasks, and plays where they begin with "- hosts", that must start: what is
// wrong in them is certain neither to be reached nor to end the run.
var valid = []string{
	// Under a condition.
	`- debug: {msg: "{{ nowhere }}"}` + "\n  when: false",
	`- debug: {msg: "{{ nowhere }}"}` + "\n  when: inventory_hostname == 'other'",
	`- debug: {msg: "{{ nowhere }}"}` + "\n  when: [true, inventory_hostname == 'other']",
	`- debug: {msg: "{{ nowhere }}"}` + "\n  when: nowhere is defined",
	`- debug: {msg: "{{ nowhere.a.b }}"}` + "\n  when: nowhere is defined and nowhere.a is defined",
	`- debug: {msg: x}` + "\n  when: false and nowhere",
	`- debug: {msg: x}` + "\n  when: [inventory_hostname == 'other', nowhere == 1]",
	`- debug: {msg: x}` + "\n  when: inventory_hostname == 'localhost' or nowhere",
	`- debug: {msg: x}` + "\n  when: not (nowhere is defined)",
	`- debug: {msg: x}` + "\n  when: (nowhere | default([])) | length == 0",
	`- debug: {msg: "{{ item }}"}` + "\n  loop: \"{{ nowhere }}\"\n  when: false",
	`- debug: {msg: "{{ item }}"}` + "\n  with_items: \"{{ nowhere }}\"\n  when: false",
	"- block:\n  - debug: {msg: \"{{ nowhere }}\"}\n  when: false",
	"- block:\n  - debug: {msg: \"{{ nowhere }}\"}\n  when: inventory_hostname == 'other'",
	"- include_tasks: nowhere.yml\n  when: false",
	"- include_vars: nowhere.yml\n  when: false",
	"- include_tasks: nowhere.yml", // an earlier task may write it
	"- debug: {msg: \"{{ 1 | nofilter }}\"}\n  when: false",
	"- debug: {msg: \"{{ 1 is notest }}\"}\n  when: inventory_hostname == 'other'",
	"- debug: {msg: \"{{ 1 + }}\"}\n  when: false",
	"- debug: {mgs: x}\n  when: false",
	"- debug: {verbosity: many}\n  when: false",
	"- addon_register: {}\n  when: inventory_hostname == 'other'",
	// Where a failure does not end the run.
	"- debug: {msg: \"{{ nowhere }}\"}\n  ignore_errors: true",
	"- debug: {msg: \"{{ nowhere }}\"}\n  ignore_errors: \"{{ 1 == 1 }}\"",
	"- block:\n  - debug: {msg: \"{{ nowhere }}\"}\n  ignore_errors: true",
	"- block:\n  - debug: {msg: \"{{ nowhere }}\"}\n  rescue:\n  - debug: {msg: x}",
	"- block:\n  - debug: {msg: x}\n  rescue:\n  - debug: {msg: \"{{ nowhere }}\"}",
	"- block:\n  - block:\n    - debug: {msg: \"{{ nowhere }}\"}\n    always:\n    - debug: {msg: x}\n  rescue:\n  - debug: {msg: x}",
	"- debug: {msg: \"{{ 1 | nofilter }}\"}\n  ignore_errors: true",
	"- debug: {msg: \"{{ item }}\"}\n  loop: {a: 1}\n  ignore_errors: true",
	"- debug: {mgs: x}\n  ignore_errors: true",
	"- debug: {msg: x}\n  when: 1\n  ignore_errors: true",
	// On some paths of a template only.
	`- debug: {msg: "{{ true or nowhere }}"}`,
	`- debug: {msg: "{{ false and nowhere }}"}`,
	`- debug: {msg: "{{ 'a' if true else nowhere }}"}`,
	`- debug: {msg: "{{ nowhere if false else 'a' }}"}`,
	`- debug: {msg: "{% if true %}a{% else %}{{ nowhere }}{% endif %}"}`,
	`- debug: {msg: "{% if false %}{{ nowhere }}{% elif nowhere2 %}b{% endif %}"}`,
	`- debug: {msg: "{% for i in [] %}{{ nowhere }}{% endfor %}"}`,
	`- debug: {msg: "{% for i in [1] %}x{% else %}{{ nowhere }}{% endfor %}"}`,
	`- debug: {msg: "{% macro m() %}{{ nowhere }}{% endmacro %}x"}`,
	`- debug: {msg: "{{ 1 > 2 > nowhere }}"}`,
	`- debug: {msg: "{{ nowhere | default('a') }}"}`,
	`- debug: {msg: "{{ 'a' | default(nowhere) }}"}`,
	`- debug: {msg: "{{ nowhere is defined }}"}`,
	`- debug: {msg: "{{ nowhere is undefined }}"}`,
	`- debug: {msg: "{{ nowhere.a.b | d(1) }}"}`,
	`- debug: {msg: "{{ nowhere is defined and nowhere.a }}"}`,
	`- debug: {msg: "{{ [nowhere, 1] | select('defined') | list }}"}`,
	`- debug: {msg: "{% set x = nowhere %}a"}`,
	`- debug: {msg: "{{ lookup('vars', 'nowhere', default='a') }}"}`,
	`- debug: {var: nowhere}`,
	`- {name: "{{ nowhere }}", debug: {msg: x}}`,
	`- debug: {msg: "{{ (nowhere | dict2items | items2dict).zz is defined }}"}`,
	`- debug: {msg: "{{ (nowhere | dict2items)[0].key | default('a') }}"}`,
	`- debug: {msg: "{{ nowhere | upper | d('a') }}"}`,
	`- debug: {msg: "{{ nowhere.items() | list is undefined }}"}`,
	`- debug: {msg: "{{ 'a' | replace(nowhere, 'b') | default('c') }}"}`,
	`- debug: {msg: "{{ nowhere | upper is defined and nowhere.a }}"}`,
	`- debug: {msg: "{{ (nowhere is string) is defined }}"}`,
	`- debug: {msg: "{{ lookup('vars', 'nowhere') is defined }}"}`,
	`- debug: {msg: "{{ lookup('env', nowhere) | default('a') }}"}`,
	`- debug: {msg: x}` + "\n  when: (nowhere | dict2items | items2dict).zz is defined",
	// In a variable that nobody reads, or not to the end.
	"- debug: {msg: x}\n  vars: {unused: \"{{ nowhere }}\"}",
	"- debug: {msg: x}\n  vars: {unused: \"{{ 1 | nofilter }}\"}",
	"- debug: {msg: x}\n  vars: {unused: \"{{ 1 + }}\"}",
	"- debug: {msg: \"{{ db.host }}\"}\n  vars: {db: {host: h, password: \"{{ nowhere }}\"}}",
	"- debug: {msg: \"{{ db['host'] }}\"}\n  vars: {db: {host: h, password: \"{{ 1 | nofilter }}\"}}",
	"- debug: {msg: \"{{ db | length }}\"}\n  vars: {db: {password: \"{{ nowhere }}\"}}",
	"- debug: {msg: \"{{ a | default('x') }}\"}\n  vars: {a: \"{{ nowhere }}\"}",
	"- debug: {msg: x}\n  vars: {a: \"{{ a }}\"}",
	// What other tasks may define.
	"- debug: {msg: \"{{ db_state }}\"}\n  when: false\n- set_fact: {db_state: on}",
	"- set_fact: {\"{{ 'db' }}_state\": on}\n- debug: {msg: \"{{ db_state }}\"}",
	"- include_vars: \"{{ 'a' }}.yml\"\n- debug: {msg: \"{{ of_a_file }}\"}",
	"- block:\n  - debug: {msg: x}\n    register: r\n  rescue:\n  - debug: {msg: x}\n- debug: {msg: \"{{ r }}\"}",
	"- set_fact: {n: 1}\n  changed_when: n == 2",
	"- debug: {msg: x}\n  register: r\n  until: r is succeeded\n  failed_when: r.failed",
	"- debug: {msg: \"{{ r }}\"}\n  loop: [1, 2]\n  register: r",
	// Loops that may have no items, tasks that may not be done.
	"- debug: {msg: \"{{ nowhere }}\"}\n  loop: []",
	"- debug: {msg: \"{{ nowhere }}\"}\n  loop: \"{{ lookup('vars', 'x', default=[]) }}\"",
	"- debug: {msg: \"{{ nowhere }}\"}\n  with_items: [[]]",
	"- debug: msg=free form=x\n  with_items: [[], []]",
	"- debug: {mgs: x}\n  loop: []",
	"- debug: {mgs: x}\n  with_items: [\"{{ [] }}\"]",
	"- debug: {mgs: x}\n  with_dict: {}",
	"- debug: {mgs: x}\n  with_indexed_items: [[]]",
	"- debug: {mgs: x}\n  with_nested: [[1], []]",
	"- debug: {mgs: x}\n  with_together: [[], []]",
	"- debug: {mgs: x}\n  with_fileglob: ['*.nothing']",
	"- debug: {msg: \"{{ nowhere }}\"}\n  tags: never",
	"- meta: end_play\n- debug: {msg: \"{{ nowhere }}\"}",
	"- meta: end_play\n  when: inventory_hostname == 'localhost'\n- debug: {msg: \"{{ nowhere }}\"}",
	"- hosts: localhost\n  tasks:\n  - debug: {msg: x}\n  handlers:\n  - {name: h, debug: {msg: \"{{ nowhere }}\"}}",
	"- hosts: localhost\n  tasks:\n  - debug: {msg: x}\n    notify: nobody",
	"- hosts: localhost\n  tasks:\n  - debug: {msg: x}\n    changed_when: false\n    notify: nobody",
	"- debug: {msg: x}\n  notify: \"{{ nowhere }}\"\n  changed_when: inventory_hostname == 'other'",
}

// mistaken are tasks or plays that must not start: ¶ stands where the mistake is.
var mistaken = []string{
	`- debug: {msg: "{{ ¶nowhere }}"}`,
	`- debug: {msg: "a {{ ¶nowhere.b }} c"}`,
	`- debug: {msg: "{{ ¶nowhere | upper }}"}`,
	`- debug: {msg: "{{ 'a' ~ ¶nowhere }}"}`,
	`- debug: {msg: "{{ ¶nowhere + 1 }}"}`,
	`- debug: {msg: "{{ [¶nowhere] }}"}`,
	`- debug: {msg: "{{ {'a': ¶nowhere} }}"}`,
	`- debug: {msg: ["a", {b: "{{ ¶nowhere }}"}]}`,
	`- debug: {msg: "{{ ¶nowhere and true }}"}`,
	`- debug: {msg: "{{ ¶nowhere or true }}"}`,
	`- debug: {msg: "{{ 1 if ¶nowhere else 2 }}"}`,
	`- debug: {msg: "{% if ¶nowhere %}a{% endif %}"}`,
	`- debug: {msg: "{% for i in ¶nowhere %}a{% endfor %}"}`,
	`- debug: {msg: "{{ ¶nowhere == 1 }}"}`,
	`- debug: {msg: "{{ 1 < ¶nowhere }}"}`,
	`- debug: {msg: "{{ not ¶nowhere }}"}`,
	`- debug: {msg: "{{ (¶nowhere + 1) is defined }}"}`,
	`- debug: {msg: "{{ (¶nowhere | mandatory) is defined }}"}`,
	`- debug: {msg: "{{ ¶nowhere | mandatory | default('d') }}"}`,
	`- debug: {msg: "{{ {'a': 1}[¶nowhere] is defined }}"}`,
	`- debug: {msg: "{{ (not ¶nowhere) is defined }}"}`,
	`- debug: {msg: "{{ nowhere | default('a') ~ ¶nowhere2 | upper }}"}`,
	`- debug: {msg: "{{ (¶nowhere | dict2items).a }}"}`,
	`- debug: {msg: "{{ 'a' | replace(¶nowhere, 'b') }}"}`,
	`- debug: {msg: "{{ lookup('env', ¶nowhere) }}"}`,
	`- debug: {msg: "{{ range(¶nowhere) }}"}`,
	`- debug: {msg: "{{ lookup('vars', ¶'nowhere') }}"}`,
	"- debug: {msg: x}\n  when: ¶nowhere",
	"- debug: {msg: x}\n  when: ¶nowhere == 'a'",
	"- debug: {msg: x}\n  when: not ¶nowhere",
	"- debug: {msg: x}\n  when: [¶nowhere, false]",
	"- debug: {msg: x}\n  when: [true, ¶nowhere]",
	"- debug: {msg: x}\n  when: ¶nowhere and false",
	"- debug: {msg: \"{{ ¶nowhere }}\"}\n  when: true",
	"- debug: {msg: x}\n  loop: \"{{ ¶nowhere }}\"",
	"- debug: {msg: x}\n  with_items: \"{{ ¶nowhere }}\"",
	"- debug: {msg: \"{{ ¶itme }}\"}\n  loop: [1]",
	"- debug: {msg: \"{{ ¶itme }}\"}\n  loop: \"{{ l }}\"\n  vars: {l: [1, 2]}",
	"- debug: {msg: \"{{ ¶itme }}\"}\n  with_items: [[], 1]",
	"- debug: {msg: \"{{ ¶itme }}\"}\n  with_items: [\"a{{ 1 }}\"]",
	"- debug: {msg: \"{{ ¶itme }}\"}\n  with_nested: [[1], [2]]",
	"- debug: {¶mgs: x}\n  with_together: [[1], []]",
	"- debug: {msg: x}\n  with_items: [\"{{ ¶nowhere }}\"]",
	"- debug: {msg: x}\n  until: ¶nowhere",
	"- debug: {msg: x}\n  failed_when: ¶nowhere",
	"- debug: {msg: x}\n  changed_when: ¶nowhere",
	"- debug: {msg: x}\n  check_mode: \"{{ ¶nowhere }}\"",
	"- debug: {msg: x}\n  no_log: \"{{ ¶nowhere }}\"",
	"- debug: {msg: x}\n  retries: \"{{ ¶nowhere }}\"",
	"- debug: {msg: x}\n  timeout: \"{{ ¶nowhere }}\"",
	"- set_fact: {a: \"{{ ¶nowhere }}\"}",
	"- assert: {that: ¶nowhere == 1}",
	"- assert: {that: [true, ¶nowhere]}",
	"- include_tasks: \"{{ ¶nowhere }}.yml\"",
	"- debug: {msg: \"{{ a }}\"}\n  vars: {a: \"{{ ¶nowhere }}\"}",
	"- debug: {msg: \"{{ a.b }}\"}\n  vars: {a: {b: \"{{ ¶nowhere }}\", c: 1}}",
	"- debug: {msg: \"{{ a }}\"}\n  vars: {a: {b: \"{{ ¶nowhere }}\"}}",
	"- debug: {msg: \"{{ a }}\"}\n  vars: {a: \"{{ b }}\", b: \"{{ ¶nowhere }}\"}",
	"- debug: {msg: \"{{ a }}\"}\n  vars: {¶a: \"{{ a }}\"}",
	"- debug: {msg: \"{{ ¶r }}\"}\n- debug: {msg: x}\n  register: r",
	"- block:\n  - debug: {msg: \"{{ ¶nowhere }}\"}",
	"- block:\n  - debug: {msg: \"{{ ¶nowhere }}\"}\n  always:\n  - debug: {msg: x}",
	"- block:\n  - debug: {msg: x}\n  always:\n  - debug: {msg: \"{{ ¶nowhere }}\"}",
	"- debug: {msg: \"{{ 1 | ¶nofilter }}\"}",
	"- debug: {msg: \"{{ 1 is ¶notest }}\"}",
	"- debug: {msg: \"{{ 1 + ¶}}\"}",
	"- debug: {¶mgs: x}",
	"- debug: {verbosity: ¶many}",
	"- ¶addon_register: {}",
	"- debug: {msg: x}\n  loop: ¶{a: 1}",
	"- ¶dbug: {msg: x}",
	"- debug: {msg: x}\n  ¶whenn: true",
	"- debug: {msg: x}\n  become: ¶true",
	"- debug: {msg: x}\n  async: ¶10",
	"- debug: {msg: x}\n  delegate_to: ¶web1",
	"- debug: {msg: x}\n  connection: ¶ssh",
	"- hosts: ¶web\n  tasks: []",
	"- hosts: localhost\n  taskss: []\n  tasks:\n  - debug: {msg: \"{{ 1 }}\"}\n  ¶colour: red",
	"- import_tasks: ¶nowhere.yml",
	"- import_role: {name: ¶nowhere}",
	"- hosts: localhost\n  roles: [¶nowhere]",
	"- hosts: localhost\n  vars_files: [¶nowhere.yml]",
	"- hosts: localhost\n  tasks:\n  - debug: {msg: x}\n    changed_when: true\n    notify: ¶nobody\n  handlers:\n  - {name: somebody, debug: {msg: x}}",
	"- debug: {msg: \"{{ ¶nowhere }}\"}\n  tags: [always]",
	"- debug: {msg: \"{{ ¶nowhere }}\"}\n  ignore_errors: false",
	"- include_role: {name: \"{{ ¶nowhere }}\"}",
}

// leftOut are tasks that a selection leaves out, so that nothing in them stops a run.
var leftOut = []struct {
	selection engine.Selection
	text      string
}{
	{engine.Selection{Tags: []string{"red"}}, "- debug: {msg: \"{{ nowhere }}\"}"},
	{engine.Selection{Tags: []string{"red"}}, "- debug: {}\n  with_nested: ['{{ nowhere }}']"},
	{engine.Selection{Tags: []string{"red"}}, "- debug: {mgs: x}\n  tags: blue"},
	{engine.Selection{Tags: []string{"red"}}, "- hosts: localhost\n  tasks:\n  - command: ls\n    tags: blue"},
	{engine.Selection{Tags: []string{"red"}}, "- debug: {msg: x}\n- block:\n  - debug: {msg: \"{{ 1 | nofilter }}\"}\n  always:\n  - debug: {msg: \"{{ nowhere }}\"}"},
	{engine.Selection{Skip: []string{"blue"}}, "- debug: {msg: \"{{ nowhere }}\"}\n  tags: blue"},
	{engine.Selection{Skip: []string{"blue"}}, "- hosts: localhost\n  tasks:\n  - block:\n    - debug: {msg: \"{{ nowhere }}\"}\n    tags: blue"},
	{engine.Selection{StartAt: "b"}, "- {name: a, debug: {msg: \"{{ nowhere }}\"}}\n- {name: b, debug: {msg: x}}"},
	{engine.Selection{StartAt: "b"}, "- block:\n  - {name: a, debug: {msg: \"{{ nowhere }}\"}}\n  - {name: b, debug: {msg: x}}\n  always:\n  - debug: {msg: x}"},
	{engine.Selection{StartAt: "b*"}, "- hosts: localhost\n  tasks:\n  - debug: {msg: \"{{ nowhere }}\"}\n- hosts: localhost\n  tasks:\n  - {name: bcd, debug: {msg: x}}"},
}

// leftIn are tasks of which a selection leaves the mistaken one in.
var leftIn = []struct {
	selection engine.Selection
	text      string
}{
	{engine.Selection{Tags: []string{"red"}}, "- debug: {msg: \"{{ nowhere }}\"}\n  tags: red"},
	{engine.Selection{Tags: []string{"red"}}, "- debug: {msg: \"{{ nowhere }}\"}\n  tags: always"},
	{engine.Selection{Tags: []string{"red"}}, "- debug: {msg: \"{{ nowhere }}\"}\n  tags: [never, red]"},
	{engine.Selection{Tags: []string{"red"}}, "- meta: end_play\n- debug: {msg: \"{{ nowhere }}\"}\n  tags: red"},
	{engine.Selection{Skip: []string{"blue"}}, "- debug: {msg: \"{{ nowhere }}\"}"},
	{engine.Selection{StartAt: "b"}, "- {name: a, debug: {msg: x}}\n- {name: b, debug: {msg: \"{{ nowhere }}\"}}"},
	{engine.Selection{StartAt: "b"}, "- block:\n  - {name: b, debug: {msg: x}}\n  always:\n  - debug: {msg: \"{{ nowhere }}\"}"},
}

func TestWhatASelectionLeavesOutStopsNothing(t *testing.T) {
	opt := roleOptions()
	for _, c := range leftOut {
		if program, _ := Parse("site.yml", []byte(c.text), opt); program != nil {
			t.Errorf("%s\nis not refused without a selection", c.text)
		}
		opt.Selection = c.selection
		if program, problems := Parse("site.yml", []byte(c.text), opt); program == nil {
			t.Errorf("%+v of\n%s\nis refused: %v", c.selection, c.text, problems)
		}
		opt.Selection = engine.Selection{}
	}
	for _, c := range leftIn {
		opt.Selection = c.selection
		if program, _ := Parse("site.yml", []byte(c.text), opt); program != nil {
			t.Errorf("%+v of\n%s\nis not refused", c.selection, c.text)
		}
	}
}

func TestValidPlaysStart(t *testing.T) {
	if len(valid) < 60 {
		t.Errorf("only %d", len(valid))
	}
	for _, text := range valid {
		if program, problems := Parse("site.yml", []byte(text), roleOptions()); program == nil {
			t.Errorf("%s\nis refused: %v", text, problems)
		}
	}
}

func TestMistakesAreReportedAtTheirPlace(t *testing.T) {
	if len(mistaken) < 60 {
		t.Errorf("only %d", len(mistaken))
	}
	for _, marked := range mistaken {
		before, after, ok := strings.Cut(marked, "¶")
		if !ok {
			t.Fatalf("%s has no mark", marked)
		}
		line := strings.Count(before, "\n") + 1
		col := len([]rune(before[strings.LastIndex(before, "\n")+1:])) + 1
		program, problems := Parse("site.yml", []byte(before+after), roleOptions())
		found := false
		for _, p := range problems {
			found = found || p.Severity == diagnostic.Error && p.Place.Line == line && p.Place.Col == col
		}
		if program != nil || !found {
			t.Errorf("%s\nis reported at %v, want %d:%d", marked, problems, line, col)
		}
	}
}

// roleOptions are the options of tests, with the kind that brings in roles.
func roleOptions() Options {
	opt := options()
	opt.Kinds = append(opt.Kinds, builtinKind[includedRole]("include_role"))
	for i := range opt.Kinds {
		if opt.Kinds[i].Name == "set_fact" {
			opt.Kinds[i] = builtinKind[exactSetter]("set_fact")
		}
	}
	return opt
}
