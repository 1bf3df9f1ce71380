package cmd

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/atomicfile"
	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/findings"
	"runner/marketplace/manifest"
)

// manifestName is what a manifest is called where nobody says otherwise.
const manifestName = "addon-manifest.json"

func (p *Program) vendorCommand() *cli.Command {
	return &cli.Command{
		Name:  "vendor",
		Usage: "for providers of add-ons: check a manifest and a back-end",
		Description: "validate, test and serve take " + manifestName + " where MANIFEST is left out. Its dialect is clever, appfog, heroku-v1 or heroku-v3,\n" +
			"guessed from its fields unless --dialect says.",
		UsageText: "runner vendor COMMAND [OPTIONS] [MANIFEST]",
		Subcommands: []*cli.Command{
			p.vendorInitCommand(),
			p.vendorValidateCommand(),
			p.vendorTestCommand(),
			p.vendorProvisionCommand(),
			p.vendorPlanCommand(),
			p.vendorDeprovisionCommand(),
			p.vendorSSOCommand(),
			p.vendorServeCommand(),
		},
	}
}

func dialectFlag() cli.Flag {
	return &cli.StringFlag{Name: "dialect", Usage: "the `DIALECT` of the marketplace: clever, appfog, heroku-v1 or heroku-v3"}
}

// dialect returns the dialect of the flag, "" where there is none.
func dialect(c *cli.Context) (manifest.Dialect, error) {
	if c.String("dialect") == "" {
		return "", nil
	}
	d, err := manifest.ParseDialect(c.String("dialect"))
	if err != nil {
		return "", fmt.Errorf("--dialect: %w", err)
	}
	return d, nil
}

func (p *Program) vendorInitCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a manifest with new secrets",
		ArgsUsage: "[ID]",
		Description: "ID is what the add-on is called everywhere, and cannot change later; my_addon or my-addon where it is left out.\n" +
			"The file is for its owner only, as it holds the secrets: keep it out of version control.",
		Flags: []cli.Flag{
			dialectFlag(),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: manifestName, Usage: "write to `FILE`, which must not be there yet"},
		},
		Action: func(c *cli.Context) error {
			d, err := dialect(c)
			if err != nil {
				return err
			}
			if d == "" {
				d = manifest.Clever
			}
			if c.NArg() > 1 {
				return fmt.Errorf("one id only: %q is one too many", c.Args().Get(1))
			}
			text, err := manifest.Create(d, cmp.Or(c.Args().First(), map[bool]string{true: "my-addon", false: "my_addon"}[d.Heroku()]))
			if err != nil {
				return err
			}
			file := c.String("output")
			if err := writeNew(file, text); err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.Out, "%s written; replace its URLs, and keep it secret\n", file)
			return err
		},
	}
}

// writeNew writes a file for its owner only, and never over another.
func writeNew(name string, text []byte) error {
	err := atomicfile.WriteFile(name, text, atomicfile.Options{New: true, Regular: true})
	if errors.Is(err, os.ErrExist) {
		return (&diagnostic.Problem{Msg: fmt.Sprintf("%s is there already", name)}).WithHint("choose another name with --output")
	}
	return err
}

func (p *Program) vendorValidateCommand() *cli.Command {
	return &cli.Command{
		Name:      "validate",
		Usage:     "report everything that is wrong with a manifest, without a network",
		ArgsUsage: "[MANIFEST]",
		Description: "Each problem has its rule, and the page of the marketplace that says so. Without --dialect the dialect is guessed, and named.\n" +
			"Where a marketplace's own documents contradict each other, a warning says so. Exit codes: 0 valid, 4 there are errors.\n" +
			"Warnings do not count. Secrets are not printed.",
		Flags: []cli.Flag{
			dialectFlag(),
			&cli.StringFlag{Name: "format", Aliases: []string{"F"}, Value: "text", Usage: "write `FORMAT`: text, json or sarif"},
			&cli.StringFlag{Name: "previous", Usage: "the manifest as it was pushed last, `FILE`: its id must be the same"},
		},
		Action: func(c *cli.Context) error {
			write, ok := manifestFormats[c.String("format")]
			if !ok {
				return (&diagnostic.Problem{Msg: fmt.Sprintf("unknown format %q", c.String("format"))}).WithHint("there is text, json and sarif")
			}
			f, err := readManifest(c, manifest.Options{})
			if err != nil {
				return err
			}
			if err := write(p, f); err != nil {
				return err
			}
			if len(manifest.Errors(f.problems)) > 0 {
				return &exit.Error{Code: exit.Playbook}
			}
			return nil
		},
	}
}

// A manifestFile is a manifest that was read.
type manifestFile struct {
	name     string
	text     []byte
	manifest *manifest.Manifest // nil where there is none to be read
	problems []manifest.Problem
	chosen   bool // the dialect was said
}

// readManifest reads the manifest that a command is about. A file that is not
// there is an error; what is wrong in it is not.
func readManifest(c *cli.Context, o manifest.Options) (*manifestFile, error) {
	return readNamedManifest(c, cmp.Or(c.Args().First(), manifestName), o)
}

func readNamedManifest(c *cli.Context, name string, o manifest.Options) (*manifestFile, error) {
	var err error
	if o.Dialect, err = dialect(c); err != nil {
		return nil, err
	}
	if previous := c.String("previous"); previous != "" {
		text, err := readBounded(previous)
		if err != nil {
			return nil, &exit.Error{Code: exit.Playbook, Err: err}
		}
		if m, _ := manifest.Read(text, manifest.Options{}); m != nil {
			o.Previous = m.ID
		}
	}
	return loadManifest(name, o)
}

