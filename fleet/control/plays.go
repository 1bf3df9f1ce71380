package control

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"runner/fleet/flow"
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

// Wait waits for the end of a play, and says each time what it is doing.
func (f *Fleet) Wait(ctx context.Context, id string, changed func(flow.State)) (flow.Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go f.follow(ctx, id, changed)
	var o flow.Outcome
	err := f.Client.GetWorkflow(ctx, id, "").Get(ctx, &o)
	if err == nil {
		return o, nil
	}
	if state, stateErr := f.State(ctx, id); stateErr == nil && state.Outcome != nil {
		return *state.Outcome, nil
	}
	return o, fmt.Errorf("%s did not end well: %w", id, err)
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

// A NoPlayError says that there is no such play.
type NoPlayError struct{ Name string }

func (e *NoPlayError) Error() string { return fmt.Sprintf("there is no play %q", e.Name) }

// Find returns the id of the latest play that a word names: a workflow's id, or the
// name of a playbook.
func (f *Fleet) Find(ctx context.Context, word string) (string, error) {
	if _, err := f.Client.DescribeWorkflowExecution(ctx, word, ""); err == nil {
		return word, nil
	}
	plays, err := f.List(ctx, Filter{})
	if err != nil {
		return "", err
	}
	for _, p := range plays {
		if p.ID == word || p.Name == word {
			return p.ID, nil
		}
	}
	return "", &NoPlayError{word}
}

// Approve says yes, or no, to what a play waits for.
func (f *Fleet) Approve(ctx context.Context, id, by string, denied bool) ([]flow.Change, error) {
	state, err := f.State(ctx, id)
	if err != nil {
		return nil, missing(id, err)
	}
	if state.Phase != flow.Waiting {
		return nil, fmt.Errorf("%s waits for no consent: it is %s", id, state.Phase)
	}
	return state.Needs, f.Client.SignalWorkflow(ctx, id, "", flow.ApproveSignal, flow.Approval{By: by, Denied: denied, Changes: state.Needs})
}

// Cancel ends a play; what is under way is finished.
func (f *Fleet) Cancel(ctx context.Context, id string) error {
	return missing(id, f.Client.CancelWorkflow(ctx, id, ""))
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

func (f *Fleet) eachSchedule(ctx context.Context, name string, do func(client.ScheduleHandle) error) error {
	found := 0
	for _, kind := range []string{"play/", "drift/"} {
		err := do(f.Client.ScheduleClient().GetHandle(ctx, kind+name))
		if _, none := errors.AsType[*serviceerror.NotFound](err); none {
			continue
		}
		if err != nil {
			return err
		}
		found++
	}
	if found == 0 {
		return fmt.Errorf("there is no schedule of %q", name)
	}
	return nil
}

func missing(id string, err error) error {
	if _, none := errors.AsType[*serviceerror.NotFound](err); none {
		return &NoPlayError{id}
	}
	return err
}

// A Filter chooses plays.
type Filter struct{ Drift, Waiting, Failed bool }

// A PlayInfo is a play as a list shows it.
type PlayInfo struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`  // "shop/site.yml"
	Check   bool      `json:"check"` // it looks whether there is something to do
	Phase   string    `json:"phase"`
	Exit    *int      `json:"exit,omitempty"` // nil while it goes on, and where it ended without
	Changed int       `json:"changed"`
	Needs   int       `json:"needs,omitempty"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"`
	Status  string    `json:"status"` // the server's word: "Running", "Completed", "Failed", …
}

// matches reports whether a filter lets a play through.
func (f Filter) matches(p PlayInfo) bool {
	switch {
	case f.Waiting:
		return p.Phase == flow.Waiting && p.Status == "Running"
	case f.Failed:
		return p.Status != "Running" && p.Status != "Completed"
	case f.Drift:
		return p.Check && p.Exit != nil && *p.Exit == 3
	}
	return true
}

// List returns the latest play of each playbook, and its latest check, by name.
func (f *Fleet) List(ctx context.Context, filter Filter) ([]PlayInfo, error) {
	latest := map[string]PlayInfo{}
	var token []byte
	for {
		page, err := f.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: "WorkflowType = '" + flow.PlayWorkflow + "'", PageSize: 500, NextPageToken: token,
		})
		if err != nil {
			return nil, fmt.Errorf("the plays cannot be listed: %w", err)
		}
		for _, e := range page.GetExecutions() {
			p := f.info(e)
			key := fmt.Sprint(p.Name, p.Check)
			if was, ok := latest[key]; !ok || p.Began.After(was.Began) {
				latest[key] = p
			}
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			break
		}
	}
	var all []PlayInfo
	for _, p := range latest {
		if filter.matches(p) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b PlayInfo) int { return cmp.Or(strings.Compare(a.Name, b.Name), b.Began.Compare(a.Began)) })
	return all, nil
}

func (f *Fleet) info(e *workflowpb.WorkflowExecutionInfo) PlayInfo {
	p := PlayInfo{ID: e.GetExecution().GetWorkflowId(), Began: e.GetStartTime().AsTime(), Status: statusName(e.GetStatus())}
	if e.GetCloseTime() != nil {
		p.Ended = e.GetCloseTime().AsTime()
	}
	var m flow.Memo
	if payload, ok := e.GetMemo().GetFields()[flow.MemoKey]; ok && f.Data.FromPayload(payload, &m) == nil {
		p.Name, p.Check, p.Phase, p.Exit, p.Changed, p.Needs = m.Name, m.Check, m.Phase, m.Exit, m.Changed, m.Needs
	}
	if p.Name == "" {
		p.Name = p.ID
	}
	return p
}

func statusName(s enums.WorkflowExecutionStatus) string {
	return strings.ReplaceAll(s.String(), "_", " ")
}
