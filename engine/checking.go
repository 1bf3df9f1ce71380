package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// A Checker is a Task that reports what is wrong with its parameters beyond what their
// types say. The same check is made when a playbook is validated and, before Plan, when it
// is played. It sends no request.
type Checker interface {
	Task
	Check(c *Checking)
}

// A Checking is the check of one task. What cannot be known yet, because it is a template
// or comes of a change that a check does not make, is passed over: its field is as New left
// it, and mistakes that are noted about it are dropped.
type Checking struct {
	// Dir is the folder of the playbook: relative paths start there.
	Dir string
	// Secrets is where a task notes values that must not be shown.
	Secrets *Secrets

	open     []string
	mistakes Mistakes
}

// Add notes an error about an argument, which is named as in ArgError: "details.plan",
// "tags[2]"; "" is the task as a whole, or what the error says. Nil is passed over.
func (c *Checking) Add(path string, err error) {
	if err == nil {
		return
	}
	if about, ok := errors.AsType[*ArgError](err); ok && path == "" {
		path, err = about.Path, about.Err
	}
	if slices.ContainsFunc(c.open, func(o string) bool { return within(path, o) }) {
		return
	}
	if path != "" {
		err = About(path, err)
	}
	c.mistakes = append(c.mistakes, err)
}

// Addf notes what is wrong with an argument; see Add.
func (c *Checking) Addf(path, format string, args ...any) { c.Add(path, fmt.Errorf(format, args...)) }

// Known reports whether all of some arguments is known, that they are left out included.
// Whoever judges one argument by another asks for the other.
func (c *Checking) Known(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool {
		return slices.ContainsFunc(c.open, func(o string) bool { return within(path, o) || within(o, path) })
	})
}

// within reports whether a path is another, or leads below it.
func within(path, other string) bool {
	rest, ok := strings.CutPrefix(path, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// check returns what is wrong with the parameters of a task.
func (c *Checking) check(task Task) error {
	if checker, ok := task.(Checker); ok {
		checker.Check(c)
	}
	return c.mistakes.Err()
}

// CheckStep reports what is wrong with the arguments of a step as far as it shows without
// evaluating anything: what CheckArgs reports, and what the kind's own check does. dir is
// the playbook's folder.
func CheckStep(s *Step, dir string) []*diagnostic.Problem {
	problems := CheckArgs(s.Kind, s.Args, s.At)
	if s.Args != nil && s.Args.Shape != expr.Mapping && !wholeArgs(s.Args) {
		return problems
	}
	d := decoder{tested: func(*expr.Node) Tested { return Tested{} }, secrets: &Secrets{}, passing: true}
	task, _ := d.decode(s.Kind, s.Args)
	if n, ok := task.(Namer); ok && s.Name != nil {
		n.TaskName(s.Name.Text) // of a template as it is written: that it has one is enough
	}
	c := &Checking{Dir: dir, Secrets: d.secrets, open: d.vague}
	if err := c.check(task); err != nil {
		problems = append(problems, s.Kind.ProblemOf(err, s.Args, s.At).Each()...)
	}
	return problems
}

// literal returns a node's value as far as it is written out; templates, and vaults
// without a password, are Unknown.
func literal(n *expr.Node) (Value, error) {
	switch {
	case n.Tmpl != nil || n.Value == Masked:
		return &value.Unknown{}, nil
	case n.Shape == expr.Sequence:
		list := make([]Value, 0, len(n.Items))
		for _, item := range n.Items {
			v, _ := literal(item)
			list = append(list, v)
		}
		return list, nil
	case n.Shape == expr.Mapping:
		m := &value.Map{}
		for _, e := range n.Entries {
			key, _ := literal(e.Key)
			v, _ := literal(e.Value)
			if _, unknown := key.(*value.Unknown); unknown {
				return key, nil
			}
			m.Set(key, v)
		}
		return m, nil
	}
	return n.Value, nil
}

// note notes which parts of a value are not known.
func (d *decoder) note(path string, v Value) {
	switch v := v.(type) {
	case *value.Unknown:
		d.vague = append(d.vague, path)
	case []Value:
		for i, item := range v {
			d.note(fmt.Sprintf("%s[%d]", path, i), item)
		}
	case *value.Map:
		for key, item := range v.Stored() {
			d.note(path+"."+value.Text(key), item)
		}
	}
}

// knownParts returns a list or a map of texts with "" for what is not known; false where
// a parameter is neither.
func knownParts(p Param, v Value) (Value, bool) {
	known := func(v Value) Value {
		if _, ok := value.HasUnknown(v); ok {
			return ""
		}
		return v
	}
	switch v := v.(type) {
	case []Value:
		list := make([]Value, len(v))
		for i, item := range v {
			list[i] = known(item)
		}
		return list, p.Type == ListParam
	case *value.Map:
		m := &value.Map{}
		for key, item := range v.Stored() {
			m.Set(key, known(item))
		}
		return m, p.Type == TextMapParam
	}
	return nil, false
}

// missing returns the paths of parameters that are required and not given.
func missing(path string, params []Param, n *expr.Node) []string {
	var all []string
	for _, p := range params {
		given := slices.ContainsFunc(append([]string{p.Name}, p.Aliases...), func(name string) bool { return n.Get(name) != nil })
		if p.Required && !given {
			all = append(all, path+p.Name)
		}
	}
	return all
}

// opened returns the parameters of a task as a map, where they are one template: an empty
// map where that is not evaluated or not known yet.
func (d *decoder) opened(k *Kind, args *expr.Node) (*expr.Node, error) {
	empty := &expr.Node{Shape: expr.Mapping}
	if args == nil {
		return empty, nil
	}
	if !wholeArgs(args) {
		return args, nil
	}
	empty.Place = args.Place
	if d.context == nil {
		d.anyArgs(k)
		return empty, nil
	}
	v, err := args.Eval(d.context())
	if err != nil {
		return empty, err
	}
	switch v := value.Known(v).(type) {
	case *value.Map:
		return argsOf(v, args.Place), nil
	case *value.Unknown:
		d.unknown = v
		d.anyArgs(k)
		return empty, nil
	default:
		if v == value.Omit {
			return empty, nil
		}
		return empty, diagnostic.Problemf(args.Place, "the parameters of %s are %s, not a map", k.Name, value.Describe(v))
	}
}

// anyArgs notes that nothing is known of any parameter.
func (d *decoder) anyArgs(k *Kind) {
	for _, p := range k.Params() {
		d.vague = append(d.vague, p.Name)
	}
	d.passing = d.passing || d.unknown != nil
}
