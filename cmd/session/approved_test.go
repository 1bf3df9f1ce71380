package session_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"runner/clever/emulator"
	"runner/cmd/exit"
	"runner/cmd/session"
	"runner/cmd/ui"
)

// TestJustWhatWasApprovedIsDone: what a report says is needed, and somebody approves, is
// done; a change that is not on the list is not, though it is of the same risk.
func TestJustWhatWasApprovedIsDone(t *testing.T) {
	t.Parallel()
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e)
	defer server.Close()
	dir := t.TempDir()
	env := map[string]string{
		"HOME": dir, "API_HOST": server.URL, "CLEVER_TOKEN": "emulator-token", "CLEVER_SECRET": "emulator-token-secret",
		"OAUTH_CONSUMER_KEY": "emulator-consumer", "OAUTH_CONSUMER_SECRET": "emulator-consumer-secret",
	}
	play := func(plan string, approved ...session.Need) (code int, needs []session.Need) {
		t.Helper()
		file, report := filepath.Join(dir, "site.yml"), filepath.Join(dir, "report.json")
		text := strings.ReplaceAll("- addon_register: {name: one, provider: pg, details: {plan: PLAN}}\n"+
			"- addon_register: {name: two, provider: pg, details: {plan: PLAN}}\n", "PLAN", plan)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out := ui.Shared(&bytes.Buffer{})
		spec := session.Default()
		spec.Files, spec.Reports, spec.Approved = []string{file}, []string{"json=" + report}, approved
		err := session.Play(t.Context(), session.World{Streams: &ui.Streams{In: strings.NewReader(""), Out: out, Err: out,
			Getenv: func(name string) string { return env[name] }}}, spec)
		var document struct{ Needs []session.Need }
		written, readErr := os.ReadFile(report)
		if readErr != nil || json.Unmarshal(written, &document) != nil {
			t.Fatalf("the report is no JSON: %v\n%s", readErr, written)
		}
		return session.ExitCode(err), document.Needs
	}
	plans := func() string {
		var all []string
		for _, a := range e.Addons(e.User()) {
			all = append(all, a.Name+" "+a.Plan.Slug)
		}
		slices.Sort(all)
		return strings.Join(all, ", ")
	}
	if code, _ := play("xxs_sml"); code != exit.Done {
		t.Fatalf("exit %d", code)
	}
	small := plans()
	code, first := play("xs_sml")
	if code != exit.Failed || len(first) != 1 || plans() != small {
		t.Fatalf("without consent: exit %d, needs %+v, there is %s", code, first, plans())
	}
	other := first[0]
	other.Object = `add-on "three"`
	if code, needs := play("xs_sml", other); code != exit.Failed || plans() != small || !slices.Equal(needs, first) {
		t.Errorf("with consent to another: exit %d, needs %+v, there is %s", code, needs, plans())
	}
	code, second := play("xs_sml", first...)
	if code != exit.Failed || strings.Count(plans(), " xs_sml") != 1 || len(second) != 1 || second[0] == first[0] {
		t.Errorf("with consent to one: exit %d, needs %+v, there is %s", code, second, plans())
	}
	if code, needs := play("xs_sml", second...); code != exit.Done || len(needs) != 0 || plans() != "one xs_sml, two xs_sml" {
		t.Errorf("with consent to the other: exit %d, needs %+v, there is %s", code, needs, plans())
	}
}
