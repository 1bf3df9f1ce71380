package emulator

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/store"
)

// A terminal is somebody who works with the vendor's own command line: against a
// strict emulator, with a home of his own.
type terminal struct {
	t       *testing.T
	e       *Emulator
	program string
	url     string
	home    string
	env     []string
	api     *client // for what is not the matter
}

// newTerminal returns a terminal whose environment has credentials. What Node.js
// compiled for one of them, the others need not compile.
func newTerminal(t *testing.T, e *Emulator, program, url, compiled string) *terminal {
	key, secret, token, tokenSecret := e.Credentials()
	api := inProcessClient(t, e)
	api.auth = plain(secret, tokenSecret)
	return &terminal{t: t, e: e, program: program, url: url, home: t.TempDir(), api: api, env: []string{
		"OAUTH_CONSUMER_KEY=" + key, "OAUTH_CONSUMER_SECRET=" + secret, "NODE_COMPILE_CACHE=" + compiled,
		"CLEVER_TOKEN=" + token, "CLEVER_SECRET=" + tokenSecret}}
}

// try runs a command, and gives its exit code and what it printed.
func (tt *terminal) try(args ...string) (int, string) {
	tt.t.Helper()
	if args[0] != "curl" { // which has to come first
		args = append([]string{"--no-update-notifier", "--no-color"}, args...)
	}
	c := exec.CommandContext(tt.t.Context(), tt.program, args...)
	c.Dir = tt.home
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + tt.home, "XDG_CONFIG_HOME=" + tt.home, "API_HOST=" + tt.url}, tt.env...)
	out, err := c.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		tt.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// run runs a command that has to go well.
func (tt *terminal) run(args ...string) string {
	tt.t.Helper()
	code, out := tt.try(args...)
	if code != 0 {
		tt.t.Fatalf("clever %v: exit %d\n%s", args, code, out)
	}
	return out
}

// read runs a command that prints JSON.
func (tt *terminal) read(into any, args ...string) {
	tt.t.Helper()
	out := tt.run(append(args, "-F", "json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		tt.t.Fatalf("clever %v: %v\n%s", args, err, out)
	}
}

// fails runs a command that must not go well, and says so with these words.
func (tt *terminal) fails(words string, args ...string) {
	tt.t.Helper()
	if code, out := tt.try(args...); code == 0 || !strings.Contains(out, words) {
		tt.t.Errorf("clever %v: exit %d, want %q\n%s", args, code, words, out)
	}
}

// The vendor's own command line, where it is installed: its commands for add-ons,
// for each provider. Its login with a browser has a test of its own.
func TestCleverTools(t *testing.T) {
	program, err := exec.LookPath("clever")
	if err != nil {
		t.Skip("no clever in PATH: npm install -g clever-tools")
	}
	e, _ := newEmulator(t, Options{Strict: true, StrictIDs: true, StrictOptions: true})
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	compiled := t.TempDir()
	each := func(name string, check func(*terminal)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(newTerminal(t, e, program, server.URL, compiled))
		})
	}
	for i, p := range e.catalogue.Providers {
		each(p.ID, func(tt *terminal) { tt.provider(p, i%2 == 0) })
	}
	// The longest come last: those are begun first.
	each("environment", (*terminal).environment)
	each("renaming", (*terminal).renaming)
	each("deleting", (*terminal).deleting)
	each("deleting in an organisation", (*terminal).deletingOurs)
	each("account", (*terminal).account)
	each("configuration", (*terminal).configProvider)
	each("network groups", (*terminal).networkGroups)
	each("drains and logs", (*terminal).observing)
	each("oauth-consumers", (*terminal).consumers)
	each("settings of an application", (*terminal).settings)
	each("applications", (*terminal).applications)
}

// account logs in with a token, and asks what it may.
func (tt *terminal) account() {
	_, _, token, secret := tt.e.Credentials()
	tt.env = tt.env[:3] // the consumer only
	tt.fails("", "login", "--token", token, "--secret", "wrong")
	if out := tt.run("login", "--token", token, "--secret", secret); !strings.Contains(out, "ops@example.test") {
		tt.t.Errorf("login: %s", out)
	}
	if out := tt.run("profile"); !strings.Contains(out, tt.e.User()) || !strings.Contains(out, "Expires on") {
		tt.t.Errorf("profile: %s", out)
	}
	var providers []struct{ ID string }
	tt.read(&providers, "addon", "providers")
	if len(providers) != len(tt.e.catalogue.Providers) {
		tt.t.Errorf("%d providers", len(providers))
	}
	if out := tt.run("curl", tt.url+"/v2/self"); !strings.Contains(out, `"id":"`+tt.e.User()+`"`) {
		tt.t.Errorf("curl: %s", out)
	}
}

