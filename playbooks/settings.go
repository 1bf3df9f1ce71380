package playbooks

import (
	"cmp"
	"maps"
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
)

// settings are what plays, blocks, imports and tasks all say, and what is below
// them inherits.
type settings struct {
	tags           []string
	when           []*engine.Condition
	vars           []engine.Var
	notify         []*expr.Node
	ignoreErrors   *expr.Node
	anyErrorsFatal *expr.Node
	noLog          *expr.Node
	checkMode      *expr.Node
	diff           *expr.Node
	timeout        *expr.Node
	throttle       *expr.Node
	environment    []*expr.Node
	defaults       defaults
}

// keyword takes an entry, if it is one of the settings. Null leaves what is inherited.
func (s *settings) keyword(c *compiler, e expr.Entry) bool {
	if at, ok := s.flag(e.Key.Text); ok {
		*at = cmp.Or(c.flag(e), *at)
		return true
	}
	switch e.Key.Text {
	case "tags":
		s.tags = c.tags(s.tags, e.Value)
	case "timeout":
		s.timeout = cmp.Or(c.number(e, false), s.timeout)
	case "throttle":
		s.throttle = cmp.Or(c.number(e, false), s.throttle)
	case "environment":
		s.environment = slices.Concat(s.environment, c.environment(e.Value))
	case "module_defaults":
		s.defaults = c.moduleDefaults(s.defaults, e.Value)
	case "run_once":
		c.flag(e) // there is one host
	default:
		return false
	}
	return true
}

// flag gives where the value of a setting belongs that is true or false.
func (s *settings) flag(keyword string) (at **expr.Node, ok bool) {
	switch keyword {
	case "ignore_errors":
		return &s.ignoreErrors, true
	case "any_errors_fatal":
		return &s.anyErrorsFatal, true
	case "no_log":
		return &s.noLog, true
	case "check_mode":
		return &s.checkMode, true
	case "diff":
		return &s.diff, true
	}
	return nil, false
}

// shared takes an entry that blocks and tasks have in common, beside the settings.
// Conditions and variables are added to those inherited.
func (s *settings) shared(c *compiler, e expr.Entry) bool {
	switch e.Key.Text {
	case "when":
		s.when = slices.Concat(s.when, c.conditions(e.Value))
	case "vars":
		s.vars = slices.Concat(s.vars, c.vars(e.Value))
	case "notify":
		s.notify = c.notify(e.Value)
	case "delegate_to":
		c.delegate(e.Value)
	default:
		return s.keyword(c, e)
	}
	return true
}

// apply puts settings into a step.
func (s *settings) apply(step *engine.Step) {
	step.Tags, step.When, step.Vars, step.Notify = s.tags, s.when, s.vars, s.notify
	step.IgnoreErrors, step.AnyErrorsFatal, step.NoLog = s.ignoreErrors, s.anyErrorsFatal, s.noLog
	step.CheckMode, step.Diff, step.Timeout, step.Throttle = s.checkMode, s.diff, s.timeout, s.throttle
	step.Environment = s.environment
}

// delegate reads where a task is to be done: here.
func (c *compiler) delegate(n *expr.Node) {
	if reading.IsNull(n) || n.Shape == expr.Scalar && (n.Text == "localhost" || n.Text == "127.0.0.1") {
		return
	}
	said := reading.Shape(n)
	if n.Shape == expr.Scalar {
		said = `"` + n.Text + `"`
	}
	c.problem(n.Place, "tasks run on localhost only, not on %s", said).WithHint(`remove "delegate_to"`)
}

// environment reads a map of environment variables, a list of such, or templates.
func (c *compiler) environment(n *expr.Node) []*expr.Node {
	var all []*expr.Node
	for _, item := range reading.Listed(n) {
		c.templates(item)
		if item.Shape != expr.Mapping && item.Tmpl == nil {
			if !expr.HasTemplate(item.Text) { // else told already
				c.problem(item.Place, `"environment" is a map of names to values, not %s`, reading.Shape(item))
			}
			continue
		}
		all = append(all, item)
	}
	return all
}

// defaults are the parameters that tasks of a kind get unless they give their own,
// by the kind's short name.
type defaults map[string][]expr.Entry

// moduleDefaults lays the defaults of a node over those inherited.
func (c *compiler) moduleDefaults(inherited defaults, n *expr.Node) defaults {
	all := defaults{}
	maps.Copy(all, inherited)
	for _, item := range reading.Listed(n) {
		if item.Shape != expr.Mapping {
			c.problem(item.Place, `"module_defaults" is a map of kinds to parameters, not %s`, reading.Shape(item))
			continue
		}
		for _, e := range item.Entries {
			if k := c.defaultsOf(e); k != nil {
				all[k.Name] = withDefaults(k, e.Value.Entries, all[k.Name])
			}
		}
	}
	return all
}

// defaultsOf checks the defaults of one kind, and gives the kind; nil if it is unknown.
func (c *compiler) defaultsOf(e expr.Entry) *engine.Kind {
	k := c.kinds[e.Key.Text]
	if k == nil {
		c.unknownKind(e.Key)
		return nil
	}
	if reading.IsNull(e.Value) {
		return k
	}
	if e.Value.Shape != expr.Mapping {
		c.problem(e.Value.Place, "the defaults of %s are a map, not %s", k.Name, reading.Shape(e.Value))
		return nil
	}
	c.templates(e.Value)
	for _, p := range engine.CheckArgs(k, e.Value, diagnostic.Place{}) {
		if !p.Place.IsZero() { // what is missing, the task may give
			c.problems.Add(p)
		}
	}
	return k
}

// withDefaults adds to the parameters of a kind those defaults that are not among them.
func withDefaults(k *engine.Kind, given, more []expr.Entry) []expr.Entry {
	if len(more) == 0 {
		return given
	}
	params := k.Params()
	name := func(e expr.Entry) string {
		for _, p := range params {
			if slices.Contains(p.Aliases, e.Key.Text) {
				return p.Name
			}
		}
		return e.Key.Text
	}
	all := slices.Clone(given)
	for _, d := range more {
		if !slices.ContainsFunc(given, func(e expr.Entry) bool { return name(e) == name(d) }) {
			all = append(all, d)
		}
	}
	return all
}
