package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/clever"
	"runner/clever/emulator"
)

// oneOfEach orders an add-on of every provider, by the catalogue.
func oneOfEach(t *testing.T, s *shell, owner string) int {
	t.Helper()
	client, err := clever.New(clever.Config{Endpoint: s.env["API_HOST"], Credentials: clever.Credentials{
		ConsumerKey: s.env["OAUTH_CONSUMER_KEY"], ConsumerSecret: s.env["OAUTH_CONSUMER_SECRET"],
		Token: s.env["CLEVER_TOKEN"], Secret: s.env["CLEVER_SECRET"]}})
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := client.Catalogue(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range catalogue.Providers {
		plan := p.Plans[len(p.Plans)-1]
		_, err := client.Create(t.Context(), owner, clever.CreateRequest{Name: "one of " + p.Name, ProviderID: p.ID,
			Plan: plan.ID, Region: plan.Zones[len(plan.Zones)-1], Options: map[string]string{"encryption": "true"}}, "")
		if err != nil {
			t.Fatal(err)
		}
	}
	return len(catalogue.Providers)
}

func TestImportOfEveryProviderChangesNothing(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{Strict: true})
	n := oneOfEach(t, s, "") + oneOfEach(t, s, e.Organisations()[0])
	oneOfEach(t, s, e.Organisations()[0]) // of each name twice: only ids tell them apart
	book := filepath.Join(s.dir, "imported.yml")
	if code, out, stderr := s.run("import", "--output", book); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	e.ResetJournal()
	code, out, stderr := s.run("play", book)
	if code != 0 || !strings.Contains(out, "changed=0 ") || strings.Count(out, "ok: [localhost]") != n*3/2 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	for _, r := range e.Journal() {
		if !isRead(r.Method) {
			t.Errorf("%s %s", r.Method, r.Path)
		}
	}
	if code, out, stderr := s.run("validate", "--strict", book); code != 0 {
		t.Errorf("validate: exit %d\n%s%s", code, out, stderr)
	}
}

// TestImportedPlaybooksOrder plays what was imported where nothing exists yet.
func TestImportedPlaybooksOrder(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.on(t, emulator.Options{Strict: true})
	n := oneOfEach(t, s, "")
	code, text, stderr := s.run("import")
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	other := newShell(t)
	e := other.on(t, emulator.Options{Strict: true})
	book := other.file(t, "site.yml", text)
	if code, out, stderr := other.run("play", book); code != 0 || len(e.Addons(e.User())) != n {
		t.Fatalf("exit %d, %d add-ons of %d\n%s%s", code, len(e.Addons(e.User())), n, out, stderr)
	}
	again := filepath.Join(other.dir, "again.yml")
	if code, out, stderr := other.run("import", "-o", again); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	got, err := os.ReadFile(again)
	if err != nil || string(got) != text {
		t.Errorf("imported again it is another playbook (%v):\n%s\nfirst\n%s", err, got, text)
	}
}
