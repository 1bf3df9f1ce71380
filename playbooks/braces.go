package playbooks

import (
	"fmt"
	"regexp"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/playbooks/reading"
)

// singleBraces matches a text that is wholly { name } or { name.attr }.
var singleBraces = regexp.MustCompile(`^\{\s*([A-Za-z_]\w*)((?:\.\w+)*)\s*\}$`)

// braces counts the texts of one file that are read as templates although they
// have single braces.
type braces struct {
	first *expr.Node
	count int
}

// read makes a template of a text in single braces around a name that is known;
// nil if it is no such text.
func (b *braces) read(n *expr.Node, doc *reading.Document, known func(name string) bool) *expr.Template {
	if !strings.HasPrefix(n.Text, "{") {
		return nil
	}
	m := singleBraces.FindStringSubmatch(n.Text)
	if m == nil || !known(m[1]) {
		return nil
	}
	at := doc.Origin(n)
	tmpl, err := expr.Parse(builtin.Table(), "{"+n.Text+"}", func(offset int) diagnostic.Place { return at(max(0, offset-1)) })
	if err != nil {
		return nil
	}
	if b.count++; b.first == nil {
		b.first = n
	}
	return tmpl
}

// warning tells of all of them at the place of the first.
func (b *braces) warning() *diagnostic.Problem {
	if b.first == nil {
		return nil
	}
	p := diagnostic.Problemf(b.first.Place, "%q is read as {%s}", b.first.Text, b.first.Text)
	p.Severity, p.Rule = diagnostic.Warning, "single-braces"
	switch more := b.count - 1; more {
	case 0:
		p.Hint = "write double braces"
	case 1:
		p.Hint = "write double braces, here and in one more place"
	default:
		p.Hint = fmt.Sprintf("write double braces, here and in %d more places", more)
	}
	return p
}
