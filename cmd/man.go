package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/atomicfile"
	"runner/cmd/flags"
	"runner/cmd/manual"
	"runner/cmd/version"
	"runner/diagnostic"
	"runner/suggest"
)

func (p *Program) manCommand() *cli.Command {
	var folder string
	return &cli.Command{
		Name:        "man",
		Usage:       "print the manual page of a command, or write all of them",
		ArgsUsage:   "[COMMAND…]",
		Description: "Packages have them all: man runner-play. This reads one without a package:\n\n  runner man play | man -l -",
		Flags:       []cli.Flag{flags.String(&folder, "dir", "write all pages to the `FOLDER`, which is made where it is missing")},
		Action: func(c *cli.Context) error {
			pages := manual.Pages(p.app(), version.String())
			if folder != "" {
				return writePages(folder, pages)
			}
			return p.printPage(strings.Join(append([]string{"runner"}, c.Args().Slice()...), "-"), pages)
		},
	}
}

func writePages(folder string, pages []manual.Page) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, page := range pages {
		if err := atomicfile.WriteFile(filepath.Join(folder, page.Name), []byte(page.Text), atomicfile.Options{Mode: 0o644}); err != nil {
			return err
		}
	}
	return nil
}

func (p *Program) printPage(name string, pages []manual.Page) error {
	var names []string
	for _, page := range pages {
		if page.Name == name+".1" {
			_, err := fmt.Fprint(p.Out, page.Text)
			return err
		}
		names = append(names, strings.TrimSuffix(page.Name, ".1"))
	}
	return (&diagnostic.Problem{Msg: fmt.Sprintf("there is no page %q", name)}).WithHint("%s", suggest.DidYouMean(name, names))
}
