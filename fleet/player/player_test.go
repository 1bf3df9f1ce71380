package player_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/temporal"

	"runner/clever/emulator"
	"runner/cmd/exit"
	"runner/fleet/flow"
	"runner/fleet/player"
	"runner/fleet/settings"
	"runner/fleet/worker"
)

const credentials = "CLEVER_TOKEN=emulator-token\nCLEVER_SECRET=emulator-token-secret\nOAUTH_CONSUMER_KEY=emulator-consumer\nOAUTH_CONSUMER_SECRET=emulator-consumer-secret\n"

// A machine is that of a worker, with the emulator as the platform.
type machine struct {
	*emulator.Emulator
	t      *testing.T
	player player.Player
	url    string
	folder string // of the project
	env    map[string]string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	e, err := emulator.New(emulator.Options{Strict: true, Owners: []string{"acme"}})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{Emulator: e, t: t, folder: t.TempDir(), env: map[string]string{"PATH": os.Getenv("PATH")}}
	m.player = player.Player{State: t.TempDir(), Secrets: t.TempDir(), Getenv: func(name string) string { return m.env[name] }}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	m.url = server.URL
	m.secret("shop.env", credentials, 0o600)
	return m
}

// secret writes a file of the folder of secrets.
func (m *machine) secret(name, text string, mode os.FileMode) {
	m.t.Helper()
	path := filepath.Join(m.player.Secrets, name)
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
		m.t.Fatal(err)
	}
}

// playing returns a playbook's play.
func (m *machine) playing(text string) worker.Playing {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.folder, "site.yml"), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return worker.Playing{
		Job: flow.Job{Project: "shop", Playbook: "site.yml"}, Worker: "one",
		Settings: settings.Project{Credentials: "shop", Endpoint: m.url}, Folder: m.folder, Log: filepath.Join(m.t.TempDir(), "run.jsonl"),
	}
}

