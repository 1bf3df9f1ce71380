package flags

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// A Request is a command line that a shell completes, with the flags before the
// cursor set.
type Request struct {
	Invocation
	Flag *Flag  // whose value is typed; nil: something else is
	Word string // what is typed of it, without "--flag="
}

// Values are what can stand at a place of the command line.
type Values struct {
	All   []Value
	Files bool   // or a file
	Glued string // stands before each value in the same word: "--report=", "delete,"
}

// A Value is one of them.
type Value struct{ Text, Doc string }

// Texts makes values of texts.
func Texts(texts ...string) Values {
	var v Values
	for _, t := range texts {
		v.All = append(v.All, Value{Text: t})
	}
	return v
}

// Complete returns what can stand in place of the last of the words of a command
// line: commands, flags, values of flags, and what args returns for the rest.
func Complete(app *cli.App, words []string, args func(Request) Values) Values {
	last := words[len(words)-1]
	before := words[:len(words)-1]
	line, _ := Parse(app, before) // mistakes are reported when the line is run
	r := Request{Invocation: line, Word: last}
	if line.Command == nil {
		return r.top(app)
	}
	p := parser{known: named(line.Command)}
	if f := p.awaiting(before); f != nil {
		return r.value(f, "")
	}
	if name, value, glued := strings.Cut(strings.TrimPrefix(last, "--"), "="); glued && strings.HasPrefix(last, "--") {
		if f, ok := p.known[name].(*Flag); ok {
			r.Word = value
			return r.value(f, "--"+name+"=")
		}
		return Values{}
	}
	if strings.HasPrefix(last, "-") {
		return flagNames(line.Command.Flags, last)
	}
	if len(line.Command.Subcommands) > 0 {
		return commandNames(line.Command.Subcommands)
	}
	return args(r)
}

// top completes what stands before any command.
func (r Request) top(app *cli.App) Values {
	if strings.HasPrefix(r.Word, "-") {
		return flagNames(app.Flags, r.Word)
	}
	return commandNames(app.Commands)
}

// awaiting returns the flag whose value comes next; nil: none does.
func (p *parser) awaiting(words []string) *Flag {
	last := words[len(words)-1]
	name := strings.TrimPrefix(last, "--")
	if name == last { // one dash, or none: of letters the last one counts
		letters, isFlag := strings.CutPrefix(last, "-")
		if !isFlag || letters == "" {
			return nil
		}
		for _, letter := range letters[:len(letters)-1] {
			if f := p.known[string(letter)]; f == nil || takesValue(f) {
				return nil
			}
		}
		name = letters[len(letters)-1:]
	}
	if f, ok := p.known[name].(*Flag); ok && f.TakesValue() {
		return f
	}
	return nil
}

// value completes what stands behind a flag.
func (r Request) value(f *Flag, glued string) Values {
	r.Flag = f
	v := Values{}
	switch placeholder, _ := unquoted(f.usage); {
	case f.values != nil:
		v = f.values(r)
	case f.choices != nil:
		v = Texts(f.choices...)
	default:
		v.Files = placeholder == "FILE"
	}
	if s, ok := f.value.(*stringsValue); ok && s.commas {
		if i := strings.LastIndexByte(r.Word, ','); i >= 0 {
			glued += r.Word[:i+1]
		}
	}
	v.Glued = glued + v.Glued
	return v
}

// flagNames returns the flags that are shown, short ones for a single dash too.
func flagNames(all []cli.Flag, word string) Values {
	var v Values
	for _, f := range all {
		if visible, ok := f.(cli.VisibleFlag); !ok || !visible.IsVisible() {
			continue
		}
		doc := ""
		if d, ok := f.(cli.DocGenerationFlag); ok {
			_, doc = unquoted(d.GetUsage())
		}
		for _, name := range f.Names() {
			if len(name) > 1 || !strings.HasPrefix(word, "--") {
				v.All = append(v.All, Value{dashed(name), doc})
			}
		}
	}
	return v
}

func commandNames(all []*cli.Command) Values {
	var v Values
	for _, c := range all {
		if !c.Hidden {
			v.All = append(v.All, Value{c.Name, c.Usage})
		}
	}
	return v
}
