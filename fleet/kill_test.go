//go:build unix

package fleet_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"runner/fleet/control"
	"runner/fleet/flow"
)

// several starts n plays, each of count orders for an owner of its own, and waits until
// all are under way on their worker.
func (s *stage) several(fleet *control.Fleet, n, count int) (ids, want []string) {
	s.t.Helper()
	files := map[string]string{}
	for i := range n {
		name := fmt.Sprintf("p%d", i)
		files[name+".yml"] = orders(organisation(i), name, count)
		want = append(want, ordered(name, count)...)
	}
	s.commit(files)
	slices.Sort(want)
	for i := range n {
		ids = append(ids, s.play(fleet, job(fmt.Sprintf("p%d.yml", i))))
	}
	s.eventually(time.Minute, fmt.Sprintf("%d plays are under way", n), func() bool {
		begun := map[string]bool{}
		for _, w := range s.platform.writesOf("", "") {
			begun[w.owner] = true
		}
		return len(begun) == n
	})
	return ids, want
}

// TestAKilledWorkerIsTakenOver: with four plays under way their worker is killed. Each
// is played again elsewhere within 15 seconds, nothing is lost, and nothing is there
// twice.
func TestAKilledWorkerIsTakenOver(t *testing.T) {
	s := newStage(t)
	first := s.worker("first", 4)
	fleet := s.fleet()
	ids, want := s.several(fleet, 4, 40)
	kill(first.Cmd)
	killed := time.Now()
	for i := range ids {
		if writes := s.platform.writesOf(organisation(i), "first"); len(writes) == 0 || len(writes) >= 40 {
			t.Fatalf("play %d was not under way: %v", i, writes)
		}
	}
	s.worker("second", 4)
	s.takenOver(fleet, ids, want, killed, 15*time.Second)
}

// takenOver checks that the second worker plays what was under way at a time to its end,
// and begins soon: no write overlaps another, and the platform has what is wanted.
func (s *stage) takenOver(fleet *control.Fleet, ids, want []string, since time.Time, within time.Duration) {
	s.t.Helper()
	for i, id := range ids {
		if o := s.outcome(fleet.Client, id); o.Exit != 0 || o.Worker != "second" {
			s.t.Errorf("%s: %+v", id, o)
		}
		if wrong := overlaps(s.platform.writesOf(organisation(i), "")); len(wrong) > 0 {
			s.t.Errorf("play %d: %s", i, strings.Join(wrong, "\n"))
		}
		requests := s.platform.all(func(r request) bool { return r.owner == organisation(i) && r.who == "second" })
		if len(requests) == 0 {
			s.t.Errorf("play %d was not taken over", i)
			continue
		}
		took := requests[0].began.Sub(since)
		s.t.Logf("play %d was taken over after %v", i, took.Round(time.Millisecond))
		if took > bound(within) {
			s.t.Errorf("play %d was taken over after %v", i, took)
		}
	}
	if got := s.platform.names(); !slices.Equal(got, want) {
		s.t.Errorf("the platform has %d add-ons, want %d: %v", len(got), len(want), got)
	}
}

