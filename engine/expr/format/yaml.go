package format

import (
	"math/big"
	"regexp"
	"slices"
	"strings"

	"runner/engine/expr/value"
)

// A YAMLFlow says what is written in one line, between brackets.
type YAMLFlow int

// What is written in flow style.
const (
	FlowLeaves YAMLFlow = iota // lists and maps that hold only scalars
	FlowNever                  // only what is empty
	FlowAlways
)

// YAMLStyle is how YAML writes a value.
type YAMLStyle struct {
	Indent int
	Flow   YAMLFlow
	Sorted bool
	Width  int // where lines are broken
}

// YAML writes a finished value as PyYAML does, line breaks included, so
// that files made from it do not change when Ansible's are replaced.
func YAML(v value.Value, style YAMLStyle) string {
	w := &yamlWriter{style: style, space: true, fresh: true, indent: -1}
	w.node(v, inRoot)
	w.newIndent()
	return w.b.String()
}

// A yamlContext says where a node stands.
type yamlContext int

const (
	inRoot yamlContext = iota
	inSequence
	inMapping
	asKey
)

type yamlWriter struct {
	b      strings.Builder
	style  YAMLStyle
	column int
	indent int // -1: before the first collection
	level  int // of flow collections around
	space  bool
	fresh  bool // nothing but indentation and indicators on this line
}

func (w *yamlWriter) put(s string) {
	w.b.WriteString(s)
	w.column += len([]rune(s))
}

func (w *yamlWriter) newline() {
	w.b.WriteByte('\n')
	w.column, w.space, w.fresh = 0, true, true
}

// newIndent goes to the place where the next block begins.
func (w *yamlWriter) newIndent() {
	indent := max(w.indent, 0)
	if !w.fresh || w.column > indent || w.column == indent && !w.space {
		w.newline()
	}
	if w.column < indent {
		w.space = true
		w.put(strings.Repeat(" ", indent-w.column))
	}
}

func (w *yamlWriter) indicator(s string, apart, space, fresh bool) {
	if apart && !w.space {
		w.put(" ")
	}
	w.put(s)
	w.space, w.fresh = space, w.fresh && fresh
}

// deeper runs f one level further in.
func (w *yamlWriter) deeper(flow, same bool, f func()) {
	before := w.indent
	switch {
	case before < 0 && flow:
		w.indent = w.style.Indent
	case before < 0:
		w.indent = 0
	case !same:
		w.indent += w.style.Indent
	}
	f()
	w.indent = before
}

func (w *yamlWriter) node(v value.Value, in yamlContext) {
	switch v := v.(type) {
	case []value.Value:
		if w.inFlow(len(v), v) {
			w.flowSequence(v)
			return
		}
		w.deeper(false, in == inMapping && !w.fresh, func() {
			for _, e := range v {
				w.newIndent()
				w.indicator("-", true, false, true)
				w.node(e, inSequence)
			}
		})
	case *value.Map:
		values := make([]value.Value, 0, v.Len())
		for _, e := range v.All() {
			values = append(values, e)
		}
		if w.inFlow(v.Len(), values) {
			w.flowMapping(v)
			return
		}
		w.deeper(false, false, func() { w.blockMapping(v) })
	default:
		w.deeper(true, false, func() { w.scalar(v, in) })
	}
}

func (w *yamlWriter) inFlow(n int, values []value.Value) bool {
	if n == 0 || w.level > 0 || w.style.Flow == FlowAlways {
		return true
	}
	return w.style.Flow == FlowLeaves && !slices.ContainsFunc(values, isCollection)
}

func isCollection(v value.Value) bool {
	switch v.(type) {
	case []value.Value, *value.Map:
		return true
	}
	return false
}

func (w *yamlWriter) keys(m *value.Map) []value.Value {
	keys := m.Keys()
	if !w.style.Sorted {
		return keys
	}
	budget := &value.Budget{}
	for _, k := range keys {
		if _, ok := budget.Order(keys[0], k); !ok {
			return keys
		}
	}
	slices.SortStableFunc(keys, func(a, b value.Value) int { o, _ := budget.Order(a, b); return o })
	return keys
}

