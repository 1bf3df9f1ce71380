package findings

import (
	"fmt"
	"strings"
)

// markup are the characters that mean something in Markdown.
const markup = "\\`*_{}[]<>()#+!|~&$@"

// Inline returns a text of one line so that GitHub's Markdown shows it as it is.
// Line ends and other blanks become single spaces.
func Inline(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if strings.ContainsRune(markup, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// A Column is the head of a column of a table.
type Column struct {
	Name    string
	Numbers bool // aligned to the right
}

// Table returns a table in Markdown. The cells are plain texts, and may be empty.
func Table(columns []Column, rows [][]string) string {
	var heads, rules []string
	for _, c := range columns {
		rule := "---"
		if c.Numbers {
			rule = "--:"
		}
		heads, rules = append(heads, Inline(c.Name)), append(rules, rule)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s|\n", strings.Join(heads, " | "), strings.Join(rules, "|"))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, text := range row {
			cells[i] = Inline(text)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

// Fenced returns a block of code. Its fence is longer than any in the text.
func Fenced(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fmt.Sprintf("%s%s\n%s\n%s\n", fence, language, text, fence)
}
