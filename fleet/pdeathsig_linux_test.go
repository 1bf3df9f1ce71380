package fleet_test

import "syscall"

// ofTest lets a process end with the test, however that ends.
func ofTest() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
