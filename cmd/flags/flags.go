// Package flags declares the flags of commands: each is bound to the field of an
// options struct that it sets, so that nothing below a command's own function
// reads a flag by its name. It knows no command.
package flags

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"runner/diagnostic"
	"runner/suggest"

	"github.com/urfave/cli/v2"
)

// A Flag sets one field of an options struct. It is a [cli.Flag], for the help's
// sake; [Parse] sets it.
type Flag struct {
	names   []string // without dashes, the one that is shown first
	usage   string   // what stands in backquotes is the value's placeholder
	value   value
	hidden  bool
	given   bool // on the command line
	choices []string
	values  func(Request) Values

	adds    bool     // what is set elsewhere stands before what the command line says
	setting bool     // the environment and configuration files may set it
	env     []string // the variables that do
	secret  bool
	origin  string
	group   string // under which the help lists it; "": with those that have none
}

// A value takes what stands behind a flag.
type value interface {
	// Set takes the text of one use. Its error ends the sentence that the flag's
	// name begins: "takes a number, not "x"".
	Set(text string) error
	// Text returns the value as the help shows a default; "" for none.
	Text() string
}

// newFlag makes a flag of its names: "jobs,j,forks".
func newFlag(names, usage string, v value) *Flag {
	return &Flag{names: strings.Split(names, ","), usage: usage, value: v}
}

// Bool declares a flag that switches a field on. Names are separated by commas,
// without dashes: "check,C".
func Bool(field *bool, names, usage string) *Flag { return newFlag(names, usage, (*boolValue)(field)) }

// Count declares a flag without a value that can be repeated: -vvv makes 3.
func Count(field *int, names, usage string) *Flag { return newFlag(names, usage, (*countValue)(field)) }

// Int declares a flag that takes a whole number. What the field holds is the
// default, as with all that follow.
func Int(field *int, names, usage string) *Flag { return newFlag(names, usage, (*intValue)(field)) }

// String declares a flag that takes text.
func String(field *string, names, usage string) *Flag {
	return newFlag(names, usage, (*stringValue)(field))
}

// Strings declares a flag that can be repeated, each time with a text more.
func Strings(field *[]string, names, usage string) *Flag {
	return newFlag(names, usage, &stringsValue{field: field})
}

// Words declares a flag that takes words, repeated or with commas between them.
func Words(field *[]string, names, usage string) *Flag {
	return newFlag(names, usage, &stringsValue{field: field, commas: true})
}

// Duration declares a flag that takes a duration, such as 30s.
func Duration(field *time.Duration, names, usage string) *Flag {
	return newFlag(names, usage, (*durationValue)(field))
}

// PositiveDuration declares a flag that takes a duration of more than nothing.
func PositiveDuration(field *time.Duration, names, usage string) *Flag {
	return newFlag(names, usage, &positiveValue{durationValue: (*durationValue)(field)})
}

// Refused declares a flag of another program's that has no meaning here: giving it
// is a mistake, and why is the hint.
func Refused(names string, takesValue bool, why string) *Flag {
	return newFlag(names, "", &foreignValue{why: why, takesValue: takesValue}).Hide()
}

// Ignored declares a flag of another program's that is passed over, for the sake of
// those who type it out of habit; a warning that says why is added to warnings.
func Ignored(names string, takesValue bool, why string, warnings *[]string) *Flag {
	f := newFlag(names, "", &foreignValue{why: why, takesValue: takesValue, warnings: warnings}).Hide()
	f.value.(*foreignValue).name = f.names[0]
	return f
}

// Of names what the flag takes, and refuses all else. Of a flag that takes words
// it is each word that has to be one of them.
func (f *Flag) Of(choices ...string) *Flag {
	f.choices = choices
	return f
}

// Complete names what can stand behind the flag, for a shell that completes it. A
// flag that says nothing takes a file where its placeholder is FILE.
func (f *Flag) Complete(values func(Request) Values) *Flag {
	f.values = values
	return f
}

// Setting lets the environment and configuration files set what the command line
// leaves out. The variable is RUNNER_ and the flag's name; others may be named, that
// come after it.
func (f *Flag) Setting(env ...string) *Flag {
	own := "RUNNER_" + strings.ToUpper(strings.ReplaceAll(f.names[0], "-", "_"))
	f.setting, f.env = true, append([]string{own}, env...)
	return f
}

// Adds says of a flag that can be repeated that the command line adds to what is
// set elsewhere, and does not take its place.
func (f *Flag) Adds() *Flag {
	f.adds = true
	return f
}

// Secret says that the value is not to be shown.
func (f *Flag) Secret() *Flag {
	f.secret = true
	return f
}

// Hide keeps a flag out of the help and the completion.
func (f *Flag) Hide() *Flag {
	f.hidden = true
	return f
}

// In lists flags in the help under a title, those left out that have one.
func In(group string, list ...cli.Flag) []cli.Flag {
	for _, f := range list {
		if ours, ok := f.(*Flag); ok && ours.group == "" {
			ours.group = group
		}
	}
	return list
}

// Group returns the title under which the help lists the flag; "" for none.
func (f *Flag) Group() string { return f.group }

// Given reports whether the command line has the last word on the flag.
func (f *Flag) Given() bool { return f.given && !f.adds }

// Env returns the variables that set the flag.
func (f *Flag) Env() []string { return f.env }

