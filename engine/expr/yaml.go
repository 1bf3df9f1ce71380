package expr

type yamlFlow int

const (
	flowLeaves yamlFlow = iota // lists and maps that hold only scalars in one line
	flowNever
	flowAlways
)

type yamlStyle struct {
	indent int
	flow   yamlFlow
	sorted bool
	width  int
}

func writeYAML(v Value, style yamlStyle) string { return "" }
