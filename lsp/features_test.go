package lsp_test

import (
	"slices"
	"strings"
	"testing"

	"runner/lsp"
)

const shop = `- name: Databases of the shop
  hosts: localhost
  vars:
    zone: par
    sizes: {small: dev, large: xs_sml}
  vars_files: [vars/main.yml]
  tasks:
    - name: "Order 😀 é the database"
      addon_register:
        name: shop-db
        provider: postgres
        details: {plan: xs_sml, version: 16, region: "{{ zone }}"}
      register: db
      notify: Tell them

    - name: Remember
      set_fact:
        address: "é😀 {{ db.env.POSTGRESQL_ADDON_HOST | lower }}"

    - name: Bring in
      import_tasks: tasks/more.yml

    - name: Call the role
      import_role: {name: web}

    - name: Show
      debug:
        msg: "{{ address }} {{ greeting }} {{ sizes.small }}"
      when: db is changed

  handlers:
    - name: Tell them
      debug: {msg: "{{ zone }}"}
`

func shopFiles() map[string]string {
	return map[string]string{
		"site.yml":                 shop,
		"vars/main.yml":            "greeting: hello\n",
		"tasks/more.yml":           "- name: More\n  debug: {msg: \"{{ greeting }} {{ address }}\"}\n",
		"roles/web/tasks/main.yml": "- name: Serve\n  debug: {msg: web}\n",
		"addon-manifest.json":      "{\n  \"id\": \"shop\",\n  \"api\": {\"password\": 5}\n}\n",
		"docker-compose.yml":       "services:\n  web: {image: nginx}\n",
	}
}

func TestDiagnosticsWhileOneTypes(t *testing.T) {
	t.Parallel()
	e := newEditor(t, shopFiles())
	e.open("site.yml", shop)
	if got := e.problems("site.yml"); len(got) != 0 {
		t.Fatalf("of a playbook that is right: %+v", got)
	}
	e.replace("site.yml", "POSTGRESQL_ADDON_HOST | lower", "POSTGRESQL_ADDON_HOST | lowr")
	got := e.problems("site.yml")
	if len(got) != 1 || !strings.Contains(got[0].Message, `did you mean "lower"?`) {
		t.Fatalf("got %+v", got)
	}
	// The emoji counts two units, é one.
	at := strings.Index(e.texts["site.yml"], "lowr")
	if want := (lsp.Range{Start: position(e.texts["site.yml"], at), End: position(e.texts["site.yml"], at+4)}); got[0].Range != want {
		t.Errorf("it is at %+v, not %+v", got[0].Range, want)
	}
	e.replace("site.yml", "lowr", "lower")
	if got := e.problems("site.yml"); len(got) != 0 {
		t.Errorf("once it is mended: %+v", got)
	}
	e.replace("site.yml", "  handlers:", "  handlers: [")
	if got := e.problems("site.yml"); len(got) != 1 || got[0].Severity != 1 {
		t.Errorf("of what is no YAML: %+v", got)
	}
}

func TestAVarsFileThatChangesIsSeenInThePlaybook(t *testing.T) {
	t.Parallel()
	e := newEditor(t, shopFiles())
	e.open("site.yml", shop)
	e.problems("site.yml")
	e.open("vars/main.yml", "greeting: hello\n")
	e.problems("site.yml")
	e.replace("vars/main.yml", "greeting", "farewell")
	got := e.problems("site.yml")
	if len(got) != 1 || !strings.Contains(got[0].Message, `"greeting" is not defined`) {
		t.Errorf("got %+v", got)
	}
}

func TestAFileIsJudgedByThePlaybookThatBringsItIn(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string][2]string{
		"tasks/more.yml":           {"debug:", "debgu:"},
		"vars/main.yml":            {"greeting: hello", "1greeting: hello"},
		"roles/web/tasks/main.yml": {"msg", "mgs"},
	} {
		e := newEditor(t, shopFiles())
		e.open(name, shopFiles()[name])
		if got := e.problems(name); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
		e.replace(name, wrong[0], wrong[1])
		if got := e.problems(name); len(got) == 0 {
			t.Errorf("%s: nothing is wrong with %s", name, wrong[1])
		}
	}
}

