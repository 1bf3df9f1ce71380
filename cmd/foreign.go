package cmd

import (
	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/playbooks"
)

const (
	oneMachine = "everything runs on this machine"
	oneUser    = "everything runs as you"
)

// hostFlags are those that say on which hosts playbooks are played.
func hostFlags(h *playbooks.Hosts) []cli.Flag {
	return flags.In("HOSTS",
		flags.Strings(&h.Inventory, "inventory,i,inventory-file", "take hosts and groups from `SOURCE`: a file in INI or YAML, a folder, or names with a comma (repeatable); the folder inventory beside the playbook if left out").Setting(),
		flags.String(&h.Limit, "limit,l", "play only on hosts that `PATTERN` names"),
		flags.String(&h.Connection, "connection,c", "reach hosts by `CONNECTION` where nothing else is said: local, since everything runs on this machine").Of("local"),
	)
}

// foreignFlags are those of Ansible's that have no meaning here.
func foreignFlags(warnings *[]string) []cli.Flag {
	const value, none = true, false
	return []cli.Flag{
		flags.Refused("user,u", value, oneUser),
		flags.Refused("become,b", none, oneUser),
		flags.Refused("become-user", value, oneUser),
		flags.Refused("become-method", value, oneUser),
		flags.Refused("ask-become-pass,K", none, oneUser),
		flags.Refused("become-password-file", value, oneUser),
		flags.Refused("ask-pass,k", none, oneMachine),
		flags.Refused("private-key", value, oneMachine),
		flags.Refused("key-file", value, oneMachine),
		flags.Refused("ssh-common-args", value, oneMachine),
		flags.Refused("ssh-extra-args", value, oneMachine),
		flags.Refused("sftp-extra-args", value, oneMachine),
		flags.Refused("scp-extra-args", value, oneMachine),
		flags.Ignored("flush-cache", none, "no facts are kept", warnings),
		flags.Refused("module-path,M", value, "the kinds are built in; runner doc lists them"),
	}
}
