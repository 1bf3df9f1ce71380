package player_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/cmd/exit"
	"runner/fleet/settings"
)

// TestSecretsOfTheEnvironment: a project is played with the variables that it names, and
// sees no others of the worker's.
func TestSecretsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for line := range strings.Lines(credentials) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		m.env[name], m.env["SHOP_"+name] = "of the worker", value
	}
	w := m.playing(order + "- assert: {that: \"lookup('env', 'CLEVER_TOKEN') == ''\"}\n")
	w.Settings.Credentials = "env:SHOP_CLEVER_TOKEN,SHOP_CLEVER_SECRET"
	if o := m.player.Play(t.Context(), w); o.Exit != 0 || m.plans() != "db dev" {
		t.Errorf("%+v; there is %s", o, m.plans())
	}
	delete(m.env, "SHOP_CLEVER_SECRET")
	if o := m.player.Play(t.Context(), w); o.Exit != exit.Credentials {
		t.Errorf("without the variable: %+v", o)
	}
}

// TestMissing: what a project lacks here is known before it is played, and what it has is
// not complained of.
func TestMissing(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.secret("open.env", credentials, 0o644)
	m.secret("shop.vault", "password", 0o600)
	m.env["TOKEN"], m.env["SECRET"] = "t", "s"
	elsewhere := filepath.Join(t.TempDir(), "elsewhere.env")
	if err := os.WriteFile(elsewhere, []byte(credentials), 0o600); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return "the secret file " + filepath.Join(m.player.Secrets, name) }
	for _, c := range []struct {
		of   settings.Project
		want []string
	}{
		{settings.Project{Credentials: "shop", Vault: []string{"shop"}}, nil},
		{settings.Project{Credentials: "file:" + elsewhere, Vault: []string{"shop@" + elsewhere}}, nil},
		{settings.Project{Credentials: "env:TOKEN,SECRET", Vault: []string{"shop@env:TOKEN"}}, nil},
		{settings.Project{Credentials: "command:pass shop"}, nil},
		{settings.Project{}, []string{"the project names no credentials"}},
		{settings.Project{Credentials: "none", Vault: []string{"shop", "none"}}, []string{in("none.env") + " is missing", in("none.vault") + " is missing"}},
		{settings.Project{Credentials: "open"}, []string{in("open.env") + " can be used by others than its owner: chmod 600"}},
		{settings.Project{Credentials: "file:" + elsewhere + "x", Vault: []string{"a@" + elsewhere + "y"}}, []string{elsewhere + "x: no such file", elsewhere + "y: no such file"}},
		{settings.Project{Credentials: "env:TOKEN, OTHER", Vault: []string{"a@env:PASSWORD"}}, []string{"the variable OTHER of", "the variable PASSWORD of"}},
	} {
		got := m.player.Missing(c.of)
		if len(got) != len(c.want) {
			t.Errorf("%+v: %v, want %q", c.of, got, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(fmt.Sprint(got[i]), want) {
				t.Errorf("%+v: %v, want %s", c.of, got[i], want)
			}
		}
	}
}
