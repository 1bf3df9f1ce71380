package engine

import (
	"path"
	"slices"
)

// A Selection says which tasks of a program are to be run: --tags, --skip-tags
// and --start-at-task. The zero Selection is all but those tagged "never".
type Selection struct {
	Tags []string // "all", "tagged" and "untagged" mean what they mean in Ansible
	Skip []string
	// StartAt is the name of the first task, or a pattern for it; "": the first one.
	StartAt string
}

// partial reports whether tasks may be left out though the playbook says them.
func (o Options) partial() bool {
	s := o.Selection
	return len(s.Tags)+len(s.Skip) > 0 || s.StartAt != "" || o.Step != nil
}

// Selects reports whether tags are wanted. What is tagged "always" is, unless
// it is skipped by name; what is tagged "never" only by another of its own tags.
func (s Selection) Selects(tags []string) bool {
	return s.wanted(tags) && !s.skipped(tags)
}

func (s Selection) wanted(tags []string) bool {
	has := func(tag string) bool { return slices.Contains(tags, tag) }
	named := slices.ContainsFunc(s.Tags, has)
	switch {
	case has("always"), named:
		return true
	case has("never"):
		return false
	case len(s.Tags) == 0, slices.Contains(s.Tags, "all"):
		return true
	case slices.Contains(s.Tags, "tagged"):
		return len(tags) > 0
	}
	return slices.Contains(s.Tags, "untagged") && len(tags) == 0
}

func (s Selection) skipped(tags []string) bool {
	has := func(tag string) bool { return slices.Contains(tags, tag) }
	switch {
	case slices.ContainsFunc(s.Skip, has):
		return true
	case has("always") && slices.Contains(s.Skip, "always"):
		return true
	case slices.Contains(s.Skip, "all"):
		return !has("always")
	case slices.Contains(s.Skip, "tagged"):
		return len(tags) > 0
	}
	return slices.Contains(s.Skip, "untagged") && len(tags) == 0
}

// Items returns those items that the tags select, and of blocks their selected
// members. Blocks of which nothing is left are left out.
func (s Selection) Items(items []Item) []Item {
	var left []Item
	for _, it := range items {
		switch it := it.(type) {
		case *Step:
			if s.Selects(it.Tags) {
				left = append(left, it)
			}
		case *Block:
			b := *it
			b.Body, b.Rescue, b.Always = s.Items(it.Body), s.Items(it.Rescue), s.Items(it.Always)
			if len(b.Body)+len(b.Always) > 0 {
				left = append(left, &b)
			}
		}
	}
	return left
}

// Starts reports whether a task of this name, as it is written, is the one to
// start at: its name or a pattern for it. A pattern that is none matches nothing.
func (s Selection) Starts(step *Step) bool {
	for _, name := range []string{step.writtenName(), step.As} {
		if name == s.StartAt {
			return true
		}
		if ok, err := path.Match(s.StartAt, name); err == nil && ok {
			return true
		}
	}
	return false
}

func (s *Step) writtenName() string {
	if s.Name == nil {
		return ""
	}
	return s.Name.Text
}
