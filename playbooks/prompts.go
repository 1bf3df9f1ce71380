package playbooks

import (
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

// prompts reads the variables that the user is asked for.
func (c *compiler) prompts(n *expr.Node) []*engine.Prompt {
	if !reading.IsNull(n) && n.Shape != expr.Sequence {
		c.problem(n.Place, `"vars_prompt" is a list, not %s`, reading.Shape(n)).WithHint(`write "- name: …" for each variable`)
		c.blind = true
		return nil
	}
	var all []*engine.Prompt
	for _, item := range n.Items {
		if item.Shape != expr.Mapping {
			c.problem(item.Place, `an entry of "vars_prompt" is a map, not %s`, reading.Shape(item)).WithHint("write name: and prompt:")
			continue
		}
		if p := c.prompt(item); p != nil {
			all = append(all, p)
			c.names[p.Name] = true
		}
	}
	return all
}

// prompt reads one entry of vars_prompt; nil where it asks for no variable.
func (c *compiler) prompt(n *expr.Node) *engine.Prompt {
	p := &engine.Prompt{Place: n.Place, Private: true}
	r := record{in: keyword.Prompt, Prompt: p}
	for _, e := range n.Entries {
		if k := r.put(c, e); k.Name == "" && !c.refusedWord(e.Key, keyword.Prompt) {
			c.unknownWord(e.Key, keyword.Prompt)
		}
	}
	name := n.Get("name")
	if name == nil {
		c.problem(n.Place, "this asks for nothing").WithHint("say by name: which variable is asked for")
	}
	if p.Name == "" {
		return nil
	}
	p.Place = name.Place
	return p
}
