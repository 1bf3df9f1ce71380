package playbooks

import (
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
	"runner/playbooks/verify"
)

// onRequest are the rules of warnings about what does as it says, and could be
// better: only who asks for them (Options.Lint) is reported. The other warnings are
// about what may not do what was meant, and everybody is.
var onRequest = [...]string{"name[missing]", "plain-secret", verify.UnusedRegister, verify.MayFail}

// noEffect is the rule of keywords that stand where they do nothing, as in Ansible.
const noEffect = "no-effect"

// A Rule is what a warning comes from, as a comment "# noqa: NAME" silences it.
type Rule struct{ Name, Doc string }

// Rules lists the rules.
func Rules() []Rule {
	return []Rule{
		{verify.MayFail, "What is reached can be evaluated: names are defined, filters exist, files are there."},
		{"name[missing]", "A task has a name, which reports show and --start-at-task finds."},
		{noEffect, "A keyword does something where it stands."},
		{"no-jinja-when", "A condition is an expression already, and needs no {{ }}."},
		{"plain-secret", "A secret is not written in plain text."},
		{"single-braces", "A template has double braces; single ones are read as such only where that is certain."},
		{verify.UnmarkedScope, "What addon_prune prunes is the scope of a play."},
		{verify.UnknownVariable, "A variable of an add-on is one that add-ons of its provider are known to get."},
		{verify.UnusedRegister, "What is registered is mentioned somewhere."},
		{"unknown-host", "A pattern of hosts names hosts or groups of the inventory."},
		{"var-naming", "A variable does not have the name of a keyword."},
	}
}

// unasked reports whether a problem is a warning that nobody asked for. In a
// playbook that is wrong, what mentions a result may be what is wrong.
func (c *compiler) unasked(p *diagnostic.Problem, wrong bool) bool {
	return p.Severity == diagnostic.Warning && slices.Contains(onRequest[:], p.Rule) && (!c.lint || wrong && p.Rule == verify.UnusedRegister)
}

// warn notes a warning.
func (c *compiler) warn(at diagnostic.Place, rule, msg, hint string) {
	c.problems.Add(&diagnostic.Problem{Place: at, Msg: msg, Hint: hint, Rule: rule, Severity: diagnostic.Warning})
}

// lintTask warns about a task.
func (c *compiler) lintTask(s *engine.Step) {
	if !c.lint || s.Kind == nil {
		return
	}
	if s.Name == nil {
		c.warn(s.Place, "name[missing]", "this task has no name", "say what it is for: name: …")
	}
	c.lintSecrets("", s.Kind.Params(), s.Args)
}

// lintSecrets warns about parameters that are secrets and are written down.
func (c *compiler) lintSecrets(path string, params []engine.Param, args *expr.Node) {
	if args == nil {
		return
	}
	for _, e := range args.Entries {
		for _, p := range params {
			if p.Name != e.Key.Text && !slices.Contains(p.Aliases, e.Key.Text) {
				continue
			}
			c.lintSecrets(path+e.Key.Text+".", p.Params, e.Value)
			if p.Secret && c.inPlainText(e.Value) {
				c.warn(e.Value.Place, "plain-secret", path+e.Key.Text+" is a secret, and written in plain text",
					`take it from the environment: "{{ lookup('env', 'NAME') }}", or encrypt it: runner vault encrypt_string`)
			}
		}
	}
}

// inPlainText reports whether whoever reads the file can read this value.
func (c *compiler) inPlainText(n *expr.Node) bool {
	if n.Shape != expr.Scalar || n.Tmpl != nil || n.Text == "" || reading.IsNull(n) || n.Place.IsZero() || n.Place.Source.Secret {
		return false
	}
	doc := c.docs[n.Place.Source]
	return doc == nil || !strings.Contains(doc.LineText(n.Place.Line), "!vault")
}
