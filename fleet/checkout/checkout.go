// Package checkout fetches commits of playbooks with the git program: one copy of each
// repository, and a worktree for each commit. It knows git, and nothing of playbooks.
package checkout

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Repositories are the copies that a machine keeps.
type Repositories struct {
	Dir string   // where they are
	Env []string // of git: PATH and HOME, and what reaches private repositories
}

// A GoneError says that a repository has no such branch, tag or commit.
type GoneError struct{ URL, Ref string }

func (e *GoneError) Error() string {
	return fmt.Sprintf("%s has no branch, tag or commit %q", redacted(e.URL), e.Ref)
}

var commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Resolve returns the commit that a branch or a tag of a repository is at; a whole
// commit id is returned as it is. A name that is not there is a *GoneError.
func (r *Repositories) Resolve(ctx context.Context, from, ref string) (commit string, err error) {
	if commitID.MatchString(ref) {
		return ref, nil
	}
	if strings.HasPrefix(ref, "-") || ref == "" {
		return "", &GoneError{from, ref}
	}
	out, err := r.git(ctx, "", "ls-remote", "--", from, "refs/heads/"+ref, "refs/tags/"+ref, "refs/tags/"+ref+"^{}")
	if err != nil {
		return "", fmt.Errorf("the repository %s cannot be read: %w", redacted(from), err)
	}
	for line := range strings.Lines(out) { // of a tag, what it points at stands last
		id, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if commit == "" || strings.HasPrefix(name, "refs/tags/") {
			commit = id
		}
	}
	if commit == "" {
		return "", &GoneError{from, ref}
	}
	return commit, nil
}

// complete is the file of a worktree that says that it is whole, and when somebody last asked for it.
const complete = ".complete"

// Worktree returns a folder with the files of a commit. It is shared by those who ask
// for the same; nobody may write to it.
func (r *Repositories) Worktree(ctx context.Context, from, commit string) (string, error) {
	if !commitID.MatchString(commit) {
		return "", &GoneError{from, commit}
	}
	name := hashed(from)
	dir := filepath.Join(r.Dir, "worktrees", name, commit)
	lock, err := r.lock(ctx, name)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Unlock() }()
	if _, err := os.Stat(filepath.Join(dir, complete)); err == nil {
		now := time.Now()
		return dir, os.Chtimes(filepath.Join(dir, complete), now, now)
	}
	if err := r.add(ctx, from, commit, dir); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, complete), nil, 0o600)
}

// Latest returns the worktree of a repository that was asked for last; "": there is none.
func (r *Repositories) Latest(from string) (dir string) {
	folder := filepath.Join(r.Dir, "worktrees", hashed(from))
	commits, _ := os.ReadDir(folder)
	var last time.Time
	for _, commit := range commits {
		if info, err := os.Stat(filepath.Join(folder, commit.Name(), complete)); err == nil && info.ModTime().After(last) {
			dir, last = filepath.Join(folder, commit.Name()), info.ModTime()
		}
	}
	return dir
}

// add fetches a commit and writes its files.
func (r *Repositories) add(ctx context.Context, from, commit, dir string) error {
	repository := filepath.Join(r.Dir, "repositories", hashed(from)+".git")
	if _, err := os.Stat(filepath.Join(repository, "HEAD")); errors.Is(err, fs.ErrNotExist) {
		if _, err := r.git(ctx, "", "init", "--quiet", "--bare", repository); err != nil {
			return err
		}
	}
	if err := removeLocks(repository); err != nil {
		return err
	}
	if _, err := r.git(ctx, repository, "fetch", "--quiet", "--depth", "1", "--", from, commit); err != nil {
		if strings.Contains(err.Error(), "not our ref") || strings.Contains(err.Error(), "couldn't find remote ref") {
			return &GoneError{from, commit}
		}
		return fmt.Errorf("commit %s of %s cannot be fetched: %w", commit, redacted(from), err)
	}
	if err := os.RemoveAll(dir); err != nil { // half a worktree, of a worker that was killed
		return err
	}
	if _, err := r.git(ctx, repository, "worktree", "prune"); err != nil {
		return err
	}
	// Forced twice, it replaces what a git that was killed left, which is locked.
	if _, err := r.git(ctx, repository, "worktree", "add", "--quiet", "--force", "--force", "--detach", dir, commit); err != nil {
		return fmt.Errorf("commit %s of %s cannot be checked out: %w", commit, redacted(from), err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".gitmodules")); err == nil {
		if _, err := r.git(ctx, dir, "submodule", "--quiet", "update", "--init", "--recursive", "--depth", "1"); err != nil {
			return fmt.Errorf("the submodules of %s cannot be fetched: %w", redacted(from), err)
		}
	}
	return nil
}

// removeLocks removes the locks that a git which was killed left in a repository: whoever
// has our own lock is alone there.
func removeLocks(repository string) error {
	stale, err := fs.Glob(os.DirFS(repository), "*.lock")
	for _, name := range stale {
		err = errors.Join(err, os.RemoveAll(filepath.Join(repository, name)))
	}
	return err
}

// lock takes the lock of a repository, which other workers on this machine may hold.
func (r *Repositories) lock(ctx context.Context, name string) (*flock.Flock, error) {
	if err := os.MkdirAll(filepath.Join(r.Dir, "repositories"), 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(r.Dir, "repositories", name+".lock"))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, err
	}
	return lock, nil
}

// Prune removes worktrees that nobody asked for since a time, and halves of some that a
// worker which was killed left.
func (r *Repositories) Prune(ctx context.Context, before time.Time) error {
	dirs, err := fs.Glob(os.DirFS(r.Dir), "worktrees/*/*")
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := r.prune(ctx, path.Base(path.Dir(dir)), filepath.Join(r.Dir, filepath.FromSlash(dir)), before); err != nil {
			return err
		}
	}
	return nil
}

// prune removes a worktree of a repository if nobody asked for it since a time. It has the
// lock, so that nobody does meanwhile.
func (r *Repositories) prune(ctx context.Context, name, dir string, before time.Time) error {
	lock, err := r.lock(ctx, name)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	info, err := os.Stat(filepath.Join(dir, complete))
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(dir)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist): // another worker removed it just now
		return nil
	case err != nil || !info.ModTime().Before(before):
		return err
	}
	return os.RemoveAll(dir)
}

// Match returns the files of a worktree that a pattern matches, sorted, with slashes.
func Match(dir, pattern string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		ok, err := path.Match(pattern, filepath.ToSlash(relative))
		if ok {
			files = append(files, filepath.ToSlash(relative))
		}
		return err
	})
	slices.Sort(files)
	return files, err
}

// git runs the program and returns what it prints; an error holds what it complains of.
func (r *Repositories) git(ctx context.Context, dir string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "git", args...)
	c.Dir = dir
	c.Env = append(slices.Clone(r.Env), "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	c.WaitDelay = 5 * time.Second
	var out, complaint bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaint
	if err := c.Run(); err != nil {
		said := strings.TrimSpace(redactedText(complaint.String()))
		if said == "" {
			said = err.Error()
		}
		return "", errors.New(strings.Join(strings.Fields(said), " "))
	}
	return out.String(), nil
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}

// redacted returns an address without the password in it.
func redacted(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		return u.Redacted()
	}
	return address
}

var withPassword = regexp.MustCompile(`(\w+://)[^/\s@]+@`)

func redactedText(text string) string { return withPassword.ReplaceAllString(text, "$1xxxxx@") }
