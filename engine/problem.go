package engine

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/go-multierror"

	"runner/engine/expr"
)

// A Place is where something stands in a playbook.
type Place = expr.Place

// A Problem is a mistake with a place: in a playbook, in what the platform made
// of an argument, or in a value that turned out wrong while running.
type Problem struct {
	Place   Place
	Msg     string // what is wrong, without place and without full stop
	Hint    string // what to do: `did you mean "xxs_sml"?`; may be empty
	Detail  string // more, shown with -v: the whole list of what is allowed; may be empty
	Rule    string // the rule a warning comes from, as `# noqa: rule` names it; empty for errors
	Warning bool   // told, but stops nothing
	Err     error  // what it was made from, for errors.Is and errors.As; may be nil

	// Parts are the mistakes that this one sums up, each with its own place; none
	// where it is a single one.
	Parts []*Problem
}

// Each gives the mistakes one by one: the parts, or the problem itself.
func (p *Problem) Each() []*Problem {
	if len(p.Parts) > 0 {
		return p.Parts
	}
	return []*Problem{p}
}

// Error gives "file:line:col: message; hint" on one line.
func (p *Problem) Error() string {
	s := p.Msg
	if p.Hint != "" {
		s += "; " + p.Hint
	}
	if !p.Place.IsZero() {
		s = p.Place.String() + ": " + s
	}
	return s
}

// Unwrap gives what the problem was made from.
func (p *Problem) Unwrap() error { return p.Err }

// Problemf makes a Problem at a place.
func Problemf(at Place, format string, args ...any) *Problem {
	return &Problem{Place: at, Msg: fmt.Sprintf(format, args...)}
}

// WithHint adds what to do about it.
func (p *Problem) WithHint(format string, args ...any) *Problem {
	p.Hint = fmt.Sprintf(format, args...)
	return p
}

// secretEntry finds what stands under a key that says that it is a secret.
var secretEntry = regexp.MustCompile(`(?i)([\w-]*(?:secret|password|passwd|token|salt|_key)[\w-]*["']?\s*:\s+)("[^"]*"|'[^']*'|[^\s,{}]+)`)

// Excerpt gives the source line that p points at, with a caret below, each line
// ended; or "" where there is no source. What stands under a key such as
// consumer_secret is not shown, be it known as a secret or not.
//
//	12 |     plan: xxs_sm
//	   |           ^
func (p *Problem) Excerpt() string {
	if p.Place.IsZero() || p.Place.Line < 1 || p.Place.Source.Secret {
		return ""
	}
	line, ok := p.Place.Source.Line(p.Place.Line)
	if !ok {
		return ""
	}
	line = secretEntry.ReplaceAllString(line, "${1}"+Masked)
	const widest = 160 // a longer line is shown around the caret only
	runes := []rune(line)
	col := min(max(p.Place.Col, 1), len(runes)+1)
	from := 0
	if len(runes) > widest {
		from = min(max(0, col-1-widest/2), len(runes)-widest)
		runes = runes[from : from+widest]
	}
	var pad strings.Builder
	for _, r := range runes[:min(col-1-from, len(runes))] {
		if r == '\t' {
			pad.WriteByte('\t')
		} else {
			pad.WriteByte(' ')
		}
	}
	return fmt.Sprintf("%5d | %s\n      | %s^\n", p.Place.Line, printable(string(runes)), pad.String())
}

// printable keeps control characters of a source line from reaching a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if (r < ' ' && r != '\t') || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return '�'
		}
		return r
	}, s)
}

// Problems gathers problems; the zero value is ready. Err gives them as one
// error, in the order added.
type Problems struct{ list []*Problem }

// Add notes problems; nil ones are passed over.
func (ps *Problems) Add(list ...*Problem) {
	for _, p := range list {
		if p != nil {
			ps.list = append(ps.list, p)
		}
	}
}

// All gives what was added, warnings included.
func (ps *Problems) All() []*Problem { return ps.list }

// Err gives the problems that are no warnings as one error, nil if there are none.
func (ps *Problems) Err() error {
	var all *multierror.Error
	for _, p := range ps.list {
		if !p.Warning {
			all = multierror.Append(all, p)
		}
	}
	return all.ErrorOrNil()
}

// An ArgError says that an error is about one argument of a task. The step that
// the task belongs to knows where that argument was written.
type ArgError struct {
	Path string // "details.plan", "msg[2]"
	Err  error
}

// About makes an ArgError; nil stays nil.
func About(path string, err error) error {
	if err == nil {
		return nil
	}
	return &ArgError{Path: path, Err: err}
}

func (e *ArgError) Error() string { return e.Err.Error() }

// Unwrap gives the error itself.
func (e *ArgError) Unwrap() error { return e.Err }

// A Hinted error knows what to do about it; Detail is what -v adds.
// Both may be empty. Problems made from such an error take both over.
type Hinted interface {
	error
	Hint() string
	Detail() string
}

// ProblemOf makes a Problem of any error: one that is a Problem already keeps
// its own place, an expression's error too; others are placed at `at`.
func ProblemOf(err error, at Place) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		if p.Place.IsZero() {
			placed := *p
			placed.Place = at
			return &placed
		}
		return p
	}
	p := &Problem{Place: at, Msg: err.Error(), Err: err}
	if e, ok := errors.AsType[*expr.Error](err); ok {
		p.Msg = e.Msg
		if !e.Place.IsZero() {
			p.Place = e.Place
		}
	}
	if h, ok := errors.AsType[Hinted](err); ok {
		p.Hint, p.Detail = h.Hint(), h.Detail()
	}
	return p
}

// Nearest gives the word of a list that a person most likely meant, "" when
// none is near: a letter wrong, left out, doubled or swapped, or another case.
func Nearest(word string, among []string) string {
	best, bestAt := "", 0
	for _, w := range among {
		d := distance(strings.ToLower(word), strings.ToLower(w))
		if best == "" || d < bestAt {
			best, bestAt = w, d
		}
	}
	if best == "" || bestAt > 1+len(word)/4 || bestAt >= len(word) {
		return ""
	}
	return best
}

// DidYouMean gives `did you mean "x"?`, or "" when nothing is near.
func DidYouMean(word string, among []string) string {
	if near := Nearest(word, among); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// distance counts the edits between two words, a swap of neighbours as one.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 64
	}
	var before, last []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, last, row = last, row, make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(y)]
}
