package inventory

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/playbooks/reading"
)

// Read reads sources one after the other into one inventory: files in INI, YAML or JSON,
// folders of such, and lists of names with a comma in them. What is vaulted in them is
// opened by v. It returns all that is wrong with them; what could be read is in the
// inventory all the same.
func Read(sources []string, v *reading.Vault) (*Inventory, []*diagnostic.Problem) {
	r := &reader{in: empty(), vault: v}
	for _, source := range sources {
		if strings.Contains(source, ",") && !exists(source) {
			r.list(source)
			r.in.Sources = append(r.in.Sources, source)
			continue
		}
		if abs, err := filepath.Abs(source); err == nil {
			r.in.Sources = append(r.in.Sources, abs)
		}
		r.source(source)
	}
	r.in.reconcile()
	return r.in, r.problems.All()
}

// A reader reads sources into an inventory.
type reader struct {
	in       *Inventory
	vault    *reading.Vault
	problems diagnostic.Problems
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// list reads a list of names with commas.
func (r *reader) list(text string) {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		names, _, err := expand(name)
		if err != nil {
			r.problems.Add(diagnostic.From(err, diagnostic.Place{Source: &diagnostic.Source{Name: "--inventory", Text: text}}))
		}
		for _, host := range names {
			r.in.addHost(host, text, r.in.Groups[1])
		}
	}
}

// left are the names in a folder that are no inventories.
var left = regexp.MustCompile(`^\.|^(?:host_vars|group_vars|vars_plugins)$|(?:\.pyc|\.pyo|\.swp|\.bak|~|\.rpm|\.md|\.txt|\.rst|\.orig|\.cfg|\.retry)$`)

// Holds reports whether a folder has files in it whose names are those of inventories: a
// folder of that name may be about anything.
func Holds(folder string) bool {
	entries, _ := os.ReadDir(folder)
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return e.Type().IsRegular() && !left.MatchString(e.Name()) &&
			slices.Contains([]string{"", ".yml", ".yaml", ".json", ".ini"}, filepath.Ext(e.Name()))
	})
}

// source reads a file, or what is in a folder.
func (r *reader) source(path string) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		r.file(path)
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		r.problems.Add(&diagnostic.Problem{Place: diagnostic.Place{Source: &diagnostic.Source{Name: path}}, Msg: reading.Reason(err), Err: err})
	}
	for _, e := range entries {
		if !left.MatchString(e.Name()) {
			r.source(filepath.Join(path, e.Name()))
		}
	}
}

// file reads one file: YAML by its ending, INI by any other; without an ending as what it looks like.
func (r *reader) file(path string) {
	src, problem := reading.Open(path, nil, r.vault)
	if problem != nil {
		r.problems.Add(problem)
		return
	}
	if strings.HasPrefix(src.Text, "#!") {
		r.problems.Add(diagnostic.Problemf(diagnostic.Place{Source: src, Line: 1, Col: 1}, "this is a program, and inventories that are programs are not run").
			WithHint("give a file of hosts: ansible-inventory -i %s --list --yaml --output FILE writes one", filepath.Base(path)))
		return
	}
	switch ending := filepath.Ext(path); {
	case ending == ".toml":
		r.problems.Add(diagnostic.Problemf(diagnostic.Place{Source: src}, "inventories in TOML are not supported").WithHint("write it in INI or YAML"))
	case slices.Contains([]string{".yml", ".yaml", ".json"}, ending), ending == "" && looksLikeYAML(src.Text):
		root, problems := reading.ParseSource(src, r.vault)
		r.problems.Add(problems...)
		if root != nil {
			r.problems.Add(readYAML(r.in, src.Name, root)...)
		}
	default:
		r.problems.Add(readINI(r.in, src)...)
	}
}

// looksLikeYAML reports whether the first line that says something is the start of a
// document, of a map in braces, or a key.
func looksLikeYAML(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		return line == "---" || line[0] == '{' || strings.HasSuffix(line, ":") && !strings.HasPrefix(line, "[")
	}
	return false
}