func (w *yamlWriter) blockMapping(m *value.Map) {
	for _, k := range w.keys(m) {
		w.newIndent()
		v, _ := m.Get(k)
		if simpleKey(k) {
			w.node(k, asKey)
			w.indicator(":", false, false, false)
		} else {
			w.indicator("?", true, false, true)
			w.node(k, inMapping)
			w.newIndent()
			w.indicator(":", true, false, true)
		}
		w.node(v, inMapping)
	}
}

func (w *yamlWriter) flowSequence(l []value.Value) {
	w.indicator("[", true, true, false)
	w.level++
	w.deeper(true, false, func() {
		for i, e := range l {
			w.flowItem(i)
			w.node(e, inSequence)
		}
	})
	w.level--
	w.indicator("]", false, false, false)
}

func (w *yamlWriter) flowItem(i int) {
	if i > 0 {
		w.indicator(",", false, false, false)
	}
	if w.column > w.style.Width {
		w.newIndent()
	}
}

func (w *yamlWriter) flowMapping(m *value.Map) {
	w.indicator("{", true, true, false)
	w.level++
	w.deeper(true, false, func() {
		for i, k := range w.keys(m) {
			w.flowItem(i)
			v, _ := m.Get(k)
			if simpleKey(k) {
				w.node(k, asKey)
				w.indicator(":", false, false, false)
			} else {
				w.indicator("?", true, false, false)
				w.node(k, inMapping)
				if w.column > w.style.Width {
					w.newIndent()
				}
				w.indicator(":", true, false, false)
			}
			w.node(v, inMapping)
		}
	})
	w.level--
	w.indicator("}", false, false, false)
}

// simpleKey reports whether a key stands before ':' without '?'; libyaml, which PyYAML
// writes with, counts its bytes.
func simpleKey(k value.Value) bool {
	s := yamlText(k)
	return len(s) <= 128 && !strings.ContainsAny(s, "\r\n\u0085\u2028\u2029")
}

// yamlText is a scalar's text before it is quoted.
func yamlText(v value.Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strings.ToLower(value.Text(v))
	case float64:
		return yamlFloat(v)
	case *value.Unknown:
		return value.KnownAfterApply
	}
	return value.Text(v)
}

func yamlFloat(f float64) string {
	switch s := value.FloatText(f); s {
	case "inf":
		return ".inf"
	case "-inf":
		return "-.inf"
	case "nan":
		return ".nan"
	default:
		if !strings.Contains(s, ".") {
			s = strings.Replace(s, "e", ".0e", 1)
		}
		return s
	}
}

func (w *yamlWriter) scalar(v value.Value, in yamlContext) {
	s := yamlText(v)
	_, isText := v.(string)
	look := analyzeYAML(s)
	plain := !isText || !yamlResolves(s)
	switch v.(type) {
	case nil, bool, int, *big.Int, float64:
		look.flowPlain, look.blockPlain = true, true
	}
	inLine := in != asKey || !look.breaks
	if plain && inLine && (in != asKey || !look.empty) &&
		(w.level > 0 && look.flowPlain || w.level == 0 && look.blockPlain) {
		w.plain(s, in != asKey)
		return
	}
	if look.single && inLine {
		w.single(s, in != asKey)
		return
	}
	w.double(s, in != asKey)
}

// yamlImplicit matches plain scalars that are not text by YAML 1.1.
var yamlImplicit = regexp.MustCompile(`^(?:` +
	`yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF` +
	`|~|null|Null|NULL||<<|=` +
	`|[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+` +
	`|[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?` +
	`|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)` +
	`|[0-9]{4}-[0-9]{2}-[0-9]{2}` +
	`|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9][0-9])?))?` +
	`)$`)

func yamlResolves(s string) bool { return yamlImplicit.MatchString(s) }
