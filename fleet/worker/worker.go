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
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"runner/fleet/checkout"
	"runner/fleet/flow"
	"runner/fleet/lease"
	"runner/fleet/logs"
	"runner/fleet/settings"
)

// A Player plays a job whose commit is in a folder, and returns the owners whose
// lanes a playbook needs.
type Player interface {
	// Play plays, and writes to the platform as long as mayWrite returns nil. When the
	// context ends, what is under way is finished and nothing more is started.
	Play(ctx context.Context, p Playing) flow.Outcome
	// Lanes returns whose plays a playbook has to wait for: a lane for each owner that
	// it names. What another attempt does not mend is an error of [flow.Fail].
	Lanes(ctx context.Context, p Playing) ([]string, error)
}

// A Playing is a job with what a worker makes of its names.
type Playing struct {
	flow.Job
	Settings settings.Project
	Worker   string // its name
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
	Logs     *logs.Store
	Logger   *slog.Logger
}

// drainTime is how long a worker that is to end lets what is under way finish.
const drainTime = 20 * time.Second

// Run plays until the context ends; then what is under way is interrupted, and taken
// over elsewhere.
func (w *Worker) Run(ctx context.Context) error {
	if err := os.MkdirAll(w.Logs.Dir, 0o700); err != nil {
		return err
	}
	a := &activities{Worker: w, ending: ctx, lanes: &lanes{client: w.Client}}
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
	go a.lanes.watch(ctx)
	<-ctx.Done()
	plays.Stop() // the other one goes on meanwhile, so that lanes learn of it
	return nil
}

func (w *Worker) options(o sdk.Options) sdk.Options {
	o.Identity, o.WorkerStopTimeout = w.Name, drainTime
	o.MaxHeartbeatThrottleInterval, o.DefaultHeartbeatThrottleInterval = 2*time.Second, 2*time.Second
	return o
}

// tidy removes old logs and worktrees, and sends logs that could not be sent, once an hour.
func (w *Worker) tidy(ctx context.Context) {
	for {
		now := time.Now()
		err := errors.Join(w.Logs.SendRest(ctx, now.Add(-w.longest())), w.Logs.Remove(ctx, now), w.Sources.Prune(ctx, now.Add(-24*time.Hour-w.longest())))
		if err != nil && ctx.Err() == nil {
			w.Logger.Warn("old files could not be sent or removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}

// longest is how long a play may be silent: no longer than the longest may take.
func (w *Worker) longest() time.Duration {
	longest := flow.DefaultTimeout
	for _, p := range w.Settings.Playbooks {
		longest = max(longest, p.Timeout)
	}
	return longest
}
