package builtin

import (
	"runner/engine/expr"
	"runner/engine/expr/jmespath"
	"runner/engine/expr/value"
)

func queryFilters() []expr.Operation {
	return []expr.Operation{{Names: "json_query", Params: "expr!", Doc: "what a JMESPath query finds", How: expr.Plugin | expr.Keeps, Do: jsonQuery}}
}

// jsonQuery runs a JMESPath expression, by the specification at jmespath.org.
func jsonQuery(u *expr.Call) (value.Value, error) {
	return jmespath.Search(&u.Context.Budget, u.Str(0), u.In)
}
