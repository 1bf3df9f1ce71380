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
}

// newTerminal gives a terminal whose environment has credentials.
func newTerminal(t *testing.T, e *Emulator, program, url string) *terminal {
	key, secret, token, tokenSecret := e.Credentials()
	return &terminal{t: t, e: e, program: program, url: url, home: t.TempDir(), env: []string{
		"OAUTH_CONSUMER_KEY=" + key, "OAUTH_CONSUMER_SECRET=" + secret, "CLEVER_TOKEN=" + token, "CLEVER_SECRET=" + tokenSecret}}
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
	e, _ := newEmulator(t, Options{Strict: true})
	server := httptest.NewServer(e.Console("127.0.0.1:0"))
	t.Cleanup(server.Close)
	each := func(name string, check func(*terminal)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(newTerminal(t, e, program, server.URL))
		})
	}
	each("account", (*terminal).account)
	each("addons", (*terminal).addons)
	for i, p := range e.catalogue.providers {
		each(p.ID, func(tt *terminal) { tt.provider(p, i%2 == 0) })
	}
}

// account logs in with a token, and asks what it may.
func (tt *terminal) account() {
	_, _, token, secret := tt.e.Credentials()
	tt.env = tt.env[:2] // the consumer only
	tt.fails("", "login", "--token", token, "--secret", "wrong")
	if out := tt.run("login", "--token", token, "--secret", secret); !strings.Contains(out, "ops@example.test") {
		tt.t.Errorf("login: %s", out)
	}
	if out := tt.run("profile"); !strings.Contains(out, tt.e.User()) || !strings.Contains(out, "Expires on") {
		tt.t.Errorf("profile: %s", out)
	}
	var providers []struct{ ID string }
	tt.read(&providers, "addon", "providers")
	if len(providers) != len(tt.e.catalogue.providers) {
		tt.t.Errorf("%d providers", len(providers))
	}
	if out := tt.run("curl", tt.url+"/v2/self"); !strings.Contains(out, `"id":"`+tt.e.User()+`"`) {
		tt.t.Errorf("curl: %s", out)
	}
}

// provider shows a provider and orders its first plan, in its last zone, with a
// version and an option if it has any.
func (tt *terminal) provider(p *provider, inOrganisation bool) {
	var shown struct {
		ID    string
		Plans []struct{ Slug string }
	}
	tt.read(&shown, "addon", "providers", "show", p.ID)
	if shown.ID != p.ID || len(shown.Plans) != len(p.view.Plans) {
		tt.t.Errorf("shown: %+v", shown)
	}
	pl, owner := p.view.Plans[len(p.view.Plans)-1], tt.e.User()
	want := addon{Provider: p.ID, Plan: pl.ID, Region: p.Zones[len(p.Zones)-1], Name: "from-" + p.ID}
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
	a := tt.e.store.world().addon(made.ID)
	if a == nil || a.RealID != made.RealID || a.Owner != owner || len(made.Env) != len(p.environment(a)) {
		tt.t.Fatalf("made %+v, have %+v", made, a)
	}
	if a.Options["encryption"] != want.Options["encryption"] {
		tt.t.Errorf("the options are %v", a.Options)
	}
	got := addon{Provider: a.Provider, Plan: a.Plan, Region: a.Region, Name: a.Name, Options: want.Options}
	if want.Version != "" {
		got.Version = a.Version
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(addon{})); diff != "" {
		tt.t.Error(diff)
	}
}

// addons lives an add-on's life in both kinds of owners.
func (tt *terminal) addons() {
	org := tt.e.Organisations()[0]
	id := func(name string) (string, string) {
		for _, a := range tt.e.store.world().addons {
			if a.Name == name {
				return a.ID, a.RealID
			}
		}
		tt.t.Errorf("there is no %s", name)
		return "", ""
	}
	gone := func(name string) {
		tt.t.Helper()
		for _, a := range tt.e.store.world().addons {
			if a.Name == name {
				tt.t.Errorf("%s is still there", name)
			}
		}
	}
	tt.fails("xxs_sml", "addon", "create", "postgresql-addon", "x", "--plan", "none")
	for _, name := range []string{"mine-1", "mine-2"} {
		tt.run("addon", "create", "redis-addon", name, "--plan", "s_mono")
	}
	for _, name := range []string{"ours-1", "ours-2", "ours-3"} {
		tt.run("addon", "create", "kv", name, "--org", org)
	}
	mine, mineReal := id("mine-1")
	ours2, _ := id("ours-2")
	_, ours3Real := id("ours-3")
	tt.environment(mine, mineReal)

	tt.run("addon", "rename", "mine-1", "mine-3")
	tt.run("addon", "rename", ours2, "ours-4", "--org", org)
	var list []struct{ AddonID, Name string }
	tt.read(&list, "addon", "list", "--org", org)
	names := map[string]string{}
	for _, a := range list {
		names[a.AddonID] = a.Name
	}
	if renamed, _ := id("mine-3"); renamed != mine || names[ours2] != "ours-4" || names[mine] != "" {
		tt.t.Errorf("after renaming: %v", names)
	}
	tt.run("addon", "delete", "mine-3", "-y")
	gone("mine-3")
	mine2, _ := id("mine-2")
	tt.run("addon", "delete", mine2, "-y")
	gone("mine-2")
	tt.run("addon", "delete", "ours-1", "--org", org, "-y")
	gone("ours-1")
	tt.fails("", "addon", "delete", ours3Real, "-y") // clever-tools takes it for a name
	tt.run("addon", "delete", ours3Real, "--org", org, "-y")
	gone("ours-3")
	tt.fails("", "addon", "delete", "ours-3", "--org", org, "-y")
	if code, out := tt.try("addon", "list"); code != 0 || strings.Contains(out, "mine-") {
		tt.t.Errorf("list: exit %d\n%s", code, out)
	}
}

// environment prints the variables in all three ways.
func (tt *terminal) environment(id, realID string) {
	tt.t.Helper()
	var flat map[string]string
	tt.read(&flat, "addon", "env", id)
	if len(flat) != 7 || flat["REDIS_HOST"] == "" {
		tt.t.Errorf("env: %v", flat)
	}
	for format, line := range map[string]string{
		"human": "REDIS_HOST=\"" + flat["REDIS_HOST"] + "\"", "shell": "export REDIS_HOST=",
	} {
		if out := tt.run("addon", "env", realID, "-F", format); !strings.Contains(out, line) || !strings.Contains(out, flat["REDIS_HOST"]) {
			tt.t.Errorf("env as %s: %s", format, out)
		}
	}
}
