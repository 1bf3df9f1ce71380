package keyword

// What keywords take. Each has a definition in the schema and a reader in the compiler.
const (
	Action         Type = "action" // a kind with its parameters
	Args           Type = "args"
	Bool           Type = "bool" // true, false, or a template of that
	Conditions     Type = "conditions"
	Connection     Type = "connection"
	Count          Type = "count" // a whole number, or a template of one
	Delegate       Type = "delegate"
	Environment    Type = "environment"
	File           Type = "file"
	Fixed          Type = "fixed"    // true or false, and no template
	Lookup         Type = "lookup"   // terms of a lookup whose results are gone over
	Handlers       Type = "handlers" // names and topics of handlers
	Hosts          Type = "hosts"
	Kind           Type = "kind" // parameters: it is a kind of task rather than a keyword
	Loop           Type = "loop"
	LoopSettings   Type = "loopControl"
	ModuleDefaults Type = "moduleDefaults"
	NoEffect       Type = "noEffect" // as Bool, and changes nothing here
	Prune          Type = "prune"
	Risks          Type = "risks"
	Roles          Type = "roles"
	Seconds        Type = "seconds" // a number, or a template of one
	Strategy       Type = "strategy"
	Tags           Type = "tags"
	Tasks          Type = "tasks"
	Text           Type = "text"
	Title          Type = "title" // text that reports show
	Topics         Type = "topics"
	Never          Type = "never"  // false, 0, "never", or a template that comes to that
	Unused         Type = "unused" // anything, and it changes nothing here
	Variable       Type = "name"   // the name of a variable
	Vars           Type = "vars"
	VarsFiles      Type = "varsFiles"
	VarsPrompt     Type = "varsPrompt"
	WithDict       Type = "withDict"
	WithItems      Type = "withItems"
)

const (
	inner    = Block | Task | ImportTasks | Role
	anywhere = Play | inner

	unused = "accepted, without effect: "
)

