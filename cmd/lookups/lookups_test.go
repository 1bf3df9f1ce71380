package lookups_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/cmd/lookups"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// A folder is a scope in which only the playbook's folder is known, and where to look.
type folder string

func (f folder) Lookup(_ *expr.Context, name string) (value.Value, bool, error) {
	switch name {
	case "playbook_dir":
		return string(f), true, nil
	case "ansible_search_path":
		return []value.Value{string(f)}, true, nil
	}
	return nil, false, nil
}

// files are what the lookups of the tests read; a name with a slash is in a folder.
var files = map[string]string{
	"one.txt": "one\n", "files/two.txt": "two\n\n", "files/conf.d/a.conf": "", "files/conf.d/b.conf": "", "files/conf.d/b.txt": "",
	"users.csv": "id,name\n1,\"Ann, A.\"\n2,Bob\n", "tabs.csv": "a\t1\nb\t2\n",
	"app.ini":            "[DEFAULT]\nhome = /srv\n[main]\nPort: 5432\ndir = %(home)s/data\nlong = a\n  b\n; none\n[other]\nport=1\n",
	"app.properties":     "user.name=ann\nuser.id: 7\n",
	"templates/part.j2":  "{% macro hi(n) %}hi {{ n }}{% endmacro %}{% set x = 3 %}part of {{ playbook_dir | length > 0 }}\n",
	"templates/base.j2":  "<{% block a %}base{% endblock %}|{% block b %}b{% endblock %}>",
	"templates/leaf.j2":  "{% extends 'base.j2' %}{% block a %}leaf+{{ super() }}{% endblock %}ignored",
	"templates/odd.j2":   "#jinja2: variable_start_string:'[%', variable_end_string:'%]', trim_blocks:False\n{% if true %}\n[% 1 + 1 %]{{ no }}\n{% endif %}\n",
	"templates/alone.j2": "{% macro f(n) %}{{ n }}{% endmacro %}{% macro g() %}{{ playbook_dir }}{% endmacro %}{{ playbook_dir is defined and x is defined }}{{ range(1) | list }}",
	"templates/plain.j2": "plain\n",
	"templates/list.j2":  "{{ [1, 'a'] }}\n",
	"templates/null.j2":  "{{ none }}\n",
	"templates/lone.j2":  "{{ 'a' }}\n",
	"templates/ends.j2":  "{{ 'b\\n' }}\n",
	"templates/file.j2":  "{{ ansible_managed }} {{ template_path | basename }} {{ template_mtime.year > 2000 }}",
	"templates/vars.j2":  "{{ given }} '\\n' {{ 'a\\tb' | length }}\n",
}

// evaluate returns what a template comes to, secrets in clear.
func evaluate(t *testing.T, dir, template string) (value.Value, error) {
	t.Helper()
	v, err := evaluateMarked(t, dir, template)
	return value.Open(v), err
}

func evaluateMarked(t *testing.T, dir, template string) (value.Value, error) {
	t.Helper()
	s := &lookups.Source{Context: t.Context(), Getenv: os.Getenv, Environ: os.Environ, Secrets: &engine.Secrets{}, Pipes: true}
	tmpl, err := expr.Parse(builtin.Table(), template, diagnostic.At(diagnostic.Place{}, template))
	if err != nil {
		return nil, err
	}
	return tmpl.Eval(&expr.Context{Scope: folder(dir), Lookups: s.Lookups()})
}

