// Package ui talks with whoever runs the program: it prints problems with
// secrets masked, asks questions, and reads what is typed unseen. It knows no
// command and no platform.
package ui

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"runner/diagnostic"
	"runner/engine"
)

// Streams are the standard streams of one run of the program, its environment,
// and the secrets that none of them may show.
type Streams struct {
	In     io.Reader
	Out    io.Writer // the report, and nothing else
	Err    io.Writer // all else
	Getenv func(string) string
	// Environ returns the environment of programs that the run starts, as
	// [os.Environ] does; nil: they get no more than PATH and HOME.
	Environ func() []string
	// Colors says when there are colours: one of [ColorWords]; "" is auto.
	Colors string
	// Pause is called before the user is talked with, and what it returns after that; nil:
	// nothing has to wait.
	Pause func() (goOn func())
	// Printed gets each problem that is to be printed; nil: standard error does.
	Printed func(*diagnostic.Problem)

	Secrets engine.Secrets
}

// Print writes a problem to standard error: place, message, hint, and the line
// that it points at.
func (s *Streams) Print(problem *diagnostic.Problem) {
	if s.Printed != nil {
		s.Printed(problem)
		return
	}
	mark := ""
	if problem.Severity == diagnostic.Warning {
		mark = "warning: "
	} else if problem.Place.IsZero() {
		mark = "error: "
	}
	text := diagnostic.Escaped(s.Secrets.Mask(problem.Error()), "\n\t")
	fmt.Fprintf(s.Err, "%s%s\n%s", mark, text, s.Secrets.Mask(problem.Excerpt()))
}

// PrintAll writes problems to standard error, with their details where
// verbosity is above 0.
func (s *Streams) PrintAll(problems []*diagnostic.Problem, verbosity int) {
	for _, problem := range problems {
		s.Print(problem)
		if verbosity > 0 && problem.Detail != "" {
			fmt.Fprintf(s.Err, "      = %s\n", s.Secrets.Mask(problem.Detail))
		}
	}
}

// PrintError writes an error as a problem.
func (s *Streams) PrintError(err error) { s.Print(diagnostic.From(err, diagnostic.Place{})) }

// Warn writes a warning.
func (s *Streams) Warn(text string) {
	s.Print(&diagnostic.Problem{Msg: text, Severity: diagnostic.Warning})
}

// First returns the first error, and prints the second at once where there are
// two.
func (s *Streams) First(first, second error) error {
	if first == nil {
		return second
	}
	if second != nil {
		s.PrintError(second)
	}
	return first
}

// Environment returns the environment of programs that the run starts.
func (s *Streams) Environment() []string {
	if s.Environ != nil {
		return s.Environ()
	}
	all := []string{} // not nil, which os/exec takes for the process's own
	for _, name := range []string{"PATH", "HOME"} {
		if value := s.Getenv(name); value != "" {
			all = append(all, name+"="+value)
		}
	}
	return all
}

// Shared returns a writer that several goroutines may write to: a run says where it is
// while its report is printed. A file is one already.
func Shared(w io.Writer) io.Writer {
	switch w.(type) {
	case *os.File, *shared, nil:
		return w
	}
	return &shared{w: w}
}

type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// The words for when there are colours.
const (
	ColorAuto   = "auto" // on terminals
	ColorAlways = "always"
	ColorNever  = "never"
)

// ColorWords lists the words for when there are colours.
func ColorWords() []string { return []string{ColorAuto, ColorAlways, ColorNever} }

// pause keeps the terminal for a talk with the user until the function that it returns is
// called.
func (s *Streams) pause() (goOn func()) {
	if s.Pause == nil {
		return func() {}
	}
	return s.Pause()
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := file(stream)
	return ok && term.IsTerminal(int(f.Fd()))
}

// file returns the file that a stream is, or that is behind it.
func file(stream any) (f *os.File, ok bool) {
	for {
		wrapped, more := stream.(interface{ Unwrap() io.Writer })
		if !more {
			f, ok = stream.(*os.File)
			return f, ok
		}
		stream = wrapped.Unwrap()
	}
}

// Width returns the columns of the terminal that a stream is; 0 for what is none.
func Width(stream any) int {
	f, ok := file(stream)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// Draws reports whether lines on standard error can be drawn anew: on a terminal, unless
// NO_COLOR or CI is set.
func (s *Streams) Draws() bool {
	return IsTerminal(s.Err) && s.Getenv("CI") == "" && s.Getenv("TERM") != "dumb" && s.Getenv("NO_COLOR") == "" && s.Getenv("ANSIBLE_NOCOLOR") == ""
}

// Color reports whether a stream gets colours: a terminal does, unless NO_COLOR
// or CI is set; FORCE_COLOR makes any stream get them. What Colors says comes first.
func (s *Streams) Color(stream io.Writer) bool {
	switch {
	case s.Colors == ColorAlways, s.Colors == ColorNever:
		return s.Colors == ColorAlways
	case s.Getenv("NO_COLOR") != "" || s.Getenv("ANSIBLE_NOCOLOR") != "":
		return false
	case s.Getenv("FORCE_COLOR") != "" || s.Getenv("ANSIBLE_FORCE_COLOR") != "":
		return true
	}
	return IsTerminal(stream) && s.Getenv("CI") == "" && s.Getenv("TERM") != "dumb"
}

// ErrNoTerminal says that there is nobody to ask.
var ErrNoTerminal = errors.New("there is no terminal to ask on")

// Count returns a number with its noun: "1 task", "3 tasks".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
