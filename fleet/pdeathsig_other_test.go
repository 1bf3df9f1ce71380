//go:build unix && !linux

package fleet_test

import "syscall"

func ofTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
