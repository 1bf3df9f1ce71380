package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"runner/cmd/exit"
	"runner/fleet/checkout"
	"runner/fleet/flow"
	"runner/fleet/lease"
	"runner/fleet/logs"
	"runner/fleet/settings"
)

// A script is a player that does what a test says.
type script struct {
	play  func(ctx context.Context, p Playing) flow.Outcome
	lanes func(p Playing) ([]string, error)
}

func (s script) Play(ctx context.Context, p Playing) flow.Outcome { return s.play(ctx, p) }

func (s script) Lanes(_ context.Context, p Playing) ([]string, error) { return s.lanes(p) }

// running is a server on which workflows go on, or do not.
type running struct {
	client.Client
	ended, away atomic.Bool
}

func (r *running) DescribeWorkflow(context.Context, string, string) (*client.WorkflowExecutionDescription, error) {
	switch {
	case r.away.Load():
		return nil, serviceerror.NewUnavailable("away")
	case r.ended.Load():
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	return &client.WorkflowExecutionDescription{RawResponse: &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING},
	}}, nil
}

// A bench is a worker without a server, and the SDK's environment of activities, whose
// heartbeats are confirmed as long as a test wants.
type bench struct {
	*activities
	*testsuite.TestActivityEnvironment
	t       *testing.T
	server  *running
	end     func()
	silent  atomic.Bool // no heartbeat is confirmed any more
	commits map[string]string
}

// newBench returns one with a repository of one playbook.
func newBench(t *testing.T, leaseTime time.Duration, play script) *bench {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	repo := t.TempDir()
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + repo, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.test", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.test"}
	c := exec.Command("/bin/sh", "-ec", "git init -q -b main . && echo '- debug: {}' >site.yml && git add . && git commit -qm one && git rev-parse HEAD")
	c.Dir, c.Env = repo, env
	commit, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := logs.Open(settings.Logs{}, time.Hour, t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, server: &running{}, commits: map[string]string{"main": strings.TrimSpace(string(commit))}}
	ending, end := context.WithCancel(t.Context())
	b.end = end
	b.activities = &activities{ending: ending, lanes: &lanes{client: b.server}, Worker: &Worker{
		Client: b.server, Name: "one", Player: play, Leases: lease.New(leaseTime), Logs: kept, Logger: slog.New(slog.DiscardHandler),
		Sources: &checkout.Repositories{Dir: t.TempDir(), Env: env}, Settings: &settings.File{Projects: map[string]settings.Project{
			"shop": {Git: repo}, "lane": {Git: repo, Lane: []string{"z", "a", "z"}}, "gone": {Git: repo + "/none"},
		}},
	}}
	b.TestActivityEnvironment = (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	b.RegisterActivityWithOptions(b.resolve, activity.RegisterOptions{Name: flow.ResolveActivity})
	b.RegisterActivityWithOptions(b.runPlay, activity.RegisterOptions{Name: flow.RunPlayActivity})
	b.SetOnActivityHeartbeatListener(func(info *activity.Info, _ converter.EncodedValues) {
		if !b.silent.Load() {
			b.Leases.Renew(info.TaskToken, time.Now())
		}
	})
	return b
}

// run runs an activity and returns what comes of it.
func run[R any](b *bench, name string, in any) (result R, err error) {
	b.t.Helper()
	value, err := b.ExecuteActivity(name, in)
	if err == nil {
		err = value.Get(&result)
	}
	return result, err
}

