package diagnostic

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-multierror"
)

// A Severity says whether a problem stops what was begun.
type Severity int

// The severities. Error is the zero value.
const (
	Error   Severity = iota // nothing goes on
	Warning                 // reported, but stops nothing
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// A Problem is a mistake with a place: in a playbook or another file, in what a
// platform made of an argument, or in a value that turned out wrong in a run.
type Problem struct {
	Place    Place
	Msg      string   // what is wrong, without place and without full stop
	Hint     string   // what to do: `did you mean "xxs_sml"?`; may be empty
	Detail   string   // more, shown with -v: the whole list of what is allowed; may be empty
	Rule     string   // the rule that was broken, as `# noqa: rule` names it; empty where there is none
	Severity Severity // Error unless set
	Pointer  string   // RFC 6901, of a JSON text; empty elsewhere
	Err      error    // what it was made from, for errors.Is and errors.As; may be nil

	// Wrong is the word at or behind Place that is not known, and Meant the one that was
	// probably meant; both empty where no word is near.
	Wrong, Meant string

	// Parts are the mistakes that this one sums up, each with its own place; none
	// where it is a single one.
	Parts []*Problem
}

// Problemf returns a Problem at a place.
func Problemf(at Place, format string, args ...any) *Problem {
	return &Problem{Place: at, Msg: fmt.Sprintf(format, args...)}
}

// WithHint sets what to do about the problem, and returns it.
func (p *Problem) WithHint(format string, args ...any) *Problem {
	p.Hint = fmt.Sprintf(format, args...)
	return p
}

// Suggest says which word was probably meant in place of a wrong one; where meant is
// empty, the hint is the other one.
func (p *Problem) Suggest(wrong, meant, otherwise string) *Problem {
	if meant == "" {
		p.Hint = otherwise
		return p
	}
	p.Wrong, p.Meant, p.Hint = wrong, meant, fmt.Sprintf("did you mean %q?", meant)
	return p
}

// Each returns the mistakes one by one: the parts, or the problem itself.
func (p *Problem) Each() []*Problem {
	if len(p.Parts) > 0 {
		return p.Parts
	}
	return []*Problem{p}
}

// Error returns "file:line:col: message; hint" on one line.
func (p *Problem) Error() string {
	s := p.Text()
	if !p.Place.IsZero() {
		s = p.Place.String() + ": " + s
	}
	return s
}

// Text returns "message; hint", without the place.
func (p *Problem) Text() string {
	if p.Hint == "" {
		return p.Msg
	}
	return p.Msg + "; " + p.Hint
}

// Unwrap returns what the problem was made from.
func (p *Problem) Unwrap() error { return p.Err }

// A Placed error knows where the mistake stands; the zero Place where it does
// not. Its own message is what is said there.
type Placed interface {
	error
	At() Place
}

// A Hinted error knows what to do about it; Detail is what -v adds.
// Both may be empty. Problems made from such an error take both over.
type Hinted interface {
	error
	Hint() string
	Detail() string
}

// A Suggested error knows which word was probably meant in place of a wrong one; both
// are empty where it does not. Problems made from it take them over.
type Suggested interface {
	error
	Suggestion() (wrong, meant string)
}

// From returns a Problem of any error: one that is a Problem already, or a Placed
// error, keeps its own place; others are placed at `at`.
func From(err error, at Place) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		if p.Place.IsZero() {
			placed := *p
			placed.Place = at
			return &placed
		}
		return p
	}
	p := &Problem{Place: at, Msg: err.Error(), Err: err}
	if e, ok := errors.AsType[Placed](err); ok {
		p.Msg = e.Error()
		if own := e.At(); !own.IsZero() {
			p.Place = own
		}
	}
	if h, ok := errors.AsType[Hinted](err); ok {
		p.Hint, p.Detail = h.Hint(), h.Detail()
	}
	if s, ok := errors.AsType[Suggested](err); ok {
		p.Wrong, p.Meant = s.Suggestion()
	}
	return p
}

// Problems gathers problems; the zero value is ready.
type Problems struct{ list []*Problem }

// Add appends problems; nil ones are passed over.
func (ps *Problems) Add(list ...*Problem) {
	for _, p := range list {
		if p != nil {
			ps.list = append(ps.list, p)
		}
	}
}

// All returns what was added, warnings included.
func (ps *Problems) All() []*Problem { return ps.list }

// Err returns the errors among the problems as one, in the order added; nil if
// there are none.
func (ps *Problems) Err() error {
	var all *multierror.Error
	for _, p := range ps.list {
		if p.Severity == Error {
			all = multierror.Append(all, p)
		}
	}
	return all.ErrorOrNil()
}
