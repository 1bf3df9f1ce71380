package main

import "syscall"

// ownGroup keeps a child from getting the signals of this process's console.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
