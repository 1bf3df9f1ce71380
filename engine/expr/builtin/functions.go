package builtin

import (
	"time"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// functions are the names that can be called where no variable has the name.
func functions() []expr.Operation {
	return []expr.Operation{
		{Names: "range", Params: "start! stop step=1", Doc: "the numbers from start up to before stop", Do: makeRange},
		{Names: "dict", Params: "*pairs **entries", Doc: "a map of pairs and of entries", How: expr.Values | expr.Keeps, Do: makeDict},
		{Names: "namespace", Params: "*pairs **entries", Doc: "attributes that {% set ns.name = … %} changes", How: expr.Partial | expr.Keeps, Do: makeNamespace},
		{Names: "undef", Params: "hint=none", Doc: "an undefined value that says what is needed", How: expr.Keeps, Do: makeUndefined},
		{Names: "lookup", Params: "name! *terms **options", Doc: "what a lookup finds, as one value", How: expr.Raw | expr.Keeps, Do: lookupFunction},
		{Names: "query q", Params: "name! *terms **options", Doc: "what a lookup finds, as a list", How: expr.Raw | expr.Keeps, Do: queryFunction},
		{Names: "now", Params: "utc=false fmt=none", Doc: "this moment, or a text of it", Do: nowFunction},
		{Names: "lipsum", Params: "n=5 html=true min=20 max=100", Doc: "paragraphs of words without a meaning", Do: lipsum},
		{Names: "cycler", Params: "*items", Doc: "goes through values again and again, with next()", How: expr.Keeps, Do: func(u *expr.Call) (value.Value, error) {
			return expr.NewCycler(u.Rest)
		}},
		{Names: "joiner", Params: "sep=', '", Doc: "nothing when it is first called, later a separator", How: expr.Keeps, Do: func(u *expr.Call) (value.Value, error) {
			return expr.NewJoiner(u.Arg(0)), nil
		}},
	}
}

func makeRange(u *expr.Call) (value.Value, error) {
	r := &value.Range{Stop: u.Int(0), Step: u.Int(2)}
	if u.Has(1) {
		r.Start, r.Stop = u.Int(0), u.Int(1)
	}
	if r.Step == 0 {
		return nil, value.Errorf(value.TypeError, "the step of a range cannot be 0")
	}
	return r, nil
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
	switch len(u.Rest) {
	case 0:
	case 1:
		from, err := mapFrom(u.Context, u.Rest[0])
		if err != nil {
			return nil, err
		}
		m = from
	default:
		return nil, value.Errorf(value.TypeError, "'%s' takes one map or list of pairs", u.Name)
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
	if u.Arg(0) == nil {
		return u.Nothing("a value is needed here"), nil
	}
	u.Str(0)
	return u.Nothing(value.Text(u.Arg(0))), nil
}

// nowFunction returns a moment without a zone, as Python's datetime has it.
func nowFunction(u *expr.Call) (value.Value, error) {
	t := time.Now()
	if u.Flag(0) {
		t = t.UTC()
	}
	m := value.Moment{Time: time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond()/1000*1000, time.UTC)}
	if u.Arg(1) != nil && u.Str(1) != "" {
		return format.Time(m, u.Str(1)), nil
	}
	return m, nil
}

func queryFunction(u *expr.Call) (value.Value, error) {
	l, unknown, err := lookUp(u)
	if unknown != nil || err != nil {
		return expr.OrUnknown(unknown), err
	}
	if l == nil {
		l = []value.Value{}
	}
	return l, nil
}

// lookupFunction returns one result itself, several texts joined by commas, and
// other lists as they are; with wantlist it is a query. What errors='ignore' passes
// over is null.
func lookupFunction(u *expr.Call) (value.Value, error) {
	if v, ok := u.Named.Get("wantlist"); ok {
		if t, _, _ := value.Truth(v); t {
			return queryFunction(u)
		}
	}
	l, unknown, err := lookUp(u)
	switch {
	case unknown != nil || err != nil:
		return expr.OrUnknown(unknown), err
	case l == nil:
		return nil, nil
	case len(l) == 0:
		return []value.Value{}, nil
	case len(l) == 1:
		return l[0], nil
	}
	for _, v := range l {
		if _, ok := value.Bare(v).(string); !ok {
			return l, nil
		}
	}
	return u.Context.Join(l, ",")
}
