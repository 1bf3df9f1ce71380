package tasks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"runner/engine"
	"runner/engine/expr/value"
)

func pause() engine.Kind {
	return engine.Kind{
		Name: "pause",
		Full: "ansible.builtin.pause",
		Doc:  "Waits for a while, or for the user. All that stands before it ends first, and nothing that stands after it starts sooner. In a check it does not wait.",
		New:  func() engine.Task { return &Pause{Echo: true} },
		Example: `- name: Give the database a moment
  ansible.builtin.pause:
    seconds: 5
`,
		Returns: []engine.Return{
			{Name: "user_input", Type: engine.TextParam, Doc: "what the user typed"},
			{Name: "delta", Type: engine.IntParam, Doc: "how many seconds it took"},
			{Name: "start", Type: engine.TextParam, Doc: "when it began"},
			{Name: "stop", Type: engine.TextParam, Doc: "when it ended"},
			{Name: "stdout", Type: engine.TextParam, Doc: "how long it waited, in words"},
			{Name: "stderr", Type: engine.TextParam, Doc: "empty"},
			{Name: "rc", Type: engine.IntParam, Doc: "0"},
			{Name: "echo", Type: engine.BoolParam, Doc: "whether what is typed was shown"},
		},
	}
}

var (
	_ engine.Guard   = (*Pause)(nil)
	_ engine.Checker = (*Pause)(nil)
)

// Pause waits.
type Pause struct {
	Seconds *float64 `arg:"seconds" excludes:"minutes" doc:"how many seconds to wait"`
	Minutes *float64 `arg:"minutes" excludes:"seconds" doc:"how many minutes to wait"`
	Prompt  string   `arg:"prompt" doc:"the question to a user at the terminal; without one, and without a time, it waits for Enter"`
	Echo    bool     `arg:"echo" default:"true" doc:"show what is typed"`
}

// Guard says that what follows waits.
func (*Pause) Guard() {}

// Check reports durations that there are not.
func (p *Pause) Check(c *engine.Checking) {
	for path, d := range map[string]*float64{"seconds": p.Seconds, "minutes": p.Minutes} {
		switch {
		case d == nil:
		case *d < 0:
			c.Addf(path, "%v is no time to wait: write 0 or more", *d)
		default:
			_, err := p.duration()
			c.Add("", err)
		}
	}
}

// Plan waits. There is never anything to apply.
func (p *Pause) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	start := time.Now()
	input, err := "", error(nil)
	switch {
	case h.Check:
	case p.Seconds != nil || p.Minutes != nil:
		err = p.wait(ctx, h)
	default:
		input, err = p.ask(ctx, h)
	}
	if err != nil {
		return engine.Change{}, err
	}
	took := time.Since(start)
	return engine.Change{Result: value.MapOf("user_input", input, "delta", int(took.Seconds()), "echo", p.Echo, "rc", 0,
		"start", start.Format(clock), "stop", time.Now().Format(clock),
		"stderr", "", "stdout", p.waited(took))}, nil
}

// clock is how Ansible writes when a pause began.
const clock = "2006-01-02 15:04:05.000000"

func (p *Pause) duration() (time.Duration, error) {
	if p.Minutes != nil {
		d, err := engine.Seconds(*p.Minutes * 60)
		return d, engine.About("minutes", err)
	}
	d, err := engine.Seconds(max(1, *p.Seconds)) // as Ansible: a second at least
	return d, engine.About("seconds", err)
}

func (p *Pause) waited(took time.Duration) string {
	if p.Minutes != nil {
		return fmt.Sprintf("Paused for %.1f minutes", took.Minutes())
	}
	return fmt.Sprintf("Paused for %.1f seconds", took.Seconds())
}

func (p *Pause) wait(ctx context.Context, h *engine.Host) error {
	d, err := p.duration()
	if err != nil {
		return err
	}
	h.Say(fmt.Sprintf("Pausing for %d seconds", int(d.Seconds())))
	if p.Prompt != "" {
		h.Say(p.Prompt)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask waits for what the user types. Where there is nobody, it goes on.
func (p *Pause) ask(ctx context.Context, h *engine.Host) (string, error) {
	text := p.Prompt
	if text == "" {
		text = "Press enter to continue, Ctrl+C to interrupt"
	}
	input, err := h.Prompt(ctx, engine.Question{Text: "[" + h.Task + "]\n" + text, Private: !p.Echo})
	if errors.Is(err, engine.ErrNobody) {
		h.Warn("Not waiting for response to prompt as stdin is not interactive")
		return "", nil
	}
	return input, err
}