// loadManifest reads a manifest by its name.
func loadManifest(name string, o manifest.Options) (*manifestFile, error) {
	text, err := readBounded(name)
	if err != nil {
		return nil, &exit.Error{Code: exit.Playbook, Err: (&diagnostic.Problem{Msg: err.Error(), Err: err}).WithHint("runner vendor init writes a manifest")}
	}
	f := &manifestFile{name: name, text: text, chosen: o.Dialect != ""}
	f.manifest, f.problems = manifest.Read(text, o)
	return f, nil
}

// readBounded reads a file, and of an endless one no more than says so.
func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, 2<<20))
}

// manifestFormats are the forms in which the problems of a manifest are written.
var manifestFormats = map[string]func(*Program, *manifestFile) error{
	"text":  (*Program).manifestText,
	"json":  (*Program).manifestJSON,
	"sarif": (*Program).manifestSARIF,
}

// printErrors writes what is wrong to standard error: errors, and warnings if asked
// for. No line of the manifest is shown, as it may hold a secret. It returns how many
// errors there are.
func (p *Program) printErrors(f *manifestFile, warnings bool) int {
	for _, problem := range f.problems {
		switch {
		case !problem.Warning:
			fmt.Fprintf(p.Err, "%s:%s\n", f.name, problem.Error())
		case warnings:
			fmt.Fprintf(p.Err, "warning: %s:%s\n", f.name, problem.Error())
		}
	}
	return len(manifest.Errors(f.problems))
}

// noteWarnings says how many warnings there are: validate prints them, and no other
// command again.
func (p *Program) noteWarnings(f *manifestFile) {
	if n := len(f.problems) - len(manifest.Errors(f.problems)); n > 0 {
		fmt.Fprintf(p.Err, "%s: %s%s; runner vendor validate shows them\n", f.name, ui.Count(n, "warning"), f.dialectNote())
	}
}

// printSources names the pages that say so, each once.
func (p *Program) printSources(f *manifestFile) {
	var links []string
	rules := map[string][]string{}
	for _, problem := range f.problems {
		if link := problem.Source.Link; link != "" && !slices.Contains(rules[link], problem.Code) {
			if rules[link] == nil {
				links = append(links, link)
			}
			rules[link] = append(rules[link], problem.Code)
		}
	}
	for _, link := range links {
		fmt.Fprintf(p.Err, "%s: %s\n", strings.Join(rules[link], ", "), link)
	}
}

// count returns how many errors and warnings there are, "valid" for no errors.
func (f *manifestFile) count() string {
	errs := len(manifest.Errors(f.problems))
	text := "valid"
	if errs > 0 {
		text = ui.Count(errs, "error")
	}
	if warnings := len(f.problems) - errs; warnings > 0 {
		text += ", " + ui.Count(warnings, "warning")
	}
	return text
}

// dialectNote says by which dialect's rules a manifest was judged, and how to choose
// another. It is "" where the text could not be read.
func (f *manifestFile) dialectNote() string {
	switch {
	case f.manifest == nil:
		return ""
	case f.chosen:
		return fmt.Sprintf(" (a manifest of %s)", f.manifest.Dialect)
	case !f.manifest.Guessed:
		return fmt.Sprintf(" (judged as a manifest of %s; --dialect takes another)", f.manifest.Dialect)
	}
	var others []string
	for _, d := range manifest.Dialects() {
		if d != f.manifest.Dialect && d != manifest.HerokuV1 {
			others = append(others, string(d))
		}
	}
	return fmt.Sprintf(" (judged as a manifest of %s, which is a guess; --dialect %s if it is Heroku's, or %s)", f.manifest.Dialect, manifest.HerokuV1, strings.Join(others, " or "))
}

func (p *Program) manifestText(f *manifestFile) error {
	failed := p.printErrors(f, true) > 0
	p.printSources(f)
	out := p.Out
	if failed {
		out = p.Err
	}
	_, err := fmt.Fprintf(out, "%s: %s%s\n", f.name, f.count(), f.dialectNote())
	return err
}

func (p *Program) manifestJSON(f *manifestFile) error {
	type problem struct {
		Level string `json:"level"`
		manifest.Problem
	}
	out := struct {
		Manifest string    `json:"manifest"`
		Dialect  string    `json:"dialect"`
		Guessed  bool      `json:"dialect_guessed"`
		Errors   int       `json:"errors"`
		Warnings int       `json:"warnings"`
		Problems []problem `json:"problems"`
	}{Manifest: f.name, Errors: len(manifest.Errors(f.problems)), Problems: []problem{}}
	out.Warnings = len(f.problems) - out.Errors
	if f.manifest != nil {
		out.Dialect, out.Guessed = string(f.manifest.Dialect), f.manifest.Guessed
	}
	for _, one := range f.problems {
		out.Problems = append(out.Problems, problem{one.Level(), one})
	}
	e := json.NewEncoder(p.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func (p *Program) manifestSARIF(f *manifestFile) error {
	d := manifest.Clever
	if f.manifest != nil {
		d = f.manifest.Dialect
	}
	log := findings.Log{Tool: "runner"}
	for _, r := range manifest.Rules() {
		log.Rules = append(log.Rules, findings.Rule{ID: r.Code, Title: r.Title, Help: r.Source(d).Link})
	}
	source := &diagnostic.Source{Name: f.name}
	for _, one := range f.problems {
		problem := &diagnostic.Problem{Place: diagnostic.Place{Source: source, Line: one.Line, Col: one.Column}, Msg: one.Message, Rule: one.Code, Pointer: one.Pointer}
		if one.Warning {
			problem.Severity = diagnostic.Warning
		}
		log.Problems = append(log.Problems, problem)
	}
	return log.SARIF(p.Out)
}
