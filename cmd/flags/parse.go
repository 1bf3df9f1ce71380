package flags

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/suggest"

	"github.com/urfave/cli/v2"
)

// An Invocation is a command line that was read.
type Invocation struct {
	Command *cli.Command // that is meant; nil: none, or one that is unknown
	Path    string       // its name, as one types it: "runner vault view"
	Args    []string     // for the library: the program, commands, flags that it reads itself, --, files
	Files   []string     // what stands beside the flags
	Help    bool         // only the command's help is wanted
}

// Parse reads a command line and sets the flags of the command that it names.
// Flags may stand before and after files, and letters together (-Cv, -j4); what
// follows -- is no flag. With an error the line holds what was read up to there.
func Parse(app *cli.App, args []string) (Invocation, error) {
	for i, arg := range args {
		if i == 0 || strings.HasPrefix(arg, "-") {
			continue
		}
		if slices.Contains(args[1:i], "--help") || slices.Contains(args[1:i], "-h") {
			break
		}
		command := app.Command(arg)
		if command == nil || slices.Contains(args[:i], "--") {
			return Invocation{Args: args}, nil
		}
		path := app.Name + " " + command.Name
		if i+1 < len(args) && command.Command(args[i+1]) != nil {
			i++
			command = command.Command(args[i])
			path += " " + command.Name
		}
		if command.SkipFlagParsing { // whoever it hands over to reads them
			return Invocation{Command: command, Path: path, Args: args, Files: args[i+1:]}, nil
		}
		p := parser{path: path, known: named(command)}
		err := p.parse(args[i+1:])
		if slices.Contains(p.passed, "--help=true") || slices.Contains(p.passed, "-h=true") {
			return Invocation{Command: command, Path: path, Args: append(slices.Clone(args[:i+1]), "--help=true"), Help: true}, nil
		}
		return Invocation{Command: command, Path: path, Args: slices.Concat(args[:i+1], p.passed, p.rest), Files: p.files}, err
	}
	help := slices.IndexFunc(args, func(arg string) bool { return arg == "--help" || arg == "-h" })
	return Invocation{Args: args, Path: app.Name, Help: help > 0 && !slices.Contains(args[:help], "--")}, nil
}

// named returns the flags of a command by each of their names.
func named(command *cli.Command) map[string]cli.Flag {
	known := map[string]cli.Flag{}
	for _, f := range command.Flags {
		for _, name := range f.Names() {
			known[name] = f
		}
	}
	return known
}

// takesValue reports whether a value stands behind a flag.
func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

// A parser takes flags and files apart.
type parser struct {
	path   string // of the command, as one types it
	known  map[string]cli.Flag
	passed []string // flags that the library sets
	files  []string
	rest   []string // files as the library reads them
}

func (p *parser) parse(args []string) (err error) {
	for len(args) > 0 && err == nil {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			p.files = append(p.files, args...)
			args = nil
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			p.files = append(p.files, arg)
		case strings.HasPrefix(arg, "--"):
			name, value, glued := strings.Cut(arg[2:], "=")
			args, err = p.flag(name, value, glued, args)
		default:
			args, err = p.letters(arg[1:], args)
		}
	}
	p.rest = append([]string{"--"}, p.files...)
	return err
}

// letters takes -vvv, -Cv, -j4, -j 4 and -ea=1 apart.
func (p *parser) letters(word string, args []string) ([]string, error) {
	for i, letter := range word {
		name := string(letter)
		f := p.known[name]
		if f == nil {
			return nil, p.unknown("-"+name, word)
		}
		if rest := word[i+len(name):]; takesValue(f) {
			return p.flag(name, strings.TrimPrefix(rest, "="), rest != "", args)
		}
		if _, err := p.flag(name, "", false, nil); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// flag sets a flag, with the value that is glued to it or that comes next, and
// returns what is left.
func (p *parser) flag(name, value string, glued bool, args []string) ([]string, error) {
	f := p.known[name]
	switch {
	case f == nil:
		return nil, p.unknown("--"+name, name)
	case glued:
	case !takesValue(f):
		value = "true"
	case len(args) == 0:
		return nil, p.usage(fmt.Errorf("%s needs a value", dashed(name)))
	default:
		value, args = args[0], args[1:]
	}
	ours, ok := f.(*Flag)
	if !ok {
		p.passed = append(p.passed, dashed(name)+"="+value)
		return args, nil
	}
	if err := ours.set(value); err != nil {
		return nil, p.usage(err)
	}
	return args, nil
}

// unknown refuses a flag that the command does not have.
func (p *parser) unknown(flag, word string) error {
	var names []string
	for name, f := range p.known {
		if v, ok := f.(cli.VisibleFlag); len(name) > 1 && ok && v.IsVisible() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	problem := &diagnostic.Problem{Msg: "unknown flag " + flag}
	if near := suggest.Nearest(word, names); near != "" {
		return problem.WithHint("did you mean --%s?", near)
	}
	return problem.WithHint("%s --help lists the flags", p.path)
}

// usage makes a mistake in a value a problem with a hint.
func (p *parser) usage(err error) error {
	if problem, ok := errors.AsType[*diagnostic.Problem](err); ok && problem.Hint != "" {
		return problem
	}
	return (&diagnostic.Problem{Msg: err.Error()}).WithHint("%s --help shows what it takes", p.path)
}
