package flow_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"runner/fleet/flow"
)

// A laneTest runs a lane with a player of the test's own.
type laneTest struct {
	*testsuite.TestWorkflowEnvironment
	played []string
	ran    []flow.Ask // what was played
	said   []flow.Done
}

func newLane(t *testing.T, play func(flow.Job) flow.Outcome) *laneTest {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	l := &laneTest{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	l.RegisterActivityWithOptions(func(_ context.Context, a flow.Ask) (flow.Outcome, error) {
		l.played = append(l.played, a.Job.Playbook)
		l.ran = append(l.ran, a)
		return play(a.Job), nil
	}, activity.RegisterOptions{Name: flow.RunPlayActivity})
	l.OnSignalExternalWorkflow(mock.Anything, mock.Anything, mock.Anything, flow.DoneSignal, mock.Anything).Return(
		func(_, id, _, _ string, done any) error {
			d := done.(flow.Done)
			l.said = append(l.said, d)
			if id == "gone" {
				return fmt.Errorf("no such workflow")
			}
			return nil
		})
	return l
}

func ask(id string, more ...func(*flow.Ask)) flow.Ask {
	a := flow.Ask{ID: id, ReplyTo: id, Plays: []string{id}, Job: flow.Job{Project: "shop", Playbook: id, Queue: "shop"}}
	for _, m := range more {
		m(&a)
	}
	return a
}

// TestALanePlaysInTurn: each who asks is played once, in the order of asking, however
// often it asks; who is gone keeps nobody waiting; and the lane ends when nobody asks.
func TestALanePlaysInTurn(t *testing.T) {
	l := newLane(t, func(j flow.Job) flow.Outcome { return flow.Outcome{Message: "played " + j.Playbook} })
	for i, id := range []string{"a", "b", "a", "gone", "b", "c"} {
		l.RegisterDelayedCallback(func() { l.SignalWorkflow(flow.AskSignal, ask(id)) }, time.Duration(i)*time.Millisecond)
	}
	l.ExecuteWorkflow(flow.Lane, flow.LaneState{})
	if err := l.GetWorkflowError(); err != nil || !l.IsWorkflowCompleted() {
		t.Fatalf("it ended with %v", err)
	}
	if got := strings.Join(l.played, " "); got != "a b gone c" {
		t.Errorf("played %s", got)
	}
	for _, id := range []string{"a", "b", "c"} {
		i := slices.IndexFunc(l.said, func(d flow.Done) bool { return d.ID == id })
		if i < 0 || l.said[i].Outcome.Message != "played "+id {
			t.Errorf("%s was sent %+v", id, l.said)
		}
	}
}

// TestAnAskThatComesAgainIsAnswered: what was played is said again, and not played again.
func TestAnAskThatComesAgainIsAnswered(t *testing.T) {
	l := newLane(t, func(flow.Job) flow.Outcome { return flow.Outcome{} })
	l.ExecuteWorkflow(flow.Lane, flow.LaneState{Waiting: []flow.Entry{{Ask: ask("a")}, {Ask: ask("b")}}, Ended: []flow.Done{{ID: "c", Outcome: flow.Outcome{Exit: 2}}}})
	if len(l.played) != 2 {
		t.Fatalf("played %v", l.played)
	}
	l = newLane(t, func(flow.Job) flow.Outcome { return flow.Outcome{} })
	l.RegisterDelayedCallback(func() { l.SignalWorkflow(flow.AskSignal, ask("c")) }, time.Millisecond)
	l.ExecuteWorkflow(flow.Lane, flow.LaneState{Ended: []flow.Done{{ID: "c", Outcome: flow.Outcome{Exit: 2}}}})
	if len(l.played) != 0 || len(l.said) != 1 || l.said[0].Outcome.Exit != 2 {
		t.Errorf("played %v, said %+v", l.played, l.said)
	}
}

// TestALaneBeginsAfterTheLeaseOfTheOneBefore: a run of a lane that ended earlier may have
// been ended from outside, while its worker may write until its lease ends.
func TestALaneBeginsAfterTheLeaseOfTheOneBefore(t *testing.T) {
	for _, after := range []bool{false, true} {
		l := newLane(t, nil)
		var began time.Duration
		start := l.Now()
		l.OnActivity(flow.RunPlayActivity, mock.Anything, mock.Anything).Return(func(context.Context, flow.Ask) (flow.Outcome, error) {
			began = l.Now().Sub(start)
			return flow.Outcome{}, nil
		})
		l.RegisterDelayedCallback(func() { l.SignalWorkflow(flow.AskSignal, ask("a")) }, 0)
		l.ExecuteWorkflow(flow.Lane, flow.LaneState{After: after})
		if late := began > flow.LeaseTime; late != after {
			t.Errorf("after another: %v; it was played after %v", after, began)
		}
	}
}

// TestTheSameJobIsPlayedOnceForAllWhoWait: unless it is under way already, as what it
// looked at may be old.
func TestTheSameJobIsPlayedOnceForAllWhoWait(t *testing.T) {
	same := func(a *flow.Ask) { a.Job.Playbook = "same" }
	l := newLane(t, func(flow.Job) flow.Outcome { return flow.Outcome{} })
	l.OnActivity(flow.RunPlayActivity, mock.Anything, mock.Anything).After(time.Minute).Return(func(_ context.Context, a flow.Ask) (flow.Outcome, error) {
		l.ran = append(l.ran, a)
		return flow.Outcome{Message: a.ID}, nil
	})
	for i, id := range []string{"a", "b", "c", "d"} {
		l.RegisterDelayedCallback(func() { l.SignalWorkflow(flow.AskSignal, ask(id, same)) }, time.Duration(i)*time.Second)
	}
	l.ExecuteWorkflow(flow.Lane, flow.LaneState{})
	if len(l.ran) != 2 || strings.Join(l.ran[1].Plays, " ") != "b c d" {
		t.Fatalf("played %+v", l.ran)
	}
	want := []flow.Done{{ID: "a", Outcome: flow.Outcome{Message: "a"}}}
	for _, id := range []string{"b", "c", "d"} {
		want = append(want, flow.Done{ID: id, Outcome: flow.Outcome{Message: "b"}})
	}
	if diff := cmp.Diff(want, l.said); diff != "" {
		t.Error(diff)
	}
}

// TestWithdrawing: what waits is not played, what is under way is ended, and what others
// wait for too goes on.
func TestWithdrawing(t *testing.T) {
	same := func(a *flow.Ask) { a.Job.Playbook = "same" }
	for _, c := range []struct {
		name, who  string
		at         time.Duration
		cancelled  bool // what was under way
		played     int
		interrupts string // who learns that it was cancelled
	}{
		{"under way", "a", 30 * time.Second, true, 2, "a"},
		{"waiting, with another", "b", 30 * time.Second, false, 2, "b"},
		{"under way, with another", "c", 90 * time.Second, false, 2, "c"},
		{"over", "a", 90 * time.Second, false, 2, ""},
		{"unknown", "x", time.Second, false, 2, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLane(t, nil)
			ended := 0
			l.OnActivity(flow.RunPlayActivity, mock.Anything, mock.Anything).Return(func(ctx context.Context, a flow.Ask) (flow.Outcome, error) {
				l.ran = append(l.ran, a)
				return flow.Outcome{}, nil
			}).After(time.Minute)
			l.SetOnActivityCanceledListener(func(*activity.Info) { ended++ })
			for i, a := range []flow.Ask{ask("a"), ask("b", same), ask("c", same)} {
				l.RegisterDelayedCallback(func() { l.SignalWorkflow(flow.AskSignal, a) }, time.Duration(i)*time.Second)
			}
			l.RegisterDelayedCallback(func() { l.SignalWorkflow(flow.WithdrawSignal, c.who) }, c.at)
			l.ExecuteWorkflow(flow.Lane, flow.LaneState{})
			var informed []string
			for _, d := range l.said {
				if d.Outcome.Exit == 130 {
					informed = append(informed, d.ID)
				}
			}
			if (ended > 0) != c.cancelled || strings.Join(informed, " ") != c.interrupts || len(l.said) != 3 {
				t.Errorf("cancelled %d, informed %+v", ended, l.said)
			}
		})
	}
}