// TestResolve: a ref is a commit, and lanes are those of the job, of the project or of the
// playbook, each once and in one order.
func TestResolve(t *testing.T) {
	b := newBench(t, time.Minute, script{lanes: func(p Playing) ([]string, error) {
		text, err := os.ReadFile(p.Folder + "/" + p.Playbook)
		if string(text) != "- debug: {}\n" {
			t.Errorf("the playbook is %q, %v", text, err)
		}
		return []string{"owner 2", "owner 1", "owner 2"}, nil
	}})
	for name, c := range map[string]struct {
		job  flow.Job
		want []string
	}{
		"the playbook's owners": {flow.Job{Project: "shop", Ref: "main"}, []string{"owner 1", "owner 2"}},
		"a commit":              {flow.Job{Project: "shop", Ref: b.commits["main"]}, []string{"owner 1", "owner 2"}},
		"the project's":         {flow.Job{Project: "lane", Ref: "main"}, []string{"a", "z"}},
		"the job's own":         {flow.Job{Project: "lane", Ref: "main", Lanes: []string{"y", "b", "y"}}, []string{"b", "y"}},
	} {
		c.job.Playbook = "site.yml"
		if got, err := run[flow.Resolved](b, flow.ResolveActivity, c.job); err != nil || got.Commit != b.commits["main"] || !slices.Equal(got.Lanes, c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestWhatResolveCannotMend: what no attempt mends ends the play with its outcome; what the
// next one may mend is tried again.
func TestWhatResolveCannotMend(t *testing.T) {
	wrong := flow.Outcome{Exit: exit.Playbook, Message: "shop/site.yml:1:3: unknown task kind"}
	b := newBench(t, time.Minute, script{lanes: func(Playing) ([]string, error) { return nil, flow.Fail(wrong) }})
	for name, c := range map[string]struct {
		job  flow.Job
		want flow.Outcome // none: it is tried again
	}{
		"a playbook that does not compile": {flow.Job{Project: "shop", Ref: "main"}, wrong},
		"a branch that is gone":            {flow.Job{Project: "shop", Ref: "gone"}, flow.Outcome{Exit: exit.Playbook, Message: `has no branch, tag or commit "gone"`}},
		"a commit that is gone":            {flow.Job{Project: "shop", Ref: strings.Repeat("1", 40)}, flow.Outcome{Exit: exit.Playbook, Message: "has no branch, tag or commit"}},
		"an unknown project":               {flow.Job{Project: "shoe", Ref: "main"}, flow.Outcome{Exit: exit.Usage, Message: `the settings of worker one know no project "shoe"`}},
		"a repository that is away":        {flow.Job{Project: "gone", Ref: "main"}, flow.Outcome{}},
	} {
		got, err := run[flow.Resolved](b, flow.ResolveActivity, c.job)
		failure, _ := errors.AsType[*temporal.ApplicationError](err)
		var o flow.Outcome
		switch {
		case failure == nil || failure.NonRetryable() != (c.want.Exit != 0):
			t.Errorf("%s: %+v, %v", name, got, err)
		case c.want.Exit != 0 && (failure.Details(&o) != nil || o.Exit != c.want.Exit || !strings.Contains(o.Message, c.want.Message)):
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// ask is for a play of the one playbook.
func (b *bench) ask() flow.Ask {
	return flow.Ask{ID: "1", Job: flow.Job{Project: "shop", Playbook: "site.yml", Ref: "main", Commit: b.commits["main"]}, Plays: []string{"play/shop/site.yml"}}
}

// TestAPlayIsPlayed with the right to write, and its outcome says where and when.
func TestAPlayIsPlayed(t *testing.T) {
	b := newBench(t, time.Minute, script{play: func(_ context.Context, p Playing) flow.Outcome {
		if err := p.MayWrite(); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(p.Log, []byte("{}\n"), 0o600); err != nil || p.Worker != "one" {
			t.Errorf("%+v, %v", p, err)
		}
		return flow.Outcome{Exit: exit.Failed, Message: "no way", Counts: map[string]int{"failures": 1}}
	}})
	before := time.Now()
	o, err := run[flow.Outcome](b, flow.RunPlayActivity, b.ask())
	if err != nil || o.Exit != exit.Failed || o.Message != "no way" || o.Counts["failures"] != 1 || o.Worker != "one" || o.Commit != b.commits["main"] || o.Began.Before(before) || o.Took <= 0 {
		t.Errorf("%+v, %v", o, err)
	}
	if text, err := os.ReadFile(o.Log); err != nil || string(text) != "{}\n" {
		t.Errorf("the log is %q, %v", text, err)
	}
}

// TestWhyAPlayIsInterrupted: where its worker ends or its lease did, it is played again;
// where nobody wants it any more, it is over.
func TestWhyAPlayIsInterrupted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens   func(b *bench)
		cause     string
		cancelled bool // else it is played again
	}{
		"the worker ends":          {func(b *bench) { b.end() }, "the worker ends", false},
		"nobody confirms the play": {func(b *bench) { b.silent.Store(true) }, "the right to write has ended", false},
		"its workflow is gone":     {func(b *bench) { b.server.ended.Store(true) }, "nobody waits for it any more", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b *bench
			b = newBench(t, 3*time.Second, script{play: func(ctx context.Context, p Playing) flow.Outcome {
				if err := p.MayWrite(); err != nil {
					t.Errorf("at the beginning: %v", err)
				}
				c.happens(b)
				select {
				case <-ctx.Done():
				case <-time.After(time.Minute):
				}
				if cause := fmt.Sprint(context.Cause(ctx)); !strings.Contains(cause, c.cause) {
					t.Errorf("it is interrupted as %s", cause)
				}
				return flow.Outcome{Exit: exit.Interrupted}
			}})
			o, err := run[flow.Outcome](b, flow.RunPlayActivity, b.ask())
			if c.cancelled && (err != nil || o.Exit != exit.Interrupted || o.Message != "cancelled") {
				t.Errorf("%+v, %v", o, err)
			}
			if failure, ok := errors.AsType[*temporal.ApplicationError](err); !c.cancelled && (!ok || failure.NonRetryable() || !strings.Contains(err.Error(), errAgain.Error())) {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

// TestAServerThatIsAwayIsNoReason: it ends no play; only what it says does.
func TestAServerThatIsAwayIsNoReason(t *testing.T) {
	t.Parallel()
	var b *bench
	b = newBench(t, time.Minute, script{play: func(ctx context.Context, _ Playing) flow.Outcome {
		b.server.away.Store(true)
		select {
		case <-ctx.Done():
			t.Errorf("it is interrupted: %v", context.Cause(ctx))
		case <-time.After(lookTime + time.Second):
		}
		return flow.Outcome{}
	}})
	if o, err := run[flow.Outcome](b, flow.RunPlayActivity, b.ask()); err != nil || o.Exit != exit.Done {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestARefusedWriteIsPlayedAgain: a play that failed as it might not write any more is no
// failed play.
func TestARefusedWriteIsPlayedAgain(t *testing.T) {
	t.Parallel()
	var b *bench
	b = newBench(t, 500*time.Millisecond, script{play: func(_ context.Context, p Playing) flow.Outcome {
		b.silent.Store(true)
		for until := time.Now().Add(time.Minute); p.MayWrite() == nil && time.Now().Before(until); {
			time.Sleep(10 * time.Millisecond)
		}
		return flow.Outcome{Exit: exit.Failed, Message: "a write was refused"}
	}})
	if o, err := run[flow.Outcome](b, flow.RunPlayActivity, b.ask()); err == nil || !strings.Contains(err.Error(), errAgain.Error()) {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestALockedOwnerIsTriedAgainLater: another run on the machine has the lock.
func TestALockedOwnerIsTriedAgainLater(t *testing.T) {
	b := newBench(t, time.Minute, script{play: func(context.Context, Playing) flow.Outcome { return flow.Outcome{Exit: exit.Locked} }})
	_, err := run[flow.Outcome](b, flow.RunPlayActivity, b.ask())
	if failure, ok := errors.AsType[*temporal.ApplicationError](err); !ok || failure.Type() != "locked" || failure.NonRetryable() {
		t.Errorf("%v", err)
	}
	var last time.Duration
	for attempt := range int32(100) {
		failure, _ := errors.AsType[*temporal.ApplicationError](again(attempt + 1))
		if d := failure.NextRetryDelay(); d < last || d < time.Second || d > time.Minute {
			t.Errorf("attempt %d: tried again after %v", attempt+1, d)
		} else {
			last = d
		}
	}
}

// TestLanesAreLookedAfterAsLongAsSomebodyWaits, and no longer.
func TestLanesAreLookedAfterAsLongAsSomebodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lanes{}
		one, two := flow.Run{ID: "lane/one", Run: "1"}, flow.Run{ID: "lane/two", Run: "2"}
		current := func() string {
			var ids []string
			for _, r := range l.current() {
				ids = append(ids, r.ID)
			}
			slices.Sort(ids)
			return strings.Join(ids, " ")
		}
		l.note(one, "a", 10*time.Second)
		l.note(one, "b", 20*time.Second)
		l.note(two, "a", 10*time.Second)
		if got := current(); got != "lane/one lane/two" {
			t.Error(got)
		}
		time.Sleep(10*time.Second + lookTime + time.Nanosecond)
		if got := current(); got != "lane/one" {
			t.Error("after ten seconds:", got)
		}
		l.note(one, "b", 20*time.Second) // it asked again
		time.Sleep(20 * time.Second)
		if got := current(); got != "lane/one" {
			t.Error("asked again:", got)
		}
		time.Sleep(lookTime + time.Nanosecond)
		if got := current(); got != "" || len(l.waiting) != 0 {
			t.Error("at last:", got, l.waiting)
		}
	})
}
