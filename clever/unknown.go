package clever

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"runner/suggest"
)

// An UnknownError says that a word names nothing that there is.
type UnknownError struct {
	What string   // "plan"
	Word string   // as written
	Of   string   // what it was looked for in, "postgresql-addon"; may be empty
	Near string   // what was probably meant, "" if nothing is near
	All  []string // what there is
	// Elsewhere tells that the word names something which cannot be had here: a
	// zone that the plan is not offered in.
	Elsewhere bool
}

func (e *UnknownError) Error() string {
	of := ""
	if e.Of != "" {
		of = " of " + e.Of
	}
	if e.Elsewhere {
		return fmt.Sprintf("%s %q is not offered for %s", e.What, e.Word, e.Of)
	}
	return fmt.Sprintf("unknown %s %q%s", e.What, e.Word, of)
}

// Hint returns what was probably meant, else some of what there is.
func (e *UnknownError) Hint() string {
	const some = 8
	switch {
	case e.Near != "":
		return fmt.Sprintf("did you mean %q?", e.Near)
	case len(e.All) == 0:
		return ""
	case len(e.All) <= some:
		return "available: " + strings.Join(e.All, ", ")
	}
	return fmt.Sprintf("available: %d, among them %s", len(e.All), strings.Join(e.All[:some], ", "))
}

// Detail returns all that there is.
func (e *UnknownError) Detail() string { return strings.Join(e.All, ", ") }

// Unknown returns an UnknownError with the nearest of what there is.
func Unknown(what, word, of string, all []string) *UnknownError {
	return &UnknownError{What: what, Word: word, Of: of, Near: suggest.Nearest(word, all), All: all}
}

// An AmbiguousError says that a word names several things.
type AmbiguousError struct {
	What string
	Word string
	Of   string
	All  []string // the ids, or names, that tell them apart
}

func (e *AmbiguousError) Error() string {
	of := ""
	if e.Of != "" {
		of = " of " + e.Of
	}
	return fmt.Sprintf("%s %q%s is ambiguous: there are %d", e.What, e.Word, of, len(e.All))
}

// Hint names them.
func (e *AmbiguousError) Hint() string { return "say which: " + strings.Join(e.All, ", ") }

// Detail is empty.
func (*AmbiguousError) Detail() string { return "" }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