func setUp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLookupsThatReadFiles(t *testing.T) {
	dir := setUp(t)
	for _, c := range []struct{ template, want string }{
		{"{{ lookup('file', 'one.txt', 'two.txt') }}", `"one,two"`},
		{"{{ lookup('file', 'two.txt', rstrip=false) }}", `"two\n\n"`},
		{"{{ lookup('unvault', 'two.txt') }}", `"two\n\n"`},
		{"{{ query('fileglob', 'conf.d/*.conf') | map('basename') }}", `["a.conf", "b.conf"]`},
		{"{{ query('fileglob', '*.csv') | map('basename') | sort }}", `["tabs.csv", "users.csv"]`},
		{"{{ query('fileglob', 'conf.d/*.none') }}", `[]`},
		{"{{ lookup('csvfile', '1', file='users.csv', delimiter=',') }}", `"Ann, A."`},
		{"{{ lookup('csvfile', 'b file=tabs.csv') }}", `"2"`},
		{"{{ lookup('csvfile', 'Bob', file='users.csv', delimiter=',', keycol=1, col=0) }}", `"2"`},
		{"{{ lookup('csvfile', '9', file='users.csv', delimiter=',', default='none') }}", `"none"`},
		{"{{ lookup('ini', 'port', section='main', file='app.ini') }}", `"5432"`},
		{"{{ lookup('ini', 'dir', section='main', file='app.ini') }}", `"/srv/data"`},
		{"{{ lookup('ini', 'long', section='main', file='app.ini') }}", `"a\nb"`},
		{"{{ query('ini', '.*', section='other', file='app.ini', re=true) | sort }}", `["/srv", "1"]`},
		{"{{ lookup('ini', 'no', section='main', file='app.ini', default='d') }}", `"d"`},
		{"{{ lookup('ini', 'port section=other file=app.ini') }}", `"1"`},
		{"{{ lookup('ini', 'user.name', type='properties', file='app.properties') }}", `"ann"`},
		{"{{ lookup('first_found', ['none', 'x,one.txt'], paths='.') | basename }}", `"one.txt"`},
		{"{{ lookup('first_found', 'none.txt', 'one.txt') | basename }}", `"one.txt"`},
		{"{{ lookup('first_found', {'files': 'x,one.txt', 'paths': 'none:.'}) | basename }}", `"one.txt"`},
		{"{{ query('first_found', 'none.txt', skip=true) }}", `[]`},
		{"{{ query('first_found', 'none.txt', errors='ignore') }}", `[]`},
		{"{{ lookup('first_found', files=['none', 'one.txt'], paths=['.']) | basename }}", `"one.txt"`},
		{"{{ query('lines', 'printf \"a\\nb\\n\"') }}", `["a", "b"]`},
		{"{{ lookup('pipe', 'echo hi') }}", `"hi"`},
		{"{{ lookup('template', 'part.j2') }}", `"part of True\n"`},
		{"{{ lookup('template', 'leaf.j2') }}", `"<leaf+base|b>"`},
		{"{{ lookup('template', 'odd.j2') }}", `"\n2{{ no }}\n"`},
		{"{{ lookup('template', 'vars.j2', template_vars={'given': 'g'}) }}", `"g '\\n' 3\n"`},
		{"{{ lookup('template', 'file.j2') }}", `"Ansible managed file.j2 True"`},
		{"{% include 'part.j2' %}", `"part of True"`},
		{"{% include 'plain.j2' %}.", `"plain."`},
		{"{{ lookup('template', 'plain.j2') }}.", `"plain\n."`},
		{"{{ lookup('template', 'list.j2') }}", `[1, "a"]`},
		{"{{ lookup('template', 'null.j2') }}", `null`},
		{"{{ lookup('template', 'lone.j2') }}", `"a\n"`},
		{"{{ lookup('template', 'ends.j2') }}", `"b\n"`},
		{"{% include ['none', 'part.j2'] %}{% include 'none' ignore missing %}", `"part of True"`},
		{"{% import 'part.j2' as p with context %}{{ p.hi('you') }}{{ p.x }}", `"hi you3"`},
		{"{% from 'part.j2' import hi, x as y with context %}{{ hi(y) }}", `"hi 3"`},
		{"{% import 'alone.j2' as a %}{{ a.f(1) }}", `1`},
		{"{% include 'alone.j2' without context %}", `"False[0]"`},
		{"{% set x = 1 %}{% include 'alone.j2' %}", `"True[0]"`},
		{"{% import 'alone.j2' as a %}{{ a.g() is defined }}", `false`},
		{"{% import 'alone.j2' as a with context %}{{ a.g() is defined }}", `true`},
		{"{{ lookup('password', '/dev/null', seed='s', length=5) }}", `"96Raa"`},
	} {
		v, err := evaluate(t, dir, c.template)
		if got := format.JSON(v, format.JSONStyle{}); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.template, got, err, c.want)
		}
	}
	for _, template := range []string{
		"{{ lookup('file', 'none.txt') }}", "{{ lookup('ini', 'x', section='none', file='app.ini') }}", "{{ lookup('csvfile', '1', file='none.csv') }}",
		"{{ lookup('first_found', 'none.txt') }}", "{{ lookup('first_found', {'file': 'one.txt'}) }}", "{{ lookup('lines', 'exit 3') }}",
		"{% include 'none' %}", "{% import 'part.j2' as p %}{{ p.x }}", "{% import 'alone.j2' as a %}{{ a.g() }}", "{{ lookup('file', 'one.txt', strip=true) }}", "{{ lookup('csvfile', '1 colour=2', file='users.csv') }}",
		"{{ lookup('ini', 'port', section='main', file='users.csv') }}",
	} {
		if v, err := evaluate(t, dir, template); err == nil {
			t.Errorf("%s: got %v, want an error", template, v)
		}
	}
}

