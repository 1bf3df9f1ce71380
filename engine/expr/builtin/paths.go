package builtin

import (
	"io"
	"io/fs"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// pathFilters work on paths with slashes. What they know of this machine are its
// folders and its environment, as Ansible's do of the controller.
func pathFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "basename", Doc: "the last part of a path", How: expr.Plugin, Do: onlyText(func(s string) string { return s[strings.LastIndexByte(s, '/')+1:] })},
		{Names: "dirname", Doc: "a path without its last part", How: expr.Plugin, Do: onlyText(dirName)},
		{Names: "splitext", Doc: "a path in two: before its ending, and the ending", How: expr.Plugin, Do: splitExt},
		{Names: "normpath", Doc: "a path without . and ..", How: expr.Plugin, Do: onlyText(cleanPath)},
		{Names: "path_join", Doc: "the parts of a path as one", How: expr.Plugin, Do: pathJoin},
		{Names: "realpath", Doc: "the path behind all links", How: expr.Plugin, Do: onlyText(realPath)},
		{Names: "relpath", Params: "start=none", Doc: "a path as seen from another folder", How: expr.Plugin, Do: relPath},
		{Names: "commonpath", Doc: "the longest path that several have in common", How: expr.Plugin, Do: commonPath},
		{Names: "expanduser", Doc: "with a user's home folder for ~", How: expr.Plugin, Do: onlyText(expandUser)},
		{Names: "expandvars", Doc: "with the environment's values for $NAME", How: expr.Plugin, Do: onlyText(expandVars)},
		{Names: "fileglob", Doc: "the files that match a pattern", How: expr.Plugin, Do: fileGlob},
		{Names: "win_basename", Doc: "the last part of a Windows path", How: expr.Plugin, Do: onlyText(func(s string) string { _, base := winSplit(s); return base })},
		{Names: "win_dirname", Doc: "a Windows path without its last part", How: expr.Plugin, Do: onlyText(func(s string) string { dir, _ := winSplit(s); return dir })},
		{Names: "win_splitdrive", Doc: "a Windows path in two: drive and rest", How: expr.Plugin, Do: winSplitDrive},
	}
}

// fileTests ask what is at a path on this machine.
func fileTests() []expr.Operation {
	at := func(descriptors bool, stat func(string) (fs.FileInfo, error), is func(fs.FileInfo) bool) func(*expr.Call) (value.Value, error) {
		return func(u *expr.Call) (value.Value, error) {
			s, err := fileIn(u)
			if n, isNumber := value.ToInt(u.In); isNumber && descriptors {
				s, err = "/dev/fd/"+strconv.Itoa(n), nil // as Python has it
			}
			if err != nil {
				return nil, err
			}
			info, err := stat(s)
			return err == nil && is(info), nil
		}
	}
	any := func(fs.FileInfo) bool { return true }
	return []expr.Operation{
		{Names: "directory is_dir", Doc: "the path of a folder", Do: at(true, os.Stat, fs.FileInfo.IsDir)},
		{Names: "file is_file", Doc: "the path of a file", Do: at(true, os.Stat, func(i fs.FileInfo) bool { return i.Mode().IsRegular() })},
		{Names: "link is_link", Doc: "the path of a link", Do: at(false, os.Lstat, func(i fs.FileInfo) bool { return i.Mode()&fs.ModeSymlink != 0 })},
		{Names: "exists", Doc: "a path at which there is something", Do: at(true, os.Stat, any)},
		{Names: "link_exists", Doc: "a path at which there is something, if only a link", Do: at(false, os.Lstat, any)},
		{Names: "abs is_abs", Doc: "an absolute path", Do: func(u *expr.Call) (value.Value, error) {
			s, err := textIn(u)
			return strings.HasPrefix(s, "/"), err
		}},
		{Names: "same_file is_same_file", Params: "other!", Doc: "a path of the same file as another", Do: sameFile},
		{Names: "vaulted_file", Doc: "the path of a file that ansible-vault encrypted", How: expr.Plugin, Do: isVaultedFile},
		{Names: "mount is_mount", Doc: "a path at which a file system is mounted", Do: isMount},
	}
}

