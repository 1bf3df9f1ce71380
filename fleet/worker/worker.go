// Package worker plays what lanes of a fleet say: it resolves a job to a commit, asks
// lanes, and runs plays with a lease. It knows workflows by their names, git by package
// checkout, and of playbooks no more than that somebody plays them.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"runner/fleet/checkout"
	"runner/fleet/flow"
	"runner/fleet/lease"
	"runner/fleet/settings"
)

// A Player plays a job whose commit is in a folder, and returns the owners whose
// lanes a playbook needs.
type Player interface {
	// Play plays, and writes to the platform as long as mayWrite returns nil. When the
	// context ends, what is under way is finished and nothing more is started.
	Play(ctx context.Context, p Playing) flow.Outcome
	// Lanes returns whose plays a playbook has to wait for, sorted: a lane for each
	// owner that it names. A playbook that does not compile is an error.
	Lanes(ctx context.Context, p Playing) ([]string, error)
}

// A Playing is a job with what a worker makes of its names.
type Playing struct {
	flow.Job
	Settings settings.Project
	Folder   string // the files of the commit
	Log      string // the file to which the log of the run goes
	MayWrite func() error
}

// A Worker plays the jobs of one queue.
type Worker struct {
	Client   client.Client
	Settings *settings.File
	Queue    string
	Slots    int // plays at the same time
	Name     string
	Player   Player
	Leases   *lease.Leases
	Sources  *checkout.Repositories
	Logs     string // a folder
	Logger   *slog.Logger
}

// drainTime is how long a worker that is to end lets what is under way finish.
const drainTime = 20 * time.Second

// Run plays until the context ends; then what is under way is interrupted, and taken
// over elsewhere.
func (w *Worker) Run(ctx context.Context) error {
	if err := os.MkdirAll(w.Logs, 0o700); err != nil {
		return err
	}
	a := &activities{Worker: w, ending: ctx}
	short := sdk.New(w.Client, w.Queue, w.options(sdk.Options{}))
	short.RegisterWorkflowWithOptions(flow.Play, workflow.RegisterOptions{Name: flow.PlayWorkflow})
	short.RegisterWorkflowWithOptions(flow.Lane, workflow.RegisterOptions{Name: flow.LaneWorkflow})
	short.RegisterActivityWithOptions(a.resolve, activity.RegisterOptions{Name: flow.ResolveActivity})
	short.RegisterActivityWithOptions(a.askLane, activity.RegisterOptions{Name: flow.AskLaneActivity})
	plays := sdk.New(w.Client, flow.PlaysQueue(w.Queue), w.options(sdk.Options{MaxConcurrentActivityExecutionSize: w.Slots, DisableWorkflowWorker: true}))
	plays.RegisterActivityWithOptions(a.runPlay, activity.RegisterOptions{Name: flow.RunPlayActivity})
	for _, work := range []sdk.Worker{short, plays} {
		if err := work.Start(); err != nil {
			return fmt.Errorf("the worker cannot start: %w", err)
		}
		defer work.Stop()
	}
	w.Logger.Info("the worker plays", "queue", w.Queue, "slots", w.Slots, "name", w.Name)
	go w.tidy(ctx)
	<-ctx.Done()
	plays.Stop() // the other one goes on meanwhile, so that lanes learn of it
	return nil
}

func (w *Worker) options(o sdk.Options) sdk.Options {
	o.Identity, o.WorkerStopTimeout = w.Name, drainTime
	o.MaxHeartbeatThrottleInterval, o.DefaultHeartbeatThrottleInterval = 2*time.Second, 2*time.Second
	return o
}

