package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/diagnostic"
	"runner/engine"
	"runner/suggest"
)

// selectionFlags say which tasks are played, and how.
func selectionFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "tags", Aliases: []string{"t"}, Usage: "play only what has one of these `TAGS` (repeatable, or with commas)"},
		&cli.StringSliceFlag{Name: "skip-tags", Usage: "leave out what has one of these `TAGS`"},
		&cli.StringFlag{Name: "start-at-task", Usage: "start at the task of this `NAME`, or at the first that the pattern matches"},
		&cli.BoolFlag{Name: "step", Usage: "ask before each task"},
		&cli.BoolFlag{Name: "force-handlers", Usage: "run notified handlers after a failure too"},
		&cli.BoolFlag{Name: "list-tasks", Usage: "list what would be played, play nothing"},
		&cli.BoolFlag{Name: "list-tags", Usage: "list the tags, play nothing"},
	}
}

// selection gives which tasks are asked for.
func selection(c *cli.Context) engine.Selection {
	return engine.Selection{
		Tags:    byComma(c.StringSlice("tags")),
		Skip:    byComma(c.StringSlice("skip-tags")),
		StartAt: c.String("start-at-task"),
	}
}

// byComma gives the words of a flag that is repeated, or has commas, or both.
func byComma(args []string) []string {
	var all []string
	for _, arg := range args {
		for word := range strings.SplitSeq(arg, ",") {
			if word = strings.TrimSpace(word); word != "" {
				all = append(all, word)
			}
		}
	}
	return all
}

// unknownTags warns of tags that are asked for and that no task has. Nothing can be
// said where tasks come from files that are read later.
func (p *Program) unknownTags(program *engine.Program, s engine.Selection) {
	known := map[string]bool{"all": true, "tagged": true, "untagged": true, "always": true, "never": true}
	for _, play := range program.Plays {
		for step := range play.Steps() {
			if step.Within != nil {
				return
			}
			for _, tag := range step.Tags {
				known[tag] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(known))
	for _, tag := range slices.Concat(s.Tags, s.Skip) {
		if !known[tag] {
			problem := &diagnostic.Problem{Msg: fmt.Sprintf("no task has the tag %q", tag), Hint: suggest.DidYouMean(tag, names)}
			fmt.Fprintf(p.Err, "warning: %s\n", problem.Error())
		}
	}
}

// A foreignFlag is one of Ansible's that has no meaning here.
type foreignFlag struct {
	name, letter string
	takesValue   bool
	why          string
	ignored      bool // with a warning, for the sake of those who type it out of habit
}

const (
	oneMachine = "everything runs on this machine"
	oneUser    = "everything runs as you"
)

var foreignFlags = [...]foreignFlag{
	{"inventory", "i", true, oneMachine, true},
	{"limit", "l", true, oneMachine + "; give --tags to play a part", false},
	{"list-hosts", "", false, oneMachine, false},
	{"user", "u", true, oneUser, false},
	{"become", "b", false, oneUser, false},
	{"become-user", "", true, oneUser, false},
	{"become-method", "", true, oneUser, false},
	{"ask-become-pass", "K", false, oneUser, false},
	{"become-password-file", "", true, oneUser, false},
	{"ask-pass", "k", false, oneMachine, false},
	{"connection", "c", true, oneMachine, true},
	{"private-key", "", true, oneMachine, false},
	{"key-file", "", true, oneMachine, false},
	{"ssh-common-args", "", true, oneMachine, false},
	{"ssh-extra-args", "", true, oneMachine, false},
	{"sftp-extra-args", "", true, oneMachine, false},
	{"scp-extra-args", "", true, oneMachine, false},
	{"flush-cache", "", false, "no facts are kept", true},
	{"module-path", "M", true, "the kinds are built in; runner doc lists them", false},
}

// foreign gives Ansible's flags as hidden ones, so that what they are can be told.
func foreign() []cli.Flag {
	var all []cli.Flag
	for _, f := range foreignFlags {
		var letters []string
		if f.letter != "" {
			letters = []string{f.letter}
		}
		if f.takesValue {
			all = append(all, &cli.StringSliceFlag{Name: f.name, Aliases: letters, Hidden: true})
		} else {
			all = append(all, &cli.BoolFlag{Name: f.name, Aliases: letters, Hidden: true})
		}
	}
	return all
}

// checkForeign refuses Ansible's flags that have no meaning here, or warns of them.
func (p *Program) checkForeign(c *cli.Context) error {
	for _, f := range foreignFlags {
		switch {
		case !c.IsSet(f.name):
		case f.ignored:
			fmt.Fprintf(p.Err, "warning: --%s is ignored: %s\n", f.name, f.why)
		default:
			return (&diagnostic.Problem{Msg: fmt.Sprintf("--%s is not supported", f.name)}).WithHint("%s", f.why)
		}
	}
	return nil
}
