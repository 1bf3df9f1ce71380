package playbooks

import "runner/engine"

// playKeywords are the keywords of a play that mean something here, taskKeywords
// those of a task. Both are in the order in which a reader meets them.
var (
	playKeywords = [...]string{
		"name", "hosts", "gather_facts", "connection", "vars", "tasks",
		"tags", "ignore_errors", "no_log", "check_mode", "diff",
	}
	taskKeywords = [...]string{
		"name", "vars", "when", "register", "allow",
		"tags", "ignore_errors", "no_log", "check_mode", "diff",
	}
)

// A later keyword is Ansible's, and not ours yet.
type later struct{ name, instead string }

const (
	oneMachine = "remove it: everything runs on this machine"
	inTasks    = `put its tasks under "tasks:"`
	eachItem   = "write a task for each item"
	orderly    = "remove it: tasks run in the order that their results need"
)

// laterAnywhere are refused in plays and in tasks.
var laterAnywhere = [...]later{
	{"any_errors_fatal", "remove it: a task that fails ends the play"},
	{"become", oneMachine},
	{"become_exe", oneMachine},
	{"become_flags", oneMachine},
	{"become_method", oneMachine},
	{"become_user", oneMachine},
	{"collections", "write the full names of kinds"},
	{"debugger", "remove it"},
	{"environment", "set the variables before runner starts"},
	{"ignore_unreachable", oneMachine},
	{"module_defaults", "repeat the parameters in each task, or share them with a YAML anchor"},
	{"port", oneMachine},
	{"remote_user", oneMachine},
	{"run_once", oneMachine},
	{"throttle", orderly},
	{"timeout", "remove it"},
}

// laterInPlays are refused in plays.
var laterInPlays = [...]later{
	{"fact_path", "remove it: no facts are gathered"},
	{"force_handlers", "remove it"},
	{"gather_subset", "remove it: no facts are gathered"},
	{"gather_timeout", "remove it: no facts are gathered"},
	{"handlers", `make each a task with a "when:" that asks whether the other changed`},
	{"import_playbook", "give both files on the command line"},
	{"max_fail_percentage", oneMachine},
	{"order", oneMachine},
	{"post_tasks", inTasks},
	{"pre_tasks", inTasks},
	{"roles", inTasks},
	{"serial", oneMachine},
	{"strategy", orderly},
	{"vars_files", `put its variables under "vars:", or give them by --extra-vars @file`},
	{"vars_prompt", "give the variables by --extra-vars"},
}

// laterInTasks are refused in tasks.
var laterInTasks = [...]later{
	{"action", "write the kind itself as the key"},
	{"always", "put its tasks after the others"},
	{"args", "write the parameters below the kind"},
	{"async", orderly},
	{"block", `write its tasks one after the other, each with its own "when:"`},
	{"changed_when", "remove it"},
	{"connection", oneMachine},
	{"delay", "remove it"},
	{"delegate_facts", oneMachine},
	{"delegate_to", oneMachine},
	{"failed_when", `ask for the result in the "when:" of a later task`},
	{"listen", `ask for "result is changed" in the "when:" of the other task`},
	{"local_action", "write the kind itself as the key"},
	{"loop", eachItem},
	{"loop_control", eachItem},
	{"notify", `ask for "result is changed" in the "when:" of the other task`},
	{"poll", orderly},
	{"rescue", `use "ignore_errors: true" and a "when:" that asks whether the task failed`},
	{"retries", "remove it"},
	{"until", "remove it"},
	{"with_dict", eachItem},
	{"with_fileglob", eachItem},
	{"with_first_found", eachItem},
	{"with_indexed_items", eachItem},
	{"with_items", eachItem},
	{"with_list", eachItem},
	{"with_nested", eachItem},
	{"with_sequence", eachItem},
	{"with_subelements", eachItem},
	{"with_together", eachItem},
}

// laterKinds are kinds that Ansible always has.
var laterKinds = [...]later{
	{"assert", `use the "when:" of the tasks that depend on it`},
	{"fail", `use the "when:" of the tasks that depend on it`},
	{"import_playbook", "give both files on the command line"},
	{"import_role", "write its tasks here"},
	{"import_tasks", "write its tasks here"},
	{"include_role", "write its tasks here"},
	{"include_tasks", "write its tasks here"},
	{"include_vars", "give the variables by --extra-vars @file"},
	{"meta", "remove it"},
	{"pause", "remove it"},
	{"set_fact", `put the variables under "vars:", where they may use results too`},
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
	for _, names := range [][]string{playKeywords[:], taskKeywords[:], {"q", "query", "lookup"}, engine.MagicNames()} {
		for _, n := range names {
			if n == name {
				return true
			}
		}
	}
	return false
}
