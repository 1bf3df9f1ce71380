package cmd_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever/emulator"
)

// Whatever a playbook orders and however it reads the results, a second run finds
// nothing to do and reads the same values, and so does a check.
func TestPlayedTwiceItReadsTheSame(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			p := &orderer{Rand: rand.New(rand.NewPCG(seed, 3))}
			s := newShell(t)
			s.on(t, emulator.Options{})
			site := s.file(t, "site.yml", p.playbook(s, t))
			first := playedOnce(t, s, site)
			if !strings.Contains(first, "msg") {
				t.Fatalf("nothing is shown:\n%s", first)
			}
			for _, args := range [][]string{{}, {"-j", "1"}, {"--check", "--detailed-exitcode"}} {
				code, out, err := s.run(append([]string{"play", "--allow", "pipe", site}, args...)...)
				if code != 0 || !strings.Contains(out, "changed=0 ") {
					t.Fatalf("%v: exit %d\n%s\n%s\n%s", args, code, textOf(t, site), out, err)
				}
				if diff := cmp.Diff(first, values(out)); diff != "" {
					t.Fatalf("%v: other values\n%s\n%s", args, textOf(t, site), diff)
				}
			}
		})
	}
}

func playedOnce(t *testing.T, s *shell, site string) string {
	t.Helper()
	code, out, err := s.run("play", "--allow", "pipe", site)
	if code != 0 {
		t.Fatalf("exit %d\n%s\n%s\n%s", code, textOf(t, site), out, err)
	}
	return values(out)
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// values returns what debug tasks show.
func values(out string) string {
	var list []string
	show := false
	for line := range strings.Lines(out) {
		show = show && line != "}\n" || strings.Contains(line, "=> {")
		if show {
			list = append(list, line)
		}
	}
	return strings.Join(list, "")
}

// An orderer writes playbooks that order add-ons and read what came of it.
type orderer struct {
	*rand.Rand
	lines []string
	count int
}

func (o *orderer) playbook(s *shell, t *testing.T) string {
	o.add("- hosts: localhost", "  tasks:")
	for range 1 + o.IntN(3) {
		o.count++
		part := o.part()
		switch o.IntN(3) {
		case 0:
			o.indented("    ", part)
		case 1:
			o.add("    - block:")
			o.indented("        ", part)
			o.add("      always:", "        - debug: {msg: \"always\"}")
		default:
			name := fmt.Sprintf("part%d.yml", o.count)
			s.file(t, name, strings.Join(part, "\n")+"\n")
			o.add("    - include_tasks: " + name)
		}
	}
	if o.IntN(2) == 0 {
		o.add("    - addon_info: {}", "      register: all",
			`    - debug: {msg: "{{ all.addons | map(attribute='version') | list }} {{ all.addons | map(attribute='tags') | list }}"}`,
			`    - debug: {msg: "{{ all.addons | selectattr('env', 'defined') | list | length }} {{ all.addons[0].env | length }}"}`)
	}
	return strings.Join(o.lines, "\n") + "\n"
}

func (o *orderer) add(lines ...string) { o.lines = append(o.lines, lines...) }

func (o *orderer) indented(by string, lines []string) {
	for _, l := range lines {
		o.add(by + l)
	}
}

func (o *orderer) pick(list ...string) string { return list[o.IntN(len(list))] }

// part orders something and reads it.
func (o *orderer) part() []string {
	r := fmt.Sprintf("r%d", o.count)
	order := o.pick("provider: postgres, details: {plan: dev}", "provider: postgres, details: {plan: xxs_sml, version: 15}",
		"provider: redis, details: {plan: s_mono}", "provider: postgres, details: {plan: dev}, tags: [a, b]")
	if o.IntN(2) == 0 {
		lines := []string{fmt.Sprintf(`- addon_register: {name: "db%d-{{ item }}", %s}`, o.count, order), "  loop: [x, y]", "  register: " + r}
		return append(lines, o.readLoop(r)...)
	}
	lines := []string{fmt.Sprintf("- addon_register: {name: db%d, %s}", o.count, order), "  register: " + r}
	return append(lines, o.readOne(r)...)
}

// readOne reads the result of a task without a loop, by one of many ways.
func (o *orderer) readOne(r string) []string {
	return strings.Split(strings.ReplaceAll(o.pick(
		`- debug: {msg: "{{ R.env }} {{ R.version }} {{ R.tags }}"}`,
		`- debug: {msg: "{{ R['en' ~ 'v'] | dict2items | length }}"}`,
		`- debug: {var: R.env}`,
		"- set_fact: {copy: \"{{ R }}\"}\n- debug: {msg: \"{{ copy.env }} {{ copy.tags }}\"}",
		`- debug: {msg: "{{ vars['R'].env }}"}`,
		`- debug: {msg: "{{ R | combine({'more': 1}) | dict2items | map(attribute='key') | difference(['changed', 'failed']) | sort }}"}`,
		`- debug: {msg: "{{ R | json_query('env') }}"}`,
		"- debug: {msg: \"{{ db.env }}\"}\n  vars: {db: \"{{ R }}\"}",
		"- debug: {msg: \"{{ item }}\"}\n  loop: \"{{ R.env | dict2items }}\"",
		"- debug: {msg: yes}\n  when: R.env | length > 3 and R.version is defined",
		"- env_file: {dest: R.env, from: \"{{ R }}\"}\n- debug: {msg: \"{{ lookup('file', 'R.env') }}\"}",
		"- env_file: {dest: R.env, from: \"{{ R }}\"}\n- debug: {msg: \"{{ lookup('pipe', 'cat ' ~ playbook_dir ~ '/R.env') }}\"}",
		"- addon_info: {addon: \"{{ R.addon_id }}\"}\n  register: iR\n- debug: {msg: \"{{ iR.env }} {{ iR.addons[0].version }} {{ iR.tags }}\"}",
	), "R", r), "\n")
}

// readLoop reads the results of a loop.
func (o *orderer) readLoop(r string) []string {
	return strings.Split(strings.ReplaceAll(o.pick(
		`- debug: {msg: "{{ R.results[0].env }} {{ R.results[1].version }} {{ (R.results | last).tags }}"}`,
		"- debug: {msg: \"{{ item.env }}\"}\n  loop: \"{{ R.results }}\"\n  loop_control: {label: \"{{ item.name }}\"}",
		`- debug: {msg: "{{ R.results | map(attribute='env') | list }}"}`,
		`- debug: {msg: "{{ R.results | map(attribute='env.POSTGRESQL_ADDON_HOST', default='none') | list }}"}`,
		`- debug: {msg: "{{ R | json_query('results[].env') }}"}`,
		`- debug: {msg: "{{ R.results | items2dict(key_name='name', value_name='env') }}"}`,
		`- debug: {msg: "{% for x in R.results %}{{ x.env | length }} {{ x.version }};{% endfor %}"}`,
		"- set_fact: {all: \"{{ (all | default([])) + [item.env] }}\"}\n  loop: \"{{ R.results }}\"\n  loop_control: {label: x}\n- debug: {var: all}",
		"- env_file: {dest: \"{{ item.name }}.env\", from: \"{{ item }}\"}\n  loop: \"{{ R.results }}\"\n  loop_control: {label: \"{{ item.name }}\"}\n"+
			"- debug: {msg: \"{{ R.results | map(attribute='name') | map('regex_replace', '$', '.env') | join(' ') }}\"}",
		"- env_file: {dest: R.env, from: \"{{ R.results[1] }}\", format: json}\n- debug: {msg: \"{{ lookup('file', 'R.env') | from_json | length }}\"}",
	), "R", r), "\n")
}

// Every way to read is in some playbook of the seeds that are played.
func TestOrderersReadInEveryWay(t *testing.T) {
	var all strings.Builder
	for seed := range uint64(40) {
		s := newShell(t)
		o := &orderer{Rand: rand.New(rand.NewPCG(seed, 3))}
		all.WriteString(o.playbook(s, t))
		parts, err := filepath.Glob(filepath.Join(s.dir, "part*.yml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range parts {
			all.WriteString(textOf(t, path))
		}
	}
	for _, way := range []string{"json_query", "combine(", "vars['r", "lookup('file'", "lookup('pipe'", "map(attribute='env')",
		"results[0].env", "item.env", "addon_info", "include_tasks", "block:", "items2dict"} {
		if !strings.Contains(all.String(), way) {
			t.Errorf("no playbook reads by %s", way)
		}
	}
}
