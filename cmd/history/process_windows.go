package history

import "os"

// atWork reports whether there is a process of that number.
func atWork(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = p.Release()
	return true
}
