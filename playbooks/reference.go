package playbooks

import (
	"cmp"
	"slices"
)

// A Keyword is a word of plays, blocks or tasks: one that works, or one of
// Ansible's that does not.
type Keyword struct {
	Name string
	Doc  string // what it is for; empty for one that does not work
	// Play, Block and Task say where it can stand.
	Play, Block, Task bool
	Instead           string // what to do in its place; empty for one that works
}

// Works reports whether the keyword means something here.
func (k Keyword) Works() bool { return k.Instead == "" }

// Keywords lists the keywords: those that work in the order in which a reader
// meets them, then those that do not, by name.
func Keywords() []Keyword {
	var all []Keyword
	note := func(names []string, in func(*Keyword)) {
		for _, name := range names {
			in(entry(&all, Keyword{Name: name, Doc: meanings[name].doc}))
		}
	}
	note(playKeywords[:], func(k *Keyword) { k.Play = true })
	note(blockKeywords[:], func(k *Keyword) { k.Block = true })
	note(taskKeywords[:], func(k *Keyword) { k.Task = true })
	note([]string{importTasks}, func(k *Keyword) { k.Task = true })
	return append(all, refusedKeywords()...)
}

// refusedKeywords lists the keywords that do not work.
func refusedKeywords() []Keyword {
	var all []Keyword
	note := func(refused []later, in func(*Keyword)) {
		for _, l := range refused {
			in(entry(&all, Keyword{Name: l.name, Instead: l.instead}))
		}
	}
	note(laterAnywhere[:], func(k *Keyword) { k.Play, k.Task, k.Block = true, true, true })
	note(laterInPlays[:], func(k *Keyword) { k.Play = true })
	note(laterInTasks[:], func(k *Keyword) { k.Task = true })
	note(laterKinds[:], func(k *Keyword) { k.Task = true })
	slices.SortFunc(all, func(a, b Keyword) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// entry finds the keyword of that name in a list, adding it where it is missing.
func entry(all *[]Keyword, k Keyword) *Keyword {
	i := slices.IndexFunc(*all, func(other Keyword) bool { return other.Name == k.Name })
	if i < 0 {
		i, *all = len(*all), append(*all, k)
	}
	return &(*all)[i]
}

// A meaning says what a keyword is for, and what it takes: a definition of the
// schema.
type meaning struct{ doc, takes string }

// meanings tells of each keyword that works.
var meanings = map[string]meaning{
	"action":             {"the kind with its parameters, as text or as a map with module", "action"},
	"args":               {"parameters that are added to those of the kind", "vars"},
	"local_action":       {"as action", "action"},
	"allow":              {"the risks that this task may take without asking: delete, replace, migrate", "risks"},
	"always":             {"tasks that run after the block, however it ended", "tasks"},
	"any_errors_fatal":   {"whether a failure ends the play at once, rescue aside", "bool"},
	"block":              {"tasks that share the keywords beside it", "tasks"},
	"changed_when":       {"when the task counts as changed: conditions that must all hold", "conditions"},
	"check_mode":         {"true: this task never writes; false: it writes even with --check", "bool"},
	"connection":         {"local, the only one", "connection"},
	"delay":              {"how many seconds to wait between two tries; 5 if left out", "seconds"},
	"delegate_to":        {"localhost, where everything runs", "hosts"},
	"diff":               {"whether to show what differs", "bool"},
	"environment":        {"environment variables for lookup('env', …)", "environment"},
	"failed_when":        {"when the task counts as failed: conditions that must all hold", "conditions"},
	"force_handlers":     {"whether notified handlers run after a failure too", "bool"},
	"gather_facts":       {"accepted, without effect: there are no facts to gather", "bool"},
	"handlers":           {"tasks that run at the end of a section, once, if a changed task notifies them", "tasks"},
	"hosts":              {"localhost, where everything runs; may be left out", "hosts"},
	"ignore_errors":      {"whether the play goes on though the task failed", "bool"},
	"import_playbook":    {"a playbook whose plays stand here", "text"},
	"import_tasks":       {"a file whose tasks stand here, as if they were written here", "text"},
	"listen":             {"topics by which a handler is notified beside its name", "texts"},
	"loop":               {"a list: the task runs once for each item", "loop"},
	"loop_control":       {"how a loop names and shows its items", "loopControl"},
	"module_defaults":    {"parameters that tasks of a kind get unless they give their own", "moduleDefaults"},
	"name":               {"what it is for, in a person's words; shown in reports", "text"},
	"no_log":             {"whether the result is hidden in every report", "bool"},
	"notify":             {"the handlers to run if the task changed something", "texts"},
	"post_tasks":         {"tasks that run after the others", "tasks"},
	"pre_tasks":          {"tasks that run before the others", "tasks"},
	"prune":              {"the scope that the play's add-ons belong to: what of it is no longer declared is removed at the end, with consent", "prune"},
	"register":           {"the variable that keeps the result", "name"},
	"rescue":             {"tasks that run when one of the block failed", "tasks"},
	"retries":            {"how often to try again until the task succeeds; 3 with until", "count"},
	"run_once":           {"accepted, without effect: there is one host", "bool"},
	"tags":               {"words by which --tags and --skip-tags choose", "tags"},
	"tasks":              {"what to do", "tasks"},
	"throttle":           {"how many items of a loop are at work at once", "count"},
	"timeout":            {"how many seconds the task may take", "count"},
	"until":              {"try again until these conditions all hold", "conditions"},
	"vars":               {"variables, by name", "vars"},
	"vars_files":         {"files of variables; of a list in the list the first that exists", "varsFiles"},
	"vars_prompt":        {"variables that a person is asked for", "varsPrompt"},
	"when":               {"run only if these conditions all hold", "conditions"},
	"with_dict":          {"a map: the task runs once for each entry, as item.key and item.value", "withDict"},
	"with_indexed_items": {"a list: the task runs once for each item, as [index, item]", "loop"},
	"with_items":         {"a list, or a list of lists that is flattened: the task runs once for each item", "withItems"},
	"with_list":          {"a list: the task runs once for each item", "loop"},
}
