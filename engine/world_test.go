package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// A world is what the fake kinds below read and write.
type world struct {
	mu      sync.Mutex
	things  map[string]string
	writes  map[string]int // how often each thing was changed or dropped
	log     []string       // "start x", "end x" in the order of time
	dir     string         // of files; link/ in it is itself
	running int
	peak    int
}

func newWorld() *world { return &world{things: map[string]string{}, writes: map[string]int{}} }

// seen returns what a thing is when it is looked at, once.
func (w *world) seen(h *engine.Host, name string) engine.Value {
	return h.Later(name, func(context.Context) (engine.Value, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		return fmt.Sprintf("%s after %d writes", w.things[name], w.writes[name]), nil
	})
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func (w *world) before(a, b string) bool {
	return slices.Index(w.log, a) >= 0 && slices.Index(w.log, a) < slices.Index(w.log, b)
}

// put makes a thing hold a value, after a while.
type put struct {
	Name  string       `arg:"name" required:"true"`
	Value string       `arg:"value"`
	Takes int          `arg:"takes"` // seconds
	Fail  bool         `arg:"fail"`
	Write bool         `arg:"write_while_planning"`
	Extra engine.Value `arg:"extra"`
	w     *world
}

func (p *put) Resources() []engine.Resource { return []engine.Resource{{Path: "things/" + p.Name}} }

func (p *put) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	if p.Write {
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://world.invalid/", strings.NewReader("x"))
		_, err := h.HTTP.Do(req)
		return engine.Change{}, err
	}
	p.w.mu.Lock()
	old, there := p.w.things[p.Name]
	p.w.mu.Unlock()
	result := value.MapOf("name", p.Name, "value", p.Value, "seen", p.w.seen(h, p.Name))
	if there && old == p.Value {
		return engine.Change{Result: result}, nil
	}
	c := engine.Change{Action: engine.Create, Object: p.Name, Result: value.MapOf("name", p.Name, "value", &value.Unknown{Task: h.Task}),
		Attrs: []engine.Attr{{Path: "value", Before: old, After: p.Value}}}
	if there {
		c.Action = engine.Update
	}
	c.Do = func(_ context.Context, h *engine.Host) (engine.Value, error) { return result, p.do(h) }
	return c, nil
}

func (p *put) do(h *engine.Host) error {
	h.Pending.Read(p.Name)
	p.w.note("start %s", p.Name)
	p.w.mu.Lock()
	p.w.running++
	p.w.peak = max(p.w.peak, p.w.running)
	p.w.mu.Unlock()
	time.Sleep(time.Duration(p.Takes) * time.Second)
	p.w.mu.Lock()
	p.w.running--
	if !p.Fail {
		p.w.things[p.Name] = p.Value
		p.w.writes[p.Name]++
	}
	p.w.mu.Unlock()
	p.w.note("end %s", p.Name)
	if p.Fail {
		return engine.About("name", fmt.Errorf("%s cannot be put", p.Name))
	}
	return nil
}

// write writes a file, after a while.
type write struct {
	Path  string `arg:"path" required:"true"`
	Value string `arg:"value"`
	Takes int    `arg:"takes"` // seconds
	w     *world
}

func (f *write) Resources() []engine.Resource {
	return []engine.Resource{{Path: f.w.file(f.Path), File: true}}
}

func (f *write) Plan(context.Context, *engine.Host) (engine.Change, error) {
	if f.w.read(f.Path) == f.Value {
		return engine.Change{}, nil
	}
	return engine.Change{Action: engine.Update, Object: f.Path, Do: func(context.Context, *engine.Host) (engine.Value, error) {
		time.Sleep(time.Duration(f.Takes) * time.Second)
		return nil, os.WriteFile(f.w.file(f.Path), []byte(f.Value), 0o600)
	}}, nil
}

// file returns the path of a file, which may be named by way of a link.
func (w *world) file(name string) string { return filepath.Join(w.dir, name) }

func (w *world) read(name string) string {
	text, err := os.ReadFile(w.file(name))
	if err != nil {
		return "none"
	}
	return string(text)
}

// lookup reads a file for a template.
func (w *world) lookup(c *expr.Context, terms []engine.Value, _ *value.Map) ([]engine.Value, error) {
	name := value.Text(terms[0])
	if err := c.BeforeFile(w.file(name)); err != nil {
		return nil, err
	}
	return []engine.Value{w.read(name)}, nil
}

// move changes a thing at a risk, after a while.
type move struct {
	Name  string `arg:"name" required:"true"`
	Takes int    `arg:"takes"` // seconds
	w     *world
}

func (m *move) Resources() []engine.Resource { return []engine.Resource{{Path: "things/" + m.Name}} }

func (m *move) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{Action: engine.Update, Object: m.Name, Risk: "it may be lost", Allow: "migrate",
		Do: func(context.Context, *engine.Host) (engine.Value, error) {
			m.w.note("start %s", m.Name)
			time.Sleep(time.Duration(m.Takes) * time.Second)
			m.w.note("end %s", m.Name)
			return value.MapOf("name", m.Name), nil
		}}, nil
}

// drop removes a thing; risky asks for consent.
type drop struct {
	Name  string `arg:"name" required:"true"`
	Risky bool   `arg:"risky"`
	w     *world
}

func (d *drop) Resources() []engine.Resource { return []engine.Resource{{Path: "things"}} }