// provider shows a provider and orders its first plan, in its last zone, with a
// version and an option if it has any.
func (tt *terminal) provider(p *catalogue.Provider, inOrganisation bool) {
	var shown struct {
		ID    string
		Plans []struct{ Slug string }
	}
	tt.read(&shown, "addon", "providers", "show", p.ID)
	if shown.ID != p.ID || len(shown.Plans) != len(p.View.Plans) {
		tt.t.Errorf("shown: %+v", shown)
	}
	pl, owner := p.View.Plans[len(p.View.Plans)-1], tt.e.User()
	want := store.Addon{Provider: p.ID, Plan: pl.ID, Region: p.Zones[len(p.Zones)-1], Name: "from-" + p.ID}
	args := []string{"addon", "create", p.ID, want.Name, "--plan", pl.Slug, "--region", want.Region}
	if inOrganisation {
		owner = tt.e.Organisations()[0]
		args = append(args, "--org", owner)
	}
	if len(p.Versions) > 0 {
		want.Version = p.Versions[0]
		args = append(args, "--addon-version", want.Version)
	}
	if _, ok := p.Options["encryption"]; ok {
		want.Options = map[string]string{"encryption": "true"}
		args = append(args, "--option", "encryption=true")
	}
	var made struct {
		ID, RealID, Name string
		Env              []struct{ Name, Value string }
	}
	tt.read(&made, args...)
	a := tt.e.store.World().Addon(made.ID)
	if a == nil || a.RealID != made.RealID || a.Owner != owner || len(made.Env) != len(environment(p, a)) {
		tt.t.Fatalf("made %+v, have %+v", made, a)
	}
	if a.Options["encryption"] != want.Options["encryption"] {
		tt.t.Errorf("the options are %v", a.Options)
	}
	got := store.Addon{Provider: a.Provider, Plan: a.Plan, Region: a.Region, Name: a.Name, Options: want.Options}
	if want.Version != "" {
		got.Version = a.Version
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(store.Addon{})); diff != "" {
		tt.t.Error(diff)
	}
}

// ordered makes add-ons be there; orders by the command line are provider's matter. It
// gives their ids by their names.
func (tt *terminal) ordered(base string, names ...string) (ids, realIDs map[string]string) {
	tt.t.Helper()
	ids, realIDs = map[string]string{}, map[string]string{}
	for _, name := range names {
		a := tt.api.order(base, clever.CreateRequest{Name: name, ProviderID: "redis-addon",
			Plan: tt.e.catalogue.Provider("redis-addon").Plans[0].ID, Region: "par"})
		ids[name], realIDs[name] = a.ID, a.RealID
	}
	return ids, realIDs
}

// organisation returns its id, and the path of what it owns.
func (tt *terminal) organisation() (id, base string) {
	id = tt.e.Organisations()[0]
	return id, "/v2/organisations/" + id
}

// environment prints the variables in all three ways.
func (tt *terminal) environment() {
	ids, realIDs := tt.ordered("/v2/self", "env-1")
	var flat map[string]string
	tt.read(&flat, "addon", "env", ids["env-1"])
	if len(flat) != 7 || flat["REDIS_HOST"] == "" {
		tt.t.Errorf("env: %v", flat)
	}
	for format, line := range map[string]string{
		"human": "REDIS_HOST=\"" + flat["REDIS_HOST"] + "\"", "shell": "export REDIS_HOST=",
	} {
		if out := tt.run("addon", "env", realIDs["env-1"], "-F", format); !strings.Contains(out, line) || !strings.Contains(out, flat["REDIS_HOST"]) {
			tt.t.Errorf("env as %s: %s", format, out)
		}
	}
}

// renaming is by name in the personal space and by id in an organisation; the lists
// show it.
func (tt *terminal) renaming() {
	org, base := tt.organisation()
	mine, _ := tt.ordered("/v2/self", "name-1")
	ours, _ := tt.ordered(base, "name-2")
	tt.run("addon", "rename", "name-1", "name-3")
	tt.run("addon", "rename", ours["name-2"], "name-4", "--org", org)
	names := func(args ...string) map[string]string {
		var list []struct{ AddonID, Name string }
		tt.read(&list, append([]string{"addon", "list"}, args...)...)
		names := map[string]string{}
		for _, a := range list {
			names[a.AddonID] = a.Name
		}
		return names
	}
	if list := names(); list[mine["name-1"]] != "name-3" || list[ours["name-2"]] != "" {
		tt.t.Errorf("the personal space holds %v", list)
	}
	if list := names("--org", org); list[ours["name-2"]] != "name-4" || list[mine["name-1"]] != "" {
		tt.t.Errorf("the organisation holds %v", list)
	}
}

// removed runs an addon delete, after which just that add-on is gone.
func (tt *terminal) removed(id string, args ...string) {
	tt.t.Helper()
	if tt.e.store.World().Addon(id) == nil {
		tt.t.Errorf("%s is gone already", id)
	}
	tt.run(append([]string{"addon", "delete", "-y"}, args...)...)
	if tt.e.store.World().Addon(id) != nil {
		tt.t.Errorf("addon delete %v: it is still there", args)
	}
}

// deleting removes what is in the personal space.
func (tt *terminal) deleting() {
	ids, _ := tt.ordered("/v2/self", "mine-1", "mine-2")
	tt.removed(ids["mine-1"], "mine-1")
	tt.removed(ids["mine-2"], ids["mine-2"])
	tt.fails("", "addon", "delete", "mine-1", "-y")
	tt.fails("xxs_sml", "addon", "create", "postgresql-addon", "x", "--plan", "none")
}

// deletingOurs removes what an organisation has.
func (tt *terminal) deletingOurs() {
	org, base := tt.organisation()
	ids, realIDs := tt.ordered(base, "ours-1", "ours-2", "ours-3")
	tt.removed(ids["ours-1"], "ours-1", "--org", org)
	tt.removed(ids["ours-2"], ids["ours-2"], "--org", org)
	tt.fails("", "addon", "delete", realIDs["ours-3"], "-y") // clever-tools takes it for a name
	tt.removed(ids["ours-3"], realIDs["ours-3"], "--org", org)
	tt.fails("", "addon", "delete", "ours-3", "--org", org, "-y")
}
