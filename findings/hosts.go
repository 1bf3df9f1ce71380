package findings

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"runner/diagnostic"
)

// GitLab writes GitLab's report of code quality.
func (l Log) GitLab(w io.Writer) error {
	seen := map[string]int{}
	issues := []object{}
	for _, p := range l.Problems {
		severity := "major"
		if p.Severity == diagnostic.Warning {
			severity = "minor"
		}
		rule, _ := l.rule(p)
		// The same problem keeps its fingerprint when lines above it are added.
		id := strings.Join([]string{file(p), p.Rule, p.Msg}, "\x00")
		seen[id]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", id, seen[id]))
		issues = append(issues, object{
			"description": p.Text(), "check_name": rule.ID, "severity": severity, "fingerprint": hex.EncodeToString(sum[:16]),
			"location": object{"path": file(p), "lines": object{"begin": max(p.Place.Line, 1)}},
		})
	}
	return indented(w, issues)
}

var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// GitHub writes the commands by which a job on GitHub has problems shown beside
// the lines of a change.
func (l Log) GitHub(w io.Writer) error {
	for _, p := range l.Problems {
		var at []string
		if name := file(p); name != "" {
			at = append(at, "file="+commandProperty.Replace(name))
		}
		if p.Place.Line > 0 {
			at = append(at, fmt.Sprintf("line=%d,col=%d", p.Place.Line, p.Place.Col))
		}
		if p.Rule != "" {
			at = append(at, "title="+commandProperty.Replace(p.Rule))
		}
		if _, err := fmt.Fprintf(w, "::%s %s::%s\n", p.Severity, strings.Join(at, ","), commandData.Replace(p.Text())); err != nil {
			return err
		}
	}
	return nil
}
