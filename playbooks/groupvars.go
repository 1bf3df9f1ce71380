package playbooks

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/inventory"
)

// varsOfHost returns the variables of a host, the weakest first: of the sources of the
// inventory and of the folders group_vars and host_vars beside them and beside the
// playbook; those of groups before those of the host.
func (c *compiler) varsOfHost(in *inventory.Inventory, h *inventory.Host) []engine.Var {
	var dirs []string
	for _, source := range in.Sources {
		switch {
		case isFolder(source):
			dirs = append(dirs, source)
		case c.stat(source) == nil:
			dirs = append(dirs, filepath.Dir(source))
		}
	}
	playbook := absolute(filepath.Dir(c.path))
	inside := func(folder string, dirs []string, names ...string) (vars []engine.Var) {
		for _, dir := range dirs {
			for _, name := range names {
				vars = append(vars, c.varsNamed(filepath.Join(dir, folder, name))...)
			}
		}
		return vars
	}
	var vars []engine.Var
	var groups []string
	for _, g := range in.GroupsOf(h) {
		vars = append(vars, g.Vars...)
		if g.Name != inventory.All {
			groups = append(groups, g.Name)
		}
	}
	beside := []string{playbook}
	return slices.Concat(vars,
		inside("group_vars", dirs, inventory.All), inside("group_vars", beside, inventory.All),
		inside("group_vars", dirs, groups...), inside("group_vars", beside, groups...),
		h.Vars, inside("host_vars", dirs, h.Name), inside("host_vars", beside, h.Name))
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// varsNamed reads the variables of a group or host: of a file of that name, with one of
// the usual endings or none, and of all files of a folder of that name.
func (c *compiler) varsNamed(path string) []engine.Var {
	if vars, known := c.namedVars[path]; known {
		return vars
	}
	var vars []engine.Var
	for _, ending := range []string{"", ".yml", ".yaml", ".json"} {
		info, err := os.Stat(path + ending)
		switch {
		case err != nil:
		case info.IsDir() && ending == "":
			for _, file := range filesBelow(path) {
				vars = append(vars, c.readNamed(file)...)
			}
		case info.Mode().IsRegular():
			vars = append(vars, c.readNamed(path+ending)...)
		}
	}
	c.namedVars[path] = vars
	return vars
}

func (c *compiler) readNamed(path string) []engine.Var {
	return c.varsOfFile(&expr.Node{Text: absolute(path), Value: absolute(path)})
}

// filesBelow lists the files of variables in a folder and below, in order. Those that
// are hidden, or that editors leave, are none.
func filesBelow(dir string) []string {
	var files []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name := filepath.Base(path)
		switch {
		case err != nil, path == dir:
		case strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~"):
			if d.IsDir() {
				return filepath.SkipDir
			}
		case !d.IsDir() && slices.Contains([]string{"", ".yml", ".yaml", ".json"}, filepath.Ext(name)):
			files = append(files, path)
		}
		return nil
	})
	return files
}
