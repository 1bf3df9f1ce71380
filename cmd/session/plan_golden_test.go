package session_test

import (
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever/emulator"
	"runner/cmd/session"
	"runner/cmd/ui"
)

var update = flag.Bool("update", false, "write the golden files anew")

// plannedCases are the changes that a check is to tell of: what there is before, and the
// playbook that is checked.
var plannedCases = map[string]struct{ given, book, allow string }{
	"create":  {"", `- addon_register: {name: db, provider: pg, tags: [shop], details: {plan: xxs_sml, version: 16, region: par}}`, ""},
	"rename":  {`- addon_register: {name: db, provider: pg, details: {plan: dev}}`, `- addon_register: {addon: ID, name: shop-db, provider: pg}`, ""},
	"tag":     {`- addon_register: {name: db, provider: pg, details: {plan: dev}}`, `- addon_register: {name: db, provider: pg, tags: [shop], details: {plan: dev}}`, ""},
	"migrate": {`- addon_register: {name: db, provider: pg, details: {plan: xxs_sml, version: 15}}`, `- addon_register: {name: db, provider: pg, details: {plan: xs_sml, version: 16, region: mtl}}`, ""},
	"replace by option": {`- addon_register: {name: db, provider: pg, details: {plan: xxs_sml}}`,
		`- addon_register: {name: db, provider: pg, details: {plan: xxs_sml, encryption: true}}`, "replace"},
	"replace by provider": {`- addon_register: {name: db, provider: pg, details: {plan: xxs_sml}}`,
		`- addon_register: {addon: ID, name: db, provider: mysql, details: {plan: xxs_sml}}`, ""},
	"remove": {`- addon_register: {name: db, provider: pg, details: {plan: xxs_sml}}`, `- addon_remove: {addon: db}`, ""},
	"prune": {"- hosts: localhost\n  prune: {scope: shop}\n  tasks:\n    - {addon_register: {name: a, provider: pg, details: {plan: dev}}}\n    - {addon_register: {name: b, provider: redis, details: {plan: s_mono}}}",
		"- hosts: localhost\n  prune: {scope: shop}\n  tasks: []", ""},
	"env_file": {"", `- env_file: {dest: app.env, from: {PORT: 5432, PASSWORD: s3cr3t-value}}`, ""},
	"provider update": {`- provider_register: {manifest: MANIFEST, organisation: Example Organisation, short_desc: old, plans: [{name: Small, slug: small, price: 5}]}`,
		`- provider_register: {manifest: MANIFEST, organisation: Example Organisation, short_desc: new, plans: [{name: Small, slug: small, price: 6}]}`, ""},
	"config":           {`- addon_register: {name: settings, provider: config-provider, details: {plan: std}}`, `- addon_config: {addon: settings, vars: {GREETING: hello}}`, ""},
	"loop with no_log": {"", "- addon_register: {name: \"db-{{ item }}\", provider: pg, details: {plan: dev}}\n  loop: [a, b]\n  no_log: \"{{ item == 'b' }}\"", ""},
}

const goldenManifest = `{"id": "tinykv", "name": "Tiny KV", "api": {"config_vars": ["TINYKV_URL"], "regions": ["eu"], "password": "p4ssw0rd-of-tinykv-that-is-long-enough-for-it", "sso_salt": "s4lt-of-tinykv-that-is-long-enough-for-it-too", "production": {"base_url": "https://kv.example.test/clevercloud/resources", "sso_url": "https://kv.example.test/sso"}, "test": {"base_url": "http://localhost:5000/clevercloud/resources", "sso_url": "http://localhost:5000/sso"}}}`

// TestGoldenPlans: action, object, attributes, risk, consent and price of each change are in
// every report of a check.
func TestGoldenPlans(t *testing.T) {
	t.Parallel()
	for name, c := range plannedCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := emulator.New(emulator.Options{Strict: true})
			if err != nil {
				t.Fatal(err)
			}
			m := goldenMachine{t, e, t.TempDir()}
			m.write("manifest.json", goldenManifest)
			if c.given != "" {
				m.play(c.given, func(*session.Spec) {})
			}
			reports := m.play(c.book, func(s *session.Spec) {
				s.Check = true
				if c.allow != "" {
					s.Allow = []string{c.allow}
				}
			})
			for kind, text := range reports {
				m.compare(filepath.Join("testdata", "plan", strings.ReplaceAll(name, " ", "-")+"."+kind), text)
			}
		})
	}
}

// A goldenMachine plays playbooks against an emulator.
type goldenMachine struct {
	t   *testing.T
	e   *emulator.Emulator
	dir string
}

func (m goldenMachine) write(name, text string) {
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// play plays a playbook, and returns its reports.
func (m goldenMachine) play(book string, more func(*session.Spec)) map[string]string {
	m.t.Helper()
	if addons := m.e.Addons(m.e.User()); len(addons) > 0 {
		book = strings.ReplaceAll(book, "ID", addons[0].ID)
	}
	m.write("site.yml", strings.ReplaceAll(book, "MANIFEST", "manifest.json"))
	_, _, token, secret := m.e.Credentials()
	env := map[string]string{"HOME": m.dir, "CLEVER_TOKEN": token, "CLEVER_SECRET": secret, "API_HOST": "http://emulator.invalid"}
	streams := &ui.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Getenv: func(name string) string { return env[name] }}
	spec := session.Default()
	spec.Files, spec.Jobs = []string{filepath.Join(m.dir, "site.yml")}, 1
	kinds := []string{"text", "json", "jsonl", "junit", "markdown"}
	for _, kind := range kinds {
		spec.Reports = append(spec.Reports, kind+"="+filepath.Join(m.dir, "report."+kind))
	}
	more(&spec)
	if err := session.Play(context.Background(), session.World{Streams: streams, Transport: m.e.Transport()}, spec); err != nil {
		text, _ := os.ReadFile(filepath.Join(m.dir, "report.text"))
		m.t.Fatalf("%v\n%s", err, text)
	}
	texts := map[string]string{}
	for _, kind := range kinds {
		texts[kind] = m.plain(read(m.t, filepath.Join(m.dir, "report."+kind)))
	}
	return texts
}

// changing are what differs from run to run.
var changing = []struct {
	pattern *regexp.Regexp
	word    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?`), "TIME"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\d \d\d:\d\d:\d\d, run \d+T\d+-[0-9a-f]{4}`), "TIME, run RUN"},
	{regexp.MustCompile(`time="\d+\.\d+"`), `time="0.000"`},
	{regexp.MustCompile(`in \d+(\.\d+)?(ms|s|µs)`), "in 0s"},
	{regexp.MustCompile(`\| \d+\.\d\d \|\n`), "| 0.00 |\n"},
}

func (m goldenMachine) plain(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, m.dir, "DIR"), strings.ReplaceAll(m.dir, "_", `\_`), "DIR")
	for _, c := range changing {
		text = c.pattern.ReplaceAllString(text, c.word)
	}
	return text
}

func (m goldenMachine) compare(path, got string) {
	m.t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			m.t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(m.t, path), got); diff != "" {
		m.t.Errorf("%s (-want +got): %s", path, diff)
	}
	for _, secret := range []string{"s3cr3t-value", "p4ssw0rd-of-tinykv-that-is-long-enough-for-it"} {
		if strings.Contains(got, secret) {
			m.t.Errorf("%s tells a secret", path)
		}
	}
}
