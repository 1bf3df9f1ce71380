//go:build bench && linux

package fleet_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"runner/fleet/flow"
)

var (
	benchSchedules = flag.Int("schedules", 10_000, "how many schedules TestManySchedules makes")
	benchEvery     = flag.Duration("every", 15*time.Minute, "how often each of them plays, spread over that time")
	benchMeasure   = flag.Duration("measure", 5*time.Minute, "how long their lateness is measured; 0s: it is not")
	benchPlaybooks = flag.Int("playbooks", 1_000, "how many playbooks TestAnHour plays")
	benchPeriod    = flag.Duration("period", 3*time.Minute, "how often each of them is played; an hour has four of 15 minutes")
	benchPeriods   = flag.Int("periods", 4, "for how many periods")
	benchSlots     = flag.Int("slots", 4, "how many plays each worker plays at a time")
)

// TestManySchedules measures how schedules are created, that a second apply has nothing
// to do, how late they play, and what the server needs for that.
func TestManySchedules(t *testing.T) {
	s := newBench(t, *benchSchedules)
	s.declare(fmt.Sprintf("  - {project: shop, files: \"p/*.yml\", every: %v, jitter: %v}\n", *benchEvery, *benchEvery-time.Second))
	at := s.server.cpu(t)
	took := s.apply(fmt.Sprintf("%d schedules: %d to create, 0 to update, 0 to delete", *benchSchedules, *benchSchedules))
	t.Logf("created %d schedules in %.1f s: %.0f per second; the server took %.2f core", *benchSchedules, took.Seconds(),
		float64(*benchSchedules)/took.Seconds(), (s.server.cpu(t)-at).Seconds()/took.Seconds())
	if took > 2*time.Minute {
		t.Errorf("it took %v, more than 2 minutes", took)
	}
	fleet := s.fleet()
	s.eventually(time.Minute, "all are listed", func() bool { return len(s.schedules(fleet.Client)) == *benchSchedules })
	again := s.apply("0 to create, 0 to update, 0 to delete")
	t.Logf("applied again in %.1f s", again.Seconds())
	if again > 10*time.Second {
		t.Errorf("it took %v, more than 10 seconds", again)
	}
	t.Logf("the server has %d MB", s.server.memory(t)>>20)
	if *benchMeasure == 0 {
		return
	}
	for i := range 3 {
		s.worker(fmt.Sprintf("worker-%d", i), *benchSlots)
	}
	from := next(*benchEvery)
	t.Logf("waiting until %s, when they begin", from.Format(time.TimeOnly))
	time.Sleep(time.Until(from))
	began, cpu := time.Now(), s.server.cpu(t)
	time.Sleep(*benchMeasure)
	cpu = s.server.cpu(t) - cpu
	late := s.lateness(fleet.Client, from)
	if len(late) == 0 {
		t.Fatal("none was played")
	}
	p99 := late[len(late)*99/100]
	t.Logf("%d were started: lateness p50 %v, p99 %v, at most %v; the server: %.2f core, %d MB", len(late), late[len(late)/2].Round(time.Millisecond),
		p99.Round(time.Millisecond), late[len(late)-1].Round(time.Millisecond), cpu.Seconds()/time.Since(began).Seconds(), s.server.memory(t)>>20)
	if p99 > time.Second {
		t.Errorf("p99 of lateness is %v, more than 1 second", p99)
	}
}

// TestAnHour plays an hour's worth of real playbooks, in shortened time, with three
// workers: each is played once a period, and none has a gap of more than one and a half.
func TestAnHour(t *testing.T) {
	s := newBench(t, *benchPlaybooks)
	s.declare(fmt.Sprintf("  - {project: shop, files: \"p/*.yml\", every: %v, jitter: %v}\n", *benchPeriod, *benchPeriod/3))
	s.apply(fmt.Sprintf("%d to create", *benchPlaybooks))
	var workers []*machine
	for i := range 3 {
		workers = append(workers, s.worker(fmt.Sprintf("worker-%d", i), *benchSlots))
	}
	from := next(*benchPeriod)
	to := from.Add(time.Duration(*benchPeriods) * *benchPeriod)
	t.Logf("%d playbooks, every %v, from %s to %s", *benchPlaybooks, *benchPeriod, from.Format(time.TimeOnly), to.Format(time.TimeOnly))
	time.Sleep(time.Until(from))
	began, server := time.Now(), s.server.cpu(t)
	cpus := make([]time.Duration, len(workers))
	for i, w := range workers {
		cpus[i] = cpuOf(t, w.Process.Pid)
	}
	time.Sleep(time.Until(to.Add(*benchPeriod / 4))) // what began late ends
	took := time.Since(began)
	line := fmt.Sprintf("the server: %.2f core, %d MB", (s.server.cpu(t)-server).Seconds()/took.Seconds(), s.server.memory(t)>>20)
	for i, w := range workers {
		line += fmt.Sprintf("; %s: %.2f core, %d MB", w.name, (cpuOf(t, w.Process.Pid)-cpus[i]).Seconds()/took.Seconds(), memoryOf(t, w.Process.Pid)>>20)
	}
	t.Log(line)
	s.once(s.plays(s.fleet().Client), from, to)
	names := s.platform.names()
	if n := len(slices.Compact(slices.Clone(names))); n != *benchPlaybooks || len(names) != n {
		t.Errorf("the platform has %d add-ons of %d names, want %d", len(names), n, *benchPlaybooks)
	}
}

// next returns when the next interval begins: the server counts them from the first of
// January 1970 on.
func next(every time.Duration) time.Time {
	return time.Unix(0, (time.Now().UnixNano()/int64(every)+1)*int64(every))
}

