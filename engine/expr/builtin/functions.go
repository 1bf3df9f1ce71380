package builtin

import (
	"maps"
	"slices"
	"strings"
	"time"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/suggest"
)

// functions are the names that can be called where no variable has the name.
func functions() []expr.Operation {
	return []expr.Operation{
		{Names: "range", Params: "start! stop step", Do: makeRange},
		{Names: "dict", Params: "from **more", How: expr.Partial, Do: makeDict},
		{Names: "namespace", Params: "from **more", How: expr.Partial, Do: makeNamespace},
		{Names: "undef", Params: "hint", Do: makeUndefined},
		{Names: "lookup", Params: "name! *terms **options", How: expr.Raw, Do: lookupFunction},
		{Names: "query q", Params: "name! *terms **options", How: expr.Raw, Do: queryFunction},
		{Names: "now", Params: "utc fmt", Do: nowFunction},
	}
}

func makeRange(u *expr.Call) (value.Value, error) {
	s := &value.Range{Stop: u.Int(0, 0), Step: u.Int(2, 1)}
	if u.Has(1) {
		s.Start, s.Stop = u.Int(0, 0), u.Int(1, 0)
	}
	if s.Step == 0 {
		return nil, value.Errorf(value.TypeError, "the step of a range cannot be 0")
	}
	return s, nil
}

func makeNamespace(u *expr.Call) (value.Value, error) {
	m, err := makeDict(u)
	if err != nil {
		return nil, err
	}
	return expr.NewNamespace(m.(*value.Map)), nil
}

func makeDict(u *expr.Call) (value.Value, error) {
	m := &value.Map{}
	if u.Has(0) {
		from, err := mapFrom(u.Context, u.Args[0])
		if err != nil {
			return nil, err
		}
		m = from
	}
	for k, v := range u.Named.All() {
		v, err := u.Context.Force(v)
		if err != nil {
			return nil, err
		}
		m.Set(k, v)
	}
	return m, nil
}

// mapFrom makes a new Map of a map or of a list of pairs.
func mapFrom(c *expr.Context, v value.Value) (*value.Map, error) {
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

func makeUndefined(u *expr.Call) (value.Value, error) {
	return u.Nothing(u.Str(0, "a value is needed here")), nil
}

func nowFunction(u *expr.Call) (value.Value, error) {
	m := value.Moment{Time: time.Now()}
	if u.Flag(0, false) {
		m.Time = m.Time.UTC()
	}
	if f := u.Str(1, ""); f != "" {
		return format.Time(m, f), nil
	}
	return m, nil
}

func queryFunction(u *expr.Call) (value.Value, error) {
	l, unknown, err := lookUp(u)
	if unknown != nil || err != nil {
		return expr.OrUnknown(unknown), err
	}
	return l, nil
}

// lookupFunction gives one result itself, several texts joined by commas, and
// other lists as they are; with wantlist it is a query.
func lookupFunction(u *expr.Call) (value.Value, error) {
	l, unknown, err := lookUp(u)
	switch {
	case unknown != nil || err != nil:
		return expr.OrUnknown(unknown), err
	case u.FlagNamed("wantlist"):
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
	return s, u.Context.Write(len(s))
}

// lookUp finds and runs the lookup that the arguments name.
func lookUp(u *expr.Call) ([]value.Value, *value.Unknown, error) {
	terms, options := []value.Value{}, &value.Map{}
	for _, v := range append([]value.Value{u.Args[0]}, u.Rest...) {
		v, err := u.Context.Force(v)
		if err != nil {
			return nil, nil, err
		}
		unknown, err := u.Context.Usable(v)
		if unknown != nil || err != nil {
			return nil, unknown, err
		}
		terms = append(terms, v)
	}
	for k, v := range u.Named.All() {
		v, err := u.Context.Force(v)
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
	l, err := findLookup(u, syntax.LastName(full), full, terms[1:], options)
	if err == nil {
		return l, nil, nil
	}
	if mode, _ := u.Named.Get("errors"); mode == "ignore" || mode == "warn" {
		return []value.Value{nil}, nil, nil
	}
	return nil, nil, value.AsError(err, value.LookupError)
}

func findLookup(u *expr.Call, name, full string, terms []value.Value, options *value.Map) ([]value.Value, error) {
	if l, ok := u.Context.Lookups[name]; ok {
		return l(u.Context, terms, options)
	}
	if name == "vars" {
		return varsLookup(u, terms, options)
	}
	names := append(slices.Sorted(maps.Keys(u.Context.Lookups)), "vars")
	e := value.Errorf(value.LookupError, "no lookup is named %s", value.Quote(full)).WithHint(suggest.DidYouMean(name, names))
	return nil, e.WithDetail("the lookups are: " + strings.Join(names, ", "))
}

// varsLookup gives variables by name.
func varsLookup(u *expr.Call, terms []value.Value, options *value.Map) ([]value.Value, error) {
	out := make([]value.Value, 0, len(terms))
	for _, t := range terms {
		name, ok := t.(string)
		if !ok {
			return nil, value.Errorf(value.LookupError, "a variable's name is text, not %s", value.Describe(t))
		}
		v, ok, err := u.Context.Lookup(name)
		if err != nil {
			return nil, err
		}
		if !ok {
			if v, ok = options.Get("default"); !ok {
				return nil, u.Context.Undefined(name, u.Place()).Err()
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// EnvLookup is the lookup `env`: environment variables by name, empty where
// unset unless there is the option default.
func EnvLookup(getenv func(name string) (string, bool)) expr.Lookup {
	return func(_ *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
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
