package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/completion"
	"runner/cmd/flags"
	"runner/fleet/checkout"
	"runner/fleet/settings"
)

// complete prints what can follow on a command line, for the script of a shell that
// `runner completion` prints. The words begin with those of the program: runner fleet.
func (p *program) complete(app *cli.App, args []string) error {
	if len(args) < 2 {
		return nil
	}
	words := completion.Words(args[0], args[1:])
	if len(words) < 3 {
		return nil
	}
	typed := words[len(words)-1]
	before, err := commandFirst(words[1 : len(words)-1])
	if err != nil {
		return nil //nolint:nilerr // mistakes are reported when the line is run
	}
	return completion.Write(p.Out, args[0], typed, flags.Complete(app, append(before, typed), p.argument))
}

// argument returns what can stand beside the flags of a command.
func (p *program) argument(r flags.Request) flags.Values {
	switch strings.TrimPrefix(r.Path, "runner fleet ") {
	case "run", "pause", "resume", "approve", "deny", "cancel", "logs":
		if len(r.Files) == 0 {
			return flags.Texts(p.playbookNames()...)
		}
	case "key":
		return flags.Values{Files: len(r.Files) == 0}
	}
	return flags.Values{}
}

// playbookNames returns the playbooks that fleet.yml names: PROJECT/PATH. What a pattern
// matches is known of a project that this machine has looked at.
func (p *program) playbookNames() (names []string) {
	f, err := settings.Read(p.file)
	if err != nil {
		return nil
	}
	sources := p.sources(f)
	for _, b := range f.Playbooks {
		files := []string{b.Files}
		if strings.ContainsAny(b.Files, `*?[\\`) {
			files = nil
			if dir := sources.Latest(f.Projects[b.Project].Git); dir != "" {
				files, _ = checkout.Match(dir, b.Files)
			}
		}
		for _, file := range files {
			names = append(names, b.Project+"/"+file)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// queueNames completes a queue.
func (p *program) queueNames(flags.Request) flags.Values {
	f, err := settings.Read(p.file)
	if err != nil {
		return flags.Values{}
	}
	return flags.Texts(queuesOf(f)...)
}