// newBench returns a stage with a server of its own and a repository of n playbooks, each
// of which orders a database for one of a hundred owners.
func newBench(t *testing.T, n int) *stage {
	t.Helper()
	on := &server{address: freeAddress(t), store: newStore(t, t.TempDir())}
	on.start(t, "bench")
	t.Cleanup(on.kill)
	s := newStageOn(t, on)
	s.namespace, s.platform = "bench", newPlatformThinking(t, 20*time.Millisecond)
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("p/%05d.yml", i)] = orders(organisation(i%100), fmt.Sprintf("db-%05d", i), 1)
	}
	s.commit(files)
	return s
}

// apply runs runner fleet apply, and returns how long it took.
func (s *stage) apply(want string) time.Duration {
	s.t.Helper()
	began := time.Now()
	code, out := s.run("apply")
	if code != 0 || !strings.Contains(out, want) {
		s.t.Fatalf("apply: exit %d\n%s", code, out[max(0, len(out)-2000):])
	}
	return time.Since(began)
}

// schedules returns the schedules that there are.
func (s *stage) schedules(c client.Client) (all []*client.ScheduleListEntry) {
	s.t.Helper()
	list, err := c.ScheduleClient().List(context.Background(), client.ScheduleListOptions{PageSize: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	for list.HasNext() {
		entry, err := list.Next()
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, entry)
	}
	return all
}

// lateness returns by how much plays were started after their time, sorted: of those
// whose time came after from.
func (s *stage) lateness(c client.Client, from time.Time) (late []time.Duration) {
	for _, entry := range s.schedules(c) {
		for _, action := range entry.RecentActions {
			if action.ScheduleTime.After(from) {
				late = append(late, action.ActualTime.Sub(action.ScheduleTime))
			}
		}
	}
	slices.Sort(late)
	return late
}

// A played is a play that a schedule started.
type played struct {
	nominal      time.Time // the time that its schedule names, without jitter
	began, ended time.Time
	status       string
}

var scheduledID = regexp.MustCompile(`^play/(.*)-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$`)

// plays returns the plays that schedules started, by playbook.
func (s *stage) plays(c client.Client) map[string][]played {
	s.t.Helper()
	all := map[string][]played{}
	var token []byte
	for first := true; first || len(token) > 0; first = false {
		page, err := c.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: "WorkflowType = '" + flow.PlayWorkflow + "'", PageSize: 1000, NextPageToken: token,
		})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range page.GetExecutions() {
			m := scheduledID.FindStringSubmatch(e.GetExecution().GetWorkflowId())
			if m == nil {
				continue
			}
			nominal, err := time.Parse(time.RFC3339, m[2])
			if err != nil {
				s.t.Fatal(err)
			}
			p := played{nominal: nominal, began: e.GetStartTime().AsTime(), status: e.GetStatus().String()}
			if e.GetCloseTime() != nil {
				p.ended = e.GetCloseTime().AsTime()
			}
			all[m[1]] = append(all[m[1]], p)
		}
		token = page.GetNextPageToken()
	}
	return all
}

// once reports playbooks that were not played exactly once in each period, or whose
// plays ended further apart than one and a half.
func (s *stage) once(plays map[string][]played, from, to time.Time) {
	s.t.Helper()
	if len(plays) != *benchPlaybooks {
		s.t.Errorf("%d playbooks were played, want %d", len(plays), *benchPlaybooks)
	}
	n, widest := 0, time.Duration(0)
	var took []time.Duration
	for name, all := range plays {
		slices.SortFunc(all, func(a, b played) int { return a.nominal.Compare(b.nominal) })
		in := map[time.Time]int{}
		var last time.Time
		for _, p := range all {
			if p.nominal.Before(from) || !p.nominal.Before(to) {
				continue
			}
			n++
			in[p.nominal]++
			if p.status != "Completed" {
				s.t.Errorf("%s of %s: %s", name, p.nominal.Format(time.TimeOnly), p.status)
				continue
			}
			took = append(took, p.ended.Sub(p.began))
			if gap := p.ended.Sub(last); !last.IsZero() && gap > widest {
				widest = gap
			}
			last = p.ended
		}
		for at := from; at.Before(to); at = at.Add(*benchPeriod) {
			if in[at.UTC()] != 1 {
				s.t.Errorf("%s was played %d times in the period of %s", name, in[at.UTC()], at.Format(time.TimeOnly))
			}
		}
	}
	slices.Sort(took)
	if len(took) == 0 {
		s.t.Fatal("none was played")
	}
	s.t.Logf("%d plays in %v: %.1f per second; from start to end p50 %v, p99 %v; the widest gap %.2f periods", n, to.Sub(from),
		float64(n)/to.Sub(from).Seconds(), took[len(took)/2].Round(time.Millisecond), took[len(took)*99/100].Round(time.Millisecond), widest.Seconds()/benchPeriod.Seconds())
	if widest > *benchPeriod*3/2 {
		s.t.Errorf("a playbook was not played for %v, more than one and a half periods", widest)
	}
}

func (s *server) cpu(t *testing.T) time.Duration { return cpuOf(t, s.cmd.Process.Pid) }
func (s *server) memory(t *testing.T) int        { return memoryOf(t, s.cmd.Process.Pid) }

// cpuOf returns the processor time that a process took.
func cpuOf(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ticks := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	hz := 100
	if out, err := exec.Command("getconf", "CLK_TCK").Output(); err == nil {
		hz, _ = strconv.Atoi(strings.TrimSpace(string(out)))
	}
	return time.Duration(ticks) * time.Second / time.Duration(hz)
}

var residentLine = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// memoryOf returns the bytes of memory that a process has.
func memoryOf(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	m := residentLine.FindSubmatch(text)
	if m == nil {
		t.Fatalf("no memory in %s", text)
	}
	kb, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