// plans returns the add-ons that there are, with their plans.
func (m *machine) plans() string {
	var all []string
	for _, a := range m.Addons(m.User()) {
		all = append(all, a.Name+" "+a.Plan.Slug)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

const order = "- addon_register: {name: db, provider: pg, details: {plan: dev}}\n"

// TestWhatComesOfAPlay: each exit code, with what is counted, what is said of it, and what
// is on the platform afterwards.
func TestWhatComesOfAPlay(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		playbook string
		change   func(m *machine, w *worker.Playing)
		ctx      context.Context //nolint:containedctx // of a case
		want     flow.Outcome
		plans    string
	}{
		"it changes something":  {playbook: order, want: flow.Outcome{Counts: map[string]int{"ok": 1, "changed": 1}}, plans: "db dev"},
		"it changes nothing":    {playbook: "- debug: {msg: hello}\n", want: flow.Outcome{Counts: map[string]int{"ok": 1}}},
		"a check has something": {playbook: order, change: func(_ *machine, w *worker.Playing) { w.Check = true }, want: flow.Outcome{Exit: exit.ToDo, Counts: map[string]int{"ok": 1, "changed": 1}}},
		"a check has nothing":   {playbook: "- debug: {msg: hello}\n", change: func(_ *machine, w *worker.Playing) { w.Check = true }, want: flow.Outcome{Counts: map[string]int{"ok": 1}}},
		"a task fails": {playbook: order + "- fail: {msg: no way}\n- debug: {msg: never}\n",
			want: flow.Outcome{Exit: exit.Failed, Counts: map[string]int{"ok": 1, "changed": 1, "failures": 1, "blocked": 1}, Message: "shop/site.yml:2:15: no way"}, plans: "db dev"},
		"a failure that is passed over": {playbook: "- fail: {msg: no way}\n  ignore_errors: true\n", want: flow.Outcome{Counts: map[string]int{"ok": 1, "ignored": 1}}},
		"a failure that is passed over, and one that is not": {playbook: "- fail: {msg: passed over}\n  ignore_errors: true\n- fail: {msg: no way}\n",
			want: flow.Outcome{Exit: exit.Failed, Message: "shop/site.yml:3:15: no way"}},
		"it does not compile":      {playbook: "- addon_registr: {}\n- addon_register: {plam: x}\n", want: flow.Outcome{Exit: exit.Playbook, Message: "shop/site.yml:1:3: unknown task kind \"addon_registr\"; did you mean \"addon_register\"?\nshop/site.yml:2:3: addon_register needs provider"}},
		"it is not there":          {playbook: order, change: func(_ *machine, w *worker.Playing) { w.Playbook = "none.yml" }, want: flow.Outcome{Exit: exit.Playbook, Message: "shop/none.yml: no such file"}},
		"a risk that there is not": {playbook: order, change: func(_ *machine, w *worker.Playing) { w.Allow = []string{"replac"} }, want: flow.Outcome{Exit: exit.Usage, Message: `--allow knows no "replac"`}},
		"credentials that the platform refuses": {playbook: order, change: func(m *machine, _ *worker.Playing) {
			m.secret("shop.env", strings.Replace(credentials, "emulator-token-secret", "another", 1), 0o600)
		},
			want: flow.Outcome{Exit: exit.Credentials, Message: "the platform refused"}},
		"it is interrupted": {playbook: order, ctx: ended, want: flow.Outcome{Exit: exit.Interrupted}},
		"it may not write": {playbook: order, change: func(_ *machine, w *worker.Playing) {
			w.MayWrite = func() error { return errors.New("the lease has ended") }
		}, want: flow.Outcome{Exit: exit.Failed, Message: "the lease has ended"}},
		"it takes too long": {playbook: "- pause: {seconds: 60}\n- debug: {msg: never}\n", change: func(_ *machine, w *worker.Playing) { w.Timeout = 50 * time.Millisecond },
			want: flow.Outcome{Exit: exit.Failed, Message: "after 50ms nothing more was started"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			w := m.playing(c.playbook)
			if c.change != nil {
				c.change(m, &w)
			}
			ctx := t.Context()
			if c.ctx != nil {
				ctx = c.ctx
			}
			o := m.player.Play(ctx, w)
			for name, n := range o.Counts {
				if n == 0 {
					delete(o.Counts, name)
				}
			}
			if o.Exit != c.want.Exit || c.want.Counts != nil && !cmp.Equal(o.Counts, c.want.Counts) || !strings.Contains(o.Message, c.want.Message) || strings.Contains(o.Message, "passed over") || (o.Message == "") == o.Failed() {
				t.Errorf("%+v", o)
			}
			if got := m.plans(); got != c.plans {
				t.Errorf("there is %q, want %q", got, c.plans)
			}
			if left, err := filepath.Glob(w.Log + "?*"); err != nil || len(left) > 0 {
				t.Errorf("beside the log there is %v, %v", left, err)
			}
		})
	}
}

// replaced are two databases that a change of the plan replaces.
func replaced(plan string) string {
	return strings.ReplaceAll("- addon_register: {name: one, provider: pg, details: {plan: PLAN}}\n- addon_register: {name: two, provider: pg, details: {plan: PLAN}}\n", "PLAN", plan)
}

// TestConsentIsForJustWhatWasShown: all that a play needs is asked for at once, and as long
// as not all of it is approved nothing is changed, by whatever else there is consent to.
func TestConsentIsForJustWhatWasShown(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if o := m.player.Play(t.Context(), m.playing(replaced("xxs_sml"))); o.Exit != exit.Done {
		t.Fatalf("%+v", o)
	}
	w := m.playing("- addon_register: {name: new, provider: pg, details: {plan: dev}}\n" + replaced("xs_sml"))
	w.Approve = []string{"migrate", "replace", "delete"}
	before := m.plans()
	first := m.player.Play(t.Context(), w)
	if len(first.Needs) != 2 || first.Exit != exit.Failed || first.Message != flow.ConsentMessage(first.Needs) {
		t.Fatalf("%+v", first)
	}
	other := first.Needs[0]
	other.Object = `add-on "three"`
	worse := first.Needs[1]
	worse.Action = "delete"
	for what, approved := range map[string][]flow.Change{
		"nothing": nil, "one of two": first.Needs[:1], "the other": first.Needs[1:],
		"one, and another object": {first.Needs[1], other}, "one, and another action": {first.Needs[0], worse},
	} {
		w.Approved = approved
		o := m.player.Play(t.Context(), w)
		if got := m.plans(); got != before || o.Exit != exit.Failed || len(o.Needs) == 0 {
			t.Errorf("approved is %s: %+v, there is %s", what, o, got)
		}
	}
	w.Approved = first.Needs
	if o := m.player.Play(t.Context(), w); o.Exit != exit.Done || len(o.Needs) > 0 || m.plans() != "new dev, one xs_sml, two xs_sml" {
		t.Errorf("%+v, there is %s", o, m.plans())
	}
}

// TestAPlayWithoutWaitingNeedsConsentToo: where nobody is waited for, a play fails at what
// it may not do, and says what that is.
func TestAPlayWithoutWaitingNeedsConsentToo(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if o := m.player.Play(t.Context(), m.playing(replaced("xxs_sml"))); o.Exit != exit.Done {
		t.Fatalf("%+v", o)
	}
	w := m.playing(replaced("xs_sml"))
	if o := m.player.Play(t.Context(), w); o.Exit != exit.Failed || len(o.Needs) == 0 || strings.Contains(m.plans(), " xs_sml") {
		t.Errorf("%+v, there is %s", o, m.plans())
	}
	w.Allow = []string{"migrate"}
	if o := m.player.Play(t.Context(), w); o.Exit != exit.Done || m.plans() != "one xs_sml, two xs_sml" {
		t.Errorf("%+v, there is %s", o, m.plans())
	}
}

// TestAPlaySeesNothingOfTheWorkersEnvironment: neither by lookups nor in the programs that
// it starts, except PATH; its home is the worker's state.
func TestAPlaySeesNothingOfTheWorkersEnvironment(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it runs env")
	}
	m := newMachine(t)
	for _, name := range []string{"CLEVER_TOKEN", "AWS_SECRET_ACCESS_KEY", "API_HOST", "RUNNER_VAULT_PASSWORD", "ANSIBLE_VAULT_PASSWORD_FILE", "SSH_AUTH_SOCK", "HTTP_PROXY"} {
		m.env[name] = "of the worker"
		t.Setenv(name, "of the worker")
	}
	w := m.playing(`- set_fact: {seen: "{{ lookup('pipe', 'env') }}"}
- assert:
    that:
      - lookup('env', 'AWS_SECRET_ACCESS_KEY') == ''
      - lookup('env', 'CLEVER_TOKEN') == ''
      - lookup('env', 'CI') == 'true'
      - lookup('env', 'PATH') == path
      - lookup('env', 'HOME') == home
      - "'of the worker' not in seen"
      - "('PATH=' ~ path) in seen"
      - "('HOME=' ~ home) in seen"
  vars: {path: ` + m.env["PATH"] + `, home: ` + m.player.State + `}
`)
	w.Allow = []string{"pipe"}
	if o := m.player.Play(t.Context(), w); o.Exit != exit.Done {
		t.Errorf("%+v", o)
	}
}

