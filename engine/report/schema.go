package report

import _ "embed"

//go:embed report.schema.json
var schema string

// Schema returns the JSON Schema of the json report. The schema of a line of the jsonl report
// is in its $defs, as record.
func Schema() string { return schema }
