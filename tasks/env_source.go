package tasks

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

// gather gathers what a source, or a list of sources, holds, under the names that they get,
// and reports what is wrong. What is not known yet is left out.
func (f *envText) gather(from engine.Value) engine.Mistakes {
	sources, isList := from.([]engine.Value)
	if !isList {
		sources = []engine.Value{from}
	}
	f.env, f.at = nil, map[string]string{}
	g := gathering{envText: f, from: map[string]string{}, values: map[string]engine.Value{}, renamed: map[string]bool{}}
	for i, source := range sources {
		path := "from"
		if isList {
			path = fmt.Sprintf("from[%d]", i)
		}
		g.source(path, "", source)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Rename)) {
		if to := f.Rename[name]; to == "true" || to == "false" {
			g.wrong.Add("rename."+name, fmt.Errorf("%q cannot be the new name of a variable: YAML reads no, off, yes and on as booleans; write the name in quotes", to))
		} else if !g.renamed[name] && !g.open {
			g.wrong.Add("rename."+name, fmt.Errorf("there is no variable %q to rename", name))
		}
	}
	return g.wrong
}

// withoutReading returns a value in which what would have to be read is not known.
func withoutReading(v engine.Value) engine.Value {
	switch v := v.(type) {
	case *value.Later:
		return &value.Unknown{}
	case []engine.Value:
		list := make([]engine.Value, len(v))
		for i, item := range v {
			list[i] = withoutReading(item)
		}
		return list
	case *value.Map:
		m := &value.Map{}
		for key, item := range v.Stored() {
			m.Set(key, withoutReading(item))
		}
		return m
	}
	return v
}

// A gathering puts variables of several sources together.
type gathering struct {
	*envText
	from    map[string]string       // name → the source's path
	values  map[string]engine.Value // by name
	renamed map[string]bool
	open    bool // not all is known
	wrong   engine.Mistakes
}

// fail notes what is wrong with what stands at a path; in says where in that, for the user.
func (g *gathering) fail(path, in string, err error) {
	if err != nil && in != "" {
		err = fmt.Errorf("%s: %w", in, err)
	}
	g.wrong.Add(path, err)
}

func (g *gathering) source(path, in string, source engine.Value) {
	m, ok := source.(*value.Map)
	if _, unknown := source.(*value.Unknown); unknown {
		g.open = true
		return
	}
	if !ok {
		g.fail(path, in, fmt.Errorf("a map of variables is wanted, or what a task registered, not %s", value.TypeName(source)))
		return
	}
	if results, ok := m.Get("results"); ok {
		if items, ok := results.([]engine.Value); ok {
			g.items(path, in, items)
			return
		}
	}
	env, _ := m.Get("env")
	skipped, _ := m.Get("skipped")
	_, ofAddon := m.Get("addon_id")
	switch inner := env.(type) {
	case *value.Unknown:
		g.open = true
	case *value.Map:
		g.variables(path, in, inner)
	default:
		if ofAddon || skipped == true {
			g.fail(path, in, errors.New("it holds no variables: was its task skipped?"))
			return
		}
		g.variables(path, in, m)
	}
}

// items takes in what a task registered in a loop; what it skipped is left out.
func (g *gathering) items(path, in string, items []engine.Value) {
	for i, item := range items {
		if m, ok := item.(*value.Map); ok {
			if skipped, _ := m.Get("skipped"); skipped == true {
				continue
			}
		}
		at := fmt.Sprintf("results[%d]", i)
		g.source(path+"."+at, strings.TrimPrefix(in+": "+at, ": "), item)
	}
}

func (g *gathering) variables(path, in string, m *value.Map) {
	for key, val := range m.All() {
		name := value.Text(key)
		if _, unknown := val.(*value.Unknown); !unknown {
			text, err := scalarText(val)
			if err != nil {
				g.fail(path+"."+name, in, fmt.Errorf("%s: %w", name, err))
				continue
			}
			val = text
		}
		g.fail(path+"."+name, in, g.add(path, name, val))
	}
}

// add takes a variable in. Two of one name are a mistake, unless they are equal. One whose
// value is not known counts as empty.
func (g *gathering) add(path, name string, val engine.Value) error {
	final := g.finalName(name)
	if before, twice := g.values[final]; twice {
		_, vague := value.HasUnknown([]engine.Value{before, val})
		if vague || before == val {
			return nil
		}
		return &diagnostic.Problem{Msg: fmt.Sprintf("%s is in %s already, with another value", final, g.from[final]),
			Hint: "use two files, or rename one of them"}
	}
	text, _ := val.(string)
	g.values[final], g.from[final], g.at[final] = val, path, path+"."+name
	if _, renamed := g.Rename[name]; renamed {
		g.at[final] = "rename." + name
	}
	g.env = append(g.env, clever.EnvVar{Name: final, Value: text})
	return nil
}

func (g *gathering) finalName(name string) string {
	if other, ok := g.Rename[name]; ok {
		g.renamed[name] = true
		return other
	}
	return g.Prefix + strings.TrimPrefix(name, g.StripPrefix)
}

// scalarText returns a value as a variable holds it.
func scalarText(v engine.Value) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int, float64, *big.Int:
		return value.Text(v), nil
	}
	return "", fmt.Errorf("text is wanted, not %s", value.TypeName(v))
}