// TestSecretsThatTheWorkerLacks: a play ends with exit code 5 and says which file, and is
// not tried again.
func TestSecretsThatTheWorkerLacks(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.secret("open.env", credentials, 0o644)
	m.secret("shop.vault", "hidden", 0o600)
	file := func(name string) string {
		return "on the machine of worker one: the secret file " + filepath.Join(m.player.Secrets, name)
	}
	for _, c := range []struct {
		credentials string
		vault       []string
		exit        int
		want        string
	}{
		{"none", nil, exit.Credentials, file("none.env") + " is missing"},
		{"open", nil, exit.Credentials, file("open.env") + " can be used by others than its owner: chmod 600 "},
		{"shop", []string{"shop", "none"}, exit.Credentials, file("none.vault") + " is missing"},
		{"", nil, exit.Usage, "the project names no credentials: write credentials: NAME in fleet.yml"},
	} {
		w := m.playing(order)
		w.Settings.Credentials, w.Settings.Vault = c.credentials, c.vault
		if o := m.player.Play(t.Context(), w); o.Exit != c.exit || !strings.HasPrefix(o.Message, c.want) {
			t.Errorf("%s: %+v", c.credentials, o)
		}
		if o := m.refusal(w); o.Exit != c.exit || !strings.HasPrefix(o.Message, c.want) {
			t.Errorf("%s: its lanes: %+v", c.credentials, o)
		}
	}
	if m.plans() != "" {
		t.Errorf("there is %s", m.plans())
	}
}

