package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"runner/clever/emulator"
	"runner/cmd"
	"runner/cmd/ui"
)

// A trial is a play of every kind of change against an emulator: it orders two
// add-ons, makes one larger, writes a file, and removes what is no longer needed.
type trial struct {
	*shell
	e    *emulator.Emulator
	book string
	dest string
}

// newTrial returns an emulator in which two add-ons are, and the playbook that makes
// of them what it declares.
func newTrial(t testing.TB) *trial {
	t.Helper()
	return newTrialOn(t, emulator.Options{})
}

func newTrialOn(t testing.TB, o emulator.Options) *trial {
	t.Helper()
	e, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	tr := &trial{shell: newShell(t), e: e}
	tr.env["CLEVER_TOKEN"], tr.env["CLEVER_SECRET"] = "emulator-token", "emulator-token-secret"
	tr.env["API_HOST"] = "http://emulator.invalid"
	for _, order := range []string{
		`{"name":"grows","providerId":"postgresql-addon","plan":"plan_c32d00fb-6c06-48a9-a0a3-9d808937ec68","region":"par","options":{"version":"15"}}`,
		`{"name":"old","providerId":"redis-addon","plan":"plan_c62dd71e-15c3-483e-879d-75e4c836e21e","region":"par","options":{}}`,
	} {
		tr.order(t, order)
	}
	tr.dest = filepath.Join(tr.dir, "app.env")
	tr.book = tr.file(t, "site.yml", `
- addon_register: {name: main, provider: pg, details: {plan: dev}}
  register: main
- addon_register: {name: cache, provider: redis, details: {plan: s_mono}}
  register: cache
- addon_register: {name: grows, provider: pg, details: {plan: xs_sml, version: 15}}
- env_file: {dest: app.env, from: ['{{ main }}', '{{ cache }}']}
- addon_remove: {addon: old}
`)
	return tr
}

// order makes an add-on be there, without a play.
func (tr *trial) order(t testing.TB, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://emulator.invalid/v2/self/addons", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer anything")
	answer, err := tr.e.Transport().RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v, %+v", err, answer)
	}
	answer.Body.Close()
}

// play plays without a network.
func (tr *trial) play(ctx context.Context, args ...string) (code int, out, err string) {
	var stdout, stderr bytes.Buffer
	p := cmd.Program{Streams: ui.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr,
		Getenv: func(name string) string { return tr.env[name] }}, Args: append([]string{"runner", "play", "--allow", "migrate"}, args...)}
	p.Through(tr.e.Transport())
	code = p.Run(ctx)
	return code, stdout.String(), stderr.String()
}

// names returns the names of all add-ons, each as often as there is one.
func (tr *trial) names() []string {
	var names []string
	for _, a := range tr.e.Addons(tr.e.User()) {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	return names
}

// twice returns a name that two add-ons have, "" if there is none.
func (tr *trial) twice() string {
	names := tr.names()
	for i, name := range names[min(1, len(names)):] {
		if name == names[i] {
			return name
		}
	}
	return ""
}

// declared says how the world differs from what the playbook declares; nil if it
// does not.
func (tr *trial) declared() error {
	if names := tr.names(); !slices.Equal(names, []string{"cache", "grows", "main"}) {
		return fmt.Errorf("there are %v", names)
	}
	for _, a := range tr.e.Addons(tr.e.User()) {
		if a.Name == "grows" && a.Plan.Slug != "xs_sml" {
			return fmt.Errorf("grows has the plan %s", a.Plan.Slug)
		}
	}
	text, err := os.ReadFile(tr.dest)
	if err != nil {
		return err
	}
	for _, name := range []string{"POSTGRESQL_ADDON_URI=", "REDIS_URL="} {
		if !strings.Contains(string(text), name) {
			return fmt.Errorf("app.env holds no %s", name)
		}
	}
	return nil
}
