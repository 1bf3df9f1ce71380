package control

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"runner/fleet/flow"
	"runner/suggest"
)

// A Fleet is a server, as people use it.
type Fleet struct {
	Client client.Client
	Data   converter.DataConverter // as the client has it
}

// Start begins a play now, and returns the id of its workflow.
func (f *Fleet) Start(ctx context.Context, job flow.Job) (string, error) {
	id := fmt.Sprintf("play/%s/%s-%s", job.Name(), time.Now().UTC().Format("20060102T150405.000Z"), rand.Text()[:6])
	_, err := f.StartOnce(ctx, id, job)
	return id, err
}

// StartOnce begins a play with an id, unless there is one with that id, or was; then it
// reports true.
func (f *Fleet) StartOnce(ctx context.Context, id string, job flow.Job) (already bool, err error) {
	_, err = f.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: job.Queue, Memo: firstMemo(job),
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, flow.PlayWorkflow, job)
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); started {
		return true, nil
	}
	return false, err
}

// firstMemo is what a list shows of a play that no worker has taken yet.
func firstMemo(job flow.Job) map[string]any {
	return map[string]any{flow.MemoKey: flow.Memo{Name: job.Name(), Check: job.Check, Phase: flow.Resolving}}
}

// Healthy returns an error where the server does not respond.
func (f *Fleet) Healthy(ctx context.Context) error {
	_, err := f.Client.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}

