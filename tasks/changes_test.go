package tasks_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever/emulator"
	"runner/engine"
	"runner/engine/expr"
)

// register is a step that declares an add-on.
func register(pairs ...any) step { return step{kind: "addon_register", args: args(pairs...)} }

func details(pairs ...any) *expr.Node { return args(pairs...) }

// list makes a list of texts.
func list(items ...string) *expr.Node {
	n := args()
	n.Shape = expr.Sequence
	for _, item := range items {
		n.Items = append(n.Items, &expr.Node{Place: n.Place, Text: item, Value: item})
	}
	return n
}

// small is a database that most changes start from.
var small = register("name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "version", "15"))

// changes are the ways in which a declared add-on can differ from what there is.
var changes = map[string]contract{
	"larger plan": {
		given: []step{small}, step: register("name", "db", "provider", "pg", "details", details("plan", "xs_sml")),
		allow: "migrate", diff: []string{"plan"}, after: []string{"db"},
	},
	"out of a shared plan": {
		given: []step{register("name", "db", "provider", "pg", "details", details("plan", "dev"))},
		step:  register("name", "db", "provider", "pg", "details", details("plan", "XXS Small Space", "version", "16")),
		allow: "migrate", diff: []string{"plan", "version"}, after: []string{"db"},
	},
	"version": {
		given: []step{small}, step: register("name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "version", "16")),
		allow: "migrate", diff: []string{"version"}, after: []string{"db"},
	},
	"region": {
		given: []step{small}, step: register("name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "region", "Montreal")),
		allow: "migrate", diff: []string{"region"}, after: []string{"db"},
	},
	"everything that moves": {
		given: []step{small},
		step:  register("name", "db", "provider", "pg", "details", details("plan", "xs_sml", "version", "17", "region", "mtl"), "tags", list("b", "a")),
		allow: "migrate", diff: []string{"plan", "region", "tags", "version"}, after: []string{"db"},
	},
	"less room, on purpose": {
		given: []step{register("name", "db", "provider", "pg", "details", details("plan", "xs_sml"))},
		step:  register("name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "shrink", true)),
		allow: "migrate", diff: []string{"plan"}, after: []string{"db"},
	},
	"tags": {
		given: []step{small}, step: register("name", "db", "provider", "pg", "tags", list("shop", "prod")),
		diff: []string{"tags"}, after: []string{"db"},
	},
	"no more tags": {
		given: []step{register("name", "db", "provider", "pg", "details", details("plan", "dev"), "tags", list("shop"))},
		step:  register("name", "db", "provider", "pg", "tags", list()), diff: []string{"tags"}, after: []string{"db"},
	},
	"ordered with tags": {
		step: register("name", "db", "provider", "pg", "details", details("plan", "dev"), "tags", list("shop")),
		diff: []string{"name", "plan", "provider", "region", "tags"}, after: []string{"db"},
	},
	"scope of an older add-on": {
		given: nil, step: register("name", "db", "provider", "pg", "details", details("plan", "dev")), scope: "shop",
		diff: []string{"name", "plan", "provider", "region", "tags"}, after: []string{"db"},
	},
	"encryption": {
		given: []step{small}, step: register("name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "encryption", true)),
		allow: "replace", diff: []string{"options.encryption"}, after: []string{"db"},
	},
	"an option": {
		given: []step{small}, step: register("name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "options", args("do-backup", "false"))),
		allow: "replace", diff: []string{"options.do-backup"}, after: []string{"db"},
	},
	"an option and all the rest": {
		given: []step{small},
		step: register("name", "db", "provider", "pg", "tags", list("x"),
			"details", details("plan", "xs_sml", "version", "16", "region", "mtl", "encryption", true)),
		allow: "replace", diff: []string{"options.encryption", "plan", "region", "tags", "version"}, after: []string{"db"},
	},
	"plugins of Elasticsearch": {
		given: []step{register("name", "es", "provider", "es", "details", details("plan", "xs", "options", args("plugins", "a,b")))},
		step:  register("name", "es", "provider", "es", "details", details("plan", "xs", "options", args("plugins", "b, c"))),
		allow: "replace", diff: []string{"options.plugins"}, after: []string{"es"},
	},
	"a plan that is not migrated": {
		given: []step{register("name", "es", "provider", "es", "details", details("plan", "xs", "version", "8"))},
		step:  register("name", "es", "provider", "es", "details", details("plan", "s", "version", "9")),
		allow: "replace", diff: []string{"plan", "version"}, after: []string{"es"},
	},
	"an operator's version": {
		given: []step{register("name", "kc", "provider", "keycloak", "details", details("plan", "base", "version", "26.2.5"))},
		step:  register("name", "kc", "provider", "keycloak", "details", details("plan", "base", "version", "26.3.3")),
		diff:  []string{"version"}, after: []string{"kc"},
	},
	"file, other values": {
		given: []step{{kind: "env_file", args: args("dest", "x.json", "format", "json", "from", args("A", "1", "B", "2", "C", "3"))}},
		step:  step{kind: "env_file", args: args("dest", "x.json", "format", "json", "from", args("A", "1", "B", "3", "D", "4"))},
		diff:  []string{"B", "C", "D"},
	},
	"file, mode": {
		given: []step{{kind: "env_file", args: args("dest", "x", "from", args("A", "1"))}},
		step:  step{kind: "env_file", args: args("dest", "x", "from", args("A", "1"), "mode", "0640")},
		diff:  []string{"mode"},
	},
	"file, order": {
		given: []step{{kind: "env_file", args: args("dest", "x", "from", args("A", "1", "B", "2"))}},
		step:  step{kind: "env_file", args: args("dest", "x", "from", args("B", "2", "A", "1"))},
		diff:  []string{"content"},
	},
}

func TestChanges(t *testing.T) {
	for name, c := range changes {
		t.Run(name, func(t *testing.T) { c.hold(t) })
	}
}

// TestChangesKeepWhatStays looks at ids: what is migrated or renamed stays the same
// add-on; what is replaced does not.
func TestChangesKeepWhatStays(t *testing.T) {
	for name, c := range changes {
		if len(c.given) == 0 || c.step.kind != "addon_register" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.play(t, false, c.given...)
			before := p.Addons(p.User())[0].ID
			p.allow = []string{c.allow}
			end := p.play(t, false, c.step)[0]
			if got := field(t, end, "addon_id"); (got == before) != (c.allow != "replace") {
				t.Errorf("it was %s and is %s", before, got)
			}
			if a := p.Addons(p.User())[0]; a.ID != field(t, end, "addon_id") || a.Region != field(t, end, "region") {
				t.Errorf("registered %s", expr.JSON(end.Result, expr.JSONStyle{}))
			}
		})
	}
}

func TestAdopted(t *testing.T) {
	for name, test := range map[string]struct {
		step  func(id string) step
		allow string
		diff  []string
		name  string
		stays bool
	}{
		"renamed": {func(id string) step { return register("addon", id, "name", "new", "provider", "pg") }, "", []string{"name"}, "new", true},
		"as it is, whatever the task is called": {func(id string) step {
			s := register("addon", id, "provider", "pg")
			s.name = "Adopt it"
			return s
		}, "", nil, "db", true},
		"renamed and migrated": {func(id string) step {
			return register("addon", id, "name", "new", "provider", "pg", "details", details("plan", "xs_sml"), "tags", list("t"))
		}, "migrate", []string{"name", "plan", "tags"}, "new", true},
		"another provider": {func(id string) step {
			return register("addon", id, "name", "db", "provider", "mysql", "details", details("plan", "xxs_sml"))
		}, "replace", []string{"provider"}, "db", false},
		"another option": {func(id string) step {
			return register("addon", id, "name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "encryption", true))
		}, "replace", []string{"options.encryption"}, "db", false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			id := field(t, p.play(t, false, small)[0], "addon_id")
			checked := p.play(t, true, test.step(id))[0]
			got := paths(checked.Change)
			if diff := cmp.Diff(test.diff, slices.DeleteFunc(got, func(p string) bool { return p == "plan" && !slices.Contains(test.diff, p) })); diff != "" {
				t.Errorf("the diff names other things: %s", diff)
			}
			p.allow = []string{test.allow}
			p.play(t, false, test.step(id))
			if again := p.play(t, false, test.step(id))[0]; again.Outcome != engine.OK {
				t.Errorf("again: %v (%v) %v", again.Outcome, again.Problem, again.Change.Attrs)
			}
			list := p.Addons(p.User())
			if len(list) != 1 || list[0].Name != test.name || (list[0].ID == id) != test.stays {
				t.Errorf("there is %v", p.world(t))
			}
		})
	}
}

// TestEveryWordForAProviderFindsWhatItOrdered plays each spelling twice.
func TestEveryWordForAProviderFindsWhatItOrdered(t *testing.T) {
	p := newPlatform(t)
	for _, word := range []string{"postgresql-addon", "PostgreSQL-Addon", "PostgreSQL", "postgresql", "Postgres", "pg", "PG"} {
		db := register("name", "db", "provider", word, "details", details("plan", "dev"))
		for range 2 {
			if end := p.play(t, false, db)[0]; end.Problem != nil || len(p.names()) != 1 {
				t.Fatalf("%s: %v, there are %v", word, end.Problem, p.names())
			}
		}
	}
}

func TestRenamingIntoAnotherIsRefused(t *testing.T) {
	p := newPlatform(t)
	p.play(t, false, small)
	other := field(t, p.play(t, false, register("name", "other", "provider", "pg", "details", details("plan", "dev")))[0], "addon_id")
	end := p.play(t, false, register("addon", other, "name", "db", "provider", "pg"))[0]
	if end.Problem == nil || !strings.Contains(end.Problem.Msg, `cannot be called "db": addon_`) {
		t.Errorf("%v: %v", end.Outcome, end.Problem)
	}
}

// TestReplacementThatWasCutOff leaves a replacement half-way at each of its
// requests: what is played next finishes it, and nothing is ordered twice.
func TestReplacementThatWasCutOff(t *testing.T) {
	encrypted := register("name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "encryption", true))
	for n := 1; ; n++ {
		p := newPlatform(t)
		p.allow = []string{"replace"}
		p.play(t, false, small)
		p.ResetJournal()
		if err := p.Fail(emulator.Fault{Path: ".", From: n, Kind: emulator.Page500}); err != nil {
			t.Fatal(err)
		}
		end := p.play(t, false, encrypted)[0]
		p.Recover()
		for range 2 {
			if again := p.play(t, false, encrypted)[0]; again.Problem != nil {
				t.Fatalf("cut off at request %d: %v", n, again.Problem)
			}
		}
		if again := p.play(t, false, encrypted)[0]; again.Outcome != engine.OK || len(p.names()) != 1 {
			t.Errorf("cut off at request %d: %v, there is %v", n, again.Outcome, p.world(t))
		}
		if end.Problem == nil { // it was over before
			if n < 6 {
				t.Errorf("only %d requests could fail", n)
			}
			return
		}
	}
}

func TestLessRoomIsRefused(t *testing.T) {
	p := newPlatform(t)
	p.allow = []string{"migrate"}
	p.play(t, false, register("name", "db", "provider", "pg", "details", details("plan", "xs_med")))
	p.play(t, false, register("name", "cache", "provider", "redis", "details", details("plan", "l_mono")))
	p.ResetJournal()
	for _, test := range []struct {
		step step
		want string
	}{
		{small, `has now: disk-size 1 GB, not 10 GB`},
		{register("name", "cache", "provider", "redis", "details", details("plan", "s_mono")), `has now: max-db-size 100 MB, not 500 MB`},
	} {
		end := p.play(t, false, test.step)[0]
		if end.Problem == nil || !strings.Contains(end.Problem.Msg, test.want) || !strings.Contains(end.Problem.Hint, "shrink: true") {
			t.Errorf("%v: %v, want %q", end.Outcome, end.Problem, test.want)
		}
	}
	if p.writes() != 0 {
		t.Errorf("%d writes", p.writes())
	}
}

func TestAllUnknownWordsOfATaskAtOnce(t *testing.T) {
	p := newPlatform(t)
	wrong := register("name", "db", "provider", "pg", "details", details("plan", "xxs_sm", "version", "15.10", "region", "atlantis"))
	p.play(t, false, small)
	for _, s := range []step{wrong, register("name", "new", "provider", "pg", "details", wrong.args.Get("details"))} {
		end := p.play(t, true, s)[0]
		if end.Problem == nil {
			t.Fatal("nothing is wrong")
		}
		for _, want := range []string{`unknown plan "xxs_sm" of postgresql-addon (did you mean "xxs_sml"?)`, `unknown region "atlantis"`} {
			if !strings.Contains(end.Problem.Msg, want) {
				t.Errorf("says %q, not %q", end.Problem.Msg, want)
			}
		}
		if name := s.args.Get("name").Text; name == "new" && !strings.Contains(end.Problem.Msg, `unknown version "15.10"`) {
			t.Errorf("says %q, nothing of the version", end.Problem.Msg)
		}
	}
}

func TestMigrationThatFails(t *testing.T) {
	p := newPlatform(t)
	p.allow = []string{"migrate"}
	p.play(t, false, small)
	if err := p.Fail(emulator.Fault{Method: "POST", Path: "migrations", Kind: emulator.MigrationFailed}); err != nil {
		t.Fatal(err)
	}
	larger := register("name", "db", "provider", "pg", "details", details("plan", "xs_sml"), "tags", list("moved"))
	end := p.play(t, false, larger)[0]
	if end.Problem == nil || !strings.Contains(end.Problem.Msg, "ended FAILED") || !strings.Contains(end.Problem.Msg, "is on plan xxs_sml in par now") {
		t.Errorf("%v: %v", end.Outcome, end.Problem)
	}
	if world := p.world(t); !strings.HasSuffix(world[0], "xxs_sml par []") {
		t.Errorf("there is %v", world)
	}
	p.Recover()
	if end := p.play(t, false, larger)[0]; end.Outcome != engine.Changed {
		t.Errorf("after that: %v (%v)", end.Outcome, end.Problem)
	}
}

func TestPruneTakesOnlyItsOwn(t *testing.T) {
	p := newPlatform(t)
	organisation := p.Organisations()[0]
	db := func(name string, more ...any) step {
		return register(append([]any{"name", name, "provider", "pg", "details", details("plan", "dev")}, more...)...)
	}
	prune := step{kind: "addon_prune", register: "pruned", args: args("scope", "shop", "keep", list("kept"))}
	p.play(t, false, db("by-hand"))
	p.scope = "other"
	p.play(t, false, db("of-another-scope"))
	p.scope = "shop"
	p.play(t, false, db("a"), db("b", "tags", list("mine")), db("kept"), db("c", "organisation", organisation), db("stays"))

	checked := p.play(t, true, db("stays"), prune)[1]
	if diff := cmp.Diff([]string{"a", "b", "c"}, paths(checked.Change)); diff != "" {
		t.Errorf("would be removed: %s", diff)
	}
	p.allow = []string{"delete"}
	p.ResetJournal()
	if end := p.play(t, false, db("stays"), prune)[1]; end.Outcome != engine.Changed || strings.Count(field(t, end, "removed"), "'addon_id'") != 3 {
		t.Errorf("%v: %v", end.Outcome, end.Problem)
	}
	left := p.names()
	slices.Sort(left)
	if diff := cmp.Diff([]string{"by-hand", "kept", "of-another-scope", "stays"}, left); diff != "" || len(p.Addons(organisation)) != 0 {
		t.Errorf("left: %s, %v", diff, p.Addons(organisation))
	}
	if end := p.play(t, false, db("stays"), prune)[1]; end.Outcome != engine.OK {
		t.Errorf("again: %v", end.Outcome)
	}
}

// TestPruneSparesWhatFailed: an add-on whose task failed is declared all the same.
func TestPruneSparesWhatFailed(t *testing.T) {
	p := newPlatform(t)
	p.scope, p.allow = "shop", []string{"delete"}
	p.play(t, false, small)
	ends := p.play(t, false, register("name", "db", "provider", "pg", "details", details("plan", "nothing")),
		step{kind: "addon_prune", args: args("scope", "shop")})
	if ends[0].Outcome != engine.Failed || ends[1].Outcome == engine.Changed || len(p.names()) != 1 {
		t.Errorf("%v, %v, left %v", ends[0].Outcome, ends[1].Outcome, p.names())
	}
	if end := p.play(t, false, step{kind: "addon_prune", args: args("scope", "not a scope")})[0]; end.Problem == nil {
		t.Error("any text is a scope")
	}
}

func TestInfo(t *testing.T) {
	p := newPlatform(t)
	organisation := p.Organisations()[0]
	p.play(t, false, small, register("name", "cache", "provider", "redis", "details", details("plan", "s_mono"), "tags", list("shop")),
		register("name", "far", "provider", "redis", "organisation", organisation, "details", details("plan", "s_mono")))
	for name, test := range map[string]struct {
		args *expr.Node
		want string // names of what is found
	}{
		"by name":                {args("addon", "db"), "db"},
		"by name, anywhere":      {args("name", "far"), "far"},
		"all of oneself":         {args(), "cache,db"},
		"all of an organisation": {args("organisation", organisation), "far"},
		"of a provider":          {args("provider", "redis"), "cache"},
		"with a tag":             {args("tag", "shop"), "cache"},
		"none":                   {args("addon", "nothing"), ""},
		"none of that provider":  {args("addon", "db", "provider", "redis"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			end := p.play(t, false, step{kind: "addon_info", args: test.args})[0]
			if end.Problem != nil {
				t.Fatal(end.Problem)
			}
			addons, _ := end.Result.(*expr.Map).Get("addons")
			var names []string
			for _, a := range addons.([]engine.Value) {
				name, _ := a.(*expr.Map).Get("name")
				names = append(names, name.(string))
			}
			slices.Sort(names)
			if got := strings.Join(names, ","); got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
			if len(names) == 1 && field(t, end, "name") != test.want {
				t.Error("the members of the only one are not beside the list")
			}
		})
	}
	ends := p.play(t, false, step{kind: "addon_info", register: "i", args: args("addon", "db")},
		step{kind: "debug", args: args("msg", "{{ i.env.POSTGRESQL_ADDON_HOST }} {{ i.version }}")})
	if ends[1].Problem != nil || !strings.HasSuffix(field(t, ends[1], "msg"), " 15") {
		t.Errorf("env and version: %v", ends[1].Problem)
	}
}

func TestEnvFileHoldsTheVariablesOfAddons(t *testing.T) {
	p := newPlatform(t)
	db := small
	db.register = "db"
	write := step{kind: "env_file", args: args("dest", "shop.env", "from", "{{ [db, {'LOG': 'info', 'N': 3}] }}",
		"strip_prefix", "POSTGRESQL_ADDON_", "prefix", "DB_", "rename", args("POSTGRESQL_ADDON_URI", "DATABASE_URL"))}
	if checked := p.play(t, true, db, write)[1]; checked.Outcome != engine.Changed || checked.Change == nil {
		t.Errorf("check: %v (%v)", checked.Outcome, checked.Problem)
	}
	p.play(t, false, db)
	for _, want := range []engine.Outcome{engine.Changed, engine.OK} {
		if end := p.play(t, false, db, write)[1]; end.Outcome != want {
			t.Fatalf("%v (%v)", end.Outcome, end.Problem)
		}
	}
	path := filepath.Join(p.dir, "shop.env")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DATABASE_URL='postgresql://", "DB_HOST='", "DB_VERSION='15'\n", "DB_LOG='info'\nDB_N='3'\n"} {
		if !strings.Contains("\n"+string(text), "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v (%v)", info.Mode(), err)
	}
}

func TestEnvFileRefuses(t *testing.T) {
	p := newPlatform(t)
	for _, err := range []error{
		os.Mkdir(filepath.Join(p.dir, "folder"), 0o700),
		os.WriteFile(filepath.Join(p.dir, "file"), []byte("A='kept'\n"), 0o600),
		os.Symlink("file", filepath.Join(p.dir, "link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	before := p.world(t)
	vars := args("A", "1")
	for name, test := range map[string]struct {
		args *expr.Node
		want string
	}{
		"a folder":        {args("dest", "folder", "from", vars), "is a folder: name a file in it"},
		"a link":          {args("dest", "link", "from", vars), "is a symbolic link, which writing would replace"},
		"no folder":       {args("dest", "nowhere/x", "from", vars), "there is no folder"},
		"in a file":       {args("dest", "file/x", "from", vars), "not a directory"},
		"mode":            {args("dest", "file", "from", vars, "mode", "rw"), `"rw" is no mode`},
		"larger mode":     {args("dest", "file", "from", vars, "mode", "7777"), `"7777" is no mode`},
		"text":            {args("dest", "file", "from", "A=1"), "a map of variables is wanted"},
		"a name":          {args("dest", "file", "from", args("A B", "1")), `"A B" cannot be the name of a variable`},
		"NUL":             {args("dest", "file", "from", args("A", "\x00")), "the value of A holds a NUL"},
		"a list":          {args("dest", "file", "from", "{{ {'A': [1]} }}"), "A: text is wanted, not"},
		"two of one name": {args("dest", "file", "from", "{{ [{'A': 1}, {'A': 2}] }}"), "A is in from[0] already, with another value"},
		"no such rename":  {args("dest", "file", "from", vars, "rename", args("B", "C")), `there is no variable "B" to rename`},
		"skipped":         {args("dest", "file", "from", "{{ {'changed': false, 'skipped': true} }}"), "it holds no variables"},
	} {
		t.Run(name, func(t *testing.T) {
			end := p.play(t, false, step{kind: "env_file", args: test.args})[0]
			if end.Problem == nil || !strings.Contains(end.Problem.Error(), test.want) {
				t.Errorf("%v: %v, want %q", end.Outcome, end.Problem, test.want)
			}
		})
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "file"))
	if diff := cmp.Diff(before, p.world(t)); diff != "" || string(text) != "A='kept'\n" {
		t.Errorf("something was written: %s %q %v", diff, text, err)
	}
}

// TestSettledPlaysAskLittle counts what a play without changes asks: one list,
// and at most one read for each add-on whose version or options are declared.
func TestSettledPlaysAskLittle(t *testing.T) {
	p := newPlatform(t)
	var steps []step
	for i := range 5 {
		steps = append(steps, register("name", fmt.Sprint("plain-", i), "provider", "pg", "details", details("plan", "dev")),
			register("name", fmt.Sprint("tagged-", i), "provider", "pg", "details", details("plan", "dev"), "tags", list("a")),
			register("name", fmt.Sprint("full-", i), "provider", "pg", "details", details("plan", "xxs_sml", "version", "15", "encryption", true)))
	}
	p.scope = "shop"
	p.play(t, false, steps...)
	p.ResetJournal()
	p.play(t, false, steps...)
	asked := map[string]int{}
	for _, r := range p.Journal() {
		asked[strings.NewReplacer(idOf(r.Path), "ID").Replace(r.Path)]++
	}
	want := map[string]int{"/v2/self/addons": 1, "/v2/summary": 1, "/v4/addon-providers/postgresql-addon/addons/ID": 5}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func idOf(path string) string {
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "addon_") {
			return part
		}
	}
	return "\x00"
}

// TestMigrationUnderWayIsWaitedFor has a migration of somebody else's first.
func TestMigrationUnderWayIsWaitedFor(t *testing.T) {
	p := newPlatform(t)
	p.allow = []string{"migrate"}
	p.play(t, false, small)
	p.play(t, false, register("name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "region", "mtl")))
	lag := &lagging{next: p.Transport(), looks: 3}
	p.transport = lag
	end := p.play(t, false, register("name", "db", "provider", "pg", "details", details("plan", "xs_sml")))[0]
	if end.Outcome != engine.Changed || lag.asked < 3 {
		t.Errorf("after %d looks: %v (%v)", lag.asked, end.Outcome, end.Problem)
	}
	if a := p.Addons(p.User())[0]; a.Plan.Slug != "xs_sml" || a.Region != "mtl" {
		t.Errorf("there is %v", p.world(t))
	}
}

// lagging lets migrations look as if they went on for some more looks.
type lagging struct {
	next         http.RoundTripper
	looks, asked int
}

func (l *lagging) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/migrations") {
		return resp, err
	}
	if l.asked++; l.asked > l.looks {
		return resp, nil
	}
	body, err := io.ReadAll(resp.Body)
	body = bytes.ReplaceAll(body, []byte(`"status":"OK","steps"`), []byte(`"status":"RUNNING","steps"`))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, err
}
