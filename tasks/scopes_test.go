package tasks_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"runner/clever"
	"runner/clever/emulator"
	"runner/engine"
	"runner/engine/expr"
	"runner/orderlog"
)

// A machine remembers what was ordered and declared from it.
type machine struct {
	mu   sync.Mutex
	logs map[string]*orderlog.Log
}

func (m *machine) Open(_ context.Context, owner string) (*orderlog.Log, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.logs == nil {
		m.logs = map[string]*orderlog.Log{}
	}
	if m.logs[owner] == nil {
		m.logs[owner] = &orderlog.Log{}
	}
	return m.logs[owner], nil
}

func (m *machine) Unfinished(string) bool { return true }

// A playbook declares add-ons in a scope. Names may say an organisation: "acme/x".
type playbook struct {
	file, scope string
	with        string // -e env=…; "": nothing
	declares    []string
	prunes      []string // organisations beside the scope
}

// play plays a playbook on a machine, with consent to deleting, and reports what came of
// its prune: "kept" where it removed nothing, "removed", or "doubtful" where it asked for
// more consent.
func (p platform) playBook(t *testing.T, on *machine, b playbook) string {
	t.Helper()
	p.scope, p.allow, p.memory = b.scope, []string{"delete"}, on
	p.file, p.extra = b.file, nil
	if b.with != "" {
		p.extra = []engine.Var{{Name: "env", Value: &expr.Node{Text: b.with, Value: b.with}}}
	}
	var steps []step
	for _, word := range b.declares {
		steps = append(steps, p.declaring(word))
	}
	if b.scope != "" {
		prune := args("scope", b.scope)
		if len(b.prunes) > 0 {
			prune = args("scope", b.scope, "organisation", list(b.prunes...))
		}
		steps = append(steps, step{kind: "addon_prune", args: prune})
	}
	ends := p.play(t, false, steps...)
	for _, end := range ends[:len(b.declares)] {
		if end.Problem != nil {
			t.Fatalf("%s: %v", b.file, end.Problem)
		}
	}
	if b.scope == "" {
		return "kept"
	}
	switch end := ends[len(ends)-1]; {
	case end.Problem != nil && strings.Contains(end.Problem.Hint, "delete-doubtful"):
		return "doubtful"
	case end.Problem != nil:
		t.Fatalf("%s: %v", b.file, end.Problem)
	case end.Outcome == engine.Changed && end.Change.Action == engine.Delete:
		return "removed"
	}
	return "kept"
}

// declaring is a step that declares what a word names; env, where it is given, decides.
func (p platform) declaring(word string) step {
	organisation, name, found := strings.Cut(word, "/")
	s := register("name", word, "provider", "redis", "details", details("plan", "s_mono"))
	if found {
		s = register("name", name, "provider", "redis", "organisation", organisation, "details", details("plan", "s_mono"))
	}
	if p.extra != nil {
		s.name = "{{ env }}"
	}
	return s
}

// all lists the add-ons of all owners, as playbooks name them.
func (p platform) all() []string {
	names := p.names()
	for _, id := range p.Organisations() {
		for _, a := range p.Addons(id) {
			names = append(names, id+"/"+a.Name)
		}
	}
	slices.Sort(names)
	return names
}

// A move is what is done to an add-on called x, and what a prune then does.
type move struct {
	before []playbook // on one machine
	here   playbook   // whose prune is looked at
	want   string     // "kept", "removed" or "doubtful"
	left   string     // what is there in the end
	far    bool       // it is played on another machine, which remembers nothing
	tag    func(now []string) []string
}

func hand(names ...string) playbook { return playbook{file: "hand.yml", declares: names} }
func scopeA(names ...string) playbook {
	return playbook{file: "a.yml", scope: "A", declares: names}
}
func scopeB(names ...string) playbook {
	return playbook{file: "b.yml", scope: "B", declares: names}
}

func (b playbook) given(env string) playbook { b.with = env; return b }
func (b playbook) of(organisation string) playbook {
	b.prunes = append(b.prunes, organisation)
	return b
}

