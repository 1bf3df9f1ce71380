package flow

import (
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const (
	// HeartbeatTimeout is after how long without a heartbeat a worker counts as dead.
	HeartbeatTimeout = 10 * time.Second
	// LeaseTime is how long a worker may write after a heartbeat was sent that the
	// server confirmed: less than HeartbeatTimeout, so that a successor begins later.
	LeaseTime = 8 * time.Second
	// idleTime is how long a lane without a play goes on.
	idleTime = 2 * time.Second
	// plays is how many plays a lane plays before it begins with a new history.
	plays = 300
)

// An Ask asks a lane to play a job.
type Ask struct {
	ID      string   `json:"id"` // of the play and the round: asked twice, it is played once
	Job     Job      `json:"job"`
	Rest    []string `json:"rest,omitempty"`  // further lanes that have to be free at the same time
	ReplyTo string   `json:"reply_to"`        // the workflow that is sent a Done
	Again   bool     `json:"again,omitempty"` // it was asked before, perhaps of a lane that was terminated
}

// A Done answers an Ask.
type Done struct {
	ID      string  `json:"id"`
	Outcome Outcome `json:"outcome"`
}

// A LaneState is what a lane knows when it begins with a new history.
type LaneState struct {
	Waiting []Ask
	Ended   []Done // the last ones, for those who ask again
}

// Lane lets one play at a time play for an owner of a platform, in the order in which
// they asked. It runs the play itself, so that nobody who holds it can be gone.
func Lane(ctx workflow.Context, state LaneState) error {
	l := &lane{LaneState: state}
	for n := 0; ; n++ {
		l.receive(ctx)
		if len(l.Waiting) == 0 && !l.wait(ctx) {
			return nil
		}
		if n >= plays || workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, Lane, l.LaneState)
		}
		next := l.Waiting[0]
		if next.Again && n == 0 && len(state.Ended) == 0 {
			// The lane that was asked before may have been terminated while it played:
			// what it began ends with its lease.
			_ = workflow.Sleep(ctx, HeartbeatTimeout)
		}
		l.end(ctx, next, l.play(ctx, next))
		l.Waiting = l.Waiting[1:]
	}
}

type lane struct{ LaneState }

// receive takes what was asked for meanwhile.
func (l *lane) receive(ctx workflow.Context) {
	asks := workflow.GetSignalChannel(ctx, AskSignal)
	for {
		var a Ask
		if !asks.ReceiveAsync(&a) {
			return
		}
		l.add(ctx, a)
	}
}

// wait waits for somebody to ask for what was not played yet, and reports whether
// anybody did.
func (l *lane) wait(ctx workflow.Context) bool {
	asks := workflow.GetSignalChannel(ctx, AskSignal)
	for len(l.Waiting) == 0 {
		var a Ask
		if ok, _ := asks.ReceiveWithTimeout(ctx, idleTime, &a); !ok {
			return false
		}
		l.add(ctx, a)
	}
	return true
}

// add queues what is asked for, unless it waits already. What was played already is
// said again.
func (l *lane) add(ctx workflow.Context, a Ask) {
	if i := slices.IndexFunc(l.Ended, func(d Done) bool { return d.ID == a.ID }); i >= 0 {
		reply(ctx, a, l.Ended[i])
		return
	}
	if !slices.ContainsFunc(l.Waiting, func(w Ask) bool { return w.ID == a.ID }) {
		l.Waiting = append(l.Waiting, a)
	}
}

// end says what came of a play.
func (l *lane) end(ctx workflow.Context, a Ask, o Outcome) {
	done := Done{a.ID, o}
	l.Ended = append(l.Ended, done)
	if len(l.Ended) > 20 {
		l.Ended = l.Ended[1:]
	}
	reply(ctx, a, done)
}

// reply sends a Done to who asked, who may be gone.
func reply(ctx workflow.Context, a Ask, done Done) {
	_ = workflow.SignalExternalWorkflow(ctx, a.ReplyTo, "", DoneSignal, done).Get(ctx, nil)
}

// play plays a job, or has the next of its lanes do it.
func (l *lane) play(ctx workflow.Context, a Ask) Outcome {
	if len(a.Rest) > 0 {
		onward := Ask{ID: a.ID, Job: a.Job, Rest: a.Rest[1:], ReplyTo: workflow.GetInfo(ctx).WorkflowExecution.ID, Again: a.Again}
		outcome, err := askUntilDone(ctx, a.Rest[0], onward)
		if err != nil {
			return Outcome{Exit: 1, Message: err.Error()}
		}
		return outcome
	}
	timeout := a.Job.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: PlaysQueue(a.Job.Queue), StartToCloseTimeout: timeout + time.Minute, HeartbeatTimeout: HeartbeatTimeout,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 2 * time.Second, BackoffCoefficient: 1, MaximumAttempts: 100},
		Summary:     a.Job.Name(),
	})
	var o Outcome
	if err := workflow.ExecuteActivity(ctx, RunPlayActivity, a.Job).Get(ctx, &o); err != nil {
		return Outcome{Exit: 1, Message: err.Error()}
	}
	return o
}

// covers reports whether what was approved holds all that is needed.
func covers(approved, needs []Change) bool {
	return !slices.ContainsFunc(needs, func(c Change) bool { return !slices.Contains(approved, c) })
}