// tidy removes old logs and worktrees, once an hour.
func (w *Worker) tidy(ctx context.Context) {
	for {
		if err := errors.Join(w.removeLogs(time.Now().Add(-w.Settings.Worker.KeepLog)), w.Sources.Prune(time.Now().Add(-24*time.Hour))); err != nil {
			w.Logger.Warn("old files could not be removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}

func (w *Worker) removeLogs(before time.Time) error {
	logs, err := filepath.Glob(filepath.Join(w.Logs, "*.jsonl"))
	if err != nil {
		return err
	}
	for _, log := range logs {
		if info, err := os.Stat(log); err == nil && info.ModTime().Before(before) {
			if err := os.Remove(log); err != nil {
				return err
			}
		}
	}
	return nil
}

// activities is what a worker does for workflows.
type activities struct {
	*Worker
	ending context.Context //nolint:containedctx // of the process: an activity's own goes on
}

// permanent is an error that another attempt does not mend.
func permanent(kind string, err error) error {
	return temporal.NewNonRetryableApplicationError(err.Error(), kind, nil)
}

func (a *activities) project(job flow.Job) (settings.Project, error) {
	p, ok := a.Settings.Projects[job.Project]
	if !ok {
		return p, permanent("project", fmt.Errorf("the settings of worker %s know no project %q", a.Name, job.Project))
	}
	return p, nil
}

// resolve finds the commit of a job, and its lanes.
func (a *activities) resolve(ctx context.Context, job flow.Job) (flow.Resolved, error) {
	project, err := a.project(job)
	if err != nil {
		return flow.Resolved{}, err
	}
	job.Commit, err = a.Sources.Resolve(ctx, project.Git, job.Ref)
	if err != nil {
		return flow.Resolved{}, gone(err)
	}
	lanes := job.Lanes
	if len(lanes) == 0 {
		lanes = project.Lane
	}
	if len(lanes) == 0 {
		playing := Playing{Job: job, Settings: project}
		if playing.Folder, err = a.Sources.Worktree(ctx, project.Git, job.Commit); err != nil {
			return flow.Resolved{}, gone(err)
		}
		if lanes, err = a.Player.Lanes(ctx, playing); err != nil {
			return flow.Resolved{}, permanent("playbook", err)
		}
	}
	return flow.Resolved{Commit: job.Commit, Lanes: lanes}, nil
}

// gone makes an error permanent that says that a ref is not there.
func gone(err error) error {
	if missing, ok := errors.AsType[*checkout.GoneError](err); ok {
		return permanent("ref", missing)
	}
	return err
}

// askLane asks a lane, which is started if it does not run.
func (a *activities) askLane(ctx context.Context, lane string, ask flow.Ask) error {
	_, err := a.Client.SignalWithStartWorkflow(ctx, "lane/"+lane, flow.AskSignal, ask, client.StartWorkflowOptions{
		TaskQueue: ask.Job.Queue, WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, flow.LaneWorkflow, flow.LaneState{})
	return err
}

// runPlay plays a job, in this process, as long as the server knows of it.
func (a *activities) runPlay(ctx context.Context, job flow.Job) (flow.Outcome, error) {
	info := activity.GetInfo(ctx)
	a.Leases.Begin(info.TaskToken)
	defer a.Leases.End(info.TaskToken)
	activity.RecordHeartbeat(ctx)
	if a.Leases.Await(ctx, info.TaskToken) != nil {
		return flow.Outcome{}, errAgain
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go a.watch(ctx, stop, job, info.TaskToken)
	project, err := a.project(job)
	if err != nil {
		return flow.Outcome{}, err
	}
	p := Playing{Job: job, Settings: project, MayWrite: func() error { return a.Leases.MayWrite(info.TaskToken) }}
	if p.Folder, err = a.Sources.Worktree(ctx, project.Git, job.Commit); err != nil {
		return flow.Outcome{}, gone(err)
	}
	p.Log = filepath.Join(a.Logs, fmt.Sprintf("%s-%s.jsonl", info.WorkflowExecution.RunID, info.ActivityID+"-"+fmt.Sprint(info.Attempt)))
	start := time.Now()
	outcome := a.Player.Play(ctx, p)
	outcome.Began, outcome.Took, outcome.Worker, outcome.Commit, outcome.Log = start, time.Since(start), a.Name, job.Commit, p.Log
	switch outcome.Exit {
	case 6, 130: // another run has the lock, or it was interrupted
		if errors.Is(context.Cause(ctx), errPlayGone) {
			return outcome, nil // nobody waits for it
		}
		return outcome, errAgain
	}
	return outcome, nil
}

var (
	errAgain    = errors.New("it was interrupted, and is to be played again")
	errPlayGone = errors.New("the play was ended from outside")
	errEnding   = errors.New("the worker ends")
)

// beat is how often a play says that it goes on. The client sends at most one in two
// seconds.
const beat = time.Second

// watch says to the server that a play goes on, and ends it when the worker ends, when
// the lease does, or when nobody waits for it any more.
func (a *activities) watch(ctx context.Context, stop context.CancelCauseFunc, job flow.Job, token []byte) {
	ticks := time.NewTicker(beat)
	defer ticks.Stop()
	var looking atomic.Bool
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			a.tellIfGone(ctx, job)
			return
		case <-a.ending.Done():
			stop(errEnding)
			return
		case <-ticks.C:
		}
		activity.RecordHeartbeat(ctx)
		if err := a.Leases.MayWrite(token); err != nil {
			stop(err)
			return
		}
		if n%5 == 0 && looking.CompareAndSwap(false, true) {
			go func() {
				defer looking.Store(false)
				if a.ended(ctx, job.PlayID) {
					stop(errPlayGone)
				}
			}()
		}
	}
}

// tellIfGone tells the play that its lane is gone, if it was the server that ended
// the activity.
func (a *activities) tellIfGone(ctx context.Context, job flow.Job) {
	if errors.Is(context.Cause(ctx), context.Canceled) && a.ending.Err() == nil && job.PlayID != "" {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = a.Client.SignalWorkflow(within, job.PlayID, "", flow.LostSignal, nil) // or it asks again by itself, later
	}
}

// ended reports whether a play has surely ended.
func (a *activities) ended(ctx context.Context, id string) bool {
	if id == "" {
		return false
	}
	within, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	d, err := a.Client.DescribeWorkflowExecution(within, id, "")
	if err != nil {
		_, missing := errors.AsType[*serviceerror.NotFound](err)
		return missing
	}
	return d.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING
}
