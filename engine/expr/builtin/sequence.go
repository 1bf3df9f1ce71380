package builtin

import (
	"regexp"
	"strconv"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

var sequenceShort = regexp.MustCompile(`(?i)^((0?x?[0-9a-f]+)-)?(0?x?[0-9a-f]+)(/(0?x?[0-9a-f]+))?(:(.+))?$`)

// A numbering is what the lookup `sequence` is given.
type numbering struct {
	start, stride int
	end, count    *int
	format        string
}

// sequence writes numbers: "5", "2-10/2", "4:host%02d", "start=1 end=5 stride=2".
func sequence(u *expr.Call) (value.Value, error) {
	terms := u.Rest
	if len(terms) == 0 {
		terms = []value.Value{""}
	}
	out := []value.Value{}
	for _, t := range terms {
		n := numbering{start: 1, stride: 1, format: "%d"}
		if err := n.read(u, value.Text(t)); err != nil {
			return nil, err
		}
		l, err := n.list(u)
		if err != nil {
			return nil, err
		}
		out = append(out, l...)
	}
	return out, nil
}

func (n *numbering) read(u *expr.Call, term string) error {
	for i, name := range []string{"start", "end", "count", "stride", "format"} {
		if u.Arg(i) != nil {
			if err := n.set(name, value.Text(u.Arg(i))); err != nil {
				return err
			}
		}
	}
	if m := sequenceShort.FindStringSubmatch(term); m != nil {
		for i, name := range map[int]string{2: "start", 3: "end", 5: "stride", 7: "format"} {
			if m[i] != "" {
				if err := n.set(name, m[i]); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, word := range strings.Fields(term) {
		name, text, ok := strings.Cut(word, "=")
		if !ok {
			return value.Errorf(value.LookupError, "the lookup 'sequence' cannot read %s", value.Quote(term)).WithHint("as in 1-5, or start=1 end=5")
		}
		if err := n.set(name, strings.Trim(text, `'"`)); err != nil {
			return err
		}
	}
	return nil
}

func (n *numbering) set(name, text string) error {
	if name == "format" {
		n.format = text
		return nil
	}
	i, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return value.Errorf(value.LookupError, "%s of a sequence is a whole number, not %s", name, value.Quote(text))
	}
	whole := int(i)
	switch name {
	case "start":
		n.start = whole
	case "end":
		n.end = &whole
	case "count":
		n.count = &whole
	case "stride":
		n.stride = whole
	default:
		return value.Errorf(value.LookupError, "the lookup 'sequence' has no parameter %s", value.Quote(name)).
			WithHint("available: start, end, count, stride, format")
	}
	return nil
}

// list writes the numbers from start to end, both included.
func (n *numbering) list(u *expr.Call) ([]value.Value, error) {
	switch {
	case n.end == nil && n.count == nil:
		return nil, value.Errorf(value.LookupError, "a sequence needs its end, or a count")
	case n.end != nil && n.count != nil:
		return nil, value.Errorf(value.LookupError, "a sequence takes its end or a count, not both")
	case n.count != nil && *n.count == 0 || n.stride == 0:
		return nil, nil
	case n.count != nil:
		end := n.start + *n.count*n.stride - 1
		n.end = &end
	}
	end := *n.end
	switch {
	case n.stride > 0 && end < n.start:
		return nil, value.Errorf(value.LookupError, "a sequence from %d down to %d needs a negative stride", n.start, end)
	case n.stride < 0 && end > n.start:
		return nil, value.Errorf(value.LookupError, "a sequence from %d up to %d needs a positive stride", n.start, end)
	case strings.Count(n.format, "%") != 1:
		return nil, value.Errorf(value.LookupError, "the format of a sequence has one %%, as in host%%02d; this is %s", value.Quote(n.format))
	}
	return n.numbers(u, end)
}

// numbers writes each number up to end. That they are too many is known before the first.
func (n *numbering) numbers(u *expr.Call, end int) ([]value.Value, error) {
	distance, step := uint(end)-uint(n.start), uint(n.stride)
	if n.stride < 0 {
		distance, step = -distance, -step
	}
	count := int(min(distance/step, value.MaxSteps)) + 1
	if err := u.Context.Count(count); err != nil {
		return nil, err
	}
	out := make([]value.Value, count)
	for i := range out {
		s, err := format.Percent(&u.Context.Budget, n.format, n.start+i*n.stride)
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

// subelementsLookup pairs each map with each item of the list under a path in it,
// which is taken out of the map.
func subelementsLookup(u *expr.Call) (value.Value, error) {
	if len(u.Rest) < 2 || len(u.Rest) > 3 {
		return nil, value.Errorf(value.LookupError, "the lookup 'subelements' wants a list, a path and perhaps {'skip_missing': true}")
	}
	path, ok := u.Rest[1].(string)
	if !ok {
		return nil, value.Errorf(value.LookupError, "the path of 'subelements' is text, not %s", value.Describe(u.Rest[1]))
	}
	elements := asList(u.Rest[0])
	if m, isMap := u.Rest[0].(*value.Map); isMap {
		if skipped, _ := m.Get("skipped"); isSet(skipped) {
			return []value.Value{}, nil
		}
		elements = nil
		for _, e := range m.All() {
			elements = append(elements, e)
		}
	}
	skip := false
	if len(u.Rest) == 3 {
		flags, _ := u.Rest[2].(*value.Map)
		v, _ := flags.Get("skip_missing")
		text, isText := v.(string)
		skip = isSet(v) && !isText || isText && truthWord(text)
	}
	out := []value.Value{}
	for _, e := range elements {
		m, ok := e.(*value.Map)
		if !ok {
			return nil, value.Errorf(value.LookupError, "the lookup 'subelements' wants maps, not %s", value.Describe(e))
		}
		if skipped, _ := m.Get("skipped"); isSet(skipped) {
			continue
		}
		rest, subs, err := takenOut(m, strings.Split(path, "."), skip)
		if err != nil {
			return nil, err
		}
		for _, s := range subs {
			out = append(out, value.Tuple{rest, s})
		}
	}
	return out, u.Context.Count(len(out))
}

// takenOut returns a copy of m without the list under a path, and that list.
func takenOut(m *value.Map, path []string, skip bool) (*value.Map, []value.Value, error) {
	v, ok := m.Get(path[0])
	if !ok && skip {
		return m, nil, nil
	}
	if !ok {
		return nil, nil, value.Errorf(value.LookupError, "there is no key %s in %s", value.Quote(path[0]), value.Shorten(value.Repr(m), 60))
	}
	rest := &value.Map{}
	if len(path) == 1 {
		l, ok := v.([]value.Value)
		if !ok {
			return nil, nil, value.Errorf(value.LookupError, "%s is to be a list, not %s", value.Quote(path[0]), value.Describe(v))
		}
		for k, e := range m.All() {
			if k != path[0] {
				rest.Set(k, e)
			}
		}
		return rest, l, nil
	}
	inner, ok := v.(*value.Map)
	if !ok && skip {
		return m, nil, nil
	}
	if !ok {
		return nil, nil, value.Errorf(value.LookupError, "%s is to be a map, not %s", value.Quote(path[0]), value.Describe(v))
	}
	below, l, err := takenOut(inner, path[1:], skip)
	if err != nil {
		return nil, nil, err
	}
	for k, e := range m.All() {
		if rest.Set(k, e); k == path[0] {
			rest.Set(k, below)
		}
	}
	return rest, l, nil
}
