// Package player plays the playbooks of a fleet with runner itself, in this process. It
// knows runner's sessions, and nothing of workflows.
package player

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"runner/cmd/session"
	"runner/cmd/ui"
	"runner/fleet/flow"
	"runner/fleet/settings"
	"runner/fleet/worker"
)

// A Player plays on this machine.
type Player struct {
	State   string // the folder of the log of orders, the history and the locks, shared by all plays
	Secrets string // a folder: NAME.env and NAME.vault
	Getenv  func(string) string
}

// A SecretError says that this worker lacks a secret which a project names.
type SecretError struct{ Name, Folder string }

func (e *SecretError) Error() string {
	return fmt.Sprintf("this worker has no secret %q: it would be %s", e.Name, filepath.Join(e.Folder, e.Name))
}

// Play plays a job.
func (p *Player) Play(ctx context.Context, w worker.Playing) flow.Outcome {
	spec, err := p.spec(w)
	if err != nil {
		return flow.Outcome{Exit: 1, Message: err.Error()}
	}
	document := w.Log + ".result"
	defer os.Remove(document)
	spec.Reports = []string{"jsonl=" + w.Log, "json=" + document}
	var complaints bytes.Buffer
	world := session.World{Streams: p.streams(&complaints), MayWrite: w.MayWrite}
	code := session.ExitCode(p.reported(world.Streams, session.Play(ctx, world, spec)))
	return p.outcome(code, document, complaints.String())
}

// reported prints an error that was not printed yet, as the command line does.
func (p *Player) reported(s *ui.Streams, err error) error {
	if inner := errors.Unwrap(err); err != nil && inner != nil {
		s.PrintError(inner)
	}
	return err
}

func (p *Player) streams(complaints *bytes.Buffer) *ui.Streams {
	err := ui.Shared(complaints)
	return &ui.Streams{In: strings.NewReader(""), Out: err, Err: err, Getenv: p.getenv}
}

// getenv is the environment of plays: PATH, and a state folder that all plays of this
// worker share. Credentials of the worker itself are none of theirs.
func (p *Player) getenv(name string) string {
	switch name {
	case "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME":
		return p.State
	case "PATH":
		return p.Getenv(name)
	case "CI":
		return "true"
	}
	return ""
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
	spec.Quiet = true
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
		return "", errors.New("the project names no credentials: say credentials: NAME, and give the worker NAME.env")
	}
	return p.secret(s.Credentials, ".env", "file:")
}

// secret returns how a session takes a secret: as it is written where that says how
// (file:PATH, env:NAME, command:PROGRAM), else as a file of the folder of secrets.
func (p *Player) secret(word, ending, prefix string) (string, error) {
	if strings.ContainsAny(word, ":@/") {
		return word, nil
	}
	file := filepath.Join(p.Secrets, word+ending)
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &SecretError{word + ending, p.Secrets}
	case err != nil:
		return "", err
	case info.Mode().Perm()&0o077 != 0:
		return "", fmt.Errorf("others can read the secret %s: chmod 600", file)
	}
	if prefix == "" {
		return word + "@" + file, nil
	}
	return prefix + file, nil
}

// A document is what the json report says, as far as it counts here.
type document struct {
	Stats map[string]map[string]int `json:"stats"`
	Needs []flow.Change             `json:"needs"`
}

// outcome makes an outcome of the exit code and the report.
func (p *Player) outcome(code int, file, complaints string) flow.Outcome {
	o := flow.Outcome{Exit: code}
	var d document
	if text, err := os.ReadFile(file); err == nil && json.Unmarshal(text, &d) == nil {
		for _, counts := range d.Stats {
			o.Counts = counts
		}
		o.Needs = d.Needs
	}
	if o.Failed() {
		o.Message = cmp.Or(firstLine(complaints), fmt.Sprintf("exit %d", code))
	}
	return o
}

// firstLine returns the first line that tells what is wrong.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "playing on ") && !strings.HasPrefix(line, "warning: ") {
			return line
		}
	}
	return ""
}

// Lanes returns a lane for each owner that a playbook names.
func (p *Player) Lanes(ctx context.Context, w worker.Playing) ([]string, error) {
	spec, err := p.spec(w)
	if err != nil {
		return nil, err
	}
	var complaints bytes.Buffer
	streams := p.streams(&complaints)
	owners, err := session.Owners(ctx, session.World{Streams: streams}, spec)
	if err != nil {
		_ = p.reported(streams, err)
		return nil, errors.New(cmp.Or(firstLine(complaints.String()), err.Error()))
	}
	return owners, nil
}
