package tasks

import (
	"context"

	"runner/engine"
)

func meta() engine.Kind {
	return engine.Kind{
		Name:   "meta",
		Full:   "ansible.builtin.meta",
		Doc:    "Tells the run what to do next: flush_handlers runs the handlers that were notified, end_play ends the play without a failure, end_role the role, noop does nothing. What is about several hosts, connections or inventories does nothing either. It is not counted.",
		New:    func() engine.Task { return &Meta{} },
		Silent: true,
		Example: `- name: End here where there is nothing to order
  ansible.builtin.meta: end_play
  when: orders | default([]) | length == 0
`,
		Returns: []engine.Return{},
	}
}

var _ engine.Guard = (*Meta)(nil)

// Meta controls the run.
type Meta struct {
	Do string `arg:"free_form" required:"true" choices:"noop,flush_handlers,end_play,end_host,end_batch,end_role,clear_facts,clear_host_errors,refresh_inventory,reset_connection" doc:"what to do next"`
}

// Guard says that what follows may be stopped.
func (*Meta) Guard() {}

// Plan passes on what is to be done.
func (m *Meta) Plan(context.Context, *engine.Host) (engine.Change, error) {
	control := map[string]engine.Control{
		"flush_handlers": engine.FlushHandlers,
		"end_play":       engine.EndPlay,
		"end_host":       engine.EndPlay, // there is one host, and it is the only batch
		"end_batch":      engine.EndPlay,
		"end_role":       engine.EndRole,
	}
	return engine.Change{Control: control[m.Do]}, nil
}