// fileIn returns the path that a test or filter is asked about, once whoever writes
// there is done. Of a pattern that is the folder that holds all that may match.
func fileIn(u *expr.Call) (string, error) {
	s, err := textIn(u)
	if err != nil {
		return "", err
	}
	dir := s
	for strings.ContainsAny(dir, "*?[") {
		dir = filepath.Dir(dir)
	}
	return s, u.Context.BeforeFile(dir)
}

func sameFile(u *expr.Call) (value.Value, error) {
	s, err := fileIn(u)
	if err != nil {
		return nil, err
	}
	a, err := os.Stat(s)
	if err != nil {
		return nil, value.AsError(err, value.FilterError)
	}
	b, err := os.Stat(u.Str(0))
	if err != nil {
		return nil, value.AsError(err, value.FilterError)
	}
	return os.SameFile(a, b), nil
}

func isVaultedFile(u *expr.Call) (value.Value, error) {
	s, err := fileIn(u)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(s)
	if err != nil {
		return nil, value.AsError(err, value.FilterError)
	}
	defer f.Close()
	header := make([]byte, len("$ANSIBLE_VAULT"))
	_, err = io.ReadFull(f, header)
	return err == nil && string(header) == "$ANSIBLE_VAULT", nil
}

// isMount asks whether a folder is on another device than the one above it, or is
// the root.
func isMount(u *expr.Call) (value.Value, error) {
	s, err := fileIn(u)
	if err != nil {
		return nil, err
	}
	here, err := os.Lstat(s)
	if err != nil || here.Mode()&fs.ModeSymlink != 0 {
		return false, nil
	}
	above, err := os.Stat(filepath.Join(realPath(s), ".."))
	if err != nil {
		return false, nil
	}
	return os.SameFile(here, above) || deviceOf(here) != deviceOf(above), nil
}

func cleanPath(s string) string {
	if strings.HasPrefix(s, "//") && !strings.HasPrefix(s, "///") {
		return "/" + path.Clean(s)
	}
	return path.Clean(s)
}

// realPath resolves links as far as the path exists.
func realPath(s string) string {
	abs, err := filepath.Abs(s)
	if err != nil {
		return s
	}
	rest := ""
	for at := abs; ; at = filepath.Dir(at) {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(real, rest)
		}
		if at == "/" || at == "." {
			return abs
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

func relPath(u *expr.Call) (value.Value, error) {
	s, err := textIn(u)
	if err != nil {
		return nil, err
	}
	start := "."
	if u.Arg(0) != nil {
		start = u.Str(0)
	}
	if s == "" {
		return nil, value.Errorf(value.FilterError, "'relpath' wants a path, not an empty text")
	}
	from, err := filepath.Abs(start)
	if err != nil {
		return nil, value.AsError(err, value.FilterError)
	}
	to, err := filepath.Abs(s)
	if err != nil {
		return nil, value.AsError(err, value.FilterError)
	}
	rel, err := filepath.Rel(from, to)
	if err != nil {
		return nil, value.AsError(err, value.FilterError)
	}
	return rel, nil
}

func commonPath(u *expr.Call) (value.Value, error) {
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	switch u.In.(type) {
	case string, *value.Map:
		l = nil
	}
	if len(l) == 0 {
		return nil, value.Errorf(value.FilterError, "'commonpath' wants a list of paths")
	}
	var common []string
	absolute := false
	for i, v := range l {
		s, ok := v.(string)
		if !ok || i > 0 && strings.HasPrefix(s, "/") != absolute {
			return nil, value.Errorf(value.FilterError, "'commonpath' wants paths that are all absolute, or all not")
		}
		absolute = strings.HasPrefix(s, "/")
		parts := slices.DeleteFunc(strings.Split(s, "/"), func(p string) bool { return p == "" || p == "." })
		if i == 0 {
			common = parts
		}
		n := 0
		for n < min(len(common), len(parts)) && common[n] == parts[n] {
			n++
		}
		common = common[:n]
	}
	if absolute {
		return "/" + strings.Join(common, "/"), nil
	}
	return strings.Join(common, "/"), nil
}

func expandUser(s string) string {
	if !strings.HasPrefix(s, "~") {
		return s
	}
	name, rest, _ := strings.Cut(s[1:], "/")
	if len(s) > len(name)+1 {
		rest = "/" + rest
	}
	home := ""
	if name == "" {
		home, _ = os.UserHomeDir()
	} else if u, err := user.Lookup(name); err == nil {
		home = u.HomeDir
	}
	if home == "" {
		return s
	}
	if s = strings.TrimRight(home, "/") + rest; s == "" {
		return "/"
	}
	return s
}

// expandVars leaves what the environment does not have as it is written.
func expandVars(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			return b.String() + s
		}
		b.WriteString(s[:i])
		name, n := variableAt(s[i:])
		if v, ok := os.LookupEnv(name); ok && name != "" {
			b.WriteString(v)
		} else {
			b.WriteString(s[i : i+n])
		}
		s = s[i+n:]
	}
}

