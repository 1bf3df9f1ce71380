package cmd

import (
	"fmt"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/suggest"
)

// pageOfOperations lists the filters, tests or lookups with their parameters, or
// the one that is named.
func pageOfOperations(what, name string) (string, error) {
	var p page
	ops := builtin.Table().List(what)
	if name != "" {
		op, err := operationCalled(what, name)
		if err != nil {
			return "", err
		}
		ops = []*expr.Operation{op}
	} else {
		p.WriteString(operationsIntro(what))
	}
	for _, op := range ops {
		p.heading(usageOf(what, op))
		p.entry(2, "", op.Doc)
		if aliases := op.Aliases(); len(aliases) > 0 {
			p.entry(2, "", "also called "+strings.Join(aliases, ", "))
		}
	}
	return strings.TrimPrefix(p.String(), "\n"), nil
}

func operationsIntro(what string) string {
	switch what {
	case "filter":
		return "The filters of templates: {{ value | filter }}.\n"
	case "test":
		return "The tests of templates: {{ value is test }}, which asks whether the value is:\n"
	}
	return "The lookups: {{ lookup('name', terms) }} returns one value, query('name', terms) a list.\nThose of programs need --allow pipe.\n"
}

// usageOf writes how an operation is used.
func usageOf(what string, op *expr.Operation) string {
	params := op.Signature()
	switch {
	case what == "lookup":
		return fmt.Sprintf("lookup('%s', %s", op.Name(), strings.TrimPrefix(params, "("))
	case params == "()":
		return op.Name()
	}
	return op.Name() + params
}

func operationCalled(what, name string) (*expr.Operation, error) {
	table := builtin.Table()
	find := map[string]func(string) *expr.Operation{"filter": table.Filter, "test": table.Test, "lookup": table.Lookup}[what]
	if op := find(name); op != nil {
		return op, nil
	}
	p := &diagnostic.Problem{Msg: fmt.Sprintf("there is no %s %q", what, name)}
	if hint := suggest.DidYouMean(name, table.Names(what)); hint != "" {
		return nil, p.WithHint("%s", hint)
	}
	return nil, p.WithHint("runner doc --%ss lists them", what)
}
