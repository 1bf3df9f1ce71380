package playbooks

import (
	"fmt"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/playbooks/reading"
)

// ExtraVars reads the argument of --extra-vars: name=value pairs, quoted as in a
// shell, whose values are text; a map in JSON or YAML, whose values keep
// their types; or @file, which holds such a map, vaulted or not. The error
// tells all that is wrong with it.
func ExtraVars(arg string, read func(path string) ([]byte, error), v *reading.Vault) ([]engine.Var, error) {
	text := strings.TrimSpace(arg)
	if path, ok := strings.CutPrefix(text, "@"); ok {
		data, err := read(path)
		if err != nil {
			return nil, &diagnostic.Problem{Place: diagnostic.Place{Source: &diagnostic.Source{Name: path}}, Msg: reading.Reason(err), Err: err}
		}
		return varsOfYAML(path, data, v)
	}
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return varsOfYAML("--extra-vars", []byte(arg), v)
	}
	return varsOfPairs(arg)
}

func varsOfYAML(name string, data []byte, v *reading.Vault) ([]engine.Var, error) {
	var all diagnostic.Problems
	n, problems := reading.ParseYAML(name, data, v)
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
	src := &diagnostic.Source{Name: "--extra-vars", Text: arg}
	list, err := reading.Pairs(arg)
	if err != nil {
		return nil, diagnostic.From(fmt.Errorf("%w; give name=value, a map in JSON or YAML, or @file", err),
			diagnostic.Place{Source: src})
	}
	var all diagnostic.Problems
	var vars []engine.Var
	whole := diagnostic.At(diagnostic.Place{Source: src, Line: 1, Col: 1}, arg)
	for _, p := range list {
		n, bad := p.Node(whole)
		all.Add(bad, badName(p.Name, whole(p.NameAt)))
		vars = append(vars, engine.Var{Name: p.Name, Place: whole(p.NameAt), Value: n})
	}
	if err := all.Err(); err != nil {
		return nil, err
	}
	return vars, nil
}
