//go:build unix

package main

import "syscall"

// ownGroup keeps a child from getting the signals of this process's terminal.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
