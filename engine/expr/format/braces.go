package format

import (
	"strconv"
	"strings"

	"runner/engine/expr/value"
)

// Braces does text.format(args, named).
func Braces(b *value.Budget, format string, args []value.Value, named *value.Map) (value.Value, error) {
	f := &formatter{budget: b, args: args, named: named}
	if err := f.braces(format, 0); err != nil {
		return nil, err
	}
	return f.b.String(), b.Write(f.b.Len())
}

func (f *formatter) braces(s string, depth int) error {
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			f.b.WriteString(s)
			return nil
		}
		f.b.WriteString(s[:i])
		if i+1 < len(s) && s[i+1] == s[i] {
			f.b.WriteByte(s[i])
			s = s[i+2:]
			continue
		}
		if s[i] == '}' {
			return value.Errorf(value.TypeError, "a single '}' stands in the format").WithHint("write }} for the sign itself")
		}
		end := closing(s[i:])
		if end < 0 {
			return value.Errorf(value.TypeError, "a '{' in the format is not closed").WithHint("write {{ for the sign itself")
		}
		if err := f.field(s[i+1:i+end], depth); err != nil {
			return err
		}
		s = s[i+end+1:]
	}
	return nil
}

// closing finds the } that belongs to the { at the start.
func closing(s string) int {
	open := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// field writes {name!conversion:spec}.
func (f *formatter) field(s string, depth int) error {
	head, format, _ := strings.Cut(s, ":")
	head, conv, _ := strings.Cut(head, "!")
	v, err := f.lookup(head)
	if err != nil {
		return err
	}
	switch conv {
	case "r":
		v = value.Repr(v)
	case "a":
		v = value.ASCII(value.Repr(v))
	case "s":
		v = value.Text(v)
	}
	if strings.Contains(format, "{") {
		if depth > 1 {
			return value.Errorf(value.TypeError, "formats are nested too deeply")
		}
		inner := &formatter{budget: f.budget, args: f.args, named: f.named, next: f.next, numbers: f.numbers}
		if err := inner.braces(format, depth+1); err != nil {
			return err
		}
		format, f.next, f.numbers = inner.b.String(), inner.next, inner.numbers
	}
	text, err := formatted(f.budget, v, format)
	f.b.WriteString(text)
	if err == nil {
		err = f.budget.Write(f.b.Len())
	}
	return err
}

// lookup finds the value of a field: {}, {0}, {name}, {name.attr[key]}.
func (f *formatter) lookup(head string) (value.Value, error) {
	end := strings.IndexAny(head, ".[")
	if end < 0 {
		end = len(head)
	}
	root, path := head[:end], head[end:]
	var v value.Value
	if i, err := strconv.Atoi(root); root == "" || err == nil {
		if root == "" {
			i, f.next = f.next, f.next+1
		}
		if err := f.numbering(root != ""); err != nil {
			return nil, err
		}
		if i < 0 || i >= len(f.args) {
			return nil, value.Errorf(value.TypeError, "the format asks for value %d, but %d are given", i, len(f.args))
		}
		v = f.args[i]
	} else {
		m, _ := f.named.(*value.Map)
		var ok bool
		if v, ok = m.Get(root); !ok {
			return nil, value.Errorf(value.TypeError, "the format asks for %s, which is not given", value.Quote(root))
		}
	}
	for path != "" {
		var key string
		if path[0] == '[' {
			key, path, _ = strings.Cut(path[1:], "]")
		} else if _, isMap := v.(*value.Map); isMap {
			return nil, value.Errorf(value.TypeError, "a map has no attributes in a format").WithHint("write [key] for a member, as in {0[name]}")
		} else {
			path = path[1:]
			n := strings.IndexAny(path, ".[")
			if n < 0 {
				n = len(path)
			}
			key, path = path[:n], path[n:]
		}
		next, ok := under(v, key)
		if !ok {
			return nil, value.Errorf(value.TypeError, "the format asks for %s of %s, which is not there", value.Quote(key), value.Describe(v))
		}
		v = next
	}
	return v, nil
}

// numbering refuses {} beside {0} in one format.
func (f *formatter) numbering(manual bool) error {
	now := byte('a')
	if manual {
		now = 'm'
	}
	if f.numbers != 0 && f.numbers != now {
		return value.Errorf(value.TypeError, "a format has either {} or {0}, not both")
	}
	f.numbers = now
	return nil
}

func under(v value.Value, key string) (value.Value, bool) {
	switch c := v.(type) {
	case *value.Map:
		return c.Get(key)
	case []value.Value:
		if i, err := strconv.Atoi(key); err == nil {
			return value.ItemAt(c, i)
		}
	}
	return nil, false
}

// formatted writes v by a format specification: [[fill]align][sign][#][0][width][group][.precision][type].
func formatted(b *value.Budget, v value.Value, format string) (string, error) {
	if format == "" {
		return value.Text(v), nil
	}
	sp, err := parseSpec(format)
	if err != nil {
		return "", err
	}
	if err := b.Write(sp.width + max(sp.precision, 0)); err != nil {
		return "", err
	}
	if m, ok := v.(value.Moment); ok {
		return Time(m, format), nil
	}
	if _, isText := v.(string); !isText && !value.IsNumber(v) {
		return "", value.Errorf(value.TypeError, "%s takes no format but {}", value.Describe(v))
	}
	if !value.IsNumber(v) {
		return sp.formatText(v)
	}
	if sp.align == 0 {
		sp.align = '>'
	}
	_, isFloat := v.(float64)
	switch {
	case strings.IndexByte("bodxX", sp.verb) >= 0 && sp.verb != 0 && !isFloat:
		return sp.integer(v), nil
	case sp.verb == 0 && !isFloat, sp.verb == 'n' && !isFloat:
		sp.verb = 'd'
		return sp.integer(v), nil
	case sp.verb == 'c' && !isFloat:
		n, _ := value.ToInt(v)
		return sp.pad(string(rune(n))), nil
	case sp.verb == 0 && sp.precision < 0:
		text := value.FloatText(value.ToFloat(v))
		sign := sp.signOf(strings.HasPrefix(text, "-"))
		return sp.padNumber(sign, grouping(strings.TrimPrefix(text, "-"), sp.group)), nil
	case sp.verb == 0, sp.verb == 'n':
		sp.verb = 'g'
		return sp.float(value.ToFloat(v)), nil
	case strings.IndexByte("eEfFgG%", sp.verb) >= 0:
		return sp.float(value.ToFloat(v)), nil
	}
	return "", value.Errorf(value.TypeError, "the format '%c' is not for %s", sp.verb, value.Describe(v))
}

func grouping(digits string, sep byte) string {
	if sep == 0 || strings.Contains(digits, "e") {
		return digits
	}
	return grouped(digits, sep, 3)
}

func (s *spec) formatText(v value.Value) (string, error) {
	if s.verb != 0 && s.verb != 's' {
		return "", value.Errorf(value.TypeError, "the format '%c' is not for %s", s.verb, value.Describe(v))
	}
	text := value.Text(v)
	if s.precision >= 0 {
		text = firstRunes(text, s.precision)
	}
	if s.align == 0 {
		s.align = '<'
	}
	return s.pad(text), nil
}

func parseSpec(format string) (*spec, error) {
	s := &spec{fill: ' ', precision: -1}
	r := []rune(format)
	filled := len(r) > 1 && strings.ContainsRune("<>^=", r[1])
	switch {
	case filled:
		s.fill, s.align = r[0], byte(r[1])
		r = r[2:]
	case strings.ContainsRune("<>^=", r[0]):
		s.align = byte(r[0])
		r = r[1:]
	}
	rest := string(r)
	take := func(set string) byte {
		if rest != "" && strings.IndexByte(set, rest[0]) >= 0 {
			c := rest[0]
			rest = rest[1:]
			return c
		}
		return 0
	}
	number := func() int {
		n := 0
		for rest != "" && value.IsDigit(rest[0]) && n <= value.MaxText {
			n, rest = n*10+int(rest[0]-'0'), rest[1:]
		}
		return n
	}
	s.sign = take("+- ")
	s.alt = take("#") != 0
	if s.zero = take("0") != 0; s.zero && s.fill == ' ' && !filled {
		s.fill, s.zero = '0', s.align == 0
	}
	s.width = number()
	s.group = take(",_")
	if take(".") != 0 {
		s.precision = number()
	}
	s.verb = take("bcdeEfFgGnosxX%")
	if s.width > value.MaxText || s.precision > value.MaxText {
		return nil, value.Errorf(value.LimitError, "the width in the format is too large")
	}
	if rest != "" {
		return nil, value.Errorf(value.TypeError, "%s is no format", value.Quote(format)).WithHint("as in {:>10}, {:05d}, {:.2f}")
	}
	return s, nil
}