func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"docker-compose.yml":       "services:\n  web: {image: nginx}\n",
		".github/workflows/ci.yml": "on: push\njobs:\n  test:\n    steps:\n      - name: x\n",
		"list.yml":                 "- one\n- two: three\n",
		"package.json":             "{\"name\": \"x\"}",
		"README.md":                "- hosts: x\n",
		"vars.yml":                 "a: '{{ b | nope }}'\n",
	} {
		e := newEditor(t, shopFiles())
		e.open(name, content)
		if got := e.problems(name); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestManifests(t *testing.T) {
	t.Parallel()
	e := newEditor(t, shopFiles())
	e.open("addon-manifest.json", shopFiles()["addon-manifest.json"])
	got := e.problems("addon-manifest.json")
	if i := slices.IndexFunc(got, func(d lsp.Diagnostic) bool { return d.Code == "M040" && d.Range.Start.Line == 2 }); i < 0 {
		t.Errorf("got %+v", got)
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ what, before, after, at, want, not string }{
		{"keywords and kinds of a task", "", "", "    - name: Rem^ember", "", ""},
		{"a key of a task", "      when: db is changed\n", "      when: db is changed\n      \n", "changed\n      ^", "register loop notify tags", "when hosts debug"},
		{"a new task", "  handlers:\n", "    - \n  handlers:\n", "    - ^\n", "name debug addon_register block import_tasks", "hosts"},
		{"a key of a play", "  handlers:\n", "  \n  handlers:\n", "  ^\n  handlers", "pre_tasks roles prune", "vars debug"},
		{"parameters", "        name: shop-db\n", "        name: shop-db\n        \n", "shop-db\n        ^", "organisation tags addon", "name provider"},
		{"parameters inside, in brackets", "{plan: xs_sml, ", "{plan: xs_sml, , ", "xs_sml, ^", "encryption shrink options", "version plan"},
		{"providers", "postgres\n", "\n", "provider: ^", "postgresql-addon redis-addon", ""},
		{"plans of the provider", "plan: xs_sml", "plan: ", "plan: ^", "dev xs_sml", "s_mono"},
		{"versions", "version: 16", "version: ", "version: ^", "16 15", "7.2.4"},
		{"zones", `"{{ zone }}"`, "", "region: ^", "par", ""},
		{"variables", "{{ address }}", "{{  }}", "{{ ^ }}", "address db zone greeting inventory_hostname range", ""},
		{"fields of a result", "db.env.POSTGRESQL_ADDON_HOST", "db.", "db.^", "addon_id env changed", "sizes"},
		{"variables of an add-on", "db.env.POSTGRESQL_ADDON_HOST", "db.env.", "db.env.^", "POSTGRESQL_ADDON_HOST POSTGRESQL_ADDON_URI", "addon_id"},
		{"keys of a variable", "sizes.small", "sizes.", "sizes.^", "small large", ""},
		{"filters", "| lower", "| ", "| ^", "upper lower default", "db"},
		{"tests in a condition", "db is changed", "db is ", "db is ^", "changed failed defined", "db default"},
		{"lookups", "{{ address }}", "{{ lookup('') }}", "lookup('^", "env file vars", "address"},
		{"handlers", "notify: Tell them", "notify: ", "notify: ^", "Tell them", ""},
		{"files", "tasks/more.yml", "tasks/", "import_tasks: tasks/^", "more.yml", ""},
		{"roles", "{name: web}", "{name: }", "import_role: {name: ^", "web", ""},
		{"true and false", "      register: db\n", "      register: db\n      no_log: \n", "no_log: ^", "true false", ""},
	} {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			e := newEditor(t, shopFiles())
			e.open("site.yml", shop)
			e.problems("site.yml")
			if tt.before != "" {
				e.replace("site.yml", tt.before, tt.after)
			}
			got := e.completed("site.yml", tt.at)
			for _, word := range strings.Fields(tt.want) {
				if tt.what == "handlers" {
					word = tt.want
				}
				if !slices.Contains(got, word) {
					t.Errorf("no %q in %v", word, got)
				}
			}
			for _, word := range strings.Fields(tt.not) {
				if slices.Contains(got, word) {
					t.Errorf("%q in %v", word, got)
				}
			}
		})
	}
}

// TestCompletionOfWhatIsNoYAML has a mistake further up, at which no reader gets past.
func TestCompletionOfWhatIsNoYAML(t *testing.T) {
	t.Parallel()
	e := newEditor(t, shopFiles())
	e.open("site.yml", shop)
	e.problems("site.yml")
	e.replace("site.yml", "    zone: par\n", "    zone: 'par\n")
	if got := e.problems("site.yml"); len(got) == 0 || got[0].Severity != 1 {
		t.Fatalf("the text can be read: %+v", got)
	}
	e.replace("site.yml", "{{ address }}", "{{ d")
	for at, want := range map[string]string{"{{ d^": "db", "debug^:": "debug", "provider: postgres^": "postgresql-addon"} {
		if got := e.completed("site.yml", at); !slices.Contains(got, want) {
			t.Errorf("%s: no %s in %v", at, want, got)
		}
	}
}

func TestWhatIsInsertedFits(t *testing.T) {
	t.Parallel()
	e := newEditor(t, nil)
	e.open("site.yml", "- hosts: localhost\n  tasks:\n    - debu\n    - é😀: {deb: 1}\n")
	var list struct{ Items []lsp.CompletionItem }
	e.call("textDocument/completion", e.at("site.yml", "debu^"), &list)
	i := slices.IndexFunc(list.Items, func(item lsp.CompletionItem) bool { return item.Label == "debug" })
	if i < 0 {
		t.Fatalf("got %+v", list)
	}
	want := lsp.TextEdit{Range: lsp.Range{Start: lsp.Position{Line: 2, Character: 6}, End: lsp.Position{Line: 2, Character: 10}}, NewText: "debug:"}
	if list.Items[i].TextEdit != want {
		t.Errorf("got %+v, want %+v", list.Items[i].TextEdit, want)
	}
}

