package tasks_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"runner/engine"
	"runner/engine/expr/value"
	"runner/tasks"
)

// A contract says how to see a kind at work: what must be there first, the step,
// and what its diff names. A kind that changes nothing has no diff.
type contract struct {
	apps  []string // applications of the personal space that are there first
	given []step
	step  step
	allow string // the consent that the change needs; "": none
	scope string // of the play
	diff  []string
	after []string // the add-ons that are there in the end, in the order of their names
	// elsewhere says why a contract cannot show it, and what sees it at work; "": it can.
	elsewhere string
}

// contracts has a method for each kind, called as the struct of its parameters is, that
// returns how to see it at work. It stands here or in the test of the kind.
type contracts struct{}

func (contracts) AddonRegister() contract {
	return contract{
		step:  step{kind: "addon_register", args: args("name", "db", "provider", "pg", "details", args("plan", "dev", "region", "Paris"))},
		diff:  []string{"name", "plan", "provider", "region"},
		after: []string{"db"},
	}
}

func (contracts) AddonRemove() contract {
	return contract{
		given: []step{{kind: "addon_register", args: args("name", "db", "provider", "pg", "details", args("plan", "dev"))}},
		step:  step{kind: "addon_remove", args: args("addon", "db")},
		diff:  []string{"name", "plan", "provider", "region"},
	}
}

func (contracts) AddonInfo() contract {
	return contract{
		given: []step{{kind: "addon_register", args: args("name", "db", "provider", "pg", "details", args("plan", "dev"))}},
		step:  step{kind: "addon_info", args: args("addon", "db", "env", true)},
		after: []string{"db"},
	}
}

func (contracts) AddonPrune() contract {
	return contract{
		given: []step{{kind: "addon_register", args: args("name", "db", "provider", "pg", "details", args("plan", "dev"))}},
		step:  step{kind: "addon_prune", args: args("scope", "shop")},
		scope: "shop",
		allow: "delete",
		diff:  []string{"db"},
	}
}

func (contracts) ProviderRegister() contract {
	return contract{
		step: step{kind: "provider_register", args: tinykv("features", connections(), "plans", maps(smallPlan("5")))},
		diff: []string{"api.config_vars", "api.password", "api.production.base_url", "api.regions", "api.sso_salt", "features.connections",
			"id", "name", "plans.small.features.connections", "plans.small.name", "plans.small.price"},
	}
}

func (contracts) ProviderRemove() contract {
	return contract{
		given: []step{{kind: "provider_register", args: tinykv("features", connections(), "plans", maps(smallPlan("5")))}},
		step:  step{kind: "provider_remove", args: args("provider", "tinykv", "organisation", "Example Organisation")},
		diff:  []string{"name", "plans.small", "status"},
	}
}

func (contracts) AddonLink() contract {
	return contract{
		apps:  []string{"shop"},
		given: []step{{kind: "addon_register", args: args("name", "db", "provider", "pg", "details", args("plan", "dev"))}},
		step:  step{kind: "addon_link", args: args("addon", "db", "application", "shop")},
		diff:  []string{"addon", "variables"},
		after: []string{"db"},
	}
}

func (contracts) AddonConfig() contract {
	return contract{
		given: []step{{kind: "addon_register", args: args("name", "settings", "provider", "config", "details", args("plan", "std"))},
			{kind: "addon_config", args: args("addon", "settings", "vars", args("OLD", "1", "LEVEL", "debug"))}},
		step:  step{kind: "addon_config", args: args("addon", "settings", "exact", "true", "vars", args("LEVEL", "info", "API_TOKEN", "s3cr3t-value"))},
		allow: "delete",
		diff:  []string{"API_TOKEN", "LEVEL", "OLD"},
		after: []string{"settings"},
	}
}

func (contracts) AppEnv() contract {
	return contract{
		apps:  []string{"shop"},
		given: []step{{kind: "app_env", args: args("application", "shop", "vars", args("OLD", "1", "LEVEL", "debug", "KEPT", "x"))}},
		step:  step{kind: "app_env", args: args("application", "shop", "absent", list("OLD"), "vars", args("LEVEL", "info", "NEW", "1.10"))},
		diff:  []string{"LEVEL", "NEW", "OLD"},
	}
}

func (contracts) NetworkGroup() contract {
	return contract{
		apps:  []string{"shop", "other"},
		given: []step{{kind: "network_group", args: args("name", "backbone", "members", list("other"))}},
		step:  step{kind: "network_group", args: args("name", "backbone", "members", list("shop"), "exact", "true", "description", "d", "tags", list("a"))},
		allow: "delete",
		diff:  []string{"description", "members", "tags"},
	}
}

func (contracts) EnvFile() contract {
	return contract{
		step: step{kind: "env_file", args: args("dest", ".env", "from", args("A", "1", "B", "x y"))},
		diff: []string{"A", "B", "mode"},
	}
}

func (contracts) Debug() contract {
	return contract{step: step{kind: "debug", args: args("msg", "hello")}}
}

func (contracts) SetFact() contract {
	return contract{step: step{kind: "set_fact", args: args("greeting", "hello")}}
}

func (contracts) Assert() contract {
	return contract{step: step{kind: "assert", args: args("that", "1 == 1")}}
}

func (contracts) Pause() contract {
	return contract{step: step{kind: "pause", args: args("prompt", "Go on?")}}
}

func (contracts) Setup() contract {
	return contract{step: step{kind: "setup", args: args("filter", "ansible_date_time")}}
}

