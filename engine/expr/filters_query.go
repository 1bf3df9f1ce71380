package expr

import (
	"runner/engine/expr/jmespath"
	"runner/engine/expr/value"
)

func queryFilters() []operation {
	return []operation{{names: "json_query", params: "expr!", how: plugin, do: jsonQuery}}
}

// jsonQuery runs a JMESPath expression, by the specification at jmespath.org.
func jsonQuery(u *use) (value.Value, error) {
	return jmespath.Search(&u.c.Budget, u.str(0, ""), u.in)
}
