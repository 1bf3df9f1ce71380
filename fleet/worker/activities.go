package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"runner/cmd/exit"
	"runner/fleet/checkout"
	"runner/fleet/flow"
	"runner/fleet/settings"
)

// activities is what a worker does for workflows.
type activities struct {
	*Worker
	ending context.Context //nolint:containedctx // of the process: an activity's own goes on
	lanes  *lanes
}

func (a *activities) project(job flow.Job) (settings.Project, error) {
	p, ok := a.Settings.Projects[job.Project]
	if !ok {
		return p, flow.Fail(flow.Outcome{Exit: exit.Usage, Message: fmt.Sprintf("the settings of worker %s know no project %q", a.Name, job.Project)})
	}
	return p, nil
}

// resolve finds the commit of a job, and its lanes.
func (a *activities) resolve(ctx context.Context, job flow.Job) (flow.Resolved, error) {
	resolving, stop := context.WithCancel(ctx)
	defer stop()
	go keepBeating(resolving)
	project, err := a.project(job)
	if err != nil {
		return flow.Resolved{}, err
	}
	if job.Commit, err = a.Sources.Resolve(ctx, project.Git, job.Ref); err != nil {
		return flow.Resolved{}, gone(err)
	}
	playing := Playing{Job: job, Settings: project, Worker: a.Name}
	if playing.Folder, err = a.Sources.Worktree(ctx, project.Git, job.Commit); err != nil {
		return flow.Resolved{}, gone(err)
	}
	owners, err := a.Player.Lanes(ctx, playing)
	if err != nil {
		return flow.Resolved{}, err
	}
	lanes := owners
	if len(project.Lane) > 0 {
		lanes = project.Lane
	}
	if len(job.Lanes) > 0 {
		lanes = job.Lanes
	}
	lanes = slices.Sorted(slices.Values(lanes)) // in one order, so that no two plays wait for each other
	return flow.Resolved{Commit: job.Commit, Lanes: slices.Compact(lanes)}, nil
}

// keepBeating says to the server, until the context ends, that an activity goes on: one that
// no worker heard of, as the server died while it handed it out, is soon handed out again.
func keepBeating(ctx context.Context) {
	ticks := time.NewTicker(flow.HeartbeatTimeout / 5)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			activity.RecordHeartbeat(ctx)
		}
	}
}

// gone makes an error permanent that says that a ref is not there.
func gone(err error) error {
	if missing, ok := errors.AsType[*checkout.GoneError](err); ok {
		return flow.Fail(flow.Outcome{Exit: exit.Playbook, Message: missing.Error()})
	}
	return err
}

// askLane asks a lane, unless that knows of the ask, and returns its first run.
func (a *activities) askLane(ctx context.Context, lane string, ask flow.Ask) (chain string, err error) {
	chain = ask.Chain
	if chain == "" || a.lanes.ended(ctx, flow.Run{ID: flow.LaneID(lane), Run: chain}) {
		if chain, err = a.lanes.ask(ctx, lane, ask); err != nil {
			return "", err
		}
	}
	a.lanes.note(flow.Run{ID: flow.LaneID(lane), Run: chain}, ask.ReplyTo, ask.Wait)
	return chain, nil
}

var (
	errAgain    = errors.New("it was interrupted, and is to be played again")
	errPlayGone = errors.New("nobody waits for it any more")
	errEnding   = errors.New("the worker ends")
)

// runPlay plays a job, in this process, as long as it has the right to write and
// somebody waits for it.
func (a *activities) runPlay(ctx context.Context, ask flow.Ask) (flow.Outcome, error) {
	project, err := a.project(ask.Job)
	if err != nil {
		return flow.Outcome{}, err
	}
	r := a.newRight(activity.GetInfo(ctx).TaskToken, ask)
	defer r.end()
	playing, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if err := r.begin(playing, stop); err != nil {
		return a.interrupted(ctx, playing, flow.Outcome{Exit: exit.Interrupted})
	}
	p := Playing{Job: ask.Job, Settings: project, Worker: a.Name, MayWrite: r.permit}
	if p.Folder, err = a.Sources.Worktree(playing, project.Git, ask.Job.Commit); err != nil {
		return flow.Outcome{}, gone(err)
	}
	info := activity.GetInfo(ctx)
	p.Log = a.Logs.Path(fmt.Sprintf("%s-%s-%d", info.WorkflowExecution.RunID, info.ActivityID, info.Attempt))
	start := time.Now()
	outcome := a.Player.Play(playing, p)
	outcome.Began, outcome.Took, outcome.Worker, outcome.Commit, outcome.Log = start, time.Since(start), a.Name, ask.Job.Commit, a.send(ctx, p.Log)
	switch {
	case outcome.Exit == exit.Locked:
		return outcome, again(info.Attempt)
	case outcome.Exit == exit.Interrupted, outcome.Failed() && r.lost.Load(): // a refused write fails its task
		return a.interrupted(ctx, playing, outcome)
	}
	return outcome, nil
}

// send returns where the log of a play is. That it cannot be sent is no failure of the play,
// and a worker that ends has no time for it: then it is sent later.
func (a *activities) send(ctx context.Context, log string) string {
	if a.ending.Err() != nil {
		return log
	}
	where, err := a.Logs.Send(context.WithoutCancel(ctx), log)
	if err != nil {
		a.Logger.Warn("a log is sent later", "error", err)
	}
	return where
}

// again returns the error of a play that another run on this machine keeps from playing.
// It is tried again later each time.
func again(attempt int32) error {
	return temporal.NewApplicationErrorWithOptions("another run on its worker's machine has the lock of the owner", "locked",
		temporal.ApplicationErrorOptions{NextRetryDelay: min(time.Duration(attempt)*2*time.Second, time.Minute)})
}

// interrupted returns what came of a play that was interrupted: it ends where somebody
// wanted that, and is played again where its worker had to stop.
func (a *activities) interrupted(ctx, playing context.Context, o flow.Outcome) (flow.Outcome, error) {
	switch cause := context.Cause(playing); {
	case errors.Is(cause, errPlayGone), ctx.Err() != nil && a.ending.Err() == nil:
		o.Message = "cancelled"
		return o, nil
	}
	return o, errAgain
}
