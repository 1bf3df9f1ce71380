package builtin

import (
	"math"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// jsonOptions are those of Python's json.dumps, and Ansible's own.
const jsonOptions = "separators=none ensure_ascii=true allow_nan=true skipkeys=false check_circular=true vault_to_text=true preprocess_unsafe=false"

// formatFilters write and read JSON and YAML.
func formatFilters() []expr.Operation {
	const yamlOptions = " default_flow_style=none sort_keys=true width=80 explicit_start=false explicit_end=false"
	return []expr.Operation{
		{Names: "to_json", Params: "* indent=none sort_keys=false " + jsonOptions, Doc: "the value as JSON on one line",
			How: expr.Plugin, Do: toJSON},
		{Names: "to_nice_json", Params: "indent=4 sort_keys=true * " + jsonOptions, Doc: "the value as indented JSON, keys in order",
			How: expr.Plugin, Do: toJSON},
		{Names: "tojson", Params: "indent=none", Doc: "the value as JSON that is safe inside HTML, keys in order", Do: htmlJSON},
		{Names: "from_json", Doc: "the value that a JSON text stands for", How: expr.Plugin, Do: fromJSON},
		{Names: "to_yaml", Params: "* indent=none" + yamlOptions, Doc: "the value as YAML, leaves on one line", How: expr.Plugin,
			Do: toYAML(format.FlowLeaves)},
		{Names: "to_nice_yaml", Params: "indent=4 *" + yamlOptions, Doc: "the value as YAML, an entry per line", How: expr.Plugin,
			Do: toYAML(format.FlowNever)},
		{Names: "from_yaml", Doc: "the value that a YAML text stands for", How: expr.Plugin, Do: fromYAML},
		{Names: "from_yaml_all", Doc: "the values of all documents of a YAML text", How: expr.Plugin, Do: fromYAMLAll},
	}
}

// jsonStyle reads the options that to_json and to_nice_json share.
func jsonStyle(u *expr.Call) (format.JSONStyle, error) {
	style := format.JSONStyle{SortKeys: u.Flag(1), ASCII: u.Flag(3)}
	if u.Arg(0) != nil {
		style.Indent, style.Indented = u.Int(0), true
	}
	if style.Indent < 0 || style.Indent > 64 {
		return style, value.Errorf(value.FilterError, "an indent is a number from 0 to 64")
	}
	if u.Arg(2) != nil {
		pair, err := u.Context.Elements(u.Args[2])
		if err != nil || len(pair) != 2 {
			return style, value.Errorf(value.FilterError, "separators are a pair of texts, as in [',', ':']")
		}
		style.Item, style.Key = value.Text(pair[0]), value.Text(pair[1])
	}
	return style, nil
}

func toJSON(u *expr.Call) (value.Value, error) {
	style, err := jsonStyle(u)
	if err != nil {
		return nil, err
	}
	if !u.Flag(4) && hasNaN(u.In) {
		return nil, value.Errorf(value.FilterError, "JSON has no NaN and no infinity")
	}
	if tupleKeys(u.In) {
		return nil, value.Errorf(value.FilterError, "a tuple cannot be a key in JSON")
	}
	if style.SortKeys && mixedKeys(&u.Context.Budget, u.In) {
		return nil, value.Errorf(value.FilterError, "the keys of a map are of several types, and have no order").WithHint("give sort_keys=false")
	}
	return jsonOf(u, style)
}

func hasNaN(v value.Value) bool {
	f, ok := v.(float64)
	return ok && (math.IsNaN(f) || math.IsInf(f, 0)) || anyElement(v, hasNaN)
}

// tupleKeys reports whether a map in v has a tuple for a key.
func tupleKeys(v value.Value) bool {
	if m, ok := v.(*value.Map); ok {
		for k := range m.Stored() {
			if _, tuple := k.(value.Tuple); tuple {
				return true
			}
		}
	}
	return anyElement(v, tupleKeys)
}

// mixedKeys reports whether the keys of a map in v cannot be sorted.
func mixedKeys(b *value.Budget, v value.Value) bool {
	if m, ok := v.(*value.Map); ok {
		keys := m.Keys()
		for _, k := range keys {
			if _, ok := b.Order(keys[0], k); !ok && (k != nil || keys[0] != nil || len(keys) > 1) {
				return true
			}
		}
	}
	return anyElement(v, func(e value.Value) bool { return mixedKeys(b, e) })
}

// anyElement reports whether f holds for an element of a list or a map's value.
func anyElement(v value.Value, f func(value.Value) bool) bool {
	switch v := v.(type) {
	case []value.Value:
		for _, e := range v {
			if f(e) {
				return true
			}
		}
	case value.Tuple:
		return anyElement([]value.Value(v), f)
	case *value.Map:
		for _, e := range v.All() {
			if f(e) {
				return true
			}
		}
	}
	return false
}

func jsonOf(u *expr.Call, style format.JSONStyle) (value.Value, error) {
	v, err := u.Context.Finish(u.In)
	if err != nil {
		return nil, err
	}
	s := format.JSONWithin(v, style, value.MaxText)
	return s, u.Context.Write(len(s))
}

// htmlJSON is Jinja's own: sorted, and safe between HTML tags.
func htmlJSON(u *expr.Call) (value.Value, error) {
	style := format.JSONStyle{SortKeys: true, ASCII: true}
	if u.Arg(0) != nil {
		style.Indent, style.Indented = min(max(u.Int(0), 0), 64), true
	}
	v, err := jsonOf(u, style)
	if err != nil {
		return nil, err
	}
	return u.Markup(strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(v.(string))), nil
}

func fromJSON(u *expr.Call) (value.Value, error) {
	s, ok := u.In.(string)
	if !ok {
		return nil, value.Errorf(value.FilterError, "'from_json' wants text, not %s", value.Describe(u.In)).WithHint("leave the filter out: it is a value already")
	}
	return format.FromJSON(s)
}

func fromYAML(u *expr.Call) (value.Value, error) {
	s, ok := u.In.(string)
	if !ok {
		return u.In, nil
	}
	return readYAML(u, s)
}

func readYAML(u *expr.Call, s string) (value.Value, error) {
	if u.Context.FromYAML == nil {
		return nil, value.Errorf(value.FilterError, "'%s' is not available here", u.Name)
	}
	v, err := u.Context.FromYAML(s)
	if err != nil {
		return nil, &value.Error{Class: value.FilterError, Msg: "this is not YAML: " + err.Error(), Err: err}
	}
	return v, nil
}

// fromYAMLAll cuts a text where a document begins or ends, and reads each.
func fromYAMLAll(u *expr.Call) (value.Value, error) {
	s, ok := u.In.(string)
	switch {
	case u.In == nil:
		return []value.Value{}, nil
	case !ok:
		return u.In, nil
	}
	out := []value.Value{}
	for _, doc := range yamlDocuments(s) {
		v, err := readYAML(u, doc)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, u.Context.Count(len(s) / 16)
}

// yamlDocuments cuts a stream into its documents. One that begins with --- is a
// document, be it empty.
func yamlDocuments(s string) []string {
	var docs []string
	var lines []string
	begun := false
	flush := func() {
		text := strings.Join(lines, "\n")
		if begun || strings.TrimSpace(stripComments(text)) != "" {
			docs = append(docs, text)
		}
		lines, begun = nil, false
	}
	for line := range strings.SplitSeq(s, "\n") {
		bare := strings.TrimRight(line, " \t\r")
		switch {
		case bare == "...":
			flush()
		case bare == "---", strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "---\t"):
			if begun || strings.TrimSpace(stripComments(strings.Join(lines, "\n"))) != "" {
				flush()
			}
			begun = true
			lines = append(lines, line)
		default:
			lines = append(lines, line)
		}
	}
	flush()
	return docs
}

// stripComments leaves out the lines that are comments or directives.
func stripComments(text string) string {
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		if t := strings.TrimSpace(line); !strings.HasPrefix(t, "#") && !strings.HasPrefix(line, "%") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

func toYAML(flow format.YAMLFlow) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		v, err := u.Context.Finish(u.In)
		if err != nil {
			return nil, err
		}
		style := format.YAMLStyle{Indent: 2, Flow: flow, Sorted: u.Flag(2), Width: 80}
		if u.Arg(0) != nil {
			style.Indent = u.Int(0)
		}
		if style.Indent < 2 || style.Indent > 9 {
			style.Indent = 2
		}
		if u.Arg(1) != nil {
			style.Flow = format.FlowNever
			if u.Flag(1) {
				style.Flow = format.FlowAlways
			}
		}
		switch w := u.Arg(3).(type) {
		case int:
			style.Width = max(w, style.Indent*2+1)
		case float64:
			style.Width = int(math.Min(math.Max(w, float64(style.Indent*2+1)), math.MaxInt32))
		}
		text := format.YAML(v, style)
		s := marked(text, u.Flag(4), u.Flag(5), v)
		return s, u.Context.Write(len(s))
	}
}

// marked adds the marks of a document's beginning and end.
func marked(s string, start, end bool, v value.Value) string {
	if start {
		switch v := v.(type) {
		case *value.Map:
			s = "---" + gap(v.Len() == 0 || s[0] == '{') + s
		case []value.Value:
			s = "---" + gap(len(v) == 0 || s[0] == '[') + s
		default:
			s = "--- " + s
		}
	}
	if end && !strings.HasSuffix(s, "...\n") {
		s += "...\n"
	}
	return s
}

func gap(inline bool) string {
	if inline {
		return " "
	}
	return "\n"
}
