package serve

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"runner/fleet/checkout"
	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/settings"
)

const (
	// replyTime is how long a delivery is carried out before it is responded to: GitHub
	// and GitLab wait for ten seconds.
	replyTime = 8 * time.Second
	// deliverTime is how long it may take then.
	deliverTime = 5 * time.Minute
	// startsAtOnce is how many plays of a delivery are started at the same time.
	startsAtOnce = 10
)

// deliver starts what a push is to start, and goes on where that takes longer than
// whoever sent the delivery waits.
func (s *Server) deliver(project string, p push) (int, result) {
	entries, ignored := s.entries(project, p)
	if ignored != "" {
		return http.StatusOK, result{Ignored: ignored}
	}
	type response struct {
		code int
		result
	}
	done := make(chan response, 1)
	s.pending.Go(func() {
		ctx, cancel := context.WithTimeout(s.life, deliverTime)
		defer cancel()
		code, r := s.carryOut(ctx, project, p, entries)
		if r.Error != "" {
			s.Logger.Error("a web hook started not all plays", "project", project, "ref", p.Ref, "error", r.Error)
		}
		done <- response{code, r}
	})
	select {
	case r := <-done:
		return r.code, r.result
	case <-time.After(replyTime):
		return http.StatusAccepted, result{Pending: true}
	}
}

// entries returns which entries of playbooks follow a push, or why none does.
func (s *Server) entries(project string, p push) (entries []settings.Playbook, ignored string) {
	if p.Other != "" {
		return nil, fmt.Sprintf("it reports %s, and no push", p.Other)
	}
	name, ok := strings.CutPrefix(p.Ref, "refs/heads/")
	if !ok {
		name, ok = strings.CutPrefix(p.Ref, "refs/tags/")
	}
	if !ok {
		return nil, fmt.Sprintf("%q is neither a branch nor a tag", p.Ref)
	}
	var follow []string
	matched := false
	for _, e := range s.Settings.Playbooks {
		switch {
		case e.Project != project || !e.OnPush:
		case e.Ref != name:
			follow = append(follow, e.Ref)
		default:
			matched = true
			if p.All || len(e.Changed) == 0 || slices.ContainsFunc(p.Changed, func(file string) bool { return touches(e.Changed, file) }) {
				entries = append(entries, e)
			}
		}
	}
	slices.Sort(follow)
	switch {
	case p.Deleted:
		return nil, name + " was deleted"
	case len(entries) > 0:
		return entries, ""
	case matched:
		return nil, "no file changed that an entry of playbooks names in changed"
	case len(follow) > 0:
		return nil, fmt.Sprintf("%s is not followed: playbooks of %s follow %s", name, project, strings.Join(slices.Compact(follow), ", "))
	}
	return nil, "no entry of playbooks of " + project + " says on_push: true"
}

// touches reports whether one of the patterns matches a file, or a folder that it is in.
func touches(patterns []string, file string) bool {
	for ; file != "." && file != "/"; file = path.Dir(file) {
		for _, pattern := range patterns {
			if ok, _ := path.Match(strings.TrimSuffix(pattern, "/"), file); ok {
				return true
			}
		}
	}
	return false
}

// carryOut starts the plays of a push. Deliveries come in any order, and an old one may
// be sent again: what is played is what the ref is at now, never something older.
func (s *Server) carryOut(ctx context.Context, project string, p push, entries []settings.Playbook) (int, result) {
	of := s.Settings.Projects[project]
	commit, err := s.Sources.Resolve(ctx, of.Git, entries[0].Ref)
	if gone, ok := errors.AsType[*checkout.GoneError](err); ok {
		return http.StatusOK, result{Ignored: gone.Error()}
	}
	if err != nil {
		return http.StatusBadGateway, result{Error: err.Error()}
	}
	jobs, err := s.jobs(ctx, of, entries, commit)
	if err != nil {
		return http.StatusBadGateway, result{Error: err.Error()}
	}
	if len(jobs) == 0 {
		return http.StatusOK, result{Ignored: "no file of commit " + commit + " matches an entry of playbooks with on_push"}
	}
	r := result{Commit: commit}
	if p.Commit != "" && p.Commit != commit {
		r.Note = entries[0].Ref + " has moved on from " + p.Commit
	}
	delivery := cmp.Or(p.Delivery, p.Digest+commit)
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(startsAtOnce)
	for _, job := range jobs {
		g.Go(func() error {
			id := pushID(job, delivery)
			already, err := s.start(ctx, id, job)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				return err
			case already:
				r.Already = append(r.Already, id)
			default:
				r.Plays = append(r.Plays, id)
			}
			return nil
		})
	}
	err = g.Wait()
	slices.Sort(r.Plays)
	slices.Sort(r.Already)
	if err != nil {
		r.Error = fmt.Sprintf("not all plays could be started; send the delivery again: %v", err)
		return http.StatusServiceUnavailable, r
	}
	return http.StatusAccepted, r
}

// jobs returns a job for each file of a commit that an entry matches; the first entry
// counts.
func (s *Server) jobs(ctx context.Context, of settings.Project, entries []settings.Playbook, commit string) ([]flow.Job, error) {
	dir, err := s.Sources.Worktree(ctx, of.Git, commit)
	if err != nil {
		return nil, err
	}
	var jobs []flow.Job
	for _, e := range entries {
		files, err := checkout.Match(dir, e.Files)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if !slices.ContainsFunc(jobs, func(j flow.Job) bool { return j.Playbook == file }) {
				job := control.JobOf(e, of, file)
				job.Ref = commit
				jobs = append(jobs, job)
			}
		}
	}
	return jobs, nil
}

// pushID returns the id of the play that a delivery starts: the same for the same one.
func pushID(job flow.Job, delivery string) string {
	digest := sha256.Sum256([]byte(job.Name() + "\x00" + delivery))
	return "play/" + job.Name() + "/push-" + hex.EncodeToString(digest[:8])
}
