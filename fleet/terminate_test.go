//go:build unix

package fleet_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"runner/fleet/control"
	"runner/fleet/flow"
)

// A terminated is a fleet of which workflows are ended from outside.
type terminated struct {
	*stage
	fleet *control.Fleet
}

func (s terminated) end(t *testing.T, id string) time.Time {
	t.Helper()
	if err := s.fleet.Client.TerminateWorkflow(t.Context(), id, "", "a test"); err != nil {
		t.Fatal(err)
	}
	return time.Now()
}

// named is a playbook of an owner: long, next or last.
func named(kind string, i int) flow.Job { return job(fmt.Sprintf("%s%d.yml", kind, i)) }

func lane(i int) string { return flow.LaneID(platformURL + " " + organisation(i)) }

// underWay waits until a play has ordered some of what it is to order.
func (s terminated) underWay(t *testing.T, i, n int) {
	t.Helper()
	s.await(t, "it is under way", func() bool { return len(s.platform.writesOf(organisation(i), "")) >= n })
}

func (s terminated) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("it does not hold that %s", what)
		}
	}
}

// goesOn checks that an owner's plays went on soon after a time: with another request
// than those that were under way.
func (s terminated) goesOn(t *testing.T, owner string, since time.Time, name string) {
	t.Helper()
	var took time.Duration
	s.await(t, "the lane goes on", func() bool {
		for _, r := range s.platform.writesOf(owner, "") {
			if strings.HasPrefix(r.name, name) && r.began.After(since) {
				took = r.began.Sub(since)
				return true
			}
		}
		return false
	})
	if took > bound(15*time.Second) {
		t.Errorf("the lane went on after %v", took)
	}
	t.Logf("the lane went on after %v", took.Round(time.Millisecond))
}

// apart checks that an owner's writes never overlapped.
func (s terminated) apart(t *testing.T, owner string) {
	t.Helper()
	writes := s.platform.writesOf(owner, "")
	for i, w := range writes {
		if i > 0 && w.began.Before(writes[i-1].ended) {
			t.Errorf("%v began before %v ended", w, writes[i-1])
		}
	}
	seen := map[string]bool{}
	for _, w := range writes {
		if w.name != "" && seen[w.name] {
			t.Errorf("%s was ordered twice", w.name)
		}
		seen[w.name] = true
	}
}

func (s terminated) ends(t *testing.T, id string) flow.Outcome {
	t.Helper()
	o, err := s.fleet.Wait(t.Context(), id, func(flow.State) {})
	if err != nil || o.Exit != 0 {
		t.Errorf("%s: %+v, %v", id, o, err)
	}
	return o
}

// longAndShort are a long playbook and two short ones of each of some owners, and what
// two owners have in common.
func longAndShort() map[string]string {
	files := map[string]string{}
	for i := range 8 {
		files[fmt.Sprintf("long%d.yml", i)] = orders(organisation(i), fmt.Sprintf("long%d", i), 40)
		files[fmt.Sprintf("next%d.yml", i)] = orders(organisation(i), fmt.Sprintf("next%d", i), 1)
		files[fmt.Sprintf("last%d.yml", i)] = orders(organisation(i), fmt.Sprintf("last%d", i), 1)
	}
	// Lanes are taken in the order of the owners' ids.
	files["both.yml"] = orders(organisation(6), "both6", 40) + orders(organisation(5), "both5", 1)
	files["other.yml"] = orders(organisation(9), "other9", 40) + orders(organisation(8), "other8", 1)
	files["change.yml"] = replaced("xxs_sml", "one")
	return files
}

// TestWhateverIsTerminatedItsLaneGoesOn: whoever terminates workflows from outside stops
// no lane for longer than 15 seconds, whatever they were doing, and lets no two plays of
// an owner overlap.
func TestWhateverIsTerminatedItsLaneGoesOn(t *testing.T) {
	s := terminated{stage: newStage(t)}
	s.commit(longAndShort())
	s.worker("one", 12)
	s.fleet = s.stage.fleet()
	var all sync.WaitGroup
	for name, test := range map[string]func(t *testing.T){
		"a lane while it plays and another waits": s.lanePlaying,
		"a play while it is played":               s.playPlaying,
		"a play while it waits for its lane":      s.playQueued,
		"a lane that is idle":                     s.laneIdle,
		"the outer one of two lanes":              s.outerLane,
		"the inner one of two lanes":              s.innerLane,
		"a play that waits for consent":           s.playWaiting,
		"a lane that was cancelled":               s.laneCancelled,
	} {
		all.Go(func() { t.Run(name, test) }) // all at once, as each mostly waits
	}
	all.Wait()
}

func (s terminated) lanePlaying(t *testing.T) {
	ids := []string{s.play(s.fleet, named("long", 1))}
	s.underWay(t, 1, 5)
	ids = append(ids, s.play(s.fleet, named("next", 1)))
	at := s.end(t, lane(1))
	ids = append(ids, s.play(s.fleet, named("last", 1))) // it asks the new lane first
	s.goesOn(t, organisation(1), at.Add(8*time.Second), "")
	for _, id := range ids {
		s.ends(t, id)
	}
	s.apart(t, organisation(1))
}

func (s terminated) playPlaying(t *testing.T) {
	id := s.play(s.fleet, named("long", 2))
	s.underWay(t, 2, 5)
	next := s.play(s.fleet, named("next", 2))
	at := s.end(t, id)
	s.goesOn(t, organisation(2), at, "next")
	s.ends(t, next)
	s.apart(t, organisation(2))
	if n := len(s.platform.writesOf(organisation(2), "")); n > 35 {
		t.Errorf("it went on: %d writes", n)
	}
}