// Wait waits for the end of a play, and says each time what it is doing. A server that is
// away meanwhile is waited for.
func (f *Fleet) Wait(ctx context.Context, id string, changed func(flow.State)) (flow.Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go f.follow(ctx, id, changed)
	for {
		o, err := f.result(ctx, id)
		if err == nil || ctx.Err() == nil && !isAway(err) {
			return o, err
		}
		select {
		case <-ctx.Done():
			return o, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// isAway reports whether an error is that the server does not respond.
func isAway(err error) bool {
	_, unavailable := errors.AsType[*serviceerror.Unavailable](err)
	_, late := errors.AsType[*serviceerror.DeadlineExceeded](err)
	return unavailable || late || errors.Is(err, context.DeadlineExceeded)
}

// result returns what came of a play once it has ended: it is in its history, so that no
// worker has to be there.
func (f *Fleet) result(ctx context.Context, id string) (o flow.Outcome, err error) {
	err = f.Client.GetWorkflow(ctx, id, "").Get(ctx, &o)
	if err == nil {
		return o, nil
	}
	if failure, ok := errors.AsType[*temporal.ApplicationError](err); ok && failure.HasDetails() && failure.Details(&o) == nil {
		return o, nil
	}
	if _, ended := errors.AsType[*temporal.WorkflowExecutionError](err); !ended {
		return o, missing(id, err)
	}
	if state, stateErr := f.State(ctx, id); stateErr == nil && state.Outcome != nil {
		return *state.Outcome, nil
	}
	return o, fmt.Errorf("%s did not end well: %w", id, err)
}

// Outcome returns what came of a play; nil of one that goes on, with what it is doing.
func (f *Fleet) Outcome(ctx context.Context, id string) (o *flow.Outcome, phase string, err error) {
	p, err := f.describe(ctx, id)
	if err != nil || p.Running() {
		return nil, p.Phase, err
	}
	found, err := f.result(ctx, id)
	return &found, flow.Ended, err
}

func (f *Fleet) follow(ctx context.Context, id string, changed func(flow.State)) {
	last := ""
	for {
		if state, err := f.State(ctx, id); err == nil && state.Phase != last {
			last = state.Phase
			changed(state)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// State asks a play what it is doing.
func (f *Fleet) State(ctx context.Context, id string) (flow.State, error) {
	var state flow.State
	v, err := f.Client.QueryWorkflow(ctx, id, "", flow.StateQuery)
	if err == nil {
		err = v.Get(&state)
	}
	return state, err
}

// A NoPlayError says that there is no such play, or no such playbook.
type NoPlayError struct{ Name, Hint string }

func (e *NoPlayError) Error() string {
	text := fmt.Sprintf("there is no play and no playbook %q", e.Name)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Find returns the id of the latest play that a word names: a workflow's id, or the
// name of a playbook.
func (f *Fleet) Find(ctx context.Context, word string) (string, error) {
	_, err := f.describe(ctx, word)
	if err == nil {
		return word, nil
	}
	if _, none := errors.AsType[*NoPlayError](err); !none {
		return "", err
	}
	o, err := NewWatch(f, nil).Look(ctx)
	if err != nil {
		return "", err
	}
	if found := o.find(word); found != nil {
		return found.ID, nil
	}
	return "", o.missing(word)
}

// find returns the latest play of a playbook, one that waits for consent before others;
// nil where there is none.
func (o *Overview) find(name string) *PlayInfo {
	for i, p := range o.Waiting {
		if p.Name == name {
			return &o.Waiting[i]
		}
	}
	for _, b := range o.Playbooks {
		if b.Name == name {
			return cmp.Or(b.Play, b.Check)
		}
	}
	return nil
}

// missing says that there is no playbook of a name, and which one is near; or that it was
// not played yet.
func (o *Overview) missing(name string) error {
	var names []string
	for _, b := range o.Playbooks {
		if b.Name == name {
			return fmt.Errorf("%s was not played yet", name)
		}
		names = append(names, b.Name)
	}
	return &NoPlayError{name, suggest.DidYouMean(name, names)}
}

// describe returns a play as it is now.
func (f *Fleet) describe(ctx context.Context, id string) (PlayInfo, error) {
	d, err := f.Client.DescribeWorkflow(ctx, id, "")
	if err != nil {
		return PlayInfo{}, missing(id, err)
	}
	return f.info(d.RawResponse.GetWorkflowExecutionInfo())
}

// A ChangedError says that a play needs other consent than what somebody was shown.
type ChangedError struct {
	ID    string
	Needs []flow.Change // what it needs now
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("what %s needs consent for has changed since it was shown: look again", e.ID)
}

// A NotWaitingError says that a play waits for no consent, any more or yet.
type NotWaitingError struct{ ID, Phase string }

func (e *NotWaitingError) Error() string {
	return fmt.Sprintf("%s waits for no consent: %s", e.ID, e.Phase)
}

// Digest names a list of changes: the same for the same ones.
func Digest(changes []flow.Change) string {
	h := sha256.New()
	for _, c := range changes {
		fmt.Fprintf(h, "%q %q %q %q\n", c.Risk, c.Action, c.Object, c.Task)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A Consent says yes, or no, to what a play waits for.
type Consent struct {
	By     string // who says it
	Denied bool
	Shown  string // the Digest of what was shown; "": whatever it waits for now
}

// Consent says yes, or no, to what a play waits for, and returns that. What is needed now
// and was not shown is a *ChangedError.
func (f *Fleet) Consent(ctx context.Context, id string, c Consent) ([]flow.Change, error) {
	p, err := f.describe(ctx, id)
	if err != nil {
		return nil, err
	}
	if !p.Waiting() {
		phase := p.Phase
		if !p.Running() {
			phase = strings.ToLower(p.Status)
		}
		return nil, &NotWaitingError{id, phase}
	}
	if c.Shown != "" && c.Shown != Digest(p.Needs) {
		return nil, &ChangedError{id, p.Needs}
	}
	return p.Needs, f.Client.SignalWorkflow(ctx, id, p.Run, flow.ApproveSignal, flow.Approval{By: c.By, Denied: c.Denied, Changes: p.Needs})
}

// Cancel ends a play; what is under way is finished. One that has ended is an error.
func (f *Fleet) Cancel(ctx context.Context, id string) error {
	p, err := f.describe(ctx, id)
	if err != nil {
		return err
	}
	if !p.Running() {
		return fmt.Errorf("%s has ended already: %s", id, strings.ToLower(p.Status))
	}
	return missing(id, f.Client.CancelWorkflow(ctx, id, p.Run))
}

// Served reports whether a worker has asked for what is in a queue within some minutes;
// true where that is not known.
func (f *Fleet) Served(ctx context.Context, queue string) bool {
	found, err := f.Client.DescribeTaskQueue(ctx, queue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	return err != nil || len(found.GetPollers()) > 0
}

// Pause keeps a playbook's schedules from playing, Resume lets them play again.
func (f *Fleet) Pause(ctx context.Context, name, note string) error {
	return f.eachSchedule(ctx, name, func(h client.ScheduleHandle) error {
		return h.Pause(ctx, client.SchedulePauseOptions{Note: note})
	})
}

// Resume lets schedules play again.
func (f *Fleet) Resume(ctx context.Context, name, note string) error {
	return f.eachSchedule(ctx, name, func(h client.ScheduleHandle) error {
		return h.Unpause(ctx, client.ScheduleUnpauseOptions{Note: note})
	})
}

// scheduleKinds are what the ids of a playbook's schedules begin with.
var scheduleKinds = []string{"play/", "drift/"}

func (f *Fleet) eachSchedule(ctx context.Context, name string, do func(client.ScheduleHandle) error) error {
	found := 0
	for _, kind := range scheduleKinds {
		err := do(f.Client.ScheduleClient().GetHandle(ctx, kind+name))
		if _, none := errors.AsType[*serviceerror.NotFound](err); none {
			continue
		}
		if err != nil {
			return err
		}
		found++
	}
	if found > 0 {
		return nil
	}
	o, err := NewWatch(f, nil).Look(ctx)
	if err != nil {
		return err
	}
	err = o.missing(name)
	if _, none := errors.AsType[*NoPlayError](err); !none {
		err = fmt.Errorf("%s has no schedule", name)
	}
	return err
}

func missing(id string, err error) error {
	if _, none := errors.AsType[*serviceerror.NotFound](err); none {
		return &NoPlayError{Name: id}
	}
	return err
}
