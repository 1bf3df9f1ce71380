package tasks

import (
	"context"
	"slices"

	"runner/engine"
	"runner/engine/expr"
)

func meta() engine.Kind {
	return engine.Kind{
		Name: "meta",
		Full: "ansible.builtin.meta",
		Doc:  "Tells the run what to do next: flush_handlers runs the handlers that were notified, end_play ends the play without a failure, end_role the role, noop does nothing. What is about several hosts, connections or inventories does nothing either. It is not counted.",
		New:  func() engine.Task { return &Meta{} },
		Example: `- name: End here where there is nothing to order
  ansible.builtin.meta: end_play
  when: orders | default([]) | length == 0
`,
		Returns: []engine.Return{},
	}
}

var (
	_ engine.Guard     = (*Meta)(nil)
	_ engine.Displayer = (*Meta)(nil)
	_ engine.Ender     = (*Meta)(nil)

	_ engine.Unconditional = (*Meta)(nil)
)

// Meta controls the run.
type Meta struct {
	Do string `arg:"free_form" required:"true" plain:"true" choices:"noop,flush_handlers,end_play,end_host,end_batch,end_role,clear_facts,clear_host_errors,refresh_inventory,reset_connection" doc:"what to do next"`
}

// controls are what its words demand of the run; the others do nothing.
var controls = map[string]engine.Control{
	"flush_handlers": engine.FlushHandlers,
	"clear_facts":    engine.ClearFacts,
	"end_play":       engine.EndPlay,
	"end_host":       engine.EndPlay, // there is one host, and it is the only batch
	"end_batch":      engine.EndPlay,
	"end_role":       engine.EndRole,
}

// Guard says that what follows may be stopped.
func (*Meta) Guard() {}

// Display says that only the banner is printed.
func (*Meta) Display() engine.Display { return engine.DisplayBanner }

// Unconditional reports whether it does nothing in a way that takes no conditions.
func (*Meta) Unconditional(args *expr.Node) bool {
	does := args.Get("free_form")
	return does != nil && slices.Contains([]string{"noop", "refresh_inventory", "reset_connection"}, does.Text)
}

// MayEnd reports whether it may end the play.
func (*Meta) MayEnd(args *expr.Node) bool {
	does := args.Get("free_form")
	return does != nil && (does.Tmpl != nil || controls[does.Text] == engine.EndPlay || controls[does.Text] == engine.EndRole)
}

// Plan passes on what is to be done.
func (m *Meta) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{Effect: controls[m.Do]}, nil
}
