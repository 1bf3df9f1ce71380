package cmd

import (
	"slices"
	"strings"
	"testing"

	"runner/clever"
	"runner/clever/emulator"
	"runner/diagnostic"
	"runner/engine"
	"runner/playbooks"
	"runner/tasks"
)

// wrongArguments are tasks with one wrong argument each. It stands between ⟦ and ⟧, where a
// value can stand in its place, or behind ¦ where none can; that is where it is reported.
var wrongArguments = []struct{ task, want string }{
	{`addon_register: {name: ⟦" "⟧, provider: pg, details: {plan: dev}}`, "an add-on's name cannot be blank"},
	{`addon_register: {name: db, provider: ⟦""⟧, details: {plan: dev}}`, "a provider's name cannot be empty"},
	{`addon_register: {name: db, provider: pg, organisation: ⟦" "⟧, details: {plan: dev}}`, "an organisation's name cannot be blank"},
	{`addon_register: {name: db, provider: pg, details: {plan: ⟦" "⟧}}`, "a plan cannot be blank"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev, version: ⟦" "⟧}}`, "a version cannot be blank"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev, region: ⟦" "⟧}}`, "a region cannot be blank"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev, encryption: ⟦perhaps⟧}}`, `"perhaps" is neither true nor false`},
	{`addon_register: {name: db, provider: pg, details: {plan: dev, version: 15, options: {version: ⟦"16"⟧}}}`, "version is said twice: details.version says it already"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev, encryption: true, options: {encryption: ⟦"false"⟧}}}`, "encryption is said twice"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev, options: ⟦{"": x}⟧}}`, "an option's name cannot be empty"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev}, tags: [⟦""⟧]}`, "a tag cannot be empty"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev}, tags: [a, ⟦"runner-scope:x"⟧]}`, "is runner's own: take another"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev}, addon: ⟦" "⟧}`, "an add-on's id cannot be blank"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev}, auth: ¦{token: "x"}}`, "the secret of the token is not"},
	{`addon_remove: {addon: ⟦""⟧}`, "an add-on's id or name cannot be empty"},
	{`addon_remove: {addon: db, provider: ⟦" "⟧}`, "a provider's name cannot be blank"},
	{`addon_remove: {addon: db, organisation: ⟦" "⟧}`, "an organisation's name cannot be blank"},
	{`addon_info: {tag: ⟦" "⟧}`, "a tag cannot be blank"},
	{`addon_info: {addon: ⟦" "⟧}`, "an add-on's id or name cannot be blank"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev}, link: [⟦""⟧]}`, "an application's id or name cannot be empty"},
	{`addon_register: {name: db, provider: pg, details: {plan: dev}, require_backup: ⟦soon⟧}`, `"soon" is not how old a backup may be`},
	{`addon_remove: {addon: db, require_backup: ⟦-1h⟧}`, `"-1h" is not how old a backup may be`},
	{`addon_prune: {scope: shop, require_backup: ⟦24⟧}`, `"24" is not how old a backup may be`},
	{`addon_link: {addon: ⟦""⟧, application: shop}`, "an add-on's id or name cannot be empty"},
	{`addon_link: {addon: db, application: ⟦" "⟧}`, "an application's id or name cannot be empty"},
	{`addon_link: {addon: db, application: shop, state: ⟦linked⟧}`, `"linked" is not allowed`},
	{`addon_config: {addon: settings, vars: ⟦text⟧}`, "a map of variables is wanted, not"},
	{`addon_config: {addon: settings, vars: {A: ⟦[1]⟧}}`, "A: text is wanted, not"},
	{`addon_config: {addon: settings, vars: {"a b": ⟦x⟧}}`, `"a b" cannot be the name of a variable`},
	{`app_env: {application: shop, vars: {A: x}, absent: [⟦A⟧]}`, "A is declared in vars: it cannot be absent too"},
	{`app_env: {application: shop, absent: [⟦""⟧]}`, "a variable's name cannot be empty"},
	{`network_group: {name: ⟦" "⟧}`, "a network group's name cannot be empty"},
	{`network_group: {name: g, members: [a, ⟦""⟧]}`, "an add-on's or application's id or name cannot be empty"},
	{`network_group: {name: g, exact: ⟦true⟧}`, "give members, an empty list for none"},
	{`network_group: {name: g, state: absent, members: ⟦[a]⟧}`, "a network group that is to be absent has no members"},
	{`addon_prune: {scope: ⟦"a b"⟧}`, `"a b" cannot be a scope`},
	{`addon_prune: {scope: shop, keep: [⟦""⟧]}`, "an add-on's id or name cannot be empty"},
	{`provider_register: {manifest: ⟦""⟧, organisation: Example}`, "the manifest's path is empty"},
	{`provider_register: {manifest: ⟦[1]⟧, organisation: Example}`, "a manifest is a path or a map, not"},
	{`provider_register: {manifest: ⟦nowhere.json⟧, organisation: Example}`, "there is no manifest"},
	{`provider_register: {manifest: MANIFEST, organisation: ⟦user_1⟧}`, "only organisations sell add-ons"},
	{`provider_register: {manifest: MANIFEST, organisation: Example, features: [{name: ⟦" "⟧, type: NUMBER}]}`, "a feature's name cannot be empty"},
	{`provider_register: {manifest: MANIFEST, organisation: Example, features: [{name: a, type: NUMBER}, {name: ⟦a⟧, type: NUMBER}]}`, `feature "a" is declared twice`},
	{`provider_register: {manifest: MANIFEST, organisation: Example, plans: [{slug: ⟦"a b"⟧, name: A, price: 1}]}`, `"a b" is no slug`},
	{`provider_register: {manifest: MANIFEST, organisation: Example, plans: [{slug: a, name: ⟦""⟧, price: 1}]}`, "a plan's name cannot be empty"},
	{`provider_register: {manifest: MANIFEST, organisation: Example, plans: [{slug: a, name: A, price: ⟦-1⟧}]}`, "-1 is no price"},
	{`provider_register: {manifest: MANIFEST, organisation: Example, plans: [{slug: a, name: A, price: 1}, {slug: ⟦A⟧, name: B, price: 1}]}`, `there are two plans with the slug "A"`},
	{`provider_remove: {provider: ⟦""⟧, organisation: Example}`, "a provider's id cannot be empty"},
	{`provider_remove: {provider: kv, organisation: ⟦user_1⟧}`, "only organisations sell add-ons"},
	{`env_file: {dest: ⟦""⟧, from: {A: "1"}}`, "the file cannot be empty"},
	{`env_file: {dest: ⟦folder/⟧, from: {A: "1"}}`, "folder/ is a folder: name a file in it"},
	{`env_file: {dest: .env, from: {A: "1"}, mode: ⟦"9999"⟧}`, `"9999" is no mode`},
	{`env_file: {dest: .env, from: {A: "1"}, mode: ⟦"01777"⟧}`, `"01777" is no mode`},
	{`env_file: {dest: .env, from: {A: "1"}, owner: ⟦"99999999999"⟧}`, "99999999999 is no number of a user or a group"},
	{`env_file: {dest: .env, from: {A: "1"}, group: ⟦"-1"⟧}`, "-1 is no number of a user or a group"},
	{`env_file: {dest: .env, from: [⟦1⟧]}`, "a map of variables is wanted"},
	{`env_file: {dest: .env, from: ⟦text⟧}`, "a map of variables is wanted"},
	{`env_file: {dest: .env, from: {A: ⟦[1]⟧}}`, "A: text is wanted"},
	{`env_file: {dest: .env, from: {"a b": ¦"1"}}`, `a b`},
	{`env_file: {dest: .env, from: [{A: "1"}, {A: ⟦"2"⟧}]}`, "A is in from[0] already, with another value"},
	{`env_file: {dest: .env, from: {A: "1"}, rename: {B: ¦C}}`, `there is no variable "B" to rename`},
	{`env_file: {dest: .env, from: {A: "1"}, rename: {A: ¦"a b"}}`, `a b`},
	{`env_file: {dest: .env, from: {A: "1"}, format: k8s-secret, name: ⟦Upper_Case⟧}`, "cannot be the name of a Secret"},
	{`env_file: {dest: .env, from: {A: "1"}, format: k8s-secret, namespace: ⟦"a b"⟧}`, "cannot be a namespace"},
	{`env_file: {dest: .env, from: {A: "1"}, format: ⟦toml⟧}`, `"toml" is not allowed`},
	{`debug: {msg: hello, verbosity: ⟦-1⟧}`, "-1 is less than none"},
	{`debug: {msg: hello, verbosity: ⟦99999999999999999999⟧}`, "too large"},
	{`¦set_fact: {}`, "set_fact sets nothing"},
	{`set_fact: {¦"a b": 1}`, `"a b" is no name of a variable`},
	{`pause: {seconds: ⟦-1⟧}`, "-1 is no time to wait"},
	{`pause: {minutes: ⟦1e300⟧}`, "seconds are too long"},
	{`pause: {seconds: ⟦.nan⟧}`, "seconds are too long"},
	{`include_tasks: {file: ⟦" "⟧}`, "the file cannot be empty"},
	{`include_vars: {file: v.yml, name: ⟦"a b"⟧}`, "this is no name of a variable"},
	{`¦include_vars: {name: x}`, "include_vars needs file or dir"},
	{`include_vars: {dir: vars, depth: ⟦-1⟧}`, "-1 is less than none"},
	{`include_vars: {dir: vars, files_matching: ⟦"("⟧}`, "is no regular expression"},
	{`include_vars: {dir: vars, extensions: [⟦""⟧]}`, "an ending cannot be empty"},
	{`setup: {filter: [⟦"ansible_["⟧]}`, "is no pattern"},
	{`setup: {gather_timeout: ⟦-1⟧}`, "-1 is less than no time"},
	{`meta: ⟦end_world⟧`, `"end_world" is not allowed`},
	{`assert: {that: ¦5}`, "wants a condition"},
	{`include_role: {name: x, tasks_from: ⟦" "⟧}`, "a file's name cannot be blank"},
	{`include_role: {name: ⟦""⟧}`, "the role cannot be empty"},
}

