package tasks

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"runner/engine"
	"runner/engine/expr/value"
)

func assert() engine.Kind {
	return engine.Kind{
		Name: "assert",
		Full: "ansible.builtin.assert",
		Doc:  "Fails unless conditions hold. All that stands before it ends first, and nothing that stands after it starts sooner.",
		New:  func() engine.Task { return &Assert{} },
		Example: `- name: Make sure that a plan was chosen
  ansible.builtin.assert:
    that:
      - plan is defined
      - plan in ['dev', 'xs_sml']
    fail_msg: "there is no plan {{ plan }}"
  vars:
    plan: dev
`,
		Returns: []engine.Return{
			{Name: "msg", Type: engine.AnyParam, Doc: "that all assertions passed, or what fail_msg says"},
			{Name: "assertion", Type: engine.TextParam, Maybe: true, Doc: "of a failure, the condition that does not hold"},
			{Name: "evaluated_to", Type: engine.BoolParam, Maybe: true, Doc: "of a failure, what it came to"},
		},
	}
}

var (
	_ engine.Guard     = (*Assert)(nil)
	_ engine.Displayer = (*Assert)(nil)
	_ engine.Checker   = (*Assert)(nil)
)

// Assert tests conditions, up to the first that does not hold.
type Assert struct {
	That       engine.Conditions `arg:"that" required:"true" doc:"the conditions, one or a list"`
	FailMsg    engine.Value      `arg:"fail_msg" marks:"kept" alias:"msg" default:"Assertion failed" doc:"what is said where one does not hold"`
	SuccessMsg engine.Value      `arg:"success_msg" marks:"kept" default:"All assertions passed" doc:"what is said where all hold"`
	Quiet      bool              `arg:"quiet" default:"false" doc:"say nothing where all hold"`
}

// Guard says that a condition which does not hold stops what follows.
func (*Assert) Guard() {}

// Display says that the result is printed, unless quiet says that it is not.
func (a *Assert) Display() engine.Display {
	if a.Quiet {
		return engine.DisplayOutcome
	}
	return engine.DisplayMasked
}

// Check reports a message that is neither text nor a list of texts.
func (a *Assert) Check(c *engine.Checking) {
	for name, msg := range map[string]engine.Value{"fail_msg": a.FailMsg, "success_msg": a.SuccessMsg} {
		if !isMessage(msg) {
			c.Addf(name, "%s is a text or a list of texts, not %s", name, value.Describe(value.Known(msg)))
		}
	}
}

func isMessage(v engine.Value) bool {
	switch v := value.Known(v).(type) {
	case nil, string, value.Secret, *value.Unknown:
		return true
	case []value.Value:
		return !slices.ContainsFunc(v, func(e value.Value) bool {
			_, text := value.Bare(value.Known(e)).(string)
			_, unknown := e.(*value.Unknown)
			return !text && !unknown
		})
	}
	return false
}

// Plan tests the conditions. What cannot be known yet is taken to hold.
func (a *Assert) Plan(context.Context, *engine.Host) (engine.Change, error) {
	for name, v := range map[string]engine.Value{"fail_msg": a.FailMsg, "success_msg": a.SuccessMsg} {
		if err := checkMessage(v); err != nil {
			return engine.Change{}, engine.About(name, err)
		}
	}
	for i, c := range a.That {
		v, err := c.Test()
		if err != nil {
			return engine.Change{}, engine.About(fmt.Sprintf("that[%d]", i), err)
		}
		if v == false {
			return engine.Change{}, engine.About(fmt.Sprintf("that[%d]", i), a.failure(c))
		}
	}
	result := value.MapOf("msg", cmp.Or(a.SuccessMsg, engine.Value("All assertions passed")))
	return engine.Change{Result: result}, nil
}

// checkMessage returns why a value is no message, nil if it is one or is not known yet.
func checkMessage(v engine.Value) error {
	switch v := value.Bare(v).(type) {
	case nil, string, *value.Unknown:
		return nil
	case []engine.Value:
		for _, e := range v {
			if _, ok := value.Bare(e).(string); !ok {
				return fmt.Errorf("a message is text or a list of texts, not a list with %s in it", value.Describe(e))
			}
		}
		return nil
	}
	return fmt.Errorf("a message is text or a list of texts, not %s", value.Describe(v))
}

func (a *Assert) failure(c engine.Tested) error {
	msg := cmp.Or(a.FailMsg, engine.Value("Assertion failed"))
	return &engine.Failure{Msg: fmt.Sprintf("%s: %s", value.Text(msg), c.Text),
		Result: value.MapOf("assertion", c.Text, "evaluated_to", false, "msg", msg)}
}
