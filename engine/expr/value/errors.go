package value

import (
	"errors"
	"fmt"
	"strings"

	"runner/diagnostic"
	"runner/suggest"
)

// A Class says what kind of mistake an Error is.
type Class string

// The classes, as the cases of testdata name them.
const (
	UndefinedError    Class = "undefined"
	SyntaxError       Class = "syntax"
	TypeError         Class = "type"
	FilterError       Class = "filter"
	MandatoryError    Class = "mandatory"
	LookupError       Class = "lookup"
	ZeroDivisionError Class = "zero_division"
	UnsafeError       Class = "unsafe"
	IncludeError      Class = "include"
	LimitError        Class = "limit"     // a bound was hit: output, steps, depth
	RecursionError    Class = "recursion" // a variable that needs itself
)

// An Error is a template's mistake, at the place of the expression at fault.
type Error struct {
	Class Class
	Msg   string // "'nope' is undefined"
	Place diagnostic.Place
	Err   error

	hint   string
	detail string

	wrong, meant string
}

func (e *Error) Error() string { return e.Msg }

// At returns where the mistake stands; the zero Place where it is not known yet.
func (e *Error) At() diagnostic.Place { return e.Place }

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to do about the mistake, or is empty.
func (e *Error) Hint() string { return e.hint }

// Detail is more about the mistake: the whole list of what is allowed. May be empty.
func (e *Error) Detail() string { return e.detail }

// Errorf makes an Error without a place; whoever knows the expression adds it.
func Errorf(class Class, format string, args ...any) *Error {
	return &Error{Class: class, Msg: fmt.Sprintf(format, args...)}
}

// WithHint adds what to do about the mistake and returns it.
func (e *Error) WithHint(hint string) *Error {
	e.hint = hint
	return e
}

// Suggestion returns a word of the template that is not known, and the one that was
// probably meant; both are empty where no word is near.
func (e *Error) Suggestion() (wrong, meant string) { return e.wrong, e.meant }

// WithSuggestion says which word was probably meant, where one was, and returns the error.
func (e *Error) WithSuggestion(wrong, meant string) *Error {
	if meant != "" {
		e.wrong, e.meant = wrong, meant
		e.hint = fmt.Sprintf("did you mean %q?", meant)
	}
	return e
}

// WithDetail adds more about the mistake and returns it.
func (e *Error) WithDetail(detail string) *Error {
	e.detail = detail
	return e
}

// AsError makes an *Error of any error; one that is an *Error keeps its class.
func AsError(err error, class Class) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Class: class, Msg: err.Error(), Err: err}
}

// Placed returns err a place if it has none yet.
func Placed(err error, place func() diagnostic.Place) error {
	if _, ok := err.(*UnknownError); ok {
		return err
	}
	e := AsError(err, TypeError)
	if e.Place.IsZero() {
		c := *e
		c.Place = place()
		return &c
	}
	return e
}

// UnknownError unwinds to where a template's outcome is gathered: what follows
// depends on a value that is not known yet.
type UnknownError struct{ Unknown *Unknown }

func (*UnknownError) Error() string { return KnownAfterApply }

// Deferred returns the result of an operation that failed: an Undefined whose use is the
// error. Where the operation met something undefined, that is the result. Errors that end
// the evaluation as a whole are returned as they are.
func Deferred(err error) (Value, error) {
	e, ok := err.(*Error)
	switch {
	case !ok, e.Class == LimitError, e.Class == RecursionError, e.Class == SyntaxError, e.Class == UnsafeError:
		return nil, err
	case e.Class == UndefinedError:
		return &Undefined{Hint: e.Msg, Place: e.Place, Near: e.hint}, nil
	}
	return &Undefined{Hint: e.Msg, Place: e.Place, Failed: e}, nil
}

// Err is what use of an Undefined leads to.
func (u *Undefined) Err() *Error {
	if u.Failed != nil {
		return u.Failed
	}
	e := &Error{Class: UndefinedError, Msg: u.Hint, Place: u.Place, hint: u.Near}
	if e.Msg == "" {
		e.Msg = fmt.Sprintf("'%s' is undefined", u.Name)
	}
	if u.Names != nil && e.hint == "" {
		name := u.Name[strings.LastIndexByte(u.Name, '.')+1:]
		_ = e.WithSuggestion(name, suggest.Nearest(name, u.Names()))
	}
	return e
}
