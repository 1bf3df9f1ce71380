package tasks

import (
	"context"

	"runner/engine"
	"runner/engine/expr/value"
)

func fail() engine.Kind {
	return engine.Kind{
		Name: "fail",
		Full: "ansible.builtin.fail",
		Doc:  "Fails, with a message. Give it a condition. All that stands before it ends first, and nothing that stands after it starts sooner.",
		New:  func() engine.Task { return &Fail{Msg: failed} },
		Example: `- name: Stop where no plan was chosen
  ansible.builtin.fail:
    msg: give a plan with -e plan=NAME
  when: plan is not defined
`,
		Returns: []engine.Return{{Name: "msg", Type: engine.AnyParam, Doc: "the message"}},
	}
}

// failed is what is said where the playbook says nothing.
const failed = "Failed as requested from task"

var _ engine.Guard = (*Fail)(nil)

// Fail fails.
type Fail struct {
	Msg engine.Value `arg:"msg" marks:"kept" default:"Failed as requested from task" doc:"why"`
}

// Guard says that what follows is stopped.
func (*Fail) Guard() {}

// Plan fails.
func (f *Fail) Plan(context.Context, *engine.Host) (engine.Change, error) {
	failure := &engine.Failure{Msg: value.Text(f.Msg), Result: value.MapOf("msg", f.Msg)}
	return engine.Change{}, engine.About("msg", failure)
}
