package cmd

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/cmd/help"
	"runner/diagnostic"
	"runner/engine"
	"runner/playbooks"
	"runner/playbooks/keyword"
	"runner/suggest"
	"runner/tasks"
)

// docCommand makes the command; fresh makes the program's commands anew, whose flags hold
// their defaults.
func (p *Program) docCommand(fresh func() *cli.App) *cli.Command {
	var rules, keywords, filters, tests, lookups bool
	var folder string
	return &cli.Command{
		Name:        "doc",
		Usage:       "list the kinds of tasks, or show the reference page of one",
		ArgsUsage:   "[KIND | NAME]",
		Description: "Without KIND, what tasks can do. KIND is a short or a full name. With --filters, --tests or --lookups, NAME is one of those.",
		Flags: []cli.Flag{
			flags.Bool(&rules, "rules", "show the rules of warnings"),
			flags.Bool(&keywords, "keywords,k", "show the keywords of plays, blocks and tasks: those that work, and what to use in place of the others"),
			flags.Bool(&filters, "filters", "show the filters of templates, with their parameters"),
			flags.Bool(&tests, "tests", "show the tests of templates, with their parameters"),
			flags.Bool(&lookups, "lookups", "show the lookups, with their parameters"),
			flags.String(&folder, "dir", "write the whole reference to the `FOLDER` as Markdown, with commands, variables and exit codes"),
		},
		Action: func(c *cli.Context) error {
			kinds := tasks.Kinds(nil)
			page := pageOfKinds(kinds)
			pages := 0
			for _, wanted := range []bool{rules, keywords, filters, tests, lookups} {
				if wanted {
					pages++
				}
			}
			switch {
			case c.NArg() > 1, c.Args().Present() && (keywords || rules), pages > 1:
				return (&diagnostic.Problem{Msg: "doc shows one page at a time"}).WithHint("runner doc debug, or runner doc --keywords")
			case folder != "":
				return writeReference(fresh(), folder)
			case rules:
				page = pageOfRules(playbooks.Rules())
			case keywords:
				page = pageOfKeywords(keyword.Reference())
			case pages == 1:
				what := "filter"
				if tests {
					what = "test"
				} else if lookups {
					what = "lookup"
				}
				var err error
				if page, err = pageOfOperations(what, c.Args().First()); err != nil {
					return err
				}
			case c.Args().Present():
				k, err := kindCalled(c.Args().First(), kinds)
				if err != nil {
					return err
				}
				page = pageOfKind(k)
			}
			_, err := fmt.Fprint(p.Out, page)
			return err
		},
	}
}

// kindCalled finds a kind by one of its names.
func kindCalled(name string, kinds []engine.Kind) (*engine.Kind, error) {
	var known []string
	for i, k := range kinds {
		if name == k.Name || name == k.Full {
			return &kinds[i], nil
		}
		known = append(known, k.Name)
	}
	return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("there is no kind %q", name)}).
		WithHint("%s", cmp.Or(suggest.DidYouMean(name, known), "runner doc lists the kinds, runner doc --keywords the keywords"))
}

// pageWidth is the column at which pages are folded.
const pageWidth = 100

// A page is text in columns that is folded.
type page struct{ strings.Builder }

func (p *page) heading(text string) { fmt.Fprintf(p, "\n%s\n", text) }

// entry writes a word, and what it means beside it, folded.
func (p *page) entry(width int, word, meaning string) {
	lines := help.Fold(meaning, pageWidth-width-4)
	for i, l := range lines {
		if i > 0 {
			word = ""
		}
		p.WriteString(strings.TrimRight(fmt.Sprintf("  %-*s  %s", width, word, l), " ") + "\n")
	}
}

func pageOfKinds(kinds []engine.Kind) string {
	var p page
	width := 0
	for _, k := range kinds {
		width = max(width, len(k.Name))
	}
	p.WriteString("What a task can do:\n")
	for _, k := range kinds {
		p.entry(width, k.Name, k.Summary())
	}
	p.WriteString("\nrunner doc KIND shows the parameters of one, runner doc --keywords what plays and tasks say beside it.\n")
	return p.String()
}