// TestAKilledServerLosesNothing: the server of workflows is killed while plays are under
// way and others wait. When it is back, the next play begins within two seconds, and
// all end well.
func TestAKilledServerLosesNothing(t *testing.T) {
	server := newServer(t)
	s := newStageOn(t, server)
	s.worker("one", 4)
	fleet := s.fleet()
	ids, want := s.several(fleet, 4, 40)
	s.commit(map[string]string{"next.yml": orders(organisation(9), "next", 1), "after.yml": orders(organisation(0), "after", 1)})
	ids = append(ids, s.play(fleet, job("next.yml")), s.play(fleet, job("after.yml"))) // a slot, and an owner, are waited for
	want = append(want, "next-0", "after-0")
	slices.Sort(want)
	s.eventually(time.Minute, "the next one waits for a slot", func() bool {
		d, err := fleet.Client.DescribeWorkflow(t.Context(), lane(9), "")
		return err == nil && len(d.RawResponse.GetPendingActivities()) > 0
	})
	server.kill()
	time.Sleep(12 * time.Second) // longer than leases last: no play goes on
	before := time.Now()
	server.start(t)
	back := time.Now()
	t.Logf("the server was back after %v", back.Sub(before).Round(time.Millisecond))
	var first time.Time
	s.eventually(time.Minute, "a play begins", func() bool {
		begun := s.platform.all(func(r request) bool { return r.began.After(back) })
		if len(begun) > 0 {
			first = begun[0].began
		}
		return len(begun) > 0
	})
	if took := first.Sub(back); took > bound(2*time.Second) {
		t.Errorf("the first play began %v after the server was back", took)
	} else {
		t.Logf("the first play began %v after the server was back", took.Round(time.Millisecond))
	}
	for _, id := range ids {
		if o := s.outcome(fleet.Client, id); o.Exit != 0 {
			t.Errorf("%s: %+v", id, o)
		}
	}
	if got := s.platform.names(); !slices.Equal(got, want) {
		t.Errorf("the platform has %d add-ons, want %d: %v", len(got), len(want), got)
	}
	for i := range 4 {
		for j, w := range s.platform.writesOf(organisation(i), "") {
			if j > 0 && w.began.Before(s.platform.writesOf(organisation(i), "")[j-1].ended) {
				t.Errorf("%v overlaps the write before", w)
			}
		}
	}
}

// TestPlaysThatBeginWhenTheServerIsKilledGoOn: each of many plays has got some way when the
// server is killed: a task that is lost between it and the worker is soon done again.
func TestPlaysThatBeginWhenTheServerIsKilledGoOn(t *testing.T) {
	server := newServer(t)
	s := newStageOn(t, server)
	s.worker("one", 4)
	fleet := s.fleet()
	const rounds, plays = 3, 8
	files, want := map[string]string{}, []string{}
	for i := range rounds * plays {
		name := fmt.Sprintf("p%d", i)
		files[name+".yml"] = orders(organisation(i), name, 1)
		want = append(want, ordered(name, 1)...)
	}
	s.commit(files)
	slices.Sort(want)
	for round := range rounds {
		var ids []string
		for i := range plays {
			ids = append(ids, s.play(fleet, job(fmt.Sprintf("p%d.yml", round*plays+i))))
		}
		time.Sleep(time.Duration(round) * 40 * time.Millisecond)
		server.kill()
		server.start(t)
		back := time.Now()
		for _, id := range ids {
			if o := s.outcome(fleet.Client, id); o.Exit != 0 {
				t.Errorf("%s: %+v", id, o)
			}
			s.missedSoon(fleet.Client, id)
		}
		if took := time.Since(back); took > bound(45*time.Second) {
			t.Errorf("the last play ended %v after the server was back", took)
		} else {
			t.Logf("the last play ended %v after the server was back", took.Round(time.Millisecond))
		}
	}
	if got := s.platform.names(); !slices.Equal(got, want) {
		t.Errorf("the platform has %d add-ons, want %d: %v", len(got), len(want), got)
	}
}

// missedSoon reports tasks of a play that, lost, the server would miss only later than the
// loss of a worker.
func (s *stage) missedSoon(c client.Client, id string) {
	s.t.Helper()
	history := c.GetWorkflowHistory(s.t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		e, err := history.Next()
		if err != nil {
			s.t.Fatal(err)
		}
		a := e.GetActivityTaskScheduledEventAttributes()
		beat, whole := a.GetHeartbeatTimeout().AsDuration(), a.GetStartToCloseTimeout().AsDuration()
		if whole > flow.HeartbeatTimeout && (beat == 0 || beat > flow.HeartbeatTimeout) {
			s.t.Errorf("%s of %s is missed after %v, by its heartbeats after %v", a.GetActivityType().GetName(), id, whole, beat)
		}
	}
}

// TestAWorkerDrains: one that is to end finishes what has begun, and exits 0; another
// goes on within five seconds.
func TestAWorkerDrains(t *testing.T) {
	s := newStage(t)
	first := s.worker("first", 2)
	fleet := s.fleet()
	ids, want := s.several(fleet, 2, 25)
	s.worker("second", 2)
	s.signal(first, syscall.SIGTERM)
	stopped := time.Now()
	if err := first.Wait(); err != nil {
		t.Errorf("the worker ended with %v", err)
	}
	s.takenOver(fleet, ids, want, stopped, 5*time.Second)
}