// refusal returns why a playbook's lanes cannot be known, for good.
func (m *machine) refusal(w worker.Playing) (o flow.Outcome) {
	m.t.Helper()
	lanes, err := m.player.Lanes(m.t.Context(), w)
	failure, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok || !failure.NonRetryable() || failure.Details(&o) != nil {
		m.t.Errorf("lanes %v, %v", lanes, err)
	}
	return o
}

// TestTheLanesOfAPlaybook are the owners that it names, each once; what another attempt
// does not mend is not tried again, and what it may mend is.
func TestTheLanesOfAPlaybook(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	two := strings.Replace(order, "dev}", "dev}, organisation: "+m.World().Organisations[0].ID, 1)
	w := m.playing(order + two + order)
	lanes, err := m.player.Lanes(t.Context(), w)
	if err != nil || len(lanes) != 2 || lanes[0] == lanes[1] || !strings.HasPrefix(lanes[0], m.url+" ") {
		t.Errorf("%v, %v", lanes, err)
	}
	if m.plans() != "" {
		t.Errorf("there is %s", m.plans())
	}
	if o := m.refusal(m.playing("- addon_registr: {}\n- fail: [\n")); o.Exit != exit.Playbook || !strings.HasPrefix(o.Message, "shop/site.yml:") {
		t.Errorf("%+v", o)
	}
	w = m.playing(order)
	w.Settings.Endpoint = "http://127.0.0.1:1"
	var failure *temporal.ApplicationError
	if lanes, err := m.player.Lanes(t.Context(), w); err == nil || errors.As(err, &failure) {
		t.Errorf("a platform that is away: %v, %v", lanes, err)
	}
}

// TestALogThatCannotBeWritten: nothing goes on that nobody could look up.
func TestALogThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	m := newMachine(t)
	w := m.playing(order + strings.Replace(order, "db", "later", 1))
	if err := os.Symlink("/dev/full", w.Log); err != nil {
		t.Fatal(err)
	}
	o := m.player.Play(t.Context(), w)
	if !o.Failed() || !strings.Contains(o.Message, "no space left on device") || strings.Contains(m.plans(), "later") {
		t.Errorf("%+v, there is %s", o, m.plans())
	}
}

// TestNoSecretIsInAnOutcome: a playbook that fails with the credentials themselves shows
// them neither in its outcome nor in its log.
func TestNoSecretIsInAnOutcome(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	w := m.playing("- fail: {msg: \"{{ lookup('file', '" + filepath.Join(m.player.Secrets, "shop.env") + "') }}\"}\n")
	o := m.player.Play(t.Context(), w)
	log, err := os.ReadFile(w.Log)
	if err != nil {
		t.Fatal(err)
	}
	if o.Exit != exit.Failed || o.Message == "" || strings.Contains(o.Message, "emulator-token-secret") || strings.Contains(string(log), "emulator-token-secret") {
		t.Errorf("%+v\n%s", o, log)
	}
}
