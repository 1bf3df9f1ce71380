package cmd

import (
	"io"

	"runner/diagnostic"
	"runner/findings"
	"runner/playbooks"
)

// findingWriters write problems for programs.
var findingWriters = map[string]func(findings.Log, io.Writer) error{
	"json": findings.Log.JSON, "sarif": findings.Log.SARIF, "gitlab": findings.Log.GitLab,
}

// findings makes problems of playbooks ready to be read by programs, secrets masked.
func (p *Program) findings(problems []*diagnostic.Problem) findings.Log {
	log := findings.Log{Tool: "runner", Version: version(), Rules: []findings.Rule{{ID: "playbook", Title: "A playbook has no mistakes."}}}
	for _, r := range playbooks.Rules() {
		log.Rules = append(log.Rules, findings.Rule{ID: r.Name, Title: r.Doc})
	}
	for _, problem := range problems {
		masked := *problem
		masked.Msg, masked.Hint, masked.Detail = p.Secrets.Mask(problem.Msg), p.Secrets.Mask(problem.Hint), p.Secrets.Mask(problem.Detail)
		log.Problems = append(log.Problems, &masked)
	}
	return log
}

// annotate tells problems to the CI host, where it has a word for that: GitHub
// shows them beside the lines. Others take --format sarif or gitlab.
func (p *Program) annotate(problems []*diagnostic.Problem) {
	if p.Getenv("GITHUB_ACTIONS") == "true" {
		_ = p.findings(problems).GitHub(p.Out) // they are printed to standard error as well
	}
}
