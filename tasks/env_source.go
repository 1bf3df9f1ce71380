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

// variables gathers what from names, under the names that they get.
func (f *envText) variables() ([]clever.EnvVar, error) {
	sources, isList := f.From.([]engine.Value)
	if !isList {
		sources = []engine.Value{f.From}
	}
	g := gathering{EnvFile: f.EnvFile, from: map[string]string{}, at: map[string]int{}, renamed: map[string]bool{}}
	for i, source := range sources {
		path := "from"
		if isList {
			path = fmt.Sprintf("from[%d]", i)
		}
		if err := g.source(path, source); err != nil {
			return nil, engine.About(path, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Rename)) {
		if !g.renamed[name] {
			return nil, engine.About("rename."+name, fmt.Errorf("there is no variable %q to rename", name))
		}
	}
	return g.env, nil
}

// A gathering puts variables of several sources together.
type gathering struct {
	*EnvFile
	env     []clever.EnvVar
	from    map[string]string // name → the source's path
	at      map[string]int    // name → index in env
	renamed map[string]bool
}

func (g *gathering) source(path string, source engine.Value) error {
	m, ok := source.(*value.Map)
	if !ok {
		return fmt.Errorf("a map of variables is wanted, or what a task registered, not %s", value.TypeName(source))
	}
	if results, ok := m.Get("results"); ok {
		if items, ok := results.([]engine.Value); ok {
			return g.items(path, items)
		}
	}
	env, _ := m.Get("env")
	skipped, _ := m.Get("skipped")
	_, ofAddon := m.Get("addon_id")
	if inner, ok := env.(*value.Map); ok {
		m = inner
	} else if ofAddon || skipped == true {
		return errors.New("it holds no variables: was its task skipped?")
	}
	for key, val := range m.All() {
		name := value.Text(key)
		text, err := scalarText(val)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := g.add(path, name, text); err != nil {
			return err
		}
	}
	return nil
}

// items takes in what a task registered in a loop; what it skipped is left out.
func (g *gathering) items(path string, items []engine.Value) error {
	for i, item := range items {
		if m, ok := item.(*value.Map); ok {
			if skipped, _ := m.Get("skipped"); skipped == true {
				continue
			}
		}
		if err := g.source(fmt.Sprintf("%s.results[%d]", path, i), item); err != nil {
			return fmt.Errorf("results[%d]: %w", i, err)
		}
	}
	return nil
}

// add takes a variable in. Two of one name are a mistake, unless they are equal.
func (g *gathering) add(path, name, value string) error {
	final := g.finalName(name)
	if i, twice := g.at[final]; twice {
		if g.env[i].Value == value {
			return nil
		}
		return &diagnostic.Problem{Msg: fmt.Sprintf("%s is in %s already, with another value", final, g.from[final]),
			Hint: "use two files, or rename one of them"}
	}
	g.at[final], g.from[final] = len(g.env), path
	g.env = append(g.env, clever.EnvVar{Name: final, Value: value})
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
