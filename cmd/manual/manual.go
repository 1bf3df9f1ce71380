// Package manual writes manual pages of commands, in the form of man(7). It knows the
// library of command lines, and none of the commands.
package manual

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// A Page is a manual page.
type Page struct {
	Name string // of its file: "runner-play.1"
	Text string
}

// Pages returns a page for the program and one for each command that is shown.
func Pages(app *cli.App, version string) []Page {
	w := writer{version: version}
	all := []Page{w.page(app.Name, app.Usage, app.UsageText, app.Description, app.Flags, app.Commands)}
	Walk(app, func(path string, c *cli.Command) {
		all = append(all, w.page(path, c.Usage, Synopsis(path, c), c.Description, c.Flags, c.Subcommands))
	})
	return all
}

// Walk visits the commands that are shown, those below others after them, each with
// its whole name: "runner vendor test".
func Walk(app *cli.App, visit func(path string, c *cli.Command)) {
	var walk func(path string, commands []*cli.Command)
	walk = func(path string, commands []*cli.Command) {
		for _, c := range commands {
			if c.Hidden || c.Name == "help" {
				continue
			}
			name := path + " " + c.Name
			visit(name, c)
			walk(name, c.Subcommands)
		}
	}
	walk(app.Name, app.Commands)
}

// Synopsis returns how a command is written.
func Synopsis(path string, c *cli.Command) string {
	if len(c.Subcommands) > 0 {
		return path + " COMMAND [OPTIONS]"
	}
	return strings.TrimSpace(path + " [OPTIONS] " + c.ArgsUsage)
}

type writer struct{ version string }

func (w writer) page(name, usage, synopsis, description string, flags []cli.Flag, commands []*cli.Command) Page {
	var b strings.Builder
	file := strings.ReplaceAll(name, " ", "-")
	// Without a date, so that two builds of one commit are the same.
	fmt.Fprintf(&b, ".TH %q 1 \"\" %q \"Manual of runner\"\n", strings.ToUpper(file), "runner "+w.version)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %s\n", escape(file), escape(usage), escape(strings.TrimSpace(synopsis)))
	if description != "" {
		b.WriteString(".SH DESCRIPTION\n" + paragraphs(description))
	}
	list(&b, "COMMANDS", commands)
	options(&b, flags)
	b.WriteString(".SH SEE ALSO\n" + seeAlso(name, commands) + "\n")
	return Page{file + ".1", b.String()}
}

func list(b *strings.Builder, title string, commands []*cli.Command) {
	if len(commands) == 0 {
		return
	}
	b.WriteString(".SH " + title + "\n")
	for _, c := range commands {
		if !c.Hidden {
			fmt.Fprintf(b, ".TP\n.B %s\n%s\n", escape(c.Name), escape(c.Usage))
		}
	}
}

// options writes flags as the help shows them: names and value, and what they are for.
func options(b *strings.Builder, flags []cli.Flag) {
	begun := false
	for _, f := range flags {
		if v, ok := f.(cli.VisibleFlag); !ok || !v.IsVisible() {
			continue
		}
		if !begun {
			b.WriteString(".SH OPTIONS\n")
			begun = true
		}
		names, usage, _ := strings.Cut(f.String(), "\t")
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", escape(strings.TrimSpace(names)), escape(strings.TrimSpace(usage)))
	}
}

func seeAlso(name string, commands []*cli.Command) string {
	var all []string
	words := strings.Fields(name)
	if len(words) > 1 {
		all = append(all, strings.Join(words[:len(words)-1], "-"))
	}
	for _, c := range commands {
		if !c.Hidden && c.Name != "help" {
			all = append(all, strings.Join(append(words, c.Name), "-"))
		}
	}
	for i, page := range all {
		all[i] = "\\fB" + escape(page) + "\\fR(1)"
	}
	return strings.Join(all, ",\n")
}

// paragraphs writes text as it is laid out: a line that begins with a blank belongs to
// an example.
func paragraphs(text string) string {
	var b strings.Builder
	example := false
	for line := range strings.SplitSeq(text, "\n") {
		indented := strings.HasPrefix(line, " ")
		if indented != example && line != "" {
			b.WriteString(map[bool]string{true: ".PP\n.nf\n", false: ".fi\n.PP\n"}[indented])
			example = indented
		}
		if line == "" {
			if !example {
				b.WriteString(".PP\n")
			}
			continue
		}
		b.WriteString(escape(line) + "\n")
	}
	if example {
		b.WriteString(".fi\n")
	}
	return b.String()
}

// escape makes text mean itself in a page: no request at the beginning of a line, no
// escape, and hyphens that can be copied.
func escape(text string) string {
	text = strings.ReplaceAll(text, "\\", "\\e")
	text = strings.ReplaceAll(text, "-", "\\-")
	text = strings.ReplaceAll(text, "…", "...") // which not every terminal has
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = "\\&" + line
		}
	}
	return strings.Join(lines, "\n")
}
