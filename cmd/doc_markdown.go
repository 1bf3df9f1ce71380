package cmd

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/atomicfile"
	"runner/clever/emulator/catalogue"
	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/cmd/manual"
	"runner/cmd/session"
	"runner/engine"
	"runner/engine/expr/builtin"
	"runner/playbooks"
	"runner/playbooks/keyword"
	"runner/tasks"
)

// A referencePage is a page of docs/reference: Markdown, made from the tables that
// the program itself works by.
type referencePage struct {
	name, title, about string
	write              func(*markdown)
}

// referencePages returns the pages, in the order of their list.
func referencePages(app *cli.App) []referencePage {
	return []referencePage{
		{"kinds.md", "Kinds of task", "What a task can do: parameters, results, an example each.", kindsPage},
		{"keywords.md", "Keywords", "What plays, blocks and tasks can say.", keywordsPage},
		{"filters.md", "Filters", "`{{ value | filter }}`", operationsPage("filter")},
		{"tests.md", "Tests", "`{{ value is test }}`", operationsPage("test")},
		{"lookups.md", "Lookups", "`{{ lookup('name', terms) }}` is one value, `query('name', terms)` a list.", operationsPage("lookup")},
		{"commands.md", "Commands", "Every command with its flags.", func(m *markdown) { m.commands(app) }},
		{"environment.md", "Environment variables", "What is read from the environment.", func(m *markdown) { m.environment(app) }},
		{"exit-codes.md", "Exit codes", "What a script can rely on.", exitCodesPage},
		{"reports.md", "Report formats", "`--report KIND=FILE`", reportsPage},
		{"variables.md", "Variables of add-ons", "What `env` of a result holds, for each provider.", variablesPage},
		{"warnings.md", "Warnings", "What `runner validate` warns about.", warningsPage},
	}
}

// writeReference writes the pages and their list to a folder.
func writeReference(app *cli.App, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	index := newMarkdown("Reference")
	index.WriteString("These pages are made from the program by `runner doc --dir docs/reference`.\n\n")
	for _, page := range referencePages(app) {
		m := newMarkdown(page.title)
		m.WriteString(page.about + "\n")
		page.write(m)
		if err := writePage(folder, page.name, m); err != nil {
			return err
		}
		fmt.Fprintf(index, "- [%s](%s): %s\n", page.title, page.name, page.about)
	}
	return writePage(folder, "README.md", index)
}

func writePage(folder, name string, m *markdown) error {
	return atomicfile.WriteFile(filepath.Join(folder, name), []byte(m.String()), atomicfile.Options{Mode: 0o644})
}

// A markdown is a page that is being written.
type markdown struct{ strings.Builder }

func newMarkdown(title string) *markdown {
	m := &markdown{}
	m.WriteString("# " + title + "\n\n")
	return m
}

func (m *markdown) heading(level int, text string) {
	fmt.Fprintf(m, "\n%s %s\n\n", strings.Repeat("#", level), text)
}

// table writes rows below a head; nothing where there are none.
func (m *markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.row(head)
	m.row(slices.Repeat([]string{"---"}, len(head)))
	for _, row := range rows {
		m.row(row)
	}
}

func (m *markdown) row(cells []string) {
	for _, cell := range cells {
		cell = strings.Join(strings.Fields(cell), " ")
		m.WriteString("| " + strings.ReplaceAll(cell, "|", `\|`) + " ")
	}
	m.WriteString("|\n")
}

// code writes text as code in a line of its own sort.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// block writes text as a block of code.
func (m *markdown) block(language, text string) {
	fmt.Fprintf(m, "```%s\n%s\n```\n", language, strings.Trim(text, "\n"))
}

func kindsPage(m *markdown) {
	kinds := tasks.Kinds(nil)
	for i := range kinds {
		m.kind(&kinds[i])
	}
}

func (m *markdown) kind(k *engine.Kind) {
	m.heading(2, code(k.Name))
	if k.Full != "" {
		fmt.Fprintf(m, "In full %s.\n\n", code(k.Full))
	}
	m.WriteString(k.Doc + "\n")
	if params := k.Params(); len(params) > 0 {
		m.WriteString("\n")
		m.table([]string{"Parameter", "Takes", "Meaning"}, paramRows("", params))
	}
	if len(k.Returns) > 0 {
		m.WriteString("\n`register` holds, beside `changed` and `failed`:\n\n")
		m.table([]string{"Name", "Is", "Meaning"}, returnRows("", k.Returns))
	}
	if k.Example != "" {
		m.WriteString("\n")
		m.block("yaml", k.Example)
	}
}

func paramRows(path string, params []engine.Param) [][]string {
	var rows [][]string
	for _, param := range params {
		name := path + param.Name
		if param.Name == engine.AnyName {
			name = path + "(any name)"
		}
		rows = append(rows, []string{code(name), strings.Join(param.Facts(), ", "), param.Doc})
		if param.Type == engine.NestedListParam {
			name += "[]"
		}
		rows = append(rows, paramRows(name+".", param.Params)...)
	}
	return rows
}

func returnRows(path string, returns []engine.Return) [][]string {
	var rows [][]string
	for _, r := range returns {
		name := path + r.Name
		rows = append(rows, []string{code(name), strings.Join(returnFacts(r), ", "), r.Doc})
		if r.Type == engine.NestedListParam {
			name += "[]"
		}
		rows = append(rows, returnRows(name+".", r.Fields)...)
	}
	return rows
}

