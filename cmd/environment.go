package cmd

// A variable is one that the program reads from its environment, beside those that
// set a flag.
type variable struct{ Name, Doc string }

// environment are the variables that no flag has, with what each is for.
var environment = []variable{
	{"CLEVER_TOKEN", "the OAuth token of the user on the platform"},
	{"CLEVER_SECRET", "the secret of that token"},
	{"OAUTH_CONSUMER_KEY", "the key of an OAuth consumer of your own, in place of that of the platform's command line"},
	{"OAUTH_CONSUMER_SECRET", "its secret"},
	{"RUNNER_ENDPOINT", "the URL of the platform's API, in place of the real one"},
	{"API_HOST", "the same, as clever-tools reads it, where RUNNER_ENDPOINT is not set"},
	{"CONSOLE_URL", "the URL of the platform's console, where a login begins"},
	{"CONSOLE_TOKEN_URL", "the page of the console on which a login begins"},
	{"RUNNER_CONFIG", "your own configuration file, in place of $XDG_CONFIG_HOME/runner/runner.toml"},
	{"RUNNER_PROFILE", "the profile that settings and credentials come from"},
	{"CONFIGURATION_FILE", "the file with the login that clever-tools shares"},
	{"ANSIBLE_VAULT_IDENTITY_LIST", "identities of vault passwords, as --vault-id takes them, with commas between them"},
	{"RUNNER_VAULT_PASSWORD", "a vault password"},
	{"RUNNER_VAULT_PASSWORD_FILE, ANSIBLE_VAULT_PASSWORD_FILE", "a file with a vault password, or a program that prints it"},
	{"ANSIBLE_VAULT_ENCRYPT_IDENTITY", "the identity that runner vault encrypts with"},
	{"ANSIBLE_ROLES_PATH", "folders in which roles are looked for, with colons between them"},
	{"EDITOR", "the editor of runner vault edit"},
	{"PAGER", "the pager of runner vault view"},
	{"NO_COLOR, ANSIBLE_NOCOLOR", "no colours, on terminals too"},
	{"FORCE_COLOR, ANSIBLE_FORCE_COLOR", "colours, where there is no terminal too"},
	{"CI, TERM", "in CI systems and on dumb terminals nothing is coloured or drawn anew"},
	{"GITHUB_ACTIONS", "runner validate writes annotations"},
	{"HOME, XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME, XDG_RUNTIME_DIR", "where the login, the log of orders, the history, the cache and what is being edited are kept"},
	{"APPDATA", "the same on Windows, for the login"},
	{"DISPLAY, WAYLAND_DISPLAY", "whether there is a desktop that can open a page, for runner login"},
	{"NETRC", "the file with names and passwords of hosts, in place of ~/.netrc, for lookup('url')"},
	{"PATH, SHELL", "programs on this machine; what `ansible_facts` say of the user"},
}