// What is a secret by where it comes from is marked by the lookup that reads it.
func TestLookupsMarkSecrets(t *testing.T) {
	dir := setUp(t)
	t.Setenv("MY_TOKEN", "t")
	t.Setenv("MY_NAME", "n")
	for template, want := range map[string]string{
		"{{ lookup('env', 'MY_TOKEN', 'MY_NAME') }}":                                 "********,n",
		"{{ lookup('password', '/dev/null', seed='s', length=5) }}":                  "********",
		"{{ lookup('ini', 'user.name', type='properties', file='app.properties') }}": "ann",
	} {
		if v, err := evaluateMarked(t, dir, template); err != nil || value.Text(v) != want {
			t.Errorf("%s: got %v, %v; want %s", template, v, err, want)
		}
	}
}

func TestPasswordIsKeptWithItsSalt(t *testing.T) {
	dir := setUp(t)
	const template = "{{ lookup('password', 'kept length=12 chars=digits encrypt=sha512') }}"
	first, err := evaluate(t, dir, template)
	if err != nil || !strings.HasPrefix(value.Text(first), "$6$") {
		t.Fatalf("got %v, %v", first, err)
	}
	if again, err := evaluate(t, dir, template); err != nil || again != first {
		t.Errorf("got %v, %v; want %v again", again, err, first)
	}
	info, err := os.Stat(filepath.Join(dir, "kept"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want it for its owner only", info.Mode(), err)
	}
	plain, err := evaluate(t, dir, "{{ lookup('password', 'kept') }}")
	if s := value.Text(plain); err != nil || len(s) != 12 || strings.Trim(s, "0123456789") != "" {
		t.Errorf("got %v, %v; want the 12 digits", plain, err)
	}
}

func TestURLLookup(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/x" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("a\nb " + r.Header.Get("X-Of") + "\n"))
	}))
	defer server.Close()
	v, err := evaluate(t, "", "{{ query('url', '"+server.URL+"/x', headers={'X-Of': 'me'}, use_proxy=false) }}")
	if got := format.JSON(v, format.JSONStyle{}); err != nil || got != `["a", "b me"]` {
		t.Errorf("got %s, %v", got, err)
	}
	if v, err := evaluate(t, "", "{{ query('url', '"+server.URL+"/none', use_proxy=false) }}"); err == nil {
		t.Errorf("got %v, want the error of the status", v)
	}
}

// A login is taken from .netrc where none is given; headers that are not to be sent on are not.
func TestURLLookupKeepsSecretsAtHome(t *testing.T) {
	dir := t.TempDir()
	var login, token []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		login, token = append(login, user+":"+password), append(token, r.Header.Get("X-Token"))
		if r.URL.Path == "/from" {
			http.Redirect(w, r, "/to", http.StatusFound)
		}
	}))
	defer server.Close()
	if err := os.WriteFile(filepath.Join(dir, ".netrc"), []byte("machine other login no password no\nmachine 127.0.0.1\n  login me password hidden\ndefault login x password y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", dir)
	for _, options := range []string{"headers={'X-Token': 'abc'}, unredirected_headers=['X-Token']", "use_netrc=false", "username='u', password='p'"} {
		if _, err := evaluate(t, dir, "{{ query('url', '"+server.URL+"/from', use_proxy=false, "+options+") }}"); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(login, " ") + " " + strings.Join(token, "|"); got != "me:hidden me:hidden : : u:p u:p abc|||||" {
		t.Errorf("sent %s", got)
	}
}

// Files are read in the encoding that is named, or not at all.
func TestEncodingsOfLookups(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.csv": "k,\xe9\n", "a.ini": "[global]\nk=\xe9\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for expression, want := range map[string]string{
		"lookup('csvfile', 'k', file='a.csv', delimiter=',', encoding='latin-1')": "é",
		"lookup('ini', 'k', file='a.ini', encoding='latin-1')":                    "é",
		"lookup('ini', 'k', file='a.ini')":                                        "this is no text in utf-8",
		"lookup('csvfile', 'k', file='a.csv', delimiter=',', encoding='nope')":    "no encoding is named",
	} {
		v, err := evaluate(t, dir, "{{ "+expression+" }}")
		if got := value.Text(v); err == nil && got != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v, not %s", expression, got, err, want)
		}
	}
}
