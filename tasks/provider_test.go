package tasks_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/tasks"
)

// maps makes a list of maps.
func maps(items ...*expr.Node) *expr.Node {
	return &expr.Node{Shape: expr.Sequence, Place: diagnostic.Place{Source: &diagnostic.Source{Name: "test.yml"}, Line: 2, Col: 1}, Items: items}
}

const (
	kvPassword = "not-a-real-password-0123456789-0123456789"
	kvSalt     = "not-a-real-salt-of-anybody-9876543210-9876"
)

// manifest is one of a back-end at a base URL.
func manifest(id, base string) string {
	site := fmt.Sprintf(`{"base_url": "%s/resources", "sso_url": "%s/sso"}`, base, base)
	return fmt.Sprintf(`{"id": %q, "name": "Tiny KV", "api": {"config_vars": ["%s_URL"], "regions": ["eu"],
"password": %q, "sso_salt": %q, "production": %s, "test": %s}}`,
		id, strings.ToUpper(id), kvPassword, kvSalt, site, site)
}

// tinykv are the arguments of a provider, with more.
func tinykv(more ...any) *expr.Node {
	return args(append([]any{"organisation", "Example Organisation", "manifest", manifest("tinykv", "https://kv.example.test")}, more...)...)
}

func connections() *expr.Node { return maps(args("name", "connections", "type", "NUMBER")) }

func smallPlan(price string) *expr.Node {
	return args("slug", "small", "name", "Small", "price", price, "features", args("connections", "10"))
}

// offered returns what an organisation offers, without what is drawn by lot.
func (p platform) offered(t *testing.T) *clever.Provider {
	t.Helper()
	client, err := clever.New(clever.Config{Endpoint: "http://emulator.invalid", Transport: p.Transport(), Credentials: p.credentials(t)})
	if err != nil {
		t.Fatal(err)
	}
	offered, err := client.OwnProvider(t.Context(), p.Organisations()[0], "tinykv")
	if err != nil {
		t.Fatal(err)
	}
	return offered
}

var drawn = cmpopts.IgnoreFields(clever.Plan{}, "ID", "Zones")

func provider(more ...any) step { return step{kind: "provider_register", args: tinykv(more...)} }

