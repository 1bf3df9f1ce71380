package cmd

import (
	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
)

const (
	oneMachine = "everything runs on this machine"
	oneUser    = "everything runs as you"
)

// foreignFlags are those of Ansible's that have no meaning here.
func foreignFlags(warnings *[]string) []cli.Flag {
	const value, none = true, false
	return []cli.Flag{
		flags.Ignored("inventory,i", value, oneMachine, warnings),
		flags.Refused("limit,l", value, oneMachine+"; give --tags to play a part"),
		flags.Refused("list-hosts", none, oneMachine),
		flags.Refused("user,u", value, oneUser),
		flags.Refused("become,b", none, oneUser),
		flags.Refused("become-user", value, oneUser),
		flags.Refused("become-method", value, oneUser),
		flags.Refused("ask-become-pass,K", none, oneUser),
		flags.Refused("become-password-file", value, oneUser),
		flags.Refused("ask-pass,k", none, oneMachine),
		flags.Ignored("connection,c", value, oneMachine, warnings),
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
