package session

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"runner/engine"
)

// A listing prints what would be played, in the words and blanks of Ansible.
type listing struct {
	out                io.Writer
	tasks, tags, hosts bool
	selection          engine.Selection
}

// list prints what would be played; with --syntax-check the files only.
func list(out io.Writer, spec Spec, program *engine.Program) {
	l := listing{out: out, tasks: spec.ListTasks, tags: spec.ListTags, hosts: spec.ListHosts, selection: spec.Selection}
	if l.tags && len(l.selection.Tags) == 0 {
		l.selection.Tags = []string{"never", "all"} // as Ansible: --list-tags tells which there are
	}
	for i, f := range spec.Files {
		plays := slices.DeleteFunc(slices.Clone(program.Plays), func(play *engine.Play) bool { return play.Given != i })
		if !l.tasks && !l.tags && !l.hosts {
			plays = nil
		}
		l.file(f, plays)
	}
}

// file lists the plays of one playbook.
func (l *listing) file(name string, plays []*engine.Play) {
	fmt.Fprintf(l.out, "\nplaybook: %s\n", name)
	for i, play := range plays {
		title := play.Hosts
		if play.Name != nil {
			title = play.Title()
		}
		fmt.Fprintf(l.out, "\n  play #%d (%s): %s\tTAGS: %s\n", i+1, play.Hosts, title, bracketed(play.Tags))
		if l.hosts {
			l.hostsOf(play)
		}
		l.play(play)
	}
}

// hostsOf lists the hosts of a play: one, or none.
func (l *listing) hostsOf(play *engine.Play) {
	patterns := strings.FieldsFunc(play.Hosts, func(r rune) bool { return r == ',' || r == ' ' })
	fmt.Fprintf(l.out, "    pattern: ['%s']\n", strings.Join(patterns, "', '"))
	if play.NoHosts {
		fmt.Fprint(l.out, "    hosts (0):\n")
		return
	}
	fmt.Fprintf(l.out, "    hosts (1):\n      %s\n", play.Where().Host)
}

func (l *listing) play(play *engine.Play) {
	if l.tasks {
		fmt.Fprintln(l.out, "    tasks:")
	}
	if !l.tasks && !l.tags {
		return
	}
	var all []string
	for _, list := range [][]engine.Item{play.PreTasks, play.Tasks, play.PostTasks} {
		l.items(l.selection.Items(list), &all)
	}
	if l.tags {
		fmt.Fprintf(l.out, "      TASK TAGS: %s\n", bracketed(all))
	}
}

// items lists tasks; of blocks only their body, as Ansible does.
func (l *listing) items(items []engine.Item, all *[]string) {
	for _, item := range items {
		switch item := item.(type) {
		case *engine.Step:
			name := item.As
			if item.Name != nil && !item.NamedByRole {
				name = item.Title(item.Name.Text)
			}
			*all = append(*all, item.Tags...)
			if l.tasks {
				fmt.Fprintf(l.out, "      %s\tTAGS: %s\n", name, bracketed(item.Tags))
			}
		case *engine.Block:
			l.items(item.Body, all)
		}
	}
}

func bracketed(tags []string) string {
	tags = slices.Sorted(slices.Values(tags))
	return "[" + strings.Join(slices.Compact(tags), ", ") + "]"
}
