package databases

import (
	"regexp"
	"strings"
)

// causeLine matches the lines in which PostgreSQL's and Redis' programs say why they
// end: "initdb: error: …", "FATAL:  …", "# Fatal …", "HINT:  …".
var causeLine = regexp.MustCompile(`(?i)(^|[\s#])(error|fatal|panic|detail|hint):|\bfatal\b|could not|can't|permission denied|no space left`)

// cause returns what a program's output says of why it failed, in one line: not
// what it was doing before, and not how it tidied up afterwards. Where no line says
// so, it is the last one.
func cause(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	var found []string
	for _, line := range lines {
		if line = strings.TrimSpace(line); causeLine.MatchString(line) {
			found = append(found, line)
		}
	}
	if found == nil {
		return strings.TrimSpace(lines[len(lines)-1])
	}
	return strings.Join(found, "; ")
}
