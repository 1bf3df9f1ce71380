//go:build unix

package tasks

import "golang.org/x/sys/unix"

func readKernel() kernel {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return kernel{}
	}
	text := unix.ByteSliceToString
	return kernel{text(u.Sysname[:]), text(u.Release[:]), text(u.Version[:]), text(u.Machine[:]), text(u.Nodename[:])}
}
