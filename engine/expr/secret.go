package expr

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// How secrets pass through an operation is declared beside it (docs/decisions/7-secrets.md):
//
//	by default  it works on values in clear, and all of its result is marked
//	Keeps       it only moves elements about: they keep their own marks
//	Reveals     its result tells too little to be a secret: a length, a type's name
//
// Tests and whatever else comes to true, false or none tell one bit: that is never
// marked. What a secret decides without being part of it (if, when) is not followed.

// opened makes arguments fit for an operation that does not keep marks itself: in
// clear. It reports whether any of them was a secret. A Whole operation was looked
// through to the bottom already; of others the arguments themselves count.
func (op *Operation) opened(in value.Value, g given, found bool) (value.Value, given, bool) {
	deep := found && op.How&(Keeps|Partial|Raw) == 0
	shallow := value.IsSecret(in) || op.How&(Partial|Raw) != 0 && op.How&Keeps == 0 && g.anySecret()
	if !deep && !shallow {
		return in, g, false
	}
	open := value.Bare
	if deep {
		open = value.Open
	}
	pos := make([]value.Value, len(g.pos))
	for i, v := range g.pos {
		pos[i] = open(v)
	}
	named := &value.Map{}
	for k, v := range g.named.Stored() {
		named.Set(value.Bare(k), open(v))
	}
	return open(in), given{pos, named}, true
}

func (g given) anySecret() bool {
	if slices.ContainsFunc(g.pos, value.IsSecret) {
		return true
	}
	for _, v := range g.named.Stored() {
		if value.IsSecret(v) {
			return true
		}
	}
	return false
}

// values returns all arguments.
func (g given) values() []value.Value {
	all := slices.Clone(g.pos)
	for _, v := range g.named.Stored() {
		all = append(all, v)
	}
	return all
}

// operate does an operator on known values; text % values is a format.
func (c *Context) operate(op string, l, r value.Value) (value.Value, error) {
	if s, ok := value.Bare(l).(string); ok && op == "%" {
		u, secret, err := c.Survey(r)
		if u != nil || err != nil {
			return OrUnknown(u), err
		}
		if !secret && !value.IsSecret(l) {
			return format.Percent(&c.Budget, s, r)
		}
		v, err := format.Percent(&c.Budget, s, value.Open(r))
		return value.MarkAll(v), unrevealing("%", err, l, r)
	}
	return c.Arithmetic(op, l, r)
}

// unrevealing returns the error of an operation on secrets: with its message where
// that repeats nothing of them, and else without.
func unrevealing(op string, err error, of ...value.Value) error {
	e, ok := errors.AsType[*value.Error](err)
	if !ok && err == nil {
		return nil
	}
	if _, unknown := errors.AsType[*value.UnknownError](err); unknown {
		return err
	}
	if !ok {
		e = value.AsError(err, value.TypeError)
	}
	texts := value.SecretTexts(value.Tuple(of))
	shown := without(texts, e.Msg)
	said := strings.ToLower(strings.Join([]string{shown, e.Hint(), e.Detail()}, "\n"))
	for _, text := range texts {
		if repeats(said, strings.ToLower(text)) {
			return placedLike(e, "'%s' does not take this secret value; why is not shown, as that would show a part of it", op)
		}
	}
	if shown != e.Msg {
		return placedLike(e, "%s", shown).WithHint(e.Hint()).WithDetail(e.Detail())
	}
	return err
}

// placedLike returns an error of the class and at the place of another.
func placedLike(e *value.Error, format string, args ...any) *value.Error {
	other := value.Errorf(e.Class, format, args...)
	other.Place = e.Place
	return other
}

// without masks texts in a message, as they are and as they are quoted. Short ones are
// left: what is like them is everywhere.
func without(texts []string, message string) string {
	for _, text := range texts {
		if len([]rune(text)) > shortestRepeat {
			quoted, long := value.Quote(text), strconv.Quote(text)
			message = strings.NewReplacer(text, value.Masked, quoted[1:len(quoted)-1], value.Masked, long[1:len(long)-1], value.Masked).Replace(message)
		}
	}
	return message
}

// unrevealingMissing is unrevealing for the Undefined that an operation returns.
func unrevealingMissing(op string, u *value.Undefined, of ...value.Value) *value.Undefined {
	if shown := unrevealing(op, u.Err(), of...); shown.Error() != u.Err().Msg {
		return &value.Undefined{Name: op, Hint: shown.Error(), Place: u.Place}
	}
	return u
}

// shortestRepeat is how many characters of a secret, side by side, a message may not repeat.
const shortestRepeat = 3

// repeats reports whether a message has so many characters of a text in it.
func repeats(said, text string) bool {
	r := []rune(text)
	if len(r) <= shortestRepeat {
		return text != "" && strings.Contains(said, text)
	}
	for i := range len(r) - shortestRepeat + 1 {
		if strings.Contains(said, string(r[i:i+shortestRepeat])) {
			return true
		}
	}
	return false
}
