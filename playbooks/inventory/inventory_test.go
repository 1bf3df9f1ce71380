package inventory

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
	"runner/playbooks/reading"
)

func TestExpand(t *testing.T) {
	for pattern, want := range map[string]string{
		"db":             "db",
		"db[1:3]":        "db1 db2 db3",
		"db[01:10:3]-x":  "db01-x db04-x db07-x db10-x",
		"db[:2]":         "db0 db1 db2",
		"[a:c][1:2]":     "a1 a2 b1 b2 c1 c2",
		"a.b.c:2222":     "a.b.c port 2222",
		"[2001:db8::1]":  "2001:db8::1",
		"db[1:]":         `"1:" is no range`,
		"db[01:100]":     "one length",
		"db[3:1]":        "ends before it begins",
		"db[a:9]":        "numbers, or letters",
		"db[1:2:0]":      "the step",
		"db[1":           "never closed",
		"db[0:99999]":    "more than 10000",
		"x[0:99][0:999]": "more than 10000",
		"db:":            "names no port",
		"---":            "looks like YAML",
	} {
		hosts, port, err := expand(pattern)
		got := strings.Join(hosts, " ")
		if port != "" {
			got += " port " + port
		}
		if err != nil {
			got = err.Error()
			if !strings.Contains(got, strings.TrimPrefix(want, `"1:" is no range`)) {
				t.Errorf("%s: %s, not %s", pattern, got, want)
			}
			continue
		}
		if got != want {
			t.Errorf("%s: %s, not %s", pattern, got, want)
		}
	}
}

func TestLiteral(t *testing.T) {
	for text, want := range map[string]string{
		"1": "1", "-2": "-2", "1.50": "1.5", "0x1f": "31", "True": "true", "None": "null", "'a b'": `"a b"`, `"a\tb"`: `"a\tb"`,
		"[1, 'a', True]": `[1, "a", true]`, "{'a': {'b': None}}": `{"a": {"b": null}}`, "(1, 2)": "[1, 2]",
		"true": "", "none": "", "0644": "", "yes": "", "a": "", "a + 1": "", "1 + 1": "", "": "", "[a]": "", "f(1)": "", "'a' | upper": "",
	} {
		v, ok := literal(text)
		if got := format.JSON(v, format.JSONStyle{}); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s (%v), not %s", text, got, ok, want)
		}
	}
}

func read(t *testing.T, files map[string]string, sources ...string) (*Inventory, []*diagnostic.Problem) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range sources {
		if !strings.Contains(s, ",") {
			sources[i] = filepath.Join(dir, s)
		}
	}
	return Read(sources, &reading.Vault{})
}

func TestPatterns(t *testing.T) {
	in, problems := read(t, map[string]string{"hosts": "alone\n[web]\nw[1:3]\n[db]\nd1\nd2\n[all_of:children]\nweb\ndb\n"}, "hosts")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for pattern, want := range map[string]string{
		"all": "alone w1 w2 w3 d1 d2", "*": "alone w1 w2 w3 d1 d2", "ungrouped": "alone", "all_of": "w1 w2 w3 d1 d2",
		"web": "w1 w2 w3", "web:db": "w1 w2 w3 d1 d2", "web,d1": "w1 w2 w3 d1", "web:!w2": "w1 w3", "!web": "alone d1 d2",
		"all:&db": "d1 d2", "w[!1]": "w2 w3", "?2": "w2 d2", "~[wd]1": "w1 d1", "web[0]": "w1", "web[-1]": "w3", "web[1:]": "w2 w3",
		"web[0:1]": "w1 w2", "localhost": "localhost", "all:!localhost": "alone w1 w2 w3 d1 d2", "nobody": "unknown nobody", "web:nobody": "w1 w2 w3 unknown nobody",
		"web[7]": "error", "~(": "error",
	} {
		m, err := in.Match([]string{pattern})
		var got []string
		for _, h := range m.Hosts {
			got = append(got, h.Name)
		}
		for _, u := range m.Unknown {
			got = append(got, "unknown "+u)
		}
		if err != nil {
			got = []string{"error"}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %s, not %s (%v)", pattern, text, want, err)
		}
	}
}

