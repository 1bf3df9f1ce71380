package tasks

import (
	"context"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

func setFact() engine.Kind {
	return engine.Kind{
		Name: "set_fact",
		Full: "ansible.builtin.set_fact",
		Doc:  "Sets variables, for what follows and for later plays. They beat the variables of plays, blocks and tasks. A name may be a template.",
		New:  func() engine.Task { return &SetFact{} },
		Example: `- name: Remember which plan to order
  ansible.builtin.set_fact:
    plan: "{{ 'dev' if ansible_check_mode else 'xs_sml' }}"

- name: Say so
  ansible.builtin.debug:
    var: plan
`,
		Returns: []engine.Return{{Name: "ansible_facts", Type: engine.NestedParam, Doc: "the variables with their values"}},
	}
}

var (
	_ engine.Definer = (*SetFact)(nil)
	_ engine.Checker = (*SetFact)(nil)
)

// SetFact sets variables.
type SetFact struct {
	Cacheable bool       `arg:"cacheable" default:"false" doc:"let ansible_facts have them, too; no fact outlasts the run"`
	Facts     *value.Map `arg:"*" doc:"the variables, each with its value"`
}

// Check reports that nothing is set.
func (s *SetFact) Check(c *engine.Checking) {
	if s.Facts.Len() == 0 && c.Known(engine.AnyName) {
		c.Add("", &diagnostic.Problem{Msg: "set_fact sets nothing", Hint: "write name: value below it"})
	}
}

// Plan returns the variables; nothing is changed by them.
func (s *SetFact) Plan(context.Context, *engine.Host) (engine.Change, error) {
	effect := engine.Facts{Values: s.Facts}
	if s.Cacheable {
		effect.Gathered = s.Facts
	}
	return engine.Change{Effect: effect, Result: value.MapOf("ansible_facts", s.Facts)}, nil
}

// Defines returns the names that are set. Those that are templates show only when they
// are rendered.
func (*SetFact) Defines(args *expr.Node) (names []string, more bool) {
	if args == nil {
		return nil, false
	}
	if args.Tmpl != nil { // a template of all of them
		return nil, true
	}
	for _, e := range args.Entries {
		switch {
		case e.Key.Tmpl != nil || syntax.HasTemplate(e.Key.Text):
			more = true
		case e.Key.Text == "cacheable":
			names = append(names, "ansible_facts")
		default:
			names = append(names, e.Key.Text)
		}
	}
	return names, more
}
