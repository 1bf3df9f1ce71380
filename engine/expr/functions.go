package expr

import (
	"fmt"
	"strings"
	"time"

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

// A sequence is what range() gives; it cannot be stored.
type sequence struct{ start, stop, step int }

func makeRange(u *use) (Value, error) {
	s := &sequence{0, u.int(0, 0), u.int(2, 1)}
	if u.has(1) {
		s.start, s.stop = u.int(0, 0), u.int(1, 0)
	}
	if s.step == 0 {
		return nil, fail(TypeError, "the step of a range cannot be 0")
	}
	return s, nil
}

func (s *sequence) len() int {
	switch {
	case s.step > 0 && s.start < s.stop:
		return int((uint64(s.stop)-uint64(s.start)-1)/uint64(s.step)&(1<<63-1)) + 1
	case s.step < 0 && s.start > s.stop:
		return int((uint64(s.start)-uint64(s.stop)-1)/uint64(-s.step)&(1<<63-1)) + 1
	}
	return 0
}

func (s *sequence) item(key Value) (Value, bool) {
	i, ok := position(key, s.len())
	if !ok {
		return nil, false
	}
	return s.start + i*s.step, true
}

func (s *sequence) list(c *Context) ([]Value, error) {
	n := s.len()
	if n < 0 || n > maxSteps || !c.spend(n) {
		return nil, fail(LimitError, "the range has %d elements, which is too many", n)
	}
	out := make([]Value, n)
	for i := range out {
		out[i] = s.start + i*s.step
	}
	return out, nil
}

func (s *sequence) String() string {
	if s.step == 1 {
		return fmt.Sprintf("range(%d, %d)", s.start, s.stop)
	}
	return fmt.Sprintf("range(%d, %d, %d)", s.start, s.stop, s.step)
}

// A namespace is a bag of attributes that {% set ns.x = … %} can change.
type namespace struct{ values *Map }

func makeNamespace(u *use) (Value, error) {
	m, err := makeDict(u)
	if err != nil {
		return nil, err
	}
	return &namespace{m.(*Map)}, nil
}

func makeDict(u *use) (Value, error) {
	m := &Map{}
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
func mapFrom(c *Context, v Value) (*Map, error) {
	if m, ok := v.(*Map); ok {
		return m.Clone(), c.spent(m.Len())
	}
	l, err := c.elements(v)
	if err != nil {
		return nil, err
	}
	m := &Map{}
	for _, e := range l {
		pair, err := c.elements(e)
		if err != nil {
			return nil, err
		}
		if len(pair) != 2 {
			return nil, fail(TypeError, "a map is made of pairs, but %s has %d elements", described(e), len(pair))
		}
		if !hashable(pair[0]) {
			return nil, fail(TypeError, "%s cannot be a key", described(pair[0]))
		}
		m.Set(pair[0], pair[1])
	}
	return m, c.spent(m.Len())
}

func makeUndefined(u *use) (Value, error) {
	return u.nothing(u.str(0, "a value is needed here")), nil
}

func nowFunction(u *use) (Value, error) {
	m := moment{t: time.Now()}
	if u.flag(0, false) {
		m.t = m.t.UTC()
	}
	if f := u.str(1, ""); f != "" {
		return m.format(f), nil
	}
	return m, nil
}

// allVars is the name `vars`: every variable as an attribute.
type allVars struct{}

func queryFunction(u *use) (Value, error) {
	l, unknown, err := u.lookup()
	if unknown != nil || err != nil {
		return orUnknown(unknown), err
	}
	return l, nil
}

// lookupFunction gives one result itself, several texts joined by commas, and
// other lists as they are; with wantlist it is a query.
func lookupFunction(u *use) (Value, error) {
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
	return s, u.c.write(len(s))
}

func (u *use) flagNamed(name string) bool {
	v, ok := u.named.Get(name)
	t, _, _ := truthOf(v)
	return ok && t
}

// lookup finds and runs the lookup that the arguments name.
func (u *use) lookup() ([]Value, *Unknown, error) {
	terms, options := []Value{}, &Map{}
	for _, v := range append([]Value{u.args[0]}, u.rest...) {
		v, err := u.c.force(v)
		if err != nil {
			return nil, nil, err
		}
		unknown, err := u.c.usable(v)
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
		return nil, nil, fail(LookupError, "a lookup's name is text, not %s", described(terms[0]))
	}
	l, err := u.find(lastName(full), full, terms[1:], options)
	if err == nil {
		return l, nil, nil
	}
	if mode, _ := u.named.Get("errors"); mode == "ignore" || mode == "warn" {
		return []Value{nil}, nil, nil
	}
	return nil, nil, asError(err, LookupError)
}

func (u *use) find(name, full string, terms []Value, options *Map) ([]Value, error) {
	if l, ok := u.c.Lookups[name]; ok {
		return l(u.c, terms, options)
	}
	if name == "vars" {
		return varsLookup(u, terms, options)
	}
	names := append(namesOf(u.c.Lookups), "vars")
	e := fail(LookupError, "no lookup is named %s", strQuote(full)).withHint(suggest.DidYouMean(name, names))
	e.detail = "the lookups are: " + joinNames(names)
	return nil, e
}

// varsLookup gives variables by name.
func varsLookup(u *use, terms []Value, options *Map) ([]Value, error) {
	out := make([]Value, 0, len(terms))
	for _, t := range terms {
		name, ok := t.(string)
		if !ok {
			return nil, fail(LookupError, "a variable's name is text, not %s", described(t))
		}
		v, ok, err := u.c.lookup(name)
		if err != nil {
			return nil, err
		}
		if !ok {
			if v, ok = options.Get("default"); !ok {
				return nil, undefinedError(u.c.undefined(name, u.st.t.place(int(u.st.here))))
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// EnvLookup is the lookup `env`: environment variables by name, empty where
// unset unless there is the option default.
func EnvLookup(getenv func(name string) (string, bool)) Lookup {
	return func(_ *Context, terms []Value, options *Map) ([]Value, error) {
		out := make([]Value, 0, len(terms))
		for _, t := range terms {
			name, _, _ := strings.Cut(strings.TrimSpace(Text(t)), " ")
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
