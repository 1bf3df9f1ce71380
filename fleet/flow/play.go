package flow

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const (
	// askAgain is how long a play waits for its lane before it asks once more, longer
	// each time: who asked before is known, so it costs little, and finds out about a
	// lane that was terminated. A worker that notices it first says so at once.
	askAgain, askAgainMost = 10 * time.Second, time.Minute
	// consentTime is how long a play waits for somebody to consent.
	consentTime = 72 * time.Hour
)

// Play is one play: it is resolved to a commit, waits for its lanes, which play it,
// and asks for consent where it needs some, outside the lanes.
func Play(ctx workflow.Context, job Job) (Outcome, error) {
	job.PlayID = workflow.GetInfo(ctx).WorkflowExecution.ID
	p := &playing{job: job, state: State{Phase: Resolving, Job: job}}
	if err := workflow.SetQueryHandler(ctx, StateQuery, func() (State, error) { return p.state, nil }); err != nil {
		return Outcome{}, err
	}
	p.enter(ctx, Resolving)
	if err := p.resolve(ctx); err != nil {
		return Outcome{}, err
	}
	outcome, err := p.play(ctx)
	p.state.Outcome = &outcome
	p.enter(ctx, Ended)
	if err == nil && outcome.Failed() {
		err = temporal.NewNonRetryableApplicationError(fmt.Sprintf("exit %d: %s", outcome.Exit, outcome.Message), "play", nil, outcome)
	}
	return outcome, err
}

// playing is a play that is under way.
type playing struct {
	job    Job
	state  State
	rounds int // how often the lanes were asked
}

// enter notes what the play is doing, for whoever asks, and for the list of plays.
func (p *playing) enter(ctx workflow.Context, phase string) {
	p.state.Phase, p.state.Job, p.state.Since = phase, p.job, workflow.Now(ctx)
	m := Memo{Name: p.job.Name(), Check: p.job.Check, Phase: phase, Commit: p.job.Commit, Needs: p.state.Needs}
	if o := p.state.Outcome; o != nil {
		m.Exit, m.Changed, m.Message = &o.Exit, o.Counts["changed"], beginning(o.Message)
	}
	_ = workflow.UpsertMemo(ctx, map[string]any{MemoKey: m}) // of use to people only
}

// beginning returns as much of a text as a list shows.
func beginning(text string) string {
	const most = 1000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func (p *playing) resolve(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 5 * time.Minute, TaskQueue: p.job.Queue,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 2 * time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute, MaximumAttempts: 10},
		Summary:     p.job.Name(),
	})
	var r Resolved
	if err := workflow.ExecuteActivity(ctx, ResolveActivity, p.job).Get(ctx, &r); err != nil {
		return err
	}
	p.job.Commit = r.Commit
	if len(p.job.Lanes) == 0 {
		p.job.Lanes = r.Lanes
	}
	return nil
}

// play has the lanes play the job until it needs no consent that somebody may give.
func (p *playing) play(ctx workflow.Context) (Outcome, error) {
	for {
		p.enter(ctx, Queued)
		outcome, err := p.inLane(ctx)
		if err != nil || !p.job.approvable(outcome.Needs) {
			return outcome, err
		}
		p.state.Needs = outcome.Needs
		p.enter(ctx, Waiting)
		approval, ok := awaitApproval(ctx, outcome.Needs)
		p.state.Needs = nil
		if !ok {
			outcome.Message = "nobody consented: " + outcome.Message
			return outcome, nil
		}
		if approval.Denied {
			outcome.Message = "denied by " + approval.By + ": " + outcome.Message
			return outcome, nil
		}
		p.job.Approved = approval.Changes
	}
}

// inLane asks the first lane, and waits for what came of the play.
func (p *playing) inLane(ctx workflow.Context) (Outcome, error) {
	p.rounds++
	ask := Ask{
		Job: p.job, Rest: p.job.Lanes[1:], ReplyTo: workflow.GetInfo(ctx).WorkflowExecution.ID,
		ID: fmt.Sprintf("%s/%d", workflow.GetInfo(ctx).WorkflowExecution.RunID, p.rounds),
	}
	return askUntilDone(ctx, p.job.Lanes[0], ask)
}

// askUntilDone asks a lane, again and again, until it says what came of it.
func askUntilDone(ctx workflow.Context, lane string, ask Ask) (Outcome, error) {
	asking := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second, TaskQueue: ask.Job.Queue,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second},
	})
	for wait := askAgain; ; wait = min(2*wait, askAgainMost) {
		if err := workflow.ExecuteActivity(asking, AskLaneActivity, lane, ask).Get(ctx, nil); err != nil {
			return Outcome{}, err
		}
		if done, ok := awaitDone(ctx, ask.ID, wait); ok {
			return done.Outcome, nil
		}
		ask.Again = true
	}
}

// awaitDone waits for what came of an ask. It reports false after some time, or when
// a worker says that the lane is gone.
func awaitDone(ctx workflow.Context, id string, wait time.Duration) (done Done, ok bool) {
	ctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	ended := false
	s := workflow.NewSelector(ctx)
	s.AddFuture(workflow.NewTimer(ctx, wait), func(workflow.Future) { ended = true })
	s.AddReceive(workflow.GetSignalChannel(ctx, LostSignal), func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		ended = true
	})
	s.AddReceive(workflow.GetSignalChannel(ctx, DoneSignal), func(c workflow.ReceiveChannel, _ bool) {
		var d Done
		c.Receive(ctx, &d)
		if d.ID == id {
			done, ok, ended = d, true, true
		}
	})
	for !ended && ctx.Err() == nil {
		s.Select(ctx)
	}
	return done, ok
}

// awaitApproval waits until somebody says yes to just the changes that are needed,
// or no. It reports false when nobody did in time.
func awaitApproval(ctx workflow.Context, needs []Change) (Approval, bool) {
	approvals := workflow.GetSignalChannel(ctx, ApproveSignal)
	until := workflow.Now(ctx).Add(consentTime)
	for {
		var a Approval
		if ok, _ := approvals.ReceiveWithTimeout(ctx, until.Sub(workflow.Now(ctx)), &a); !ok {
			return Approval{}, false
		}
		if a.Denied || covers(a.Changes, needs) {
			return a, true
		}
	}
}
