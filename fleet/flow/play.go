package flow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"runner/cmd/exit"
)

const (
	// askAgain is how long a play waits for its lane before it looks whether that still
	// knows of it, longer each time. A worker that sees the lane end says so at once.
	askAgain, askAgainMost = 10 * time.Second, 10 * time.Minute
	// withdrawTime is how long a play that was cancelled waits for what is under way.
	withdrawTime = 10 * time.Minute
	// consentTime is how long a play waits for somebody to consent.
	consentTime = 72 * time.Hour
)

// Play is one play: it is resolved to a commit, waits for its lanes, which play it,
// and asks for consent where it needs some, outside the lanes.
func Play(ctx workflow.Context, job Job) (Outcome, error) {
	p := &playing{job: job, state: State{Phase: Resolving, Job: job}}
	if err := workflow.SetQueryHandler(ctx, StateQuery, func() (State, error) { return p.state, nil }); err != nil {
		return Outcome{}, err
	}
	p.enter(ctx, Resolving)
	outcome := p.play(ctx)
	p.state.Outcome = &outcome
	p.enter(ctx, Ended)
	dropSignals(ctx)
	switch {
	case outcome.Exit == exit.Interrupted && ctx.Err() != nil:
		return outcome, ctx.Err()
	case outcome.Failed():
		return outcome, temporal.NewNonRetryableApplicationError(fmt.Sprintf("exit %d: %s", outcome.Exit, outcome.Message), "play", nil, outcome)
	}
	return outcome, nil
}

// dropSignals takes signals that came too late to matter.
func dropSignals(ctx workflow.Context) {
	for _, name := range []string{DoneSignal, LostSignal, ApproveSignal} {
		for workflow.GetSignalChannel(ctx, name).ReceiveAsync(nil) {
			continue
		}
	}
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

// play resolves the job, and has the lanes play it until it needs no consent that
// somebody may give.
func (p *playing) play(ctx workflow.Context) Outcome {
	if err := p.resolve(ctx); err != nil {
		return failed(err)
	}
	for {
		p.enter(ctx, Queued)
		outcome := p.inLane(ctx)
		if !p.job.approvable(outcome.Needs) {
			return outcome
		}
		p.state.Needs = outcome.Needs
		p.enter(ctx, Waiting)
		approval, err := awaitApproval(ctx, outcome.Needs)
		p.state.Needs = nil
		if err != nil {
			return failed(err)
		}
		if approval.Denied {
			outcome.Message = "denied by " + approval.By + ": " + outcome.Message
			return outcome
		}
		p.job.Approved = append(slices.Clone(p.job.Approved), outcome.Needs...)
	}
}

func (p *playing) resolve(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: p.job.Queue, StartToCloseTimeout: 5 * time.Minute, HeartbeatTimeout: HeartbeatTimeout,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 2 * time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute, MaximumAttempts: 10},
		Summary:     p.job.Name(),
	})
	var r Resolved
	if err := workflow.ExecuteActivity(ctx, ResolveActivity, p.job).Get(ctx, &r); err != nil {
		return err
	}
	if len(r.Lanes) == 0 {
		return errors.New("the playbook has no lane")
	}
	p.job.Commit, p.job.Lanes = r.Commit, r.Lanes
	return nil
}

// inLane asks the first lane, and waits for what came of the play.
func (p *playing) inLane(ctx workflow.Context) Outcome {
	p.rounds++
	me := workflow.GetInfo(ctx).WorkflowExecution
	return askUntilDone(ctx, p.job.Lanes[0], Ask{
		Job: p.job, Rest: p.job.Lanes[1:], ReplyTo: me.ID, Plays: []string{me.ID}, ID: fmt.Sprintf("%s/%d", me.RunID, p.rounds),
	})
}

// askUntilDone asks a lane, again and again, until that reports what came of it. When the
// context is cancelled it takes the ask back.
func askUntilDone(cancelled workflow.Context, lane string, ask Ask) Outcome {
	ctx, _ := workflow.NewDisconnectedContext(cancelled)
	asking := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second, TaskQueue: ask.Job.Queue,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second},
	})
	w := &waiting{id: ask.ID, lane: lane, cancelled: cancelled}
	for ask.Wait = askAgain; ; ask.Wait = min(2*ask.Wait, askAgainMost) {
		if err := workflow.ExecuteActivity(asking, AskLaneActivity, lane, ask).Get(ctx, &ask.Chain); err != nil {
			return failed(err)
		}
		if o := w.wait(ctx, ask.Wait); o != nil {
			return *o
		}
	}
}

// waiting is waiting for what a lane reports.
type waiting struct {
	id, lane  string
	cancelled workflow.Context // whoever waits is cancelled with it
	withdrawn bool
}

// wait waits for what came of an ask. It returns nil after some time, or when a worker
// says that the lane has ended.
func (w *waiting) wait(ctx workflow.Context, long time.Duration) (o *Outcome) {
	ctx, stop := workflow.WithCancel(ctx)
	defer stop()
	over := false
	timer := workflow.NewTimer(ctx, long)
	for !over {
		s := workflow.NewSelector(ctx)
		s.AddReceive(workflow.GetSignalChannel(ctx, DoneSignal), func(c workflow.ReceiveChannel, _ bool) {
			var d Done
			if c.Receive(ctx, &d); d.ID == w.id {
				o, over = &d.Outcome, true
			}
		})
		s.AddReceive(workflow.GetSignalChannel(ctx, LostSignal), func(c workflow.ReceiveChannel, _ bool) {
			c.Receive(ctx, nil)
			over = true
		})
		if !w.withdrawn {
			s.AddReceive(w.cancelled.Done(), func(workflow.ReceiveChannel, bool) {
				w.withdrawn, timer = true, workflow.NewTimer(ctx, withdrawTime)
				_ = workflow.SignalExternalWorkflow(ctx, LaneID(w.lane), "", WithdrawSignal, w.id).Get(ctx, nil)
			})
		}
		s.AddFuture(timer, func(workflow.Future) { over = true })
		s.Select(ctx)
	}
	if o == nil && w.withdrawn { // the lane ended, and with it what was under way
		o = &cancelled
	}
	return o
}

// awaitApproval waits until somebody says yes to just the changes that are needed,
// or no.
func awaitApproval(ctx workflow.Context, needs []Change) (Approval, error) {
	approvals := workflow.GetSignalChannel(ctx, ApproveSignal)
	until := workflow.NewTimer(ctx, consentTime)
	for {
		var a Approval
		var err error
		s := workflow.NewSelector(ctx)
		s.AddReceive(approvals, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, &a) })
		s.AddFuture(until, func(f workflow.Future) {
			if err = f.Get(ctx, nil); err == nil {
				err = Fail(Outcome{Exit: exit.Failed, Needs: needs, Message: "nobody consented within 3 days to " + Listed(needs)})
			}
		})
		s.Select(ctx)
		if err != nil || a.Denied || covers(a.Changes, needs) {
			return a, err
		}
	}
}

// covers reports whether what was approved holds all that is needed.
func covers(approved, needs []Change) bool {
	return !slices.ContainsFunc(needs, func(c Change) bool { return !slices.Contains(approved, c) })
}
