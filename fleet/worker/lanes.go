package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"runner/fleet/flow"
)

// lookTime is how often a worker looks whether what it depends on goes on.
const lookTime = 2 * time.Second

// lanes are those that were asked by this worker, with who waits for them. A lane that
// was ended from outside cannot tell them; who waits asks again after some time, and at
// once on a signal.
type lanes struct {
	client client.Client

	mu      sync.Mutex
	waiting map[flow.Run]map[string]time.Time // by the first run of the lane: who waits, until when
}

// ask asks a lane, which is started if it does not run, and returns its first run.
func (l *lanes) ask(ctx context.Context, lane string, ask flow.Ask) (chain string, err error) {
	id := flow.LaneID(lane)
	// The first run of all may play at once. What came before any other run may have
	// been ended while it played.
	run, err := l.start(ctx, id, ask, enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, flow.LaneState{})
	if _, earlier := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); earlier {
		run, err = l.start(ctx, id, ask, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, flow.LaneState{After: true})
	}
	if err != nil {
		return "", err
	}
	d, err := l.client.DescribeWorkflow(ctx, id, run)
	if err != nil {
		return "", err
	}
	return d.RawResponse.GetWorkflowExecutionInfo().GetFirstRunId(), nil
}

func (l *lanes) start(ctx context.Context, id string, ask flow.Ask, policy enums.WorkflowIdReusePolicy, state flow.LaneState) (run string, err error) {
	r, err := l.client.SignalWithStartWorkflow(ctx, id, flow.AskSignal, ask,
		client.StartWorkflowOptions{TaskQueue: ask.Job.Queue, WorkflowIDReusePolicy: policy}, flow.LaneWorkflow, state)
	if err != nil {
		return "", err
	}
	return r.GetRunID(), nil
}

// ended reports whether a lane that began with a run has surely ended.
func (l *lanes) ended(ctx context.Context, r flow.Run) bool {
	within, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	d, err := l.client.DescribeWorkflow(within, r.ID, "")
	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
		return true
	}
	if err != nil {
		return false
	}
	info := d.RawResponse.GetWorkflowExecutionInfo()
	return info.GetFirstRunId() != r.Run || info.GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING
}

// note notes that a workflow waits for a lane.
func (l *lanes) note(r flow.Run, who string, long time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == nil {
		l.waiting = map[flow.Run]map[string]time.Time{}
	}
	if l.waiting[r] == nil {
		l.waiting[r] = map[string]time.Time{}
	}
	l.waiting[r][who] = time.Now().Add(long + lookTime)
}

// current returns the lanes that somebody still waits for.
func (l *lanes) current() []flow.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []flow.Run
	for r, waiting := range l.waiting {
		for who, until := range waiting {
			if time.Now().After(until) {
				delete(waiting, who)
			}
		}
		if len(waiting) == 0 {
			delete(l.waiting, r)
			continue
		}
		all = append(all, r)
	}
	return all
}

// watch looks after lanes until the context ends, and tells those who wait for one that
// has ended.
func (l *lanes) watch(ctx context.Context) {
	ticks := time.NewTicker(lookTime)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		for _, r := range l.current() {
			if l.ended(ctx, r) {
				l.tell(ctx, r)
			}
		}
	}
}

// tell tells those who wait for a lane that it has ended.
func (l *lanes) tell(ctx context.Context, r flow.Run) {
	l.mu.Lock()
	waiting := l.waiting[r]
	delete(l.waiting, r)
	l.mu.Unlock()
	within, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for who := range waiting {
		_ = l.client.SignalWorkflow(within, who, "", flow.LostSignal, nil) // or it asks by itself, later
	}
}
