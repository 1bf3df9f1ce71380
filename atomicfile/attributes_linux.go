package atomicfile

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// accessList is the attribute that holds a file's access list.
const accessList = "system.posix_acl_access"

// copyAttributes copies to a file the access list of another, and the attributes that
// users set. Labels of the system's are its own affair.
func copyAttributes(from string, to *os.File) error {
	names, err := attributeNames(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name != accessList && !strings.HasPrefix(name, "user.") {
			continue
		}
		value, err := attribute(from, name)
		if err == nil {
			err = unix.Fsetxattr(int(to.Fd()), name, value, 0)
		}
		if err != nil && name == accessList {
			return err
		}
	}
	return nil
}

func attributeNames(path string) ([]string, error) {
	list, err := grown(func(b []byte) (int, error) { return unix.Listxattr(path, b) })
	if unsupported(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(list), func(r rune) bool { return r == 0 }), nil
}

func attribute(path, name string) ([]byte, error) {
	return grown(func(b []byte) (int, error) { return unix.Getxattr(path, name, b) })
}

// grown calls a function that fills a buffer, and says the size that it needs
// when there is none.
func grown(fill func([]byte) (int, error)) ([]byte, error) {
	for {
		size, err := fill(nil)
		if err != nil || size <= 0 {
			return nil, err
		}
		b := make([]byte, size)
		n, err := fill(b)
		if errors.Is(err, unix.ERANGE) {
			continue // it grew between two calls
		}
		if err != nil {
			return nil, err
		}
		return b[:n], nil
	}
}
