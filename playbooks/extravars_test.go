package playbooks

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/playbooks/reading"
)

func noFile(path string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

// pairsOf returns names and values of variables, a template's text where it is one.
func pairsOf(t *testing.T, arg string, read func(string) ([]byte, error)) map[string]string {
	t.Helper()
	vars, err := ExtraVars(arg, read, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, v := range vars {
		if v.Value.Tmpl != nil {
			all[v.Name] = "template " + v.Value.Tmpl.Text()
		} else {
			all[v.Name] = fmt.Sprintf("%T %v", reading.ValueOf(v.Value), reading.ValueOf(v.Value))
		}
	}
	return all
}

func TestExtraVars(t *testing.T) {
	tests := map[string]map[string]string{
		"":                              {},
		"a=1 b=yes":                     {"a": "string 1", "b": "string yes"},
		"a='x y'  b=\"it's\"\tc=":       {"a": "string x y", "b": "string it's", "c": "string "},
		`a="say \"hi\" \\ \n" b=\d`:     {"a": "string say \"hi\" \\ \n", "b": `string \d`},
		"a=x'y z'\"w\"":                 {"a": `string x'y z'"w"`},
		`a={"x":1}`:                     {"a": `string {"x":1}`},
		`a=["x","y"] b=it"s"x c=\u00e9`: {"a": `string ["x","y"]`, "b": `string it"s"x`, "c": "string é"},
		"a=b=c":                         {"a": "string b=c"},
		"a={{ b | default('x y') }}-1":  {"a": "template {{ b | default('x y') }}-1"},
		"a='{{ b }}'":                   {"a": "template {{ b }}"},
		`{"a": 1, "b": [true], "c":
			"{{ d }}"}`: {"a": "int 1", "b": "[]interface {} [true]", "c": "template {{ d }}"},
		" {a: 15.10, b: yes}": {"a": "float64 15.1", "b": "bool true"},
		"{}":                  {},
	}
	for arg, want := range tests {
		t.Run(arg, func(t *testing.T) {
			if diff := cmp.Diff(want, pairsOf(t, arg, noFile)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExtraVarsOfFile(t *testing.T) {
	read := func(path string) ([]byte, error) { return []byte("from: " + path + "\nport: 5432\n"), nil }
	want := map[string]string{"from": "string my vars.yml", "port": "int 5432"}
	if diff := cmp.Diff(want, pairsOf(t, "@my vars.yml", read)); diff != "" {
		t.Error(diff)
	}
	empty := func(string) ([]byte, error) { return nil, nil }
	if diff := cmp.Diff(map[string]string{}, pairsOf(t, "@vars.yml", empty)); diff != "" {
		t.Error(diff)
	}
}

func TestWrongExtraVars(t *testing.T) {
	tests := map[string]string{
		"foo":       `--extra-vars: "foo" is not name=value; give name=value, a map in JSON or YAML, or @file`,
		"a=1 foo":   `--extra-vars: "foo" is not name=value; give name=value, a map in JSON or YAML, or @file`,
		"=1":        `--extra-vars:1:1: "" cannot name a variable; use letters, digits and _, and no digit first`,
		"a=1 b-c=2": `--extra-vars:1:5: "b-c" cannot name a variable; use letters, digits and _, and no digit first`,
		"a='x":      `--extra-vars: the quote ' is never closed; give name=value, a map in JSON or YAML, or @file`,
		"[a, b]":    "--extra-vars:1:1: variables are a map of names to values, not a list; write one `name: value` per line",
		"{1: 2}":    `--extra-vars:1:2: "1" cannot name a variable; use letters, digits and _, and no digit first`,
		"{a: 1":     "--extra-vars:1:1: this { is never closed; close it, or put the text in quotes",
		"@nope.yml": "nope.yml: no such file",
	}
	for arg, want := range tests {
		t.Run(arg, func(t *testing.T) {
			vars, err := ExtraVars(arg, noFile, nil)
			var list interface{ WrappedErrors() []error }
			if errors.As(err, &list) && len(list.WrappedErrors()) == 1 {
				err = list.WrappedErrors()[0]
			}
			if err == nil || err.Error() != want {
				t.Errorf("gave %v and %v, want %s", vars, err, want)
			}
		})
	}
	if _, err := ExtraVars("@nope.yml", noFile, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file is %v", err)
	}
}