// moves: nothing that is declared anywhere is removed.
func moves() map[string]move {
	without := func(tag string) func([]string) []string {
		return func(now []string) []string {
			return slices.DeleteFunc(now, func(t string) bool { return strings.HasPrefix(t, tag) })
		}
	}
	with := func(tag string) func([]string) []string {
		return func(now []string) []string { return append(now, tag) }
	}
	return map[string]move{
		"ordered in A, dropped":                 {before: []playbook{scopeA("x", "y")}, here: scopeA("y"), want: "removed", left: "y"},
		"ordered in A, all dropped":             {before: []playbook{scopeA("x")}, here: scopeA(), want: "removed"},
		"ordered in A elsewhere, dropped":       {before: []playbook{scopeA("x")}, here: scopeA(), far: true, want: "removed"},
		"by hand, never declared":               {before: []playbook{hand("x")}, here: scopeA("y"), want: "kept", left: "x y"},
		"by hand, then A, dropped":              {before: []playbook{hand("x"), scopeA("x")}, here: scopeA(), want: "doubtful", left: "x"},
		"the same, from elsewhere":              {before: []playbook{hand("x"), scopeA("x")}, here: scopeA(), far: true, want: "doubtful", left: "x"},
		"by hand, A, then B; A empty":           {before: []playbook{hand("x"), scopeA("x"), scopeB("x")}, here: scopeA(), want: "kept", left: "x"},
		"by hand, A, then B; B empty":           {before: []playbook{hand("x"), scopeA("x"), scopeB("x")}, here: scopeB(), want: "doubtful", left: "x"},
		"A to B; A empty":                       {before: []playbook{scopeA("x"), scopeB("x")}, here: scopeA(), want: "kept", left: "x"},
		"A to B; B empty":                       {before: []playbook{scopeA("x"), scopeB("x")}, here: scopeB(), want: "doubtful", left: "x"},
		"A to B, A played without it; B empty":  {before: []playbook{scopeA("x"), scopeB("x"), scopeA()}, here: scopeB(), want: "removed"},
		"A to B and back; B empty":              {before: []playbook{scopeA("x"), scopeB("x"), scopeA("x")}, here: scopeB(), want: "kept", left: "x"},
		"A to B, from elsewhere; A empty":       {before: []playbook{scopeA("x"), scopeB("x")}, here: scopeA(), far: true, want: "kept", left: "x"},
		"the tags of A and B at once; A":        {before: []playbook{scopeA("x")}, tag: with("runner-scope:B"), here: scopeA(), want: "kept", left: "x"},
		"the tags of A and B at once; B":        {before: []playbook{scopeA("x")}, tag: with("runner-scope:B"), here: scopeB(), want: "kept", left: "x"},
		"A and B at once, and A declares it":    {before: []playbook{scopeA("x")}, tag: with("runner-scope:B"), here: scopeA("x"), want: "kept", left: "x"},
		"tag removed by hand":                   {before: []playbook{scopeA("x")}, tag: without("runner-scope:"), here: scopeA(), want: "kept", left: "x"},
		"tag set by hand to B":                  {before: []playbook{scopeA("x")}, tag: func([]string) []string { return []string{"runner-scope:B"} }, here: scopeA(), want: "kept", left: "x"},
		"renamed: another one is ordered":       {before: []playbook{scopeA("x")}, here: scopeA("new"), want: "doubtful", left: "new x"},
		"dropped, and another one was there":    {before: []playbook{scopeA("x", "y")}, here: scopeA("y"), want: "removed", left: "y"},
		"a playbook without a scope has it":     {before: []playbook{scopeA("x"), hand("x")}, here: scopeA(), want: "doubtful", left: "x"},
		"a scope added to a playbook":           {before: []playbook{{file: "a.yml", declares: []string{"x"}}, scopeA("x")}, here: scopeA(), want: "removed"},
		"declared with env=dev, now prod":       {before: []playbook{scopeA("x").given("dev")}, here: scopeA("z").given("prod"), want: "doubtful", left: "x z"},
		"with env=dev, then prod elsewhere":     {before: []playbook{scopeA("x").given("dev")}, here: scopeA().given("prod"), far: true, want: "doubtful", left: "x"},
		"declared without env, now prod":        {before: []playbook{scopeA("x", "y")}, here: scopeA("y").given("prod"), want: "doubtful", left: "x y"},
		"declared by dev, then prod, elsewhere": {before: []playbook{scopeA("x").given("dev"), scopeA("x").given("prod")}, here: scopeA().given("dev"), far: true, want: "doubtful", left: "x"},
		"declared without, then by prod":        {before: []playbook{scopeA("x"), scopeA("x").given("prod")}, here: scopeA().given("prod"), far: true, want: "doubtful", left: "x"},
		"declared with env=dev, now without":    {before: []playbook{scopeA("x").given("dev")}, here: scopeA(), far: true, want: "doubtful", left: "x"},
		"declared with env=dev, as before":      {before: []playbook{scopeA("x").given("dev")}, here: scopeA().given("dev"), want: "removed"},
		"declared by dev, then prod; dev":       {before: []playbook{scopeA("x").given("dev"), scopeA("x").given("prod")}, here: scopeA().given("dev"), want: "doubtful", left: "x"},
		"two organisations, one dropped":        {before: []playbook{scopeA(acme+"/x", acme+"/y", other+"/x")}, here: scopeA(acme + "/y"), want: "removed", left: acme + "/y " + other + "/x"},
		"of another organisation's playbook":    {before: []playbook{scopeA(acme + "/x")}, here: playbook{file: "o.yml", scope: "A", declares: []string{other + "/y"}}, want: "kept", left: acme + "/x " + other + "/y"},
		"of another one, named":                 {before: []playbook{scopeA(acme + "/x")}, here: scopeA().of(acme), want: "removed"},
		"of an organisation, and none named":    {before: []playbook{scopeA(acme + "/x")}, here: scopeA(), want: "kept", left: acme + "/x"},
		"the same name in two organisations":    {before: []playbook{scopeA(acme+"/x", other+"/x")}, here: scopeA(acme+"/x", other+"/z"), want: "kept", left: acme + "/x " + other + "/x " + other + "/z"},
	}
}

