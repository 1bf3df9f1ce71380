package help

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/cmd/ui"
)

// The width of help in columns: the terminal's, between these; the narrow one where there
// is no terminal.
const (
	narrowHelp, wideHelp = 80, 110
	narrowestHelp        = 40
	mostLabel            = 28 // columns for what an option is called: what it is for begins behind them
)

// widthOf returns how wide text on a stream may be.
func widthOf(stream io.Writer) int {
	width := ui.Width(stream)
	if width == 0 {
		return narrowHelp
	}
	return min(max(width, narrowestHelp), wideHelp)
}

// Print writes the help of a command, nil: of the program, to the program's output.
func Print(app *cli.App, c *cli.Command, path string) error {
	h := &helpText{width: widthOf(app.Writer)}
	if c == nil {
		h.section("NAME", app.Name+" - "+app.Usage)
		h.section("USAGE", app.UsageText)
		h.section("DESCRIPTION", app.Description)
		h.commands(app.Commands)
		h.options(app.Flags)
	} else {
		h.section("NAME", path+" - "+c.Usage)
		h.section("USAGE", cmp.Or(c.UsageText, usageOfCommand(c, path)))
		h.section("DESCRIPTION", c.Description)
		h.commands(c.Subcommands)
		h.options(c.Flags)
	}
	_, err := io.WriteString(app.Writer, strings.TrimLeft(h.String(), "\n"))
	return err
}

func usageOfCommand(c *cli.Command, path string) string {
	if len(c.Subcommands) > 0 {
		return path + " COMMAND [OPTIONS]"
	}
	return strings.TrimSpace(path + " [OPTIONS] " + c.ArgsUsage)
}

// A helpText is help while it is written.
type helpText struct {
	strings.Builder
	width int
}

const helpIndent = "   "

// section writes text under a title: paragraphs are folded; what is indented stays as it
// is laid out, as far as there is room.
func (h *helpText) section(title, text string) {
	if text == "" {
		return
	}
	h.WriteString("\n" + title + ":\n")
	var paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			h.lines(helpIndent, helpIndent, strings.Join(paragraph, " "))
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "":
			end()
			h.WriteString("\n")
		case strings.HasPrefix(line, " "):
			end()
			h.laidOut(line)
		default:
			paragraph = append(paragraph, line)
		}
	}
	end()
}

// columned matches a line of two columns: what is left of the gap, and what is right.
var columned = regexp.MustCompile(`^( +\S.*?  +)(\S.*)$`)

// laidOut writes a line that is indented. One that is too long is folded within its last
// column.
func (h *helpText) laidOut(line string) {
	blanks := line[:len(line)-len(strings.TrimLeft(line, " "))]
	first, rest := helpIndent+blanks, strings.TrimLeft(line, " ")
	if m := columned.FindStringSubmatch(line); m != nil && len([]rune(helpIndent+line)) > h.width {
		first, rest = helpIndent+m[1], m[2]
	}
	if len([]rune(first+rest)) <= h.width {
		h.WriteString(first + rest + "\n")
		return
	}
	h.lines(first, strings.Repeat(" ", len([]rune(first))), rest)
}

// lines writes text folded, with something before the first line and before the others.
func (h *helpText) lines(first, others, text string) {
	for _, line := range Fold(text, max(20, h.width-len([]rune(others)))) {
		h.WriteString(strings.TrimRight(first+line, " ") + "\n")
		first = others
	}
}

// commands lists the commands below one.
func (h *helpText) commands(list []*cli.Command) {
	var rows [][2]string
	for _, c := range list {
		if !c.Hidden {
			rows = append(rows, [2]string{strings.Join(c.Names(), ", "), c.Usage})
		}
	}
	if len(rows) > 0 {
		h.WriteString("\nCOMMANDS:\n")
		h.rows(rows)
	}
}

// options lists flags, by group: those that have none first, in the order of the groups'
// first flags.
func (h *helpText) options(list []cli.Flag) {
	groups, rows := []string{""}, map[string][][2]string{}
	for _, f := range list {
		if v, ok := f.(cli.VisibleFlag); !ok || !v.IsVisible() {
			continue
		}
		group := ""
		if ours, ok := f.(*flags.Flag); ok {
			group = ours.Group()
		}
		if !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
		rows[group] = append(rows[group], optionRow(f))
	}
	for _, group := range groups {
		if len(rows[group]) == 0 {
			continue
		}
		title := "OPTIONS"
		if group != "" {
			title = group
		}
		h.WriteString("\n" + title + ":\n")
		h.rows(rows[group])
	}
}

// optionRow returns what an option is called, and what it is for.
func optionRow(f cli.Flag) [2]string {
	label, usage, _ := strings.Cut(f.String(), "\t")
	if _, ours := f.(*flags.Flag); !ours {
		label = libraryLabel(f.Names(), strings.Fields(label))
	}
	return [2]string{strings.TrimRight(label, " "), strings.TrimSpace(usage)}
}

// libraryLabel writes what a flag of the library's is called as ours are. The words are
// those of its own label, in which the value's placeholder comes second.
func libraryLabel(names, words []string) string {
	label := "    "
	for _, name := range names {
		if len(name) == 1 {
			label = "-" + name + ", "
		}
	}
	label += "--" + names[0]
	if len(words) > 1 && !strings.HasPrefix(words[1], "-") {
		label += " " + strings.TrimSuffix(words[1], ",")
	}
	return label
}

// rows writes rows of two columns. What is called something long is explained in the line
// below it.
func (h *helpText) rows(rows [][2]string) {
	width := 0
	for _, r := range rows {
		if n := len([]rune(r[0])); n <= mostLabel {
			width = max(width, n)
		}
	}
	indent := helpIndent + strings.Repeat(" ", width+2)
	for _, r := range rows {
		first := fmt.Sprintf("%s%-*s  ", helpIndent, width, r[0])
		if len([]rune(r[0])) > width {
			h.WriteString(helpIndent + r[0] + "\n")
			first = indent
		}
		h.lines(first, indent, r[1])
	}
}

// Fold breaks a text into lines, between words; at least one.
func Fold(text string, width int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len([]rune(*last))+1+len([]rune(word)) > width:
			lines = append(lines, word)
		default:
			*last += " " + word
		}
	}
	return lines
}