func TestHover(t *testing.T) {
	t.Parallel()
	e := newEditor(t, shopFiles())
	e.open("site.yml", shop)
	for at, want := range map[string]string{
		"addon_reg^ister":               "## addon_register",
		"ho^sts: localhost":             "localhost if left out",
		"wh^en: db":                     "run only if",
		"provi^der: postgres":           "what to order",
		"provider: post^gres":           "PostgreSQL",
		"plan: xs_^sml":                 "€ a month",
		"version: 1^6":                  "PostgreSQL can be had in",
		"| low^er":                      "lower",
		"is chan^ged":                   "changed",
		"{{ addr^ess }}":                "fact, site.yml:",
		"{{ gree^ting }}":               "main.yml:1",
		"db.en^v.":                      "its variables",
		"{{ d^b.env":                    "result of addon_register",
		"notify: Tell^":                 "handler, site.yml",
		"regis^ter: db":                 "the variable that keeps the result",
		"sizes.small }}\"\n      wh^en": "run only if",
		"import_ta^sks":                 "a file whose tasks stand here",
	} {
		if got := e.hovered("site.yml", at); !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", at, got, want)
		}
	}
	if got := e.hovered("site.yml", "name: Re^member"); got != "" {
		t.Errorf("of a title: %q", got)
	}
}

func TestDefinitionsAndReferences(t *testing.T) {
	t.Parallel()
	e := newEditor(t, shopFiles())
	e.open("site.yml", shop)
	for at, want := range map[string]string{
		"{{ d^b.env":               "site.yml:13:17",
		"when: d^b is":             "site.yml:13:17",
		"{{ addr^ess }}":           "site.yml:18:9",
		"{{ greet^ing }}":          "vars/main.yml:1:1",
		"notify: Tell^ them":       "site.yml:32:13",
		"{{ zo^ne }}\"}\n      re": "site.yml:4:5",
		"tasks/mo^re.yml":          "tasks/more.yml:1:1",
		"{name: we^b}":             "roles/web/tasks/main.yml:1:1",
		"[vars/ma^in.yml]":         "vars/main.yml:1:1",
	} {
		if got := e.defined("site.yml", at); got != want {
			t.Errorf("%q is defined at %s, not %s", at, got, want)
		}
	}
	for at, want := range map[string]string{
		"register: d^b":      "site.yml:13:17 site.yml:18:26 site.yml:29:13",
		"{{ greet^ing }}":    "site.yml:28:32 tasks/more.yml:2:20 vars/main.yml:1:1",
		"- name: Tell^ them": "site.yml:14:15 site.yml:32:13",
	} {
		if got := e.referred("site.yml", at); got != want {
			t.Errorf("%q is mentioned at %s, not %s", at, got, want)
		}
	}
}

func TestSymbols(t *testing.T) {
	t.Parallel()
	e := newEditor(t, shopFiles())
	e.open("site.yml", shop)
	var symbols []lsp.Symbol
	e.call("textDocument/documentSymbol", map[string]any{"textDocument": map[string]any{"uri": e.uri("site.yml")}}, &symbols)
	if got, want := listed(symbols), "Databases of the shop(zone sizes Order 😀 é the database(db) Remember Bring in Call the role Show handlers(Tell them))"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func listed(symbols []lsp.Symbol) string {
	var all []string
	for _, s := range symbols {
		text := s.Name
		if len(s.Children) > 0 {
			text += "(" + listed(s.Children) + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestQuickFixes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ right, wrong string }{
		{"| lower", "| lowr"}, {"{{ address }}", "{{ addresss }}"}, {"debug:\n", "debgu:\n"}, {"msg: \"{{ address", "mgs: \"{{ address"},
		{"notify: Tell them", "notify: Tell then"}, {"vars/main.yml", "vars/mian.yml"}, {"is changed", "is chnged"}, {"when: db", "whenn: db"},
		{"vars_files", "vars_flies"}, {"db.env", "db.nev"},
	} {
		t.Run(strings.Trim(tt.wrong, "{} "), func(t *testing.T) {
			t.Parallel()
			e := newEditor(t, shopFiles())
			e.open("site.yml", strings.Replace(shop, tt.right, tt.wrong, 1))
			problems := e.problems("site.yml")
			mended := ""
			for _, d := range problems {
				var actions []lsp.CodeAction
				e.call("textDocument/codeAction", map[string]any{"textDocument": map[string]any{"uri": e.uri("site.yml")}, "range": d.Range,
					"context": map[string]any{"diagnostics": []any{d}}}, &actions)
				for _, a := range actions {
					edit := a.Edit.Changes[e.uri("site.yml")][0]
					mended = apply(e.texts["site.yml"], edit)
				}
			}
			if mended != shop {
				t.Errorf("%+v: got %s", problems, mended)
			}
		})
	}
}

// apply makes an edit of a text.
func apply(text string, edit lsp.TextEdit) string {
	from, to := -1, -1
	for at := range len(text) + 1 {
		if p := position(text, at); from < 0 && p == edit.Range.Start {
			from = at
		} else if p == edit.Range.End {
			to = at
		}
	}
	return text[:from] + edit.NewText + text[to:]
}
