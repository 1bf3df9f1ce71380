package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts arguments into the form that the command line library reads: the
// library stops at the first file, so that in `play site.yml --check` it would
// not see the check, and it knows neither -vvv nor -j4. Flags come first, files
// after them; what follows -- stays as it is.
func arrange(app *cli.App, args []string) ([]string, error) {
	for i, arg := range args {
		if i == 0 || strings.HasPrefix(arg, "-") {
			continue
		}
		command := app.Command(arg)
		if command == nil || slices.Contains(args[:i], "--") {
			return args, nil
		}
		if i+1 < len(args) && command.Command(args[i+1]) != nil {
			i++
			command = command.Command(args[i])
		}
		s := sorter{flags: knownFlags(command)}
		if err := s.sort(args[i+1:]); err != nil {
			return nil, err
		}
		return slices.Concat(args[:i+1], s.first, s.rest), nil
	}
	return args, nil
}

// knownFlags gives, for each name of a command's flags, whether it takes a value.
func knownFlags(command *cli.Command) map[string]bool {
	known := map[string]bool{"generate-bash-completion": false}
	for _, f := range command.Flags {
		_, isBool := f.(*cli.BoolFlag)
		for _, name := range f.Names() {
			known[name] = !isBool
		}
	}
	return known
}

// A sorter takes flags and files apart.
type sorter struct {
	flags       map[string]bool
	first, rest []string
}

func (s *sorter) sort(args []string) error {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			s.rest = slices.Concat([]string{"--"}, s.rest, args)
			return nil
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			s.rest = append(s.rest, arg)
		case strings.HasPrefix(arg, "--"):
			name, _, glued := strings.Cut(arg[2:], "=")
			s.first = append(s.first, arg)
			var err error
			if args, err = s.value(arg, name, glued, args); err != nil {
				return err
			}
		default:
			var err error
			if args, err = s.letters(arg[1:], args); err != nil {
				return err
			}
		}
	}
	return nil
}

// letters takes -vvv, -Cv, -j4, -j 4 and -ea=1 apart.
func (s *sorter) letters(word string, args []string) ([]string, error) {
	for i, letter := range word {
		name := string(letter)
		takesValue, known := s.flags[name]
		s.first = append(s.first, "-"+name)
		if !known {
			return args, nil // the library says that it is unknown
		}
		if !takesValue {
			continue
		}
		if rest := strings.TrimPrefix(word[i+len(name):], "="); rest != "" {
			s.first = append(s.first, rest)
			return args, nil
		}
		return s.value("-"+name, name, false, args)
	}
	return args, nil
}

// value moves the value of a flag along with it.
func (s *sorter) value(arg, name string, glued bool, args []string) ([]string, error) {
	if glued || !s.flags[name] {
		return args, nil
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("%s needs a value", arg)
	}
	s.first = append(s.first, args[0])
	return args[1:], nil
}