func keywordsPage(m *markdown) {
	for _, part := range keywordParts() {
		var rows [][]string
		for _, k := range keyword.Reference() {
			if part.holds(k) {
				rows = append(rows, []string{code(k.Name), keywordMeaning(k, keyword.Reference())})
			}
		}
		m.heading(2, part.title)
		m.table([]string{"Keyword", "Meaning"}, rows)
	}
}

func operationsPage(what string) func(*markdown) {
	return func(m *markdown) {
		var rows [][]string
		for _, op := range builtin.Table().List(what) {
			meaning := op.Doc
			if aliases := op.Aliases(); len(aliases) > 0 {
				meaning += "; also called " + strings.Join(aliases, ", ")
			}
			rows = append(rows, []string{code(usageOf(what, op)), meaning})
		}
		m.WriteString("\n")
		m.table([]string{strings.ToUpper(what[:1]) + what[1:], "Meaning"}, rows)
	}
}

func (m *markdown) commands(app *cli.App) {
	m.command(app.Name, app.UsageText, app.Usage, app.Description, app.Flags)
	manual.Walk(app, func(path string, c *cli.Command) {
		m.command(path, manual.Synopsis(path, c), c.Usage, c.Description, c.Flags)
	})
}

func (m *markdown) command(name, usage, does, description string, all []cli.Flag) {
	m.heading(2, code(name))
	fmt.Fprintf(m, "%s\n\n", does)
	m.block("text", strings.TrimSpace(usage)+"\n\n"+description)
	var rows [][]string
	for _, f := range all {
		if v, ok := f.(cli.VisibleFlag); ok && v.IsVisible() && !slices.Contains(f.Names(), "help") {
			names, meaning, _ := strings.Cut(f.String(), "\t")
			rows = append(rows, []string{code(strings.TrimSpace(names)), meaning})
		}
	}
	m.WriteString("\n")
	m.table([]string{"Option", "Meaning"}, rows)
}

func (m *markdown) environment(app *cli.App) {
	var rows [][]string
	seen := map[string]bool{}
	manual.Walk(app, func(path string, c *cli.Command) {
		for _, f := range flags.Settings(c) {
			for i, name := range f.Env() {
				if !seen[name] {
					seen[name] = true
					meaning := fmt.Sprintf("`--%s` of `%s`", f.Name(), path)
					if i > 0 {
						meaning += ", where " + code(f.Env()[0]) + " is not set"
					}
					rows = append(rows, []string{code(name), meaning})
				}
			}
		}
	})
	m.WriteString("\n")
	m.table([]string{"Variable", "Meaning"}, environmentRows())
	m.heading(2, "Of flags")
	m.WriteString("What the command line says counts more; what a configuration file says, less.\n\n")
	m.table([]string{"Variable", "Sets"}, rows)
}

func environmentRows() [][]string {
	var rows [][]string
	for _, v := range environment {
		rows = append(rows, []string{code(v.Name), v.Doc})
	}
	return rows
}

func exitCodesPage(m *markdown) {
	var rows [][]string
	for _, c := range exit.Codes() {
		rows = append(rows, []string{fmt.Sprint(c.Code), c.Meaning})
	}
	m.WriteString("\n")
	m.table([]string{"Code", "Meaning"}, rows)
}

func reportsPage(m *markdown) {
	m.WriteString("\nWithout a file, or with `-`, a report goes to standard output. Files are 0600 but for metrics. Each format\n" +
		"says that the run began, that it ended, and how, whatever the end was. Secrets are masked in all.\n\n")
	var rows [][]string
	for _, kind := range session.ReportKinds() {
		rows = append(rows, []string{code(kind), session.ReportDoc(kind)})
	}
	m.table([]string{"Kind", "Holds"}, rows)
}

func variablesPage(m *markdown) {
	m.WriteString("\nAs the emulator makes them, from what the platform's own documentation and clients show; the platform may add some.\n")
	offered, err := catalogue.Load()
	if err != nil { // it is part of the program
		m.WriteString(err.Error())
		return
	}
	for _, provider := range offered.Providers {
		var rows [][]string
		for _, v := range provider.Env {
			where := ""
			if len(v) > 2 {
				where = "with the option " + code(v[2])
			}
			rows = append(rows, []string{code(v[0]), where})
		}
		if len(rows) > 0 {
			m.heading(2, fmt.Sprintf("%s (`%s`)", provider.Name, provider.ID))
			m.table([]string{"Variable", "Only"}, rows)
		}
	}
}

func warningsPage(m *markdown) {
	m.WriteString("\nA comment `# noqa: RULE` silences one on its line; `--strict` makes them count.\n\n")
	var rows [][]string
	for _, r := range playbooks.Rules() {
		rows = append(rows, []string{code(r.Name), r.Doc})
	}
	m.table([]string{"Rule", "Asks for"}, rows)
}

// keywordMeaning returns what a keyword is for, or what to use in its place.
func keywordMeaning(k keyword.Keyword, all []keyword.Keyword) string {
	meaning := cmp.Or(k.Doc, k.Instead)
	if !k.Works() && slices.ContainsFunc(all, func(other keyword.Keyword) bool { return other.Works() && other.Name == k.Name }) {
		return "in tasks: " + meaning // it works in plays
	}
	return meaning
}