// variableAt reads $NAME or ${NAME}, and how long it is; 1 where it is neither.
func variableAt(s string) (name string, n int) {
	if strings.HasPrefix(s, "${") {
		if end := strings.IndexByte(s, '}'); end > 0 {
			return s[2:end], end + 1
		}
		return "", 1
	}
	n = 1
	for n < len(s) && (s[n] == '_' || isAlphanumeric(s[n])) {
		n++
	}
	return s[1:n], n
}

func fileGlob(u *expr.Call) (value.Value, error) {
	s, err := fileIn(u)
	if err != nil {
		return nil, err
	}
	found, err := filepath.Glob(s)
	if err != nil {
		return nil, value.Errorf(value.FilterError, "%s is no pattern of files", value.Quote(s))
	}
	out := []value.Value{}
	for _, f := range found {
		if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() {
			out = append(out, f)
		}
	}
	return out, u.Context.Count(len(found))
}

// winDrive returns the length of a Windows path's drive: C: or \\host\share.
func winDrive(s string) int {
	flat := strings.ReplaceAll(s, "/", `\`)
	if len(flat) > 1 && flat[1] == ':' {
		return 2
	}
	if !strings.HasPrefix(flat, `\\`) || strings.HasPrefix(flat, `\\\`) {
		return 0
	}
	host := strings.IndexByte(flat[2:], '\\')
	if host < 0 {
		return len(s)
	}
	share := strings.IndexByte(flat[2+host+1:], '\\')
	if share < 0 {
		return len(s)
	}
	if share > 0 {
		return 2 + host + 1 + share
	}
	return 0
}

func winSplit(s string) (dir, base string) {
	n := winDrive(s)
	i := strings.LastIndexAny(s[n:], `/\`) + 1
	dir, base = s[n:n+i], s[n+i:]
	if cut := strings.TrimRight(dir, `/\`); cut != "" {
		dir = cut
	}
	return s[:n] + dir, base
}

func winSplitDrive(u *expr.Call) (value.Value, error) {
	s, err := textIn(u)
	if err != nil {
		return nil, err
	}
	n := winDrive(s)
	return value.Tuple{s[:n], s[n:]}, nil
}

func dirName(s string) string {
	head := s[:strings.LastIndexByte(s, '/')+1]
	if cut := strings.TrimRight(head, "/"); cut != "" {
		return cut
	}
	return head
}

func splitExt(u *expr.Call) (value.Value, error) {
	s, err := textIn(u)
	if err != nil {
		return nil, err
	}
	base := strings.LastIndexByte(s, '/') + 1
	for base < len(s) && s[base] == '.' {
		base++
	}
	i := strings.LastIndexByte(s[base:], '.')
	if i < 0 {
		return value.Tuple{s, ""}, nil
	}
	return value.Tuple{s[:base+i], s[base+i:]}, nil
}

func pathJoin(u *expr.Call) (value.Value, error) {
	if s, ok := u.In.(string); ok {
		return s, nil
	}
	l, err := u.Elements()
	if err != nil {
		return nil, err
	}
	if _, isMap := u.In.(*value.Map); isMap || len(l) == 0 {
		return nil, value.Errorf(value.FilterError, "'path_join' wants the parts of a path")
	}
	out := ""
	for _, v := range l {
		s, ok := v.(string)
		if !ok {
			return nil, value.Errorf(value.FilterError, "'path_join' wants texts, not %s", value.Describe(v))
		}
		switch {
		case strings.HasPrefix(s, "/"), out == "":
			out = s
		case strings.HasSuffix(out, "/"):
			out += s
		default:
			out += "/" + s
		}
		if err := u.Context.Write(len(out)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