// Origin returns where the value is from: "flag", or what [Flag.Assign] was given;
// "default" where nothing set it.
func (f *Flag) Origin() string {
	switch {
	case f.given && f.origin != "":
		return f.origin + " and flag"
	case f.given:
		return "flag"
	}
	return cmp.Or(f.origin, "default")
}

// Shown returns the value as it may be shown.
func (f *Flag) Shown() string {
	text := f.value.Text()
	switch f.value.(type) {
	case *boolValue:
		return cmp.Or(text, "false")
	case *countValue:
		return cmp.Or(text, "0")
	}
	if f.secret && text != "" {
		return "********"
	}
	return text
}

// Assign sets the flag from elsewhere than the command line: texts one after the
// other, in place of what was there.
func (f *Flag) Assign(origin string, texts ...string) error {
	if s, ok := f.value.(*stringsValue); ok {
		typed := *s.field
		*s.field, s.begun = nil, true
		if f.given {
			defer func() { *s.field = append(*s.field, typed...) }()
		}
	}
	for _, text := range texts {
		if err := f.assign(text); err != nil {
			return err
		}
	}
	f.origin = origin
	return nil
}

// Settings returns the flags of a command that the environment and configuration
// files may set.
func Settings(command *cli.Command) []*Flag {
	var all []*Flag
	for _, f := range command.Flags {
		if ours, ok := f.(*Flag); ok && ours.setting {
			all = append(all, ours)
		}
	}
	return all
}

// Name returns the flag's long name, without dashes.
func (f *Flag) Name() string { return f.names[0] }

// set takes what stands behind the flag on the command line.
func (f *Flag) set(text string) error {
	f.given = true
	return f.assign(text)
}

// assign takes a value, wherever it is from.
func (f *Flag) assign(text string) error {
	err := f.value.Set(text)
	if err == nil {
		err = f.chosen(text)
	}
	if problem, ok := errors.AsType[*diagnostic.Problem](err); ok {
		return &diagnostic.Problem{Msg: "--" + f.names[0] + " " + problem.Msg, Hint: problem.Hint}
	}
	if err != nil {
		return fmt.Errorf("--%s %w", f.names[0], err)
	}
	return nil
}

// chosen refuses what is none of the choices.
func (f *Flag) chosen(text string) error {
	if f.choices == nil {
		return nil
	}
	words := []string{text}
	if s, ok := f.value.(*stringsValue); ok && s.commas {
		words = splitWords(text)
	}
	for _, word := range words {
		if !slices.Contains(f.choices, word) {
			problem := &diagnostic.Problem{Msg: fmt.Sprintf("takes %s, not %q", Alternatives(f.choices), word)}
			return problem.WithHint("%s", suggest.DidYouMean(word, f.choices))
		}
	}
	return nil
}

// Alternatives returns words as a sentence has them: "text, json or junit".
func Alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

var _ cli.DocGenerationSliceFlag = (*Flag)(nil)

// Apply does nothing: [Parse] has set the flag before the library is asked.
func (f *Flag) Apply(*flag.FlagSet) error { return nil }

// Names returns all names, the long one first.
func (f *Flag) Names() []string { return f.names }

// IsSet reports whether the flag stood on the command line.
func (f *Flag) IsSet() bool { return f.given }

// IsVisible reports whether the help shows the flag.
func (f *Flag) IsVisible() bool { return !f.hidden }

// TakesValue reports whether a value stands behind the flag.
func (f *Flag) TakesValue() bool {
	switch v := f.value.(type) {
	case *boolValue, *countValue:
		return false
	case *foreignValue:
		return v.takesValue
	}
	return true
}

// IsSliceFlag reports whether the flag can be repeated.
func (f *Flag) IsSliceFlag() bool { _, ok := f.value.(*stringsValue); return ok }

// GetUsage returns what the flag is for.
func (f *Flag) GetUsage() string { return f.usage }

// GetValue returns the value as text.
func (f *Flag) GetValue() string { return f.value.Text() }

// GetDefaultText returns the default as the help shows it.
func (f *Flag) GetDefaultText() string { return f.value.Text() }

// GetEnvVars returns nothing: what the environment says is read elsewhere.
func (f *Flag) GetEnvVars() []string { return nil }

// String returns the flag's line of the help: names and value, a tab, usage. The
// short name stands first, names beyond these two stand behind the usage.
func (f *Flag) String() string {
	placeholder, usage := unquoted(f.usage)
	short, also := "    ", []string{}
	for _, name := range f.names[1:] {
		if len(name) == 1 && short == "    " {
			short = "-" + name + ", "
			continue
		}
		also = append(also, dashed(name))
	}
	text := short + dashed(f.names[0])
	if f.TakesValue() {
		text += " " + placeholder
	}
	if d := f.value.Text(); d != "" {
		usage += " (default: " + d + ")"
	}
	if len(also) > 0 {
		usage += " (also " + strings.Join(also, ", ") + ")"
	}
	return text + "\t" + usage
}

// dashed returns a name as it is typed.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// unquoted takes the placeholder of a value out of its backquotes.
func unquoted(usage string) (placeholder, text string) {
	before, rest, ok := strings.Cut(usage, "`")
	inside, after, closed := strings.Cut(rest, "`")
	if !ok || !closed {
		return "VALUE", usage
	}
	return inside, before + inside + after
}
