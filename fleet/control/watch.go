package control

import (
	"context"
	"fmt"
	"sync"
	"time"

	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"runner/fleet/flow"
	"runner/fleet/seal"
)

const (
	// fresh is how long an overview is good enough.
	fresh = 5 * time.Second
	// freshSchedules is how long a list of schedules is: each has its next five times.
	freshSchedules = time.Minute
	// whole is after how long all is listed anew, so that what the server forgets is
	// forgotten here too.
	whole = time.Hour
	// late is how late the server's lists may show the end of a play.
	late = time.Minute
	// mostPlays bounds how many plays are looked at, the latest first.
	mostPlays = 20000
)

// A Watch keeps an overview of a fleet. It asks the server for what changed: the plays that
// go on, and those that ended since it last asked. Make it with NewWatch.
type Watch struct {
	fleet *Fleet
	ended func(PlayInfo) // is called for each play that ended since the watch began; may be nil

	mu     sync.Mutex
	memory *memory
	began  time.Time // when all was listed
	listed time.Time // when the schedules were
	last   *Overview
}

// NewWatch returns a watch of a fleet. Ended, which may be nil, is called for each play
// that ends from now on, once, when an overview is made.
func NewWatch(fleet *Fleet, ended func(PlayInfo)) *Watch { return &Watch{fleet: fleet, ended: ended} }

// Look returns an overview that is a few seconds old at most. With an error it returns the
// one before, which may be nil.
func (w *Watch) Look(ctx context.Context) (*Overview, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if w.last != nil && now.Sub(w.last.At) < fresh {
		return w.last, nil
	}
	if err := w.learn(ctx, now); err != nil {
		return w.last, err
	}
	w.last = w.memory.overview(now)
	return w.last, nil
}

// learn brings the memory up to date.
func (w *Watch) learn(ctx context.Context, now time.Time) error {
	m, query := w.memory, "WorkflowType = '"+flow.PlayWorkflow+"'"
	var from time.Time
	if w.last != nil {
		from = w.last.At.Add(-late)
	}
	all := m == nil || now.Sub(w.began) > whole
	if all {
		m = newMemory()
		if w.memory != nil {
			m.ended = w.memory.ended
		}
	} else {
		m.running, m.problem = map[string]PlayInfo{}, ""
		query += fmt.Sprintf(" AND (ExecutionStatus = 'Running' OR CloseTime > '%s')", from.UTC().Format(time.RFC3339))
	}
	err := w.fleet.plays(ctx, query, func(p PlayInfo, problem error) {
		if problem != nil {
			m.problem = problem.Error()
		}
		if m.add(p) && w.ended != nil && w.last != nil && p.Ended.After(from) {
			w.ended(p)
		}
	})
	if err != nil {
		return err
	}
	if all || now.Sub(w.listed) > freshSchedules {
		if m.schedules, err = w.fleet.schedules(ctx, now); err != nil {
			return err
		}
		w.listed = now
	}
	if all {
		w.memory, w.began = m, now
	}
	m.forget(now.Add(-2 * late))
	return nil
}

// plays visits plays, the latest first. With an error that is not nil a play cannot be
// read: it has no more than its id.
func (f *Fleet) plays(ctx context.Context, query string, visit func(PlayInfo, error)) error {
	var token []byte
	for n := 0; n < mostPlays; {
		page, err := f.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: 1000, NextPageToken: token})
		if err != nil {
			return fmt.Errorf("the plays cannot be listed: %w", err)
		}
		for _, e := range page.GetExecutions() {
			visit(f.info(e))
		}
		n += len(page.GetExecutions())
		if token = page.GetNextPageToken(); len(token) == 0 {
			break
		}
	}
	return nil
}

// info reads a play. With an error it has what is not encrypted.
func (f *Fleet) info(e *workflowpb.WorkflowExecutionInfo) (PlayInfo, error) {
	p := PlayInfo{ID: e.GetExecution().GetWorkflowId(), Run: e.GetExecution().GetRunId(), Began: e.GetStartTime().AsTime(), Status: e.GetStatus().String()}
	p.Name = p.ID
	if e.GetCloseTime() != nil {
		p.Ended = e.GetCloseTime().AsTime()
	}
	payload, ok := e.GetMemo().GetFields()[flow.MemoKey]
	if !ok {
		return p, nil
	}
	var m flow.Memo
	if err := f.Data.FromPayload(payload, &m); err != nil {
		return p, err
	}
	p.Name, p.Check, p.Phase, p.Commit, p.Exit, p.Changed, p.Message, p.Needs = m.Name, m.Check, m.Phase, m.Commit, m.Exit, m.Changed, m.Message, m.Needs
	return p, nil
}

// schedules returns the schedules of playbooks, by id.
func (f *Fleet) schedules(ctx context.Context, now time.Time) (map[string]scheduleInfo, error) {
	list, err := f.Client.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: 1000})
	if err != nil {
		return nil, fmt.Errorf("the schedules cannot be listed: %w", err)
	}
	sealed, err := f.Data.ToPayload("")
	if err != nil {
		return nil, err
	}
	all := map[string]scheduleInfo{}
	for list.HasNext() {
		s, err := list.Next()
		if err != nil {
			return nil, fmt.Errorf("the schedules cannot be listed: %w", err)
		}
		payload, ours := s.Memo.GetFields()[digestKey]
		if !ours {
			continue
		}
		info := scheduleInfo{next: s.NextActionTimes, lag: lag(s, now), paused: s.Paused, note: s.Note}
		if f.Data.FromPayload(payload, &info.digest) != nil || seal.KeyID(payload) != seal.KeyID(sealed) {
			info.digest = "" // it is written anew, so that what a key sealed goes when the key does
		}
		all[s.ID] = info
	}
	return all, nil
}

// lag returns how late a schedule started its latest play, or how long the next one has
// been due.
func lag(s *client.ScheduleListEntry, now time.Time) time.Duration {
	var d time.Duration
	if n := len(s.RecentActions); n > 0 {
		d = s.RecentActions[n-1].ActualTime.Sub(s.RecentActions[n-1].ScheduleTime)
	}
	if len(s.NextActionTimes) > 0 {
		d = max(d, now.Sub(s.NextActionTimes[0]))
	}
	return max(d, 0)
}
