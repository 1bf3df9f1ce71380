package flow

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"runner/cmd/exit"
)

const (
	// HeartbeatTimeout is after how long without a heartbeat a worker counts as dead.
	HeartbeatTimeout = 10 * time.Second
	// LeaseTime is how long a worker may write after a heartbeat was sent that the
	// server confirmed: less than HeartbeatTimeout, so that a successor begins later.
	LeaseTime = 8 * time.Second
	// LockTime is how long a play waits, in its worker, for another run on the same
	// machine that holds the owner's lock.
	LockTime = 10 * time.Minute
	// idleTime is how long a lane without a play goes on. The next run of one that ended
	// begins with HeartbeatTimeout of waiting, so it is long.
	idleTime = 7 * 24 * time.Hour
	// plays is how many plays a lane plays before it begins with a new history.
	plays = 300
	// mostWaiting bounds the state of a lane, which a new history begins with.
	mostWaiting = 2000
)

// An Ask asks a lane to play a job.
type Ask struct {
	ID      string   `json:"id"` // of the play and the round: asked twice, it is played once
	Job     Job      `json:"job"`
	Rest    []string `json:"rest,omitempty"` // further lanes that have to be free at the same time
	Held    []Run    `json:"held,omitempty"` // the lanes that are kept for it: it may write only as long as they all go on
	ReplyTo string   `json:"reply_to"`       // the workflow that is sent a Done
	Plays   []string `json:"plays"`          // the workflows of plays that wait for it: it goes on as long as one of them does

	// Chain is the first run of the lane that was asked before; "" where none was.
	Chain string `json:"chain,omitempty"`
	// Wait is when it will be asked again: until then its worker looks whether the lane
	// goes on.
	Wait time.Duration `json:"wait,omitempty"`
}

// A Run is one run of a workflow.
type Run struct {
	ID  string `json:"id"`
	Run string `json:"run"`
}

// A Done responds to an Ask.
type Done struct {
	ID      string  `json:"id"`
	Outcome Outcome `json:"outcome"`
}

// An Entry is an ask that waits for its lane, with those that wait for the same job.
type Entry struct {
	Ask
	Joined []Ask `json:"joined,omitempty"`
}

// asks returns all who wait for it.
func (q *Entry) asks() []Ask { return append([]Ask{q.Ask}, q.Joined...) }

// A LaneState is what a lane knows when it begins with a new history.
type LaneState struct {
	// After says that an earlier run of the lane ended, perhaps from outside and while a
	// play was under way: what that began ends with its lease.
	After   bool    `json:"after,omitempty"`
	Most    int     `json:"most,omitempty"` // how many plays it plays before it begins with a new history; 0: as usual
	Waiting []Entry `json:"waiting,omitempty"`
	Ended   []Done  `json:"ended,omitempty"` // the last ones, for those who ask again
}

// Lane lets one play at a time play for an owner of a platform, in the order in which
// they asked. It runs the play itself, so that nobody who holds it can be gone.
func Lane(ctx workflow.Context, state LaneState) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx) // a lane that could be cancelled would let its plays overlap
	l := &lane{LaneState: state}
	if l.After {
		l.After = false
		if err := workflow.Sleep(ctx, HeartbeatTimeout); err != nil {
			return err
		}
	}
	for n := 0; l.await(ctx); n++ {
		if n >= cmp.Or(l.Most, plays) || workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, Lane, l.LaneState)
		}
		l.next(ctx)
	}
	return nil
}

// A lane is one that goes on.
type lane struct {
	LaneState
	stop func() // ends what is under way; nil: nothing is
}

// await takes what was asked for meanwhile, and waits for somebody to ask where nobody
// did. It reports false where nobody does for a long time.
func (l *lane) await(ctx workflow.Context) bool {
	for l.take(ctx, nil) {
		continue
	}
	timed, cancel := workflow.WithCancel(ctx)
	defer cancel()
	if len(l.Waiting) > 0 {
		return true
	}
	idle := workflow.NewTimer(timed, idleTime)
	for len(l.Waiting) == 0 {
		if !l.take(ctx, idle) {
			return false
		}
	}
	return true
}

// take waits for a signal and does what it says. It reports false when the future is
// there and no signal is; without a future it does not wait.
func (l *lane) take(ctx workflow.Context, until workflow.Future) (taken bool) {
	s := workflow.NewSelector(ctx)
	s.AddReceive(workflow.GetSignalChannel(ctx, AskSignal), func(c workflow.ReceiveChannel, _ bool) {
		var a Ask
		c.Receive(ctx, &a)
		l.add(ctx, a)
		taken = true
	})
	s.AddReceive(workflow.GetSignalChannel(ctx, WithdrawSignal), func(c workflow.ReceiveChannel, _ bool) {
		var id string
		c.Receive(ctx, &id)
		l.withdraw(ctx, id)
		taken = true
	})
	if until == nil {
		s.AddDefault(func() {})
	} else {
		s.AddFuture(until, func(workflow.Future) {})
	}
	s.Select(ctx)
	return taken
}

