package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"golang.org/x/sync/errgroup"

	"runner/fleet/checkout"
	"runner/fleet/flow"
	"runner/fleet/settings"
)

// catchUp is how long after its time a play that the server missed is still played:
// after an outage each playbook is played once, not as often as it was missed.
const catchUp = 10 * time.Minute

// digestKey is the memo by which a schedule of ours is known, and whether it is as
// declared.
const digestKey = "runner-fleet"

// A schedule is one that is to be.
type schedule struct {
	ID     string              `json:"id"` // "play/shop/site.yml", "drift/shop/site.yml"
	Spec   client.ScheduleSpec `json:"spec"`
	Job    flow.Job            `json:"job"`
	digest string
	action string // "create", "update", "delete", or "" where nothing is to be done
}

// when says when it is played, for people; "" of one that is to be deleted.
func (s *schedule) when() string {
	if s.action == "delete" {
		return ""
	}
	if len(s.Spec.CronExpressions) > 0 {
		return "at " + s.Spec.CronExpressions[0]
	}
	text := "every " + short(s.Spec.Intervals[0].Every)
	if s.Spec.Jitter > 0 {
		text += ", up to " + short(s.Spec.Jitter) + " later"
	}
	return text
}

// short writes a duration without zero parts: 15m, not 15m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// JobOf returns the job of a file that an entry of playbooks declares.
func JobOf(p settings.Playbook, project settings.Project, file string) flow.Job {
	return flow.Job{Project: p.Project, Playbook: file, Ref: p.Ref, Queue: project.Queue, ExtraVars: p.ExtraVars,
		Allow: p.Allow, Approve: p.Approve, Lanes: project.Lane, Prune: p.Prune, Timeout: p.Timeout}
}

func schedulesOf(p settings.Playbook, project settings.Project, file string) []*schedule {
	job := JobOf(p, project, file)
	var all []*schedule
	if p.Every > 0 || p.Cron != "" {
		all = append(all, newSchedule("play/"+job.Name(), p.Every, p.Cron, p.Jitter, job))
	}
	if p.Drift > 0 {
		job.Check, job.Approve = true, nil
		all = append(all, newSchedule("drift/"+job.Name(), p.Drift, "", min(p.Jitter, p.Drift/2), job))
	}
	return all
}

func newSchedule(id string, every time.Duration, cron string, jitter time.Duration, job flow.Job) *schedule {
	s := &schedule{ID: id, Job: job, Spec: client.ScheduleSpec{Jitter: jitter}}
	if cron != "" {
		s.Spec.CronExpressions = []string{cron}
	} else {
		s.Spec.Intervals = []client.ScheduleIntervalSpec{{Every: every}}
	}
	text, err := json.Marshal(s)
	if err != nil {
		text = []byte(err.Error()) // plain values: it cannot fail
	}
	sum := sha256.Sum256(text)
	s.digest = hex.EncodeToString(sum[:12])
	return s
}

// An Apply makes the schedules of a server match settings.
type Apply struct {
	Client  client.Client
	Data    converter.DataConverter // as the client has it
	Sources *checkout.Repositories
	Prune   bool // delete schedules that are declared no more
}

// A Plan is what differs between the schedules of a server and those that settings declare.
type Plan struct {
	Actions   []Action `json:"actions"`        // in the order of the schedules' names
	Left      []string `json:"left,omitempty"` // schedules that are declared no more, and are not deleted
	Schedules int      `json:"schedules"`      // how many are declared
	Applied   bool     `json:"applied"`        // false of a check

	todo []*schedule
}

// An Action is what is done to a schedule.
type Action struct {
	Action   string `json:"action"`         // "create", "update" or "delete"
	Schedule string `json:"schedule"`       // "play/shop/site.yml", "drift/shop/site.yml"
	When     string `json:"when,omitempty"` // when it plays, for people
}

// Count returns how many actions of a kind there are.
func (p *Plan) Count(action string) (n int) {
	for _, a := range p.Actions {
		if a.Action == action {
			n++
		}
	}
	return n
}

// Plan reports what differs. What is wrong with what settings name is a
// *settings.MistakesError.
func (a *Apply) Plan(ctx context.Context, f *settings.File) (*Plan, error) {
	want, err := schedules(ctx, f, a.Sources)
	if err != nil {
		return nil, err
	}
	all, err := a.compare(ctx, want)
	if err != nil {
		return nil, err
	}
	p := &Plan{Schedules: len(want), Actions: []Action{}}
	for _, s := range all {
		switch {
		case s.action == "delete" && !a.Prune:
			p.Left = append(p.Left, s.ID)
		case s.action != "":
			p.todo = append(p.todo, s)
			p.Actions = append(p.Actions, Action{s.action, s.ID, s.when()})
		}
	}
	return p, nil
}

// compare compares what is to be with what there is.
func (a *Apply) compare(ctx context.Context, want []*schedule) ([]*schedule, error) {
	there, err := (&Fleet{a.Client, a.Data}).schedules(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	for _, s := range want {
		switch found, ok := there[s.ID]; {
		case !ok:
			s.action = "create"
		case found.digest != s.digest:
			s.action = "update"
		}
		delete(there, s.ID)
	}
	plan := slices.Clone(want)
	for id := range there {
		plan = append(plan, &schedule{ID: id, action: "delete"})
	}
	slices.SortFunc(plan, func(a, b *schedule) int { return strings.Compare(a.ID, b.ID) })
	return plan, nil
}

// atOnce is how many schedules are changed at the same time.
const atOnce = 20

// CarryOut does what a plan says.
func (a *Apply) CarryOut(ctx context.Context, plan *Plan) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, s := range plan.todo {
		g.Go(func() error {
			if err := a.one(ctx, s); err != nil {
				return fmt.Errorf("%s could not be changed: %w", s.ID, err)
			}
			return nil
		})
	}
	err := g.Wait()
	plan.Applied = err == nil
	return err
}

func (a *Apply) one(ctx context.Context, s *schedule) error {
	handle := a.Client.ScheduleClient().GetHandle(ctx, s.ID)
	switch s.action {
	case "create":
		return a.create(ctx, s, nil)
	case "update":
		return a.update(ctx, handle, s)
	case "delete":
		return handle.Delete(ctx)
	}
	return nil
}

// createTime is how long it may take to create a schedule anew.
const createTime = 30 * time.Second

// update deletes a schedule and creates it anew, as a memo cannot be updated. It stays paused
// if it was, and neither Ctrl-C nor the failure of another schedule keeps it from being created.
func (a *Apply) update(ctx context.Context, handle client.ScheduleHandle, s *schedule) error {
	was, err := handle.Describe(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTime)
	defer cancel()
	if err := handle.Delete(ctx); err != nil {
		return err
	}
	return a.create(ctx, s, was.Schedule.State)
}

// create creates a schedule, paused where its state says so; a nil state does not.
func (a *Apply) create(ctx context.Context, s *schedule, state *client.ScheduleState) error {
	if state == nil {
		state = &client.ScheduleState{}
	}
	_, err := a.Client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: s.ID, Spec: s.Spec, CatchupWindow: catchUp, Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		Paused: state.Paused, Note: state.Note,
		Memo:   map[string]any{digestKey: s.digest},
		Action: &client.ScheduleWorkflowAction{ID: s.ID, Workflow: flow.PlayWorkflow, TaskQueue: s.Job.Queue, Args: []any{s.Job}, Memo: firstMemo(s.Job)},
	})
	return err
}
