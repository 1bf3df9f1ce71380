package playbooks

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/engine"
	"runner/engine/expr"
)

// groupsOfHost are the groups that this machine belongs to, the widest first.
var groupsOfHost = [...]string{"all", "ungrouped"}

// inventoryVars reads what group_vars and host_vars beside a playbook say of this
// machine: of its groups first, then of the host, which beats them.
func (c *compiler) inventoryVars(dir string) []engine.Var {
	if vars, known := c.inventories[dir]; known {
		return vars
	}
	var vars []engine.Var
	for _, group := range groupsOfHost {
		vars = append(vars, c.varsNamed(filepath.Join(dir, "group_vars", group))...)
	}
	vars = append(vars, c.varsNamed(filepath.Join(dir, "host_vars", engine.Localhost))...)
	c.inventories[dir] = vars
	return vars
}

// varsNamed reads the variables of a group or host: of a file of that name, with one of
// the usual endings or none, and of all files of a folder of that name.
func (c *compiler) varsNamed(path string) []engine.Var {
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