func TestMistakesOfInventories(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"section":   {"h", "[a b]\nx\n", "h:1:1: [a b] is no section"},
		"kind":      {"h", "[a:childs]\nx\n", "h:1:1: [a:childs] is no section"},
		"child":     {"h", "[a:children]\n  webb\n[web]\nx\n", `h:2:3: there is no group "webb"`},
		"vars":      {"h", "[a:vars]\nx=1\n", `h:1:1: there is no group "a"`},
		"pair":      {"h", "x y=1 z\n", `h:1:7: "z" is not name=value`},
		"pair2":     {"h", "[all:vars]\nz\n", `h:2:1: "z" is not name=value`},
		"quote":     {"h", "x y='1\n", "h:1:1: the quote ' is never closed"},
		"range":     {"h", "x[1\n", "h:1:1: the range"},
		"ring":      {"h", "[a:children]\nb\n[b:children]\na\n", `h:4:1: the group "a" cannot be below "b"`},
		"priority":  {"h", "[a]\nx\n[a:vars]\nansible_group_priority=high\n", "h:4:1: ansible_group_priority"},
		"template":  {"h", "x y='{{ 1 + }}'\n", "h:1:3: "},
		"program":   {"h", "#!/bin/sh\necho\n", "h:1:1: this is a program"},
		"toml":      {"h.toml", "[a]\n", "h.toml: inventories in TOML"},
		"plugin":    {"h.yml", "plugin: aws_ec2\n", `h.yml:1:9: the inventory plugin "aws_ec2"`},
		"list":      {"h.yml", "- a\n", "h.yml:1:1: an inventory is a map of groups, not a list"},
		"empty":     {"h.yml", "", "h.yml:1:1: the inventory is empty"},
		"hosts":     {"h.yml", "all: {hosts: [a]}\n", `h.yml:1:14: "hosts" is a map, not a list`},
		"host vars": {"h.yml", "all: {hosts: {a: 1}}\n", "h.yml:1:18: the variables of a host"},
		"key":       {"h.yml", "all: {host: {a: }}\n", `h.yml:1:7: a group has no "host"`},
		"group":     {"h.yml", "a: [1]\n", `h.yml:1:4: the group "a" is a map`},
		"missing":   {"", "", "nowhere: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			source := c.file
			if source == "" {
				source = "nowhere"
			}
			var problems []*diagnostic.Problem
			if c.file != "" {
				_, problems = read(t, map[string]string{c.file: c.text}, source)
			} else {
				_, problems = Read([]string{filepath.Join(t.TempDir(), source)}, &reading.Vault{})
			}
			if len(problems) == 0 || !strings.Contains(problems[0].Error(), c.want) {
				t.Errorf("reported %v, not %s", problems, c.want)
			}
		})
	}
}

// Whatever stands in a file, reading it ends, and every host is in a group.
func FuzzINI(f *testing.F) {
	f.Add("[a]\nx[1:3] y='{{ 1 }}' # z\n[b:children]\na\n[b:vars]\nc=[1, {'d': None}]\n")
	f.Add("x:22 a=\"b\\\"c\"\n[::1]\n[a:vars]\n=\n")
	f.Fuzz(func(t *testing.T, text string) {
		in := empty()
		_ = readINI(in, &diagnostic.Source{Name: "hosts", Text: text})
		in.reconcile()
		for _, h := range in.Hosts {
			if !slices.ContainsFunc(in.Groups, func(g *Group) bool { return slices.Contains(g.hosts, h) }) {
				t.Errorf("the host %q is in no group", h.Name)
			}
			for _, v := range h.Vars {
				if v.Value == nil || v.Value.Shape == expr.Scalar && v.Value.Tmpl == nil && v.Value.Value == nil && v.Value.Text != "" && !isNone(v.Value.Text) {
					t.Errorf("%s of %q has no value: %v", v.Name, h.Name, value.Text(v.Value.Value))
				}
			}
		}
	})
}

func isNone(text string) bool {
	v, ok := literal(strings.SplitN(text, "#", 2)[0])
	return ok && v == nil
}