const rightManifest = `{id: kv, name: KV, api: {config_vars: [KV_URL], regions: [eu], password: "0123456789012345678901234567890123456789", ` +
	`sso_salt: "9876543210987654321098765432109876543210", production: {base_url: "https://kv.example.com/clever", sso_url: "https://kv.example.com/sso"}, ` +
	`test: {base_url: "https://kv.example.com/clever", sso_url: "https://kv.example.com/sso"}}}`

// What is wrong with an argument is found before anything runs, at its place; all of it at
// once; and where it shows only while the play runs, before any request.
func TestWrongArguments(t *testing.T) {
	var all strings.Builder
	for _, w := range wrongArguments {
		text := "- name: try\n  " + strings.ReplaceAll(w.task, "MANIFEST", rightManifest) + "\n"
		all.WriteString(text)
		t.Run(strings.Trim(w.task, "¦"), func(t *testing.T) {
			problems := mistakes(unmarked(text))
			line, col := marked(text)
			if len(problems) != 1 || problems[0].Place.Line != line || problems[0].Place.Col != col || !strings.Contains(problems[0].Msg, w.want) {
				t.Errorf("want %q at %d:%d, and nothing else: %v", w.want, line, col, problems)
			}
			if strings.Contains(text, "⟦") {
				whilePlaying(t, text, w.want)
			}
		})
	}
	problems := mistakes(unmarked(all.String()))
	for i, w := range wrongArguments[:len(wrongArguments)-1] { // nothing below an include_role is certain to run
		if !slices.ContainsFunc(problems, func(p *diagnostic.Problem) bool { return p.Place.Line == 2*i+2 && strings.Contains(p.Msg, w.want) }) {
			t.Errorf("not reported among the others: %s", w.task)
		}
	}
}

