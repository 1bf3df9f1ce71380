package playbooks

import (
	"fmt"

	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

// A section is a list of tasks with what holds for all of them.
type section struct {
	play     *engine.Play
	set      inherited
	id       string // what the ids of its steps begin with
	handlers bool   // its tasks are handlers
	depth    int    // how many includes it stands in
}

// deepestImport is how far files may import each other, mostSteps to how many tasks
// and files imports may make a playbook grow.
const (
	deepestImport = 50
	// deepestInclude is how far files and roles may include each other while a play runs.
	deepestInclude = 100
	mostSteps      = 100_000
)

// items compiles a list of tasks and blocks.
func (c *compiler) items(in section, list *expr.Node) []engine.Item {
	var all []engine.Item
	for i, item := range list.Items {
		if item.Shape != expr.Mapping {
			c.problem(item.Place, "a task is a map, not %s", reading.Shape(item)).
				WithHint("write its kind, a colon, and its parameters below")
			continue
		}
		all = append(all, c.item(in, item, fmt.Sprintf("%s%d", in.id, i+1))...)
	}
	return all
}

// item compiles a task, or a block of them.
func (c *compiler) item(in section, n *expr.Node, id string) []engine.Item {
	for _, part := range []string{"block", "rescue", "always"} {
		if n.Get(part) != nil {
			return c.block(in, n, id)
		}
	}
	return c.task(in, n, id)
}

// The parts of a block, as they are written and as they stand in ids.
var blockParts = [...]struct{ keyword, id string }{{"block", "."}, {"rescue", ".rescue."}, {"always", ".always."}}

// block compiles a block. Its members stand in its place if it has neither rescue
// nor always.
func (c *compiler) block(in section, n *expr.Node, id string) []engine.Item {
	inner := in
	r := record{in: keyword.Block, Step: &inner.set.step, defaults: &inner.set.defaults}
	for _, e := range n.Entries {
		if k := r.put(c, e); k.Name == "" {
			c.foreignInBlock(e.Key)
		}
	}
	c.know(inner.set.step.Vars)
	var parts [3][]engine.Item
	for i, part := range blockParts {
		inner.id = id + part.id
		if list := n.Get(part.keyword); list != nil && reading.IsNull(list) {
			c.problem(list.Place, "%q is a list of tasks, not nothing", part.keyword).WithHint("remove it, or write a task below")
		}
		parts[i] = c.part(inner, part.keyword, n.Get(part.keyword))
	}
	switch {
	case n.Get("block") == nil:
		c.problem(n.Place, "this has no block").WithHint(`put the tasks that may fail under "block:"`)
		return nil
	case n.Get("rescue") == nil && n.Get("always") == nil:
		return parts[0]
	case in.handlers:
		c.problem(n.Place, "a handler cannot have rescue or always").WithHint("put the block into a file, and include_tasks it")
		return nil
	}
	return []engine.Item{&engine.Block{ID: id, Place: n.Place, Body: parts[0], Rescue: parts[1], Always: parts[2]}}
}

// part compiles the tasks of one part of a block.
func (c *compiler) part(in section, keyword string, n *expr.Node) []engine.Item {
	switch {
	case n == nil, reading.IsNull(n):
		return nil
	case n.Shape != expr.Sequence:
		c.problem(n.Place, "%q is a list of tasks, not %s", keyword, reading.Shape(n)).WithHint(`write "- " before each task`)
		c.blind = true
		return nil
	}
	return c.items(in, n)
}

// foreignInBlock tells that a key of a block is none.
func (c *compiler) foreignInBlock(key *expr.Node) {
	if c.refusedWord(key, keyword.Block) {
		return
	}
	if c.isKind(key.Text) || keyword.Only(key.Text, keyword.Task, keyword.Block) {
		c.problem(key.Place, "%q belongs to a task, not to a block", key.Text).WithHint("give it to the tasks in the block")
		return
	}
	c.unknownWord(key, keyword.Block)
}
