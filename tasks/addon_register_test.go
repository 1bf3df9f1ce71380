package tasks_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr"
	"runner/tasks"
)

func TestRegisteredResult(t *testing.T) {
	p := newPlatform(t)
	steps := []step{
		{kind: "addon_register", name: "Order a Postgres Database", register: "r",
			args: args("provider", "PostgreSQL", "details", args("plan", "XXS Small Space", "version", "15", "zone", "France/Paris"))},
		{kind: "debug", args: args("msg", "{{ r.env | length }}")},
	}
	for range 2 {
		end := p.play(t, false, steps...)[0]
		for name, want := range map[string]string{"name": "order-a-postgres-database", "provider": "postgresql-addon",
			"organisation": "None", "version": "15", "region": "par", "failed": "False"} {
			if got := field(t, end, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		a := p.Addons(p.User())[0]
		if field(t, end, "addon_id") != a.ID || field(t, end, "real_id") != a.RealID {
			t.Errorf("the ids are not those of %s", a.ID)
		}
		plan := fmt.Sprintf("{'slug': 'xxs_sml', 'id': '%s', 'name': 'XXS Small Space'}", a.Plan.ID)
		if got := field(t, end, "plan"); got != plan {
			t.Errorf("plan is %s, want %s", got, plan)
		}
		if env := field(t, end, "env"); !strings.Contains(env, "'POSTGRESQL_ADDON_URI': 'postgresql://") {
			t.Errorf("env is %s", env)
		}
	}
	if names := p.names(); len(names) != 1 {
		t.Errorf("there are %v", names)
	}
}

func TestUnknownWordsFailBeforeAnyOrder(t *testing.T) {
	p := newPlatform(t)
	for name, test := range map[string]struct {
		args *expr.Node
		path string
		want string
	}{
		"provider": {args("name", "x", "provider", "postgresq", "details", args("plan", "dev")), "provider",
			`unknown provider "postgresq"; did you mean "postgresql-addon"?`},
		"plan": {args("name", "x", "provider", "pg", "details", args("plan", "xxs_sm")), "details.plan",
			`unknown plan "xxs_sm" of postgresql-addon; did you mean "xxs_sml"?`},
		"version": {args("name", "x", "provider", "pg", "details", args("plan", "xxs_sml", "version", "15.10")), "details.version",
			`unknown version "15.10" of postgresql-addon; did you mean "15"?`},
		"region": {args("name", "x", "provider", "kv", "details", args("plan", "base", "region", "mtl")), "details.region",
			`region "mtl" is not offered for plan base of kv; available: par`},
		"organisation": {args("name", "x", "provider", "pg", "organisation", "nobody", "details", args("plan", "dev")), "organisation",
			`unknown organisation "nobody"`},
		"no plan":    {args("name", "x", "provider", "pg"), "details", `there is no add-on "x" yet, and to order it details.plan is needed`},
		"no name":    {args("provider", "pg", "details", args("plan", "dev")), "", "an add-on needs a name: give name, or give the task one"},
		"no such id": {args("addon", "addon_x", "provider", "pg"), "addon", "there is no add-on addon_x of the personal space"},
	} {
		t.Run(name, func(t *testing.T) {
			end := p.play(t, false, step{kind: "addon_register", args: test.args})[0]
			if end.Problem == nil {
				t.Fatalf("%v", end.Outcome)
			}
			if got := strings.TrimPrefix(end.Problem.Error(), "test.yml:1:1: "); !strings.HasPrefix(got, test.want) {
				t.Errorf("says %q, want %q", got, test.want)
			}
		})
	}
	if p.writes() != 0 {
		t.Errorf("%d writes", p.writes())
	}
}

func TestTwoOfOneName(t *testing.T) {
	p := newPlatform(t)
	order := func(name string) step {
		return step{kind: "addon_register", args: args("name", name, "provider", "pg", "details", args("plan", "dev"))}
	}
	first := field(t, p.play(t, false, order("a"))[0], "addon_id")
	second := field(t, p.play(t, false, order("b"))[0], "addon_id")
	client, err := clever.New(clever.Config{Endpoint: "http://emulator.invalid", Transport: p.Transport(), Credentials: p.credentials(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Rename(t.Context(), "", second, "a"); err != nil {
		t.Fatal(err)
	}
	for _, s := range []step{order("a"), {kind: "addon_remove", args: args("addon", "a")}} {
		end := p.play(t, false, s)[0]
		if end.Problem == nil || !strings.Contains(end.Problem.Msg, first) || !strings.Contains(end.Problem.Msg, second) {
			t.Errorf("%s: %v, %v", s.kind, end.Outcome, end.Problem)
		}
	}
	// An id says which.
	adopt := step{kind: "addon_register", args: args("addon", second, "name", "a", "provider", "pg", "details", args("plan", "dev"))}
	if end := p.play(t, false, adopt)[0]; end.Outcome != engine.OK || field(t, end, "addon_id") != second {
		t.Errorf("adopted: %v, %v", end.Outcome, end.Problem)
	}
	p.play(t, false, step{kind: "addon_remove", args: args("addon", first)})
	if list := p.Addons(p.User()); len(list) != 1 || list[0].ID != second {
		t.Errorf("left: %v", list)
	}
}

func TestRemovalFindsTheOwner(t *testing.T) {
	p := newPlatform(t)
	organisation := p.Organisations()[0]
	order := step{kind: "addon_register", register: "r",
		args: args("name", "db", "provider", "pg", "organisation", organisation, "details", args("plan", "dev"))}
	for name, remove := range map[string]*expr.Node{
		"by name":                 args("addon", "db"),
		"by name and provider":    args("addon", "db", "provider", "postgresql-addon"),
		"in its organisation":     args("addon", "db", "organisation", organisation),
		"by id of the same run":   nil,
		"by real id of a new run": nil,
	} {
		t.Run(name, func(t *testing.T) {
			ordered := p.play(t, false, order)[0]
			switch name {
			case "by id of the same run":
				p.play(t, false, order, step{kind: "addon_remove", args: args("addon", "{{ r.addon_id }}")})
			case "by real id of a new run":
				p.play(t, false, step{kind: "addon_remove", args: args("addon", field(t, ordered, "real_id"))})
			default:
				p.play(t, false, step{kind: "addon_remove", args: remove})
			}
			if list := p.Addons(organisation); len(list) != 0 {
				t.Errorf("left: %v", list)
			}
		})
	}
	t.Run("of another provider", func(t *testing.T) {
		p.play(t, false, order)
		end := p.play(t, false, step{kind: "addon_remove", args: args("addon", "db", "provider", "redis")})[0]
		if list := p.Addons(organisation); end.Outcome != engine.OK || len(list) != 1 {
			t.Errorf("%v, left %v", end.Outcome, list)
		}
	})
}

// What a task signs its requests with is known as a secret, so that it is masked
// wherever it appears.
func TestCredentialsAreSecrets(t *testing.T) {
	p := newPlatform(t)
	kinds := tasks.Kinds(p.cloud())
	k := slices.IndexFunc(kinds, func(k engine.Kind) bool { return k.Name == "addon_info" })
	var secrets engine.Secrets
	play := &engine.Play{Hosts: "localhost", File: filepath.Join(p.dir, "site.yml"), Tasks: []engine.Item{&engine.Step{ID: "1", Kind: &kinds[k], As: "addon_info"}}}
	if _, err := engine.Run(t.Context(), &engine.Program{Plays: []*engine.Play{play}},
		engine.Options{Transport: p.Transport(), Reporter: &ends{}, Secrets: &secrets}); err != nil {
		t.Fatal(err)
	}
	_, consumerSecret, token, secret := p.Credentials()
	for name, text := range map[string]string{"consumer's secret": consumerSecret, "token": token, "token's secret": secret} {
		if masked := secrets.Mask("<" + text + ">"); masked != "<"+engine.Masked+">" {
			t.Errorf("the %s is shown: %q", name, masked)
		}
	}
}
