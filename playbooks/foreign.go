package playbooks

import (
	"context"
	_ "embed" // foreign.txt
	"strings"
	"sync"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
)

// A foreignTask is one of a module of Ansible's that is none of ours: it fails if it is
// reached, as a task that is certain to be reached does before anything runs.
type foreignTask struct{ problem *diagnostic.Problem }

// Plan returns what to do in place of the module.
func (f *foreignTask) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{}, f.problem
}

// foreignTask makes a task of a module of Ansible's.
func (c *compiler) foreignTask(d *draft, e expr.Entry) {
	p := diagnostic.Problemf(e.Key.Place, "unknown task kind %q", e.Key.Text).WithHint("%s", advice(e.Key.Text))
	p.Detail = "the kinds are " + list(c.kindNames)
	d.step.Kind = &engine.Kind{Name: bare(e.Key.Text), New: func() engine.Task { return &foreignTask{p} }}
	d.step.As, d.step.At, d.step.Args = e.Key.Text, e.Key.Place, &expr.Node{Shape: expr.Mapping, Place: e.Value.Place}
	d.kinds, d.foreign = append(d.kinds, e), true
	if d.step.Register != "" {
		c.names[d.step.Register] = true
	}
	c.mistake(d.step, p)
}

//go:embed foreign.txt
var foreignText string

// foreign are the modules and the collections that are none of ours, with what to do in
// their place; it never changes.
var foreign = sync.OnceValue(func() map[string]string {
	all, sentence := map[string]string{}, ""
	for line := range strings.Lines(foreignText) {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "  "):
			for name := range strings.FieldsSeq(line) {
				all[name] = sentence
			}
		default:
			sentence = strings.TrimSpace(line)
		}
	}
	return all
})

// advice returns what to do in place of a module of Ansible's: by its name where that is
// alone or stands behind ansible.builtin, else by its collection; "" where it is none that
// is known.
func advice(kind string) string {
	collection, name := "", kind
	if i := strings.LastIndexByte(kind, '.'); i >= 0 {
		collection, name = kind[:i], kind[i+1:]
	}
	switch collection {
	case "noa.clevercloud":
		return ""
	case "", "ansible.builtin", "ansible.legacy":
		return foreign()[name]
	}
	return foreign()[collection]
}

// elsewhere returns what to do in place of a module of another collection.
func elsewhere(kind string) string {
	if strings.Count(kind, ".") < 2 || strings.HasPrefix(kind, "noa.clevercloud.") || strings.HasPrefix(kind, core) {
		return ""
	}
	return "it is a module of another collection: play this with Ansible and the collection noa.clevercloud, which has runner's kinds as modules"
}
