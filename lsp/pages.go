package lsp

import (
	"fmt"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/playbooks/keyword"
)

// keywordDoc returns what a keyword is for, in Markdown.
func keywordDoc(k keyword.Keyword) string {
	if !k.Works() {
		return fmt.Sprintf("**%s** does not work here: %s", k.Name, k.Instead)
	}
	return fmt.Sprintf("**%s**: %s", k.Name, k.Doc)
}

// paramDoc returns what a parameter is, in Markdown.
func paramDoc(p engine.Param) string {
	return fmt.Sprintf("**%s** (%s)\n\n%s", p.Name, strings.Join(p.Facts(), ", "), p.Doc)
}

// operationDoc returns what a filter, test, lookup or function is, in Markdown.
func operationDoc(op *expr.Operation) string {
	text := fmt.Sprintf("```python\n%s%s\n```\n\n%s", op.Name(), op.Signature(), op.Doc)
	if aliases := op.Aliases(); len(aliases) > 0 {
		text += "\n\nalso called " + strings.Join(aliases, ", ")
	}
	return text
}

// operation finds a filter, test, lookup or function by its name; nil where there is none.
func operation(what, name string) *expr.Operation {
	table := builtin.Table()
	switch what {
	case "filter":
		return table.Filter(name)
	case "test":
		return table.Test(name)
	case "lookup":
		return table.Lookup(name)
	}
	for _, op := range table.List(what) {
		if op.Name() == name {
			return op
		}
	}
	return nil
}

// mentionDoc returns what defines a name, in Markdown.
func mentionDoc(m *mention, mask func(string) string) string {
	text := fmt.Sprintf("**%s**: %s, %s", m.name, m.what, placeOf(m.at))
	if m.value != nil && m.value.Shape == expr.Scalar && !m.value.Secret && m.value.Text != "" {
		text += fmt.Sprintf("\n\n```yaml\n%s: %s\n```", m.name, mask(m.value.Text))
	}
	if m.step != nil && m.step.Register == m.name {
		if m.step.Loop != nil {
			text += "\n\nIt is the result of a loop: those of the items are under `results`."
		}
		for _, r := range m.step.Kind.Result(m.step.Args) {
			text += fmt.Sprintf("\n- `%s` (%s): %s", r.Name, strings.Join(returnFacts(r), ", "), r.Doc)
		}
	}
	return text
}

// returnFacts returns what a part of a result is, in few words.
func returnFacts(r engine.Return) []string {
	facts := []string{string(r.Type)}
	for _, f := range []struct {
		holds bool
		text  string
	}{{r.Null, "may be null"}, {r.Secret, "secret"}, {r.Costs, "read when it is used, by a request"}, {r.Maybe, "in some results only"}} {
		if f.holds {
			facts = append(facts, f.text)
		}
	}
	return facts
}

func returnDoc(r engine.Return, of *engine.Step) string {
	return fmt.Sprintf("**%s** of %s (%s)\n\n%s", r.Name, of.As, strings.Join(returnFacts(r), ", "), r.Doc)
}

func placeOf(p diagnostic.Place) string {
	return fmt.Sprintf("%s:%d", baseName(sourceName(p)), p.Line)
}
