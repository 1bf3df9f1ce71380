//go:build unix

package fleet_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"runner/fleet/flow"
)

// output runs a command of runner fleet and returns its exit code, and what it prints on
// standard output and on standard error.
func (s *stage) output(args ...string) (code int, out, stderr string) {
	s.t.Helper()
	c := exec.Command(s.program, append([]string{"--file", s.settings}, args...)...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
	var o, e strings.Builder
	c.Stdout, c.Stderr = &o, &e
	_ = c.Run()
	return c.ProcessState.ExitCode(), o.String(), e.String()
}

// decoded runs a command with --format json and returns its exit code and what it prints.
func decoded[T any](s *stage, args ...string) (code int, value T) {
	s.t.Helper()
	code, out, stderr := s.output(append(args, "--format", "json")...)
	if err := json.Unmarshal([]byte(out), &value); err != nil {
		s.t.Fatalf("%v: exit %d, %v\n%s%s", args, code, err, out, stderr)
	}
	return code, value
}

type plannedJSON struct {
	Actions   []struct{ Action, Schedule, When string }
	Left      []string
	Schedules int
	Applied   bool
}

// TestEntriesThatOverlap: of entries that match one file the first counts, for each of a
// play and a check; what is planned and what is left is there for programs.
func TestEntriesThatOverlap(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": "", "other.yml": ""})
	s.declare("  - {project: shop, files: site.yml, every: 12h}\n  - {project: shop, files: \"*.yml\", every: 6h, drift: 3h}\n")
	code, plan := decoded[plannedJSON](s, "apply", "--check")
	var got []string
	for _, a := range plan.Actions {
		got = append(got, a.Action+" "+a.Schedule+" "+a.When)
	}
	want := "create drift/shop/other.yml every 3h,create drift/shop/site.yml every 3h,create play/shop/other.yml every 6h,create play/shop/site.yml every 12h"
	if strings.Join(got, ",") != want || code != 3 || plan.Applied || plan.Schedules != 4 {
		t.Errorf("exit %d, %+v", code, plan)
	}
	if code, plan := decoded[plannedJSON](s, "apply"); code != 0 || !plan.Applied || len(plan.Actions) != 4 {
		t.Errorf("exit %d, %+v", code, plan)
	}
	s.declare("  - {project: shop, files: site.yml, every: 12h}\n")
	s.eventually(10*time.Second, "what is declared no more is left", func() bool {
		code, plan := decoded[plannedJSON](s, "apply", "--check")
		return code == 0 && len(plan.Actions) == 0 && strings.Join(plan.Left, " ") == "drift/shop/other.yml drift/shop/site.yml play/shop/other.yml"
	})
	if code, plan := decoded[plannedJSON](s, "apply", "--prune"); code != 0 || len(plan.Actions) != 3 || plan.Actions[0].Action != "delete" || plan.Left != nil {
		t.Errorf("exit %d, %+v", code, plan)
	}
}

// TestNamesOfPlaybooks: one that is not there is refused with a near name, before anything
// is started; so is a pattern that matches nothing, and a ref that is gone.
func TestNamesOfPlaybooks(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": "", "teams/a.yml": "", "teams/extra.yml": ""})
	s.declare("  - {project: shop, files: site.yml, every: 12h}\n  - {project: shop, files: \"teams/[a-c].yml\", every: 6h}\n")
	if code, out := s.run("apply"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	for line, want := range map[string]string{
		"run shop/sit.yml":              `error: there is no playbook shop/sit.yml at main; did you mean "shop/site.yml"?`,
		"run shop/teams/b.yml":          `error: there is no playbook shop/teams/b.yml at main; did you mean "shop/teams/a.yml"?`,
		"run shop/teams/extr.yml":       `error: there is no playbook shop/teams/extr.yml at main; did you mean "shop/teams/extra.yml"?`,
		"run shop/quite/other.yml":      `error: there is no playbook shop/quite/other.yml at main`,
		"run shop/teams":                `error: there is no playbook shop/teams at main`,
		"run shop/../shop/site.yml":     `error: "shop/../shop/site.yml" names no playbook; PROJECT/PATH, such as shop/site.yml`,
		"run shop":                      `error: "shop" names no playbook; PROJECT/PATH, such as shop/site.yml`,
		"run shp/site.yml":              `error: there is no project "shp" in fleet.yml; did you mean "shop"?`,
		"run shop/site.yml --ref v9":    "error: " + s.repo + ` has no branch, tag or commit "v9"`,
		"pause shop/sit.yml":            `error: there is no play and no playbook "shop/sit.yml"; did you mean "shop/site.yml"?`,
		"resume shop/sit.yml":           `error: there is no play and no playbook "shop/sit.yml"; did you mean "shop/site.yml"?`,
		"approve shop/sit.yml":          `error: there is no play and no playbook "shop/sit.yml"; did you mean "shop/site.yml"?`,
		"logs play/shop/site.yml/never": `error: there is no play and no playbook "play/shop/site.yml/never"`,
	} {
		code, out, stderr := s.output(strings.Fields(line)...)
		if code != 1 || out != "" || stderr != want+"\n" {
			t.Errorf("%s: exit %d\n%s%s\nwant %s", line, code, out, stderr, want)
		}
	}
	if code, out := s.run("status"); code != 0 || strings.Contains(out, "play/shop") {
		t.Errorf("something was started: exit %d\n%s", code, out)
	}
	s.declare("  - {project: shop, files: sit.yml, every: 12h}\n  - {project: shop, files: site.yml, ref: v9, every: 6h}\n")
	code, out, stderr := s.output("apply")
	if code != 4 || out != "" || !strings.Contains(stderr, `: no file of shop matches "sit.yml" at main; did you mean "site.yml"?`) || !strings.Contains(stderr, `has no branch, tag or commit "v9"`) {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
}

// TestCommandsForPrograms: flags behind the arguments count, and what commands do is there
// as JSON.
func TestCommandsForPrograms(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": replaced("dev", "db")})
	s.declare("  - {project: shop, files: site.yml, every: 12h, approve: [migrate]}\n")
	if code, out := s.run("apply"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	s.worker("one", 2)
	type result struct {
		ID, Name, Commit, Worker, By string
		Check, Paused, Denied        bool
		Exit                         int
		Counts                       map[string]int
		Changes                      []struct{ Risk, Action, Object string }
		Seconds                      float64
	}
	code, r := decoded[result](s, "run", "shop/site.yml", "--check")
	if code != 3 || r.Exit != 3 || !r.Check || r.Name != "shop/site.yml" || r.Worker != "one" || len(r.Commit) != 40 || r.Counts["changed"] != 1 || r.Seconds <= 0 {
		t.Errorf("exit %d, %+v", code, r)
	}
	if names := s.platform.names(); len(names) != 0 {
		t.Fatalf("a check ordered %v", names)
	}
	code, r = decoded[result](s, "run", "shop/site.yml")
	if code != 0 || r.Exit != 0 || r.Check || !strings.HasPrefix(r.ID, "play/shop/site.yml/") || strings.Join(s.platform.names(), " ") != "db" {
		t.Errorf("exit %d, %+v", code, r)
	}
	if code, r := decoded[result](s, "pause", "shop/site.yml"); code != 0 || !r.Paused || r.Name != "shop/site.yml" {
		t.Errorf("exit %d, %+v", code, r)
	}
	if code, r := decoded[result](s, "resume", "shop/site.yml"); code != 0 || r.Paused || r.Name != "shop/site.yml" {
		t.Errorf("exit %d, %+v", code, r)
	}
	s.commit(map[string]string{"site.yml": replaced("xs_sml", "db")})
	for _, say := range []string{"deny", "approve"} {
		fleet := s.fleet()
		j := job("site.yml")
		j.Approve = []string{"migrate"}
		id := s.play(fleet, j)
		s.eventually(time.Minute, "the play waits", func() bool {
			code, out := s.run("status", "--waiting")
			return code == 0 && strings.Contains(out, id)
		})
		code, r := decoded[result](s, say, id)
		if code != 0 || r.ID != id || r.Denied != (say == "deny") || len(r.Changes) != 1 || r.Changes[0].Risk != "migrate" || !strings.Contains(r.By, "@") {
			t.Errorf("exit %d, %+v", code, r)
		}
		if o, err := fleet.Wait(t.Context(), id, func(flow.State) {}); err != nil || o.Failed() != (say == "deny") {
			t.Errorf("%s: %+v, %v", say, o, err)
		}
	}
}

// TestOutputThatCannotBeWritten: a full disk is an error, a reader that has gone is none
// that is printed.
func TestOutputThatCannotBeWritten(t *testing.T) {
	s := newStage(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	gone, closed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	defer closed.Close()
	for _, c := range []struct {
		out  *os.File
		want string
	}{{full, "error: write /dev/stdout: no space left on device\n"}, {closed, ""}} {
		for _, args := range [][]string{{"status"}, {"status", "--format", "json"}, {"--help"}, {"validate"}} {
			var said strings.Builder
			command := exec.Command(s.program, append([]string{"--file", s.settings}, args...)...)
			command.Stdout, command.Stderr = c.out, &said
			if err := command.Run(); err == nil || command.ProcessState.ExitCode() != 1 || said.String() != c.want {
				t.Errorf("%v: %v\n%s", args, err, said.String())
			}
		}
	}
}

// TestKeysAreReplacedInSchedules: what the old key sealed is sealed anew by apply, so that
// the key can go.
func TestKeysAreReplacedInSchedules(t *testing.T) {
	s := newStage(t)
	keys := filepath.Join(s.dir, "codec.keys")
	s.more = fmt.Sprintf(", codec_key_file: %q", keys)
	s.commit(map[string]string{"site.yml": orders(organisation(0), "db", 1)})
	s.declare("  - {project: shop, files: site.yml, every: 6h, drift: 6h}\n")
	do := func(want string, code int, args ...string) {
		t.Helper()
		if got, out := s.run(args...); got != code || !strings.Contains(out, want) {
			t.Fatalf("%v: exit %d, want %d and %q\n%s", args, got, code, want, out)
		}
	}
	do("and encrypts", 0, "key", "--id", "old")
	do("2 to create", 0, "apply")
	s.eventually(10*time.Second, "all is as declared", func() bool { code, _ := s.run("apply", "--check"); return code == 0 })
	do("and decrypts", 0, "key", "--id", "new")
	do("0 to update", 0, "apply", "--check")
	do("encrypts", 0, "key", "--first", "new")
	do("2 to update", 0, "apply")
	text, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	s.write(keys, line+"\n")
	s.eventually(10*time.Second, "all is as declared without the old key", func() bool { code, _ := s.run("apply", "--check"); return code == 0 })
	handle := s.fleet().Client.ScheduleClient().GetHandle(t.Context(), "play/shop/site.yml")
	if err := handle.Trigger(t.Context(), client.ScheduleTriggerOptions{}); err != nil {
		t.Fatal(err)
	}
	s.worker("one", 1)
	s.eventually(time.Minute, "a schedule plays", func() bool { return strings.Join(s.platform.names(), " ") == "db-0" })
}

// TestARunOutlivesItsServer: who waits for a play goes on waiting when the server dies, and
// learns of its end; that no worker is there yet is said. What came of it is known without a
// worker, too.
func TestARunOutlivesItsServer(t *testing.T) {
	server := newServer(t)
	s := newStageOn(t, server)
	s.commit(map[string]string{"site.yml": orders(organisation(0), "db", 1)})
	c := exec.Command(s.program, "--file", s.settings, "run", "shop/site.yml")
	said := &console{}
	c.Env, c.Stdout, c.Stderr = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}, said, said
	s.start(c)
	s.eventually(30*time.Second, "it says that no worker is there", func() bool {
		return strings.Contains(said.String(), "warning: no worker plays the queue shop: the play waits for one; runner fleet worker --queue shop")
	})
	server.kill()
	server.start(t)
	one := s.worker("one", 1)
	if err := c.Wait(); err != nil || !strings.Contains(said.String(), "exit 0, 1 changed") || strings.Join(s.platform.names(), " ") != "db-0" {
		t.Fatalf("%v\n%s", err, said)
	}
	s.signal(one, syscall.SIGTERM)
	if err := one.Wait(); err != nil {
		t.Error(err)
	}
	id, _, _ := strings.Cut(said.String(), "\n")
	if code, out := s.run("logs", id); code != 0 || !strings.Contains(out, "db-0") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, out := s.run("cancel", id); code != 1 || out != "error: "+id+" has ended already: completed\n" {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, out := s.run("approve", id); code != 1 || out != "error: "+id+" waits for no consent: completed\n" {
		t.Errorf("exit %d\n%s", code, out)
	}
}
