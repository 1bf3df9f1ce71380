package engine

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// mark returns a result in which the secrets are marked: all of it under no_log or a
// name that says secret, what the kind hides, what stands under such names, and what
// repeats a secret among the arguments or one that is known.
func (a *attempt) mark(m *value.Map) *value.Map {
	if a.noLog || value.SecretName(a.step.Register) {
		marked, _ := value.Mark(m).(*value.Map)
		return marked
	}
	for _, path := range a.step.Kind.SecretPaths() {
		m, _ = markAt(m, strings.Split(path, ".")).(*value.Map)
	}
	m, _ = value.MarkNamed(m).(*value.Map)
	if secrets := a.play.opt.Secrets; len(a.secrets) > 0 || !secrets.empty() {
		m, _ = value.Leaves(m, a.markRepeated).(*value.Map)
	}
	return m
}

// markAt returns x with what stands at a path marked; in a list, that of every item.
func markAt(x Value, path []string) Value {
	if len(path) == 0 {
		return value.Mark(x)
	}
	switch x := x.(type) {
	case []Value:
		out := make([]Value, len(x))
		for i, item := range x {
			out[i] = markAt(item, path)
		}
		return out
	case *value.Map:
		below, ok := stored(x, path[0])
		if !ok {
			return x
		}
		out := x.Clone()
		out.Set(path[0], markAt(below, path[1:]))
		return out
	case *value.Later:
		return x.Then(func(read Value) Value { return markAt(read, path) })
	}
	return x
}

// stored returns what stands under a key without reading what is read when it is used.
func stored(m *value.Map, key string) (Value, bool) {
	for k, v := range m.Stored() {
		if k == key {
			return v, true
		}
	}
	return nil, false
}

// markRepeated marks a text that repeats a secret.
func (a *attempt) markRepeated(v Value) Value {
	text, ok := v.(string)
	if !ok {
		return v
	}
	if shown := a.hide(a.play.opt.Secrets.Mask(text)); shown != text {
		return value.NewSecret(text, shown)
	}
	return v
}

// hide masks in a text of a task the secrets among its arguments, however short, where
// they stand as words of their own.
func (a *attempt) hide(text string) string {
	for _, secret := range a.secrets {
		text = withoutWord(text, secret)
	}
	return text
}

// withoutWord masks a word of a text, wherever no letter or digit is next to it.
func withoutWord(text, word string) string {
	if word == "" {
		return text
	}
	var b strings.Builder
	for {
		at := strings.Index(text, word)
		if at < 0 {
			return b.String() + text
		}
		before, _ := utf8.DecodeLastRuneInString(b.String() + text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		b.WriteString(text[:at])
		if isWordRune(before) || isWordRune(after) {
			b.WriteString(word)
		} else {
			b.WriteString(Masked)
		}
		text = text[at+len(word):]
	}
}

func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// hideProblem returns a problem of the task without the secrets among its arguments.
func (a *attempt) hideProblem(p *diagnostic.Problem) *diagnostic.Problem {
	if p == nil || len(a.secrets) == 0 {
		return p
	}
	q := *p
	q.Msg, q.Hint, q.Detail, q.Parts = a.hide(p.Msg), a.hide(p.Hint), a.hide(p.Detail), nil
	for _, part := range p.Parts {
		q.Parts = append(q.Parts, a.hideProblem(part))
	}
	return &q
}

// hideChange masks the secrets among the arguments in what is said of a change.
func (a *attempt) hideChange(c *Change) {
	if len(a.secrets) == 0 {
		return
	}
	c.Object, c.Risk, c.Attrs = a.hide(c.Object), a.hide(c.Risk), a.hideAttrs(c.Attrs)
	for i, part := range c.Parts {
		c.Parts[i].Object, c.Parts[i].Attrs = a.hide(part.Object), a.hideAttrs(part.Attrs)
	}
}

func (a *attempt) hideAttrs(attrs []Attr) []Attr {
	hidden := make([]Attr, len(attrs))
	for i, attr := range attrs {
		attr.Before, attr.After = value.Leaves(attr.Before, a.markRepeated), value.Leaves(attr.After, a.markRepeated)
		hidden[i] = attr
	}
	return hidden
}
