package playbooks

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
)

// ReadVars reads the files of variables that a query names, in the order of their names.
func (f Files) ReadVars(_ context.Context, which engine.VarsQuery) ([]engine.Var, error) {
	c := newCompiler(f.Options)
	if which.From.Source != nil {
		c.path = which.From.Source.Name
	}
	if which.Playbook != "" {
		c.importing = []string{absolute(which.Playbook)}
	}
	c.inRole, c.anyKeys = which.Role, which.Keys
	files := which.Paths
	if which.Dir != "" {
		var err error
		if files, err = c.varsOfFolder(which); err != nil {
			return nil, err
		}
	} else if i := slices.IndexFunc(files, func(name string) bool { return c.stat(c.find(name, "vars")) == nil }); i >= 0 {
		files = files[i : i+1]
	} else {
		files = files[:min(1, len(files))]
	}
	if len(files) == 0 && which.Dir == "" {
		return nil, os.ErrNotExist
	}
	var vars []engine.Var
	for _, name := range files {
		vars = append(vars, c.varsOfFile(&expr.Node{Place: which.From, Text: name, Value: name})...)
	}
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	return vars, nil
}

// varsOfFolder lists the files of a folder that a query wants.
func (c *compiler) varsOfFolder(which engine.VarsQuery) ([]string, error) {
	matching, err := regexp.Compile(which.Matching)
	if err != nil {
		return nil, diagnostic.Problemf(which.From, "files_matching is no regular expression: %s", err)
	}
	endings := which.Endings
	if len(endings) == 0 {
		endings = []string{"yaml", "yml", "json"}
	}
	root := c.find(which.Dir, "vars")
	var files []string
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name := filepath.Base(path)
		level := strings.Count(strings.TrimPrefix(path, root), string(filepath.Separator))
		switch {
		case err != nil:
			return err
		case d.IsDir() && which.Depth > 0 && level >= which.Depth:
			return filepath.SkipDir
		case d.IsDir(), which.Matching != "" && !matching.MatchString(name), ignored(which.Ignored, name):
		case slices.Contains(endings, strings.TrimPrefix(filepath.Ext(name), ".")):
			files = append(files, path)
		case !which.IgnoreUnknown && which.Matching == "":
			return diagnostic.Problemf(which.From, "%s does not end in %s", path, list(endings)).
				WithHint("rename it, or write ignore_unknown_extensions: true")
		}
		return nil
	})
	slices.SortStableFunc(files, func(a, b string) int { // a folder's files before those of the folders in it
		return cmp.Or(strings.Compare(filepath.Dir(a), filepath.Dir(b)), strings.Compare(a, b))
	})
	return files, err
}

// ignored reports whether a pattern of names is one of a file.
func ignored(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := regexp.MatchString(`^(?:`+p+`)$`, name)
		return err == nil && ok
	})
}
