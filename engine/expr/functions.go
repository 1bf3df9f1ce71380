package expr

import (
	"maps"
	"slices"
	"strings"
	"time"

	"runner/engine/expr/format"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/suggest"
)

// functions are the names that can be called where no variable has the name.
func functions() []operation {
	return []operation{
		{names: "range", params: "start! stop step", do: makeRange},
		{names: "dict", params: "from **more", how: partial, do: makeDict},
		{names: "namespace", params: "from **more", how: partial, do: makeNamespace},
		{names: "undef", params: "hint", do: makeUndefined},
		{names: "lookup", params: "name! *terms **options", how: raw, do: lookupFunction},
		{names: "query q", params: "name! *terms **options", how: raw, do: queryFunction},
		{names: "now", params: "utc fmt", do: nowFunction},
	}
}

func makeRange(u *use) (value.Value, error) {
	s := &value.Range{Stop: u.int(0, 0), Step: u.int(2, 1)}
	if u.has(1) {
		s.Start, s.Stop = u.int(0, 0), u.int(1, 0)
	}
	if s.Step == 0 {
		return nil, value.Errorf(value.TypeError, "the step of a range cannot be 0")
	}
	return s, nil
}

// A namespace is a bag of attributes that {% set ns.x = … %} can change.
type namespace struct{ values *value.Map }

func (*namespace) TypeName() string { return "Namespace" }

func makeNamespace(u *use) (value.Value, error) {
	m, err := makeDict(u)
	if err != nil {
		return nil, err
	}
	return &namespace{m.(*value.Map)}, nil
}

func makeDict(u *use) (value.Value, error) {
	m := &value.Map{}
	if u.has(0) {
		from, err := mapFrom(u.c, u.args[0])
		if err != nil {
			return nil, err
		}
		m = from
	}
	for k, v := range u.named.All() {
		v, err := u.c.force(v)
		if err != nil {
			return nil, err
		}
		m.Set(k, v)
	}
	return m, nil
}

// mapFrom makes a new Map of a map or of a list of pairs.
func mapFrom(c *Context, v value.Value) (*value.Map, error) {
	if m, ok := v.(*value.Map); ok {
		return m.Clone(), c.Count(m.Len())
	}
	l, err := c.Elements(v)
	if err != nil {
		return nil, err
	}
	m := &value.Map{}
	for _, e := range l {
		pair, err := c.Elements(e)
		if err != nil {
			return nil, err
		}
		if len(pair) != 2 {
			return nil, value.Errorf(value.TypeError, "a map is made of pairs, but %s has %d elements", value.Describe(e), len(pair))
		}
		if !value.Hashable(pair[0]) {
			return nil, value.Errorf(value.TypeError, "%s cannot be a key", value.Describe(pair[0]))
		}
		m.Set(pair[0], pair[1])
	}
	return m, c.Count(m.Len())
}

func makeUndefined(u *use) (value.Value, error) {
	return u.nothing(u.str(0, "a value is needed here")), nil
}

func nowFunction(u *use) (value.Value, error) {
	m := value.Moment{Time: time.Now()}
	if u.flag(0, false) {
		m.Time = m.Time.UTC()
	}
	if f := u.str(1, ""); f != "" {
		return format.Time(m, f), nil
	}
	return m, nil
}

// allVars is the name `vars`: every variable as an attribute.
type allVars struct{}

func (allVars) TypeName() string { return "dict" }

func queryFunction(u *use) (value.Value, error) {
	l, unknown, err := u.lookup()
	if unknown != nil || err != nil {
		return orUnknown(unknown), err
	}
	return l, nil
}

// lookupFunction gives one result itself, several texts joined by commas, and
// other lists as they are; with wantlist it is a query.
func lookupFunction(u *use) (value.Value, error) {
	l, unknown, err := u.lookup()
	switch {
	case unknown != nil || err != nil:
		return orUnknown(unknown), err
	case u.flagNamed("wantlist"):
		return l, nil
	case len(l) == 0:
		return "", nil
	case len(l) == 1:
		return l[0], nil
	}
	texts := make([]string, len(l))
	for i, v := range l {
		s, ok := v.(string)
		if !ok {
			return l, nil
		}
		texts[i] = s
	}
	s := strings.Join(texts, ",")
	return s, u.c.Write(len(s))
}

func (u *use) flagNamed(name string) bool {
	v, ok := u.named.Get(name)
	t, _, _ := value.Truth(v)
	return ok && t
}

// lookup finds and runs the lookup that the arguments name.
func (u *use) lookup() ([]value.Value, *value.Unknown, error) {
	terms, options := []value.Value{}, &value.Map{}
	for _, v := range append([]value.Value{u.args[0]}, u.rest...) {
		v, err := u.c.force(v)
		if err != nil {
			return nil, nil, err
		}
		unknown, err := u.c.Usable(v)
		if unknown != nil || err != nil {
			return nil, unknown, err
		}
		terms = append(terms, v)
	}
	for k, v := range u.named.All() {
		v, err := u.c.force(v)
		if err != nil {
			return nil, nil, err
		}
		if k != "wantlist" && k != "errors" {
			options.Set(k, v)
		}
	}
	full, ok := terms[0].(string)
	if !ok {
		return nil, nil, value.Errorf(value.LookupError, "a lookup's name is text, not %s", value.Describe(terms[0]))
	}
	l, err := u.find(syntax.LastName(full), full, terms[1:], options)
	if err == nil {
		return l, nil, nil
	}
	if mode, _ := u.named.Get("errors"); mode == "ignore" || mode == "warn" {
		return []value.Value{nil}, nil, nil
	}
	return nil, nil, value.AsError(err, value.LookupError)
}

func (u *use) find(name, full string, terms []value.Value, options *value.Map) ([]value.Value, error) {
	if l, ok := u.c.Lookups[name]; ok {
		return l(u.c, terms, options)
	}
	if name == "vars" {
		return varsLookup(u, terms, options)
	}
	names := append(slices.Sorted(maps.Keys(u.c.Lookups)), "vars")
	e := value.Errorf(value.LookupError, "no lookup is named %s", value.Quote(full)).WithHint(suggest.DidYouMean(name, names))
	return nil, e.WithDetail("the lookups are: " + strings.Join(names, ", "))
}

// varsLookup gives variables by name.
func varsLookup(u *use, terms []value.Value, options *value.Map) ([]value.Value, error) {
	out := make([]value.Value, 0, len(terms))
	for _, t := range terms {
		name, ok := t.(string)
		if !ok {
			return nil, value.Errorf(value.LookupError, "a variable's name is text, not %s", value.Describe(t))
		}
		v, ok, err := u.c.lookup(name)
		if err != nil {
			return nil, err
		}
		if !ok {
			if v, ok = options.Get("default"); !ok {
				return nil, u.c.undefined(name, u.st.t.tree.Place(int(u.st.here))).Err()
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// EnvLookup is the lookup `env`: environment variables by name, empty where
// unset unless there is the option default.
func EnvLookup(getenv func(name string) (string, bool)) Lookup {
	return func(_ *Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
		out := make([]value.Value, 0, len(terms))
		for _, t := range terms {
			name, _, _ := strings.Cut(strings.TrimSpace(value.Text(t)), " ")
			s, ok := getenv(name)
			otherwise, has := options.Get("default")
			switch {
			case ok:
				out = append(out, s)
			case has:
				out = append(out, otherwise)
			default:
				out = append(out, "")
			}
		}
		return out, nil
	}
}
