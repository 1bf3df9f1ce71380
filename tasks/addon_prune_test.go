package tasks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

func TestPruneTakesOnlyItsOwn(t *testing.T) {
	p := newPlatform(t)
	organisation := p.Organisations()[0]
	db := func(name string, more ...any) step {
		return register(append([]any{"name", name, "provider", "pg", "details", details("plan", "dev")}, more...)...)
	}
	prune := step{kind: "addon_prune", register: "pruned", args: args("scope", "shop", "keep", list("kept"), "organisation", list(p.User(), organisation))}
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

// TestPruneSparesWhatFailed: an add-on that a task names is declared, though that
// task failed; by its name, by its id, and by its id as the provider knows it.
func TestPruneSparesWhatFailed(t *testing.T) {
	for name, declares := range map[string]func(end engine.TaskEnd) []any{
		"by name":    func(engine.TaskEnd) []any { return []any{"name", "db"} },
		"by id":      func(end engine.TaskEnd) []any { return []any{"addon", field(t, end, "addon_id")} },
		"by real id": func(end engine.TaskEnd) []any { return []any{"addon", field(t, end, "real_id")} },
		"by id, with another name": func(end engine.TaskEnd) []any {
			return []any{"addon", field(t, end, "addon_id"), "name", "new"}
		},
		"by real id, with another name": func(end engine.TaskEnd) []any {
			return []any{"addon", field(t, end, "real_id"), "name", "new"}
		},
		"by id, with a name that is taken": func(end engine.TaskEnd) []any {
			return []any{"addon", field(t, end, "addon_id"), "name", "kept"}
		},
		"by real id, with a name that is taken": func(end engine.TaskEnd) []any {
			return []any{"addon", field(t, end, "real_id"), "name", "kept"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.scope, p.allow = "shop", []string{"delete"}
			db := p.play(t, false, small)[0]
			for _, other := range []string{"old", "kept"} {
				p.play(t, false, register("name", other, "provider", "pg", "details", details("plan", "dev")))
			}
			bad := register(append(declares(db), "provider", "pg", "details", details("plan", "nothing"))...)
			bad.ignore = true
			ends := p.play(t, false, bad, step{kind: "addon_prune", args: args("scope", "shop", "keep", list("kept"))})
			if ends[0].Outcome != engine.Ignored || ends[1].Outcome != engine.Changed {
				t.Errorf("%v, %v: %v", ends[0].Outcome, ends[1].Outcome, ends[1].Problem)
			}
			if left := p.names(); len(left) != 2 || !slices.Contains(left, "db") || !slices.Contains(left, "kept") {
				t.Errorf("left %v, want db and kept", left)
			}
		})
	}
}

// TestPruneTellsProvidersApart: a name is declared for one provider, and what another
// provider has of that name is not.
func TestPruneTellsProvidersApart(t *testing.T) {
	p := newPlatform(t)
	p.scope, p.allow = "shop", []string{"delete"}
	db := register("name", "shop", "provider", "PostgreSQL", "details", details("plan", "dev"))
	cache := register("name", "shop", "provider", "redis", "details", details("plan", "s_mono"))
	p.play(t, false, db, cache)
	p.play(t, false, db, step{kind: "addon_prune", args: args("scope", "shop")})
	left := p.Addons(p.User())
	if len(left) != 1 || left[0].Provider.ID != "postgresql-addon" {
		t.Errorf("left: %v", left)
	}
}

func TestAScopeIsAName(t *testing.T) {
	p := newPlatform(t)
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
			addons, _ := end.Result.(*value.Map).Get("addons")
			var names []string
			for _, a := range addons.([]engine.Value) {
				name, _ := a.(*value.Map).Get("name")
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