func (s terminated) playQueued(t *testing.T) {
	first := s.play(s.fleet, named("long", 3))
	s.underWay(t, 3, 5)
	next, last := s.play(s.fleet, named("next", 3)), s.play(s.fleet, named("last", 3))
	s.await(t, "it is queued", func() bool {
		state, err := s.fleet.State(t.Context(), next)
		return err == nil && state.Phase == flow.Queued
	})
	s.end(t, next)
	s.ends(t, first)
	s.ends(t, last)
	for _, w := range s.platform.writesOf(organisation(3), "") {
		if strings.HasPrefix(w.name, "next") {
			t.Errorf("it was played: %v", w)
		}
	}
}

func (s terminated) laneIdle(t *testing.T) {
	s.ends(t, s.play(s.fleet, named("next", 4)))
	at := s.end(t, lane(4))
	id := s.play(s.fleet, named("last", 4))
	s.goesOn(t, organisation(4), at, "last")
	s.ends(t, id)
}

func (s terminated) outerLane(t *testing.T) {
	both := s.play(s.fleet, job("both.yml"))
	s.underWay(t, 6, 5)
	at := s.end(t, lane(5))
	next := s.play(s.fleet, named("next", 5))
	s.await(t, "one of them goes on", func() bool {
		return len(s.platform.all(func(r request) bool {
			return r.writes() && (r.owner == organisation(5) || r.owner == organisation(6)) && r.began.After(at.Add(8*time.Second))
		})) > 0
	})
	took := time.Since(at)
	t.Logf("one of them went on after %v", took.Round(time.Millisecond))
	if took > bound(15*time.Second) {
		t.Errorf("one of them went on after %v", took)
	}
	s.ends(t, next)
	s.ends(t, both)
	s.apart(t, organisation(5))
	s.apart(t, organisation(6))
	// The next play of the owner whose lane ended is not in the midst of the other.
	between := s.platform.all(func(r request) bool { return r.name == "next5-0" })[0]
	writes := s.platform.writesOf(organisation(6), "")
	for i, w := range writes[1:] {
		before := writes[i]
		if before.began.Before(between.began) && w.began.After(between.began) && w.began.Sub(before.began) < time.Second {
			t.Errorf("%v was written between %v and %v", between, before, w)
		}
	}
}

func (s terminated) innerLane(t *testing.T) {
	both := s.play(s.fleet, job("other.yml"))
	s.underWay(t, 9, 5)
	at := s.end(t, lane(9))
	s.goesOn(t, organisation(9), at.Add(8*time.Second), "")
	s.ends(t, both)
	s.apart(t, organisation(9))
}

func (s terminated) playWaiting(t *testing.T) {
	owner := 0
	s.ends(t, s.play(s.fleet, job("change.yml")))
	s.commit(map[string]string{"change.yml": replaced("xs_sml", "one")})
	j := job("change.yml")
	j.Approve = []string{"delete", "replace", "migrate"}
	id := s.play(s.fleet, j)
	s.await(t, "it waits", func() bool {
		state, err := s.fleet.State(t.Context(), id)
		return err == nil && state.Phase == flow.Waiting
	})
	at := s.end(t, id)
	next := s.play(s.fleet, named("next", owner))
	s.goesOn(t, organisation(owner), at, "next")
	s.ends(t, next)
}

func (s terminated) laneCancelled(t *testing.T) {
	id := s.play(s.fleet, named("long", 7))
	s.underWay(t, 7, 5)
	if err := s.fleet.Client.CancelWorkflow(t.Context(), lane(7), ""); err != nil {
		t.Fatal(err)
	}
	s.ends(t, id)
	s.ends(t, s.play(s.fleet, named("next", 7)))
	s.apart(t, organisation(7))
}

// TestALaneThatWaitsForASlotIsFollowed: one that is terminated before a worker plays for
// it is begun anew all the same.
func TestALaneThatWaitsForASlotIsFollowed(t *testing.T) {
	s := terminated{stage: newStage(t)}
	s.commit(map[string]string{"long.yml": orders(organisation(0), "long", 300), "next.yml": orders(organisation(1), "next", 1)})
	s.worker("one", 1)
	s.fleet = s.stage.fleet()
	long := s.play(s.fleet, job("long.yml"))
	s.underWay(t, 0, 3)
	next := s.play(s.fleet, job("next.yml"))
	var first string
	describe := func() *client.WorkflowExecutionDescription {
		d, err := s.fleet.Client.DescribeWorkflow(t.Context(), lane(1), "")
		if err != nil {
			return nil
		}
		return d
	}
	s.await(t, "its lane waits for a slot", func() bool {
		d := describe()
		if d == nil || len(d.RawResponse.GetPendingActivities()) == 0 {
			return false
		}
		first = d.RawResponse.GetWorkflowExecutionInfo().GetExecution().GetRunId()
		return true
	})
	at := s.end(t, lane(1))
	s.await(t, "the lane is begun anew and plays", func() bool {
		d := describe()
		return d != nil && d.RawResponse.GetWorkflowExecutionInfo().GetExecution().GetRunId() != first && len(d.RawResponse.GetPendingActivities()) > 0
	})
	took := time.Since(at)
	t.Logf("the lane went on after %v", took.Round(time.Millisecond))
	if took > bound(15*time.Second) {
		t.Errorf("the lane went on after %v", took)
	}
	if err := s.fleet.Cancel(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	s.ends(t, next)
}
