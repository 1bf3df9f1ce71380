package engine

import (
	"context"
	"fmt"
	"slices"

	"runner/diagnostic"
)

// A Part is what a change does to one object.
type Part struct {
	Action Action
	Object string // in plain words: `add-on "main-db" (addon_…)`
	Attrs  []Attr
	Price  *Price // nil: it costs nothing by itself
}

// A Price is what an object costs a month, in euros, before and after a change: an
// indication. Nil is a price that nobody knows.
type Price struct{ Before, After *float64 }

// Each returns what the change does to each object; none where it does nothing.
func (c *Change) Each() []Part {
	switch {
	case c == nil || c.Action == None:
		return nil
	case len(c.Parts) > 0:
		return c.Parts
	}
	return []Part{{Action: c.Action, Object: c.Object, Attrs: c.Attrs, Price: c.Price}}
}

// Who can consent to a change.
const (
	ByFlag = "flag" // Options.Allow
	ByTask = "task" // its own allow
	ByUser = "user" // who was asked
	ByPlan = "plan" // that was approved before: Options.Approved
)

// given returns who has consented to a change; "" where nobody has, or none is needed.
func (r *run) given(s *Step, c *Change) string {
	switch {
	case c.Allow == "":
		return ""
	case slices.Contains(r.opt.Allow, c.Allow):
		return ByFlag
	case slices.Contains(s.Allow, c.Allow):
		return ByTask
	case r.opt.Approved != nil:
		return r.opt.Approved(s, c)
	}
	return ""
}

// consent asks for what a change risks, where it needs that and nobody has consented.
func (r *run) consent(ctx context.Context, s *Step, c *Change) *diagnostic.Problem {
	if r.opt.Planned != nil {
		if err := r.opt.Planned(s, c); err != nil {
			return diagnostic.From(err, s.Place)
		}
	}
	if c.Allow == "" || c.Consent != "" {
		return nil
	}
	what := fmt.Sprintf("to %s %s: %s", c.Action, c.Object, c.Risk)
	if r.opt.Ask != nil {
		r.asking.Lock()
		defer r.asking.Unlock()
		if r.opt.Ask(ctx, what) {
			c.Consent = ByUser
			return nil
		}
		return diagnostic.Problemf(s.Place, "%s; it was not allowed", what)
	}
	return diagnostic.Problemf(s.Place, "consent is needed %s", what).
		WithHint("nothing was changed; give --allow %s, or write `allow: %s` in the task", c.Allow, c.Allow)
}
