package tasks_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator"
	"runner/engine"
	"runner/engine/expr/value"
)

// send makes a request of its own, signed as the user's.
func (p platform) send(t *testing.T, method, path string, body any) []byte {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://emulator.invalid"+path, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	key, keySecret, token, secret := p.Credentials()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", fmt.Sprintf(`OAuth oauth_consumer_key="%s", oauth_token="%s", oauth_signature="%s%%26%s"`, key, token, keySecret, secret))
	resp, err := p.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		t.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, got, err)
	}
	return got
}

// application makes one of an owner's ("": the personal space), and returns its id.
func (p platform) application(t *testing.T, owner, name string) string {
	t.Helper()
	base := "/v2/self"
	if owner != "" {
		base = "/v2/organisations/" + owner
	}
	var a struct{ ID string }
	body := p.send(t, "POST", base+"/applications", map[string]any{"name": name, "zone": "par", "instanceType": "node", "instanceVariant": "395103fb-d6e2-4fdd-93bc-bc99146f1ea2"})
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func (p platform) client(t *testing.T) *clever.Client {
	t.Helper()
	client, err := clever.New(clever.Config{Endpoint: "http://emulator.invalid", Transport: p.Transport(), Credentials: p.credentials(t)})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// appsAndGroups lists what there is of applications and network groups.
func (p platform) appsAndGroups(t *testing.T, client *clever.Client) (lines []string) {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, owner := range append([]string{""}, p.Organisations()...) {
		apps, err := client.Applications(t.Context(), owner)
		check(err)
		for _, a := range apps {
			env, err := client.AppEnv(t.Context(), owner, a.ID)
			check(err)
			linked, err := client.LinkedAddons(t.Context(), owner, a.ID)
			check(err)
			var ids []string
			for _, l := range linked {
				ids = append(ids, l.Name)
			}
			lines = append(lines, fmt.Sprint("application ", a.Name, " ", env, " ", ids))
		}
		groups, err := client.Groups(t.Context(), owner)
		check(err)
		for _, g := range groups {
			var members []string
			for _, m := range g.Members {
				members = append(members, m.Label)
			}
			slices.Sort(members)
			lines = append(lines, fmt.Sprint("group ", g.Label, " ", g.Description, " ", g.Tags, " ", members))
		}
		addons, err := client.Addons(t.Context(), owner)
		check(err)
		for _, a := range addons {
			if a.Provider.ID == clever.ConfigProvider {
				env, err := client.Config(t.Context(), a)
				check(err)
				lines = append(lines, fmt.Sprint("settings ", a.Name, " ", env))
			}
		}
	}
	return lines
}

func order(name, provider, plan string) step {
	return register("name", name, "provider", provider, "details", details("plan", plan))
}

func addonLink(pairs ...any) step { return step{kind: "addon_link", args: args(pairs...)} }

// TestLinkingAndUnlinking looks at the world after each step, and at each step again.
func TestLinkingAndUnlinking(t *testing.T) {
	p := newPlatform(t)
	p.application(t, "", "shop")
	p.play(t, false, order("db", "pg", "dev"))
	id := p.Addons(p.User())[0].ID
	p.play(t, false, order("cache", "redis", "s_mono"))
	for _, test := range []struct {
		step step
		want string
	}{
		{addonLink("addon", "db", "application", "shop"), "[db]"},
		{addonLink("addon", "cache", "application", "shop"), "[db cache]"},
		{addonLink("addon", id, "application", "shop", "state", "absent"), "[cache]"},
		{addonLink("addon", "cache", "application", "shop", "state", "absent"), "[]"},
	} {
		if end := p.play(t, false, test.step)[0]; end.Outcome != engine.Changed {
			t.Fatalf("%v (%v)", end.Outcome, end.Problem)
		}
		if got := p.appsAndGroups(t, p.client(t)); !slices.Contains(got, "application shop [] "+test.want) {
			t.Errorf("there is %v, want %s", got, test.want)
		}
		p.ResetJournal()
		if end := p.play(t, false, test.step)[0]; end.Outcome != engine.OK || p.writes() != 0 {
			t.Errorf("again: %v (%v), %d writes", end.Outcome, end.Problem, p.writes())
		}
	}
	for name, s := range map[string]step{
		"no add-on":      addonLink("addon", "nothing", "application", "shop", "state", "absent"),
		"no application": addonLink("addon", "db", "application", "nothing", "state", "absent"),
	} {
		if end := p.play(t, false, s)[0]; end.Outcome != engine.OK {
			t.Errorf("%s: %v (%v)", name, end.Outcome, end.Problem)
		}
	}
}

// TestLinkMistakes are refused before anything is written.
func TestLinkMistakes(t *testing.T) {
	p := newPlatform(t)
	org := p.Organisations()[0]
	p.application(t, "", "shop")
	p.application(t, "", "double")
	p.application(t, "", "double")
	p.application(t, org, "abroad")
	p.play(t, false, order("db", "pg", "dev"))
	p.ResetJournal()
	for name, test := range map[string]struct {
		step step
		want string
	}{
		"add-on":       {addonLink("addon", "bd", "application", "shop"), `unknown add-on "bd"`},
		"application":  {addonLink("addon", "db", "application", "shpo"), `unknown application "shpo" of the personal space; did you mean "shop"?`},
		"other owner":  {addonLink("addon", "db", "application", "abroad"), `unknown application "abroad" of the personal space`},
		"two":          {addonLink("addon", "db", "application", "double"), `application "double" of the personal space is ambiguous: there are 2`},
		"organisation": {step{kind: "app_env", args: args("application", "shop", "organisation", "orga_00000000-0000-4000-8000-000000000000", "vars", args("A", "1"))}, `unknown organisation "orga_00000000-0000-4000-8000-000000000000"; available: Example Operator (` + p.User() + "), Example Organisation (" + org + ")"},
		"owner":        {register("name", "x", "provider", "pg", "organisation", "orga_00000000-0000-4000-8000-000000000000", "details", details("plan", "dev")), `unknown organisation "orga_00000000-0000-4000-8000-000000000000"; available: Example Operator (` + p.User() + "), Example Organisation (" + org + ")"},
		"no config":    {step{kind: "addon_config", args: args("addon", "db", "vars", args("A", "1"))}, "only a configuration provider has variables that can be set"},
		"name":         {step{kind: "app_env", args: args("application", "shop", "vars", args("A", "{{ [1] }}"))}, "A: text is wanted, not"},
		"both":         {step{kind: "app_env", args: args("application", "shop", "vars", args("A", "1"), "absent", list("A"))}, "A is declared in vars: it cannot be absent too"},
		"nothing":      {step{kind: "app_env", args: args("application", "shop")}, "it says nothing about variables: give vars, absent or exact"},
		"null":         {step{kind: "app_env", args: args("application", "shop", "vars", args("A", "{{ none }}"))}, "A: text is wanted, not NoneType"},
		"member":       {step{kind: "network_group", args: args("name", "g", "members", list("db", "shpo"))}, `unknown add-on or application "shpo" of the personal space; did you mean "shop"?`},
	} {
		t.Run(name, func(t *testing.T) {
			end := p.play(t, false, test.step)[0]
			if end.Problem == nil || !strings.Contains(end.Problem.Error(), test.want) {
				t.Errorf("%v (%v), want %q", end.Outcome, end.Problem, test.want)
			}
		})
	}
	if p.writes() != 0 {
		t.Errorf("%d writes", p.writes())
	}
}

// running is a platform whose applications run: the emulator's never do.
type running struct {
	otherwise
	restarts *int
}

func (r running) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Method == "POST" && strings.HasSuffix(q.URL.Path, "/instances") {
		*r.restarts++
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"deploymentId":"d"}`)), Request: q}, nil
	}
	return r.otherwise.RoundTrip(q)
}

// TestRestart restarts only what runs, only where it is wanted, and only after a change.
func TestRestart(t *testing.T) {
	for _, test := range []struct {
		name             string
		runs             bool
		restart          string
		restarts         int
		needed, restared string
	}{
		{"left running", true, "false", 0, "True", "False"},
		{"restarted", true, "true", 1, "False", "True"},
		{"never deployed", false, "true", 0, "False", "False"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPlatform(t)
			p.application(t, "", "shop")
			p.play(t, false, order("db", "pg", "dev"))
			count := 0
			if test.runs {
				p.transport = running{otherwise{p.Transport(), "/applications", "SHOULD_BE_DOWN", "SHOULD_BE_UP"}, &count}
			}
			for _, s := range []step{
				addonLink("addon", "db", "application", "shop", "restart", test.restart),
				{kind: "app_env", args: args("application", "shop", "restart", test.restart, "vars", args("A", "1"))},
			} {
				count = 0
				end := p.play(t, false, s)[0]
				if end.Outcome != engine.Changed || count != test.restarts || field(t, end, "restart_needed") != test.needed || field(t, end, "restarted") != test.restared {
					t.Errorf("%s: %v (%v), %d restarts, %v", s.kind, end.Outcome, end.Problem, count, end.Result)
				}
				count = 0
				if end := p.play(t, false, s)[0]; end.Outcome != engine.OK || count != 0 || field(t, end, "restarted") != "False" {
					t.Errorf("%s again: %v (%v), %d restarts", s.kind, end.Outcome, end.Problem, count)
				}
			}
		})
	}
}

// TestVariablesStaySecret changes variables whose names, or values, are secrets.
func TestVariablesStaySecret(t *testing.T) {
	p := newPlatform(t)
	p.application(t, "", "shop")
	p.play(t, false, order("settings", "config", "std"))
	for _, s := range []step{
		{kind: "app_env", args: args("application", "shop", "vars", args("API_TOKEN", "first-secret", "LEVEL", "debug"))},
		{kind: "addon_config", args: args("addon", "settings", "vars", args("API_TOKEN", "first-secret", "LEVEL", "debug"))},
	} {
		p.play(t, false, s)
		s.args.Get("vars").Entries[0].Value.Text, s.args.Get("vars").Entries[0].Value.Value = "second-secret", "second-secret"
		s.args.Get("vars").Entries[1].Value.Text, s.args.Get("vars").Entries[1].Value.Value = "info", "info"
		end := p.play(t, true, s)[0]
		if end.Outcome != engine.Changed || len(end.Change.Attrs) != 2 {
			t.Fatalf("%v (%v)", end.Outcome, end.Problem)
		}
		token, level := end.Change.Attrs[0], end.Change.Attrs[1]
		if !token.Secret || !value.HoldsSecret(token.Before) || !value.HoldsSecret(token.After) || strings.Contains(fmt.Sprint(token.Before, token.After), "secret") {
			t.Errorf("the token is %+v", token)
		}
		if level.Secret || level.Before != "debug" || level.After != "info" {
			t.Errorf("the level is %+v", level)
		}
	}
}

// TestCheckSeesWhatItWouldMake plans an order, its links and its variables in one check.
func TestCheckSeesWhatItWouldMake(t *testing.T) {
	p := newPlatform(t)
	p.application(t, "", "shop")
	steps := []step{
		order("db", "pg", "dev"), order("settings", "config", "std"),
		{kind: "addon_config", args: args("addon", "settings", "vars", args("LEVEL", "info"))},
		addonLink("addon", "db", "application", "shop"), addonLink("addon", "settings", "application", "shop"),
		{kind: "app_env", args: args("application", "shop", "vars", args("A", "1"))},
		{kind: "network_group", args: args("name", "backbone", "members", list("db", "shop"))},
	}
	again := append(slices.Clone(steps), steps...)
	for i, end := range p.play(t, true, again...) {
		want := engine.Changed
		if i >= len(steps) {
			want = engine.OK
		}
		if end.Outcome != want {
			t.Errorf("check %d: %v (%v) %v", i, end.Outcome, end.Problem, end.Change)
		}
	}
	if p.writes() != 1 { // the application
		t.Errorf("%d writes", p.writes())
	}
	for i, end := range p.play(t, false, steps...) {
		if end.Outcome != engine.Changed {
			t.Errorf("%d: %v (%v)", i, end.Outcome, end.Problem)
		}
	}
	for i, end := range p.play(t, false, steps...) {
		if end.Outcome != engine.OK {
			t.Errorf("%d again: %v (%v) %+v", i, end.Outcome, end.Problem, end.Change)
		}
	}
	want := []string{"application shop [{A 1}] [db settings]", "group backbone  [] [db shop]", "settings settings [{LEVEL info}]"}
	if diff := cmp.Diff(want, p.appsAndGroups(t, p.client(t))); diff != "" {
		t.Error(diff)
	}
}

// TestVariablesOfARegisteredResult hands an add-on's variables on to an application.
func TestVariablesOfARegisteredResult(t *testing.T) {
	p := newPlatform(t)
	id := p.application(t, "", "shop")
	ordered := order("db", "pg", "dev")
	ordered.register = "db"
	vars := args("DATABASE", "{{ db.env.POSTGRESQL_ADDON_URI }}")
	set := step{kind: "app_env", args: args("application", id, "vars", vars)}
	ends := p.play(t, true, ordered, set)
	if got := ends[1].Change; ends[1].Outcome == engine.Failed || !got.Unknown && len(got.Attrs) != 1 {
		t.Errorf("a check: %v (%v)", ends[1].Outcome, ends[1].Problem)
	}
	p.play(t, false, ordered, set)
	env, err := p.client(t).AppEnv(t.Context(), "", id)
	if err != nil || len(env) != 1 || !strings.HasPrefix(env[0].Value, "postgresql://") {
		t.Errorf("it has %v, %v", env, err)
	}
	if end := p.play(t, false, ordered, set)[1]; end.Outcome != engine.OK {
		t.Errorf("again: %v", end.Outcome)
	}
}

// TestOrderWithLinks orders a database for two applications, then for a third one.
func TestOrderWithLinks(t *testing.T) {
	p := newPlatform(t)
	for _, name := range []string{"shop", "back", "third"} {
		p.application(t, "", name)
	}
	linked := func(plan string, apps ...string) step {
		return register("name", "db", "provider", "pg", "details", details("plan", plan), "link", list(apps...))
	}
	world := func() []string { return p.appsAndGroups(t, p.client(t)) }
	p.ResetJournal()
	end := p.play(t, false, linked("dev", "shop", "shpo"))[0]
	if end.Problem == nil || !strings.Contains(end.Problem.Msg, `unknown application "shpo"`) || p.writes() != 0 {
		t.Fatalf("%v (%v), %d writes", end.Outcome, end.Problem, p.writes())
	}
	for i, test := range []struct {
		step step
		diff []string
		want []string
	}{
		{linked("dev", "shop", "back"), []string{"link", "name", "plan", "provider", "region"}, []string{"application shop [] [db]", "application back [] [db]", "application third [] []"}},
		{linked("dev", "third"), []string{"link"}, []string{"application shop [] [db]", "application back [] [db]", "application third [] [db]"}},
		{linked("xxs_sml", "third"), []string{"plan"}, []string{"application shop [] [db]", "application back [] [db]", "application third [] [db]"}},
	} {
		p.allow = []string{"migrate"}
		if end := p.play(t, true, test.step)[0]; !slices.Equal(paths(end.Change), test.diff) {
			t.Errorf("%d: the diff names %v", i, paths(end.Change))
		}
		if end := p.play(t, false, test.step)[0]; end.Outcome != engine.Changed {
			t.Errorf("%d: %v (%v)", i, end.Outcome, end.Problem)
		}
		if end := p.play(t, false, test.step)[0]; end.Outcome != engine.OK {
			t.Errorf("%d again: %v (%v)", i, end.Outcome, end.Problem)
		}
		if diff := cmp.Diff(test.want, world()); diff != "" {
			t.Errorf("%d: %s", i, diff)
		}
	}
	// A replacement is linked as declared.
	p.allow = []string{"replace"}
	if end := p.play(t, false, register("name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "encryption", "true"), "link", list("shop")))[0]; end.Outcome != engine.Changed {
		t.Errorf("%v (%v)", end.Outcome, end.Problem)
	}
	if diff := cmp.Diff([]string{"application shop [] [db]", "application back [] []", "application third [] []"}, world()); diff != "" {
		t.Error(diff)
	}
}

// TestRequireBackup holds back what destroys or moves until there is a young backup.
func TestRequireBackup(t *testing.T) {
	now := time.Now().Add(-40 * time.Hour)
	p := platformWith(t, emulator.Options{Now: func() time.Time { return now }})
	p.scope, p.allow = "shop", []string{"delete", "replace", "migrate", "delete-doubtful"}
	p.play(t, false, order("db", "pg", "xxs_sml"), order("small", "pg", "dev"))
	guarded := []step{
		{kind: "addon_remove", args: args("addon", "db", "require_backup", "24h")},
		register("name", "db", "provider", "pg", "details", details("plan", "xs_sml"), "require_backup", "24h"),
		register("name", "db", "provider", "pg", "details", details("plan", "xxs_sml", "encryption", "true"), "require_backup", "1d"),
		{kind: "addon_prune", args: args("scope", "shop", "keep", list("small"), "require_backup", "24h")},
	}
	refused := func(want string, steps ...step) {
		t.Helper()
		before := p.writes()
		for _, s := range steps {
			for _, check := range []bool{true, false} {
				end := p.play(t, check, s)[0]
				if end.Problem == nil || !strings.Contains(end.Problem.Msg, want) {
					t.Errorf("%s, check %v: %v (%v), want %q", s.kind, check, end.Outcome, end.Problem, want)
				}
			}
		}
		if p.writes() != before {
			t.Errorf("%d writes", p.writes()-before)
		}
	}
	refused("has no backup, and one younger than", guarded...)
	now = now.Add(25 * time.Hour) // there is one, made 16 hours ago
	refused("is of", step{kind: "addon_remove", args: args("addon", "db", "require_backup", "15h")})
	refused("has no backup", step{kind: "addon_remove", args: args("addon", "small", "require_backup", "15h")})
	info := p.play(t, false, step{kind: "addon_info", args: args("addon", "db", "backups", "true")})[0]
	backups, _ := info.Result.(*value.Map).Get("backups")
	if got := value.Text(backups); !strings.Contains(got, "'status': 'DONE'") || strings.Contains(got, "backups.example.test") {
		t.Errorf("its backups are %s", got)
	}
	// What neither destroys nor moves is not held back; with a young backup nothing is.
	if end := p.play(t, false, register("name", "small", "provider", "pg", "details", details("plan", "dev"), "tags", list("a"), "require_backup", "1h"))[0]; end.Outcome != engine.Changed {
		t.Errorf("%v (%v)", end.Outcome, end.Problem)
	}
	if end := p.play(t, false, guarded[1])[0]; end.Outcome != engine.Changed {
		t.Errorf("%v (%v)", end.Outcome, end.Problem)
	}
	if end := p.play(t, false, guarded[0])[0]; end.Outcome != engine.Changed || len(p.names()) != 1 {
		t.Errorf("%v (%v), there is %v", end.Outcome, end.Problem, p.names())
	}
}
