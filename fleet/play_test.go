//go:build unix

package fleet_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"runner/fleet/control"
	"runner/fleet/flow"
)

// TestAPlayFromBeginningToEnd: a schedule is applied, once; a playbook is played now,
// again without a change, and by a check; what it did is on the platform.
func TestAPlayFromBeginningToEnd(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": orders(organisation(0), "db", 2)})
	s.declare("  - {project: shop, files: \"*.yml\", every: 6h, drift: 6h}\n")
	if code, out := s.run("apply", "--check"); code != 3 || !strings.Contains(out, "+ create play/shop/site.yml every 6h") {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if code, out := s.run("apply"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	s.eventually(10*time.Second, "a second apply has nothing to do", func() bool {
		code, out := s.run("apply", "--check")
		return code == 0 && strings.Contains(out, "0 to create, 0 to update, 0 to delete")
	})
	s.worker("one", 2)
	code, out := s.run("run", "--check", "shop/site.yml")
	if code != 3 || len(s.platform.names()) != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	for _, want := range []string{"2 changed", "0 changed"} {
		if code, out := s.run("run", "shop/site.yml"); code != 0 || !strings.Contains(out, want) {
			t.Fatalf("exit %d, want %s\n%s", code, want, out)
		}
	}
	if got := strings.Join(s.platform.names(), " "); got != "db-0 db-1" {
		t.Errorf("the platform has %s", got)
	}
	s.eventually(10*time.Second, "status lists it", func() bool {
		code, out := s.run("status")
		return code == 0 && strings.Contains(out, "shop/site.yml")
	})
	if code, out := s.run("logs", "shop/site.yml"); code != 0 || !strings.Contains(out, "db-0") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestAnInterruptedRunGoesOn: Ctrl-C of run ends the waiting and not the play, and says so.
func TestAnInterruptedRunGoesOn(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": orders(organisation(0), "db", 10)})
	s.declare("  []\n")
	s.worker("one", 1)
	c := exec.Command(s.program, "--file", s.settings, "run", "shop/site.yml")
	var out strings.Builder
	c.Env, c.Stdout, c.Stderr = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}, &out, &out
	s.start(c)
	s.eventually(time.Minute, "it is under way", func() bool { return len(s.platform.names()) > 1 })
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 || !strings.Contains(out.String(), "the play goes on; this ends it: runner fleet cancel play/shop/site.yml/") {
		t.Errorf("exit %d\n%s", code, out.String())
	}
	s.eventually(time.Minute, "it has gone on", func() bool { return len(s.platform.names()) == 10 })
}

// TestLogsInABucket: what a worker played can be read where neither its disk nor it is.
func TestLogsInABucket(t *testing.T) {
	s := newStage(t)
	backend := s3mem.New()
	if err := backend.CreateBucket("acme"); err != nil {
		t.Fatal(err)
	}
	cellar := httptest.NewServer(gofakes3.New(backend).Server())
	defer cellar.Close()
	s.secrets["cellar.env"] = "CELLAR_ADDON_KEY_ID=id\nCELLAR_ADDON_KEY_SECRET=not-a-secret\n"
	s.end = fmt.Sprintf("logs: {bucket: acme, credentials: cellar, endpoint: %q, prefix: fleet/}\n", cellar.URL)
	s.commit(map[string]string{"site.yml": orders(organisation(0), "db", 2)})
	s.declare("  []\n")
	s.write(filepath.Join(s.dir, "worker", "secrets", "cellar.env"), s.secrets["cellar.env"])
	one := s.worker("one", 1)
	if code, out := s.run("run", "shop/site.yml"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if left, err := filepath.Glob(filepath.Join(one.dir, "worker", "logs", "*.jsonl")); err != nil || len(left) > 0 {
		t.Errorf("on the worker's disk there are %v, %v", left, err)
	}
	if code, out := s.run("logs", "--follow", "shop/site.yml"); code != 0 || !strings.Contains(out, "db-1") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestBadInputIsReported: what another attempt does not mend ends a play at once, with an
// exit code as runner play has it and a message without what is wrapped around it.
func TestBadInputIsReported(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{
		"site.yml":  orders(organisation(0), "db", 1),
		"wrong.yml": "- addon_registr: {}\n- addon_register: {plam: x}\n",
		"fails.yml": "- fail: {msg: \"no way\"}\n",
	})
	s.worker("one", 2)
	lacks := s.newMachine("lacks", s.server.address, s.platform.gateway("lacks", "127.0.0.1:0"))
	if err := os.Remove(filepath.Join(lacks.dir, "worker", "secrets", "shop.env")); err != nil {
		t.Fatal(err)
	}
	s.launchFor(lacks, s.program, "bare", 1)
	fleet := s.fleet()
	for name, c := range map[string]struct {
		job  flow.Job
		want flow.Outcome
	}{
		"a playbook that is not there":     {job("none.yml"), flow.Outcome{Exit: 4, Message: "shop/none.yml: no such file"}},
		"a playbook that does not compile": {job("wrong.yml"), flow.Outcome{Exit: 4, Message: "shop/wrong.yml:1:3: unknown task kind \"addon_registr\"; did you mean \"addon_register\"?\nshop/wrong.yml:2:3: addon_register needs provider"}},
		"a ref that is gone":               {flow.Job{Project: "shop", Playbook: "site.yml", Ref: "gone", Queue: "shop"}, flow.Outcome{Exit: 4, Message: s.repo + ` has no branch, tag or commit "gone"`}},
		"an unknown project":               {flow.Job{Project: "shoe", Playbook: "site.yml", Ref: "main", Queue: "shop"}, flow.Outcome{Exit: 1, Message: `the settings of worker one know no project "shoe"`}},
		"a task that fails":                {job("fails.yml"), flow.Outcome{Exit: 2, Message: "shop/fails.yml:1:15: no way"}},
		"a secret that lacks":              {flow.Job{Project: "shop", Playbook: "site.yml", Ref: "main", Queue: "bare"}, flow.Outcome{Exit: 5, Message: "on the machine of worker lacks: the secret file " + filepath.Join(lacks.dir, "worker", "secrets", "shop.env") + " is missing: create it, for its owner alone (chmod 600)"}},
	} {
		t.Run(name, func(t *testing.T) {
			id := s.play(fleet, c.job)
			o, err := fleet.Wait(t.Context(), id, func(flow.State) {})
			if err != nil || o.Exit != c.want.Exit || !strings.HasPrefix(o.Message, c.want.Message) {
				t.Errorf("got exit %d and %q, want exit %d and %q; %v", o.Exit, o.Message, c.want.Exit, c.want.Message, err)
			}
		})
	}
	code, out := s.run("run", "shop/wrong.yml")
	if code != 4 || !strings.Contains(out, "shop/wrong.yml:1:3: unknown task kind") || strings.Contains(out, "type:") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// replaced is a playbook of databases of a plan; another plan needs them to be migrated.
func replaced(plan string, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "- addon_register: {name: %s, provider: pg, details: {plan: %s}, organisation: %q}\n", name, plan, organisation(0))
	}
	return b.String()
}

// plans returns the databases with their plans.
func (p *platform) plans() string {
	var all []string
	for _, a := range p.Addons(organisation(0)) {
		all = append(all, a.Name+" "+a.Plan.Slug)
	}
	return strings.Join(all, ", ")
}

// awaitConsent waits until a play waits for consent to some objects.
func (s *stage) awaitConsent(fleet *control.Fleet, id string, objects ...string) flow.State {
	s.t.Helper()
	var state flow.State
	s.eventually(30*time.Second, "it waits for consent to "+strings.Join(objects, ", "), func() bool {
		var err error
		state, err = fleet.State(s.t.Context(), id)
		if err != nil || state.Phase != flow.Waiting || len(state.Needs) != len(objects) {
			return false
		}
		for i, object := range objects {
			if !strings.Contains(state.Needs[i].Object, object) {
				return false
			}
		}
		return true
	})
	return state
}

// TestConsentIsForWhatWasShown: all that needs consent is asked for at once, before
// anything is changed. What changed since the approval is asked for again; what was
// approved is done, and nothing else.
func TestConsentIsForWhatWasShown(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": replaced("xxs_sml", "one", "two")})
	s.worker("one", 2)
	fleet := s.fleet()
	if o := s.outcome(fleet.Client, s.play(fleet, job("site.yml"))); o.Exit != 0 {
		t.Fatalf("%+v", o)
	}
	small := s.platform.plans()
	s.commit(map[string]string{"site.yml": replaced("xs_sml", "new", "one", "two")})
	j := job("site.yml")
	j.Approve = []string{"delete", "replace", "migrate"}
	id := s.play(fleet, j)
	s.awaitConsent(fleet, id, `"one"`, `"two"`)
	if got := s.platform.plans(); got != small {
		t.Fatalf("before the consent there is %s", got)
	}
	// The world changes before the consent: a third is there, and of the wrong plan.
	third := job("third.yml")
	s.commit(map[string]string{"third.yml": replaced("xxs_sml", "new")})
	if o := s.outcome(fleet.Client, s.play(fleet, third)); o.Exit != 0 {
		t.Fatalf("%+v", o)
	}
	before := s.platform.plans()
	if code, out := s.run("approve", id); code != 0 || !strings.Contains(out, `"one"`) || !strings.Contains(out, `"two"`) {
		t.Fatalf("exit %d\n%s", code, out)
	}
	s.awaitConsent(fleet, id, `"new"`)
	if got := s.platform.plans(); got != before {
		t.Fatalf("before the second consent there is %s, was %s", got, before)
	}
	if code, out := s.run("approve", id); code != 0 || !strings.Contains(out, `"new"`) {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if o := s.outcome(fleet.Client, id); o.Exit != 0 {
		t.Errorf("%+v", o)
	}
	if got := s.platform.plans(); strings.Count(got, " xs_sml") != 3 {
		t.Errorf("the platform has %s", got)
	}
	// What is denied is not done.
	s.commit(map[string]string{"site.yml": replaced("s_sml", "one")})
	id = s.play(fleet, j)
	s.awaitConsent(fleet, id, `"one"`)
	if code, out := s.run("deny", id); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	o, err := fleet.Wait(t.Context(), id, func(flow.State) {})
	if err != nil || o.Exit != 2 || !strings.HasPrefix(o.Message, "denied by ") {
		t.Errorf("%+v, %v", o, err)
	}
	if got := s.platform.plans(); strings.Count(got, " xs_sml") != 3 {
		t.Errorf("the platform has %s", got)
	}
}

// TestACancelledPlayEnds: what is under way is finished, nothing more is begun, and what
// was done is known; one that only waits never begins.
func TestACancelledPlayEnds(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"long.yml": orders(organisation(0), "long", 100), "next.yml": orders(organisation(0), "next", 1), "last.yml": orders(organisation(0), "last", 1)})
	s.worker("one", 2)
	fleet := s.fleet()
	long := s.play(fleet, job("long.yml"))
	s.eventually(30*time.Second, "it is under way", func() bool { return len(s.platform.names()) > 2 })
	next, last := s.play(fleet, job("next.yml")), s.play(fleet, job("last.yml"))
	for _, id := range []string{next, long} {
		if code, out := s.run("cancel", id); code != 0 {
			t.Fatalf("exit %d\n%s", code, out)
		}
	}
	for _, id := range []string{next, long} {
		o, err := fleet.Wait(t.Context(), id, func(flow.State) {})
		if err != nil || o.Exit != 130 || o.Message != "cancelled" || (id == long) != (o.Log != "") {
			t.Errorf("%s: %+v, %v", id, o, err)
		}
	}
	if o := s.outcome(fleet.Client, last); o.Exit != 0 {
		t.Errorf("%+v", o)
	}
	got := strings.Join(s.platform.names(), " ")
	if n := strings.Count(got, "long-"); n == 100 || strings.Contains(got, "next-0") || !strings.Contains(got, "last-0") {
		t.Errorf("the platform has %s", got)
	}
}

// TestAFullDiskIsReported: a worker that cannot write its log says so, and goes on.
func TestAFullDiskIsReported(t *testing.T) {
	s := newStage(t)
	m := s.newMachine("full", s.server.address, s.platform.gateway("full", "127.0.0.1:0"))
	mount := filepath.Join(m.dir, "worker")
	secret := filepath.Join(mount, "secrets", "shop.env")
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "none", mount).CombinedOutput(); err != nil {
		t.Skipf("there is no small disk to be had: %s", out)
	}
	t.Cleanup(func() { _ = syscall.Unmount(mount, syscall.MNT_DETACH) })
	s.write(secret, emulatorCredentials)
	s.commit(map[string]string{"site.yml": orders(organisation(0), "db", 1)})
	s.launch(m, s.program, 1)
	fleet := s.fleet()
	if o := s.outcome(fleet.Client, s.play(fleet, job("site.yml"))); o.Exit != 0 {
		t.Fatalf("%+v", o)
	}
	filler := filepath.Join(mount, "filler")
	_ = os.WriteFile(filler, make([]byte, 4<<20), 0o600)
	o, err := fleet.Wait(t.Context(), s.play(fleet, job("site.yml")), func(flow.State) {})
	if err != nil || o.Exit == 0 || !strings.Contains(o.Message, "no space left on device") {
		t.Errorf("%+v, %v", o, err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if o := s.outcome(fleet.Client, s.play(fleet, job("site.yml"))); o.Exit != 0 {
		t.Errorf("%+v", o)
	}
}

// TestAWrongCodecKeyIsReported: who has other keys than the rest of the fleet learns of it
// before anything is started, and nothing is lost.
func TestAWrongCodecKeyIsReported(t *testing.T) {
	s := newStage(t)
	keys := filepath.Join(s.dir, "codec.keys")
	s.more = fmt.Sprintf(", codec_key_file: %q", keys)
	s.declare("  []\n")
	s.write(keys, "k1 "+strings.Repeat("1", 64)+"\n")
	s.commit(map[string]string{"site.yml": orders(organisation(0), "db", 1)})
	s.worker("one", 1)
	run := func(what string, code int, want string) {
		t.Helper()
		if got, out := s.run("run", "shop/site.yml"); got != code || !strings.Contains(out, want) {
			t.Errorf("%s: exit %d\n%s", what, got, out)
		}
	}
	run("the right key", 0, "1 changed")
	s.eventually(30*time.Second, "the server lists the play", func() bool {
		_, out := s.run("status")
		return strings.Contains(out, "shop/site.yml")
	})
	s.write(keys, "k2 "+strings.Repeat("2", 64)+"\n")
	run("another key", 1, `the plays of the fleet cannot be read: it was encrypted with the key "k1", which is not in `+keys+`: add its line from a machine that has it; codec_key_file`)
	s.write(keys, "k1 "+strings.Repeat("2", 64)+"\n")
	run("another key of the same name", 1, "it was encrypted with another key than "+keys+` has as "k1"`)
	s.more = ""
	s.declare("  []\n")
	run("no key", 1, "codec_key_file")
	s.more = fmt.Sprintf(", codec_key_file: %q", keys)
	s.declare("  []\n")
	s.write(keys, "k2 "+strings.Repeat("2", 64)+"\nk1 "+strings.Repeat("1", 64)+"\n")
	if code, out := s.run("status"); code != 0 || !strings.Contains(out, "shop/site.yml") {
		t.Errorf("with both keys: exit %d\n%s", code, out)
	}
}