func (contracts) Meta() contract {
	return contract{step: step{kind: "meta", args: args("free_form", "noop")}}
}

func (contracts) Fail() contract { return contract{elsewhere: "it always fails: see TestControl"} }

func (contracts) IncludeTasks() contract {
	return contract{elsewhere: "it needs files: see the scripts of cmd"}
}

func (contracts) IncludeVars() contract {
	return contract{elsewhere: "it needs files: see the scripts of cmd"}
}

func (contracts) IncludeRole() contract {
	return contract{elsewhere: "it needs files: see the scripts of cmd"}
}

func TestContract(t *testing.T) {
	kinds := tasks.Kinds(nil)
	for i := range kinds {
		k := &kinds[i]
		t.Run(k.Name, func(t *testing.T) {
			method := reflect.ValueOf(contracts{}).MethodByName(reflect.TypeOf(k.New()).Elem().Name())
			if !method.IsValid() {
				t.Fatalf("no contract: write func (contracts) %s() contract in the test of the kind", reflect.TypeOf(k.New()).Elem().Name())
			}
			if c := method.Call(nil)[0].Interface().(contract); c.elsewhere == "" {
				c.hold(t)
				c.holdResult(t, k)
			}
			for _, r := range k.Returns {
				if r.Type == "" || r.Doc == "" {
					t.Errorf("the result's %s has no type, or nothing that says what it is", r.Name)
				}
			}
		})
	}
}

// begin returns a platform with what must be there first.
func (c contract) begin(t *testing.T) platform {
	t.Helper()
	p := newPlatform(t)
	p.scope = c.scope
	for _, name := range c.apps {
		p.application(t, "", name)
	}
	for _, s := range c.given {
		p.play(t, false, s)
	}
	return p
}

// costs reports whether a kind says that a part of its result costs a request.
func costs(k *engine.Kind, name string) bool {
	return slices.ContainsFunc(k.Returns, func(r engine.Return) bool { return r.Name == name && r.Costs })
}

// holdResult sees to it that what is registered is what the kind says: by whoever changes
// something, by whoever finds nothing to do, and by a check.
func (c contract) holdResult(t *testing.T, k *engine.Kind) {
	t.Helper()
	p := c.begin(t)
	p.allow = []string{c.allow}
	s := c.step
	s.register = "r"
	for _, at := range []struct {
		name  string
		check bool
	}{{"checked before", true}, {"applied", false}, {"again", false}, {"checked after", true}} {
		ends := p.play(t, at.check, s, step{kind: "debug", args: args("msg", "{{ r }}")})
		shown, _ := ends[1].Result.(*value.Map).Get("msg")
		used, ok := shown.(*value.Map) // what costs a request is read by now
		if !ok {
			continue
		}
		for _, wrong := range engine.CheckResult(k.Returns, used) {
			t.Errorf("%s: %s", at.name, wrong)
		}
		for name := range used.All() { // what it was before it was used
			if _, read := ends[0].Result.(*value.Map).Get(name); !read && !costs(k, value.Text(name)) {
				t.Errorf("%s: %s costs a request, and the kind does not say so", at.name, value.Text(name))
			}
		}
	}
}

// hold sees to it that a check says what would be done and does nothing; that
// nothing is done without the consent that is needed; and that a second client
// finds nothing left to do.
func (c contract) hold(t *testing.T) platform {
	t.Helper()
	p := c.begin(t)
	before := p.world(t)
	p.ResetJournal()

	want := engine.OK
	if c.diff != nil {
		want = engine.Changed
	}
	for range 2 { // a check changes nothing, so it can be repeated
		checked := p.play(t, true, c.step)[0]
		if checked.Outcome != want || p.writes() != 0 {
			t.Fatalf("check: %v (%v), %d writes", checked.Outcome, checked.Problem, p.writes())
		}
		if diff := gocmp.Diff(c.diff, paths(checked.Change)); diff != "" {
			t.Errorf("the diff names other things: %s", diff)
		}
	}
	if c.allow != "" {
		c.holdBack(t, p)
	}
	if diff := gocmp.Diff(before, p.world(t)); diff != "" {
		t.Fatalf("something changed: %s", diff)
	}
	p.allow = []string{c.allow}
	if end := p.play(t, false, c.step)[0]; end.Outcome != want {
		t.Fatalf("apply: %v (%v)", end.Outcome, end.Problem)
	}
	if again := p.play(t, false, c.step)[0]; again.Outcome != engine.OK || again.Change.Action != engine.None {
		t.Errorf("again: %v (%v), %v %v", again.Outcome, again.Problem, again.Change.Action, again.Change.Attrs)
	}
	names := p.names()
	slices.Sort(names)
	if !slices.Equal(names, c.after) {
		t.Errorf("there are %v, want %v", names, c.after)
	}
	return p
}

// holdBack plays without consent.
func (c contract) holdBack(t *testing.T, p platform) {
	t.Helper()
	end := p.play(t, false, c.step)[0]
	if end.Outcome != engine.Failed || !strings.Contains(end.Problem.Hint, "--allow "+c.allow) || p.writes() != 0 {
		t.Fatalf("without consent: %v (%v), %d writes", end.Outcome, end.Problem, p.writes())
	}
}

func paths(c *engine.Change) []string {
	var list []string
	for _, a := range c.Attrs {
		list = append(list, a.Path)
	}
	slices.Sort(list)
	return list
}
