//go:build unix

package cmd

import (
	"os/exec"
	"syscall"
)

// apart lets a command run in a session of its own, which the terminal's signals do
// not reach.
func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