// A playTest runs a play whose lanes are the test's.
type playTest struct {
	*testsuite.TestWorkflowEnvironment
	asks []flow.Ask
}

func newPlay(t *testing.T, lane func(a flow.Ask) *flow.Outcome) *playTest {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	p := &playTest{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	p.RegisterActivityWithOptions(func(_ context.Context, job flow.Job) (flow.Resolved, error) {
		return flow.Resolved{Commit: "c0ffee", Lanes: []string{"orga_a", "orga_b"}}, nil
	}, activity.RegisterOptions{Name: flow.ResolveActivity})
	p.RegisterActivityWithOptions(func(_ context.Context, name string, a flow.Ask) (string, error) {
		p.asks = append(p.asks, a)
		if outcome := lane(a); outcome != nil {
			p.RegisterDelayedCallback(func() { p.SignalWorkflow(flow.DoneSignal, flow.Done{ID: a.ID, Outcome: *outcome}) }, time.Second)
		}
		return "first run of " + name, nil
	}, activity.RegisterOptions{Name: flow.AskLaneActivity})
	return p
}

func (p *playTest) outcome(t *testing.T) flow.Outcome {
	t.Helper()
	var state flow.State
	v, err := p.QueryWorkflow(flow.StateQuery)
	if err == nil {
		err = v.Get(&state)
	}
	if err != nil || state.Outcome == nil {
		t.Fatalf("%+v, %v", state, err)
	}
	return *state.Outcome
}

var job = flow.Job{Project: "shop", Playbook: "site.yml", Ref: "main", Queue: "shop", Approve: []string{"replace"}}

// TestAPlayIsResolvedOnceAndTakesItsLanesInOrder.
func TestAPlayIsResolvedOnceAndTakesItsLanesInOrder(t *testing.T) {
	p := newPlay(t, func(flow.Ask) *flow.Outcome { return &flow.Outcome{Counts: map[string]int{"changed": 2}} })
	p.ExecuteWorkflow(flow.Play, job)
	if err := p.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	a := p.asks[0]
	if len(p.asks) != 1 || a.Job.Commit != "c0ffee" || strings.Join(a.Rest, " ") != "orga_b" || strings.Join(a.Plays, " ") != a.ReplyTo {
		t.Errorf("asked %+v", p.asks)
	}
	if p.outcome(t).Counts["changed"] != 2 {
		t.Errorf("%+v", p.outcome(t))
	}
}

// TestALaneThatSaysNothingIsTriedAgain: with the same id, so that it is played once.
func TestALaneThatSaysNothingIsTriedAgain(t *testing.T) {
	n := 0
	p := newPlay(t, func(flow.Ask) *flow.Outcome {
		if n++; n < 3 {
			return nil
		}
		return &flow.Outcome{}
	})
	p.ExecuteWorkflow(flow.Play, job)
	if len(p.asks) != 3 || p.asks[0].ID != p.asks[2].ID || p.asks[0].Chain != "" || p.asks[1].Chain != "first run of orga_a" {
		t.Errorf("asked %+v", p.asks)
	}
}

// TestConsent: a play that needs consent waits for it outside its lane; only a yes to
// what is needed counts; what changed since is asked for again; what nobody may
// consent to fails at once.
func TestConsent(t *testing.T) {
	replace := flow.Change{Risk: "replace", Action: "replace", Object: `add-on "db"`, Task: "Order"}
	other := replace
	other.Object = `add-on "cache"`
	needs := func(list ...flow.Change) *flow.Outcome {
		return &flow.Outcome{Exit: 2, Message: "consent", Needs: list}
	}
	for _, c := range []struct {
		name      string
		lane      func(a flow.Ask) *flow.Outcome
		approvals []flow.Approval
		exit      int
		rounds    int
		message   string
	}{
		{"yes", func(a flow.Ask) *flow.Outcome {
			if slices.Contains(a.Job.Approved, replace) {
				return &flow.Outcome{}
			}
			return needs(replace)
		}, []flow.Approval{{By: "ann", Changes: []flow.Change{other}}, {By: "ann", Changes: []flow.Change{replace}}}, 0, 2, ""},
		{"no", func(flow.Ask) *flow.Outcome { return needs(replace) }, []flow.Approval{{By: "bob", Denied: true}}, 2, 1, "denied by bob: consent"},
		{"nobody", func(flow.Ask) *flow.Outcome { return needs(replace) }, nil, 2, 1, "nobody consented within 3 days to replace add-on \"db\""},
		{"the plan changed", func(a flow.Ask) *flow.Outcome {
			switch {
			case slices.Contains(a.Job.Approved, other):
				return &flow.Outcome{}
			case slices.Contains(a.Job.Approved, replace):
				return needs(other)
			}
			return needs(replace)
		}, []flow.Approval{{By: "ann", Changes: []flow.Change{replace}}, {By: "ann", Changes: []flow.Change{replace, other}}}, 0, 3, ""},
		{"more is approved than was shown", func(a flow.Ask) *flow.Outcome {
			switch {
			case slices.Contains(a.Job.Approved, other):
				return &flow.Outcome{Exit: 1, Message: "too much was approved"}
			case slices.Contains(a.Job.Approved, replace):
				return &flow.Outcome{}
			}
			return needs(replace)
		}, []flow.Approval{{By: "ann", Changes: []flow.Change{replace, other}}}, 0, 2, ""},
		{"not to be approved", func(flow.Ask) *flow.Outcome { return needs(flow.Change{Risk: "delete"}) }, nil, 2, 1, "consent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlay(t, c.lane)
			for i, a := range c.approvals {
				p.RegisterDelayedCallback(func() { p.SignalWorkflow(flow.ApproveSignal, a) }, time.Duration(i+1)*time.Minute)
			}
			p.ExecuteWorkflow(flow.Play, job)
			o := p.outcome(t)
			if o.Exit != c.exit || len(p.asks) != c.rounds || o.Message != c.message {
				t.Errorf("exit %d after %d rounds, %q", o.Exit, len(p.asks), o.Message)
			}
			if failed := p.GetWorkflowError() != nil; failed != (c.exit != 0) {
				t.Errorf("the workflow ended with %v", p.GetWorkflowError())
			}
		})
	}
}
