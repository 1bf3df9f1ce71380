package playbooks

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/engine"
)

type login struct {
	nothing
	User string `arg:"user"`
	Auth struct {
		Key      string `arg:"key" secret:"true"`
		Token    string `arg:"token" secret:"true"`
		Password string `arg:"password" alias:"pass" secret:"true"`
	} `arg:"auth"`
}

func lintOptions(lint bool) Options {
	opt := options()
	opt.Lint, opt.Kinds = lint, append(opt.Kinds, engine.Kind{Name: "login", New: func() engine.Task { return new(login) }})
	return opt
}

// Each file in testdata/lint says in WARN comments what it is warned about; see
// TestBadPlaybooks.
func TestLint(t *testing.T) {
	files, err := filepath.Glob("testdata/lint/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			program, problems := Load([]string{file}, lintOptions(true))
			if program == nil {
				t.Error("no program was made of it")
			}
			want := expectations(file, string(text))
			if diff := cmp.Diff(lines(want), reported(problems, want)); diff != "" {
				t.Errorf("warnings (-expected +reported):\n%s", diff)
			}
		})
	}
}

// Whoever plays is reported only what may not do what was meant.
func TestWarningsOnRequest(t *testing.T) {
	const text = `- login: {auth: {key: plain}}
  register: unused
  when: "{{ true }}"
`
	for lint, want := range map[bool]string{false: "no-jinja-when", true: "name[missing] plain-secret unused-register no-jinja-when"} {
		_, problems := Parse("site.yml", []byte(text), lintOptions(lint))
		var rules []string
		for _, p := range problems {
			rules = append(rules, p.Rule)
		}
		if got := strings.Join(rules, " "); got != want {
			t.Errorf("lint %v: reported %s, want %s", lint, got, want)
		}
	}
}

// Every warning comes from a rule that is explained.
func TestRulesAreExplained(t *testing.T) {
	text, err := os.ReadFile("testdata/lint/everything.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, problems := Parse("everything.yml", []byte(strings.ReplaceAll(string(text), "noqa", "")), lintOptions(true))
	met := map[string]bool{}
	for _, p := range problems {
		met[p.Rule] = true
		if !slices.ContainsFunc(Rules(), func(r Rule) bool { return r.Name == p.Rule && r.Doc != "" }) {
			t.Errorf("%v comes from %q, which is no rule", p, p.Rule)
		}
	}
	for _, r := range Rules() {
		if !met[r.Name] {
			t.Errorf("nothing earns a warning of %s", r.Name)
		}
	}
}
