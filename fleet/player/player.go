// Package player plays the playbooks of a fleet with runner itself, in this process. It
// knows runner's sessions, and nothing of workflows.
package player

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/cmd/exit"
	"runner/cmd/session"
	"runner/fleet/flow"
	"runner/fleet/logs"
	"runner/fleet/secret"
	"runner/fleet/settings"
	"runner/fleet/worker"
)

// A Player plays on this machine.
type Player struct {
	State   string // the folder of the log of orders, the history and the locks, shared by all plays
	Secrets string // a folder: NAME.env and NAME.vault
	Getenv  func(string) string
}

// Play plays a job. What somebody may consent to is looked for first, by a check, so that
// all of it is asked for at once and before anything is changed.
func (p *Player) Play(ctx context.Context, w worker.Playing) flow.Outcome {
	spec, err := p.spec(w)
	if err != nil {
		return failure(w, err)
	}
	if len(w.Approve) > 0 && !w.Check {
		check := spec
		check.Check = true
		if o := p.session(ctx, w, check); len(o.Needs) > 0 {
			o.Exit, o.Message = exit.Failed, flow.ConsentMessage(o.Needs)
			return o
		}
	}
	return p.session(ctx, w, spec)
}

// failure returns what comes of a play that cannot begin.
func failure(w worker.Playing, err error) flow.Outcome {
	if _, lacks := errors.AsType[*secret.Error](err); lacks {
		return flow.Outcome{Exit: exit.Credentials, Message: fmt.Sprintf("on the machine of worker %s: %v", w.Worker, err)}
	}
	return flow.Outcome{Exit: exit.Usage, Message: err.Error()}
}

// session plays what a spec says, and reads what came of it from its report.
func (p *Player) session(ctx context.Context, w worker.Playing, spec session.Spec) flow.Outcome {
	report := w.Log + logs.Beside
	defer os.Remove(report)
	spec.Reports = []string{"jsonl=" + w.Log, "json=" + report}
	s := p.newScreen(w)
	code := session.ExitCode(s.shown(session.Play(ctx, session.World{Streams: s.Streams, MayWrite: w.MayWrite}, spec)))
	d := readDocument(report)
	o := flow.Outcome{Exit: code, Counts: d.counts(), Needs: d.Needs}
	if o.Failed() {
		o.Message = cmp.Or(s.lines(append(s.problems, d.failures()...)), fmt.Sprintf("exit %d", code))
	}
	return o
}

// getenv returns the environment of a project's plays: PATH, a state folder that all plays
// of this worker share, and the variables that the project names as secrets. What else the
// worker's own has is none of theirs.
func (p *Player) getenv(of settings.Project) func(string) string {
	named := variables(of)
	return func(name string) string {
		switch name {
		case "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME":
			return p.State
		case "CI":
			return "true"
		}
		if name == "PATH" || slices.Contains(named, name) {
			return p.Getenv(name)
		}
		return ""
	}
}

// variables returns the variables that hold secrets of a project: those of
// env:TOKEN,SECRET, and of a vault's LABEL@env:NAME.
func variables(of settings.Project) (names []string) {
	for _, word := range append([]string{of.Credentials}, of.Vault...) {
		if _, source, labelled := strings.Cut(word, "@"); labelled {
			word = source
		}
		if list, ok := strings.CutPrefix(word, "env:"); ok {
			for name := range strings.SplitSeq(list, ",") {
				names = append(names, strings.TrimSpace(name))
			}
		}
	}
	return names
}

// Missing returns why secrets that a project names cannot be used on this machine, as far
// as that is known without a play.
func (p *Player) Missing(of settings.Project) (problems []error) {
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	_, err := p.credentials(of)
	note(err)
	if strings.HasPrefix(of.Credentials, "file:") {
		note(exists(strings.TrimPrefix(of.Credentials, "file:")))
	}
	for _, word := range of.Vault {
		_, err := p.secret(word, ".vault", "")
		note(err)
		if _, path, ok := strings.Cut(word, "@"); ok && strings.ContainsRune(path, filepath.Separator) {
			note(exists(path))
		}
	}
	for _, name := range variables(of) {
		if p.Getenv(name) == "" {
			note(fmt.Errorf("the variable %s of the environment is not set", name))
		}
	}
	return problems
}

// exists returns an error where a file is not there. Who else may read it is not asked of
// files outside the folder of secrets: runner play does not, either.
func exists(path string) error {
	_, err := os.Stat(path)
	return err
}

// spec says what is played, and how.
func (p *Player) spec(w worker.Playing) (session.Spec, error) {
	spec := session.Default()
	spec.Files = []string{filepath.Join(w.Folder, filepath.FromSlash(w.Playbook))}
	spec.ExtraVars, spec.Allow, spec.Prune, spec.Timeout = w.ExtraVars, w.Allow, w.Prune, w.Timeout
	spec.Check, spec.DetailedExitCode = w.Check, w.Check
	for _, c := range w.Approved {
		spec.Approved = append(spec.Approved, session.Need{Risk: c.Risk, Action: c.Action, Object: c.Object})
	}
	spec.Quiet, spec.LockTimeout = true, flow.LockTime
	spec.Platform.Endpoint = w.Settings.Endpoint
	var err error
	if spec.Platform.Credentials, err = p.credentials(w.Settings); err != nil {
		return spec, err
	}
	for _, word := range w.Settings.Vault {
		id, err := p.secret(word, ".vault", "")
		if err != nil {
			return spec, err
		}
		spec.Vault.IDs = append(spec.Vault.IDs, id)
	}
	return spec, nil
}

func (p *Player) credentials(s settings.Project) (string, error) {
	if s.Credentials == "" {
		return "", errors.New("the project names no credentials: write credentials: NAME in fleet.yml, and give the worker NAME.env")
	}
	return p.secret(s.Credentials, ".env", "file:")
}

// secret returns how a session takes a secret: as it is written where that says how
// (file:PATH, env:NAME, command:PROGRAM), else as a file of the folder of secrets.
func (p *Player) secret(word, ending, prefix string) (string, error) {
	if strings.ContainsAny(word, ":@/") {
		return word, nil
	}
	file := secret.Path(word, p.Secrets, ending)
	if err := secret.Check(file); err != nil {
		return "", err
	}
	if prefix == "" {
		return word + "@" + file, nil
	}
	return prefix + file, nil
}

// Lanes returns a lane for each owner that a playbook names.
func (p *Player) Lanes(ctx context.Context, w worker.Playing) ([]string, error) {
	spec, err := p.spec(w)
	if err != nil {
		return nil, flow.Fail(failure(w, err))
	}
	s := p.newScreen(w)
	owners, err := session.Owners(ctx, session.World{Streams: s.Streams}, spec)
	if err = s.shown(err); err == nil {
		return owners, nil
	}
	text := cmp.Or(s.lines(s.problems), err.Error())
	switch code := session.ExitCode(err); code {
	case exit.Playbook, exit.Credentials:
		return nil, flow.Fail(flow.Outcome{Exit: code, Message: text})
	}
	return nil, errors.New(text)
}
