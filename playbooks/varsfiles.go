package playbooks

import (
	"os"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
)

// varsFiles reads the files of variables of a play: each is a name, or a list of
// names of which the first that exists counts.
func (c *compiler) varsFiles(n *expr.Node) []*engine.VarsFile {
	var all []*engine.VarsFile
	for _, item := range reading.Listed(n) {
		f := &engine.VarsFile{Place: item.Place}
		for _, path := range reading.Listed(item) {
			c.templates(path)
			if _, isText := path.Value.(string); path.Shape != expr.Scalar || path.Tmpl == nil && !isText {
				c.problem(path.Place, `"vars_files" wants names of files, not %s`, reading.Shape(path))
				continue
			}
			f.Paths = append(f.Paths, path)
		}
		if len(f.Paths) == 0 {
			continue
		}
		c.readVarsFile(f)
		all = append(all, f)
	}
	return all
}

// readVarsFile reads a file of variables, if its name is known already.
func (c *compiler) readVarsFile(f *engine.VarsFile) {
	for i, n := range f.Paths {
		if n.Tmpl != nil || expr.HasTemplate(n.Text) {
			return
		}
		path := c.find(n.Text)
		if _, err := os.Stat(path); err != nil {
			if i == len(f.Paths)-1 {
				c.missing(n, path, err)
			}
			continue
		}
		f.Vars, f.Read = c.varsOfFile(n), true
		return
	}
}

// varsOfFile reads the file of variables that a node names.
func (c *compiler) varsOfFile(n *expr.Node) []engine.Var {
	path, src := c.bring(n, n.Text)
	if src == nil {
		return nil
	}
	var vars []engine.Var
	c.file(path, src, func(root *expr.Node) { vars = c.vars(root) })
	if src.Secret {
		for _, v := range vars {
			c.vault.Note(v.Value)
		}
	}
	return vars
}

// includeVars checks the file of an include_vars whose name is known already.
func (c *compiler) includeVars(s *engine.Step) {
	n := s.Args.Get("file")
	if n == nil || n.Tmpl != nil || n.Shape != expr.Scalar || strings.TrimSpace(n.Text) == "" {
		return
	}
	c.know(c.varsOfFile(n))
}

// prompts reads the variables that a person is asked for.
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

func (c *compiler) prompt(n *expr.Node) *engine.Prompt {
	p := &engine.Prompt{Place: n.Place, Private: true}
	for _, e := range n.Entries {
		switch e.Key.Text {
		case "name":
			p.Place = e.Value.Place
			if bad := badName(e.Value.Text, p.Place); e.Value.Shape != expr.Scalar || bad != nil && bad.Severity == diagnostic.Error {
				c.problem(p.Place, "%q cannot name a variable", e.Value.Text)
				return nil
			}
			p.Name = e.Value.Text
		case "prompt":
			p.Text = c.name(e.Value)
		case "default":
			c.templates(e.Value)
			p.Default = e.Value
		case "private":
			p.Private = c.fixed(e, true)
		case "confirm":
			p.Confirm = c.fixed(e, false)
		case "unsafe":
			c.fixed(e, false) // what a person types is never a template
		default:
			c.foreignInPrompt(e.Key)
		}
	}
	if p.Name == "" {
		c.problem(n.Place, "this asks for nothing").WithHint("say by name: which variable is asked for")
		return nil
	}
	return p
}

func (c *compiler) foreignInPrompt(key *expr.Node) {
	if slices.Contains([]string{"encrypt", "salt", "salt_size"}, key.Text) {
		c.problem(key.Place, "%q is not supported", key.Text).WithHint("use the filter password_hash where the value is used")
		return
	}
	c.problem(key.Place, "unknown keyword %q of vars_prompt", key.Text).WithHint("%s", c.didYouMean(key.Text, promptKeywords[:]))
}

// fixed reads what is true or false and cannot be a template.
func (c *compiler) fixed(e expr.Entry, otherwise bool) bool {
	n := c.flag(e)
	if n == nil {
		return otherwise
	}
	b, ok := n.Value.(bool)
	if !ok {
		c.problem(n.Place, "%q cannot be a template here", e.Key.Text)
	}
	return b
}
