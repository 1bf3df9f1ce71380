package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
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

// when says when it is played, for people.
func (s *schedule) when() string {
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

// schedules returns the schedules that settings declare, with a file for each
// playbook that the patterns match now.
func schedules(ctx context.Context, f *settings.File, sources *checkout.Repositories) ([]*schedule, error) {
	var all []*schedule
	seen := map[string]bool{}
	for _, p := range f.Playbooks {
		project := f.Projects[p.Project]
		commit, err := sources.Resolve(ctx, project.Git, p.Ref)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Place, err)
		}
		dir, err := sources.Worktree(ctx, project.Git, commit)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Place, err)
		}
		files, err := checkout.Match(dir, p.Files)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s: no file of %s matches %q", p.Place, p.Project, p.Files)
		}
		for _, file := range files {
			for _, s := range schedulesOf(p, project, file) {
				if seen[s.ID] {
					return nil, fmt.Errorf("%s: %s is declared twice", p.Place, s.ID)
				}
				seen[s.ID] = true
				all = append(all, s)
			}
		}
	}
	slices.SortFunc(all, func(a, b *schedule) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
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
	Out     io.Writer
	Check   bool // only report
	Prune   bool // delete schedules that are declared no more
}

// Run reports what differs, and, without Check, changes it. It returns how many
// schedules differed.
func (a *Apply) Run(ctx context.Context, f *settings.File) (changed int, err error) {
	want, err := schedules(ctx, f, a.Sources)
	if err != nil {
		return 0, err
	}
	plan, err := a.plan(ctx, want)
	if err != nil {
		return 0, err
	}
	count := map[string]int{}
	for _, s := range plan {
		if s.action == "" || s.action == "delete" && !a.Prune {
			continue
		}
		count[s.action]++
		changed++
		fmt.Fprintf(a.Out, "%s %s %s %s\n", map[string]string{"create": "+", "update": "~", "delete": "-"}[s.action], s.action, s.ID, describe(s))
	}
	if left := slices.ContainsFunc(plan, func(s *schedule) bool { return s.action == "delete" }); left && !a.Prune {
		fmt.Fprintln(a.Out, "schedules that are declared no more are left: --prune deletes them")
	}
	if !a.Check {
		err = a.carryOut(ctx, plan)
	}
	fmt.Fprintf(a.Out, "%d schedules: %d to create, %d to update, %d to delete\n", len(want), count["create"], count["update"], count["delete"])
	return changed, err
}

func describe(s *schedule) string {
	if s.action == "delete" {
		return ""
	}
	return s.when()
}

// plan compares what is to be with what there is.
func (a *Apply) plan(ctx context.Context, want []*schedule) ([]*schedule, error) {
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

func (a *Apply) carryOut(ctx context.Context, plan []*schedule) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, s := range plan {
		g.Go(func() error {
			if err := a.one(ctx, s); err != nil {
				return fmt.Errorf("%s could not be changed: %w", s.ID, err)
			}
			return nil
		})
	}
	return g.Wait()
}

func (a *Apply) one(ctx context.Context, s *schedule) error {
	schedules := a.Client.ScheduleClient()
	switch s.action {
	case "create":
		return a.create(ctx, s)
	case "update": // a memo cannot be updated: it is deleted and created, with its pause
		handle := schedules.GetHandle(ctx, s.ID)
		was, err := handle.Describe(ctx)
		if err != nil {
			return err
		}
		if err := handle.Delete(ctx); err != nil {
			return err
		}
		if err := a.create(ctx, s); err != nil {
			return err
		}
		if was.Schedule.State != nil && was.Schedule.State.Paused {
			return schedules.GetHandle(ctx, s.ID).Pause(ctx, client.SchedulePauseOptions{Note: was.Schedule.State.Note})
		}
	case "delete":
		if a.Prune {
			return schedules.GetHandle(ctx, s.ID).Delete(ctx)
		}
	}
	return nil
}

func (a *Apply) create(ctx context.Context, s *schedule) error {
	_, err := a.Client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: s.ID, Spec: s.Spec, CatchupWindow: catchUp, Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		Memo:   map[string]any{digestKey: s.digest},
		Action: &client.ScheduleWorkflowAction{ID: s.ID, Workflow: flow.PlayWorkflow, TaskQueue: s.Job.Queue, Args: []any{s.Job}, Memo: firstMemo(s.Job)},
	})
	return err
}
