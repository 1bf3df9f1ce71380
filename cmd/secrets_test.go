package cmd_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"runner/clever/emulator"
	"runner/cmd/session"
	"runner/engine/expr/builtin"
	"runner/playbooks/vault"
)

// filtered are expressions of a vaulted value, s; together they use every filter, the
// methods of texts, and the operators. Whatever is in them beside s is shorter than
// what is looked for.
var filtered = []string{
	"s", "s ~ 'x'", "'x' ~ s", "s + 'x'", "'%s-' % s", "'%(a)s' % {'a': s}", "s * 2", "[s]", "[s, 'x'][0]", "{'a': s}", "{s: 1}", "(s, 1)",
	"s[0:20]", "s[2:]", "s[::-1]", "s[:-1]", "'' ~ [s]", "'' ~ {'a': [s]}", "s if true else ''", "s or 'x'", "s and s",
	"s | abs | default(s)", "{'real': s} | attr('x') | default(s)", "s | b64encode | b64decode", "s | b64encode", "s | b64encode(urlsafe=true)",
	"('/a/' ~ s) | basename", "[s, s, s] | batch(2)", "s | capitalize", "s | center(90)", "[s, 1] | combinations(2)", "{'a': 1} | combine({'b': s})",
	"s | comment", "[s ~ '/x', s ~ '/y'] | commonpath", "u | default(s)", "{'a': s} | dict2items", "{'a': 1} | dict2items(key_name=s)", "{'a': 1} | json_query('{\"' ~ (s | regex_replace('[^a-zA-Z0-9]', '')) ~ '\": a}')", "{'a': s} | dictsort", "[s] | difference([1])",
	"(s ~ '/a') | dirname", "s | escape", "s | e", "(s ~ '~') | expanduser", "s | expandvars", "'a' | extract({'a': s})", "['/', s] | path_join",
	"s | fileglob", "[s] | first", "[[s], [s]] | flatten", "s | forceescape", "'%s' | format(s)", "s | format", "('\"' ~ 'a' ~ '\"') | from_json ~ s",
	"(s | to_json) | from_json", "(s | to_json) | from_yaml", "(s | to_json) | from_yaml_all", "[{'a': s}] | groupby('a')", "s | hash('sha256')", "s | hash('md5')",
	"s | indent(2, true)", "[s] | intersect([s])", "{'a': s} | items", "[{'key': 'a', 'value': s}] | items2dict", "[{'key': s, 'value': 1}] | items2dict",
	"[s, 'x'] | join(',')", "['x', 'y'] | join(s)", "{'a': s} | json_query('a')", "[{'a': s}] | json_query('[].a')", "[{'a': s}] | json_query('join(`-`, [].a)')", "[{'a': s}] | json_query('sort_by(@, &a)')", "[{'a': s}] | json_query('map(&to_string(a), @)')", "[s] | last", "s | list | join", "s | lower", "s | mandatory",
	"[s] | map('upper')", "[{'a': s}] | map(attribute='a')", "[s] | map('regex_replace', '^', 'x')", "['x'] | map('regex_replace', 'x', s)", "[s] | max", "s | md5", "[s] | min",
	"s | normpath", "s | password_hash('sha256', 'saltsalt', rounds=1000)", "[s, 1] | permutations(2)", "[s] | pprint", "[s] | product([1])", "s | quote",
	"[s] | random(seed='a')", "s | realpath", "s | regex_escape", "s | regex_findall('.{5,}')", "s | regex_replace('^', 'x')", "s | regex_search('(?s).+')",
	"[s] | reject('eq', 1)", "[{'a': s}] | rejectattr('a', 'eq', 1)", "[{'a': s, 'b': 'x'}] | rekey_on_member('a')", "s | relpath('/')", "s | replace('x', 'y')", "'x' | replace('x', s)", "s | reverse",
	"s | safe", "[s] | select", "[{'a': s}] | selectattr('a')", "s | sha1", "s | checksum", "[s, s] | shuffle(seed='a')", "[s, s] | slice(2)", "[s, 'x'] | sort", "s | split('x')",
	"(s ~ '.a') | splitext", "'%Y' | strftime ~ s", "s | string", "s | striptags", "[{'a': [s]}] | subelements('a')", "[s] | symmetric_difference([])", "true | ternary(s, 1)",
	"s | title", "s | to_json", "[s] | to_nice_json", "{'a': s} | to_nice_yaml", "s | to_uuid", "s | to_yaml", "s | tojson", "s | trim", "s | truncate(500)",
	"[s] | union([1])", "[s, s] | unique", "s | upper", "(s | urlencode) | urldecode", "s | urlencode", "{'a': s} | urlencode", "('http://a/' ~ s) | urlize", "('http://u:' ~ (s | urlencode) ~ '@a/') | urlsplit",
	"'text-text' | vault(s, salt='00') | unvault(s) ~ s", "s | win_basename", "('a\\\\' ~ s) | win_basename", "(s ~ '\\\\a') | win_dirname", "('c:' ~ s) | win_splitdrive", "s | wordwrap(50)", "{'a': s} | xmlattr",
	"[s] | zip([1])", "[s] | zip_longest([1, 2])", "[1] | zip_longest([1, 2], fillvalue=s)",
	"s | length", "s | wordcount", "s | type_debug", "s | int", "s | int(0) + 1", "(s | int) * 1000003", "s | float(0)", "s | int | human_readable", "s | int | filesizeformat", "s | human_to_bytes | default(1)",
	"(s | int | abs) ** 2", "s | int | round(-1)", "(s | int | abs + 1) | log", "(s | int | abs) | root", "(s | int) | pow(2)", "[s | int, 1] | sum", "s | int | string", "s | ipaddr", "s | ipv4", "s | ipv6", "s | bool",
	"('2024-01-01 ' ~ s) | to_datetime('%Y-%m-%d ' ~ (s | replace('%', '%%')))",
	"s.upper()", "s.lower()", "s.title()", "s.swapcase()", "s.strip()", "s.split()", "s.rsplit('x', 1)", "s.splitlines()", "s.partition('x')", "s.rpartition('x')", "s.replace('x', 'y')", "s.center(80)", "s.ljust(80)",
	"s.rjust(80)", "s.zfill(80)", "s.join(['x', 'y'])", "'x'.join([s, s])", "s.format()", "'{}'.format(s)", "s.encode()", "s.expandtabs()", "s.removeprefix('x')", "s.casefold()", "{'a': s}.get('a')", "{'a': s}.values()",
	"{'a': s}.items()", "{s: 1}.keys()", "{'a': s}.a", "{'a': s}['a']", "[s, 1].copy()", "dict(a=s)", "dict([['a', s]])", "namespace(a=s).a", "cycler(s, 1).next()", "lookup('vars', 's')", "lookup('dict', {'a': s})",
	"lookup('items', [s])", "query('flattened', [[s]])", "query('nested', [s], [1])", "query('together', [s], [1])", "lookup('random_choice', s)", "query('indexed_items', [s])", "query('subelements', [{'a': [s]}], 'a')",
	"{% set x = s %}{{ x }}", "{% for c in [s] %}{{ c }}{% endfor %}", "{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(s) }}", "{% set x %}{{ s }}{% endset %}{{ x | upper }}", "{% filter upper %}{{ s }}{% endfilter %}",
	"{% autoescape true %}{{ s }}{% endautoescape %}", "{% set l = [] %}{% set _ = l.append(s) %}{{ l }}", "a {{ s }} b",
}

