package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"

	"runner/diagnostic"
	"runner/fleet/checkout"
	"runner/fleet/flow"
	"runner/fleet/settings"
	"runner/suggest"
)

// schedules returns the schedules that settings declare, with a file for each playbook
// that the patterns match now. Of entries that match one file the first counts.
func schedules(ctx context.Context, f *settings.File, sources *checkout.Repositories) ([]*schedule, error) {
	var all []*schedule
	var mistakes []*diagnostic.Problem
	seen := map[string]bool{}
	trees := worktrees{sources: sources, dirs: map[[2]string]string{}}
	for _, p := range f.Playbooks {
		project := f.Projects[p.Project]
		files, err := trees.match(ctx, project.Git, p)
		if problem, ok := errors.AsType[*diagnostic.Problem](err); ok {
			mistakes = append(mistakes, problem)
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			for _, s := range schedulesOf(p, project, file) {
				if !seen[s.ID] {
					seen[s.ID] = true
					all = append(all, s)
				}
			}
		}
	}
	if len(mistakes) > 0 {
		return nil, &settings.MistakesError{Problems: mistakes}
	}
	slices.SortFunc(all, func(a, b *schedule) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// worktrees are the files of refs, each fetched once.
type worktrees struct {
	sources *checkout.Repositories
	dirs    map[[2]string]string // by repository and ref
}

// match returns the files that an entry matches. What is wrong with the entry is a
// *diagnostic.Problem.
func (w *worktrees) match(ctx context.Context, repository string, p settings.Playbook) ([]string, error) {
	key := [2]string{repository, p.Ref}
	if w.dirs[key] == "" {
		dir, err := worktree(ctx, w.sources, repository, p.Ref)
		if gone, ok := errors.AsType[*checkout.GoneError](err); ok {
			return nil, diagnostic.Problemf(p.Place, "%v", gone)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Place, err)
		}
		w.dirs[key] = dir
	}
	files, err := checkout.Match(w.dirs[key], p.Files)
	if err == nil && len(files) == 0 {
		near := siblings(w.dirs[key], p.Files)
		return nil, diagnostic.Problemf(p.Place, "no file of %s matches %q at %s", p.Project, p.Files, p.Ref).
			WithHint("%s", suggest.DidYouMean(p.Files, near))
	}
	return files, err
}

// worktree returns a folder with the files that a ref is at now.
func worktree(ctx context.Context, sources *checkout.Repositories, repository, ref string) (string, error) {
	commit, err := sources.Resolve(ctx, repository, ref)
	if err != nil {
		return "", err
	}
	return sources.Worktree(ctx, repository, commit)
}

// siblings returns the playbooks in the folder in which a file would be.
func siblings(dir, file string) (all []string) {
	for _, ending := range []string{"*.yml", "*.yaml"} {
		files, _ := checkout.Match(dir, path.Join(path.Dir(file), ending))
		all = append(all, files...)
	}
	return all
}

// lookTime is how long it may take to look whether a playbook is there.
const lookTime = 20 * time.Second

// Job returns the job of the playbook that a name names, as the first entry of settings
// that matches declares it, of a ref; "": of the entry's. A playbook that is not there is
// refused, with the name of one that is near. It is known by its schedule; where it has
// none, or a ref is given, its repository is looked into, and one that cannot be read from
// here refuses nothing: it is the worker that has to read it.
func (f *Fleet) Job(ctx context.Context, s *settings.File, sources *checkout.Repositories, name, ref string) (flow.Job, error) {
	job, err := declared(s, name)
	if err != nil || ref == "" && f.scheduled(ctx, job.Name()) {
		return job, err
	}
	job.Ref = cmp.Or(ref, job.Ref)
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	dir, err := worktree(ctx, sources, s.Projects[job.Project].Git, job.Ref)
	if gone, ok := errors.AsType[*checkout.GoneError](err); ok {
		return job, gone
	}
	if err != nil {
		return job, nil //nolint:nilerr // the worker reports it, if it cannot read it either
	}
	if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(job.Playbook))); err == nil && info.Mode().IsRegular() {
		return job, nil
	}
	return job, (&diagnostic.Problem{Msg: fmt.Sprintf("there is no playbook %s at %s", job.Name(), job.Ref)}).
		WithHint("%s", suggest.DidYouMean(job.Name(), playbooksOf(s, job, dir)))
}

// playbooksOf returns the names of the playbooks that a job may mean: those that entries of
// its project match, and those that are beside it.
func playbooksOf(s *settings.File, job flow.Job, dir string) (names []string) {
	files := siblings(dir, job.Playbook)
	for _, p := range s.Playbooks {
		if p.Project == job.Project {
			matched, _ := checkout.Match(dir, p.Files)
			files = append(files, matched...)
		}
	}
	for _, file := range files {
		names = append(names, job.Project+"/"+file)
	}
	return names
}

// scheduled reports whether a playbook has a schedule.
func (f *Fleet) scheduled(ctx context.Context, name string) bool {
	for _, kind := range scheduleKinds {
		_, err := f.Client.ScheduleClient().GetHandle(ctx, kind+name).Describe(ctx)
		if _, none := errors.AsType[*serviceerror.NotFound](err); !none {
			return err == nil
		}
	}
	return false
}

// declared returns the job of a playbook, as the first entry that matches declares it.
func declared(s *settings.File, name string) (flow.Job, error) {
	project, file, _ := strings.Cut(name, "/")
	of, known := s.Projects[project]
	if !known {
		names := slices.Sorted(maps.Keys(s.Projects))
		return flow.Job{}, (&diagnostic.Problem{Msg: fmt.Sprintf("there is no project %q in fleet.yml", project)}).
			WithHint("%s", cmp.Or(suggest.DidYouMean(project, names), "available: "+strings.Join(names, ", ")))
	}
	if !filepath.IsLocal(filepath.FromSlash(file)) || path.Clean(file) != file {
		return flow.Job{}, (&diagnostic.Problem{Msg: fmt.Sprintf("%q names no playbook", name)}).
			WithHint("PROJECT/PATH, such as %s/site.yml", project)
	}
	for _, p := range s.Playbooks {
		if ok, _ := path.Match(p.Files, file); ok && p.Project == project {
			return JobOf(p, of, file), nil
		}
	}
	return JobOf(settings.Playbook{Project: project, Ref: of.Ref}, of, file), nil
}
