package loading

import (
	"io"
	"maps"
	"slices"

	"runner/cmd/ui"
	"runner/cmd/version"
	"runner/diagnostic"
	"runner/findings"
	"runner/playbooks"
)

// writers write problems for programs.
var writers = map[string]func(findings.Log, io.Writer) error{
	"json": findings.Log.JSON, "sarif": findings.Log.SARIF, "gitlab": findings.Log.GitLab,
}

// Formats lists the formats for programs.
func Formats() []string { return slices.Sorted(maps.Keys(writers)) }

// Write writes problems to standard output in one of the [Formats], secrets masked.
func Write(s *ui.Streams, format string, problems []*diagnostic.Problem) error {
	return writers[format](logOf(s, problems), s.Out)
}

// logOf makes problems of playbooks ready to be read by programs, secrets masked.
func logOf(s *ui.Streams, problems []*diagnostic.Problem) findings.Log {
	log := findings.Log{Tool: "runner", Version: version.String(), Rules: []findings.Rule{{ID: "playbook", Title: "A playbook has no mistakes."}}}
	for _, r := range playbooks.Rules() {
		log.Rules = append(log.Rules, findings.Rule{ID: r.Name, Title: r.Doc})
	}
	for _, problem := range problems {
		masked := *problem
		masked.Msg, masked.Hint, masked.Detail = s.Secrets.Mask(problem.Msg), s.Secrets.Mask(problem.Hint), s.Secrets.Mask(problem.Detail)
		log.Problems = append(log.Problems, &masked)
	}
	return log
}

// Annotate writes problems for the CI host, where it has a form for that: GitHub
// shows them beside the lines. Others take --format sarif or gitlab.
func Annotate(s *ui.Streams, problems []*diagnostic.Problem) {
	if s.Getenv("GITHUB_ACTIONS") == "true" {
		_ = logOf(s, problems).GitHub(s.Out) // they are printed to standard error as well
	}
}
