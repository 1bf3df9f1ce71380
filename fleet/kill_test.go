//go:build unix

package fleet_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAPlayFromBeginningToEnd: a schedule is applied, once; a playbook is played now,
// again without a change, and by a check; what it did is on the platform.
func TestAPlayFromBeginningToEnd(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": orders("db", 2), "wrong.yml": "- addon_registr: {}\n"})
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
	if code, out := s.run("run", "shop/site.yml"); code != 0 || !strings.Contains(out, "2 changed") {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if code, out := s.run("run", "shop/site.yml"); code != 0 || !strings.Contains(out, "0 changed") {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if got := strings.Join(s.platform.names(), " "); got != "db-0 db-1" {
		t.Errorf("the platform has %s", got)
	}
	if code, out := s.run("run", "shop/wrong.yml"); code == 0 || !strings.Contains(out, `wrong.yml:1:3: unknown kind "addon_registr"`) {
		t.Errorf("exit %d\n%s", code, out)
	}
	s.eventually(10*time.Second, "status lists them", func() bool {
		code, out := s.run("status")
		return code == 0 && strings.Contains(out, "shop/site.yml") && strings.Contains(out, "shop/site.yml (check)")
	})
	if code, out := s.run("logs", "shop/site.yml"); code != 0 || !strings.Contains(out, "db-0") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestAKilledWorkerIsTakenOver: with four plays under way their worker is killed. Each
// is played again elsewhere within 15 seconds, nothing is lost, and nothing is there
// twice.
func TestAKilledWorkerIsTakenOver(t *testing.T) {
	s := newStage(t)
	files, want := map[string]string{}, []string{}
	for i := range 4 {
		name := fmt.Sprintf("p%d", i)
		files[name+".yml"] = orders(name, 20)
		for j := range 20 {
			want = append(want, fmt.Sprintf("%s-%d", name, j))
		}
	}
	s.commit(files)
	s.declare("  []\n")
	first := s.worker("first", 4)
	fleet := s.fleet()
	var ids []string
	for i := range 4 {
		j := job(fmt.Sprintf("p%d.yml", i))
		j.Lanes = []string{fmt.Sprintf("lane-%d", i)} // so that they are under way at once
		id, err := fleet.Start(context.Background(), j)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	s.eventually(time.Minute, "four plays are under way", func() bool {
		begun := map[string]bool{}
		for _, name := range s.platform.names() {
			play, _, _ := strings.Cut(name, "-")
			begun[play] = true
		}
		return len(begun) == 4
	})
	if n := len(s.platform.names()); n == len(want) {
		t.Fatal("they have ended already")
	}
	kill(first)
	killed := time.Now()
	s.worker("second", 4)
	before := s.platform.countWrites()
	s.eventually(15*time.Second, "somebody goes on", func() bool { return s.platform.countWrites() > before+1 })
	t.Logf("the first write of the successor came after %v", time.Since(killed).Round(100*time.Millisecond))
	for _, id := range ids {
		if o := s.outcome(fleet.Client, id); o.Exit != 0 || o.Worker != "second" {
			t.Errorf("%s: %+v", id, o)
		}
	}
	slices.Sort(want)
	if got := s.platform.names(); !slices.Equal(got, want) {
		t.Errorf("the platform has %d add-ons, want %d: %v", len(got), len(want), got)
	}
}

// TestAWorkerDrains: one that is to end stops what it plays, which another takes
// over within five seconds.
func TestAWorkerDrains(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": orders("db", 30)})
	s.declare("  []\n")
	first := s.worker("first", 1)
	fleet := s.fleet()
	id, err := fleet.Start(context.Background(), job("site.yml"))
	if err != nil {
		t.Fatal(err)
	}
	s.eventually(time.Minute, "it is under way", func() bool { return len(s.platform.names()) > 2 })
	s.worker("second", 1)
	if err := syscall.Kill(first.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	if err := first.Wait(); err != nil {
		t.Errorf("the worker ended with %v", err)
	}
	n := len(s.platform.names())
	s.eventually(5*time.Second, "another goes on", func() bool { return len(s.platform.names()) > n })
	t.Logf("another went on after %v", time.Since(stopped).Round(100*time.Millisecond))
	if o := s.outcome(fleet.Client, id); o.Exit != 0 || o.Worker != "second" {
		t.Errorf("%+v", o)
	}
	if got := s.platform.names(); len(got) != 30 {
		t.Errorf("%d add-ons: %v", len(got), got)
	}
}

// TestOneLanePlaysOneAtATime: many who start the same owner's plays at once never
// overlap.
func TestOneLanePlaysOneAtATime(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": orders("db", 1), "other.yml": orders("other", 1)})
	s.declare("  []\n")
	s.worker("one", 4)
	s.worker("two", 4)
	fleet := s.fleet()
	var ids []string
	for i := range 20 {
		j := job([]string{"site.yml", "other.yml"}[i%2])
		id, err := fleet.Start(context.Background(), j)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		time.Sleep(2 * time.Millisecond) // ids are by the millisecond
	}
	type span struct{ from, to time.Time }
	var spans []span
	for _, id := range ids {
		o := s.outcome(fleet.Client, id)
		if o.Exit != 0 {
			t.Errorf("%s: %+v", id, o)
		}
		spans = append(spans, span{o.Began, o.Began.Add(o.Took)})
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from.Before(spans[i-1].to) {
			t.Errorf("a play began %v before the one before it had ended", spans[i-1].to.Sub(spans[i].from))
		}
	}
	if got := strings.Join(s.platform.names(), " "); got != "db-0 other-0" {
		t.Errorf("the platform has %s", got)
	}
}

// TestALaneThatIsTerminatedGoesOn: whoever terminates workflows from outside stops no
// lane for longer than 15 seconds, and nothing is done twice.
func TestALaneThatIsTerminatedGoesOn(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"long.yml": orders("long", 25), "next.yml": orders("next", 1)})
	s.declare("  []\n")
	s.worker("one", 4)
	fleet := s.fleet()
	start := func(playbook string) string {
		j := job(playbook)
		j.Lanes = []string{"lane"}
		id, err := fleet.Start(context.Background(), j)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	long := start("long.yml")
	s.eventually(time.Minute, "it is under way", func() bool { return len(s.platform.names()) > 2 })
	next := start("next.yml")
	if err := fleet.Client.TerminateWorkflow(context.Background(), "lane/lane", "", "a test"); err != nil {
		t.Fatal(err)
	}
	terminated := time.Now()
	n := len(s.platform.names())
	s.eventually(30*time.Second, "the lane goes on", func() bool { return len(s.platform.names()) > n+3 })
	t.Logf("it went on after %v", time.Since(terminated).Round(100*time.Millisecond))
	// A play that is terminated gives its place to the next.
	if err := fleet.Client.TerminateWorkflow(context.Background(), long, "", "a test"); err != nil {
		t.Fatal(err)
	}
	terminated = time.Now()
	if o := s.outcome(fleet.Client, next); o.Exit != 0 {
		t.Errorf("%+v", o)
	}
	if took := time.Since(terminated); took > 30*time.Second {
		t.Errorf("the next one was played after %v", took)
	}
	names := s.platform.names()
	if dup := len(names) - len(slices.Compact(slices.Clone(names))); dup > 0 {
		t.Errorf("%d add-ons are there twice: %v", dup, names)
	}
}