func (d *drop) Plan(context.Context, *engine.Host) (engine.Change, error) {
	d.w.mu.Lock()
	_, there := d.w.things[d.Name]
	d.w.mu.Unlock()
	if !there {
		return engine.Change{}, nil
	}
	c := engine.Change{Action: engine.Delete, Object: d.Name}
	if d.Risky {
		c.Risk, c.Allow = "its data is lost", "delete"
	}
	c.Do = func(_ context.Context, h *engine.Host) (engine.Value, error) {
		d.w.note("drop %s", d.Name)
		h.Pending.Read(d.Name)
		d.w.mu.Lock()
		defer d.w.mu.Unlock()
		delete(d.w.things, d.Name)
		d.w.writes[d.Name]++
		return nil, nil
	}
	return c, nil
}

// say shows a value.
type say struct {
	Msg   engine.Value      `arg:"msg"`
	Var   engine.Expression `arg:"var"`
	Fail  bool              `arg:"fail"`
	Takes int               `arg:"takes"` // seconds, to plan
	w     *world
	as    string
}

func (s *say) Plan(context.Context, *engine.Host) (engine.Change, error) {
	time.Sleep(time.Duration(s.Takes) * time.Second)
	s.w.note("%s", s.as)
	if s.Fail {
		return engine.Change{}, errors.New("stopped")
	}
	if s.Var.Text != "" {
		return engine.Change{Result: value.MapOf("var", s.Var.Value)}, nil
	}
	return engine.Change{Result: value.MapOf("msg", s.Msg)}, nil
}

func kinds(w *world) map[string]*engine.Kind {
	return map[string]*engine.Kind{
		"put":   {Name: "put", New: func() engine.Task { return &put{w: w} }},
		"write": {Name: "write", New: func() engine.Task { return &write{w: w} }},
		"move":  {Name: "move", New: func() engine.Task { return &move{w: w} }},
		"drop":  {Name: "drop", New: func() engine.Task { return &drop{w: w} }},
		"say":   {Name: "say", New: func() engine.Task { return &say{w: w, as: "say"} }},
		"stop":  {Name: "stop", New: func() engine.Task { return &stop{w: w, as: "stop"} }},
		"crash": {Name: "crash", New: func() engine.Task { return &crash{} }},
		"set":   {Name: "set", New: func() engine.Task { return &set{} }},
		"wait":  {Name: "wait", New: func() engine.Task { return &wait{} }},
		"meta":  {Name: "meta", New: func() engine.Task { return &control{} }},
		"bring": {Name: "bring", New: func() engine.Task { return &bring{} }},
	}
}

// stop is say, as a guard.
type stop say

func (*say) Display() engine.Display { return engine.DisplayResult }

func (*stop) Guard() {}

func (s *stop) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	return (*say)(s).Plan(ctx, h)
}

// set sets variables.
type set struct {
	Facts *value.Map `arg:"*"`
}

func (s *set) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{Effect: engine.Facts{Values: s.Facts}}, nil
}

func (*set) Defines(args *expr.Node) (names []string, more bool) {
	for _, e := range args.Entries {
		names = append(names, e.Key.Text)
	}
	return names, false
}

// wait takes a while, unless it is stopped.
type wait struct {
	Seconds int `arg:"seconds"`
}

func (w *wait) Plan(ctx context.Context, _ *engine.Host) (engine.Change, error) {
	select {
	case <-time.After(time.Duration(w.Seconds) * time.Second):
		return engine.Change{}, nil
	case <-ctx.Done():
		return engine.Change{}, ctx.Err()
	}
}

// control demands something of the run.
type control struct {
	Do string `arg:"do"`
}

func (*control) Guard() {}

func (*control) Display() engine.Display { return engine.DisplayBanner }

func (c *control) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{Effect: engine.Control(c.Do)}, nil
}

// bring brings in a file of tasks.
type bring struct {
	File string `arg:"file"`
}

func (b *bring) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{Effect: engine.IncludeFile(b.File)}, nil
}

func (*bring) Guard() {}

func (*bring) Defines(*expr.Node) (names []string, more bool) { return nil, true }

type crash struct{}

func (*crash) Plan(context.Context, *engine.Host) (engine.Change, error) { panic("boom") }

// A witness keeps what was reported, a line per event.
type witness struct{ lines []string }

func (w *witness) Tell(e engine.Event) {
	switch e := e.(type) {
	case engine.TaskStart:
		w.lines = append(w.lines, "task "+e.Step.ID)
	case engine.TaskRetry:
		w.lines = append(w.lines, fmt.Sprintf("%s tried, %d left", e.Step.ID, e.Left))
	case engine.PlayFailed:
		w.lines = append(w.lines, "play failed: "+e.Problem.Error())
	case engine.ItemEnd:
		w.lines = append(w.lines, fmt.Sprintf("%s (%s) %s", e.Step.ID, e.Label, e.Outcome))
	case engine.TaskEnd:
		line := e.Step.ID + " " + e.Outcome.String()
		if e.NotStarted > 0 {
			line += fmt.Sprintf(", %d items not started", e.NotStarted)
		}
		if e.Included != "" {
			line += " included " + e.Included
		}
		if e.Problem != nil {
			line += ": " + e.Problem.Error()
		}
		if m, ok := e.Result.(*value.Map); ok && e.Shows {
			line += " " + format.JSON(m, format.JSONStyle{})
		}
		w.lines = append(w.lines, line)
	}
}

func (w *witness) String() string { return strings.Join(w.lines, "\n") }

// play runs a script in a bubble of its own time.
func play(t *testing.T, w *world, text string, opt engine.Options) (engine.Result, *witness) {
	t.Helper()
	seen := &witness{}
	opt.Reporter = seen
	result, err := engine.Run(t.Context(), script(t, w, text), opt)
	if err != nil {
		t.Fatal(err)
	}
	return result, seen
}
