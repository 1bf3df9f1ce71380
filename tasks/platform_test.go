package tasks_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"runner/clever"
	"runner/clever/emulator"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/format"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/tasks"
)

// args makes a mapping of alternating names and values; a value is a text or
// another mapping.
func args(pairs ...any) *expr.Node {
	place := diagnostic.Place{Source: &diagnostic.Source{Name: "test.yml"}, Line: 1, Col: 1}
	n := &expr.Node{Shape: expr.Mapping, Place: place}
	for i := 0; i < len(pairs); i += 2 {
		key := pairs[i].(string)
		val, ok := pairs[i+1].(*expr.Node)
		if !ok {
			text := fmt.Sprint(pairs[i+1])
			val = &expr.Node{Place: place, Text: text, Value: text}
			if syntax.HasTemplate(text) {
				val.Tmpl, _ = expr.Parse(builtin.Table(), text, diagnostic.At(place, text))
			}
		}
		n.Entries = append(n.Entries, expr.Entry{Key: &expr.Node{Text: key, Value: key, Place: place}, Value: val})
	}
	return n
}

// A platform is one emulator; each run against it has a client of its own.
type platform struct {
	jobs int // 0: the default
	*emulator.Emulator
	dir    string        // of the playbook
	allow  []string      // risks that are consented to
	scope  string        // of the play; "": none
	file   string        // of the playbook; "": site.yml
	extra  []engine.Var  // that are given from outside
	memory clever.Memory // of the machine; nil: none
	// progress is what the tasks of the last play reported while they were at work.
	progress *[]string
	// transport stands between a play and the emulator; nil: nothing does.
	transport http.RoundTripper
}

func newPlatform(t *testing.T) platform {
	t.Helper()
	return platformWith(t, emulator.Options{Strict: true})
}

func platformWith(t *testing.T, o emulator.Options) platform {
	t.Helper()
	e, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return platform{Emulator: e, dir: t.TempDir(), progress: &[]string{}}
}

func (p platform) cloud() *tasks.Cloud {
	return &tasks.Cloud{Config: clever.Config{Endpoint: "http://emulator.invalid"}, Memory: p.remembered(), Default: func() (clever.Credentials, error) {
		key, keySecret, token, secret := p.Credentials()
		return clever.Credentials{ConsumerKey: key, ConsumerSecret: keySecret, Token: token, Secret: secret, Source: "test"}, nil
	}}
}

func (p platform) remembered() func(string, clever.Credentials) clever.Memory {
	if p.memory == nil {
		return nil
	}
	return func(string, clever.Credentials) clever.Memory { return p.memory }
}

// A step is a kind with arguments.
type step struct {
	kind     string
	args     *expr.Node
	register string
	name     string
	ignore   bool // ignore_errors
}

// ends keeps how steps ended, and their progress.
type ends struct {
	all      []engine.TaskEnd
	progress []string
}

func (e *ends) Tell(event engine.Event) {
	switch event := event.(type) {
	case engine.TaskEnd:
		e.all = append(e.all, event)
	case engine.TaskProgress:
		e.progress = append(e.progress, event.Text)
	}
}

// play runs steps in a run of their own and returns how they ended.
func (p platform) play(t *testing.T, check bool, steps ...step) []engine.TaskEnd {
	t.Helper()
	kinds := tasks.Kinds(p.cloud())
	play := &engine.Play{Hosts: "localhost", File: filepath.Join(p.dir, cmp.Or(p.file, "site.yml"))}
	if p.scope != "" {
		play.Prune = &engine.Prune{Scope: &expr.Node{Text: p.scope, Value: p.scope}}
	}
	for i, s := range steps {
		k := slices.IndexFunc(kinds, func(k engine.Kind) bool { return k.Name == s.kind })
		if problems := engine.CheckArgs(&kinds[k], s.args, diagnostic.Place{}); len(problems) > 0 {
			t.Fatal(problems[0])
		}
		st := &engine.Step{ID: fmt.Sprint(i + 1), Kind: &kinds[k], As: s.kind, Args: s.args, Register: s.register}
		if s.name != "" {
			st.Name = args("name", s.name).Get("name")
		}
		if s.ignore {
			st.IgnoreErrors = &expr.Node{Text: "true", Value: true}
		}
		play.Tasks = append(play.Tasks, st)
	}
	transport := p.transport
	if transport == nil {
		transport = p.Transport()
	}
	var seen ends
	_, err := engine.Run(t.Context(), &engine.Program{Plays: []*engine.Play{play}},
		engine.Options{Check: check, Jobs: p.jobs, Transport: transport, Reporter: &seen, Allow: p.allow, ExtraVars: p.extra})
	if err != nil {
		t.Fatal(err)
	}
	*p.progress = seen.progress
	return seen.all
}

// names lists the add-ons of the personal space.
func (p platform) names() []string {
	var list []string
	for _, a := range p.Addons(p.User()) {
		list = append(list, a.Name)
	}
	return list
}

func (p platform) writes() int {
	n := 0
	for _, r := range p.Journal() {
		if r.Method != "GET" && r.Method != "HEAD" {
			n++
		}
	}
	return n
}

func (p platform) credentials(t *testing.T) clever.Credentials {
	t.Helper()
	c, err := p.cloud().Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// world lists all that there is, as a client of its own sees it.
func (p platform) world(t *testing.T) []string {
	t.Helper()
	client, err := clever.New(clever.Config{Endpoint: "http://emulator.invalid", Transport: p.Transport(), Credentials: p.credentials(t)})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, owner := range append([]string{""}, p.Organisations()...) {
		addons, err := client.Addons(t.Context(), owner)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addons {
			tags, err := client.Tags(t.Context(), owner, a.ID)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprint(a.Name, " ", a.ID, " ", a.Provider.ID, " ", a.Plan.Slug, " ", a.Region, " ", tags))
		}
	}
	lines = append(lines, p.appsAndGroups(t, client)...)
	for _, offered := range p.Providers() {
		lines = append(lines, fmt.Sprint(offered))
	}
	files, err := os.ReadDir(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		lines = append(lines, f.Name())
	}
	return lines
}

func field(t *testing.T, end engine.TaskEnd, name string) string {
	t.Helper()
	m, ok := end.Result.(*value.Map)
	if !ok {
		t.Fatalf("the result is %T", end.Result)
	}
	v, ok := m.Get(name)
	if !ok {
		t.Fatalf("no %s in %s", name, format.JSON(m, format.JSONStyle{}))
	}
	return value.OpenText(v)
}
