package cursor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// shown writes a place on one line: the way to it, what can stand there, and the word.
func shown(p Place) string {
	var way []string
	for _, f := range p.Frames {
		if f.List {
			way = append(way, "-")
			continue
		}
		var keys []string
		for _, e := range f.Entries {
			text := e.Key
			if e.Value != "" {
				text += "=" + e.Value
			}
			if !slices.Contains(keys, text) {
				keys = append(keys, text)
			}
		}
		slices.Sort(keys)
		way = append(way, fmt.Sprintf("{%s}%s", strings.Join(keys, " "), f.Under))
	}
	what := ""
	if p.Key {
		what += "key"
	}
	if p.Value {
		what += "value"
	}
	return fmt.Sprintf("%s %s %q of %q", strings.Join(way, "/"), what, p.Text, p.Whole)
}

// TestPlaces has the cursor at a ^ in a text.
func TestPlaces(t *testing.T) {
	for text, want := range map[string]string{
		"^":                        `{} keyvalue "" of ""`,
		"- ^":                      `-/{} keyvalue "" of ""`,
		"- ho^":                    `-/{} keyvalue "ho" of "ho"`,
		"- na^me: x\n  hosts: y":   `-/{hosts=y name=x} key "na" of "name"`,
		"- name: x^y":              `-/{name=xy}name value "x" of "xy"`,
		"- name: x^y # z":          `-/{name=xy}name value "x" of "xy"`,
		"- name: ^":                `-/{name}name value "" of ""`,
		"- name:^":                 `-/{name}name value "" of ""`,
		"- name: x\n  ^":           `-/{name=x} keyvalue "" of ""`,
		"- name: x\n  ta^\n  z: 1": `-/{name=x z=1} keyvalue "ta" of "ta"`,
		"- hosts: x\n  tasks:\n    - name: y\n      ^":                                  `-/{hosts=x tasks}tasks/-/{name=y} keyvalue "" of ""`,
		"- hosts: x\n  tasks:\n  - name: y\n    ^":                                      `-/{hosts=x tasks}tasks/-/{name=y} keyvalue "" of ""`,
		"- hosts: x\n  tasks:\n    - ^":                                                 `-/{hosts=x tasks}tasks/-/{} keyvalue "" of ""`,
		"- tasks:\n    - a:\n        p: 1\n        d:\n          q: ^2\n          r: 3": `-/{tasks}tasks/-/{a}a/{d p=1}d/{q=2 r=3}q value "" of "2"`,
		"- a:\n    p: 1\n    d: {q: 2, r: ^3, s: 4}":                                    `-/{a}a/{d p=1}d/{q=2 r r=3 s=4}r value "" of "3"`,
		"- a: {p: 1, ^}":                                `-/{a}a/{p=1} key "" of ""`,
		"- a: {p: 1, d: {^":                             `-/{a}a/{d p=1}d/{} key "" of ""`,
		"- a: {p: 1, d: {q^\n- b: 1":                    `-/{a}a/{d p=1}d/{} key "q" of "q"`,
		"- a: {p: \"{{ x }}\", d: 'y^z'}":               `-/{a}a/{d d=yz p={{ x }}}d value "y" of "yz"`,
		"- a: {p: {{ x }}, d^: 1}":                      `-/{a}a/{d=1 p={{ x }}} key "d" of "d"`,
		"- a:\n  - x\n  - y^":                           `-/{a}a/-/{} keyvalue "y" of "y"`,
		"- a: [x, y^]":                                  `-/{a}a/- value "y" of "y"`,
		"- a: [\n    x,\n    y^\n  ]\n  b: 1":           `-/{a b=1}a/- value "y" of "y"`,
		"- when: \"a.^b\"":                              `-/{when=a.b}when value "a." of "a.b"`,
		"- msg: |\n    hello\n    wor^ld: x\n  when: y": `-/{msg=| when=y}msg value "    hello\n    wor" of "world:"`,
		"a: 1\nb: ^\nc: 3":                              `{a=1 b c=3}b value "" of ""`,
		"a: 1\nb^\nc: 3":                                `{a=1 c=3} keyvalue "b" of "b"`,
		"a:\n  b:\n    ^\nc: 3":                         `{a c=3}a/{b}b/{} keyvalue "" of ""`,
		"- x: \"é😀 ^\"":                                 `-/{x=é😀 }x value "é😀 " of "é😀 "`,
		"- a: b: c\n- tasks: ]\n- name: z\n  w^":        `-/{name=z} keyvalue "w" of "w"`,
		"- a:\n    b: 1\n\n    # a comment\n    c: ^":   `-/{a}a/{b=1 c}c value "" of ""`,
		"- name: x\n  block:\n    - debug:\n        m^\n      when: z\n  rescue: []": `-/{block name=x rescue}block/-/{debug when=z}debug/{} keyvalue "m" of "m"`,
		"- \"quoted: key\": ^1": `-/{quoted: key=1}quoted: key value "" of "1"`,
		"- hosts: x\n  tasks:\n    - import_tasks: ^\n\n    - debug:\n        msg: [a, b": `-/{hosts=x tasks}tasks/-/{import_tasks}import_tasks value "" of ""`,
	} {
		before, after, _ := strings.Cut(text, "^")
		line := strings.Count(before, "\n")
		col := len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
		p := Find(strings.Split(before+after, "\n"), line, col)
		if got := shown(p); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}

// FuzzFind: whatever the text, a place is found, and its word stands on its line.
func FuzzFind(f *testing.F) {
	f.Add("- hosts: x\n  tasks:\n    - debug: {msg: [a, 'b']}\n", 2, 20)
	f.Add("a: |\n  x\n  {{ y\n", 2, 3)
	f.Add("- a: {p: {{ x, d: [ \"", 0, 21)
	f.Fuzz(func(t *testing.T, text string, line, col int) {
		lines := strings.Split(text, "\n")
		if line < 0 || col < 0 {
			return
		}
		p := Find(lines, line, col)
		if line >= len(lines) {
			return
		}
		if n := len([]rune(lines[line])); p.Start < 0 && !strings.Contains(p.Whole, "\n") || p.End < p.Start || p.Start > n {
			t.Errorf("%q at %d:%d: from %d to %d", text, line, col, p.Start, p.End)
		}
	})
}
