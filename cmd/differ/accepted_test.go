package differ_test

import "regexp"

// acceptedDifferences are meant, or not ours. docs/language.md names those that users meet.
var acceptedDifferences = []struct {
	kind, text *regexp.Regexp // of the difference's kind, and of the playbook with the lines that differ; nil: any
	old        bool           // only of an ansible-core before 2.19
	why        string
}{
	{regexp.MustCompile(`^refused: `), regexp.MustCompile(`^\$.*"--list-`), false, "a playbook that is certain to fail is not listed"},
	{regexp.MustCompile(`^output: TASK`), regexp.MustCompile(`(?s)^\$[^\n]*"--start-at-task".*TASK \[Gathering Facts\]`), false,
		"with --start-at-task Ansible gathers facts, whatever gather_facts says"},
	{regexp.MustCompile(`^output: (included|failed): `), nil, true, "how roles are included, and that what is wrong with an item fails that, is 2.19's"},
	{regexp.MustCompile(`^output: ok: =>`), regexp.MustCompile(`(?m)^-.*ansible_loop_var`), true, "debug showed the name of the loop's variable"},
	{regexp.MustCompile(`^output: (ok|skipping): =>`), regexp.MustCompile(`(?m)^-.*(item=None|VARIABLE IS NOT DEFINED|UnsafeText|\d\.0")`), true, "older words for what is hidden, undefined or unsafe, and numbers that texts became"},
	{regexp.MustCompile(`^output: ok: =>`), regexp.MustCompile(`(?m)^-.*"msg":-?\d+\.0`), true, "texts that look like numbers became numbers"},
	{regexp.MustCompile(`^exit 0 instead of 4: $`), nil, true, "what is brought in and never reached may be missing"},
	{regexp.MustCompile(`^output: `), regexp.MustCompile(`(?s)^\$[^\n]*"--list-ta.*\n\+      TASK TAGS: [^\n]*never`), true, "what is tagged never was left out of the tags listed"},
	{regexp.MustCompile(`^exit \d instead of 1: The requested handler`), nil, false, "a handler that there is not fails the task, and not the run"},
	{regexp.MustCompile(`^output: FAILED instead of fatal:`), regexp.MustCompile(`assert:(?s:.*)retries:`), false,
		"a condition of assert that is wrong is tried again, as every failure is"},
	{regexp.MustCompile(`^refused: error: no task is called`), nil, false, "a task to start at that is not there is a mistake, found beforehand: docs/language.md §12"},
}

// accepted reports whether a difference is one of these.
func accepted(p playbook, d *difference, modern bool) bool {
	for _, a := range acceptedDifferences {
		if a.old && modern || a.kind != nil && !a.kind.MatchString(d.kind) {
			continue
		}
		if a.text == nil || a.text.MatchString(p.report(d)+d.lines()) {
			return true
		}
	}
	return false
}