// add queues what is asked for, unless it waits already. What was played already is
// reported again.
func (l *lane) add(ctx workflow.Context, a Ask) {
	if i := slices.IndexFunc(l.Ended, func(d Done) bool { return d.ID == a.ID }); i >= 0 {
		reply(ctx, a, l.Ended[i].Outcome)
		return
	}
	if q, _ := l.find(a.ID); q != nil {
		return
	}
	for i := range l.Waiting {
		if q := &l.Waiting[i]; !l.underWay(i) && reflect.DeepEqual(q.Job, a.Job) && reflect.DeepEqual(q.Held, a.Held) {
			q.Joined = append(q.Joined, a)
			return
		}
	}
	if len(l.Waiting) >= mostWaiting {
		reply(ctx, a, Outcome{Exit: exit.Usage, Message: "too many plays wait for this owner"})
		return
	}
	l.Waiting = append(l.Waiting, Entry{Ask: a})
}

// find returns what waits, or is under way, for an ask, and its place; nil where nothing does.
func (l *lane) find(id string) (*Entry, int) {
	for i := range l.Waiting {
		if slices.ContainsFunc(l.Waiting[i].asks(), func(a Ask) bool { return a.ID == id }) {
			return &l.Waiting[i], i
		}
	}
	return nil, 0
}

func (l *lane) underWay(i int) bool { return i == 0 && l.stop != nil }

// withdraw takes an ask back: what is under way for nobody else is ended.
func (l *lane) withdraw(ctx workflow.Context, id string) {
	q, i := l.find(id)
	if q == nil {
		return
	}
	all := q.asks()
	if len(all) == 1 && l.underWay(i) {
		l.stop()
		return
	}
	at := slices.IndexFunc(all, func(a Ask) bool { return a.ID == id })
	gone := all[at]
	if all = slices.Delete(all, at, at+1); len(all) == 0 {
		l.Waiting = slices.Delete(l.Waiting, i, i+1)
	} else {
		q.Ask, q.Joined = all[0], all[1:]
	}
	reply(ctx, gone, cancelled)
}

// cancelled is what came of a play that was cancelled before it began.
var cancelled = Outcome{Exit: exit.Interrupted, Message: "cancelled"}

// next plays the first that waits, and tells who asked.
func (l *lane) next(ctx workflow.Context) {
	playing, stop := workflow.WithCancel(ctx)
	defer stop()
	ended, set := workflow.NewFuture(ctx)
	first := l.Waiting[0]
	l.stop = stop
	workflow.Go(playing, func(playing workflow.Context) { set.SetValue(play(playing, first)) })
	for l.take(ctx, ended) {
		continue
	}
	l.stop = nil
	var o Outcome
	if err := ended.Get(ctx, &o); err != nil {
		o = failed(err)
	}
	asks := l.Waiting[0].asks()
	l.Waiting = l.Waiting[1:]
	for _, a := range asks {
		l.Ended = append(l.Ended, Done{a.ID, o})
	}
	l.Ended = l.Ended[max(0, len(l.Ended)-20):]
	for _, a := range asks {
		reply(ctx, a, o)
	}
}

// reply sends a Done to who asked, who may be gone.
func reply(ctx workflow.Context, a Ask, o Outcome) {
	_ = workflow.SignalExternalWorkflow(ctx, a.ReplyTo, "", DoneSignal, Done{a.ID, o}).Get(ctx, nil)
}

// play plays a job, or has the next of its lanes do it.
func play(ctx workflow.Context, q Entry) Outcome {
	a := q.Ask
	for _, j := range q.Joined {
		a.Plays = append(a.Plays, j.Plays...)
	}
	if len(a.Rest) > 0 {
		lane, me := a.Rest[0], workflow.GetInfo(ctx).WorkflowExecution
		a.Rest, a.Held, a.ReplyTo, a.Chain = a.Rest[1:], append(slices.Clone(a.Held), Run{me.ID, me.RunID}), me.ID, ""
		a.ID += "/" + me.RunID // what an earlier run of this lane asked for ends with that
		return askUntilDone(ctx, lane, a)
	}
	timeout := a.Job.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: PlaysQueue(a.Job.Queue), StartToCloseTimeout: LockTime + timeout + time.Minute, HeartbeatTimeout: HeartbeatTimeout,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 1.2, MaximumInterval: 3 * time.Second, MaximumAttempts: 100},
		WaitForCancellation: true, // what is under way is finished
		Summary:             a.Job.Name(),
	})
	var o Outcome
	if err := workflow.ExecuteActivity(ctx, RunPlayActivity, a).Get(ctx, &o); err != nil {
		return failed(err)
	}
	return o
}