// The organisations of the emulator that moves are played on.
const (
	acme  = "orga_00000000-0000-4000-8000-00000000000a"
	other = "orga_00000000-0000-4000-8000-00000000000b"
)

func TestMoves(t *testing.T) {
	for name, m := range moves() {
		t.Run(name, func(t *testing.T) { m.hold(t) })
	}
}

func (m move) hold(t *testing.T) {
	p := platformWith(t, emulator.Options{Strict: true, Owners: []string{acme, other}})
	here, far := &machine{}, &machine{}
	for _, b := range m.before {
		p.playBook(t, here, b)
	}
	if m.tag != nil {
		p.retag(t, m.tag)
	}
	if m.far {
		here = far
	}
	if got := p.playBook(t, here, m.here); got != m.want {
		t.Errorf("the prune: %s, want %s", got, m.want)
	}
	if got := strings.Join(p.all(), " "); got != m.left {
		t.Errorf("left %q, want %q", got, m.left)
	}
}

// retag changes the tags of the only add-on in the personal space by hand.
func (p platform) retag(t *testing.T, change func([]string) []string) {
	t.Helper()
	client, err := clever.New(clever.Config{Endpoint: "http://emulator.invalid", Transport: p.Transport(), Credentials: p.credentials(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Retag(t.Context(), "", p.Addons(p.User())[0].ID, change); err != nil {
		t.Fatal(err)
	}
}

// TestNothingDeclaredIsRemoved plays playbooks by chance, each with a scope of its own or
// none, from two machines and with changing variables, with consent to deleting: what a
// playbook declared last is there until it declares it no longer, whoever prunes what.
func TestNothingDeclaredIsRemoved(t *testing.T) {
	t.Parallel()
	removed, doubtful := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		p := platformWith(t, emulator.Options{Strict: true, Owners: []string{acme, other}})
		machines := []*machine{{}, {}}[:1+seed%2]
		files := []string{"a.yml", "b.yml", "c.yml", "hand.yml"}[:5-len(machines)] // what has no scope leaves no trace elsewhere
		declared := map[string][]string{}                                          // by playbook and variables
		for range 12 {
			b := playbook{file: files[r.IntN(len(files))]}
			b.scope = map[string]string{"a.yml": "A", "b.yml": "B", "c.yml": "C"}[b.file]
			if r.IntN(3) == 0 {
				b.with = []string{"dev", "prod"}[r.IntN(2)]
			}
			for _, name := range []string{"x", "y", acme + "/x", other + "/x"} {
				if r.IntN(2) == 0 {
					b.declares = append(b.declares, name)
				}
			}
			key := b.file + " " + b.with
			declared[key] = b.declares
			switch p.playBook(t, machines[r.IntN(len(machines))], b) {
			case "removed":
				removed++
			case "doubtful":
				doubtful++
			}
			for by, names := range declared {
				for _, name := range names {
					if !slices.Contains(p.all(), name) {
						t.Fatalf("seed %d: %s (%s) removed %s, which %s declares", seed, b.file, b.with, name, by)
					}
				}
			}
		}
	}
	if removed == 0 || doubtful == 0 {
		t.Errorf("%d prunes removed something, %d asked: the test shows nothing", removed, doubtful)
	}
}
