package playbooks

import (
	"fmt"
	"strings"

	"runner/engine"
	"runner/engine/expr"
)

// ExtraVars reads the argument of --extra-vars: name=value pairs, quoted as in a
// shell, whose values are text; a map in JSON or YAML, whose values keep
// their types; or @file, which holds such a map, vaulted or not. The error
// tells all that is wrong with it.
func ExtraVars(arg string, read func(path string) ([]byte, error), v *Vault) ([]engine.Var, error) {
	text := strings.TrimSpace(arg)
	if path, ok := strings.CutPrefix(text, "@"); ok {
		data, err := read(path)
		if err != nil {
			return nil, &engine.Problem{Place: expr.Place{Source: &expr.Source{Name: path}}, Msg: reason(err), Err: err}
		}
		return varsOfYAML(path, data, v)
	}
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return varsOfYAML("--extra-vars", []byte(arg), v)
	}
	return varsOfPairs(arg)
}

func varsOfYAML(name string, data []byte, v *Vault) ([]engine.Var, error) {
	var all engine.Problems
	n, problems := ParseYAML(name, data, v)
	all.Add(problems...)
	if n == nil {
		return nil, all.Err()
	}
	vars, problems := varsOf(n)
	all.Add(problems...)
	if err := all.Err(); err != nil {
		return nil, err
	}
	return vars, nil
}

func varsOfPairs(arg string) ([]engine.Var, error) {
	src := &expr.Source{Name: "--extra-vars", Text: arg}
	list, err := pairs(arg)
	if err != nil {
		return nil, engine.ProblemOf(fmt.Errorf("%w; give name=value, a map in JSON or YAML, or @file", err),
			expr.Place{Source: src})
	}
	var all engine.Problems
	var vars []engine.Var
	whole := expr.At(expr.Place{Source: src, Line: 1, Col: 1}, arg)
	for _, p := range list {
		n := p.node(whole)
		all.Add(parsePair(n, p, whole))
		all.Add(badName(p.name, whole(p.nameAt)))
		vars = append(vars, engine.Var{Name: p.name, Place: whole(p.nameAt), Value: n})
	}
	if err := all.Err(); err != nil {
		return nil, err
	}
	return vars, nil
}

// node makes a scalar of a pair's value. Its text is not a template yet.
func (p pair) node(at expr.Origin) *expr.Node {
	return &expr.Node{Place: at(p.valAt), Text: p.value, Value: p.value}
}

// parsePair makes a template of a pair's value, if it is one.
func parsePair(n *expr.Node, p pair, at expr.Origin) *engine.Problem {
	if !expr.HasTemplate(p.value) {
		return nil
	}
	tmpl, err := expr.Parse(p.value, func(offset int) expr.Place {
		if !p.plain {
			offset = 0 // something was undone: the offsets differ
		}
		return at(p.valAt + offset)
	})
	if err != nil {
		return engine.ProblemOf(err, n.Place)
	}
	n.Tmpl, n.Value = tmpl, nil
	return nil
}
