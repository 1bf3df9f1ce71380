package inventory

import (
	"regexp"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/suggest"
)

// An iniFile is an inventory in INI that is being read.
type iniFile struct {
	in       *Inventory
	src      *diagnostic.Source
	line     int
	group    *Group
	section  string              // hosts, children or vars
	declared map[*Group]bool     // by a section of their own
	wanted   map[*Group][]wanted // by sections that say more of them
	problems diagnostic.Problems
}

// A wanted is where a group is mentioned before it is declared.
type wanted struct {
	at     diagnostic.Place
	parent *Group // of which it is to be a child; nil: its variables are given
}

// sectionHead is [group], [group:children] or [group:vars].
var sectionHead = regexp.MustCompile(`^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$`)

// readINI reads an inventory in INI.
func readINI(in *Inventory, src *diagnostic.Source) []*diagnostic.Problem {
	f := &iniFile{in: in, src: src, group: in.Groups[1], section: "hosts", declared: map[*Group]bool{}, wanted: map[*Group][]wanted{}}
	for i, line := range strings.Split(src.Text, "\n") {
		f.line = i + 1
		text := strings.TrimSpace(line)
		if text == "" || text[0] == '#' || text[0] == ';' {
			continue
		}
		f.read(text, strings.Index(line, text)+1)
	}
	for _, g := range in.Groups {
		for _, w := range f.wanted[g] {
			if !f.declared[g] {
				f.problems.Add(diagnostic.Problemf(w.at, "there is no group %q", g.Name).WithHint("%s", f.declare(g)))
			}
		}
	}
	return f.problems.All()
}

// declare says what to do about a group that no section declares.
func (f *iniFile) declare(g *Group) string {
	var names []string
	for _, other := range f.in.Groups {
		if f.declared[other] {
			names = append(names, other.Name)
		}
	}
	if hint := suggest.DidYouMean(g.Name, names); hint != "" {
		return hint
	}
	return "write a section [" + g.Name + "]"
}

func (f *iniFile) problem(col int, format string, args ...any) *diagnostic.Problem {
	p := diagnostic.Problemf(f.place(col), format, args...)
	f.problems.Add(p)
	return p
}

func (f *iniFile) place(col int) diagnostic.Place {
	return diagnostic.Place{Source: f.src, Line: f.line, Col: col}
}

func (f *iniFile) read(text string, col int) {
	if m := sectionHead.FindStringSubmatch(text); m != nil {
		f.enter(m[1], m[2], col)
		return
	}
	switch {
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"):
		f.problem(col, "%s is no section", text).WithHint("write [group], [group:children] or [group:vars], without blanks")
	case f.section == "children":
		f.child(text, col)
	case f.section == "vars":
		f.vars(text, col)
	default:
		f.hosts(text, col)
	}
}

// enter begins a section.
func (f *iniFile) enter(group, section string, col int) {
	if section == "" {
		section = "hosts"
	}
	known := f.in.group(group) != nil
	f.group, f.section = f.in.addGroup(group), section
	switch section {
	case "hosts", "children":
		f.declared[f.group] = true
	case "vars":
		if !known {
			f.wanted[f.group] = append(f.wanted[f.group], wanted{at: f.place(col)})
		}
	default:
		f.section = "hosts"
		f.problem(col, "[%s:%s] is no section", group, section).WithHint("%s", suggest.DidYouMean(section, []string{"children", "vars"}))
	}
}

func (f *iniFile) child(text string, col int) {
	name, _, _ := strings.Cut(text, "#")
	name = strings.TrimSpace(name)
	if strings.ContainsAny(name, " \t:]") {
		f.problem(col, "%q is no name of a group", name)
		return
	}
	known := f.in.group(name) != nil
	g := f.in.addGroup(name)
	if !known {
		f.wanted[g] = append(f.wanted[g], wanted{f.place(col), f.group})
	}
	if !f.group.add(g) {
		f.problem(col, "the group %q cannot be below %q, which is below it", name, f.group.Name)
	}
}

func (f *iniFile) vars(text string, col int) {
	name, val, ok := strings.Cut(text, "=")
	if !ok {
		f.problem(col, "%q is not name=value", text)
		return
	}
	v, problem := variable(strings.TrimSpace(name), strings.TrimSpace(val), f.place(col))
	f.problems.Add(problem, f.group.set(v))
}

// hosts reads a line that declares hosts: a name, or several by ranges, and variables.
func (f *iniFile) hosts(text string, col int) {
	words, err := words(text)
	if err != nil {
		f.problem(col, "%s", err)
		return
	}
	if len(words) == 0 {
		return
	}
	names, port, err := expand(words[0].text)
	if err != nil {
		f.problem(col, "%s", err)
		return
	}
	vars := f.portVar(port, col)
	for _, w := range words[1:] {
		name, val, ok := strings.Cut(w.text, "=")
		if !ok {
			f.problem(col+w.at, "%q is not name=value", w.text).WithHint("one line per host: a name, and its variables")
			continue
		}
		v, problem := variable(name, val, f.place(col+w.at))
		f.problems.Add(problem)
		vars = append(vars, v)
	}
	for _, name := range names {
		h := f.in.addHost(name, f.src.Name, f.group)
		h.Vars = append(h.Vars, vars...)
	}
}

// portVar returns the variable that a port behind a host's name stands for.
func (f *iniFile) portVar(port string, col int) []engine.Var {
	if port == "" {
		return nil
	}
	v, _ := variable("ansible_port", port, f.place(col))
	return []engine.Var{v}
}