// mistakes returns what is certainly wrong with a playbook.
func mistakes(text string) []*diagnostic.Problem {
	_, problems := playbooks.Parse("p.yml", []byte(text), playbooks.Options{Kinds: tasks.Kinds(nil)})
	return slices.DeleteFunc(problems, func(p *diagnostic.Problem) bool { return p.Severity == diagnostic.Warning })
}

func unmarked(text string) string {
	return strings.NewReplacer("⟦", "", "⟧", "", "¦", "").Replace(text)
}

// marked returns the place behind the mark.
func marked(text string) (line, col int) {
	before, _, _ := strings.Cut(strings.ReplaceAll(text, "¦", "⟦"), "⟦")
	last := before[strings.LastIndex(before, "\n")+1:]
	return strings.Count(before, "\n") + 1, len(last) + 1
}

// whilePlaying puts the wrong value behind a variable, so that it shows only when the task
// is carried out.
func whilePlaying(t *testing.T, text, want string) {
	t.Helper()
	before, rest, _ := strings.Cut(text, "⟦")
	value, after, _ := strings.Cut(rest, "⟧")
	text = "- set_fact: {wrong: " + value + "}\n" + before + `"{{ wrong }}"` + after
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	key, keySecret, token, secret := e.Credentials()
	cloud := &tasks.Cloud{Config: clever.Config{Endpoint: "http://emulator.invalid"}, Default: func() (clever.Credentials, error) {
		return clever.Credentials{ConsumerKey: key, ConsumerSecret: keySecret, Token: token, Secret: secret}, nil
	}}
	program, problems := playbooks.Parse("p.yml", []byte(text), playbooks.Options{Kinds: tasks.Kinds(cloud)})
	if program == nil {
		t.Fatalf("%s\nis refused beforehand: %v", text, problems)
	}
	seen := &lastEnd{}
	if _, err := engine.Run(t.Context(), program, engine.Options{Transport: e.Transport(), Reporter: seen}); err != nil {
		t.Fatal(err)
	}
	p := seen.Problem
	if p == nil || !strings.Contains(p.Msg, want) || p.Place.Line != 3 || p.Place.Col != len(before[strings.LastIndex(before, "\n")+1:])+1 {
		t.Errorf("while it plays: %v %v", seen.Outcome, p)
	}
	if n := len(e.Journal()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// lastEnd keeps how the last task ended.
type lastEnd struct {
	Problem *diagnostic.Problem
	Outcome engine.Outcome
}

func (l *lastEnd) Tell(e engine.Event) {
	if end, ok := e.(engine.TaskEnd); ok {
		l.Problem, l.Outcome = end.Problem, end.Outcome
	}
}
