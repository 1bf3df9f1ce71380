package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/suggest"
)

// A Setting is what the environment and files can set: a flag of a command.
type Setting interface {
	Name() string
	Given() bool   // on the command line, which comes before all else
	Env() []string // the variables that set it, the first that is set counts
	// Assign sets it; origin says by what.
	Assign(origin string, texts ...string) error
}

// A Source is where settings are found: the environment, and files, the most
// important first.
type Source struct {
	Getenv  func(string) string
	Files   []*File
	Profile string // the one whose settings come before those of its file; "": none
}

// An Origin is where a value of a setting is from.
type Origin struct {
	Text  string           // as people read it: "$RUNNER_JOBS", "runner.toml:3"
	Place diagnostic.Place // nowhere for the environment
	Own   bool             // the user's own word: the environment, or the user's own file
}

// Find returns what sets a setting of a command: the first of the environment, and
// of each file its profile, its table for the command, and what stands above all
// tables. It reports false where nothing does.
func (s Source) Find(command string, setting Setting) (texts []string, from Origin, ok bool) {
	for _, name := range setting.Env() {
		if text := s.Getenv(name); text != "" {
			return []string{text}, Origin{Text: "$" + name, Own: true}, true
		}
	}
	for _, f := range s.Files {
		if e := f.find(command, s.Profile, setting.Name()); e != nil {
			return e.Texts, Origin{Text: fmt.Sprintf("%s:%d", f.Path, e.Place.Line), Place: e.Place, Own: f.Own}, true
		}
	}
	return nil, Origin{}, false
}

// find returns the entry of a file that counts; nil: there is none.
func (f *File) find(command, profile, name string) *Entry {
	var found *Entry
	rank := 0
	for i, e := range f.Entries {
		if e.Name != name {
			continue
		}
		here := 0
		switch {
		case e.In != "" && e.In == profile:
			here = 3
		case e.In == "" && e.Table != "" && e.Table == command:
			here = 2
		case e.In == "" && e.Table == "":
			here = 1
		}
		if here > rank {
			found, rank = &f.Entries[i], here
		}
	}
	return found
}

// Set assigns a found value, and returns a mistake in it the place where it stands.
func Set(setting Setting, texts []string, from Origin) error {
	err := setting.Assign(from.Text, texts...)
	if err == nil {
		return nil
	}
	problem := diagnostic.From(err, diagnostic.Place{})
	msg := strings.TrimPrefix(problem.Msg, "--")
	if from.Place.IsZero() {
		msg = strings.Replace(msg, setting.Name(), from.Text, 1)
	}
	return &diagnostic.Problem{Place: from.Place, Msg: msg, Hint: problem.Hint}
}

// Check returns what is wrong with the names in a file. Known are the settings of
// each command by its path; "" has those of all.
func (f *File) Check(known map[string][]string) []*diagnostic.Problem {
	var all []*diagnostic.Problem
	commands := slices.Sorted(maps.Keys(known))
	for _, e := range f.Entries {
		names, isCommand := known[e.Table]
		switch {
		case !isCommand:
			problem := diagnostic.Problemf(e.Place, "[%s] is no command that has settings", e.Table)
			all = append(all, problem.WithHint("%s", cmp.Or(suggest.DidYouMean(e.Table, commands), "there is profiles, "+strings.Join(commands[1:], ", "))))
		case !slices.Contains(names, e.Name):
			problem := diagnostic.Problemf(e.Place, "unknown setting %q", e.Name)
			if e.Table != "" {
				problem.Msg += " of " + e.Table
			}
			all = append(all, problem.WithHint("%s", cmp.Or(suggest.DidYouMean(e.Name, names), "runner config lists the settings")))
		}
	}
	return all
}
