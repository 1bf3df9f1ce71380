package playbooks

import "runner/engine"

func (d *document) explain(err error) *engine.Problem {
	return engine.Problemf(d.place(1, 1), "%s", err)
}
