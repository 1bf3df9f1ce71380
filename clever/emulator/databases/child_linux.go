package databases

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// confine lets a server run as the account, ends it with this process, and keeps
// the terminal's interrupts from it: it ends after what needs it.
func confine(c *exec.Cmd, a *account, stop syscall.Signal) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: stop}
	if a != nil {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
}

// born tells when a process was started, in the kernel's ticks; "" if there is
// none, or if it has ended and only its parent does not know yet.
func born(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The name, in parentheses, may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 || fields[0][0] == 'Z' {
		return ""
	}
	return string(fields[19])
}