func pageOfKind(k *engine.Kind) string {
	var p page
	p.WriteString(k.Name)
	if k.Full != "" {
		p.WriteString(", in full " + k.Full)
	}
	p.WriteString("\n\n" + strings.Join(help.Fold(k.Doc, pageWidth), "\n") + "\n")
	if params := k.Params(); len(params) > 0 {
		p.heading("Parameters")
		p.params("", params)
	}
	if len(k.Returns) > 0 {
		p.heading("What register holds, beside changed and failed")
		p.returns("", k.Returns)
	}
	if k.Example != "" {
		p.heading("Example")
		for line := range strings.Lines("\n" + k.Example) {
			p.WriteString(strings.TrimRight("  "+line, " \n") + "\n")
		}
	}
	return p.String()
}

// returns writes the parts of a result, those inside others below them with their whole path.
func (p *page) returns(path string, fields []engine.Return) {
	for _, f := range fields {
		name := path + f.Name
		if f.Name == engine.AnyName {
			name = path + "(any name)"
		}
		fmt.Fprintf(p, "  %s (%s)\n", name, strings.Join(returnFacts(f), ", "))
		for _, l := range help.Fold(f.Doc, pageWidth-8) {
			p.WriteString("        " + l + "\n")
		}
		if f.Type == engine.NestedListParam {
			name += "[]"
		}
		p.returns(name+".", f.Fields)
	}
}

// returnFacts returns what a part of a result is, in few words.
func returnFacts(f engine.Return) []string {
	facts := []string{string(f.Type)}
	for _, fact := range []struct {
		holds bool
		word  string
	}{
		{f.Null, "or null"}, {f.Maybe, "not always there"}, {f.Secret, "secret: hidden in reports"},
		{f.Costs, "costs a request: read when it is used"},
	} {
		if fact.holds {
			facts = append(facts, fact.word)
		}
	}
	return facts
}

// params writes parameters, those inside others below them with their whole path.
func (p *page) params(path string, params []engine.Param) {
	for _, param := range params {
		name := path + param.Name
		if param.Name == engine.AnyName {
			name = path + "(any name)"
		}
		fmt.Fprintf(p, "  %s (%s)\n", name, strings.Join(param.Facts(), ", "))
		for _, l := range help.Fold(param.Doc, pageWidth-8) {
			if l != "" {
				p.WriteString("        " + l + "\n")
			}
		}
		if param.Type == engine.NestedListParam {
			name += "[]"
		}
		p.params(name+".", param.Params)
	}
}

func pageOfRules(rules []playbooks.Rule) string {
	var p page
	width := 0
	for _, r := range rules {
		width = max(width, len(r.Name))
	}
	p.WriteString("What warnings are about. A comment `# noqa: RULE` silences one on its line.\n\n")
	for _, r := range rules {
		p.entry(width, r.Name, r.Doc)
	}
	return p.String()
}

func pageOfKeywords(keywords []keyword.Keyword) string {
	var p page
	width := 0
	for _, k := range keywords {
		width = max(width, len(k.Name))
	}
	p.WriteString("The keywords of plays, blocks and tasks.\n")
	for _, part := range keywordParts() {
		p.section(width, part.title, keywords, part.holds)
	}
	return p.String()
}

// A keywordPart is a part of the pages of keywords.
type keywordPart struct {
	title string
	holds func(keyword.Keyword) bool
}

func keywordParts() []keywordPart {
	works := func(holds func(in keyword.Place) bool) func(keyword.Keyword) bool {
		return func(k keyword.Keyword) bool { return k.Works() && holds(k.In) }
	}
	return []keywordPart{
		{"Of plays, blocks and tasks", works(func(in keyword.Place) bool { return in&keyword.Play != 0 && in&keyword.Task != 0 })},
		{"Of plays", works(func(in keyword.Place) bool { return in&keyword.Play != 0 && in&keyword.Task == 0 })},
		{"Of blocks and tasks", works(func(in keyword.Place) bool { return in&keyword.Main == keyword.Task|keyword.Block })},
		{"Of tasks", works(func(in keyword.Place) bool { return in&keyword.Main == keyword.Task || in&keyword.Main == 0 })},
		{"Of blocks", works(func(in keyword.Place) bool { return in&keyword.Main == keyword.Block })},
		{"Of Ansible's, these do not work here", func(k keyword.Keyword) bool { return !k.Works() }},
	}
}

// section writes the keywords that belong to it, if there are any.
func (p *page) section(width int, title string, keywords []keyword.Keyword, belongs func(keyword.Keyword) bool) {
	headed := false
	for _, k := range keywords {
		if !belongs(k) {
			continue
		}
		if !headed {
			p.heading(title)
			headed = true
		}
		p.entry(width, k.Name, keywordMeaning(k, keywords))
	}
}
