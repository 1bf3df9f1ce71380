package emulator

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFault reads a fault as a command line gives it:
//
//	[METHOD:][PATH][:WHICH]=KIND[,WITH]
//
// PATH is a regular expression that is looked for in the path. WHICH of the
// requests that match: 2 is the second one, 2-4 are three, 3+ is the third and all
// that follow, */3 each third one; all of them if left out. WITH is a duration
// (429, 503, html-503, hang, hang-after, slow, env-late, migration-late) or the id or name of an add-on
// (deleted). For example
//
//	POST:/addons:2=cut-after     the answer to the second order is lost
//	/env=env-late,5s             variables are complete after five seconds
//	:4+=expired                  from the fourth request on the token is no good
func ParseFault(spec string) (Fault, error) {
	f, err := parseFault(spec)
	if err != nil {
		return Fault{}, fmt.Errorf("the fault %q: %w", spec, err)
	}
	return f, nil
}

// String returns a fault in the form that ParseFault reads.
func (f Fault) String() string {
	var b strings.Builder
	if f.Method != "" {
		b.WriteString(f.Method + ":")
	}
	b.WriteString(f.Path)
	switch from := max(f.From, 1); {
	case f.Every > 1:
		fmt.Fprintf(&b, ":*/%d", f.Every)
	case f.To == from:
		fmt.Fprintf(&b, ":%d", from)
	case f.To > 0:
		fmt.Fprintf(&b, ":%d-%d", from, f.To)
	case from > 1:
		fmt.Fprintf(&b, ":%d+", from)
	}
	b.WriteString("=" + string(f.Kind))
	if f.Wait > 0 {
		b.WriteString("," + f.Wait.String())
	}
	if f.Addon != "" {
		b.WriteString("," + f.Addon)
	}
	return b.String()
}

var (
	faultMethod = regexp.MustCompile(`^[A-Z]+:`)
	faultWhich  = regexp.MustCompile(`:([0-9]+|[0-9]+-[0-9]+|[0-9]+\+|\*/[0-9]+)$`)
)

func parseFault(spec string) (f Fault, err error) {
	end := strings.LastIndex(spec, "=")
	if end < 0 {
		return f, fmt.Errorf("it has no =: write [METHOD:][PATH][:WHICH]=KIND, as in POST:/addons:2=cut-after")
	}
	where, what := spec[:end], spec[end+1:]
	if m := faultMethod.FindString(where); m != "" {
		f.Method, where = strings.TrimSuffix(m, ":"), where[len(m):]
	}
	if m := faultWhich.FindString(where); m != "" {
		where = strings.TrimSuffix(where, m)
		if err := f.which(m[1:]); err != nil {
			return f, err
		}
	}
	f.Path = where
	if _, err := regexp.Compile(f.Path); err != nil {
		return f, fmt.Errorf("its path is a regular expression: %w", err)
	}
	kind, with, given := strings.Cut(what, ",")
	f.Kind = FaultKind(kind)
	if given {
		if err := f.with(with); err != nil {
			return f, err
		}
	}
	return f, f.check()
}

// which reads 2, 2-4, 3+ or */3.
func (f *Fault) which(text string) error {
	every, isEvery := strings.CutPrefix(text, "*/")
	from, open := strings.CutSuffix(text, "+")
	first, last, isRange := strings.Cut(text, "-")
	var bad bool
	number := func(digits string) int {
		n, err := strconv.Atoi(digits)
		bad = bad || err != nil || n < 1
		return n
	}
	switch {
	case isEvery:
		f.Every = number(every)
		f.From = f.Every
	case open:
		f.From = number(from)
	case isRange:
		f.From, f.To = number(first), number(last)
		bad = bad || f.To < f.From
	default:
		f.From = number(text)
		f.To = f.From
	}
	if bad {
		return fmt.Errorf("%q names no requests: they are counted from 1, as in 2, 2-4, 3+ or */3", text)
	}
	return nil
}

// with reads what follows the kind.
func (f *Fault) with(text string) error {
	if f.Kind == Deleted {
		f.Addon = text
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is no duration: write 500ms, 5s, 2m", text)
	}
	f.Wait = d
	return nil
}

// check says what is wrong with a fault.
func (f Fault) check() error {
	if !slices.Contains(FaultKinds(), f.Kind) {
		var all []string
		for _, k := range FaultKinds() {
			all = append(all, string(k))
		}
		return fmt.Errorf("there is no kind of fault %q: there is %s", f.Kind, strings.Join(all, ", "))
	}
	timed := slices.Contains([]FaultKind{Hang, HangAfter, TooMany, Unavailable, Page503, Slow, EnvLate, MigrationLate}, f.Kind)
	switch {
	case f.Wait < 0 || f.From < 0 || f.To < 0 || f.Every < 0:
		return fmt.Errorf("nothing in a fault can be negative")
	case f.Wait > 0 && !timed:
		return fmt.Errorf("%s takes no duration", f.Kind)
	case f.Wait == 0 && slices.Contains([]FaultKind{Slow, EnvLate, MigrationLate}, f.Kind):
		return fmt.Errorf("%s needs a duration: %s,5s", f.Kind, f.Kind)
	case f.Addon != "" && f.Kind != Deleted:
		return fmt.Errorf("%s is about no add-on", f.Kind)
	}
	return nil
}
