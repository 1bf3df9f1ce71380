package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"runner/cmd/exit"
	"runner/cmd/history"
	"runner/cmd/notify"
	"runner/cmd/ui"
	"runner/engine"
)

// listedTasks is how many tasks a notification lists of each kind.
const listedTasks = 20

// A notification gathers what receivers get to know when the run ends.
type notification struct {
	*ui.Streams
	spec    Spec
	message notify.Message
}

func newNotification(s *ui.Streams, spec Spec) *notification {
	return &notification{s, spec, notify.Message{Check: spec.Check, Started: time.Now().UTC(),
		Playbooks: []string{}, Failed: []notify.Task{}, Changed: []notify.Task{}}}
}

// receivers reads the receivers of a run. A receiver env:NAME is the URL that a
// variable holds.
func receivers(s *ui.Streams, spec Spec) ([]notify.Receiver, error) {
	var all []notify.Receiver
	for _, text := range spec.Notify {
		if name, ok := strings.CutPrefix(text, "env:"); ok {
			if text = s.Getenv(name); text == "" {
				return nil, fmt.Errorf("--notify env:%s: $%s is not set", name, name)
			}
		}
		receiver, err := notify.ParseReceiver(text)
		if err != nil {
			return nil, fmt.Errorf("--notify: %w", err)
		}
		s.Secrets.Add(receiver.URL())
		all = append(all, receiver)
	}
	return all, nil
}

// begin notes the run's id and its platform, once they are known.
func (n *notification) begin(run, platform string) {
	n.message.Run, n.message.Platform = run, n.words(platform)
}

// Tell notes the tasks that failed and those that changed something.
func (n *notification) Tell(e engine.Event) {
	switch e := e.(type) {
	case engine.PlayFailed:
		n.add(&n.message.Failed, notify.Task{Name: "the play could not begin", At: e.Problem.Place.String(), Message: n.words(e.Problem.Text())})
	case engine.TaskEnd:
		n.task(e)
	}
}

func (n *notification) task(e engine.TaskEnd) {
	if e.Outcome != engine.Failed && e.Outcome != engine.Changed || e.Step == nil || e.Silent && e.Outcome == engine.Changed {
		return
	}
	at := e.Step.Place
	at.Col = 0
	task := notify.Task{Name: n.words(e.Name), At: n.words(at.String())}
	list := &n.message.Changed
	switch {
	case e.Outcome == engine.Failed:
		list = &n.message.Failed
		if e.Problem != nil && !e.NoLog {
			task.Message = n.words(e.Problem.Text())
		}
	case e.Change != nil && !e.NoLog:
		task.Message = n.words(e.Change.Action.String() + " " + e.Change.Object)
	}
	n.add(list, task)
}

func (n *notification) add(list *[]notify.Task, t notify.Task) {
	if len(*list) == listedTasks {
		n.message.Left++
		return
	}
	*list = append(*list, t)
}

// words makes text fit to leave the machine: without secrets, on one line, bounded.
func (n *notification) words(text string) string {
	text = oneLine(n.Secrets.Mask(text))
	if r := []rune(text); len(r) > 300 {
		text = string(r[:299]) + "…"
	}
	return text
}

// send tells the receivers how the run ended, if there is something to tell. What does
// not reach them is a warning, and fails nothing.
func (n *notification) send(ctx context.Context, receivers []notify.Receiver, result engine.Result, ended error) {
	code := ExitCode(ended)
	event, ok := eventOf(n.spec.Check, result, code)
	if len(receivers) == 0 || !ok || !slices.Contains(n.spec.NotifyOn, string(event)) {
		return
	}
	m := &n.message
	m.Event, m.Exit, m.Stats, m.Ended = event, code, history.Stats(result.Stats), time.Now().UTC()
	for _, file := range n.spec.Files {
		m.Playbooks = append(m.Playbooks, n.words(file))
	}
	m.Host, _ = os.Hostname()
	m.Title = strings.Join(m.Playbooks, ", ") + ": " + n.summary(event, result, ended)
	if m.Platform != "" {
		m.Title += " on " + m.Platform
	}
	for _, err := range notify.Send(ctx, nil, receivers, *m) {
		n.Warn(err.Error())
	}
}

// eventOf returns what there is to tell of a run's end; false: nothing.
func eventOf(check bool, result engine.Result, code int) (notify.Event, bool) {
	switch {
	case code != exit.Done && code != exit.ToDo:
		return notify.Failure, true
	case result.Stats.Changed == 0:
		return "", false
	case check:
		return notify.Drift, true
	}
	return notify.Change, true
}

// summary returns how the run ended in a few words.
func (n *notification) summary(event notify.Event, result engine.Result, ended error) string {
	exited, _ := errors.AsType[*exit.Error](ended)
	switch {
	case event == notify.Drift:
		return fmt.Sprintf("%d to change", result.Stats.Changed)
	case event == notify.Change:
		return fmt.Sprintf("%d changed", result.Stats.Changed)
	case result.Stats.Failed > 0:
		return fmt.Sprintf("%d failed", result.Stats.Failed)
	case exited == nil:
		return n.words(ended.Error())
	case exited.Err != nil:
		return n.words(exited.Err.Error())
	case exited.Code == exit.Playbook:
		return "the playbook is wrong; nothing was touched"
	case exited.Code == exit.Interrupted:
		return "interrupted"
	}
	return fmt.Sprintf("ended with exit code %d", exited.Code)
}