// wrong are templates that fail, each with the value at hand.
var wrong = []string{
	"{{ s.nope }}", "{{ {}[s] }}", "{{ {'a': 1}[s] }}", "{{ s | from_json }}", "{{ s | to_datetime }}", "{{ ('[' ~ s) | from_json }}", "{{ ('{' ~ s) | from_yaml }}", "{{ 'x' | regex_search('(' ~ s) }}",
	"{{ s + 1 }}", "{{ s - 1 }}", "{{ s < 1 }}", "{{ s() }}", "{{ lookup('file', s) }}", "{{ lookup(s) }}", "{{ lookup('env', s).x }}", "{{ 'x' | hash(s) }}", "{{ 'x' | b64encode(s) }}", "{{ [1] | map(s) }}", "{{ [1] | select(s) }}",
	"{{ s | human_to_bytes }}", "{{ [] | first ~ s.x }}", "{{ s | b64decode | from_json }}", "{{ s | password_hash(s) }}", "{{ s | unvault('x') }}", "{{ undef(hint=s) }}", "{{ nope | mandatory(s) }}", "{{ s | json_query(s) }}", "{{ {'a': 1} | json_query(s) }}",
	"{{ 'x' | to_uuid(namespace=s) }}", "{{ [{'a': 1}] | items2dict(key_name=s) }}", "{{ 'x' | replace(s) }}", "{{ range(s) }}", "{{ 1 in s | int }}", "{{ s.format(1, 2)[99] }}", "{{ '%d' % s }}", "{{ s % 1 }}", "{{ lookup('ini', s, file='x.ini') }}",
	"{{ lookup('url', s) }}", "{{ lookup('first_found', s) }}", "{{ query('sequence', s) }}", "{{ lookup('config', s) }}", "{{ lookup('template', s) }}", "{% include s %}", "{{ now(fmt=s).x }}", "{{ [s] | sum }}", "{{ {'a': s} | combine(s) }}", "{{ s | dict2items }}",
}

