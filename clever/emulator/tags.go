package emulator

import "slices"

func (e *Emulator) getTags(c *call) (answer, error) {
	a, err := e.addon(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: a.tags()}, nil
}

// putTags replaces all tags.
func (e *Emulator) putTags(c *call) (answer, error) {
	var tags []string
	if err := c.decode(&tags); err != nil {
		return answer{}, err
	}
	return e.retag(c, tags, func([]string) []string { return tags })
}

func (e *Emulator) putTag(c *call) (answer, error) {
	tag := c.path["tag"]
	return e.retag(c, []string{tag}, func(tags []string) []string { return append(tags, tag) })
}

func (e *Emulator) deleteTag(c *call) (answer, error) {
	tag := c.path["tag"]
	return e.retag(c, nil, func(tags []string) []string {
		return slices.DeleteFunc(tags, func(t string) bool { return t == tag })
	})
}

// retag changes the tags, which are a set and told in their order, once the new
// ones are known to be well formed.
func (e *Emulator) retag(c *call, fresh []string, change func([]string) []string) (answer, error) {
	for _, t := range fresh {
		if err := checkName(t); err != nil {
			return answer{}, err
		}
	}
	a, err := e.alter(c, func(a *addon) error {
		tags := slices.Clone(change(a.tags()))
		slices.Sort(tags)
		a.Tags = slices.Compact(tags)
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return answer{body: a.tags()}, nil
}