func TestProviderIsRegisteredAndMended(t *testing.T) {
	p := newPlatform(t)
	full := provider("short_desc", "Keys and values", "features", connections(), "plans", maps(smallPlan("5")))
	end := p.play(t, false, full)[0]
	if end.Outcome != engine.Changed {
		t.Fatal(end.Problem)
	}
	for name, want := range map[string]string{"id": "tinykv", "name": "Tiny KV", "status": "ALPHA", "organisation": p.Organisations()[0]} {
		if got := field(t, end, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	before := p.offered(t)
	want := clever.Plan{Slug: "small", Name: "Small", Price: new(5.0), Features: []clever.Feature{{Name: "connections", Type: "NUMBER", Value: "10"}}}
	if diff := cmp.Diff([]clever.Plan{want}, before.Plans, drawn); diff != "" {
		t.Errorf("the plans differ: %s", diff)
	}
	large := args("slug", "large", "name", "Large", "price", "20.5")
	end = p.play(t, false, provider("name", "Tinier KV", "website", "https://kv.example.test", "features",
		maps(args("name", "connections", "type", "NUMBER"), args("name", "backups", "type", "BOOLEAN")), "plans", maps(args("slug", "SMALL", "name", "Small", "price", "6"), large)))[0]
	if diff := cmp.Diff([]string{"features.backups", "name", "plans.SMALL.price", "plans.large.name", "plans.large.price", "website"}, paths(end.Change)); diff != "" {
		t.Errorf("the diff names other things: %s", diff)
	}
	after := p.offered(t)
	want.Price = new(6.0)
	if diff := cmp.Diff([]clever.Plan{want, {Slug: "large", Name: "Large", Price: new(20.5), Features: []clever.Feature{}}}, after.Plans, drawn); diff != "" {
		t.Errorf("the plans differ: %s", diff)
	}
	if after.Plans[0].ID != before.Plans[0].ID || after.Name != "Tinier KV" || after.ShortDesc != "Keys and values" || after.Website != "https://kv.example.test" {
		t.Errorf("the texts, or a plan's id: %+v", after)
	}
}

// What is not declared is left alone, and reported; with consent, plans are removed.
func TestProviderPlansAreLeftOrPruned(t *testing.T) {
	p := newPlatform(t)
	large := args("slug", "large", "name", "Large", "price", "20")
	p.play(t, false, provider("features", connections(), "plans", maps(smallPlan("5"), large)))
	fewer := func(prune string) step { return provider("plans", maps(smallPlan("5")), "prune_plans", prune) }
	end := p.play(t, false, fewer("false"))[0]
	if end.Outcome != engine.OK || len(p.offered(t).Plans) != 2 {
		t.Errorf("%v (%v), %v", end.Outcome, end.Problem, p.offered(t).Plans)
	}
	if end = p.play(t, false, fewer("true"))[0]; end.Outcome != engine.Failed || !strings.Contains(end.Problem.Error(), "--allow delete") {
		t.Errorf("without consent: %v (%v)", end.Outcome, end.Problem)
	}
	p.allow = []string{"delete"}
	if end = p.play(t, false, fewer("true"))[0]; end.Outcome != engine.Changed || len(p.offered(t).Plans) != 1 {
		t.Errorf("with consent: %v (%v), %v", end.Outcome, end.Problem, p.offered(t).Plans)
	}
}

func TestProviderRefusals(t *testing.T) {
	own := func(id, base string) *expr.Node {
		return args("organisation", "Example Organisation", "manifest", manifest(id, base))
	}
	for _, c := range []struct {
		name string
		args *expr.Node
		want string
	}{
		{"a type cannot be changed", tinykv("features", maps(args("name", "connections", "type", "STRING"))),
			`feature "connections" of tinykv is of the type NUMBER, and the platform has no call that changes it to STRING`},
		{"a feature of nobody", tinykv("plans", maps(args("slug", "a", "name", "A", "price", "1", "features", args("conections", "1")))),
			`unknown feature "conections" of provider tinykv; did you mean "connections"?`},
		{"the id of another", own("postgresql-addon", "https://kv.example.test"), `M082`},
		{"the id of another, really", own("kv", "https://kv.example.test"), `the id "kv" is taken: Materia KV is the provider of somebody else`},
		{"a personal space", args("organisation", "user_1", "manifest", manifest("tinykv", "https://kv.example.test")), `only organisations sell`},
		{"no manifest there", args("organisation", "Example Organisation", "manifest", "nowhere.json"), "there is no manifest "},
		{"no such organisation", args("organisation", "Example Organization", "manifest", manifest("tinykv", "https://kv.example.test")), `did you mean "Example Organisation"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlatform(t)
			p.play(t, false, provider("features", connections()))
			before := p.offered(t)
			end := p.play(t, false, step{kind: "provider_register", args: c.args})[0]
			if end.Outcome != engine.Failed || !strings.Contains(end.Problem.Error(), c.want) {
				t.Errorf("%v: %v\nwant %s", end.Outcome, end.Problem, c.want)
			}
			if diff := cmp.Diff(before, p.offered(t)); diff != "" {
				t.Errorf("something changed: %s", diff)
			}
		})
	}
}

// No part of a result or a problem holds the secrets, however wrong the manifest.
func TestProviderSecretsStay(t *testing.T) {
	for _, text := range []string{manifest("tinykv", "https://kv.example.test"), manifest("Tiny KV", "http://kv.example.test"), manifest("tinykv", "http://127.0.0.1:1")} {
		p := newPlatform(t)
		for _, check := range []bool{true, false} {
			end := p.play(t, check, step{kind: "provider_register", args: args("organisation", "Example Organisation", "manifest", text)})[0]
			printed := fmt.Sprintf("%+v %+v %s", end.Change, end.Problem, format.JSON(end.Result, format.JSONStyle{}))
			if end.Change != nil {
				printed += fmt.Sprintf("%+v", end.Change.Attrs)
			}
			for _, secret := range []string{kvPassword, kvSalt} {
				if strings.Contains(printed, secret) {
					t.Errorf("a secret is printed: %s", printed)
				}
			}
		}
	}
}

// A check of a provider and of an order from it reports both, though neither is there.
func TestCheckOrdersFromAProviderToCome(t *testing.T) {
	p := newPlatform(t)
	order := func(plan string) step {
		return step{kind: "addon_register", args: args("name", "db", "organisation", "Example Organisation", "provider", "tinykv", "details", args("plan", plan))}
	}
	ends := p.play(t, true, provider("features", connections(), "plans", maps(smallPlan("5"))), order("Small"), order("smal"))
	if ends[0].Outcome != engine.Changed || ends[1].Outcome != engine.Changed || p.writes() != 0 {
		t.Errorf("%v (%v), %v (%v), %d writes", ends[0].Outcome, ends[0].Problem, ends[1].Outcome, ends[1].Problem, p.writes())
	}
	if ends[2].Outcome != engine.Failed || !strings.Contains(ends[2].Problem.Error(), `did you mean "small"?`) {
		t.Errorf("a plan that will not be there: %v (%v)", ends[2].Outcome, ends[2].Problem)
	}
}

func TestProviderIsNotRemovedUnderAddons(t *testing.T) {
	p := newPlatform(t)
	remove := step{kind: "provider_remove", args: args("id", "tinykv", "organisation", "Example Organisation")}
	if end := p.play(t, false, remove)[0]; end.Outcome != engine.OK {
		t.Errorf("one that is not there: %v (%v)", end.Outcome, end.Problem)
	}
	p.play(t, false, provider())
	if end := p.play(t, false, remove)[0]; end.Outcome != engine.Changed || p.offered(t) != nil {
		t.Errorf("%v (%v)", end.Outcome, end.Problem)
	}
}

// A deadline passes requests on until one, which it answers no more, nor any after.
type deadline struct {
	next http.RoundTripper
	at   int64
	done bool // that one is done all the same
	seen atomic.Int64
}

func (d *deadline) RoundTrip(r *http.Request) (*http.Response, error) {
	n := d.seen.Add(1)
	if n < d.at || n == d.at && d.done {
		resp, err := d.next.RoundTrip(r)
		if n < d.at {
			return resp, err
		}
	}
	return nil, errors.New("the process is gone")
}

// A run that ends at any of its requests is followed by one that completes it.
func TestProviderSurvivesEveryRequest(t *testing.T) {
	full := provider("short_desc", "Keys", "features", connections(), "plans", maps(smallPlan("5"), args("slug", "large", "name", "Large", "price", "20")))
	whole := newPlatform(t)
	whole.play(t, false, full)
	requests := int64(len(whole.Journal()))
	want := whole.offered(t)
	if requests < 8 {
		t.Fatalf("only %d requests", requests)
	}
	for at := int64(1); at <= requests; at++ {
		for _, done := range []bool{false, true} {
			p := newPlatform(t)
			p.transport = &deadline{next: p.Transport(), at: at, done: done}
			if end := p.play(t, false, full)[0]; end.Outcome != engine.Failed {
				t.Fatalf("ended at request %d: %v", at, end.Outcome)
			}
			p.transport = nil
			if end := p.play(t, false, full)[0]; end.Outcome == engine.Failed {
				t.Errorf("after an end at request %d: %v", at, end.Problem)
			}
			if diff := cmp.Diff(want, p.offered(t), drawn); diff != "" || len(p.Providers()) != 1 {
				t.Errorf("after an end at request %d: %s", at, diff)
			}
		}
	}
}

// What is wrong shows before anything runs, each at its own place.
func TestCheckProvider(t *testing.T) {
	dir := t.TempDir()
	wrong := strings.Replace(manifest("tinykv", "http://kv.example.test"), `"regions": ["eu"],`, "", 1)
	if err := os.WriteFile(filepath.Join(dir, "wrong.json"), []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	nan := &expr.Node{Text: ".nan", Value: math.NaN(), Place: diagnostic.Place{Source: &diagnostic.Source{Name: "test.yml"}, Line: 1, Col: 1}}
	kinds := tasks.Kinds(&tasks.Cloud{})
	kind := &kinds[slices.IndexFunc(kinds, func(k engine.Kind) bool { return k.Name == "provider_register" })]
	check := func(args *expr.Node) []*diagnostic.Problem {
		return engine.CheckStep(&engine.Step{Kind: kind, Args: args, At: args.Place}, dir)
	}
	for _, c := range []struct {
		name string
		args *expr.Node
		want []string
	}{
		{"without plans", tinykv(), nil},
		{"fine", tinykv("features", connections(), "plans", maps(smallPlan("5"))), nil},
		{"twice", tinykv("features", maps(args("name", "a", "type", "BYTES"), args("name", "a", "type", "NUMBER")),
			"plans", maps(args("slug", "s", "name", "S", "price", "-1"), args("slug", "S", "name", "S", "price", "1"), args("slug", "a b", "name", " ", "price", "0", "features", args("b", "1", "a", "")))),
			[]string{
				`test.yml:1:1: feature "a" is declared twice`,
				`test.yml:1:1: -1 is no price: write euros a month, 0 for none`,
				`test.yml:1:1: there are two plans with the slug "S"`,
				`test.yml:1:1: there are two plans called "S": the platform refuses the second`,
				`test.yml:1:1: "a b" is no slug: write letters, digits, dots, dashes and underscores`,
				`test.yml:1:1: a plan's name cannot be empty`,
				`test.yml:1:1: feature "a" has no value: leave it out`,
				`test.yml:1:1: unknown feature "b" of this task; available: a`,
			}},
		{"neither numbers nor texts", tinykv("features", connections(), "plans", maps(args("slug", "s", "name", "S", "price", nan,
			"features", args("connections", connections())))), []string{
			"test.yml:2:1: plans[0].features.connections wants text, not a list",
			`test.yml:1:1: NaN is no price: write euros a month, 0 for none`}},
		{"a template is left for later", tinykv("plans", maps(args("slug", "{{ s }}", "name", "S", "price", "-1"))), []string{`test.yml:1:1: -1 is no price: write euros a month, 0 for none`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, p := range check(c.args) {
				got = append(got, p.Error())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	file := args("organisation", "user_1", "manifest", "wrong.json")
	var got []string
	for _, p := range check(file) {
		got = append(got, strings.TrimPrefix(p.Error(), dir+"/"))
	}
	want := []string{
		`wrong.json:1:44: M100 "api.regions" is missing: it must be a list that is not empty`,
		`wrong.json:2:143: M062 production.base_url uses http: passwords would travel in clear`,
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s is not among\n%s", w, strings.Join(got, "\n"))
		}
	}
	if folder := check(args("organisation", "Example Organisation", "manifest", ".")); len(folder) != 1 || !strings.HasSuffix(folder[0].Msg, " is a folder, and a manifest a file in it") {
		t.Errorf("a folder is %v", folder)
	}
	if !strings.Contains(strings.Join(got, "\n"), "only organisations sell") {
		t.Errorf("a personal space passes: %q", got)
	}
}