// secretValues are what is vaulted: quotes, newlines, other scripts, numbers, short ones.
func secretValues() []string {
	rnd := rand.New(rand.NewPCG(7, 7))
	letters := []rune(`abcdefxyzABCXYZ0123456789"'\/<>&{}%:#-_$ é日🚀`)
	word := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteRune(letters[rnd.IntN(len(letters))])
		}
		return "Q" + b.String() + "Z"
	}
	return []string{
		`Tr0ub4dor"te`, `it's-a'quote'd`, "prima-linea 1\nsecunda-linea 2\n", "-----BEGIN X-----\nMIIEabcDEF+/0123456789abcdefgh\nZYXWvuts9876543210qwertz==\n-----END X-----\n",
		"pässwörd-日本語-🚀", `back\slash$HOME${x}%41&<b>`, "86420975311", "Zq~7", `{"user": "ann9", "password": "inner-Pa55"}`, word(9), word(24),
	}
}

// formsOf returns how a value may show itself, as a list of its own.
func formsOf(v string) []string {
	forms := []string{v, strings.ToUpper(v), strings.ToLower(v), base64.StdEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte(v)),
		hex.EncodeToString([]byte(v)), url.QueryEscape(v), url.PathEscape(v), html.EscapeString(v), strings.Trim(strconv.Quote(v), `"`), strings.Trim(strconv.QuoteToASCII(v), `"`),
		strings.ReplaceAll(v, "'", `'"'"'`), strings.ReplaceAll(v, "'", "''")}
	text, _ := json.Marshal(v)
	forms = append(forms, strings.Trim(string(text), `"`), strings.TrimSpace(v))
	for line := range strings.Lines(v) {
		forms = append(forms, strings.TrimSpace(line))
	}
	r := []rune(v)
	slices.Reverse(r)
	return append(forms, string(r))
}

// A hiding is one value, vaulted, and a place to play with it.
type hiding struct {
	*shell
	value string
	pages []string // all that left the process
	clear []string // what must not be in it
}

func newHiding(t *testing.T, value string) *hiding {
	h := &hiding{shell: newShell(t), value: value}
	h.on(t, emulator.Options{})
	h.file(t, "pw", "correct horse")
	sealed, err := vault.Encrypt([]byte(value), vault.Secret{Label: "default", Password: []byte("correct horse")})
	if err != nil {
		t.Fatal(err)
	}
	h.file(t, "vars.yml", "s: !vault |\n  "+strings.ReplaceAll(strings.TrimSpace(string(sealed)), "\n", "\n  ")+"\n")
	h.clear = formsOf(value)
	return h
}

