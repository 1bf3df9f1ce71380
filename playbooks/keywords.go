package playbooks

import "runner/engine"

// playKeywords are the keywords of a play that mean something here, blockKeywords
// those of a block, taskKeywords those of a task. All are in the order in which a
// reader meets them.
var (
	playKeywords = [...]string{
		"name", "hosts", "gather_facts", "connection", "vars", "vars_files", "vars_prompt",
		"pre_tasks", "tasks", "post_tasks", "handlers", "force_handlers", "prune", "import_playbook",
		"tags", "ignore_errors", "any_errors_fatal", "no_log", "check_mode", "diff",
		"timeout", "throttle", "environment", "module_defaults", "run_once",
	}
	blockKeywords = [...]string{
		"name", "block", "rescue", "always", "vars", "when", "notify", "delegate_to",
		"tags", "ignore_errors", "any_errors_fatal", "no_log", "check_mode", "diff",
		"timeout", "throttle", "environment", "module_defaults", "run_once",
	}
	taskKeywords = [...]string{
		"name", "action", "local_action", "args", "vars", "when", "register", "allow",
		"loop", "with_items", "with_list", "with_dict", "with_indexed_items", "loop_control",
		"until", "retries", "delay", "failed_when", "changed_when",
		"notify", "listen", "delegate_to",
		"tags", "ignore_errors", "any_errors_fatal", "no_log", "check_mode", "diff",
		"timeout", "throttle", "environment", "module_defaults", "run_once",
	}
	// importKeywords are those that can stand beside import_tasks, and
	// playbookKeywords those beside import_playbook.
	importKeywords = [...]string{
		"name", "vars", "when", "delegate_to",
		"tags", "ignore_errors", "any_errors_fatal", "no_log", "check_mode", "diff",
		"timeout", "throttle", "environment", "module_defaults", "run_once",
	}
	playbookKeywords = [...]string{"import_playbook", "name", "vars", "when", "tags"}
	// loopKeywords are those of loop_control.
	loopKeywords = [...]string{"loop_var", "index_var", "label", "pause", "extended", "extended_allitems", "break_when"}
	// promptKeywords are those of an entry of vars_prompt.
	promptKeywords = [...]string{"name", "prompt", "default", "private", "confirm", "unsafe"}
)

// A later keyword is Ansible's, and not ours: instead says why, or what to use.
type later struct{ name, instead string }

const (
	oneMachine = "remove it: everything runs on this machine"
	oneUser    = "remove it: everything runs as the user who started runner"
	noRoles    = "put its tasks into a file and use import_tasks"
	noFacts    = "remove it: no facts are gathered"
	orderly    = "remove it: tasks run in the order that their results need"
	atOnce     = "remove it: what does not depend on each other runs at once anyway, see --jobs"
	byLookup   = `use "loop:" with a list that an expression gives`
)

// laterAnywhere are refused in plays, in blocks and in tasks.
var laterAnywhere = [...]later{
	{"become", oneUser},
	{"become_exe", oneUser},
	{"become_flags", oneUser},
	{"become_method", oneUser},
	{"become_user", oneUser},
	{"collections", "write the full names of kinds"},
	{"debugger", "remove it, and look at results with -v or debug"},
	{"ignore_unreachable", oneMachine},
	{"port", oneMachine},
	{"remote_user", oneUser},
}

// laterInPlays are refused in plays.
var laterInPlays = [...]later{
	{"fact_path", noFacts},
	{"gather_subset", noFacts},
	{"gather_timeout", noFacts},
	{"max_fail_percentage", oneMachine},
	{"order", oneMachine},
	{"roles", "there are no roles: " + noRoles},
	{"serial", oneMachine},
	{"strategy", orderly},
}

// laterInTasks are refused in tasks.
var laterInTasks = [...]later{
	{"async", atOnce},
	{"connection", oneMachine},
	{"delegate_facts", oneMachine},
	{"poll", atOnce},
	{"with_fileglob", "write the files' names as a list under \"loop:\""},
	{"with_first_found", `use lookup('first_found', …)`},
	{"with_nested", byLookup + ": a | product(b)"},
	{"with_sequence", byLookup + ": range(1, 5)"},
	{"with_subelements", byLookup + ": a | subelements('key')"},
	{"with_together", byLookup + ": a | zip(b)"},
}

// laterKinds are kinds that Ansible always has.
var laterKinds = [...]later{
	{"import_role", noRoles},
	{"include_role", "put its tasks into a file and use include_tasks"},
	{"include", "use include_tasks, or import_tasks"},
}

// find looks a name up in lists of keywords that are refused.
func find(name string, lists ...[]later) (l later, ok bool) {
	for _, list := range lists {
		for _, l := range list {
			if l.name == name {
				return l, true
			}
		}
	}
	return later{}, false
}

// namesOf gives the names of keywords that are refused.
func namesOf(lists ...[]later) []string {
	var names []string
	for _, list := range lists {
		for _, l := range list {
			names = append(names, l.name)
		}
	}
	return names
}

// reserved reports whether a variable of that name would be taken for a keyword,
// or would hide a name that every playbook has.
func reserved(name string) bool {
	if _, ok := find(name, laterAnywhere[:], laterInPlays[:], laterInTasks[:]); ok {
		return true
	}
	for _, names := range [][]string{playKeywords[:], blockKeywords[:], taskKeywords[:], {"q", "query", "lookup"}, engine.MagicNames()} {
		for _, n := range names {
			if n == name {
				return true
			}
		}
	}
	return false
}
