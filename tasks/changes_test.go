package tasks_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever/emulator"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/format"
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
		diff: []string{"name", "plan", "provider", "region", "scope"}, after: []string{"db"},
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
	t.Parallel()
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
				t.Errorf("registered %s", format.JSON(end.Result, format.JSONStyle{}))
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
	t.Parallel()
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
		if end.Problem.Hint != "" || len(end.Problem.Each()) < 2 {
			t.Errorf("hint %q and %d parts", end.Problem.Hint, len(end.Problem.Each()))
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

// TestPlaysWithNothingToDoReadLittle counts what a play without changes asks: one list,
// and at most one read for each add-on whose version or options are declared.
func TestPlaysWithNothingToDoReadLittle(t *testing.T) {
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
	reads := map[string]int{}
	for _, r := range p.Journal() {
		reads[strings.NewReplacer(idOf(r.Path), "ID").Replace(r.Path)]++
	}
	want := map[string]int{"/v2/self/addons": 1, "/v2/summary": 1, "/v4/addon-providers/postgresql-addon/addons/ID": 5}
	if diff := cmp.Diff(want, reads); diff != "" {
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
	if end.Outcome != engine.Changed || lag.looked < 3 {
		t.Errorf("after %d looks: %v (%v)", lag.looked, end.Outcome, end.Problem)
	}
	if a := p.Addons(p.User())[0]; a.Plan.Slug != "xs_sml" || a.Region != "mtl" {
		t.Errorf("there is %v", p.world(t))
	}
}

// TestMigrationIsWaitedForToItsEnd sees each step of a long migration begin and end.
func TestMigrationIsWaitedForToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := platformWith(t, emulator.Options{MigrationTime: 11 * time.Minute})
		p.allow = []string{"migrate"}
		p.play(t, false, small)
		start := time.Now()
		end := p.play(t, false, register("name", "db", "provider", "pg", "details", details("plan", "xs_sml")))[0]
		if took := time.Since(start); end.Outcome != engine.Changed || took < 11*time.Minute || took > 12*time.Minute {
			t.Errorf("after %v: %v (%v)", took, end.Outcome, end.Problem)
		}
		if a := p.Addons(p.User())[0]; a.Plan.Slug != "xs_sml" {
			t.Errorf("there is %v", p.world(t))
		}
		var want []string
		for _, s := range []string{"RETRIEVE_ADDON", "CHECK_NO_MIGRATION_ALREADY_RUNNING_FOR_ADDON", "RETRIEVE_SOURCE_INSTANCE", "REMOVE_EDIT_RIGHT",
			"ASK_MIGRATION_INSTANCE_BOOT", "DEPLOY_MIGRATION_INSTANCE", "PREPARE_MIGRATION", "DUMP_AND_RESTORE", "STOP_SOURCE_INSTANCE",
			"UPDATE_REVERSE_PROXIES", "UPDATE_ADDON"} {
			want = append(want, "migration: "+s+" RUNNING", "migration: "+s+" OK")
		}
		if diff := cmp.Diff(want, (*p.progress)[1:]); diff != "" || !strings.HasSuffix((*p.progress)[0], " started") {
			t.Errorf("%v\n%s", *p.progress, diff)
		}
	})
}

// lagging makes migrations look as if they went on for some more looks.
type lagging struct {
	next          http.RoundTripper
	looks, looked int
}

func (l *lagging) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/migrations") {
		return resp, err
	}
	if l.looked++; l.looked > l.looks {
		return resp, nil
	}
	body, err := io.ReadAll(resp.Body)
	body = bytes.ReplaceAll(body, []byte(`"status":"OK","steps"`), []byte(`"status":"RUNNING","steps"`))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, err
}

// TestAVersionThatIsNotShown: it is neither the declared one nor another. A run warns and
// changes nothing; a check does not call it fine.
func TestAVersionThatIsNotShown(t *testing.T) {
	p := newPlatform(t)
	kv := func(more ...any) step {
		return register("name", "kv", "provider", "kv", "details", details(append([]any{"plan", "base"}, more...)...))
	}
	if end := p.play(t, false, kv())[0]; end.Outcome != engine.Changed {
		t.Fatal(end.Problem)
	}
	for check, want := range map[bool]engine.Outcome{false: engine.OK, true: engine.Unknown} {
		if end := p.play(t, check, kv("version", "15"))[0]; end.Outcome != want {
			t.Errorf("check %v: %v, want %v: %v", check, end.Outcome, want, end.Problem)
		}
	}
}
