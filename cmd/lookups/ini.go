package lookups

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// ini returns values of an INI file or of a properties file.
func (s *Source) ini(c *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
	var out []value.Value
	for _, t := range terms {
		key, settings, err := termSettings(value.Text(t), options, "ini")
		if err != nil {
			return nil, err
		}
		found, err := s.iniValues(c, key, settings)
		if err != nil {
			return nil, fmt.Errorf("lookup('ini'): %w", err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// named marks what stands under a name that says secret.
func named(name string, v value.Value) value.Value {
	if value.SecretName(name) {
		return value.Mark(v)
	}
	return value.MarkNamed(v)
}

func (s *Source) iniValues(c *expr.Context, key string, settings *value.Map) ([]value.Value, error) {
	path, err := s.find(c, "files", text(settings, "file"))
	if err != nil {
		return nil, err
	}
	body, err := s.readAs(path, text(settings, "encoding"))
	if err != nil {
		return nil, err
	}
	section := text(settings, "section")
	if text(settings, "type") == "properties" {
		section, body = "java_properties", "[java_properties]\n"+body
	}
	file := iniFile{exact: isTrue(settings, "case_sensitive"), bare: isTrue(settings, "allow_no_value") || isTrue(settings, "allow_none")}
	if err := file.read(body); err != nil {
		return nil, err
	}
	entries, ok := file.section(section)
	if !ok {
		return nil, fmt.Errorf("there is no section [%s] in %s", section, path)
	}
	if isTrue(settings, "re") {
		pattern, err := regexp.Compile(`^(?:` + key + `)`)
		if err != nil {
			return nil, fmt.Errorf("%q is no pattern: %w", key, err)
		}
		found := []value.Value{}
		for k, v := range entries.All() {
			if pattern.MatchString(value.Text(k)) {
				found = append(found, named(value.Text(k), v))
			}
		}
		return found, nil
	}
	if v, ok := entries.Get(file.key(key)); ok {
		if text, isText := v.(string); isText && option(settings, "interpolation", true) {
			v, err = interpolated(text, entries, 0)
		}
		return []value.Value{named(key, v)}, err
	}
	otherwise, _ := settings.Get("default")
	switch l := otherwise.(type) {
	case nil:
		return nil, nil
	case []value.Value:
		return l, nil
	}
	return []value.Value{otherwise}, nil
}

// isTrue reads an option that may be given as a word inside a term.
func isTrue(settings *value.Map, name string) bool {
	switch v, _ := settings.Get(name); v {
	case true, "true", "True", "yes", "1":
		return true
	}
	return false
}

// interpolated puts other entries in the place of %(name)s; %% is one %.
func interpolated(s string, entries *value.Map, depth int) (value.Value, error) {
	if depth > 10 {
		return nil, errors.New("the entries name each other more than 10 deep")
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "%")
		b.WriteString(before)
		switch {
		case !found:
			return b.String(), nil
		case strings.HasPrefix(rest, "%"):
			b.WriteByte('%')
			s = rest[1:]
		case strings.HasPrefix(rest, "(") && strings.Contains(rest, ")s"):
			name, after, _ := strings.Cut(rest[1:], ")s")
			v, ok := entries.Get(strings.ToLower(name))
			if !ok {
				return nil, fmt.Errorf("%%(%s)s names no entry", name)
			}
			inner, err := interpolated(value.Text(v), entries, depth+1)
			if err != nil {
				return nil, err
			}
			b.WriteString(value.Text(inner))
			s = after
		default:
			return nil, fmt.Errorf("%% is followed by %% or (name)s, not by %q", rest)
		}
	}
}

// An iniFile is read as Python's configparser does: keys in small letters unless
// they are exact, values that go on in indented lines, comments from # or ; on.
type iniFile struct {
	exact, bare bool
	sections    map[string]*value.Map
}

func (f *iniFile) key(k string) string {
	if f.exact {
		return k
	}
	return strings.ToLower(k)
}

// section returns the entries of a section over those of [DEFAULT].
func (f *iniFile) section(name string) (*value.Map, bool) {
	own, ok := f.sections[name]
	if !ok {
		return nil, false
	}
	out := &value.Map{}
	for k, v := range f.sections["DEFAULT"].All() {
		out.Set(k, v)
	}
	for k, v := range own.All() {
		out.Set(k, v)
	}
	return out, true
}

func (f *iniFile) read(body string) error {
	f.sections = map[string]*value.Map{}
	var current *value.Map
	last := ""
	for i, line := range strings.Split(strings.ReplaceAll(body, "\r\n", "\n"), "\n") {
		bare := strings.TrimSpace(line)
		switch {
		case bare == "" || bare[0] == '#' || bare[0] == ';':
		case (line[0] == ' ' || line[0] == '\t') && last != "":
			v, _ := current.Get(last)
			current.Set(last, strings.TrimLeft(textOrEmpty(v)+"\n"+bare, "\n"))
		case bare[0] == '[' && strings.Contains(bare, "]"):
			name := bare[1:strings.LastIndexByte(bare, ']')]
			if current, last = f.sections[name], ""; current != nil && name != "DEFAULT" {
				return fmt.Errorf("line %d: the section [%s] is there twice", i+1, name)
			}
			current = &value.Map{}
			f.sections[name] = current
		case current == nil:
			return fmt.Errorf("line %d: %q stands before the first section", i+1, bare)
		default:
			k, v, err := f.entry(bare)
			if err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
			if _, twice := current.Get(k); twice {
				return fmt.Errorf("line %d: the entry %q is there twice", i+1, k)
			}
			current.Set(k, v)
			last = k
		}
	}
	return nil
}

func textOrEmpty(v value.Value) string {
	s, _ := v.(string)
	return s
}

func (f *iniFile) entry(line string) (key string, v value.Value, err error) {
	i := strings.IndexAny(line, "=:")
	if i < 0 {
		if f.bare {
			return f.key(line), nil, nil
		}
		return "", nil, fmt.Errorf("%q is no entry, which has = or : in it", line)
	}
	return f.key(strings.TrimSpace(line[:i])), strings.TrimSpace(line[i+1:]), nil
}