func quoted(text string) string { out, _ := json.Marshal(text); return string(out) }

func asTemplate(e string) string {
	if strings.Contains(e, "{%") || strings.Contains(e, "{{") {
		return e
	}
	return "{{ " + e + " }}"
}

const playHead = "- hosts: localhost\n  gather_facts: false\n  vars_files: [vars.yml]\n  tasks:\n"

// neutral is a value of which the same expressions make what is no secret.
const neutral = "Uu"

// results plays a debug of every expression, which shows what it names, and takes
// every text in it for one that must not be seen elsewhere.
func (h *hiding) results(t *testing.T) {
	var b strings.Builder
	b.WriteString(playHead)
	for _, e := range filtered {
		fmt.Fprintf(&b, "    - debug: {msg: %s}\n      ignore_errors: true\n", quoted(asTemplate(e)))
	}
	_, out, stderr := h.run("play", h.file(t, "shown.yml", b.String()), "--vault-password-file", filepath.Join(h.dir, "pw"), "--report", "jsonl")
	shown := 0
	for line := range strings.Lines(out) {
		var event struct {
			Event string `json:"_event"`
			Hosts struct{ Localhost struct{ Msg any } }
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if event.Event == "v2_runner_on_ok" {
			shown++
			h.add(event.Hosts.Localhost.Msg)
		}
	}
	if shown < len(filtered)*3/4 {
		t.Fatalf("%d of %d expressions have a value\n%s%s", shown, len(filtered), out, stderr)
	}
	if !strings.Contains(out, quoted(h.value)[1:len(quoted(h.value))-1]) && !strings.Contains(h.value, "é") && !strings.ContainsAny(h.value, "<>&日") {
		t.Errorf("a debug does not show %q", h.value)
	}
}

// add takes the texts of a result, those that are long enough to be unlike others.
func (h *hiding) add(v any) {
	switch v := v.(type) {
	case string:
		if text := strings.TrimSpace(v); len(text) >= 6 {
			h.clear = append(h.clear, text, quoted(text)[1:len(quoted(text))-1])
		}
	case float64:
		if text := strconv.FormatFloat(v, 'f', -1, 64); len(text) >= 7 && len(h.value) >= 7 {
			h.clear = append(h.clear, text)
		}
	case []any:
		for _, e := range v {
			h.add(e)
		}
	case map[string]any:
		for k, e := range v {
			h.add(k)
			h.add(e)
		}
	}
}

// playbook puts every expression, and every mistake, at every place of a playbook that
// is shown or leaves the process.
func (h *hiding) playbook(t *testing.T) string {
	var b strings.Builder
	b.WriteString(playHead + "    - set_fact: {late: \"{{ '' }}\"}\n") // what names it is not known before the play
	for i, e := range filtered {
		x := quoted(asTemplate(e))
		fmt.Fprintf(&b, "    - name: %s\n      set_fact: {f%d: %s}\n      register: r%d\n      ignore_errors: true\n", quoted("task "+asTemplate(e)), i, x, i)
		switch i % 6 {
		case 0:
			fmt.Fprintf(&b, "    - debug: {msg: shown}\n      loop: [%s]\n      ignore_errors: true\n", x)
		case 1:
			fmt.Fprintf(&b, "    - fail: {msg: %s}\n      ignore_errors: true\n", x)
		case 2:
			fmt.Fprintf(&b, "    - assert: {that: [1 == 2], fail_msg: %s}\n      ignore_errors: true\n", x)
		case 3:
			fmt.Fprintf(&b, "    - set_fact: {again: \"{{ f%d }}\", from: \"{{ r%d }}\"}\n      loop: [1]\n      ignore_errors: true\n", i, i)
		case 4:
			fmt.Fprintf(&b, "    - addon_register: {name: x, provider: pg, details: {plan: %s}}\n      ignore_errors: true\n", quoted("{{ late }}"+asTemplate(e)))
		case 5:
			fmt.Fprintf(&b, "    - fail: {msg: again}\n      retries: 1\n      delay: 0\n      register: w\n      until: w.msg == %s\n      ignore_errors: true\n", "(f"+strconv.Itoa(i)+" | string)")
		}
	}
	for _, e := range wrong {
		fmt.Fprintf(&b, "    - name: %s\n      set_fact: {wrong: %s}\n      ignore_errors: true\n", quoted("wrong "+e), quoted(e))
	}
	b.WriteString(`
    - addon_register: {name: db, provider: pg, details: {plan: dev}}
      register: db
      ignore_errors: true
    - addon_register: {name: x, provider: "{{ s ~ late }}", details: {plan: dev}}
      ignore_errors: true
    - addon_register: {name: x, provider: pg, details: {plan: dev, region: "{{ s ~ late }}"}}
      ignore_errors: true
    - addon_register: {name: x, provider: pg, details: {plan: xxs_sml, version: "{{ s ~ late }}"}}
      ignore_errors: true
    - addon_info: {name: "{{ s ~ late }}", provider: pg}
      ignore_errors: true
    - addon_remove: {name: "{{ s ~ late }}", provider: pg}
      ignore_errors: true
    - env_file: {dest: app.env, format: json, from: {A: "{{ s }}", B: "{{ s | b64encode }}", PLAIN: x}}
      ignore_errors: true
    - env_file: {dest: app.env, format: "{{ s }}", from: {A: x}}
      ignore_errors: true
    - env_file: {dest: app.env, mode: "{{ s }}", from: {A: x}}
      ignore_errors: true
    - env_file: {dest: app.env, from: {A: [1, "{{ s }}"], "{{ s }}": x}}
      ignore_errors: true
    - include_tasks: "{{ s }}"
      ignore_errors: true
    - include_role: {name: "{{ s }}"}
      ignore_errors: true
    - include_vars: "{{ s }}"
      ignore_errors: true
    - include_vars: vars.yml
    - set_fact: {"{{ s }}": 1}
      ignore_errors: true
    - pause: {seconds: "{{ s }}"}
      ignore_errors: true
    - debug: {msg: x, verbosity: "{{ s }}"}
      ignore_errors: true
    - debug: {msg: x}
      timeout: "{{ s }}"
      ignore_errors: true
    - debug: {msg: x}
      when: s
      ignore_errors: true
    - debug: {msg: x}
      loop: "{{ s }}"
      ignore_errors: true
    - debug: {msg: x}
      changed_when: true
      notify: "{{ s }}"
      ignore_errors: true
    - set_fact: {quiet: "value of {{ s }}"}
      no_log: true
      register: quiet_result
    - set_fact: {loud: "{{ quiet }}", louder: "{{ quiet_result }}"}
    - block:
        - fail: {msg: "in {{ s }}"}
      rescue:
        - set_fact: {why: "{{ ansible_failed_result }}", which: "{{ ansible_failed_task }}"}
    - addon_register: {name: "x {{ s }}", provider: pg, details: {plan: dev}, tags: ["{{ s }}", "a{{ s }}"]}
      when: ansible_check_mode
      ignore_errors: true
    - addon_register: {name: "{{ s }}", provider: pg, details: {plan: xxs_sml, version: 15, region: par}}
      when: ansible_check_mode
      ignore_errors: true
    - addon_register: {name: "x{{ s }}", provider: pg, details: {plan: "{{ s ~ late }}", version: "{{ s ~ late }}"}}
`)
	return h.file(t, "hidden.yml", b.String())
}

// play plays, and keeps all that leaves the process.
func (h *hiding) play(t *testing.T, r *receiver, args ...string) {
	t.Helper()
	var files []string
	for _, kind := range session.ReportKinds() {
		files = append(files, filepath.Join(h.dir, "report."+kind))
		args = append(args, "--report", kind+"="+files[len(files)-1])
	}
	args = append(args, "--vault-password-file", filepath.Join(h.dir, "pw"), "--notify", r.URL)
	_, out, stderr := h.run(append([]string{"play"}, args...)...)
	if strings.Contains(stderr, "goroutine") || strings.Contains(out, "a fault of runner") {
		t.Errorf("it panicked\n%s%s", out, stderr)
	}
	if !strings.Contains(out, "PLAY RECAP") {
		t.Fatalf("it was not played\n%s%s", out, stderr)
	}
	h.pages = append(h.pages, out, stderr, strings.Join(r.got(), "\n"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h.pages = append(h.pages, string(text))
	}
}

// foreseen is a playbook whose mistakes can be known before it is played.
const foreseen = playHead + `
    - addon_register: {name: x, provider: "{{ s }}", details: {plan: dev}}
    - addon_register: {name: y, provider: pg, organisation: "{{ s }}", details: {plan: "{{ s }}", region: "{{ s }}", version: "{{ s }}"}}
    - addon_register: {name: "{{ s }}", provider: pg, details: {plan: "{{ s }}"}}
`

// more keeps what other commands say, and every file that a home has afterwards.
func (h *hiding) more(t *testing.T, book string) {
	password := []string{"--vault-password-file", filepath.Join(h.dir, "pw")}
	for _, args := range [][]string{
		{"history"}, {"history", "--format", "json"}, {"validate", book}, {"graph", book}, {"graph", "--format", "json", book}, {"graph", "--format", "dot", book}, {"graph", "--format", "mermaid", book},
		{"graph", "--format", "svg", book}, {"play", "--list-tasks", book}, {"play", h.file(t, "foreseen.yml", foreseen)}, {"validate", h.file(t, "foreseen.yml", foreseen)},
	} {
		if args[0] != "history" {
			args = append(args, password...)
		}
		_, out, stderr := h.run(args...)
		h.pages = append(h.pages, out+stderr)
	}
	err := filepath.WalkDir(h.env["HOME"], func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		h.pages = append(h.pages, path+"\n"+string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// seen returns the first places at which there is a text that should be hidden.
func (h *hiding) seen() (places []string) {
	found := map[string]bool{}
	for _, page := range h.pages {
		for _, text := range h.clear {
			if at := strings.Index(page, text); len(text) >= 4 && at >= 0 && !found[text] && len(places) < 5 {
				found[text] = true
				places = append(places, fmt.Sprintf("%q in\n%s", text, page[max(0, at-300):min(len(page), at+300)]))
			}
		}
	}
	return places
}

// TestSecretsStayHiddenInEverythingMadeOfThem: no report, error, trace, record,
// notification or other command shows a vaulted value, nor what templates make of it.
func TestSecretsStayHiddenInEverythingMadeOfThem(t *testing.T) {
	t.Parallel()
	plain := newHiding(t, neutral)
	plain.clear = nil
	plain.results(t)
	for i, value := range secretValues() {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			h, r := newHiding(t, value), newReceiver(t)
			h.results(t)
			h.clear = slices.DeleteFunc(h.clear, func(text string) bool { return slices.Contains(plain.clear, text) })
			book := h.playbook(t)
			h.play(t, r, book, "-vvvv", "--diff")
			if i%3 == 0 {
				h.play(t, r, book, "--diff")
				h.play(t, r, book, "--check", "--diff", "-v")
			}
			h.more(t, book)
			for _, place := range h.seen() {
				t.Errorf("of %q is seen: %s", value, place)
			}
			if all := strings.Join(h.pages, ""); strings.Count(all, "********") < len(filtered) {
				t.Error("little was masked, so little was tested")
			}
			written, err := os.ReadFile(filepath.Join(h.dir, "app.env"))
			if err != nil || !bytes.Contains(written, []byte(`"PLAIN"`)) || bytes.Contains(written, []byte("****")) {
				t.Errorf("env_file wrote %s, %v", written, err)
			}
		})
	}
}

// TestEveryFilterIsAmongThose: a new filter has to be added to what is played above.
func TestEveryFilterIsAmongThose(t *testing.T) {
	t.Parallel()
	all := strings.Join(filtered, "\n")
	for _, f := range builtin.Table().List("filter") {
		if !strings.Contains(all, "| "+f.Name()) {
			t.Errorf("no expression uses the filter %s", f.Name())
		}
	}
}
