package tasks

import (
	"context"
	"fmt"

	"runner/engine"
	"runner/engine/expr/value"
)

func debug() engine.Kind {
	return engine.Kind{
		Name: "debug",
		Full: "ansible.builtin.debug",
		Doc:  "Shows a text or a value. What it shows is shown as it is, secrets included: that is what it is for.",
		New:  func() engine.Task { return &Debug{Msg: "Hello world!"} },
		Example: `- name: Say where the database is
  ansible.builtin.debug:
    msg: "the database is at {{ host }}"
  vars:
    host: db.example.com

- name: Show a variable as it is
  ansible.builtin.debug:
    var: ansible_version.full
`,
		Returns: []engine.Return{{Name: "msg", Type: engine.AnyParam, Maybe: true, Doc: "what was shown"},
			{Name: engine.AnyName, Type: engine.AnyParam, Maybe: true, Doc: "with var, the value, under the expression itself"}},
	}
}

var (
	_ engine.Displayer = (*Debug)(nil)
	_ engine.Checker   = (*Debug)(nil)
)

// Debug shows a text or a value (docs/language.md §10).
type Debug struct {
	Msg       engine.Value      `arg:"msg" marks:"kept" excludes:"var" default:"Hello world!" doc:"what to show: text, or a value of any type"`
	Var       engine.Expression `arg:"var" excludes:"msg" doc:"the expression whose value is shown, without braces"`
	Verbosity int               `arg:"verbosity" default:"0" doc:"how many -v it takes to show it"`
}

// Display says that the result is printed as it is.
func (*Debug) Display() engine.Display { return engine.DisplayResult }

// Check reports a verbosity that there is not.
func (d *Debug) Check(c *engine.Checking) {
	if d.Verbosity < 0 {
		c.Addf("verbosity", "%d is less than none: how many -v it takes is 0 or more", d.Verbosity)
	}
}

// Plan returns what is shown; there is never anything to do.
func (d *Debug) Plan(_ context.Context, h *engine.Host) (engine.Change, error) {
	switch {
	case d.Verbosity > h.Verbosity:
		return engine.Change{Effect: engine.Skip("Verbosity threshold not met.")}, nil
	case d.Var.Err != nil:
		shown := fmt.Sprintf("<< error 1 - %s >>", d.Var.Err)
		return engine.Change{Result: value.MapOf(d.Var.Text, shown)}, nil
	case d.Var.Text != "":
		return engine.Change{Result: value.MapOf(d.Var.Text, d.Var.Value)}, nil
	}
	return engine.Change{Result: value.MapOf("msg", d.Msg)}, nil
}