// table is every keyword, in the order in which a reader meets them.
var table = [...]Keyword{
	{"name", Play, Title, "Play.Name", "what it is for; shown in reports", ""},
	{"name", Task, Title, "Step.Name", "what it is for; shown in reports", ""},
	{"role", Role, File, "", "the role", ""},
	{"name", Block | ImportTasks | ImportPlaybook | Role, Title, "", "what it is for; shown in reports", ""},
	{"hosts", Play, Hosts, "", "a host or group of the inventory, or a pattern that comes to one; localhost if left out", ""},
	{"gather_facts", Play, Bool, "Play.GatherFacts", "true: the play begins by gathering facts of this machine, as setup does", ""},
	{"gather_subset", Play, Unused, "", "which facts gather_facts gathers, as setup's gather_subset", ""},
	{"gather_timeout", Play, Unused, "", unused + "facts that cost nothing are always there", ""},
	{"fact_path", Play, Unused, "", unused + "there are no local facts", ""},
	{"serial", Play, Unused, "", unused + "there is one host", ""},
	{"order", Play, Unused, "", unused + "there is one host", ""},
	{"max_fail_percentage", Play, Unused, "", unused + "there is one host", ""},
	{"vars", Play, Vars, "Play.Vars", "variables, by name", ""},
	{"vars", inner | ImportPlaybook, Vars, "Step.Vars", "variables, by name", ""},
	{"when", inner | ImportPlaybook, Conditions, "Step.When", "run only if these conditions all hold", ""},
	{"vars_files", Play, VarsFiles, "", "files of variables; of a list in the list the first that exists", ""},
	{"vars_prompt", Play, VarsPrompt, "", "variables that the user is asked for", ""},
	{"pre_tasks", Play, Tasks, "", "tasks that run before the others", ""},
	{"roles", Play, Roles, "", "roles whose tasks run before those of the play: names, or maps with role, keywords and parameters", ""},
	{"tasks", Play, Tasks, "", "what to do", ""},
	{"post_tasks", Play, Tasks, "", "tasks that run after the others", ""},
	{"handlers", Play, Tasks, "", "tasks that run at the end of a section, once, if a changed task notifies them", ""},
	{"strategy", Play, Strategy, "Play.Linear", "linear: one task after the other, as with -j 1; free, or left out: each as soon as what it needs is there", ""},
	{"force_handlers", Play, Bool, "Play.ForceHandlers", "whether notified handlers run after a failure too", ""},
	{"prune", Play, Prune, "", "the scope that the play's add-ons belong to: what of it is no longer declared is removed at the end, with consent", ""},
	{"import_playbook", Play | ImportPlaybook, File, "", "a playbook whose plays stand here", ""},

	{"tags", anywhere | ImportPlaybook, Tags, "Step.Tags", "words by which --tags and --skip-tags choose", ""},
	{"ignore_errors", anywhere, Bool, "Step.IgnoreErrors", "whether the play goes on though the task failed", ""},
	{"any_errors_fatal", anywhere, Bool, "Step.AnyErrorsFatal", "whether a failure ends the play at once, rescue aside", ""},
	{"no_log", anywhere, Bool, "Step.NoLog", "whether the result is hidden in every report", ""},
	{"check_mode", anywhere, Bool, "Step.CheckMode", "true: this task never writes; false: it writes even with --check", ""},
	{"diff", anywhere, Bool, "Step.Diff", "whether to show what differs", ""},
	{"timeout", anywhere, Count, "Step.Timeout", "how many seconds the task may take", ""},
	{"throttle", anywhere, Count, "Step.Throttle", "how many items of a loop are at work at once", ""},
	{"environment", anywhere, Environment, "Step.Environment", "environment variables for lookup('env', …)", ""},
	{"module_defaults", anywhere, ModuleDefaults, "", "parameters that tasks of a kind get unless they give their own", ""},
	{"run_once", anywhere, NoEffect, "", "accepted, without effect: there is one host", ""},
	{"connection", anywhere, Connection, "Step.Connection", "local, the only one", "remove it: tasks run on this machine"},
	{"become", anywhere, Never, "Step.Become", "false: tasks run as the user who started runner", "start runner as the user that the tasks need, as in sudo -u USER runner play"},
	{"become_user", anywhere, Unused, "", unused + "there is no become", ""},
	{"become_method", anywhere, Unused, "", unused + "there is no become", ""},
	{"become_flags", anywhere, Unused, "", unused + "there is no become", ""},
	{"become_exe", anywhere, Unused, "", unused + "there is no become", ""},
	{"remote_user", anywhere, Unused, "", unused + "tasks run on this machine", ""},
	{"port", anywhere, Unused, "", unused + "tasks run on this machine", ""},
	{"ignore_unreachable", anywhere, NoEffect, "", unused + "this machine is always reachable", ""},
	{"collections", anywhere, Unused, "", unused + "kinds have one short name each", ""},
	{"debugger", anywhere, Never, "", "never", "look at results with -v or debug"},

	{"block", Block, Tasks, "", "tasks that share the keywords beside it", ""},
	{"rescue", Block, Tasks, "", "tasks that run when one of the block failed", ""},
	{"always", Block, Tasks, "", "tasks that run after the block, however it ended", ""},
	{"notify", Block | Task | ImportTasks, Handlers, "Step.Notify", "the handlers to run if the task changed something", ""},
	{"delegate_to", inner, Delegate, "Step.DelegateTo", "localhost, where everything runs", "remove it: tasks run on this machine"},
	{"delegate_facts", inner, NoEffect, "", unused + "there is one host", ""},
	{"async", Task, Never, "Step.Async", "0: nothing is left running in the background", "remove it: tasks that do not need each other run at the same time, and timeout bounds how long one takes"},
	{"poll", Task, Unused, "", unused + "nothing is left running in the background", ""},

	{"action", Task, Action, "", "the kind with its parameters, as text or as a map with module", ""},
	{"local_action", Task, Action, "", "as action", ""},
	{"args", Task, Args, "", "parameters that are added to those of the kind", ""},
	{"register", Task, Variable, "Step.Register", "the variable that keeps the result", ""},
	{"allow", Task, Risks, "Step.Allow", "the risks that this task may take without asking: delete, delete-doubtful, replace, migrate", ""},
	{"loop", Task, Loop, "", "a list: the task runs once for each item", ""},
	{"with_items", Task, WithItems, "", "a list, or a list of lists that is flattened: the task runs once for each item", ""},
	{"with_list", Task, Loop, "", "a list: the task runs once for each item", ""},
	{"with_dict", Task, WithDict, "", "a map: the task runs once for each entry, as item.key and item.value", ""},
	{"with_indexed_items", Task, WithItems, "", "a list: the task runs once for each item, as [index, item]", ""},
	{"with_nested", Task, Lookup, "", "every combination of an item of each list", ""},
	{"with_cartesian", Task, Lookup, "", "as with_nested", ""},
	{"with_together", Task, Lookup, "", "lists side by side: the first of each, the second of each, …", ""},
	{"with_sequence", Task, Lookup, "", "numbers: start=1 end=5 stride=2 format=n%02d, or count=5", ""},
	{"with_subelements", Task, Lookup, "", "a list of maps and a key: each map with each item under its key", ""},
	{"with_flattened", Task, Lookup, "", "lists in lists, flattened", ""},
	{"with_random_choice", Task, Lookup, "", "one item, by chance", ""},
	{"with_fileglob", Task, Lookup, "", "files that match a pattern", ""},
	{"with_first_found", Task, Lookup, "", "the first file that exists", ""},
	{"with_file", Task, Lookup, "", "what files hold", ""},
	{"with_lines", Task, Lookup, "", "the lines that commands print", ""},
	{"with_template", Task, Lookup, "", "what templates come to", ""},
	{"with_ini", Task, Lookup, "", "values of INI files", ""},
	{"with_csvfile", Task, Lookup, "", "values of CSV files", ""},
	{"with_url", Task, Lookup, "", "what addresses answer", ""},
	{"with_unvault", Task, Lookup, "", "what vaulted files hold", ""},
	{"with_env", Task, Lookup, "", "environment variables", ""},
	{"with_pipe", Task, Lookup, "", "what commands print", ""},
	{"with_password", Task, Lookup, "", "passwords, kept in files", ""},
	{"with_vars", Task, Lookup, "", "variables, by name", ""},
	{"with_varnames", Task, Lookup, "", "names of variables that match a pattern", ""},
	{"with_config", Task, Lookup, "", "settings of Ansible", ""},
	{"with_inventory_hostnames", Task, Lookup, "", "hosts that match a pattern", ""},
	{"loop_control", Task, LoopSettings, "", "how a loop names and shows its items", ""},
	{"until", Task, Conditions, "Step.Until", "try again until these conditions all hold", ""},
	{"retries", Task, Count, "Step.Retries", "how often to try again until the task succeeds; 3 with until", ""},
	{"delay", Task, Seconds, "Step.Delay", "how many seconds to wait between two tries; 5 if left out", ""},
	{"failed_when", Task, Conditions, "Step.FailedWhen", "when the task counts as failed: conditions that must all hold", ""},
	{"changed_when", Task, Conditions, "Step.ChangedWhen", "when the task counts as changed: conditions that must all hold", ""},
	{"listen", Task, Topics, "Step.Listen", "topics by which a handler is notified beside its name", ""},
	{"import_role", ImportTasks, File, "", "a role whose tasks stand here", ""},
	{"import_tasks", ImportTasks, File, "", "a file whose tasks stand here, as if they were written here", ""},

	{"loop_var", LoopControl, Variable, "Loop.Var", "the variable that holds an item; item if left out", ""},
	{"index_var", LoopControl, Variable, "Loop.Index", "a variable that counts from 0", ""},
	{"label", LoopControl, Text, "Loop.Label", "what reports show of an item", ""},
	{"pause", LoopControl, Seconds, "Loop.Pause", "seconds to wait between items", ""},
	{"extended", LoopControl, Bool, "Loop.Extended", "whether ansible_loop is there", ""},
	{"extended_allitems", LoopControl, Bool, "Loop.AllItems", "false: ansible_loop has no allitems", ""},
	{"break_when", LoopControl, Conditions, "Loop.BreakWhen", "stop after an item for which these hold", ""},

	{"name", Prompt, Variable, "Prompt.Name", "the variable", ""},
	{"prompt", Prompt, Title, "Prompt.Text", "the question", ""},
	{"default", Prompt, Text, "Prompt.Default", "what an empty answer means", ""},
	{"private", Prompt, Fixed, "Prompt.Private", "whether the answer is not shown; true if left out", ""},
	{"confirm", Prompt, Fixed, "Prompt.Confirm", "whether it is asked twice", ""},
	{"unsafe", Prompt, NoEffect, "", "accepted, without effect: what the user types is never a template", ""},

	refusedKind("include", "use include_tasks, or import_tasks"),

	refused("encrypt", Prompt, hashed),
	refused("salt", Prompt, hashed),
	refused("salt_size", Prompt, hashed),
}

const hashed = "use the filter password_hash where the value is used"

// refused makes the row of a keyword of Ansible's that does not work here.
func refused(name string, in Place, instead string) Keyword {
	return Keyword{Name: name, In: in, Instead: instead}
}

// refusedKind makes the row of a kind that Ansible always has, and that does not work here.
func refusedKind(name, instead string) Keyword {
	return Keyword{Name: name, In: Task, Takes: Kind, Instead: instead}
}
