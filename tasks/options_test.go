package tasks_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"runner/engine"
)

// TestOptionsAreHeldAgainstTheCatalogue orders what the catalogue says cannot be had: each is
// refused at its place, in a check and in a run, and nothing is sent that writes.
func TestOptionsAreHeldAgainstTheCatalogue(t *testing.T) {
	p := newPlatform(t)
	for _, test := range []struct{ provider, plan, option, value, want string }{
		{"pg", "dev", "encryption", "true", "plan dev of postgresql-addon is shared, and its cluster has encryption off; leave it out, or order a plan that has it, such as xxs_sml"},
		{"pg", "dev", "do-backup", "yes", "plan dev of postgresql-addon is shared: backups (do-backup) cannot be chosen for it; leave it out, or order a plan that has it, such as xxs_sml"},
		{"pg", "dev", "direct-host-only", "true", "plan dev of postgresql-addon is shared, and its cluster has direct-host-only off"},
		{"pg", "dev", "locale", "fr_FR", "plan dev of postgresql-addon is shared: a locale of its own cannot be chosen for it"},
		{"pg", "xxs_sml", "encrypted", "true", `unknown option "encrypted" of postgresql-addon; did you mean "encryption"?`},
		{"pg", "xxs_sml", "do_backup", "true", `unknown option "do_backup" of postgresql-addon; did you mean "do-backup"?`},
		{"pg", "xxs_sml", "nonsense", "3", `unknown option "nonsense" of postgresql-addon; available: direct-host-only, do-backup, encryption, locale`},
		{"pg", "xxs_sml", "encryption", "perhaps", `option encryption of postgresql-addon is "perhaps", which is neither true nor false; write true or false`},
		{"pg", "xxs_sml", "skip-log-bin", "true", `unknown option "skip-log-bin" of postgresql-addon`},
		{"mysql", "dev", "skip-log-bin", "true", "plan dev of mysql-addon is shared, and its cluster has skip-log-bin off"},
		{"mysql", "dev", "encryption", "on", "plan dev of mysql-addon is shared, and its cluster has encryption off"},
		{"mysql", "xxs_sml", "locale", "fr_FR", `unknown option "locale" of mysql-addon`},
		{"mongo", "xs_sml", "kibana", "true", `unknown option "kibana" of mongodb-addon; available: direct-host-only, do-backup, encryption`},
		{"redis", "s_mono", "do-backup", "true", `unknown option "do-backup" of redis-addon; available: encryption`},
		{"redis", "s_mono", "encryptoin", "true", `unknown option "encryptoin" of redis-addon; did you mean "encryption"?`},
		{"es", "xs", "plugin", "a", `unknown option "plugin" of es-addon; did you mean "plugins"?`},
		{"es", "xs", "apm", "1.0", `option apm of es-addon is "1.0", which is neither true nor false`},
		{"cellar", "S", "encryption", "true", `unknown option "encryption" of cellar-addon; it has no options`},
		{"keycloak", "base", "access_domains", "x.test", `unknown option "access_domains" of keycloak; did you mean "access-domain"?`},
		{"pulsar", "beta", "encryption", "true", `unknown option "encryption" of addon-pulsar; it has no options`},
	} {
		t.Run(test.provider+" "+test.plan+" "+test.option, func(t *testing.T) {
			for _, check := range []bool{true, false} {
				end := p.play(t, check, register("name", "x", "provider", test.provider, "details", details("plan", test.plan, "options", args(test.option, test.value))))[0]
				if end.Problem == nil || !strings.HasPrefix(end.Problem.Error(), "test.yml:1:1: "+test.want) {
					t.Errorf("check %v: %v (%v), want %q", check, end.Outcome, end.Problem, test.want)
				}
			}
		})
	}
	if p.writes() != 0 || len(p.names()) != 0 {
		t.Errorf("%d writes, there is %v", p.writes(), p.names())
	}
}

