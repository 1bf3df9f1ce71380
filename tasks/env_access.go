package tasks

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"strconv"
	"strings"

	"runner/atomicfile"
	"runner/engine"
)

// newEnvMode is the permissions of a new file: it may hold secrets.
const newEnvMode = 0o600

// readAccess reads mode, owner and group.
func (f *envText) readAccess() error {
	var err error
	if f.mode, err = modeOf(f.Mode); err != nil {
		return engine.About("mode", err)
	}
	if f.uid, err = number(f.Owner, "user", func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	}); err != nil {
		return engine.About("owner", err)
	}
	f.gid, err = number(f.Group, "group", func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
	return engine.About("group", err)
}

// modeOf reads permissions; 0 where none are given.
func modeOf(text string) (fs.FileMode, error) {
	if text == "" {
		return 0, nil
	}
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode == 0 || mode > 0o777 {
		return 0, fmt.Errorf("%q is no mode: write three octal digits, such as 0600", text)
	}
	return fs.FileMode(mode), nil
}

// checkNumber notes a number of a user or a group that there cannot be. Whether a name is
// known shows on the machine that writes the file.
func checkNumber(c *engine.Checking, path, text string) {
	notBlank(c, path, text, "a name")
	if _, err := strconv.ParseInt(text, 10, 31); errors.Is(err, strconv.ErrRange) || strings.HasPrefix(text, "-") {
		c.Addf(path, "%s is no number of a user or a group", text)
	}
}

// number returns the number of a user or a group, nil where none is named.
func number(name, what string, lookup func(string) (string, error)) (*int, error) {
	if name == "" {
		return nil, nil
	}
	if n, err := strconv.ParseUint(name, 10, 31); err == nil {
		return new(int(n)), nil
	}
	id, err := lookup(name)
	if err != nil {
		return nil, fmt.Errorf("there is no %s %q on this machine", what, name)
	}
	n, err := strconv.ParseUint(id, 10, 31)
	if err != nil {
		return nil, fmt.Errorf("a file cannot be given to a %s here: %w", what, errors.ErrUnsupported)
	}
	return new(int(n)), nil
}

// keep takes over the permissions of the file that is there, unless the task names
// others.
func (f *envText) keep(before *onDisk) {
	switch {
	case f.Mode != "":
	case before != nil:
		f.mode = before.mode
	default:
		f.mode = newEnvMode
	}
}

// put writes the file.
func (f *envText) put(h *engine.Host) error {
	if f.Mode == "" && f.mode&0o004 != 0 {
		h.Warn(fmt.Sprintf("every user of this machine can read %q, as its permissions are %s: name a mode", f.Dest, octal(f.mode)))
	}
	return atomicfile.WriteFile(f.path, []byte(f.text),
		atomicfile.Options{Mode: f.mode, Exact: f.Mode != "", UID: f.uid, GID: f.gid, Regular: true, Warn: h.Warn})
}

// userName returns the name of a user, else the number.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

// groupName returns the name of a group, else the number.
func groupName(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return g.Name
	}
	return strconv.Itoa(gid)
}
