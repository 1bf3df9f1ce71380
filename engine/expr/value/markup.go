package value

import "html"

// A Markup is a text that is HTML already: escape and what is joined to it leave it as it
// is. To the language it is a text otherwise; outside an evaluation it is none.
type Markup string

// Escape returns a value as HTML: a Markup as it is, of others the text with what is
// special to HTML written in its way.
func Escape(v Value) Markup {
	if m, ok := v.(Markup); ok {
		return m
	}
	return Markup(html.EscapeString(Text(v)))
}

// WithoutMarkup makes plain texts of the Markups in v.
func WithoutMarkup(v Value) Value {
	switch v := v.(type) {
	case Markup:
		return string(v)
	case []Value, Tuple, *Map:
		if holdsMarkup(v) {
			return edited(v, WithoutMarkup, true)
		}
	}
	return v
}

func holdsMarkup(v Value) bool {
	switch v := v.(type) {
	case Markup:
		return true
	case []Value:
		return anyIs(v, holdsMarkup)
	case Tuple:
		return anyIs(v, holdsMarkup)
	case *Map:
		for k, e := range v.Stored() {
			if holdsMarkup(k) || holdsMarkup(e) {
				return true
			}
		}
	}
	return false
}

// EscapedTexts escapes the texts in v.
func EscapedTexts(v Value) Value {
	return edited(v, func(e Value) Value {
		switch e.(type) {
		case string, Markup:
			return string(Escape(e))
		}
		return e
	}, false)
}

// AsMarkup makes Markups of the texts in v.
func AsMarkup(v Value) Value {
	return edited(v, func(e Value) Value {
		if s, ok := e.(string); ok {
			return Markup(s)
		}
		return e
	}, false)
}