// TestOptionsThatCanBeHad orders what only looks like the above; the second run finds it so.
func TestOptionsThatCanBeHad(t *testing.T) {
	p := newPlatform(t)
	for i, test := range []struct{ provider, plan, option, value string }{
		{"pg", "dev", "encryption", "no"}, {"pg", "dev", "do-backup", "false"},
		{"pg", "xxs_sml", "encryption", "YES"}, {"pg", "xxs_sml", "locale", "fr_FR"}, {"mysql", "xxs_sml", "skip-log-bin", "on"},
		{"mongo", "xs_sml", "do-backup", "false"}, {"es", "xs", "plugins", "b, a"}, {"es", "xs", "kibana", "true"}, {"redis", "s_mono", "encryption", "true"},
		{"keycloak", "base", "access-domain", "login.example.com"},
	} {
		s := register("name", fmt.Sprint("x", i), "provider", test.provider, "details", details("plan", test.plan, "options", args(test.option, test.value)))
		if end := p.play(t, false, s)[0]; end.Outcome != engine.Changed {
			t.Errorf("%v: %v (%v)", test, end.Outcome, end.Problem)
		}
		if end := p.play(t, false, s)[0]; end.Outcome != engine.OK {
			t.Errorf("%v again: %v (%v) %v", test, end.Outcome, end.Problem, end.Change.Attrs)
		}
	}
}

// TestSharedPlanWithAVersion names the version of the cluster, and another.
func TestSharedPlanWithAVersion(t *testing.T) {
	p := newPlatform(t)
	end := p.play(t, false, register("name", "x", "provider", "pg", "details", details("plan", "dev", "version", "16")))[0]
	want := "test.yml:1:1: plan dev of postgresql-addon is shared, and its cluster in par runs version 15, not 16; leave it out, or order a plan that is not shared, such as xxs_sml"
	if end.Problem == nil || end.Problem.Error() != want || p.writes() != 0 {
		t.Errorf("%v, want %s", end.Problem, want)
	}
	if end := p.play(t, false, register("name", "x", "provider", "pg", "details", details("plan", "dev", "version", "15")))[0]; end.Outcome != engine.Changed {
		t.Errorf("%v (%v)", end.Outcome, end.Problem)
	}
}

// TestMovingToAPlanWithoutAnOption has an encrypted database, and then a plan that cannot be.
func TestMovingToAPlanWithoutAnOption(t *testing.T) {
	p := newPlatform(t)
	p.allow = []string{"migrate", "replace"}
	p.play(t, false, register("name", "x", "provider", "pg", "details", details("plan", "xxs_sml", "encryption", "true")))
	p.ResetJournal()
	end := p.play(t, false, register("name", "x", "provider", "pg", "details", details("plan", "dev", "encryption", "true", "shrink", "true")))[0]
	if end.Problem == nil || !strings.Contains(end.Problem.Msg, "is shared, and its cluster has encryption off") || p.writes() != 0 {
		t.Errorf("%v (%v), %d writes", end.Outcome, end.Problem, p.writes())
	}
}

// otherwise is a platform that makes of an order something else.
type otherwise struct {
	next     http.RoundTripper
	path     string
	from, to string
}

func (o otherwise) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(r)
	if err != nil || !strings.Contains(r.URL.Path, o.path) || strings.HasSuffix(r.URL.Path, "addonproviders") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	changed := strings.ReplaceAll(string(body), o.from, o.to)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewBufferString(changed)), int64(len(changed))
	resp.Header.Set("Content-Length", fmt.Sprint(len(changed)))
	return resp, nil
}

// TestAddonThatCameOutOtherwise orders from such a platform: the task fails, and says what.
func TestAddonThatCameOutOtherwise(t *testing.T) {
	for name, test := range map[string]struct{ path, from, to, want string }{
		"encryption": {"/v4/addon-providers/postgresql-addon/addons/", `"name":"encryption","enabled":true`, `"name":"encryption","enabled":false`, "encryption is false, not true"},
		"locale":     {"/v4/addon-providers/postgresql-addon/addons/", `"locale":"fr_FR"`, `"locale":"C"`, "locale is C, not fr_FR"},
		"backups":    {"/v4/addon-providers/postgresql-addon/addons/", `"name":"do-backup","enabled":false`, `"name":"do-backup","enabled":true`, "do-backup is true, not false"},
		"version":    {"/v4/addon-providers/postgresql-addon/addons/", `"version":"16"`, `"version":"15"`, "its version is 15, not 16"},
		"region":     {"/addons", `"region":"par"`, `"region":"mtl"`, "its region is mtl, not par"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.transport = otherwise{p.Transport(), test.path, test.from, test.to}
			end := p.play(t, false, register("name", "x", "provider", "pg", "details", details("plan", "xxs_sml", "version", "16", "encryption", "true",
				"options", args("locale", "fr_FR", "do-backup", "false"))))[0]
			if end.Outcome != engine.Failed || !strings.Contains(end.Problem.Msg, "was ordered, and came out otherwise than declared: "+test.want) {
				t.Errorf("%v (%v)", end.Outcome, end.Problem)
			}
			if len(p.names()) != 1 {
				t.Errorf("there is %v", p.names())
			}
		})
	}
}
